// Files a day, as stacked bars.

import { element } from "./elements.js";
import { counted } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const KINDS = [["Done", "done"], ["Fail", "fail"], ["Rejected", "rejected"]];

export function chart(days, height = 90) {
  const shown = lastDays(30).map((day) => ({ day, counts: (days.find((each) => each.day === day) || {}).by_status || {} }));
  const most = Math.max(1, ...shown.map(({ counts }) => sum(Object.values(counts))));
  const drawn = svg("svg", { class: "chart", viewBox: `0 0 600 ${height}`, height, preserveAspectRatio: "none", role: "img" });
  drawn.append(svg("title", {}, `Files by day: ${described(shown)}`));
  shown.forEach(({ day, counts }, place) => drawn.append(...bars(day, counts, place, most, height)));
  return element("figure", {}, drawn, element("figcaption", {},
    element("span", {}, shown[0].day), element("span", {}, `at most ${counted(most, "file")} a day`), element("span", {}, shown[29].day)));
}

function described(days) {
  const some = days.filter(({ counts }) => sum(Object.values(counts)));
  return some.map(({ day, counts }) => `${day}: ${Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(", ")}`)
    .join("; ") || "none in the last 30 days";
}

function bars(day, counts, place, most, height) {
  const other = sum(Object.values(counts)) - sum(KINDS.map(([name]) => counts[name] || 0));
  let bottom = height;
  return [...KINDS.map(([name, kind]) => [name, kind, counts[name] || 0]), ["other", "other", other]]
    .filter(([, , count]) => count > 0)
    .map(([name, kind, count]) => {
      const tall = Math.max(2, (count / most) * height);
      bottom -= tall;
      const bar = svg("rect", { class: kind, x: place * 20 + 2, y: bottom, width: 16, height: tall, rx: 1 });
      bar.append(svg("title", {}, `${day}: ${count} ${name}`));
      return bar;
    });
}

function lastDays(count) {
  const today = Date.now();
  return Array.from({ length: count }, (_, at) => new Date(today - (count - 1 - at) * 86400000).toISOString().slice(0, 10));
}

function svg(tag, attributes, text = null) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== null) made.textContent = text;
  return made;
}

function sum(numbers) {
  return numbers.reduce((total, each) => total + each, 0);
}
