"""A load with more rejected rows than `rejects.warn` sends one alert a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

import psycopg2
import pytest

from lakeport.airflow import callbacks
from lakeport.airflow.operators.warn import WarnOfRejectsOperator
from lakeport.airflow_api.dag_runs import RECONCILE
from lakeport.alerts.messages import Alert
from lakeport.loading.finishing import mark_done
from lakeport.loading.one_file import FileLoad
from lakeport.redshift import session
from lakeport.settings import REDSHIFT_CONNECTION
from tests.integration.file_types import make_file_type

PrepareLoad = Callable[..., FileLoad]
TWO_BAD = b"id,city,price\n1,Bern,1\ntwo,Oslo,2\n3,Rome,3\nfour,Lima,4\n"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Alert]:
    """The alerts that would be sent."""
    messages: list[Alert] = []
    monkeypatch.setattr(callbacks, "send_now", lambda alert, _: messages.append(alert))
    return messages


def warn(load: FileLoad) -> None:
    operator = WarnOfRejectsOperator(task_id="warn", file_type=load.file_type, files=[load.file.to_xcom()])
    load.warehouse.transaction(lambda current: mark_done(current, [load.file], load.by, load.file_type))
    callbacks.alert(load.warehouse, load.by, lambda current: operator.alert(current, load.by), load.file_type.alerts)


def test_run_over_the_limit_alerts_once(prepare_load: PrepareLoad, sent: list[Alert]) -> None:
    load = prepare_load(make_file_type(rejects={"warn": 1, "fail": "50%"}), TWO_BAD)
    load.run()
    for _ in range(2):
        warn(load)
    [alert] = sent
    assert alert.title == f"{load.file_type.name}: {load.file.key} loaded with 2 rejected rows"
    lines = dict(alert.facts())["First rejected rows"].splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "line 3, column id, value 'two'",
        "line 5, column id, value 'four'",
    ]


def test_run_within_the_limit_sends_no_alert(prepare_load: PrepareLoad, sent: list[Alert]) -> None:
    load = prepare_load(make_file_type(rejects={"warn": 2, "fail": "50%"}), TWO_BAD)
    load.run()
    warn(load)
    assert sent == []


def test_unsent_alert_is_sent_again(
    prepare_load: PrepareLoad, sent: list[Alert], monkeypatch: pytest.MonkeyPatch
) -> None:
    load = prepare_load(make_file_type(rejects={"warn": 0, "fail": "50%"}), TWO_BAD)
    load.run()

    def fail(*_: object) -> None:
        raise RuntimeError("Slack answered 500")

    with monkeypatch.context() as patched:
        patched.setattr(callbacks, "send_now", fail)
        with pytest.raises(RuntimeError):
            warn(load)
    warn(load)
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("dag_id", "titles"), [(RECONCILE, ["reconcile could not fix everything it found"]), ("other", [])]
)
def test_redshift_that_cannot_record_the_alert_of_reconcile_is_alerted_of(
    sent: list[Alert], monkeypatch: pytest.MonkeyPatch, dag_id: str, titles: list[str]
) -> None:
    """It is every hour until Redshift answers; runs that come every few minutes would send too many."""
    monkeypatch.setattr(session, "_FIRST_PAUSE_SECONDS", 0)
    monkeypatch.setenv(f"AIRFLOW_CONN_{REDSHIFT_CONNECTION.upper()}", "postgres://127.0.0.1:1/nowhere")
    run = SimpleNamespace(dag_id=dag_id, run_id="scheduled__1", start_date=datetime.now(UTC), end_date=None)
    with pytest.raises(psycopg2.OperationalError):
        callbacks.alert_failed_reconcile({"dag_run": run})
    assert [alert.title for alert in sent] == titles
    assert all("Connection refused" in dict(alert.facts())["Error"] for alert in sent)
