// Build elements from data.  Everything that comes from files is set as text, never as HTML.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick" || name === "oninput" || name === "onchange") made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function status(name) {
  return element("span", { class: `status ${name.toLowerCase().replaceAll(" ", "-")}` }, name);
}

export function message(text, isError = false) {
  return element("p", { class: isError ? "message error" : "message" }, text);
}

// Columns: {title, cell: row => node or text, kind: "number" | "name" | "time", optional, sort: row => value}
export function table(columns, rows, sorted = null, onSort = null) {
  const heads = columns.map((column) => {
    const isSorted = sorted && sorted.title === column.title;
    const arrow = isSorted ? (sorted.descending ? " ↓" : " ↑") : "";
    const title = onSort && column.sort
      ? element("button", { type: "button", onclick: () => onSort(column) }, column.title + arrow)
      : column.title;
    const order = isSorted ? (sorted.descending ? "descending" : "ascending") : null;
    return element("th", { class: classes(column), scope: "col", "aria-sort": order }, title);
  });
  const body = rows.map((row) =>
    element("tr", {}, columns.map((column) => element("td", { class: classes(column) }, column.cell(row) ?? "")))
  );
  return element(
    "div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" },
    element("table", {}, element("thead", {}, element("tr", {}, heads)), element("tbody", {}, body))
  );
}

function classes(column) {
  return [column.kind, column.optional && "optional"].filter(Boolean).join(" ") || null;
}

export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return element("dl", {}, shown.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}
