"""The demo on a real stack: every file ends as it must, and README shows what is printed."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console

from local import demo
from local.sinks.services import mail_directory
from tests.docs import readme
from tests.support.waiting import until

if TYPE_CHECKING:
    from tests.end_to_end.conftest import LoadedDemo
    from tests.support.running_lakeport import Lakeport

DAMAGED = "weather/weather_2013_damaged.csv.gz"
SHOWN = {
    "flights/flights_2013.csv.zip",
    "planes/planes.jsonl",
    "departures/flights_2013_01.csv.gz",
    "crew/crew_roster.csv",
    DAMAGED,
    "airports/airports_damaged.csv",
}
VARYING = {
    r"version [0-9a-zA-Z_.-]+": "version 3HL4kqtJ",
    r"run [a-z]+__\S+": "run arrival__2026-11-28",
    r"http://\S+": "http://127.0.0.1:8080/...",
    r"replay [0-9a-f]{12}": "replay 3f9a2c71d0be",
}


def test_files_of_the_demo_end_as_they_must_and_readme_shows_them(lakeport: Lakeport, loaded_demo: LoadedDemo) -> None:
    drops = loaded_demo.drops
    rows = demo.files_of(lakeport.config, drops)
    assert [(drop.key, rows[drop.version_id][0]) for drop in drops] == [(drop.key, drop.expected) for drop in drops]
    output = StringIO()
    Console(file=output, width=160).print(demo.files_table([drop for drop in drops if drop.key in SHOWN], rows))
    readme.hold("demo", re.sub(r"\d+\.\d(?= │)", lambda seconds: f"{'…':>{len(seconds[0])}}", output.getvalue()))
    mail = until(lambda: next((text for text in mails(lakeport) if DAMAGED in text.splitlines()[1]), None))
    for pattern, example in VARYING.items():
        mail = re.sub(pattern, example, mail)
    to, subject, _, _title, *facts = mail.splitlines()
    assert sum(flights for _, flights, _ in demo.mart_rows(lakeport.config)) > 0
    readme.hold("failed-load", "\n".join([to, subject, *(line for line in facts if line)]))


def mails(lakeport: Lakeport) -> list[str]:
    """Return the e-mails that were received, as the demo prints them."""
    return [demo.mail_text(path) for path in mail_directory(lakeport.config).glob("*.eml")]
