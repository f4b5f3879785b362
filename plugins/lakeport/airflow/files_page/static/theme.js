// Follow the theme of the Airflow UI that shows this page; alone, follow what Airflow stored or the system.

export function followTheme() {
  apply();
  window.addEventListener("storage", apply);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  const outer = airflow();
  if (outer) new MutationObserver(apply).observe(outer, { attributes: true, attributeFilter: ["class"] });
}

function apply() {
  document.documentElement.classList.toggle("dark", isDark());
}

function isDark() {
  const outer = airflow();
  if (outer && outer.classList.contains("dark")) return true;
  if (outer && outer.classList.contains("light")) return false;
  const stored = window.localStorage.getItem("theme");
  if (stored === "dark" || stored === "light") return stored === "dark";
  return window.matchMedia("(prefers-color-scheme: dark)").matches;
}

function airflow() {
  return window.parent === window ? null : window.parent.document.documentElement;
}

// A link of an iframe would open inside it: the outer document has to follow it.
export function leave(href) {
  const url = new URL(href, window.location.href);
  if (window.parent === window) {
    window.location.assign(url);
    return;
  }
  const anchor = window.parent.document.createElement("a");
  anchor.href = url;
  window.parent.document.body.append(anchor);
  anchor.click();
  anchor.remove();
}
