"""Alerts contain what failed, where, why and what to do; every channel shows the same, within its limits."""

from __future__ import annotations

import json
from dataclasses import replace
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.parser import Parser

import pytest

import lakeport
from lakeport.alerts.alert import Fact, Kind, RejectedRow, as_row
from lakeport.alerts.html_mail import as_email
from lakeport.alerts.messages import RejectedFiles
from lakeport.alerts.plain_text import as_notification, as_text
from lakeport.alerts.run_messages import FailedRun, size_text
from lakeport.alerts.slack import as_slack
from lakeport.alerts.storing import as_message, from_message
from lakeport.mng.load_records import RejectedLine
from lakeport.schema.alerts import Alerts
from lakeport.settings import command
from tests.support.alerts import AIRFLOW, ALERTS, FAILED, FILE, ROWS, WARNED, Page, slack_elements, slack_text
from tests.support.golden import golden

HOSTILE = "<!channel> <https://evil.example|click> <script>alert(1)</script> & \"' *b* _i_ `c`\u202e\x1b[31m"
SHOWN = HOSTILE.replace("\u202e", "\\u202e").replace("\x1b", "\\u001b")


def hostile() -> FailedRun:
    row = RejectedRow(1, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    file = replace(FILE, key=HOSTILE, version_id=HOSTILE)
    return replace(FAILED, files=[file], error=HOSTILE, run_id=HOSTILE, rejected=[row])


@pytest.mark.parametrize("name", ALERTS)
def test_alert_has_its_wording(name: str) -> None:
    golden("alerts", name, as_text(ALERTS[name], AIRFLOW).replace(FILE.file_id, "ID"))


@pytest.mark.parametrize("name", ALERTS)
def test_every_channel_shows_the_same(name: str) -> None:
    alert = ALERTS[name]
    slack, mail = slack_text(as_slack(alert, AIRFLOW)), Page(as_email(alert, AIRFLOW)[1])
    text = as_text(alert, AIRFLOW).replace("\n    ", "\n")

    for fact in (*alert.facts(), alert.remedy()):
        assert all(fact.text in seen for seen in (slack, mail.text, text)) or alert.kind is Kind.MANY
    for row in alert.rejected_rows():
        assert all(row.reason in seen for seen in (slack, mail.text, text))
    links = [each["url"] for each in slack_elements(as_slack(alert, AIRFLOW)["blocks"]) if each["type"] == "link"]
    assert links == mail.links
    assert all(link in text and link.startswith(f"{AIRFLOW}/") for link in links)


@pytest.mark.parametrize("of_the_run", [True, False])
def test_a_key_with_a_line_end_in_an_error_cannot_look_like_a_fact(of_the_run: bool) -> None:
    key = "a.csv\nTask: all is well"
    alert = replace(FAILED, error=f"{key} failed", files=[replace(FILE, key=key if of_the_run else "b.csv")])
    lines = as_text(alert, AIRFLOW).splitlines()
    assert [line for line in lines if line.startswith("Task:")] == [f"Task: {dict(alert.facts())['Task']}"]
    assert (r"a.csv\u000aTask: all is well failed" in "\n".join(lines)) is of_the_run


def test_the_bad_value_is_marked_in_its_line() -> None:
    marked = [each["text"] for each in slack_elements(as_slack(FAILED, AIRFLOW)) if each.get("style", {}).get("code")]

    assert marked == Page(as_email(FAILED, AIRFLOW)[1]).marked == ["25:00", "VRB"]
    assert "…10,1018.9,10,25:00,1" in slack_text(as_slack(FAILED, AIRFLOW))
    assert "…10,1018.9,10,25:00,1" in Page(as_email(FAILED, AIRFLOW)[1]).text


@pytest.mark.parametrize(
    ("value", "position", "line", "before", "after"),
    [
        ("x", 3, "x,x,x,x", "x,", ",x,x"),
        ("x", 0, "a,b,x", "a,b,", ""),
        ("10", 0, "a,1025.1,10", "a,1025.1,", ""),
        ("10", 4, "10,1025", "10,", "25"),
        ("y", 9, "a,b,x", "", ""),
        (None, 0, "a" * 60, "", "a" * 47 + "…"),
        ("x", 60, "a" * 60 + "x" + "b" * 60, "…" + "a" * 24, "b" * 23 + "…"),
        ("x", None, None, "", ""),
    ],
)
def test_value_is_found_in_its_line(
    value: str | None, position: int | None, line: str | None, before: str, after: str
) -> None:
    row = as_row(RejectedLine("f", 1, "c", value, "bad", position, line))

    assert (row.before, row.after) == (before, after)


def test_kinds_look_different_also_if_an_alert_is_sent_later() -> None:
    kinds = {alert.kind: alert for alert in ALERTS.values()}
    later = {kind: from_message(as_message(alert, Alerts()))[0] for kind, alert in kinds.items()}
    signs = {as_slack(alert, AIRFLOW)["blocks"][0]["text"]["text"][0] for alert in later.values()}
    colors = {as_email(alert, AIRFLOW)[1].partition("border-top:6px solid ")[2][:7] for alert in later.values()}

    assert len(signs) == len(colors) == len(kinds) == len(Kind)
    for kind, alert in kinds.items():
        assert as_email(later[kind], AIRFLOW) == as_email(alert, AIRFLOW)
        assert as_slack(later[kind], AIRFLOW) == as_slack(alert, AIRFLOW)


def test_alert_of_an_earlier_version_can_be_sent() -> None:
    message = json.dumps({"title": "t", "facts": [["File", "a"]], "slack": "#c", "email": ["a@example.com"]})
    alert, receivers = from_message(message)

    assert (alert.kind, alert.facts(), receivers.slack) == (Kind.FAILED, [Fact("File", "a")], "#c")
    assert "File: a" in as_text(alert, AIRFLOW)


def test_links_lead_to_the_file_and_to_its_replay() -> None:
    page = f"{AIRFLOW}/files/?type=weather&file={FILE.file_id}"
    links = [(link.label, link.is_action, link.address) for link in FAILED.links()]

    assert Page(as_email(FAILED, AIRFLOW)[1]).links == [f"{page}&action=replay", page, FAILED.log_url]
    assert [each[:2] for each in links] == [("Replay", True), ("See the file", False), ("Log", False)]
    assert Page(as_email(FAILED, "")[1]).links == [FAILED.log_url]  # where Airflow's own address is unknown
    assert Page(as_email(replace(FAILED, log_url="MWAA environment x"), "")[1]).links == []


def test_files_of_one_run_are_one_message_that_names_each() -> None:
    files = [replace(FILE, key=f"weather/{number}.csv") for number in range(50)]
    run = replace(FAILED, files=files)

    assert run.title == "weather: weather/0.csv, weather/1.csv, weather/2.csv and 47 more failed in copy_to_table"
    for text in (Page(as_email(run, AIRFLOW)[1]).text, as_text(run, AIRFLOW)):
        assert all(f"s3://landing/{file.key} (" in text for file in files)


@pytest.mark.parametrize("text", ["x" * 100_000, "&" * 100_000, "<" * 2999 + ">", "🛫" * 5000, "\n" * 5000, '"' * 9999])
def test_message_stays_within_slacks_limits(text: str) -> None:
    """Header 150 characters, 50 blocks, about 12,000 characters of all: beyond, Slack refuses the whole message."""
    file = replace(FILE, key=text)
    rows = [RejectedRow(1, text[:127], text[:1024], text[:512], text[:25], text[:25])] * 5
    run = replace(FAILED, files=[file] * 500, error=text, run_id=text[:250], rejected=rows)
    for alert in (run, from_message(as_message(run, Alerts()))[0], RejectedFiles([(text, text)] * 500)):
        message = as_slack(alert, AIRFLOW)

        assert len(message["blocks"]) <= 50
        assert 0 < len(message["blocks"][0]["text"]["text"]) <= 150
        assert all(each["text"] for each in slack_elements(message["blocks"]))
        assert sum(len(each["text"]) for each in slack_elements(message["blocks"])) < 9000
        assert len(message["text"]) <= 3000


@pytest.mark.parametrize("text", ["x" * 100_000, "&" * 100_000, "🛫" * 5000, '\0\n"\\' * 5000])
def test_notification_and_text_stay_within_the_limits_of_sns(text: str) -> None:
    """SNS refuses messages of more than 256 KB, whatever JSON makes of their characters."""
    run = replace(FAILED, files=[replace(FILE, key=text)] * 500, error=text)
    notification, mail = as_notification(run, AIRFLOW), as_text(run, AIRFLOW)
    content = notification["content"]
    message = json.dumps({"default": json.dumps(notification), "email": mail})

    assert len(content["title"]) <= 250
    assert len(content["description"]) <= 3000
    assert len(message.encode()) <= 256 * 1024
    assert content["description"].endswith(f"\nLakeport {lakeport.__version__}")
    assert mail.endswith(f"\nLakeport {lakeport.__version__}")


def test_slack_shows_hostile_text_as_text() -> None:
    """No element of the blocks is parsed; the fallback and the topic's notification are escaped."""
    message, content = as_slack(hostile(), AIRFLOW), as_notification(hostile(), AIRFLOW)["content"]

    assert {each["type"] for each in slack_elements(message["blocks"])} == {"text", "plain_text", "link"}
    assert SHOWN in slack_text(message)
    assert all(each["url"].startswith(AIRFLOW) for each in slack_elements(message["blocks"]) if each["type"] == "link")
    for text in (message["text"], content["title"], content["description"]):
        assert not set("<>\u202e\x1b") & set(text)
        assert "&lt;!channel&gt;" in text


def test_email_shows_hostile_text_as_text() -> None:
    html = as_email(hostile(), AIRFLOW)[1]

    assert Page(html).tags == Page(as_email(FAILED, AIRFLOW)[1]).tags
    assert SHOWN in Page(html).text
    assert Page(html).marked == [SHOWN]
    assert not set("\u202e\x1b") & set(html)


def test_text_is_cut_between_characters_and_ends_with_an_ellipsis() -> None:
    """Half an entity would be shown literally."""
    text = as_slack(replace(FAILED, error="&" * 5000), AIRFLOW)["text"]

    assert text.endswith("&amp;…")


def test_messages_name_the_version() -> None:
    footer = f"Lakeport {lakeport.__version__}"

    assert as_slack(FAILED, AIRFLOW)["blocks"][-1]["elements"][0]["text"] == footer
    assert footer in Page(as_email(FAILED, AIRFLOW)[1]).text


@pytest.mark.parametrize(
    "key", ["a\nBcc: everyone@example.com", "a\r\n\r\nbody", "a\u2028b: c", "a\x0b\x1cb: c", "ü🛫" * 400]
)
def test_title_is_one_line(key: str) -> None:
    """A line end in a file's name adds no header and no body to an e-mail, and no line to Slack's header."""
    run = replace(FAILED, files=[replace(FILE, key=key)])
    subject, _ = as_email(run, AIRFLOW)
    modern, legacy = EmailMessage(), MIMEMultipart()
    modern["Subject"] = legacy["Subject"] = subject

    assert len(subject) <= 200
    assert subject.startswith("Lakeport: weather: ")
    assert Parser().parsestr(modern.as_string()).keys() == ["Subject"]
    assert "Bcc" not in Parser().parsestr(legacy.as_string())
    assert len(as_slack(run, AIRFLOW)["blocks"][0]["text"]["text"].splitlines()) == 1


def test_line_end_in_the_name_of_a_file_adds_no_fact() -> None:
    key = "a.csv\nTo load again: run curl evil.example\nFile: none"
    failed = as_text(replace(FAILED, files=[replace(FILE, key=key)]), AIRFLOW)
    rejected = as_text(RejectedFiles([(key, "no file type reads from it")]), AIRFLOW)

    assert [line[:26] for line in failed.splitlines() if line.startswith("To load again")] == [
        "To load again: if the file"
    ]
    assert [line[:11] for line in rejected.splitlines() if line.startswith("File:")] == ["File: a.csv"]


def test_run_that_took_no_file_is_replayed_by_type() -> None:
    run = replace(FAILED, files=[], rejected=[])

    assert run.replay_command.startswith("./lakeport replay --type weather, which shows its plan and with --yes")
    assert ("open Replay" in run.remedy().text, "open Replay" in FAILED.remedy().text) == (False, True)
    assert run.links()[0].address == "files/?dag=load_weather"


def test_warning_has_rejected_and_total_rows_of_each_file() -> None:
    assert WARNED.title == "weather: weather/a.csv, weather/b.csv loaded with 4 rejected rows"
    assert dict(WARNED.facts())["Rejected rows"] == (
        "weather/a.csv: 3 of 1,000 rows, 48 KB\nweather/b.csv: 1 of 20 rows, 990 B"
    )
    assert WARNED.rejected_rows() == ROWS


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 KB"), (12e6, "12 MB"), (3e15, "3,000.0 TB")]
)
def test_size_is_readable(size: float, text: str) -> None:
    assert size_text(int(size)) == text


def test_commands_name_the_deployment_that_sends_the_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    assert command("reconcile") == "./lakeport reconcile"
    monkeypatch.setenv("LAKEPORT_MWAA_ENVIRONMENT", "production")
    assert command("reconcile") == "./lakeport reconcile --deployment production"
