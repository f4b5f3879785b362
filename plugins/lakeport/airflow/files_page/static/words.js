// Times are UTC, as Redshift stores them.

export const STATUSES = ["New", "In Progress", "Done", "Fail", "Filtered Out", "Rejected"];

export function number(value) {
  return value === null || value === undefined ? "" : Number(value).toLocaleString("en-US");
}

export function counted(value, noun) {
  return `${number(value)} ${noun}${Number(value) === 1 ? "" : "s"}`;
}

// A command as a person runs it, on AWS with the deployment's name.
export function command(text, me) {
  return `./lakeport ${text}${me.deployment ? ` --deployment ${me.deployment}` : ""}`;
}

// Characters that are not seen, or turn the text around, as \u202e.
export function visible(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (each) =>
    each === "\u200d" ? each : `\\u${each.codePointAt(0).toString(16).padStart(4, "0")}`);
}

export function typeName(name) {
  return name && name !== "-" ? name : "no file type";
}

export function size(bytes) {
  if (bytes === null || bytes === undefined) return "";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = Number(bytes), unit = 0;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function time(text) {
  return text ? text.slice(0, 19).replace("T", " ") : "";
}

export function moment(text) {
  return text ? new Date(`${text.slice(0, 23)}Z`) : null;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

export function age(text, now = new Date()) {
  return text ? `${duration(Math.max(0, (now - moment(text)) / 1000))} ago` : "";
}
