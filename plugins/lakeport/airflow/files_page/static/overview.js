import { get, places } from "./api.js";
import { chart } from "./chart.js";
import { element, message, status } from "./elements.js";
import { STATUSES, age, counted, duration, number, typeName, visible } from "./words.js";

export async function overview() {
  const found = await get(places.overview());
  if (!found.types.length) {
    return { nodes: [element("h1", {}, "Files"), message(
      "No file has arrived yet. Drop a file into the landing bucket; its type appears here when its first run begins.")] };
  }
  return {
    parts: found.types,
    nodes: [
      element("h1", {}, "Overview"),
      element("div", { class: "cards" }, found.periods.map(period), waiting(found)),
      element("h2", {}, "Files by day"),
      element("div", { class: "card" }, chart(found.days)),
      element("h2", {}, "File types"),
      element("div", { class: "cards" }, ordered(found.types).map(card)),
    ],
  };
}

function period(figures) {
  const counts = byStatus(figures.by_status);
  return element(
    "section", { class: "card" },
    element("h3", {}, figures.name),
    element("p", { class: "figure" }, number(figures.rows_loaded)), element("p", { class: "muted" }, figures.rows_loaded === 1 ? "row loaded" : "rows loaded"),
    element("div", { class: "figures" }, counts.length ? counts : element("span", { class: "muted" }, "no files")),
    element("div", { class: "figures muted" },
      element("span", {}, `${counted(figures.rows_rejected, "row")} rejected`),
      element("span", { title: "Seconds from landing to Done of the newest files of each type" },
        `landing to Done: ${duration(figures.median_seconds)} median, ${duration(figures.p95_seconds)} p95`)),
  );
}

function waiting(found) {
  const [title, figure, text] = found.oldest_waiting_at
    ? ["oldest waiting file", age(found.oldest_waiting_at), "no run has taken it since it landed"]
    : ["waiting files", "none", "a run has taken every file that landed"];
  return element(
    "section", { class: "card" },
    element("h3", {}, title), element("p", { class: "figure" }, figure), element("p", { class: "muted" }, text));
}

function card(type) {
  const [newest] = type.files;
  const name = typeName(type.file_type);
  const counts = byStatus(type.by_status);
  return element(
    "section", { class: "card", "data-type": name },
    element("h3", {}, element("a", { href: `#/types/${encodeURIComponent(type.file_type ?? "-")}` }, name)),
    newest && element("p", {}, status(newest.status), ` ${age(newest.landed_at)} `,
      element("bdi", { class: "muted" }, visible(newest.key.split("/").pop()))),
    chart(type.by_day, 46),
    element("div", { class: "figures" }, counts),
    element("div", { class: "figures muted" },
      element("span", {}, `${counted(type.rows_loaded, "row")} loaded`),
      element("span", {}, `${number(type.rows_rejected)} rejected`)),
  );
}

function byStatus(counts) {
  return STATUSES.filter((name) => counts[name]).map((name) => element("span", {}, status(name), ` ${number(counts[name])}`));
}

// Files without a type come last.
function ordered(types) {
  return [...types.filter((type) => type.file_type), ...types.filter((type) => !type.file_type)];
}
