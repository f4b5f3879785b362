"""Parquet and ORC files made in memory."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.orc as pa_orc
import pyarrow.parquet as pq


def columnar(kind: str, columns: Mapping[str, Any], **options: Any) -> bytes:
    file = io.BytesIO()
    table = pa.table(
        {name: value if isinstance(value, pa.Array) else pa.array(value) for name, value in columns.items()}
    )
    pq.write_table(table, file, **options) if kind == "parquet" else pa_orc.write_table(table, file)
    return file.getvalue()
