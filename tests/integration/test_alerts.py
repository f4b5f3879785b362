"""Alerts are sent once by each channel, kept while one cannot be reached, and sent as one message if there are many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace

import psycopg2
import pytest

from lakeport.airflow import callbacks
from lakeport.airflow.operators.warn import WarnOfRejectsOperator
from lakeport.airflow_api.dag_runs import RECONCILE
from lakeport.alerts.alert import Alert
from lakeport.alerts.messages import ReconcileFailed
from lakeport.alerts.outbox import raise_alert
from lakeport.errors import AlertNotSent
from lakeport.loading.finishing import mark_done
from lakeport.loading.one_file import FileLoad
from lakeport.redshift import session
from lakeport.schema.alerts import Alerts
from lakeport.settings import REDSHIFT_CONNECTION
from tests.integration.file_types import make_file_type
from tests.integration.world import World

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
    assert [(row.place, row.value, row.before, row.after) for row in alert.rejected_rows()] == [
        ("line 3, column id", "two", "", ",Oslo,2"),
        ("line 5, column id", "four", "", ",Lima,4"),
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
        warn(load)  # the load does not depend on it
    warn(load)
    assert len(sent) == 1


def failed_reconcile(number: int = 0) -> ReconcileFailed:
    return ReconcileFailed("reconcile", f"run{number}", "error", "http://airflow/log")


def test_channel_that_cannot_be_reached_does_not_repeat_the_other(world: World) -> None:
    receivers = Alerts(slack="#data", email=("data@example.com",))
    accepted, is_down = list[Alerts](), True

    def send(_: Alert, to: Alerts) -> None:
        if to.slack and is_down:
            raise RuntimeError("Slack answered 500")
        accepted.append(to)

    run = ("reconcile", "run0")
    with pytest.raises(AlertNotSent, match="Slack answered 500"):
        raise_alert(world.warehouse, run, lambda _: failed_reconcile(), receivers, send)
    with pytest.raises(AlertNotSent):
        raise_alert(world.warehouse, run, lambda _: None, receivers, send)
    is_down = False
    assert not raise_alert(world.warehouse, run, lambda _: None, receivers, send)
    assert accepted == [Alerts(email=receivers.email), Alerts(slack=receivers.slack)]


def test_many_alerts_at_once_are_one_message_for_each_receiver(world: World) -> None:
    def send(alert: Alert, to: Alerts) -> None:
        world.sent.append((alert, to))

    for number in range(14):
        name = "even" if number % 2 == 0 else "odd"
        make_alert, receivers = partial(lambda _, each: failed_reconcile(each), each=number), Alerts(slack=f"#{name}")
        raise_alert(world.warehouse, ("reconcile", f"run{number}"), make_alert, receivers, send)
    assert len(world.sent) == 10
    assert world.found() == [
        ("alert not sent", "sent"),
        ("alert not sent", "sent"),
    ]
    (even, to), (odd, _) = world.sent[10:]
    assert (even.title, to.slack) == ("2 alerts, 0 of them about failed runs", "#even")
    assert [("run10" in text, "run12" in text) for _, text in even.facts()] == [(True, False), (False, True)]
    assert "run13" in str(odd.facts())
    assert world.found() == []


@pytest.mark.parametrize(
    ("dag_id", "titles"), [(RECONCILE, ["reconcile could not fix everything it found"]), ("other", [])]
)
def test_alert_is_sent_if_redshift_cannot_record_the_failure_of_reconcile(
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


def test_rows_that_the_schema_does_not_show_are_in_no_alert(prepare_load: PrepareLoad, sent: list[Alert]) -> None:
    load = prepare_load(make_file_type(rejects={"warn": 1, "fail": "50%", "show": False}), TWO_BAD)
    load.run()
    warn(load)

    [alert] = sent
    assert (alert.title, alert.rejected_rows()) == (
        f"{load.file_type.name}: {load.file.key} loaded with 2 rejected rows",
        [],
    )
