// Show the view that the address names: #/, #/files?..., #/types/T, #/types/T/files/F.
// Airflow's tabs and the links in alerts name a view by ?dag=, ?run=, ?type=, ?file=, ?status= and ?action=.

import { message } from "./elements.js";
import { file } from "./file.js";
import { files } from "./files.js";
import { overview } from "./overview.js";
import { lastChange, markCards, outdated, warning } from "./freshness.js";
import { followTheme } from "./theme.js";
import { type } from "./type.js";

const REFRESH_MILLISECONDS = 15000;
const view = document.getElementById("view");
let shown = 0;

async function show(isRefresh = false) {
  const turn = ++shown, focused = document.activeElement && document.activeElement.tagName;
  if (isRefresh && (focused === "INPUT" || focused === "SELECT")) return;
  markCurrent();
  if (!isRefresh) view.replaceChildren(message("Loading …"));
  try {
    const { nodes, parts = [] } = await chosen();
    if (turn !== shown) return;
    view.replaceChildren(...nodes.filter(Boolean));
    if (!isRefresh) view.querySelector(`button[data-action="${CSS.escape(query().action ?? "")}"]`)?.focus();
    document.getElementById("as-of").textContent = lastChange(parts);
    const late = await outdated(parts);
    if (turn !== shown || !late.length) return;
    view.prepend(warning(late));
    markCards(view, late);
  } catch (error) {
    if (turn === shown) view.replaceChildren(message(error.message, true));
  }
}

function markCurrent() {
  for (const link of document.querySelectorAll("header nav a")) {
    const isCurrent = link.getAttribute("href") === `#/${path().join("/")}`;
    if (isCurrent) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
}

function chosen() {
  const [first, name, second, fileId] = path();
  if (first === "types" && second === "files") return file(name, fileId);
  if (first === "types") return type(name);
  if (first === "files") return files(query(), (next) => { window.location.hash = `#/files?${parameters(next)}`; });
  return overview();
}

function path() {
  return window.location.hash.replace(/^#\/?/, "").split("?")[0].split("/").filter(Boolean).map(decodeURIComponent);
}

function query() {
  return Object.fromEntries(new URLSearchParams(window.location.hash.split("?")[1] ?? ""));
}

function parameters(values) {
  return new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value !== undefined));
}

function address() {
  const outer = new URLSearchParams(window.location.search || (window.parent === window ? "" : window.parent.location.search));
  const dag = outer.get("dag"), name = outer.get("type") ?? (dag && dag.replace(/^load_/, ""));
  if (!name) return outer.get("status") ? `#/files?${parameters({ status: outer.get("status") })}` : null;
  if (outer.get("file")) {
    const action = outer.get("action") ? `?${parameters({ action: outer.get("action") })}` : "";
    return `#/types/${encodeURIComponent(name)}/files/${encodeURIComponent(outer.get("file"))}${action}`;
  }
  if (outer.get("run")) return `#/files?${parameters({ type: name, run: outer.get("run") })}`;
  return `#/types/${encodeURIComponent(name)}`;
}

followTheme();
if (!window.location.hash && address()) window.location.replace(address());
window.addEventListener("hashchange", () => show());
document.getElementById("reload").addEventListener("click", () => show());
document.addEventListener("visibilitychange", () => { if (!document.hidden) show(true); });
window.setInterval(() => { if (!document.hidden) show(true); }, REFRESH_MILLISECONDS);
show();
