"""Every format and compression on its whole way: prepared where COPY cannot read it, loaded, rejected rows kept."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lakeport import preparing, settings
from lakeport.errors import TooManyRejects, UnloadableFile
from lakeport.file_type import FileType
from lakeport.loading import FileLoad
from tests.integration.conftest import make_file_type

Query = Callable[..., list[tuple[Any, ...]]]
Bring = Callable[..., FileLoad]

GOOD = b"id,city,price\n1,Bern,2.50\n2,Oslo,\n"
ROWS = [(1, "Bern", "2.50"), (2, "Oslo", None)]


@pytest.fixture
def bring(prepare_load: Callable[..., FileLoad]) -> Bring:
    """Bring a file as far as copy_to_table, prepared as its DAG would."""

    def run(file_type: FileType, body: bytes) -> FileLoad:
        load = prepare_load(file_type, body)
        if not file_type.format.is_prepared:
            return load
        bucket, prefix = settings.work_bucket(), f"prepared/{load.file.file_id}"
        key = preparing.prepare(load.s3, file_type.format, load.sources[0], bucket, prefix)
        return replace(load, sources=preparing.listed(load.s3, bucket, key))

    return run


def rows_of(query: Query, file_type: FileType) -> list[tuple[Any, ...]]:
    rows = query(f"SELECT id, city, price FROM {file_type.table.name} ORDER BY id")  # noqa: S608
    return [(*row[:2], row[2] if row[2] is None else str(row[2])) for row in rows]


def rejected_rows(query: Query, load: FileLoad) -> list[tuple[Any, ...]]:
    text = "SELECT line_number, column_name, raw_value, raw_line, error_reason FROM mng.load_errors WHERE file_id = %s"
    return sorted(query(text, (load.file.file_id,)))


def packed(members: dict[str, bytes], compression: str) -> bytes:
    file = io.BytesIO()
    if compression == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return file.getvalue()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(file.getvalue()) if compression == "tar.gz" else file.getvalue()


@pytest.mark.parametrize("compression", ["zip", "tar", "tar.gz"])
def test_members_of_an_archive_are_one_load(bring: Bring, query: Query, compression: str) -> None:
    file_type = make_file_type(format={"type": "csv", "header_lines": 1, "compression": compression, "member": "d/*"})
    members = {"d/a.csv": b"id,city,price\n1,Bern,2.50\n", "d/b.csv": b"ID,City,Price\n2,Oslo,\n", "c": b"other"}

    done = bring(file_type, packed(members, compression)).run()

    assert (done.rows_loaded, rows_of(query, file_type)) == (2, ROWS)


def test_rejected_rows_are_those_of_their_member(bring: Bring, query: Query) -> None:
    file_type = make_file_type(format={"type": "csv", "header_lines": 1, "compression": "zip"}, rejects={"fail": 2})
    bad = {"a.csv": GOOD + b"three,Rome,1\n", "d/b.csv": b"id,city,price\n4,Lima,1\nfive,Riga,2\n"}
    load = bring(file_type, packed(bad, "zip"))

    done = load.run()

    assert (done.rows_loaded, done.rows_rejected) == (3, 2)
    assert [row[:4] for row in rejected_rows(query, load)] == [
        (3, "id", "five", "five,Riga,2"),
        (4, "id", "three", "three,Rome,1"),
    ]
    assert [row[4].split(": ")[0] for row in rejected_rows(query, load)] == ["d/b.csv", "a.csv"]


def test_too_many_rejects_of_any_member_leave_nothing(bring: Bring, query: Query) -> None:
    file_type = make_file_type(format={"type": "csv", "compression": "zip"})

    with pytest.raises(TooManyRejects, match="1 of 2 rows were rejected"):
        bring(file_type, packed({"a.csv": b"1,Bern,2\n", "b.csv": b"x,Oslo,\n"}, "zip")).run()

    assert rows_of(query, file_type) == []


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        (b"city,id,price\nOslo,2,\n", "the headers of a.csv and b.csv differ; all must have the same order"),
        (b"id,town,price\n2,Oslo,\n", "missing: city; not in the schema: town"),
        (b"", "b.csv has no line 1, which should name its columns"),
    ],
)
def test_headers_of_members_must_agree(bring: Bring, query: Query, second: bytes, problem: str) -> None:
    file_type = make_file_type(format={"type": "csv", "header_lines": 1, "compression": "zip"})

    with pytest.raises(UnloadableFile, match=problem):
        bring(file_type, packed({"a.csv": GOOD, "b.csv": second}, "zip")).run()

    assert rows_of(query, file_type) == []
