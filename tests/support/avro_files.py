"""Avro files made in memory."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import fastavro

NULL_OR_TEXT = ["null", "string"]


TRIP: dict[str, tuple[Any, ...]] = {
    "id": ("long", 1, 2),
    "City": (NULL_OR_TEXT, "Zürich", None),
    "stops": (["int", "null"], 3, 4),
    "day": ({"type": "int", "logicalType": "date"}, date(2013, 1, 31), date(2013, 2, 1)),
    "at": ({"type": "long", "logicalType": "timestamp-millis"}, *[datetime(2013, 1, 31, 10, tzinfo=UTC)] * 2),
    "seen": (["null", {"type": "long", "logicalType": "timestamp-micros"}], None, datetime(2013, 1, 31, tzinfo=UTC)),
    "price": ({"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}, Decimal("1.50"), Decimal(2)),
    "kind": ({"type": "enum", "name": "kind", "symbols": ["A", "B"]}, "A", "B"),
    "tags": ({"type": "array", "items": "string"}, ["x"], []),
    "either": (["int", "string"], 1, "a"),
    "share": (["null", "int", "double"], 1, 0.5),
    "open": ("boolean", True, False),
}


def avro(fields: dict[str, tuple[Any, ...]], codec: str = "null") -> bytes:
    schema = {"type": "record", "name": "r", "fields": [{"name": n, "type": each[0]} for n, each in fields.items()]}
    file = io.BytesIO()
    fastavro.writer(file, schema, [{name: each[row] for name, each in fields.items()} for row in (1, 2)], codec)
    return file.getvalue()
