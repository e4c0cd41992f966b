// SPDX-License-Identifier: GPL-2.0-or-later
// Shows a card for each limit: its settings, its rates now, and a plot of them.

import {amount, count, duration, find, make, rate, say} from "./format.js";
import {makePlot, WINDOW} from "./plot.js";

const KINDS = {
	admitted: ["admitted", ["admitted"]],
	refused: ["refused", ["dropped", "rejected"]],
	eased: ["marked or delayed", ["marked", "delayed"]],
	shadow: ["exceeded in shadow", ["shadow_exceeded"]],
};
const NAMES = Object.keys(KINDS);

const cards = new Map(); // by the limit's name

function makeCard(limit) {
	const plot = makePlot(NAMES, ["admitted", "refused"]);
	const card = {
		plot, points: [], before: null,
		tag: make("span", {class: "tag"}, "shadow"),
		settings: make("p", {class: "muted"}),
		most: make("span", {class: "most"}),
		now: make("p", {class: "now"}),
		spans: NAMES.map(name => make("span", {class: name})),
	};
	card.now.append(...card.spans);
	card.element = make("article", {class: "card", "aria-label": `limit ${limit.name}`},
		make("header", {}, make("h3", {}, limit.name), card.tag), card.settings, card.now,
		make("div", {class: "plot"}, plot.element, card.most),
		make("p", {class: "times", "aria-hidden": "true"}, make("span", {}, `${WINDOW / 60} min ago`), make("span", {}, "now")));
	return card;
}

const ACTIONS = {drop: "dropped", mark: "marked", delay: "delayed", reject: "rejected"};

function fate(limit) {
	const most = limit.max_delay_ms ? ` by up to ${duration(limit.max_delay_ms)}` : "";
	const above = limit.mark_above === undefined ? "" : `, and marked above ${amount(limit.mark_above, limit.unit)}`;
	return `what exceeds is ${ACTIONS[limit.on_exceed] ?? limit.on_exceed}${most}${above}`;
}

function settings(limit) {
	const refill = limit.rate ?? `${amount(limit.refill_amount, limit.unit)} every ${duration(limit.refill_interval_ms)}`;
	return `bursts to ${amount(limit.capacity, limit.unit)}, then ${refill}; ${fate(limit)}; ${amount(limit.buckets, "buckets")}`;
}

/** Returns the rates a second between two readings of the counters; null if a counter went back. */
function difference(before, counters, t) {
	const point = {t};
	for (const name of NAMES) {
		const sum = values => KINDS[name][1].reduce((total, verdict) => total + values[verdict], 0);
		point[name] = (sum(counters) - sum(before.counters)) / (t - before.t);
		if (point[name] < 0)
			return null;
	}
	return point;
}

/** Adds a point to the plot, unless the reading before is less than half a second old: rates would be noise. */
function take(card, counters, t) {
	if (card.before && t < card.before.t)
		Object.assign(card, {before: null, points: []});
	if (card.before && t - card.before.t < 0.5)
		return;
	const point = card.before && difference(card.before, counters, t);
	if (point)
		card.points = [...card.points.filter(old => old.t >= t - WINDOW), point];
	card.before = {t, counters};
}

function describe(point, unit) {
	return NAMES.filter(name => name == "admitted" || name == "refused" || point[name])
		.map(name => [name, `${rate(point[name], unit)} ${KINDS[name][0]}`]);
}

function show(card, limit, t) {
	const point = card.points.at(-1);

	say(card.settings, settings(limit));
	card.tag.hidden = !limit.shadow;
	if (!point)
		return;
	const parts = new Map(describe(point, limit.unit));
	NAMES.forEach((name, i) => {
		say(card.spans[i], parts.get(name) ?? "");
		card.spans[i].hidden = !parts.has(name);
	});
	say(card.most, rate(card.plot.draw(card.points, t), limit.unit));
	card.plot.element.setAttribute("aria-label", `${limit.name}, the last ${WINDOW / 60} minutes; now ${[...parts.values()].join(", ")}`);
}

/** Shows the limits of /api/limits, read when the daemon was up for t seconds. */
export function showLimits(limits, t) {
	const names = limits.map(limit => limit.name);

	find("no-limits").hidden = limits.length > 0;
	for (const [name, card] of cards) {
		if (!names.includes(name)) {
			card.element.remove();
			cards.delete(name);
		}
	}
	for (const limit of limits) {
		if (!cards.has(limit.name))
			cards.set(limit.name, makeCard(limit));
		const card = cards.get(limit.name);
		take(card, limit.unit == "bytes" ? limit.bytes : limit.packets, t);
		show(card, limit, t);
	}
	place(names.map(name => cards.get(name).element));
	offer(names);
}

/** Puts the cards in the order of the policy; does not touch those that stand right. */
function place(elements) {
	const list = find("cards");
	elements.forEach((element, i) => {
		if (list.children[i] != element)
			list.insertBefore(element, list.children[i] ?? null);
	});
}

/** Fills the choice of limits above the busiest sources. */
function offer(names) {
	const select = find("of");
	if (names.join() == [...select.options].slice(1).map(option => option.value).join())
		return;
	const chosen = select.value;
	select.replaceChildren(select.options[0], ...names.map(name => make("option", {value: name}, name)));
	select.value = names.includes(chosen) ? chosen : "";
}

/** Returns sentences about limits whose new sources shared buckets since the call before. */
export const limitsRefusingSources = limits => limits.filter(limit => {
	const before = cards.get(limit.name)?.overflowed;
	if (cards.has(limit.name))
		cards.get(limit.name).overflowed = limit.overflowed;
	return before !== undefined && limit.overflowed > before;
}).map(limit => `${limit.name} (${count(limit.overflowed)} packets so far)`);
