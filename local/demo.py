"""Run `make demo`: load real files into tables, from an empty machine to rows you can query.

The demo only uploads files to S3; it reads everything that follows from `mng.files`.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email import message_from_bytes, policy
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection
from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from local import stack, warehouse
from local.aws import names, resources
from local.config import HOST, REPOSITORY, Config
from local.errors import StackError
from local.sinks.services import mail_directory, slack_directory

SAMPLES = REPOSITORY / "samples"
MART_DAG = REPOSITORY / "dags" / "marts" / "carrier_delays.py"
PATIENCE_SECONDS = 180
ALERTS = 2
"""To each sink: about the file that fails, and about the one that is loaded with rejected rows."""
FINAL = {"Done", "Fail", "Filtered Out", "Rejected"}
STYLES = {"Done": "green", "Fail": "red", "Rejected": "yellow", "Filtered Out": "dim", "In Progress": "cyan"}

console = Console(width=None if sys.stdout.isatty() else 160)


@dataclass
class Drop:
    """A sample file, its key, the status it must reach and its landing bucket."""

    sample: str
    key: str
    expected: str
    bucket: str = names.LANDING_BUCKET
    version_id: str = ""
    dropped_at: float = 0.0


# The second wave lands after the first is loaded: of several waiting files of one type, a run takes the newest.
# Its readings replace one day of a slice, and its carriers end versions of a history.
WAVES = (
    [
        Drop("flights_2013.csv.zip", "flights/flights_2013.csv.zip", "Done"),
        Drop("weather_2013.csv.gz", "weather/weather_2013.csv.gz", "Done"),
        Drop("planes.jsonl", "planes/planes.jsonl", "Done"),
        Drop("airports.csv", "airports/airports.csv", "Done"),
        Drop("airlines.csv", "airlines/airlines.csv", "Done"),
        Drop("flights_2013_01.csv.gz", "delays/flights_2013_01.csv.gz", "Done"),
        Drop("flights_2013_01.csv.gz", "departures/flights_2013_01.csv.gz", "Done", names.PARTNERS_BUCKET),
        Drop("airlines.csv", "carriers/carriers_2013-01-01.csv", "Done"),
        Drop("readings_2013-01-01_to_03.csv.gz.pgp", "readings/readings_2013-01-01_to_03.csv.gz.pgp", "Done"),
        Drop("rejected/crew_roster.csv", "crew/crew_roster.csv", "Rejected"),
    ],
    [
        Drop("damaged/weather_2013_damaged.csv.gz", "weather/weather_2013_damaged.csv.gz", "Fail"),
        Drop("damaged/airports_damaged.csv", "airports/airports_damaged.csv", "Done"),
        Drop("carriers_2015-10-17.csv", "carriers/carriers_2015-10-17.csv", "Done"),
        Drop("readings_2013-01-02_again.csv.gz.pgp", "readings/readings_2013-01-02_again.csv.gz.pgp", "Done"),
    ],
)


def main() -> int:
    """Run the demo and return the exit status: 0 if every file reached its expected status."""
    os.environ.pop("AWS_PROFILE", None)
    config = Config.from_environment()
    started = time.monotonic()
    try:
        stack.up(config, lambda line: console.print(Text(line)))
    except StackError as error:
        console.print(Text(f"The local stack did not start: {error}", "red"))
        return 1
    sinks = [mail_directory(config), slack_directory(config)]
    seen = {path for sink in sinks for path in sink.glob("*")}
    drops = [drop for wave in WAVES for drop in watch_wave(config, wave)]
    rows = files_of(config, drops)
    show_history(config)
    show_slices(config)
    show_mart(config)
    show_tables(config)
    show_rejected_rows(config, drops)
    show_alerts(sinks, seen)
    show_addresses(config)
    wrong = [drop.key for drop in drops if rows.get(drop.version_id, ("",))[0] != drop.expected]
    console.print(
        Text(f"Wrong status: {', '.join(wrong)}" if wrong else "Every file reached its expected status.", "bold")
    )
    console.print(
        f"The demo took {time.monotonic() - started:.0f} s.  The stack is still running; `make down` stops it."
    )
    return 1 if wrong else 0


def watch_wave(config: Config, wave: list[Drop]) -> list[Drop]:
    """Upload the files and show their progress until each has its final status."""
    s3 = resources.session().client("s3", endpoint_url=config.aws_endpoint)
    for drop in wave:
        with (SAMPLES / drop.sample).open("rb") as file:
            answer = s3.put_object(Bucket=drop.bucket, Key=drop.key, Body=file)
        drop.version_id, drop.dropped_at = answer["VersionId"], time.time()
    with Live(console=console, refresh_per_second=4) as live:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            rows = files_of(config, wave)
            live.update(files_table(wave, rows))
            if len(rows) == len(wave) and all(row[0] in FINAL for row in rows.values()):
                break
            time.sleep(0.3)
    console.print()
    return wave


def files_table(drops: Sequence[Drop], rows: dict[str, tuple[Any, ...]]) -> Table:
    """Return a table with one line per file: its status and its row counts."""
    table = Table(Column("file", no_wrap=True), "status")
    for title in ("in file", "loaded", "rejected", "seconds"):
        table.add_column(title, justify="right")
    table.add_column("reason", overflow="fold", max_width=70)
    for drop in drops:
        status, in_file, loaded, rejected, moved_at, reason = rows.get(drop.version_id, ("landed", *[None] * 5))
        end = moved_at.replace(tzinfo=UTC).timestamp() if status in FINAL else time.time()
        counts = ["" if number is None else f"{number:,}" for number in (in_file, loaded, rejected)]
        seconds = f"{max(end - drop.dropped_at, 0):.1f}"
        file = drop.key if drop.bucket == names.LANDING_BUCKET else f"s3://{drop.bucket}/{drop.key}"
        table.add_row(Text(file), Text(status, STYLES.get(status, "")), *counts, seconds, Text(reason or ""))
    return table


def files_of(config: Config, drops: Sequence[Drop]) -> dict[str, tuple[Any, ...]]:
    """Return status, rows in file, loaded, rejected, time and reason by version id."""
    query = (
        "SELECT version_id, status, rows_in_file, rows_loaded, rows_rejected, status_at, status_reason "
        "FROM mng.files WHERE version_id IN %s"
    )
    return {row[0]: row[1:] for row in ask(config, query, (tuple(drop.version_id for drop in drops),))}


def show_tables(config: Config) -> None:
    """Print the number of rows in each table."""
    table = Table("table", "rows", title="Tables")
    tables = ask(config, "SELECT DISTINCT table_name FROM mng.files WHERE loaded_at IS NOT NULL ORDER BY 1", ())
    for (name,) in tables:
        ((count,),) = ask(config, f"SELECT COUNT(*) FROM {name}", ())  # noqa: S608 - our own table names
        table.add_row(name, f"{count:,}")
    console.print(table)


def show_history(config: Config) -> None:
    """Print the airlines that a later file lacks, of a table in mode history."""
    query = "SELECT name, _valid_from, _valid_to FROM lake.carriers WHERE _valid_to IS NOT NULL ORDER BY 1"
    table = Table("airline", "valid from", "valid to", title="History (lake.carriers)")
    for name, begin, end in ask(config, query, ()):
        table.add_row(name, f"{begin:%Y-%m-%d}", f"{end:%Y-%m-%d}")
    console.print(table)


def show_slices(config: Config) -> None:
    """Print the file of each day, of a table whose days are replaced one by one."""
    query = (
        "SELECT r.day, f.key, COUNT(*) FROM lake.readings r JOIN mng.files f "
        "ON f.loaded_at = r._loaded_at AND f.table_name = 'lake.readings' GROUP BY 1, 2 ORDER BY 1, 2"
    )
    table = Table("day of January 2013", "encrypted file", "rows", title="Slices (lake.readings)")
    for day, key, rows in ask(config, query, ()):
        table.add_row(str(day), key, str(rows))
    console.print(table)


def show_mart(config: Config) -> None:
    """Print the first rows of the mart that the example DAG builds, unless the example was removed."""
    if not MART_DAG.exists():
        return
    table = Table("airline", "flights", "late by more than 15 minutes", title="Mart (mart.carrier_delays)")
    for name, flights, share in mart_rows(config):
        table.add_row(name, f"{flights:,}", f"{share} %")
    console.print(table)


def mart_rows(config: Config) -> list[tuple[Any, ...]]:
    """Return the rows of the mart, once its DAG has built it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ask(config, "SELECT 1 FROM svv_tables WHERE table_schema = 'mart' AND table_name = 'carrier_delays'", ()):
        if time.monotonic() > deadline:
            return []
        time.sleep(0.5)
    return ask(
        config, "SELECT airline, flights, late_percent FROM mart.carrier_delays ORDER BY flights DESC LIMIT 5", ()
    )


def show_rejected_rows(config: Config, drops: Sequence[Drop]) -> None:
    """Print the rejected rows of the uploaded files."""
    query = (
        "SELECT f.key, e.line_number, e.column_name, e.raw_value, e.error_reason FROM mng.load_errors e "
        "JOIN mng.files f ON f.file_id = e.file_id WHERE f.version_id IN %s ORDER BY 1, 2"
    )
    table = Table("file", "line", "column", "value", "reason", title="Rejected rows (mng.load_errors)")
    for row in ask(config, query, (tuple(drop.version_id for drop in drops),)):
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    console.print(table)


def show_alerts(sinks: Sequence[Path], seen: set[Path]) -> None:
    """Print the e-mails and Slack messages that the sinks received; they arrive seconds after the end of the run."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and any(len(set(sink.glob("*")) - seen) < ALERTS for sink in sinks):
        time.sleep(0.5)
    mail, slack = ([path for path in sorted(sink.glob("*")) if path not in seen] for sink in sinks)
    for path in mail:
        console.print(Panel(Text(mail_text(path)), title=f"received e-mail: {path.name}"))
    for path in slack:
        console.print(Panel(_slack_text(path), title=f"received Slack message: {path.name}"))


def show_addresses(config: Config) -> None:
    """Print the addresses of the stack."""
    table = Table("what", "where", "how", title="Addresses")
    for row in stack.addresses(config):
        table.add_row(*row)
    port = config.ports.redshift
    table.add_row("SQL", f"psql postgresql://lakeport:lakeport@{HOST}:{port}/lakeport", "or ./lakeport status, errors")
    console.print(table)


def ask(config: Config, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Run a query in the Redshift stand-in."""
    with _session(config).cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


@cache
def _session(config: Config) -> connection:
    """Open one session: the demo asks several times a second, and each session takes longer than its query."""
    opened = warehouse.connect(config)
    opened.autocommit = True
    return opened


def mail_text(path: Path) -> str:
    """Return an e-mail as text: recipients, subject, and its part in plain text."""
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = message.get_body(("plain",))
    text = body.get_content().strip() if body else ""
    return f"To: {message['To']}\nSubject: {message['Subject']}\n\n{text}"


def _slack_text(path: Path) -> Text:
    message = json.loads(path.read_text())
    return Text(f"{message.get('channel', '')} {unescape(message['text'])}")


if __name__ == "__main__":
    sys.exit(main())
