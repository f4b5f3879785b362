// Files a day, as stacked bars.

const SVG = "http://www.w3.org/2000/svg";
const KINDS = [["Done", "done"], ["Fail", "fail"], ["Rejected", "rejected"]];

export function chart(days, height = 90) {
  const shown = lastDays(30).map((day) => ({ day, files: (days.find((each) => each.day === day) || {}).by_status || {} }));
  const most = Math.max(1, ...shown.map(({ files }) => sum(Object.values(files))));
  const drawn = svg("svg", { class: "chart", viewBox: `0 0 600 ${height + 16}`, role: "img" });
  drawn.append(svg("title", {}, `Files by day: ${shown.filter(({ files }) => sum(Object.values(files))).map(
    ({ day, files }) => `${day}: ${Object.entries(files).map(([name, count]) => `${count} ${name}`).join(", ")}`
  ).join("; ") || "none in the last 30 days"}`));
  shown.forEach(({ day, files }, place) => drawn.append(...bars(day, files, place, most, height)));
  drawn.append(svg("text", { x: 0, y: height + 12 }, shown[0].day));
  drawn.append(svg("text", { x: 600, y: height + 12, "text-anchor": "end" }, shown[29].day));
  drawn.append(svg("text", { x: 0, y: 10 }, `${most.toLocaleString("en-US")} files`));
  return drawn;
}

function bars(day, files, place, most, height) {
  const other = sum(Object.values(files)) - sum(KINDS.map(([name]) => files[name] || 0));
  let bottom = height;
  return [...KINDS.map(([name, kind]) => [name, kind, files[name] || 0]), ["other", "other", other]]
    .filter(([, , count]) => count > 0)
    .map(([name, kind, count]) => {
      const tall = Math.max(2, (count / most) * (height - 16));
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
