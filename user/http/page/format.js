// SPDX-License-Identifier: GPL-2.0-or-later
// Writes numbers and times as people read them, and makes elements from text. Nothing here reads markup from text.

const whole = new Intl.NumberFormat("en");
const percent = new Intl.NumberFormat("en", {style: "percent", maximumFractionDigits: 1});
const PREFIXES = ["", "k", "M", "G", "T"];
const PATIENCE = 5000; // ms

export const count = n => whole.format(n);
export const share = (part, all) => percent.format(all ? part / all : 0);

/** Keeps three digits: 950 k for 950,123. */
function scaled(n, unit) {
	const power = Math.min(Math.floor(Math.log10(Math.max(n, 1)) / 3), PREFIXES.length - 1);
	return `${Number((n / 1000 ** power).toPrecision(3))} ${PREFIXES[power]}${unit}`;
}

export const bytes = n => scaled(n, "B");
export const rate = (n, unit) => unit == "bytes" ? `${bytes(n)}/s` : `${scaled(n, "")}/s`.replace(" /", "/");
export const amount = (n, unit) => unit == "bytes" ? bytes(n) : `${count(n)} ${n == 1 ? unit.replace(/s$/, "") : unit}`;

/** Writes 250 ms, 1.5 s, 2 min, 1 h 30 min: the two largest units, without a zero. */
export function duration(ms) {
	if (ms < 1000)
		return `${Math.round(ms)} ms`;
	if (ms < 60000)
		return `${Number((ms / 1000).toFixed(ms < 10000 ? 1 : 0))} s`;
	const [size, name, small] = [[86400, "d", "h"], [3600, "h", "min"], [60, "min", "s"]].find(unit => ms / 1000 >= unit[0]);
	const rest = Math.floor(ms / 1000 % size / {h: 3600, min: 60, s: 1}[small]);
	return `${Math.floor(ms / 1000 / size)} ${name}` + (rest ? ` ${rest} ${small}` : "");
}

export const find = id => document.getElementById(id);

/** Returns a new element: make("p", {class: "muted"}, "text", element ...) */
export function make(name, attributes = {}, ...children) {
	const element = document.createElement(name);
	for (const key in attributes)
		element.setAttribute(key, attributes[key]);
	element.append(...children);
	return element;
}

/** Sets only text that has changed, so that a screen reader does not repeat the rest. */
export function say(element, text, level) {
	if (element.textContent != text)
		element.textContent = text;
	if (level)
		element.dataset.level = level;
}

/**
 * Shows a row for each of the items: `fresh` makes an empty row, `update(row, item)` fills it. Reuses
 * rows, so that a button in one keeps the focus.
 */
export function fillRows(body, items, fresh, update) {
	while (body.rows.length > items.length)
		body.lastElementChild.remove();
	while (body.rows.length < items.length)
		body.append(fresh());
	items.forEach((item, i) => update(body.rows[i], item));
}

/** Returns a new row with an empty cell for each class. */
export const row = classes => make("tr", {}, ...classes.map(name => make("td", name ? {class: name} : {})));

/** Returns the daemon's answer; throws an error with its sentence and the `status` of HTTP. */
export async function ask(what, parameters = {}) {
	const reply = await fetch(`/api/${what}?${new URLSearchParams(parameters)}`, {signal: AbortSignal.timeout(PATIENCE)});
	const json = await reply.json();
	if (!reply.ok)
		throw Object.assign(new Error(json.error), {status: reply.status});
	return json;
}
