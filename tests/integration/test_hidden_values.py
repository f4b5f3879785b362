"""With rejects.show: false, no message names a value of a row: alerts, the page and logs are made of messages."""

from __future__ import annotations

import errno
import gzip
import io
import traceback
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

import fastavro
import psycopg2
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException

from lakeport.airflow.tasks import retried_if_worth_it
from lakeport.alerts.runbook import Family, family_of
from lakeport.errors import UnloadableFile
from lakeport.preparing.json_arrays import objects_of
from lakeport.preparing.prepare import converted
from lakeport.preparing.records import records_of
from lakeport.redshift.error_texts import text_of
from tests.integration.world import HEADER, World
from tests.support.archives import zipped
from tests.support.workbooks import workbook

SECRET = "42424"


def damaged_avro() -> bytes:
    """Return a file with a text that is not UTF-8."""
    fields = [{"name": name, "type": kind} for name, kind in {"id": "int", "city": "string", "price": "double"}.items()]
    body = io.BytesIO()
    fastavro.writer(
        body, {"type": "record", "name": "trip", "fields": fields}, [{"id": 1, "city": "42424zz", "price": 1.5}]
    )
    return body.getvalue().replace(b"zz", b"\xff\xfe")


ID = {"name": "id", "type": "integer", "required": True}
TEXT = {"name": "city", "type": "varchar(8)"}
PRICE = {"name": "price", "type": "decimal(8,2)"}
DAY = {"name": "day", "type": "date", "required": True}
ROW = HEADER + b"1,42424,1\n"
CASES: dict[str, tuple[dict[str, Any], bytes]] = {
    "duplicate key": ({"table": {"mode": "merge", "key": ["id"]}}, HEADER + b"42424,Bern,1\n42424,Oslo,1\n"),
    "two versions": (
        {"table": {"mode": "history", "key": ["id"], "history": {"from": "day"}}, "columns": [ID, DAY, TEXT]},
        b"id,day,city\n42424,2026-01-01,Bern\n42424,2026-01-01,Oslo\n",
    ),
    "another slice": ({"table": {"mode": "slice", "slice": {"from": "captured"}}}, ROW),
    "lossy value": (
        {"format": {"type": "json"}, "columns": [ID, TEXT, PRICE]},
        b'{"id": 1,\n"price": 1.5}\n{"id": 2, "price": 42424.999}\n',
    ),
    "deletes": ({"table": {"mode": "merge", "key": ["id"], "deletes": "city::date = '2026-01-01'"}}, ROW),
    "row in place of the header": ({}, b"1,42424,1\n"),
    "header of two lines": ({}, b'id,city,"42424\nprice"\n1,Bern,1\n'),
    "column that cannot be added": ({"drift": "add"}, b"id,city,price,42424\n1,Bern,1,1\n"),
    "damaged Avro file": ({"format": {"type": "avro"}, "columns": [ID, TEXT, PRICE]}, damaged_avro()),
    "check": ({"checks": ["city::date > '2026-01-01'"]}, ROW),
}


@pytest.mark.parametrize("case", CASES)
def test_a_message_names_values_only_if_the_schema_shows_them(world: World, case: str) -> None:
    changes, body = CASES[case]
    suffix = changes.get("format", {}).get("type", "csv")
    landing = {"landing": {"pattern": f"{world.name}/{{city}}_*.{suffix}", "select": "all"}}
    for show in (True, False):
        world.write_schema(rejects={"show": show}, **landing, **changes)
        with pytest.raises(UnloadableFile) as raised:
            world.load(body, f"Bern_{show}.{suffix}")
        message = str(raised.value)
        assert (SECRET in message, "rejects.show is false" in message) == (show, not show), message


@pytest.mark.parametrize("read", [objects_of, records_of])
def test_what_is_wrong_with_json_is_shown_with_its_place_only_if_the_schema_shows_values(
    world: World, read: Callable[..., Iterable[object]]
) -> None:
    for show in (True, False):
        world.write_schema(rejects={"show": show}, format={"type": "json"}, columns=[ID, TEXT, PRICE])
        with pytest.raises(UnloadableFile) as raised:
            list(read(io.BytesIO(b'[{"city": "42424", id: 1}]'), world.file_type, "trips.json"))
        message = str(raised.value)
        assert (SECRET in message, "rejects.show is false" in message) == (show, not show), message


def test_what_is_wrong_with_a_workbook_is_shown_only_if_the_schema_shows_values(world: World) -> None:
    with zipfile.ZipFile(io.BytesIO(workbook([["id"], [42424]]))) as book:
        parts = {name: book.read(name).replace(b"<v>42424<", b"<v>42424x<") for name in book.namelist()}
    for show in (True, False):
        world.write_schema(rejects={"show": show}, format={"type": "xlsx"}, columns=[ID])
        with pytest.raises(UnloadableFile) as raised:
            converted(io.BytesIO(zipped(parts)), world.file_type, "trips.xlsx").read(1)
        message = str(raised.value)
        assert (SECRET in message, "rejects.show is false" in message) == (show, not show), message


def test_the_text_of_an_error_of_redshift_has_its_message_only_if_the_schema_shows_values(world: World) -> None:
    with pytest.raises(AirflowFailException) as raised, retried_if_worth_it():
        world.query(f"SELECT '{SECRET}'::date")
    visible = text_of(raised.value, world.file_type)
    world.write_schema(rejects={"show": False})
    hidden = text_of(raised.value, world.file_type)
    assert (SECRET in visible, SECRET in hidden, "rejects.show is false" in hidden) == (True, False, True)

    with pytest.raises(AirflowFailException) as raised, retried_if_worth_it(world.file_type):
        world.query(f"SELECT '{SECRET}'::date")
    assert (str(raised.value), family_of(raised.value)) == (hidden, Family.REDSHIFT)
    assert SECRET not in logged(raised.value)
    with pytest.raises(AirflowException) as passing, retried_if_worth_it(world.file_type):
        raise ValueError(SECRET)
    assert (type(passing.value), SECRET in logged(passing.value)) == (AirflowException, False)

    own = UnloadableFile("trips.csv: transforms/trips.sql failed")
    own.__cause__ = raised.value.__cause__
    assert text_of(own, world.file_type) == "trips.csv: transforms/trips.sql failed"


def test_the_text_of_an_error_that_names_no_value_is_shown(world: World) -> None:
    """Nothing else has it: the log of the task has the same text."""
    world.write_schema(rejects={"show": False})
    with pytest.raises(AirflowFailException) as missing, retried_if_worth_it(world.file_type):
        world.query(f"SELECT '{SECRET}' FROM lake.nowhere")  # noqa: S608 - as a statement with a value of a row
    assert str(missing.value) == 'relation "lake.nowhere" does not exist'
    for error in (
        psycopg2.OperationalError("the connection was lost"),
        psycopg2.InternalError("S3ServiceException:Access Denied,Status 403"),
        OSError(errno.ENOSPC, "No space left on device"),
        AirflowNotFoundException("The conn_id `redshift` isn't defined"),
    ):
        assert text_of(error, world.file_type) == str(error)
    assert SECRET not in text_of(gzip.BadGzipFile(SECRET), world.file_type)


def logged(error: BaseException) -> str:
    """Return an error with all errors that a log shows with it."""
    return "".join(traceback.format_exception(error))
