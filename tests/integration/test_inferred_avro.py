"""What infer makes of Avro's logical types, nested values and unions is what a load then stores."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.callables import Bring
from tests.support.avro_files import TRIP, avro
from tests.support.drafts import draft_of


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy"])
def test_every_kind_of_avro_value_loads_by_its_inferred_schema(
    tmp_path: Path, bring: Bring, query: Callable[..., list[tuple[Any, ...]]], codec: str
) -> None:
    path = tmp_path / "trips.avro"
    path.write_bytes(avro(TRIP, codec))
    _, file_type = draft_of(path)

    done = bring(file_type, path.read_bytes(), name=path.name).run()

    assert (done.rows_loaded, done.rows_rejected) == (2, 0)
    columns = "id, city, stops, day, at, seen, kind, JSON_SERIALIZE(tags), either, share, open"
    first, second = query(f"SELECT {columns} FROM {file_type.table.name} ORDER BY id")  # noqa: S608
    at, micros = dt.datetime(2013, 1, 31, 10), 1_359_590_400_000_000  # noqa: DTZ001 - a TIMESTAMP has no zone
    assert (*first[:7], json.loads(first[7]), *first[8:]) == (1, "Zürich", 3, 15736, at, None, "A", ["x"], "1", 1, True)
    assert (*second[:7], json.loads(second[7]), *second[8:]) == (
        2,
        None,
        4,
        15737,
        at,
        micros,
        "B",
        [],
        "a",
        0.5,
        False,
    )
