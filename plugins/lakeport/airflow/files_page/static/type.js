import { get, places } from "./api.js";
import { element, message, table } from "./elements.js";
import { outward } from "./file.js";
import { columns } from "./files.js";
import { number } from "./words.js";

export async function type(name) {
  const found = await get(places.type(name));
  const files = found.files.map((file) => ({ ...file, type: name }));
  return { parts: [found], nodes: [
    element("h1", {}, found.file_type ?? "Files without a type"),
    element("p", { class: "muted" }, found.table ? `Table ${found.table}. ` : "",
      found.file_type && outward(places.dag(`load_${found.file_type}`), `DAG load_${found.file_type}`)),
    element("h2", {}, "Newest files"),
    files.length ? table(columns(files).filter((each) => each.title !== "Type"), files.slice(0, 10)) : message("None in the last 30 days."),
    element("p", {}, element("a", { href: `#/files?type=${encodeURIComponent(name)}` }, files.length < 500 ? files.length === 1 ? "The only file of the last 30 days" : `All ${number(files.length)} files of the last 30 days` : "The newest 500 files")),
    ...reasons(files),
    ...(found.columns.length ? [element("h2", {}, "Columns"), columnTable(found.columns)] : []),
    ...(found.schema ? [element("h2", {}, "Schema"), element("pre", { tabindex: "0" }, found.schema)] : []),
  ] };
}

function reasons(files) {
  const grouped = new Map();
  for (const { status, status_reason: reason } of files) {
    if (!reason || status === "Done") continue;
    const first = reason.split("\n")[0];
    grouped.set(first, (grouped.get(first) ?? 0) + 1);
  }
  if (!grouped.size) return [];
  const rows = [...grouped].sort((one, other) => other[1] - one[1]).slice(0, 10);
  return [element("h2", {}, "Why files were not loaded"), table([
    { title: "Files", kind: "number", cell: ([, count]) => number(count) },
    { title: "Reason", kind: "name", cell: ([reason]) => reason },
  ], rows)];
}

function columnTable(all) {
  return table([
    { title: "Column", cell: (column) => column.name },
    { title: "In the schema", cell: (column) => column.schema_type ?? "–" },
    { title: "In the table", cell: (column) => column.live_type ?? "–" },
    { title: "", cell: (column) => column.live_type && column.schema_type && column.schema_type !== column.live_type ? element("mark", {}, "differs") : "" },
  ], all);
}
