"""Files with several record types, as banks send them: only data lines are rows, each with its line in the file."""

from __future__ import annotations

from typing import Any

import pytest

from lakeport.errors import TransformFailed, UnloadableFile
from lakeport.loading.files_to_load import FileToLoad
from lakeport.loading.many_files import BatchLoad
from local.config import REPOSITORY
from tests.integration.callables import Bring, Query
from tests.integration.file_types import make_file_type
from tests.integration.test_keys import FOLDER

COLUMNS: list[dict[str, Any]] = [
    {"name": "record", "type": "char(1)", "width": 1},
    {"name": "account", "type": "bigint", "width": 6},
    {"name": "amount", "type": "decimal(8,2)", "width": 8},
    {"name": "text", "type": "varchar(20)", "width": 8},
]
COLUMNS_OF_CSV = [{name: value for name, value in column.items() if name != "width"} for column in COLUMNS]
LINES = {"H": "skip", "D": "data", "T": "skip"}
FIXED = (
    b"HBANK OF EXAMPLE  20260102\r\n"
    b"D00001700012.50coffee  \r\n"
    b"D000018-0007.25refund  \r\n"
    b"C a comment that nobody announced\r\n"
    b"D0000x900001.00typo    \r\n"
    b"D0000200001.255tail    \r\n"
    b"T000004\r\n"
)
CSV = b'H,20260102\nD,17,12.50,"first\nD,line"\nQ,1\nD,x9,1,typo\nD,20,1.255,cut\nD,21,3,last\nT,4\n'


def rejected(query: Query, file_id: str) -> list[tuple[Any, ...]]:
    text = "SELECT line_number, column_name, raw_line FROM mng.load_errors WHERE file_id = %s ORDER BY 1"
    return query(text, (file_id,))


def rows(query: Query, table: str) -> list[tuple[Any, ...]]:
    found = query(f"SELECT account, amount, text FROM {table} ORDER BY account")  # noqa: S608
    return [(account, str(amount), text) for account, amount, text in found]


def test_fixed_width_file_of_a_bank_is_loaded(bring: Bring, query: Query) -> None:
    """The rejects of all three witnesses have their lines: unknown prefix, COPY, and a value that COPY would cut."""
    file_type = make_file_type(
        format={"type": "fixed_width", "lines": LINES, "trimblanks": True}, columns=COLUMNS, rejects={"fail": 3}
    )
    load = bring(file_type, FIXED)

    done = load.run()

    assert (done.rows_in_file, done.rows_loaded, done.rows_rejected) == (5, 2, 3)
    assert rows(query, file_type.table.name) == [(17, "12.50", "coffee"), (18, "-7.25", "refund")]
    assert [row[:2] for row in rejected(query, load.file.file_id)] == [(4, ""), (5, "account"), (6, "amount")]
    assert [row[2][:9] for row in rejected(query, load.file.file_id)] == ["C a comme", "D0000x900", "D00002000"]


def test_csv_in_utf16_with_rows_of_several_lines_is_loaded(bring: Bring, query: Query) -> None:
    format_ = {"type": "csv", "lines": LINES, "encoding": "utf16"}
    file_type = make_file_type(format=format_, columns=COLUMNS_OF_CSV, rejects={"fail": 3})
    load = bring(file_type, CSV.decode().encode("utf-16"))

    done = load.run()

    assert (done.rows_in_file, done.rows_loaded, done.rows_rejected) == (5, 2, 3)
    assert rows(query, file_type.table.name) == [(17, "12.50", "first\nD,line"), (21, "3.00", "last")]
    assert rejected(query, load.file.file_id) == [
        (4, "", "Q,1"),
        (5, "account", "D,x9,1,typo"),
        (6, "amount", "D,20,1.255,cut"),
    ]


def test_python_function_gets_only_data_lines(bring: Bring, query: Query, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEPORT_TRANSFORMS", str(FOLDER / "transforms"))
    file_type = make_file_type(
        format={"type": "csv", "lines": LINES},
        columns=COLUMNS_OF_CSV,
        transform={"python": "shout:same"},
        rejects={"fail": 3},
    )
    load = bring(file_type, CSV)

    done = load.run()

    assert (done.rows_in_file, done.rows_loaded, done.rows_rejected) == (5, 2, 3)
    assert [row[:2] for row in rejected(query, load.file.file_id)] == [(4, ""), (5, "account"), (6, "amount")]


def test_file_whose_rows_differ_from_its_trailer_is_not_loaded(
    bring: Bring, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a function that reads all lines, as docs/formats.md has it."""
    monkeypatch.setenv("LAKEPORT_TRANSFORMS", str(FOLDER / "transforms"))
    source = (FOLDER / "transforms" / "bank.py").read_text()
    assert source[source.index("def complete") :] in (REPOSITORY / "docs" / "formats.md").read_text()
    file_type = make_file_type(
        format={"type": "fixed_width", "lines": LINES, "trimblanks": True},
        columns=COLUMNS,
        transform={"python": "bank:complete", "takes": "file"},
    )
    bank = b"HBANK OF EXAMPLE  20260102\nD00001700012.50coffee  \nD000018-0007.25refund  \n"

    assert bring(file_type, bank + b"T0000020000000525\n").run().rows_loaded == 2
    with pytest.raises(TransformFailed, match="the trailer is 0000030000000525, but 2 rows have 525 cents"):
        bring(file_type, bank + b"T0000030000000525\n")

    assert rows(query, file_type.table.name) == [(17, "12.50", "coffee"), (18, "-7.25", "refund")]


def test_files_of_one_copy_keep_their_own_rejected_lines(bring: Bring, query: Query) -> None:
    file_type = make_file_type(
        format={"type": "csv", "lines": LINES}, columns=COLUMNS_OF_CSV, rejects={"fail": 3}, lossy="allow"
    )
    loads = [bring(file_type, CSV.replace(b"D,x9", b"Q,\nD,x9"), name="a.csv"), bring(file_type, CSV, name="b.csv")]
    files = tuple(FileToLoad(load.file, load.sources) for load in loads)

    BatchLoad(file_type, files, loads[0].by, loads[0].warehouse, loads[0].s3).run()

    found = [[row[0] for row in rejected(query, load.file.file_id)] for load in loads]
    assert found == [[4, 5, 6], [4, 5]]
    counts = "SELECT rows_in_file, rows_loaded, rows_rejected FROM mng.files WHERE file_type = %s ORDER BY key"
    assert query(counts, (file_type.name,)) == [(6, 3, 3), (5, 3, 2)]


def test_header_and_trailer_are_skipped_by_number(bring: Bring, query: Query) -> None:
    format_ = {"type": "csv", "header_lines": 2, "trailer_lines": 1}
    file_type = make_file_type(format=format_, columns=COLUMNS_OF_CSV[1:])
    load = bring(file_type, b"Report of today\naccount,amount,text\n17,1,a\n18,2,b\nEnd of report, 2 rows\n")
    assert load.run().rows_loaded == 2
    assert rows(query, file_type.table.name) == [(17, "1.00", "a"), (18, "2.00", "b")]
    cut = make_file_type(format=format_, columns=COLUMNS_OF_CSV[1:])
    with pytest.raises(UnloadableFile, match="has 1 line,"):
        bring(cut, b"Report of today\n")
