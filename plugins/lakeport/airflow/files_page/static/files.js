import { get, places } from "./api.js";
import { element, message, status, table } from "./elements.js";
import { STATUSES, command, counted, number, size, time, typeName, visible } from "./words.js";

const ROWS = 50;

// `query`: type, status, text, run, page, sort, descending; kept in the address, so that a link shows the same files.
export async function files(query, go) {
  const [found, me] = await Promise.all([get(places.overview()), get(places.me())]);
  const names = found.types.map((each) => each.file_type ?? "-");
  const chosen = query.type && (await get(places.type(query.type)));
  const all = chosen
    ? chosen.files.map((file) => ({ ...file, type: query.type }))
    : found.types.flatMap((type) => type.files.map((file) => ({ ...file, type: type.file_type ?? "-" })));
  return {
    parts: chosen ? [chosen] : found.types,
    nodes: [element("h1", {}, "Files"), filters(query, names, go), ...list(all, query, go, me, Boolean(chosen))],
  };
}

function filters(query, names, go) {
  const select = (name, label, values) => element(
    "select", { "aria-label": label, onchange: (event) => go({ ...query, [name]: event.target.value, page: "" }) },
    element("option", { value: "" }, label),
    values.map((value) => element("option", { value, selected: query[name] === value ? "" : null }, value === "-" ? typeName(value) : value)));
  return element(
    "div", { class: "filters" },
    element("input", { type: "search", placeholder: "Name or file id", "aria-label": "Name or file id", value: query.text ?? "",
      onchange: (event) => go({ ...query, text: event.target.value, page: "" }) }),
    select("type", "All types", names), select("status", "Every status", STATUSES));
}

function list(all, query, go, me, isWhole) {
  const matching = all.filter((file) => matches(file, query));
  const sorted = { title: query.sort || "Landed", descending: query.descending !== "no" };
  const column = columns(all).find((each) => each.title === sorted.title) ?? columns().find((each) => each.title === "Landed");
  matching.sort((one, other) => compare(column.sort(one), column.sort(other)) * (sorted.descending ? -1 : 1));
  const page = Math.max(0, Number(query.page || 0));
  const onSort = ({ title }) =>
    go({ ...query, sort: title, descending: title === sorted.title && sorted.descending ? "no" : "yes", page: "" });
  const scope = isWhole ? "The newest 500 files of the last 30 days." : "The newest 20 files of each type: choose a type to see its newest 500.";
  return [
    matching.length ? table(columns(all), matching.slice(page * ROWS, (page + 1) * ROWS), sorted, onSort)
      : message(`No file matches. Older files: ${command("status", me)}`),
    element("div", { class: "pages" },
      page > 0 && element("button", { type: "button", onclick: () => go({ ...query, page: page - 1 }) }, "Newer"),
      (page + 1) * ROWS < matching.length && element("button", { type: "button", onclick: () => go({ ...query, page: page + 1 }) }, "Older"),
      element("span", { class: "muted" }, `${counted(matching.length, "file")}. ${scope}`)),
  ];
}

function matches(file, query) {
  const text = (query.text ?? "").toLowerCase();
  return (!query.status || file.status === query.status) && (!query.run || file.run_id === query.run)
    && (!text || address(file).toLowerCase().includes(text) || file.file_id.startsWith(text));
}

function address(file) {
  return file.bucket ? `s3://${file.bucket}/${file.key}` : file.key;
}

function compare(one, other) {
  if (typeof one === "number" || typeof other === "number") return (one ?? -1) - (other ?? -1);
  return String(one ?? "").localeCompare(String(other ?? ""));
}

// The bucket is a column where the listed files are of several.
export function columns(listed = []) {
  const isOfOne = new Set(listed.map((file) => file.bucket)).size < 2;
  return [
    { title: "File", kind: "name", sort: (file) => file.key,
      cell: (file) => element("a", { href: `#/types/${encodeURIComponent(file.type)}/files/${file.file_id}` }, element("bdi", { title: file.key }, visible(file.key))) },
    ...(isOfOne ? [] : [{ title: "Bucket", optional: true, sort: (file) => file.bucket, cell: (file) => file.bucket ?? "" }]),
    { title: "Status", sort: (file) => file.status, cell: (file) => status(file.status) },
    { title: "Landed", kind: "time", sort: (file) => file.landed_at, cell: (file) => time(file.landed_at) },
    { title: "Type", optional: true, sort: (file) => file.type, cell: (file) => element("a", { href: `#/types/${encodeURIComponent(file.type)}` }, typeName(file.type)) },
    { title: "Size", kind: "number", optional: true, sort: (file) => file.size_bytes, cell: (file) => size(file.size_bytes) },
    { title: "Rows loaded", kind: "number", sort: (file) => file.rows_loaded, cell: (file) => number(file.rows_loaded) },
    { title: "Rejected", kind: "number", optional: true, sort: (file) => file.rows_rejected, cell: (file) => number(file.rows_rejected) },
  ];
}
