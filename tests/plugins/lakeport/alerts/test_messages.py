"""What people read when a run failed: the facts, within the channels' limits, and never as markup."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.parser import Parser
from html.parser import HTMLParser

import pytest

import lakeport
from lakeport.alerts.messages import Alert, FailedFile, FailedRun, LoadedFile, LoadedRun
from lakeport.alerts.rendering import as_email, as_slack
from lakeport.schema.values import RejectLimit

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
    """What a reader of a page sees, and the tags that make it."""

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


def test_slack_message_says_what_failed_where_why_and_what_to_do() -> None:
    assert as_slack(RUN)["blocks"][0]["text"]["text"] == "trips: trips/trips_1.csv failed in copy_to_table"
    assert sections(RUN) == {
        "File": "s3://landing/trips/trips_1.csv (version v1)",
        "File type": "trips",
        "Table": "lake.trips",
        "Task": "copy_to_table of load_trips, run arrival__1",
        "Error": "2 of 100 rows were rejected",
        "First rejected rows": "line 20, column time_hour, value '25:00': Invalid timestamp",
        "Log": "https://airflow.example.com/dags/load_trips/runs/arrival__1",
        "To load again": "fix the cause, then run ./lakeport replay 0123456789ab",
    }


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
def test_message_keeps_slacks_limits_whatever_it_quotes(text: str) -> None:
    """Header 150 characters, section 3,000, 50 blocks: beyond, Slack refuses the whole message."""
    file = replace(FILE, key=text)
    rows = [(FILE.file_id, 1, text, text, text)] * 5
    message = as_slack(replace(RUN, files=[file] * 500, error=text, log_url=text, run_id=text, rejected=rows))

    assert len(message["blocks"]) <= 50
    assert 0 < len(message["blocks"][0]["text"]["text"]) <= 150
    assert all(0 < len(block["text"]["text"]) <= 3000 for block in message["blocks"][1:])
    assert len(message["text"]) <= 3000


def test_cut_text_ends_between_characters_and_shows_it() -> None:
    """Half an entity would be shown as it stands, and half an id replays other files."""
    error = sections(replace(RUN, error="&" * 5000))["Error"]

    assert error.removesuffix("…") == "&amp;" * (len(error) // 5)


def test_slack_text_mentions_nobody_and_hides_no_link() -> None:
    run = replace(
        RUN, files=[replace(FILE, key=HOSTILE)], error=HOSTILE, rejected=[(FILE.file_id, 1, None, HOSTILE, HOSTILE)]
    )
    message = as_slack(run)

    for shown in (message["text"], *sections(run).values()):
        assert "<" not in shown
        assert ">" not in shown
    assert sections(run)["Error"].startswith("&lt;!channel&gt; &lt;https://evil.example|click&gt;")


def test_message_and_email_name_the_version() -> None:
    footer = f"Lakeport {lakeport.__version__}"

    assert as_slack(RUN)["blocks"][-1]["text"]["text"] == f"_{footer}_"
    assert Text(as_email(RUN)[1]).text.endswith(footer)


def test_slack_header_is_plain_and_one_line() -> None:
    header = as_slack(replace(RUN, files=[replace(FILE, key="a\n:tada: *b*")]))["blocks"][0]["text"]

    assert header == {
        "type": "plain_text",
        "text": "trips: a :tada: *b* failed in copy_to_table",
        "emoji": False,
    }


def test_email_shows_the_same_facts_and_no_foreign_markup() -> None:
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


def test_load_with_rejected_rows_says_how_many_of_how_many_and_where_the_others_are() -> None:
    files = [LoadedFile("f1", "trips/a.csv", 1000, 3), LoadedFile("f2", "trips/b.csv", 20, 1)]
    run = LoadedRun("load_trips", "arrival__1", "trips", "lake.trips", RejectLimit(0), files, RUN.rejected)

    assert run.title == "trips: trips/a.csv, trips/b.csv loaded with 4 rejected rows"
    assert sections(run) == {
        "Rejected rows": "trips/a.csv: 3 of 1,000 rows\ntrips/b.csv: 1 of 20 rows",
        "File type": "trips (rejects.warn: 0)",
        "Table": "lake.trips (all other rows are loaded)",
        "Run": "arrival__1 of load_trips",
        "First rejected rows": "line 20, column time_hour, value '25:00': Invalid timestamp",
        "To see them all": "./lakeport errors --type trips",
    }
