// SPDX-License-Identifier: GPL-2.0-or-later
// Shows the busiest sources, and why one of them is limited.

import {amount, ask, bytes, count, duration, fillRows, find, make, row, say} from "./format.js";

const SHOWN = 15;
const STATES = {
	open: ["open", "good"],
	exceeded: ["exceeded", "bad"],
	backoff: ["backoff", "bad"],
	untracked: ["no bucket yet", "wait"],
};

const state = name => STATES[name] ?? [name, "wait"];

function tokens(bucket) {
	const written = bucket.unit == "bytes" ? bytes : count;
	return `${written(bucket.remaining)} of ${written(bucket.capacity)}`;
}

function keyOf(bucket) {
	const port = bucket.destination_port === undefined ? "" : ` port ${bucket.destination_port}`;
	const protocol = bucket.protocol === undefined ? "" : ` protocol ${bucket.protocol}`;
	return port + protocol;
}

/** Returns an address of the bucket to look up; "" for the bucket of everyone. */
const addressOf = source => source.source == "everyone" ? "" : source.source.split("/")[0];

function freshSource() {
	const made = row(["address", "", "", "number", "number", "number"]);
	made.cells[0].append(make("button", {type: "button"}), make("span"));
	made.cells[0].firstChild.addEventListener("click", () => lookUp(made.dataset.address, true));
	return made;
}

function updateSource(tr, source) {
	const [text, level] = state(source.state);
	const [button, plain] = tr.cells[0].children;
	const name = source.source.replace(/\/(32|128)$/, "") + keyOf(source);

	tr.dataset.address = addressOf(source);
	button.hidden = !tr.dataset.address;
	say(button, tr.dataset.address ? name : "");
	say(plain, tr.dataset.address ? "" : name);
	say(tr.cells[1], source.limit);
	say(tr.cells[2], text, level);
	say(tr.cells[3], tokens(source));
	say(tr.cells[4], count(source.admitted));
	say(tr.cells[5], count(source.exceeded));
}

export async function showTop() {
	const limit = find("of").value;
	const top = await ask("top", {by: find("by").value, n: SHOWN, ...(limit && {limit})});

	fillRows(find("sources").tBodies[0], top.sources, freshSource, updateSource);
	find("no-sources").hidden = top.sources.length > 0;
}

function listed(why) {
	const entry = why.list;
	if (!entry)
		return `${why.address} is on no list; the limits decide.`;
	const ends = entry.expires_in_ms === null ? "" : `, for another ${duration(entry.expires_in_ms)}`;
	const note = entry.note ? `, with the note “${entry.note}”` : "";
	const what = why.denied ? "All its packets are dropped" : "It is never limited";
	return `${what}: ${why.address} is on the ${entry.list} list by ${entry.prefix} (${entry.origin == "config" ? "configuration" : "added while running"}${ends}${note}).`;
}

function facts(bucket) {
	const unit = bucket.unit;
	const admitted = bucket.shadow ? "would be admitted" : "admitted";
	return [
		["bucket", bucket.bucket + keyOf(bucket)],
		["tokens", `${tokens(bucket)} ${unit == "bytes" ? "" : unit}`],
		["next packet", bucket.retry_after_ms ? `${admitted} in ${duration(bucket.retry_after_ms)}` : `${admitted} now`],
		...(bucket.reset_ms ? [["full again", `in ${duration(bucket.reset_ms)}`]] : []),
		...(bucket.backoff_ms ? [["penalty", `${amount(bucket.attempt, "refusals")}, ${duration(bucket.backoff_ms)} left`]] : []),
		["admitted", amount(bucket.admitted, "packets")],
		[bucket.shadow ? "exceeded" : "refused", amount(bucket.exceeded, "packets") +
			(bucket.exceeded_ago_ms === null ? "" : `, the last ${duration(bucket.exceeded_ago_ms)} ago`)],
	];
}

function verdict(bucket) {
	const [text, level] = state(bucket.state);
	return make("article", {class: "card verdict"},
		make("header", {}, make("h3", {}, bucket.limit),
			make("strong", {"data-level": level}, bucket.shadow ? `${text}, in shadow` : text)),
		make("dl", {}, ...facts(bucket).flatMap(([term, value]) => [make("dt", {}, term), make("dd", {}, value)])));
}

let shown = ""; // the address that is looked up every two seconds

export async function showWhy() {
	if (!shown)
		return;
	const address = shown;
	try {
		const why = await ask("why", {address});
		if (address != shown)
			return;
		const level = why.denied ? "bad" : why.allowed ? "good" : "wait";
		say(find("answer"), listed(why) + (why.limits.length ? "" : " No limit holds for it."), level);
		find("verdicts").replaceChildren(...why.limits.map(verdict));
	} catch (error) {
		if (error.status != 400)
			throw error;
		shown = "";
		say(find("answer"), `${error.message}.`, "bad");
		find("verdicts").replaceChildren();
	}
}

export function lookUp(address, scroll) {
	shown = address.trim();
	find("address").value = shown;
	history.replaceState(null, "", `#${new URLSearchParams({why: shown})}`);
	if (scroll)
		find("why-title").scrollIntoView({block: "nearest"});
	return showWhy().catch(error => {
		if (error.status != 503)
			say(find("answer"), `${error.message}.`, "bad");
	});
}
