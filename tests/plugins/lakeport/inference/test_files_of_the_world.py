"""Files as the world sends them: the schema keeps every value, or the draft lists what it cannot solve."""

from __future__ import annotations

import gzip
from pathlib import Path

import openpyxl
import pytest

from lakeport.errors import SampleError
from lakeport.inference.draft import Draft
from tests.support.drafts import inferred, types
from tests.support.golden import raises_golden


def notes(draft: Draft) -> dict[str, str]:
    return {column.name: column.note for column in draft.columns}


def test_times_in_utc_leave_room_for_offsets(tmp_path: Path) -> None:
    draft = inferred(tmp_path, "id,at\n1,2024-03-31T01:30:00Z\n2,2024-10-27T01:30:00.123Z\n")

    assert types(draft)["at"] == "timestamptz"
    assert "UTC" in notes(draft)["at"]


@pytest.mark.parametrize("time", ["2024-01-01 10:00:00.1234567", "2024-01-01 10:00:00.123456789Z"])
def test_time_with_more_digits_than_microseconds_is_text(tmp_path: Path, time: str) -> None:
    assert types(inferred(tmp_path, f"id,at\n1,{time}\n2,{time}\n"))["at"].startswith("varchar")


@pytest.mark.parametrize(
    "rows",
    [
        "artikel;preis;menge\nA1;1.234,56;1.000\nB2;99,90;12\nC3;-5,00;3.500\n",
        "sku;preis;menge\nA;1,50;1.000\nB;2,75;2.500\nC;10,00;12.000\n",
        "sku;kind;menge\nA;x;1.000\nB;y;12\nC;z;3.500\n",
    ],
)
def test_dots_between_thousands_are_not_decimal_points(tmp_path: Path, rows: str) -> None:
    draft = inferred(tmp_path, rows)

    assert types(draft)["menge"] == "varchar(8)"
    assert "thousands separators" in notes(draft)["menge"]


def test_dots_that_may_be_thousands_separators_are_a_guess(tmp_path: Path) -> None:
    draft = inferred(tmp_path, "sku,weight\nA,1.250\nB,2.500\nC,12.125\n")

    assert types(draft)["weight"].startswith("decimal")
    assert "a guess" in notes(draft)["weight"]


def test_decimal_points_elsewhere_in_the_column_are_evidence(tmp_path: Path) -> None:
    draft = inferred(tmp_path, "sku,weight\nA,1.250\nB,0.5\nC,12.125\n")

    assert (types(draft)["weight"], notes(draft)["weight"]) == ("decimal(9,5)", "")


@pytest.mark.parametrize(
    "values",
    [
        ["5001173100E7", "1234567890E1", "12E3"],
        ["+4915112345678", "+33612345678"],
        ["+1", "+2"],
        ["00501", "02134"],
        ["123456789012345678901234567890123456789012", "1"],
    ],
)
def test_codes_that_look_like_numbers_stay_text(tmp_path: Path, values: list[str]) -> None:
    draft = inferred(tmp_path, "x,other\n" + "".join(f"{value},a\n" for value in values))

    assert types(draft)["x"].startswith("varchar")


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (["+5", "-3"], "smallint"),
        (["1.5e3", "2"], "double precision"),
        (["1e+20", "3"], "double precision"),
        (["1e-7", "0.5"], "double precision"),
        (["0.30000000000000004", "1.5"], "double precision"),
        (["0.123456789012345678901", "1.5"], "decimal(22,21)"),
        (["1e400", "1.5e3"], "varchar(8)"),
        (["1.5", "inf", "NaN"], "double precision"),
        (["1.5", "-Infinity", "nan"], "double precision"),
    ],
)
def test_numbers_stay_numbers(tmp_path: Path, values: list[str], type_: str) -> None:
    draft = inferred(tmp_path, "x,other\n" + "".join(f"{value},a\n" for value in values))

    assert types(draft)["x"] == type_
    assert "null_as" not in draft.format


def test_null_marker_that_is_a_code_in_another_column_is_not_used(tmp_path: Path) -> None:
    draft = inferred(tmp_path, "id,country,pop\n1,NA,5\n2,NO,NA\n3,SE,7\n")

    assert "null_as" not in draft.format
    assert types(draft)["pop"].startswith("varchar")
    assert notes(draft)["country"].startswith("NA is kept")


def test_null_marker_of_text_columns_only_is_not_used(tmp_path: Path) -> None:
    draft = inferred(tmp_path, "id,damage,kind\n1,None,a\n2,None,b\n3,Minor,c\n")

    assert "null_as" not in draft.format
    assert "null_as" in notes(draft)["damage"]


def test_null_marker_of_a_typed_column_is_noted_in_each_column_of_text(tmp_path: Path) -> None:
    draft = inferred(tmp_path, "id,city,pop\n1,NA,5\n2,Oslo,NA\n3,Bern,7\n")

    assert draft.format["null_as"] == "NA"
    assert notes(draft)["city"] == "NA becomes NULL here, too"
    assert "a guess" in draft.format_notes["null_as"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separator_line_of_excel_is_skipped(tmp_path: Path, end: str) -> None:
    rows = "".join(f"{number};{number * 5}{end}" for number in range(11))
    draft = inferred(tmp_path, f"sep=;{end}id;amount{end}{rows}")

    assert (draft.format["header_lines"], draft.format["delimiter"]) == (2, ";")
    assert (list(types(draft)), draft.rows, draft.unsolved) == (["id", "amount"], 11, ())


@pytest.mark.parametrize("rows", [2, 10])
def test_delimiter_after_the_last_field_of_each_row_makes_no_column(tmp_path: Path, rows: int) -> None:
    draft = inferred(tmp_path, "a,b,c\n" + "".join(f"{row},2,x{row},\n" for row in range(rows)))

    assert (draft.format["type"], draft.format["delimiter"]) == ("delimited", ",")
    assert (list(types(draft)), draft.rows, draft.unsolved) == (["a", "b", "c"], rows, ())


def test_preamble_as_wide_as_the_table_is_skipped(tmp_path: Path) -> None:
    for blank in ("", "\n"):
        draft = inferred(tmp_path, f"Report: Sales\nGenerated,2024-01-01\n{blank}id,amount\n1,10\n2,20\n3,30\n")
        assert list(types(draft)) == ["id", "amount"]
        assert (draft.rows, draft.unsolved) == (3, ())


def test_preamble_of_two_fields_above_a_table_with_a_trailing_delimiter_is_skipped(tmp_path: Path) -> None:
    head = "Vendor\tTest\nStart\t06/02/2024\nEnd\t06/29/2024\n"
    draft = inferred(tmp_path, f"{head}Day\tSku\tUnits\n06/19/2024\tmonthly\t1\t\n06/14/2024\tmonthly\t2\t\n")

    assert types(draft) == {"day": "date", "sku": "varchar(16)", "units": "smallint"}
    assert (draft.format["header_lines"], draft.unsolved) == (4, ())


def test_row_with_an_unusual_value_is_not_taken_for_the_header(tmp_path: Path) -> None:
    for rows in ("name,score\nBob,unknown\nAl,3\nCy,4\n", "Bob,2\nAl,unknown\nCy,4\nDi,5\n"):
        assert inferred(tmp_path, rows).rows >= 3


def test_dates_without_a_header_are_all_rows(tmp_path: Path) -> None:
    draft = inferred(tmp_path, '"Dec 8, 2022"\n"Sep 26, 2022"\n"Aug 31, 2022"\n')

    assert (draft.rows, types(draft)) == (3, {"column_1": "date"})


def test_long_header_word_is_shortened_and_kept_as_header(tmp_path: Path) -> None:
    word = "Do you think that commas matter, and if so, how much do they matter to you? " * 2
    draft = inferred(tmp_path, f'RespondentID,"{word}"\n3292953864,Yes\n3292953865,No\n')

    assert len(draft.columns[1].name) <= 63
    assert (draft.columns[1].header, draft.rows, draft.unsolved) == (word, 2, ())


def test_bytes_in_the_header_alone_show_the_encoding(tmp_path: Path) -> None:
    draft = inferred(tmp_path, b"Bank Name\xa0,City\xa0,Gr\xf6\xdfe\nCitizens,Sac City,5\nFirst,Elkhart,7\n")

    assert draft.format["encoding"] == "cp1252"
    assert [column.header for column in draft.columns] == ["Bank Name\xa0", None, "Größe"]
    assert draft.unsolved == ()


@pytest.mark.parametrize(
    ("name", "data"), [("a.json", '{"a": 1}\n{"a": 2}\n'), ("a.csv", "2024-01-01,x\n2024-01-02,y\n")]
)
def test_byte_order_mark_before_the_first_value_is_not_a_part_of_it(tmp_path: Path, name: str, data: str) -> None:
    assert inferred(tmp_path, b"\xef\xbb\xbf" + data.encode(), name).format["encoding"] == "utf-8-sig"


def test_byte_order_mark_before_a_header_needs_no_encoding(tmp_path: Path) -> None:
    draft = inferred(tmp_path, b"\xef\xbb\xbfid,city\n1,Bern\n2,Oslo\n")

    assert ("encoding" in draft.format, list(types(draft))) == (False, ["id", "city"])


@pytest.mark.parametrize(
    ("data", "delimiter"),
    [
        ("text|number\nfoo|123,000\nfoo|123,000\n", "|"),
        ("col1\n2020-12-30 01:25:58.745232+01\n2020-12-30 02:25:58.745232+01\n", None),
        ("a;b\n1,5;x\n2,5;y\n", ";"),
        ("a|;b|;c\n1|;2|;x\n3|;4|;y\n", "|;"),
    ],
)
def test_delimiter_splits_the_header_like_the_rows(tmp_path: Path, data: str, delimiter: str | None) -> None:
    draft = inferred(tmp_path, data)

    assert (draft.format.get("delimiter"), draft.unsolved) == (delimiter, ())


def test_quotes_inside_values_are_kept(tmp_path: Path) -> None:
    titles = ['"A"_foo', "plain", "'tis", '5"', 'a "b" c', "other"]
    draft = inferred(tmp_path, "ns\ttitle\n" + "".join(f"0\t{title}\n" for title in titles), "titles.tsv")

    assert (draft.format["type"], draft.rows, draft.unsolved) == ("delimited", 6, ())
    assert "removequotes" not in draft.format


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n", "4 fields, but 3 columns"),
        ("# remark\na;b\n# one more\n1;3\n6;7\n", "1 field, but 2 columns"),
        ('id,"unit\nprice",v\n1,2.5,a\n2,3.5,b\n', "header"),
    ],
)
def test_what_cannot_be_solved_is_reported(tmp_path: Path, data: str, reason: str) -> None:
    draft = inferred(tmp_path, data)

    assert reason in " ".join(draft.unsolved)
    assert "# NOT SOLVED: a load would" in draft.as_yaml()


def test_name_that_registration_would_reject_is_reported(tmp_path: Path) -> None:
    packed = gzip.compress(b"id,v\n1,a\n2,b\n")

    assert inferred(tmp_path, packed, "packed.csv.gz").unsolved == ()
    assert "does not match landing.pattern" in inferred(tmp_path, packed, "packed.csv").unsolved[0]


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        ("id,name\r1,ann\r2,bob\r", "a.csv", "CR alone"),
        ("id,name\r\r\n1,ann\r\r\n", "a.csv", "CR CR LF"),
        (
            ",".join(f"c{number}" for number in range(1600)) + "\n" + ",".join("1" * 1600) + "\n",
            "a.csv",
            "1,600 columns",
        ),
        ("not a Parquet file", "a.parquet", "damaged Parquet"),
        ("id,v\n1,a\n", "plain.csv.gz", "ends with .gz, but the content is not compressed"),
    ],
)
def test_what_no_schema_can_load_is_refused(tmp_path: Path, data: str, name: str, reason: str) -> None:
    with raises_golden(SampleError, "inference", reason, name):
        inferred(tmp_path, data, name)


def test_number_has_the_zeros_that_excel_shows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["zip", "ssn", "amount"], [501, 12345678, 5], [2134, 123456789, 7]):
        sheet.append(row)
    for number in (2, 3):
        sheet.cell(number, 1).number_format = "00000"
        sheet.cell(number, 2).number_format = "000\\-00\\-0000"
    book.save(tmp_path / "book.xlsx")
    draft = inferred(tmp_path, (tmp_path / "book.xlsx").read_bytes(), "book.xlsx")

    assert types(draft) == {"zip": "varchar(8)", "ssn": "varchar(16)", "amount": "smallint"}


def test_formula_without_a_value_is_refused_by_its_cell(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, "=A2*2"], [2, "=A3*2"]):
        book.worksheets[0].append(row)
    book.save(tmp_path / "book.xlsx")

    with raises_golden(SampleError, "inference", "formula without a value", "book.xlsx", "cell B2"):
        inferred(tmp_path, (tmp_path / "book.xlsx").read_bytes(), "book.xlsx")


def test_rows_beyond_those_that_were_read_widen_the_type(tmp_path: Path) -> None:
    """The whole sample is read again by its schema, not only the rows from which the types come."""
    rows = "".join(f"{number},x\n" for number in range(50)) + "n/k,a longer text than before\n"
    draft = inferred(tmp_path, f"id,name\n{rows}", most_rows=10)

    assert types(draft) == {"id": "varchar(8)", "name": "varchar(32)"}
    assert "text, because of value 'n/k': not integer" in notes(draft)["id"]
    assert draft.unsolved == ()


def test_empty_value_beyond_the_rows_that_were_read_makes_a_column_optional(tmp_path: Path) -> None:
    rows = "".join(f"{number},x\n" for number in range(50)) + ",y\n"

    assert not inferred(tmp_path, f"id,name\n{rows}", most_rows=10).columns[0].is_required
