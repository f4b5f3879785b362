"""One alert of each kind, and what a reader of its messages sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from lakeport.alerts.alert import Alert, RejectedRow
from lakeport.alerts.loaded_messages import LoadedFile, LoadedRun, RecoveredFile, RecoveredRun
from lakeport.alerts.messages import (
    DeadLetters,
    DeliveryCheck,
    InvalidSchema,
    ManyAlerts,
    ReconcileFailed,
    RejectedFiles,
)
from lakeport.alerts.run_messages import FailedFile, FailedRun
from lakeport.alerts.runbook import Family
from lakeport.schema.values import RejectLimit

AIRFLOW = "https://airflow.example.com"
FILE = FailedFile("0123456789abcdef" * 4, "landing", "weather/weather_2013.csv.gz", "3HL4kqtJ", 5321)
ROWS = [
    RejectedRow(20, "time_hour", "25:00", "Invalid timestamp format or value [auto]", "…10,1018.9,10,", ",1"),
    RejectedRow(1304, "wind_dir", "VRB", "Invalid digit, Value 'V', Pos 0, Type: Short", "EWR,2013,1,1,", ",6.9,…"),
    RejectedRow(-1, "", None, "Delimiter not found"),
]
FAILED = FailedRun(
    dag_id="load_weather",
    run_id="arrival__1",
    file_type="weather",
    table_name="lake.weather",
    task_id="copy_to_table",
    error="weather/weather_2013.csv.gz: 3 of 200 rows were rejected, 1% is allowed; nothing was loaded",
    log_url=f"{AIRFLOW}/dags/load_weather/runs/arrival__1",
    files=[FILE],
    rejected=ROWS,
    owner="flight-data@example.com",
    family=Family.REJECTS,
)
WARNED = LoadedRun(
    "load_weather",
    "arrival__1",
    "weather",
    "lake.weather",
    RejectLimit(0),
    [LoadedFile("f1", "weather/a.csv", 48_200, 1000, 3), LoadedFile("f2", "weather/b.csv", 990, 20, 1)],
    ROWS,
    FAILED.owner,
)
LOADED = replace(FILE, is_loaded=True, has_failed=False)
ALERTS: dict[str, Alert] = {
    "failed run": FAILED,
    "failed run of several files": replace(FAILED, files=[FILE, replace(FILE, key="weather/b.csv"), LOADED]),
    "failed run without a file": replace(FAILED, files=[], rejected=[]),
    "failed run with loaded files only": replace(FAILED, files=[LOADED], rejected=[]),
    "failed run whose rows are gone": replace(
        FAILED,
        task_id="mark_done",
        error="weather/a.csv: 200 rows in the file, 0 rejected, 200 loaded, but 0 in lake.weather",
        files=[LOADED],
        rejected=[],
        family=Family.ROWS,
    ),
    "loaded run": WARNED,
    "recovered run": RecoveredRun(
        "load_weather",
        "arrival__2",
        "weather",
        "lake.weather",
        [RecoveredFile(FILE.file_id, FILE.key, 195)],
        FAILED.owner,
    ),
    "invalid schema": InvalidSchema("weather", ["schemas/weather.yaml:3: columns: must be a list"], 2, FAILED.owner),
    "one rejected file": RejectedFiles([("crew/a.csv", "no reason")]),
    "many rejected files": RejectedFiles([(f"crew/{number}.csv", "no reason") for number in range(22)]),
    "dead letters": DeadLetters(
        [("s3://landing/a.csv", "registered as New"), ("s3://landing/b.csv", "no longer in its bucket")]
    ),
    "failed reconcile": ReconcileFailed("reconcile", "run1", "2 of 3 findings are not fixed", f"{AIRFLOW}/log"),
    "many alerts": ManyAlerts([FAILED, WARNED, *[replace(FAILED, run_id=f"arrival__{n}") for n in range(2, 25)]]),
    "test": DeliveryCheck(),
}


class Page(HTMLParser):
    """The visible text of an e-mail, its tags, links and marked values."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags, self.links, self.marked = "", set[str](), list[str](), list[str]()
        self._open = list[str]()
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self._open:
            self.marked.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._open.append(tag)
        self.links += [str(value) for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            self._open.remove(tag)


def slack_elements(message: Any) -> Iterator[dict[str, Any]]:
    """Yield every text and link that Slack shows of a message."""
    if isinstance(message, list):
        for each in message:
            yield from slack_elements(each)
    elif isinstance(message, dict) and message.get("type") in ("text", "link", "plain_text", "mrkdwn"):
        yield message
    elif isinstance(message, dict):
        yield from slack_elements(list(message.values()))


def slack_text(message: dict[str, Any]) -> str:
    """Return what Slack shows of a message, without its fallback text."""
    return "".join(each["text"] for each in slack_elements(message["blocks"]))
