import { get, places, start } from "./api.js";
import { element, facts, message, status, table } from "./elements.js";
import { leave } from "./theme.js";
import { command, counted, number, size, time, typeName, visible } from "./words.js";

const ACTIONS = {
  replay: { title: "Replay", what: "Loads this file again with the current schema. You approve the plan first." },
  undo: { title: "Undo", what: "Deletes exactly this file's rows from its table. You approve the plan first." },
  restore: { title: "Undo and restore", dag: "undo", options: { restore: true },
    what: "Deletes this file's rows and brings back the rows that they replaced. You approve the plan first." },
  discard: { title: "Discard", what: "Sets this file aside: no run loads it. You approve the plan first, and can replay it later." },
};

// The runs that were started here, by file: a refresh of the page draws it again, and must not lose the link to the plan.
const started = new Map();

export async function file(type, fileId) {
  const [found, me] = await Promise.all([get(places.type(type)), get(places.me())]);
  const shown = found.files.find((each) => each.file_id.startsWith(fileId));
  if (!shown) {
    return { parts: [found], nodes: [element("h1", {}, fileId), message(
      `This file is not among the newest 500 of ${typeName(type)} in the last 30 days. See it with: ${command(`status ${fileId}`, me)}`)] };
  }
  const rejected = shown.rows_rejected && shown.run_id ? await get(places.rejectedRows(type, shown)) : { rows: [] };
  return { parts: [found], nodes: [
    element("h1", {}, element("bdi", {}, visible(shown.key))),
    element("p", {}, status(shown.status), ` since ${time(shown.status_at)} UTC`),
    shown.status_reason && element("div", { class: "reason" }, shown.status_reason),
    actions(me.actions, shown),
    element("h2", {}, "The file"), element("div", { class: "card" }, details(type, shown)),
    element("h2", {}, "What happened"), timeline(shown),
    ...rejectedRows(rejected.rows, shown, me),
  ].filter(Boolean) };
}

function actions(allowed, shown) {
  const names = possible(shown).filter((name) => allowed.includes(ACTIONS[name].dag ?? name));
  if (!names.length) return null;
  const said = element("span", { role: "status" });
  const say = (run) => said.replaceChildren("Started. ", outward(places.approval(run.dag_id, run.dag_run_id), "See its plan and approve it"));
  const before = started.get(shown.file_id);
  if (before?.statusAt === shown.status_at) say(before.run);
  const buttons = names.map((name) => element("button", { type: "button", "data-action": name, title: ACTIONS[name].what, onclick: async (event) => {
    event.target.disabled = true;
    try {
      const run = await start(ACTIONS[name].dag ?? name, [shown.file_id], ACTIONS[name].options);
      started.set(shown.file_id, { run, statusAt: shown.status_at });
      say(run);
    } catch (error) {
      event.target.disabled = false;
      said.replaceChildren(`Not started: ${error.message}`);
    }
  } }, ACTIONS[name].title));
  return element("div", { class: "actions" }, buttons, said);
}

// What has a plan that is not refused or empty, as far as the snapshot tells.
function possible(shown) {
  if (shown.status === "In Progress") return [];
  if (!shown.loaded_at) return ["New", "Fail"].includes(shown.status) ? ["replay", "discard"] : ["replay"];
  return shown.rows_replaced > 0 ? ["replay", "undo", "restore"] : ["replay", "undo"];
}

export function outward(href, text) {
  return element("a", { href, onclick: (event) => { event.preventDefault(); leave(href); } }, text);
}

function details(type, shown) {
  const archive = shown.archive_key && `s3://${shown.archive_bucket}/${shown.archive_key}`;
  return facts([
    ["File id", element("code", {}, shown.file_id)],
    ["File type", element("a", { href: `#/types/${encodeURIComponent(type)}` }, typeName(type))],
    ["Landed", `${time(shown.landed_at)} UTC, ${size(shown.size_bytes)}, in s3://${shown.bucket}/`],
    ["Version", shown.version_id],
    ["Table", shown.table_name],
    ["Rows in the file", number(shown.rows_in_file)],
    ["Rows loaded", shown.loaded_at ? `${number(shown.rows_loaded)}, with _loaded_at ${shown.loaded_at.replace("T", " ")}` : ""],
    ["Rows rejected", number(shown.rows_rejected)],
    ["Rows replaced", shown.rows_replaced && `${number(shown.rows_replaced)}, kept for undo`],
    ["COPY", shown.query_id && `query ${shown.query_id}`],
    ["Archive", archive],
    ["Run", shown.run_id && shown.dag_id && outward(places.run(shown.dag_id, shown.run_id), shown.run_id)],
  ]);
}

function timeline(shown) {
  if (!shown.moves.length) return message("No status change in the last 30 days.");
  return element("ol", { class: "timeline" }, shown.moves.map((move) => element(
    "li", {}, status(move.to_status), " ", element("span", { class: "muted" },
      `${time(move.moved_at)} UTC${move.task_id ? `, ${move.task_id}` : ""}`),
    move.reason && element("div", { class: "muted" }, move.reason))));
}

function rejectedRows(rows, shown, me) {
  const id = shown.file_id.slice(0, 12);
  if (!rows.length) return shown.rows_rejected ? [element("p", { class: "muted" }, `${counted(shown.rows_rejected, "rejected row")} not shown here: ${command(`errors ${id}`, me)}`)] : [];
  const more = shown.rows_rejected > rows.length ? `The first ${rows.length} of ${number(shown.rows_rejected)}. All: ${command(`errors ${id} --limit ${shown.rows_rejected}`, me)}` : "";
  return [
    element("h2", {}, `Rejected rows (${number(shown.rows_rejected)})`),
    table([
      { title: "Line", kind: "number", cell: (row) => row.line_number > 0 ? number(row.line_number) : "unknown" },
      { title: "Column", cell: (row) => row.column_name },
      { title: "Value", kind: "name", cell: (row) => element("div", {}, row.raw_value !== null && element("mark", {}, row.raw_value),
        element("div", { class: "narrow" }, marked(row))) },
      { title: "Reason", cell: (row) => row.error_reason },
      { title: "Line of the file", kind: "name", optional: true, cell: (row) => marked(row) },
    ], rows),
    more && element("p", { class: "muted" }, more),
  ].filter(Boolean);
}

// The line with the bad value marked where it is, as far as the line says it.
function marked(row) {
  const line = row.raw_line ?? "", value = row.raw_value ?? "";
  const at = value ? placeOf(line, value, Math.max(0, (row.position ?? 0) - value.length)) : -1;
  if (at < 0) return element("code", {}, line);
  return element("code", {}, line.slice(0, at), element("mark", {}, value), line.slice(at + value.length));
}

// Where the value is as a whole, not as a part of another one; else where it is at all.
function placeOf(line, value, start) {
  const whole = new RegExp(`(?<![\\p{L}\\p{N}_.])${value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\p{L}\\p{N}_.])`, "gu");
  const places = [...line.matchAll(whole)].map((found) => found.index);
  return [places.find((place) => place >= start), line.indexOf(value, start), places[0]].find((place) => place >= 0) ?? line.indexOf(value);
}
