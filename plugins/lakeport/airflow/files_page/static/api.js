// The page's own API, and Airflow's.  Addresses are relative: Airflow may be behind a proxy that adds a path.

export class Refused extends Error {}

export async function get(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  if (response.status === 401) {
    login();
    throw new Refused("Your session has ended. Log in to Airflow and open this page again.");
  }
  if (!response.ok) throw new Refused(await detail(response));
  return response.json();
}

// Starts a run of one of the DAGs that act on files, as the user, through Airflow's own API.
export async function start(action, files, options = {}) {
  const response = await fetch(`../api/v2/dags/${action}/dagRuns`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ logical_date: null, conf: { files, ...options } }),
  });
  if (!response.ok) throw new Refused(await detail(response));
  return response.json();
}

export const places = {
  overview: () => "api/overview",
  me: () => "api/me",
  type: (name) => `api/types/${encodeURIComponent(name ?? "-")}`,
  rejectedRows: (name, file) =>
    `${places.type(name)}/files/${encodeURIComponent(file.file_id)}/rejected_rows?run_id=${encodeURIComponent(file.run_id)}`,
  run: (dagId, runId) => `../dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(runId)}`,
  approval: (dagId, runId) => `${places.run(dagId, runId)}/tasks/approve/required_actions`,
  steps: (name, since) => `../api/v2/dags/~/dagRuns/~/taskInstances?${new URLSearchParams({
    dag_id_pattern: "load_", task_id: name, state: "success", start_date_gte: since, order_by: "-start_date", limit: 100 })}`,
  dag: (dagId) => `../dags/${encodeURIComponent(dagId)}`,
};

async function detail(response) {
  try {
    const body = await response.json();
    return typeof body.detail === "string" ? body.detail : JSON.stringify(body.detail);
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}

function login() {
  const next = encodeURIComponent(window.top.location.href);
  window.top.location.assign(new URL(`../api/v2/auth/login?next=${next}`, window.location.href));
}
