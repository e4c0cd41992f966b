// SPDX-License-Identifier: GPL-2.0-or-later
// Plots lines over the last minutes as SVG.

const SVG = "http://www.w3.org/2000/svg";
export const WINDOW = 180; // seconds
const WIDTH = 360, HEIGHT = 100;
const GAP = 6; // seconds without a point: the line is broken

function svg(name, attributes) {
	const element = document.createElementNS(SVG, name);
	for (const key in attributes)
		element.setAttribute(key, attributes[key]);
	return element;
}

/** Returns the least round number that is at least x and at least 1. */
function ceiling(x) {
	const power = 10 ** Math.floor(Math.log10(Math.max(x, 1)));
	return [1, 1.5, 2, 3, 5, 7.5, 10].map(factor => factor * power).find(step => step >= x);
}

/** Splits points into runs without a gap. */
function runs(points) {
	const found = [];
	for (const [i, point] of points.entries()) {
		if (i == 0 || point.t - points[i - 1].t > GAP)
			found.push([]);
		found.at(-1).push(point);
	}
	return found;
}

/**
 * Returns a plot: its `element`, and `draw(points, now)`, which takes [{t: seconds, NAME: value, ...}]
 * and returns the largest value on the scale. There is a line for each of `names`; those in `areas`
 * are filled.
 */
export function makePlot(names, areas) {
	const element = svg("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img"});
	for (const y of [0, HEIGHT / 2])
		element.append(svg("line", {x1: 0, x2: WIDTH, y1: y, y2: y}));
	const fills = areas.map(name => [name, svg("path", {class: `area ${name}`})]);
	const lines = names.map(name => [name, svg("path", {class: name})]);
	element.append(...fills.map(pair => pair[1]), ...lines.map(pair => pair[1]));

	function draw(points, now) {
		const most = ceiling(Math.max(...points.flatMap(point => names.map(name => point[name])), 0));
		const x = point => (WIDTH * (1 + (point.t - now) / WINDOW)).toFixed(1);
		const y = (point, name) => (HEIGHT * (1 - point[name] / most)).toFixed(1);
		const parts = runs(points);
		const line = (run, name) => "M" + run.map(point => `${x(point)},${y(point, name)}`).join("L");
		const area = (run, name) => `${line(run, name)}L${x(run.at(-1))},${HEIGHT}L${x(run[0])},${HEIGHT}Z`;

		for (const [name, path] of lines)
			path.setAttribute("d", points.some(point => point[name]) ? parts.map(run => line(run, name)).join("") : "");
		for (const [name, path] of fills)
			path.setAttribute("d", parts.map(run => area(run, name)).join(""));
		return most;
	}
	return {element, draw};
}
