"""Alerts have the facts of the run, stay within the limits of the channels, and never contain foreign markup."""

from __future__ import annotations

import json
from dataclasses import replace
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.parser import Parser
from html.parser import HTMLParser

import pytest

import lakeport
from lakeport.alerts.messages import (
    Alert,
    DeliveryCheck,
    FailedFile,
    FailedRun,
    InvalidSchema,
    Kind,
    LoadedFile,
    LoadedRun,
    ReconcileFailed,
    RejectedFiles,
)
from lakeport.alerts.outbox import as_message, from_message
from lakeport.alerts.rendering import as_email, as_notification, as_slack, as_text
from lakeport.schema.file_type import Alerts
from lakeport.schema.values import RejectLimit
from tests.support.golden import golden

FILE = FailedFile("0123456789abcdef" * 4, "landing", "trips/trips_1.csv", "v1")
RUN = FailedRun(
    dag_id="load_trips",
    run_id="arrival__1",
    file_type="trips",
    table_name="lake.trips",
    task_id="copy_to_table",
    error="2 of 100 rows were rejected",
    log_url="https://airflow.example.com/dags/load_trips/runs/arrival__1",
    files=[FILE],
    rejected=[(FILE.file_id, 20, "time_hour", "25:00", "Invalid timestamp")],
)
HOSTILE = "<!channel> <https://evil.example|click> <script>alert(1)</script> & \"'"


class Text(HTMLParser):
    """The visible text of a page, and its tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags = "", set[str]()
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the parser's signature
        self.tags.add(tag)


def sections(run: Alert) -> dict[str, str]:
    """Return the message's sections by their label."""
    texts = [block["text"]["text"] for block in as_slack(run)["blocks"][1:-1]]
    return {label.strip("*"): text for label, _, text in (each.partition("\n") for each in texts)}


def test_slack_message_has_the_failure_its_place_cause_and_remedy() -> None:
    title = "\N{LARGE RED CIRCLE} trips: trips/trips_1.csv failed in copy_to_table"
    assert as_slack(RUN)["blocks"][0]["text"]["text"] == title
    facts = sections(RUN)
    assert facts["File"] == "s3://landing/trips/trips_1.csv (version v1)"
    assert facts["Table"] == "lake.trips"
    assert facts["Task"] == "copy_to_table of load_trips, run arrival__1"
    assert facts["Error"] == "2 of 100 rows were rejected"
    for value in ("20", "time_hour", "'25:00'", "Invalid timestamp"):
        assert value in facts["First rejected rows"]
    assert facts["Log"] == "https://airflow.example.com/dags/load_trips/runs/arrival__1"
    assert facts["To load again"].endswith("./lakeport replay 0123456789ab")


LOADED = LoadedRun(
    "load_trips",
    "arrival__1",
    "trips",
    "lake.trips",
    RejectLimit(0),
    [LoadedFile("f1", "trips/a.csv", 1000, 3), LoadedFile("f2", "trips/b.csv", 20, 1)],
    RUN.rejected,
)
ALERTS: dict[str, Alert] = {
    "failed run": RUN,
    "rejected row of an unknown line": replace(RUN, rejected=[(FILE.file_id, -1, "id", None, "Invalid digit")]),
    "failed run without a file": replace(RUN, files=[], rejected=[]),
    "failed run with loaded files only": replace(
        RUN, files=[replace(FILE, is_loaded=True, has_failed=False)], rejected=[]
    ),
    "loaded run": LOADED,
    "invalid schema": InvalidSchema("trips", ["schemas/trips.yaml:3: columns: must be a list"], 2),
    "one rejected file": RejectedFiles([("crew/a.csv", "no reason")]),
    "many rejected files": RejectedFiles([(f"crew/{number}.csv", "no reason") for number in range(22)]),
    "failed reconcile": ReconcileFailed(
        "reconcile", "run1", "2 of 3 findings are not fixed", "https://airflow.example.com/log"
    ),
}


@pytest.mark.parametrize("name", ALERTS)
def test_alert_has_its_wording(name: str) -> None:
    alert = ALERTS[name]

    golden("alerts", name, "\n".join([alert.title, *(f"{label}: {text}" for label, text in alert.facts())]))


def test_kinds_look_different_also_if_an_alert_is_sent_later() -> None:
    kinds = {alert.kind: alert for alert in (*ALERTS.values(), DeliveryCheck())}
    later = {kind: from_message(as_message(alert, Alerts()))[0] for kind, alert in kinds.items()}
    signs = {as_slack(alert)["blocks"][0]["text"]["text"][0] for alert in later.values()}
    colors = {as_email(alert)[1].partition(";")[0] for alert in later.values()}
    assert len(signs) == len(colors) == len(kinds) == len(Kind)
    assert [as_email(later[kind]) for kind in kinds] == [as_email(alert) for alert in kinds.values()]


def test_run_that_took_no_file_is_replayed_by_type() -> None:
    run = replace(RUN, files=[], rejected=[])

    assert run.title == "trips: the run failed in copy_to_table"
    assert sections(run)["File"].startswith("none")
    assert sections(run)["First rejected rows"] == "none"
    assert run.replay_command == "./lakeport replay --type trips"


def test_many_files_are_counted_in_the_title() -> None:
    files = [replace(FILE, key=f"trips/{number}.csv") for number in range(500)]

    assert replace(RUN, files=files).title == (
        "trips: trips/0.csv, trips/1.csv, trips/2.csv and 497 more failed in copy_to_table"
    )


@pytest.mark.parametrize("text", ["x" * 100_000, "&" * 100_000, "<" * 2999 + ">", "🛫" * 5000, "\n" * 5000])
def test_message_stays_within_slacks_limits(text: str) -> None:
    """Header 150 characters, section 3,000, 50 blocks: beyond, Slack refuses the whole message."""
    file = replace(FILE, key=text)
    rows = [(FILE.file_id, 1, text, text, text)] * 5
    message = as_slack(replace(RUN, files=[file] * 500, error=text, log_url=text, run_id=text, rejected=rows))

    assert len(message["blocks"]) <= 50
    assert 0 < len(message["blocks"][0]["text"]["text"]) <= 150
    assert all(0 < len(block["text"]["text"]) <= 3000 for block in message["blocks"][1:])
    assert len(message["text"]) <= 3000


def test_text_is_cut_between_characters_and_ends_with_an_ellipsis() -> None:
    """Half an entity would be shown literally, and half an id would replay other files."""
    error = sections(replace(RUN, error="&" * 5000))["Error"]

    assert error.removesuffix("…") == "&amp;" * (len(error) // 5)


@pytest.mark.parametrize("text", ["x" * 100_000, "&" * 100_000, "🛫" * 5000, '\0\n"\\' * 5000])
def test_notification_and_text_stay_within_the_limits_of_sns(text: str) -> None:
    """SNS refuses messages of more than 256 KB, whatever JSON makes of their characters."""
    run = replace(RUN, files=[replace(FILE, key=text)] * 500, error=text)
    content = as_notification(run)["content"]
    message = json.dumps({"default": json.dumps(as_notification(run)), "email": as_text(run)})

    assert len(content["title"]) <= 250
    assert len(content["description"]) <= 3000
    assert len(message.encode()) <= 256 * 1024
    assert content["description"].endswith(f"\nLakeport {lakeport.__version__}")
    assert as_text(run).endswith(f"\nLakeport {lakeport.__version__}")


def test_slack_text_cannot_mention_users_or_hide_links() -> None:
    """Neither by the webhook nor by the topic."""
    run = replace(
        RUN, files=[replace(FILE, key=HOSTILE)], error=HOSTILE, rejected=[(FILE.file_id, 1, None, HOSTILE, HOSTILE)]
    )
    message, content = as_slack(run), as_notification(run)["content"]

    for text in (message["text"], *sections(run).values(), content["title"], content["description"]):
        assert "<" not in text
        assert ">" not in text
    assert "trips: &lt;!channel&gt;" in content["title"]
    assert sections(run)["Error"].startswith("&lt;!channel&gt; &lt;https://evil.example|click&gt;")


def test_message_and_email_name_the_version() -> None:
    footer = f"Lakeport {lakeport.__version__}"

    assert as_slack(RUN)["blocks"][-1]["text"]["text"] == f"_{footer}_"
    assert Text(as_email(RUN)[1]).text.endswith(footer)


def test_slack_header_is_plain_and_one_line() -> None:
    header = as_slack(replace(RUN, files=[replace(FILE, key="a\n:tada: *b*")]))["blocks"][0]["text"]

    assert header == {
        "type": "plain_text",
        "text": "🔴 trips: a :tada: *b* failed in copy_to_table",
        "emoji": False,
    }


def test_email_has_the_same_facts_and_escapes_markup() -> None:
    run = replace(RUN, files=[replace(FILE, key=HOSTILE)], error=HOSTILE)
    _, html = as_email(run)
    seen = Text(html)

    assert seen.tags == {"h2", "table", "tr", "th", "td", "pre", "a", "p"}
    assert html.count("<a ") == 1
    for _, fact in run.facts():
        assert fact in seen.text


@pytest.mark.parametrize(
    "key", ["a\nBcc: everyone@example.com", "a\r\n\r\nbody", "a\u2028b: c", "a\x0b\x1cb: c", "ü🛫" * 400]
)
def test_subject_is_one_header_line(key: str) -> None:
    """A line end in a file's name adds no header and no body."""
    subject, _ = as_email(replace(RUN, files=[replace(FILE, key=key)]))
    modern, legacy = EmailMessage(), MIMEMultipart()
    modern["Subject"] = legacy["Subject"] = subject

    assert len(subject) <= 200
    assert subject.startswith("Lakeport: trips: ")
    assert Parser().parsestr(modern.as_string()).keys() == ["Subject"]
    assert "Bcc" not in Parser().parsestr(legacy.as_string())


def test_warning_has_rejected_and_total_rows_of_each_file() -> None:
    facts = sections(LOADED)

    assert LOADED.title == "trips: trips/a.csv, trips/b.csv loaded with 4 rejected rows"
    assert facts["Rejected rows"] == "trips/a.csv: 3 of 1,000 rows\ntrips/b.csv: 1 of 20 rows"
    assert facts["Run"] == "arrival__1 of load_trips"
    assert facts["Table"].startswith("lake.trips ")
    assert facts["To see them all"] == "./lakeport errors --type trips"
