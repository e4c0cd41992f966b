// SPDX-License-Identifier: GPL-2.0-or-later
// Asks the daemon once a second and shows its answers, all of them as text.

import {amount, ask, count, duration, fillRows, find, make, rate, row, say, share} from "./format.js";
import {limitsRefusingSources, showLimits} from "./limits.js";
import {lookUp, showTop, showWhy} from "./sources.js";

const EVERY = 1000; // ms
const NAMED = 4; // interfaces named in a sentence

const listed = names => names.slice(0, NAMED).join(", ") + (names.length > NAMED ? ` and ${names.length - NAMED} more` : "");

const sums = interfaces => interfaces.reduce((all, one) => ({
	received: all.received + one.received, passed: all.passed + one.passed, dropped: all.dropped + one.dropped,
}), {received: 0, passed: 0, dropped: 0});

let before = null; // sums, and the uptime in seconds when they were read

function showTotals(status) {
	const now = {...sums(status.interfaces), t: status.daemon.uptime_ms / 1000};

	if (before && now.t - before.t >= 0.5) {
		const per = name => Math.max(now[name] - before[name], 0) / (now.t - before.t);
		for (const name of ["received", "passed", "dropped"])
			say(find(name), rate(per(name)));
		say(find("share"), `${share(per("dropped"), per("received"))} of all`);
	}
	if (!before || now.t < before.t || now.t - before.t >= 0.5)
		before = now;
	say(find("buckets"), count(status.table.buckets));
	say(find("size"), `of ${count(status.table.size)}`);
	find("table").value = status.table.buckets / status.table.size;
}

function showHealth(status) {
	const name = one => `${one.interface} (${one.hook})`;
	const lost = status.interfaces.filter(one => !one.healthy).map(name);
	const waited = status.waiting_for;

	if (lost.length)
		say(find("health"), `✕ Not enforced on ${listed(lost)}`, "bad");
	else if (!status.interfaces.length)
		say(find("health"), "✕ Enforced on no interface", "bad");
	else if (waited.length)
		say(find("health"), `! Enforced, but ${listed(waited)} ${waited.length == 1 ? "is" : "are"} not there`, "warn");
	else
		say(find("health"), `✓ Enforced on ${listed(status.interfaces.map(name))}`, "good");
}

function showNotes(status, limits) {
	const refusing = limitsRefusingSources(limits);
	const notes = [];

	if (status.confirm)
		notes.push(`The policy goes back to generation ${status.confirm.generation_before} in ${duration(status.confirm.remaining_ms)}, unless tidegate confirm says that it is good.`);
	if (status.table.buckets > 0.8 * status.table.size)
		notes.push(`The table is ${share(status.table.buckets, status.table.size)} full: raise table.size, or lengthen a prefix.`);
	if (refusing.length)
		notes.push(`New sources share buckets, because none of their own were free: ${refusing.join(", ")}.`);
	const list = find("notes");
	while (list.children.length > notes.length)
		list.lastElementChild.remove();
	notes.forEach((note, i) => say(list.children[i] ?? list.appendChild(make("li")), note));
}

function updateInterface(tr, one) {
	const reasons = Object.entries(one.reasons).sort((a, b) => b[1] - a[1]);

	say(tr.cells[0], one.interface);
	say(tr.cells[1], `${one.hook}, ${one.mode}`);
	say(tr.cells[2], one.healthy ? "enforced" : "not enforced", one.healthy ? "good" : "bad");
	["received", "passed", "dropped"].forEach((name, i) => say(tr.cells[3 + i], count(one[name])));
	say(tr.cells[6], reasons.map(([reason, n]) => `${reason.replaceAll("_", " ")} ${count(n)}`).join(", ") || "–");
}

function showStatus(status, limits) {
	const fresh = () => row(["", "", "", "number", "number", "number", "long"]);

	say(find("version"), status.daemon.version);
	say(find("about"), `Generation ${status.generation}, from ${status.policy}. The daemon is up for ${duration(status.daemon.uptime_ms)}; ` +
		`${amount(status.reloads.ok, "changes")} of the policy done, ${count(status.reloads.failed)} failed.`);
	showHealth(status);
	showTotals(status);
	showNotes(status, limits);
	fillRows(find("interfaces").tBodies[0], status.interfaces, fresh, updateInterface);
}

let round = 0, answered = null;

async function look() {
	const [status, limits] = await Promise.all([ask("status"), ask("limits")]);

	showLimits(limits.limits, status.daemon.uptime_ms / 1000);
	showStatus(status, limits.limits);
	answered = Date.now();
	await (round++ % 2 ? showWhy() : showTop());
}

async function watch() {
	try {
		if (!document.hidden)
			await look();
	} catch (error) {
		/* 503: the table is looked through first, see control/walks.h. 404: the chosen limit is gone. */
		if (error.status === undefined)
			say(find("health"), `✕ tidegated does not answer${answered ? `; this is as of ${new Date(answered).toLocaleTimeString()}` : ""}`, "bad");
		else if (error.status != 503 && error.status != 404)
			say(find("health"), `✕ ${error.message}`, "bad");
	}
	setTimeout(watch, EVERY);
}

find("why").addEventListener("submit", event => {
	event.preventDefault();
	lookUp(find("address").value);
});
for (const id of ["by", "of"])
	find(id).addEventListener("change", () => showTop().catch(() => {}));

const wanted = new URLSearchParams(location.hash.slice(1)).get("why");
if (wanted)
	lookUp(wanted);
watch();
