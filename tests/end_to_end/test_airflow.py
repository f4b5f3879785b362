"""Airflow really runs: all four components, users with passwords, tasks that reach their connections."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from local import processes
from local import stack as local_stack
from local.config import Config
from local.sinks import services as sinks

DAG_ID = "says_what_it_sees"
DAG = f'''
from airflow.sdk import dag, task

@dag(schedule=None)
def {DAG_ID}():
    @task
    def look():
        import sys
        is_preloaded = "lakeport.airflow.load_dag" in sys.modules
        from airflow.providers.postgres.hooks.postgres import PostgresHook
        from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook
        from airflow.providers.smtp.hooks.smtp import SmtpHook
        with SmtpHook("lakeport_smtp") as mail:
            mail.send_email_smtp(to="somebody@example.com", subject="{DAG_ID}", html_content="by mail")
        SlackWebhookHook(slack_webhook_conn_id="lakeport_slack").send(text="{DAG_ID}")
        redshift = PostgresHook.get_connection("lakeport_redshift")
        place = [redshift.conn_type, redshift.host, redshift.port, redshift.schema]
        return [*place, redshift.login, redshift.password, is_preloaded]
    look()

{DAG_ID}()
'''


def call(config: Config, method: str, path: str, body: object = None, token: str = "") -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(config.airflow_url + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def token(stack: Config) -> str:
    return str(call(stack, "POST", "/auth/token", {"username": "lakeport", "password": "lakeport"})["access_token"])


def eventually(look: Callable[[], Any], seconds: float) -> Any:
    """Return what `look` finds as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := look():
                return found
        except urllib.error.HTTPError as error:
            error.close()
        assert time.monotonic() < deadline, "nothing within the time"
        time.sleep(0.2)


def test_every_part_answers(stack: Config) -> None:
    """Up means all of it: each part runs and reports itself healthy."""
    silent = [service.name for service in local_stack.services(stack) if not service.is_ready()]

    assert silent == []


@pytest.mark.parametrize("body", [None, {"username": "lakeport", "password": "wrong"}])
def test_connection_without_the_password_is_refused(stack: Config, body: dict[str, str] | None) -> None:
    """The API requires a token, and a token requires a password."""
    path = "/auth/token" if body else "/api/v2/dags"
    with pytest.raises(urllib.error.HTTPError) as error:
        call(stack, "POST" if body else "GET", path, body)
    error.value.close()

    assert error.value.code == 401


def test_new_dag_is_seen_and_its_task_reaches_its_connections(stack: Config, token: str) -> None:
    """A DAG dropped into the folder runs within seconds; its connections come from Secrets Manager."""
    assert stack.more_dags
    (stack.more_dags / f"{DAG_ID}.py").write_text(DAG)
    eventually(lambda: call(stack, "GET", f"/api/v2/dags/{DAG_ID}", token=token), 30)
    call(stack, "PATCH", f"/api/v2/dags/{DAG_ID}", {"is_paused": False}, token)
    call(stack, "POST", f"/api/v2/dags/{DAG_ID}/dagRuns", {"dag_run_id": "one", "logical_date": None}, token)
    run = f"/api/v2/dags/{DAG_ID}/dagRuns/one"
    state = eventually(lambda: finished(call(stack, "GET", run, token=token)), 60)
    seen = call(stack, "GET", f"{run}/taskInstances/look/xcomEntries/return_value", token=token)["value"]

    assert state == "success", processes.tail(processes.log_path(stack, "airflow-scheduler"))
    assert json.loads(seen.replace("'", '"')) if isinstance(seen, str) else seen == [
        "postgres", "127.0.0.1", stack.ports.redshift, "lakeport", "lakeport", "lakeport", True,
    ]  # fmt: skip
    assert any(DAG_ID in path.read_text() for path in sinks.mail_directory(stack).iterdir())
    assert any(DAG_ID in path.read_text() for path in sinks.slack_directory(stack).iterdir())


def finished(run: dict[str, Any]) -> str | None:
    return run["state"] if run["state"] in ("success", "failed") else None


def test_product_dags_import(stack: Config, token: str) -> None:
    """No DAG file of the repository is broken in the Airflow that runs it."""
    errors = call(stack, "GET", "/api/v2/importErrors", token=token)["import_errors"]

    assert [error["stack_trace"] for error in errors] == []
