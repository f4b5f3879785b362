"""The parts of mng that need no database: values that a column can store, files that pass from task to task."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from lakeport.mng.file_records import clipped
from lakeport.model import CopySource, RegisteredFile

FILE = RegisteredFile(
    "f1",
    "landing",
    "trips/für\n{{ x }}.csv",
    "v1",
    "etag",
    2**40,
    datetime(2013, 1, 1, 10, 0, 0, 123),  # noqa: DTZ001
)


@pytest.mark.parametrize("file", [FILE, RegisteredFile("f", "b", "k", None, "", 0, datetime(2013, 1, 1))])  # noqa: DTZ001
def test_file_comes_back_from_its_xcom(file: RegisteredFile) -> None:
    assert RegisteredFile.from_xcom(json.loads(json.dumps(file.to_xcom()))) == file


def test_file_is_read_by_its_registered_version() -> None:
    assert FILE.source("gzip") == CopySource("landing", FILE.key, "v1", 2**40, "gzip")
    assert FILE.source().compression == "none"


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        (None, 10, None),
        ("", 10, ""),
        ("Bern", 10, "Bern"),
        ("Bern", 4, "Bern"),
        ("Bern", 3, "Ber"),
        ("Zürich", 2, "Z"),
        ("Zürich", 3, "Zü"),
        ("🛫🛫", 7, "🛫"),
        ("a\0b", 10, "a\\0b"),
        ("\ud800", 10, "\\ud800"),
        ("\0" * 10, 5, "\\0\\0\\"),
    ],
)
def test_text_is_cut_to_the_length_of_a_column(text: str | None, limit: int, kept: str | None) -> None:
    """Redshift counts bytes, and stores neither NUL nor half a surrogate."""
    assert clipped(text, limit) == kept
    assert kept is None or len(kept.encode()) <= limit
