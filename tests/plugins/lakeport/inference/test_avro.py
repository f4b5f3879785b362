"""The fields of an Avro schema become columns with the types that COPY reads; it ignores logical types."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakeport.errors import SampleError
from lakeport.inference.infer import Draft, infer
from lakeport.schema.file_type import FileType
from tests.support.archives import packed
from tests.support.avro_files import TRIP, avro
from tests.support.golden import raises_golden


@pytest.fixture
def drafted(tmp_path: Path) -> Callable[..., Draft]:
    def of(data: bytes, name: str = "trips.avro") -> Draft:
        (tmp_path / name).write_bytes(data)
        return infer(tmp_path / name)

    return of


def test_types_come_from_the_avro_schema(drafted: Callable[..., Draft]) -> None:
    draft = drafted(avro(TRIP))

    assert {column.name: (column.type, column.is_required) for column in draft.columns} == {
        "id": ("bigint", True),
        "city": ("varchar(16)", False),
        "stops": ("integer", False),
        "day": ("integer", True),
        "at": ("timestamp", True),
        "seen": ("bigint", False),
        "kind": ("varchar(8)", True),
        "tags": ("super", True),
        "either": ("varchar(8)", True),
        "share": ("double precision", False),
        "open": ("boolean", True),
    }
    assert draft.format == {"type": "avro", "timeformat": "epochmillisecs", "ignorecase": True}


def test_record_that_contains_itself_is_nested(drafted: Callable[..., Draft]) -> None:
    fields = [{"name": "value", "type": "long"}, {"name": "next", "type": ["null", "node"]}]
    file = io.BytesIO()
    fastavro.writer(file, {"type": "record", "name": "node", "fields": fields}, [{"value": 1, "next": {"value": 2}}])

    assert [column.type for column in drafted(file.getvalue()).columns] == ["bigint", "super"]


def test_fields_that_copy_does_not_read_are_noted(drafted: Callable[..., Draft]) -> None:
    draft = drafted(avro(TRIP))

    [left_out] = draft.notes
    assert left_out.startswith("column price is left out")
    assert {column.name: column.note for column in draft.columns if column.note} == {
        "day": "days since 1970-01-01: COPY ignores Avro's logical type date",
        "at": "in UTC",
        "seen": "microseconds since 1970-01-01: COPY ignores Avro's logical type timestamp-micros",
        "either": "text, because its values have several types",
    }


def test_texts_become_dates_but_not_times_if_there_are_milliseconds(drafted: Callable[..., Draft]) -> None:
    """One TIMEFORMAT applies to all columns."""
    texts: dict[str, tuple[Any, ...]] = {
        "day": ("string", "2013-01-31", "2013-02-01"),
        "time": ("string", *["2013-01-31 10:00:00"] * 2),
    }

    assert [column.type for column in drafted(avro(texts)).columns] == ["date", "timestamp"]
    assert [column.type for column in drafted(avro({**texts, "at": TRIP["at"]})).columns] == [
        "date",
        "varchar(32)",
        "timestamp",
    ]


def test_avro_is_read_from_an_archive_but_not_from_gzip(drafted: Callable[..., Draft]) -> None:
    data = avro({"id": TRIP["id"]})

    assert drafted(packed({"trips.avro": data}, "zip"), "trips.avro.zip").format["compression"] == "zip"
    with raises_golden(SampleError, "inference", "Avro in gzip", "trips.avro.gz", "gzip"):
        drafted(gzip.compress(data), "trips.avro.gz")


def test_file_without_a_column_to_load_is_refused(drafted: Callable[..., Draft]) -> None:
    with raises_golden(SampleError, "inference", "no column to load", "trips.avro", "column price"):
        drafted(avro({"price": TRIP["price"]}))


def test_codec_that_copy_does_not_read_is_refused(drafted: Callable[..., Draft]) -> None:
    with raises_golden(SampleError, "inference", "codec of Avro", "trips.avro", "zstandard", "deflate or snappy"):
        drafted(avro({"id": TRIP["id"]}, "zstandard"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_file_is_a_schema_or_a_sample_error(drafted: Callable[..., Draft], data: st.DataObject) -> None:
    whole = bytearray(avro(TRIP))
    for at in data.draw(st.lists(st.integers(4, len(whole) - 1), min_size=1, max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    try:
        draft = drafted(bytes(whole[: data.draw(st.integers(4, len(whole)))]))
    except SampleError as error:
        assert "trips.avro" in str(error)
    else:
        FileType.model_validate(
            {"name": "trips", "description": "x", "owner": "x", "landing": {"pattern": "trips/*.avro"}}
            | {"format": draft.format, "columns": [{"name": c.name, "type": c.type} for c in draft.columns]}
        )
