// Say when the latest change shown was recorded, and which file types Airflow knows a later change of.
// A type without new files keeps its snapshot, so that a snapshot is old does not mean that it is wrong.

import { get, places } from "./api.js";
import { element, message } from "./elements.js";
import { age, moment, time } from "./words.js";

const STEPS = ["mark_in_progress", "mark_done"];
const CHECK_MILLISECONDS = 60000, DAY_MILLISECONDS = 86400000, CLOCKS_MILLISECONDS = 2000;
let checked = { at: 0, steps: [] };

// `parts`: {file_type, as_of} of each snapshot of which the view consists.
export function lastChange(parts) {
  const newest = parts.map((each) => each.as_of).sort().at(-1);
  return newest ? `last change: ${time(newest)} UTC, ${age(newest)}` : "";
}

// The steps that changed files after the snapshot of their type was made.  They write it: it could not be written.
export async function outdated(parts) {
  const made = new Map(parts.filter((each) => each.file_type).map((each) => [`load_${each.file_type}`, moment(each.as_of)]));
  const later = (await steps()).filter(({ dag_id: dag, start_date: began }) =>
    made.has(dag) && new Date(began) - made.get(dag) > CLOCKS_MILLISECONDS);
  return [...new Set(later.map((each) => each.dag_id.replace(/^load_/, "")))].sort();
}

export function warning(names) {
  const shown = names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
  const warned = message(`Out of date: ${shown}. What the last run changed is missing here; reconcile adds it within the hour.`);
  warned.classList.add("outdated");
  return warned;
}

export function markCards(view, names) {
  for (const card of view.querySelectorAll("[data-type]")) {
    if (names.includes(card.dataset.type)) card.querySelector("h3").append(" ", element("span", { class: "badge" }, "out of date"));
  }
}

async function steps() {
  if (Date.now() - checked.at < CHECK_MILLISECONDS) return checked.steps;
  const since = new Date(Date.now() - DAY_MILLISECONDS).toISOString();
  const found = await Promise.all(STEPS.map((name) => get(places.steps(name, since)).catch(() => ({ task_instances: [] }))));
  checked = { at: Date.now(), steps: found.flatMap((each) => each.task_instances) };
  return checked.steps;
}
