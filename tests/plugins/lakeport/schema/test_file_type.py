"""The model of a schema: what it fills in, what it refuses, what its limits mean."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lakeport.schema.parts import located
from lakeport.schema.text_formats import Delimited
from lakeport.schema.values import RejectLimit
from tests.support.file_types import make_file_type


def problems_of(**changes: Any) -> list[tuple[tuple[int | str, ...], str]]:
    with pytest.raises(ValidationError) as raised:
        make_file_type(**changes)
    return [(located(error["loc"])[0], error["msg"]) for error in raised.value.errors()]


def test_table_and_dag_take_the_types_name() -> None:
    file_type = make_file_type()

    assert file_type.table.name == "lake.trips"
    assert (file_type.table.schema_name, file_type.table.table_name) == ("lake", "trips")
    assert file_type.dag_id == "load_trips"


def test_table_may_have_another_name() -> None:
    assert make_file_type(table={"name": "mart.rides"}).table.name == "mart.rides"


def test_longest_name_fits_the_path_that_starts_a_run() -> None:
    """MWAA's InvokeRestApi takes a path of at most 64 characters."""
    assert len(f"/dags/{make_file_type(name='a' * 45).dag_id}/dagRuns") == 64


@pytest.mark.parametrize(
    "name", ["", "a" * 46, "Trips", "1trips", "_trips", "trips-2", "trips\n", "trïps", "a.b", "a b"]
)
def test_hostile_name_is_one_problem(name: str) -> None:
    assert [place for place, _ in problems_of(name=name)] == [("name",)]


def test_model_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        make_file_type().retries = 5


@pytest.mark.parametrize(
    ("limit", "rejected", "rows", "is_exceeded"),
    [
        (0, 0, 100, False),
        (0, 1, 100, True),
        (10, 10, 10, False),
        (10, 11, 100, True),
        ("1%", 1, 100, False),
        ("1%", 2, 100, True),
        ("1 %", 1, 99, True),
        ("0.5%", 1, 200, False),
        ("100%", 7, 7, False),
        ("1%", 0, 0, False),
    ],
)
def test_reject_limit_is_a_count_or_a_share(limit: object, rejected: int, rows: int, is_exceeded: bool) -> None:
    fail = make_file_type(rejects={"fail": limit}).rejects.fail

    assert fail.is_exceeded(rejected, rows) is is_exceeded


def test_no_row_may_be_rejected_unless_the_schema_says_so() -> None:
    assert make_file_type().rejects.fail.is_exceeded(1, 1_000_000)


@pytest.mark.parametrize(
    ("limit", "text"), [(RejectLimit(count=3), "3"), (RejectLimit(percent=0.5), "0.5%"), (RejectLimit(percent=1), "1%")]
)
def test_reject_limit_reads_as_it_is_written(limit: RejectLimit, text: str) -> None:
    assert str(limit) == text


@pytest.mark.parametrize("limit", [-1, True, 1.5, "1", "101%", "-1%", "%", "1%%", None, "1e1%", "9" * 400 + "%"])
def test_wrong_reject_limit_is_told_how_to_write_one(limit: object) -> None:
    [(place, message)] = problems_of(rejects={"fail": limit})

    assert place == ("rejects", "fail")
    assert "write a number of rows (10) or a percentage of the file's rows (1%)" in message


@pytest.mark.parametrize(("text", "seconds"), [("1s", 1), ("30s", 30), ("10m", 600), ("168h", 604_800), ("5 m", 300)])
def test_duration_becomes_seconds(text: str, seconds: int) -> None:
    assert make_file_type(wait={"for": text}).wait.for_ == seconds


@pytest.mark.parametrize("duration", ["0s", "169h", "99999999999999999999h", "-1s", "1d", "1.5s", "", 30, None, "s"])
def test_wrong_duration_is_refused_before_airflow_meets_it(duration: object) -> None:
    [(place, message)] = problems_of(wait={"every": duration})

    assert place == ("wait", "every")
    assert "write a number with s, m or h, from 1s to 168h, as in 30s" in message


@pytest.mark.parametrize(
    ("format_", "place", "message"),
    [
        ({"type": "csv", "escape": True}, "escape", "Extra inputs are not permitted"),
        ({"type": "delimited", "quote": "'"}, "quote", "Extra inputs are not permitted"),
        ({"type": "json", "header_lines": 1}, "header_lines", "Extra inputs are not permitted"),
        ({"type": "parquet", "compression": "gzip"}, "compression", "Input should be 'none', 'zip', 'tar' or 'tar.gz'"),
        ({"type": "parquet", "dateformat": "auto"}, "dateformat", "Extra inputs are not permitted"),
        ({"type": "csv", "delimiter": "||"}, "delimiter", "type csv takes one character"),
        ({"type": "csv", "delimiter": ""}, "delimiter", "at least 1 character"),
        ({"type": "csv", "delimiter": "\n"}, "delimiter", "contains a line end, which ends the row"),
        ({"type": "csv", "delimiter": "\\012"}, "delimiter", "contains a line end, which ends the row"),
        ({"type": "csv", "quote": "\r"}, "quote", "contains a line end, which ends the row"),
        ({"type": "csv", "quote": ","}, "quote", "is ',', which is also the delimiter"),
        ({"type": "csv", "quote": "''"}, "quote", "at most 1 character"),
        ({"type": "csv", "header_lines": -1}, "header_lines", "greater than or equal to 0"),
        ({"type": "csv", "member": "*.csv"}, "member", "compression is none"),
        ({"type": "csv", "compression": "gzip", "member": "*"}, "member", "compression is gzip"),
        ({"type": "avro", "compression": "gzip"}, "compression", "Input should be 'none', 'zip', 'tar' or 'tar.gz'"),
        ({"type": "csv", "layout": "array"}, "layout", "Extra inputs are not permitted"),
        ({"type": "csv", "sheet": "2013"}, "sheet", "Extra inputs are not permitted"),
        ({"type": "xlsx", "sheet": "x" * 32}, "sheet", "at most 31 characters"),
        ({"type": "xlsx", "delimiter": ";"}, "delimiter", "Extra inputs are not permitted"),
        ({"type": "xlsx", "dateformat": "DD.MM.YYYY"}, "dateformat", "Input should be 'auto'"),
        ({"type": "json", "layout": "list"}, "layout", "Input should be 'objects' or 'array'"),
        ({"type": "orc", "roundec": True}, "roundec", "Extra inputs are not permitted"),
        ({"type": "fixed_width", "delimiter": ","}, "delimiter", "Extra inputs are not permitted"),
        ({"type": "csv", "jsonpaths": ["$.a"]}, "jsonpaths", "Extra inputs are not permitted"),
        ({"type": "parquet", "encoding": "cp1252"}, "encoding", "Extra inputs are not permitted"),
        (
            {"type": "csv", "encoding": "klingon"},
            "encoding",
            "is not a text encoding; COPY reads utf8, utf16, utf16le, utf16be",
        ),
        ({"type": "csv", "encoding": "bz2"}, "encoding", "'bz2' is not a text encoding"),
        ({"type": "csv", "encoding": "rot13"}, "encoding", "'rot13' is not a text encoding"),
        ({"type": "csv", "encoding": "punycode"}, "encoding", "'punycode' is not a text encoding"),
        ({"type": "csv", "encoding": "unicode_escape"}, "encoding", "'unicode_escape' is not a text encoding"),
        ({"type": "csv", "encoding": "../../etc"}, "encoding", "'../../etc' is not a text encoding"),
        (
            {"type": "json", "jsonpaths": ["$.id", "$.a.b"]},
            "columns",
            "are 3, but format.jsonpaths has 2 paths; one per column is needed",
        ),
        (
            {"type": "json", "jsonpaths": ["$.a", "$['b']", "$[0]"]},
            "jsonpaths",
            "hold two notations, $.a and $['b']; COPY takes one of them in all paths",
        ),
        (
            {"type": "json", "jsonpaths": ["$.a", "$.b", "$"], "ignorecase": True},
            "ignorecase",
            "has no effect with jsonpaths",
        ),
        (
            {"type": "fixed_width"},
            "columns",
            "missing for: id, city, price",
        ),
        ({"type": "csv", "null_as": "a\0"}, "null_as", "contains a NUL"),
    ],
)
def test_option_that_copy_refuses_is_refused_here(format_: dict[str, Any], place: str, message: str) -> None:
    [(found_at, found)] = problems_of(format=format_)

    assert found_at == (("columns",) if place == "columns" else ("format", place))
    assert message in found


@pytest.mark.parametrize(
    "path", ["", "a", "$a", "$.", "$..a", "$.*", "$[*]", "$[-1]", "$['a]", "$.a['b']", "$.a b", "$\n"]
)
def test_path_that_copy_does_not_read_is_refused(path: str) -> None:
    [(place, message)] = problems_of(format={"type": "json", "jsonpaths": ["$.a", path, "$.b"]})

    assert place == ("format", "jsonpaths", 1)
    assert "is not a path; write $.name, $.name[0].part, or all of them as $['name'][0]['part']" in message


def test_width_is_for_fixed_width_alone() -> None:
    columns = [{"name": "id", "type": "integer", "width": 3}, {"name": "city", "type": "varchar(8)"}]

    assert problems_of(columns=columns) == [
        (("columns",), "Value error, type csv does not take width; only type fixed_width does")
    ]


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("UTF-8", "utf8"),
        ("utf8", "utf8"),
        ("UTF16LE", "utf16le"),
        ("utf-16", "utf16"),
        ("latin-1", "iso88591"),
        ("ISO88591", "iso88591"),
        ("windows-1252", "cp1252"),
        ("iso8859_15", "iso8859-15"),
        ("Shift_JIS", "shift_jis"),
        ("cp437", "cp437"),
        ("utf_8_sig", "utf-8-sig"),
    ],
)
def test_encoding_has_one_name_however_it_is_written(given: str, known: str) -> None:
    assert make_file_type(format={"type": "csv", "encoding": given}).format.text_encoding == known


@pytest.mark.parametrize(
    ("format_", "is_prepared"),
    [
        ({"type": "csv", "encoding": "utf16"}, False),
        ({"type": "delimited", "encoding": "latin1"}, False),
        ({"type": "csv", "encoding": "cp1252"}, True),
        ({"type": "json", "encoding": "utf16"}, True),
        ({"type": "csv", "compression": "lzop"}, False),
        ({"type": "orc", "compression": "tar"}, True),
    ],
)
def test_file_is_prepared_only_where_copy_cannot_read_it(format_: dict[str, Any], is_prepared: bool) -> None:
    assert make_file_type(format=format_).format.is_prepared is is_prepared


def test_delimiter_of_a_delimited_file_may_be_several_characters() -> None:
    format_ = make_file_type(format={"type": "delimited", "delimiter": "|~|"}).format

    assert isinstance(format_, Delimited)
    assert format_.delimiter == "|~|"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "at least 1 character"),
        ("/trips/*", "without a leading or trailing slash"),
        ("trips/", "without a leading or trailing slash"),
        ("trips/a**.csv", "** stands for any folders and has its place between slashes"),
        ("x" * 1025, "at most 1024 characters"),
    ],
)
def test_pattern_that_means_nothing_is_refused(pattern: str, message: str) -> None:
    [(place, found)] = problems_of(landing={"pattern": pattern})

    assert place == ("landing", "pattern")
    assert message in found


@pytest.mark.parametrize("name", ["lake", "lake.", ".trips", "lake.a.b", "Lake.trips", 'lake."trips"', "lake.trips;--"])
def test_table_name_is_schema_and_table(name: str) -> None:
    assert [place for place, _ in problems_of(table={"name": name})] == [("table", "name")]


@pytest.mark.parametrize("name", ["_loaded_at", "Id", "a b", 'id"', "ïd", "a" * 128, "", "1st"])
def test_hostile_or_taken_column_name_is_refused(name: str) -> None:
    good = {"name": "id", "type": "integer"}

    assert [place for place, _ in problems_of(columns=[good, {**good, "name": name}])] == [("columns", 1, "name")]


def test_column_named_twice_is_refused() -> None:
    columns = [{"name": name, "type": "integer"} for name in ("a", "b", "a", "b", "c")]

    assert problems_of(columns=columns) == [(("columns",), "Value error, a, b is listed twice")]


def test_keys_must_be_columns() -> None:
    [(place, message)] = problems_of(table={"dist_key": "carrier", "sort_key": ["id", "year"]})

    assert place == ("columns",)
    assert message == "Value error, lack what key, dist_key or sort_key names: carrier, year"


def test_sort_key_names_a_column_once() -> None:
    assert problems_of(table={"sort_key": ["id", "id"]}) == [(("table", "sort_key"), "Value error, id is listed twice")]


def test_widest_table_leaves_room_for_loaded_at() -> None:
    """Redshift takes 1,600 columns; one is ours."""
    columns = [{"name": f"c{number}", "type": "integer"} for number in range(1600)]

    assert len(make_file_type(columns=columns[:1599]).columns) == 1599
    assert [place for place, _ in problems_of(columns=columns)] == [("columns",)]


@pytest.mark.parametrize("address", ["flight-data", "a@b@c", "a b@c", "Data <a@b>", "a@b\nBcc: c@d", "@", ""])
def test_wrong_address_is_found_before_the_first_alert(address: str) -> None:
    [(place, message)] = problems_of(alerts={"email": ["data@example.com", address]})

    assert place == ("alerts", "email", 1)
    assert "is not an e-mail address" in message


@pytest.mark.parametrize("mode", ["append", "truncate", "replace", "new_table"])
def test_only_merge_takes_a_key(mode: str) -> None:
    [(place, message)] = problems_of(table={"mode": mode, "key": ["id"]})

    assert place == ("table", "key")
    assert message == f"Value error, is for mode merge; mode {mode} replaces no single rows"


def test_merge_needs_a_key() -> None:
    [(place, message)] = problems_of(table={"mode": "merge"})

    assert place == ("table", "key")
    assert "is missing: mode merge finds by it the rows that a file replaces, as in key: [tailnum]" in message


def test_key_must_be_of_required_columns() -> None:
    [(place, message)] = problems_of(table={"mode": "merge", "key": ["id", "city", "price"]})

    assert place == ("columns",)
    assert message == "Value error, of table.key must be required: true, since NULL cannot identify a row: city, price"


def test_wrong_mode_is_the_only_problem_told() -> None:
    [(place, _)] = problems_of(table={"mode": "upsert", "key": ["id"]})

    assert place == ("table", "mode")


def test_type_with_another_table_is_otherwise_the_same() -> None:
    file_type = make_file_type(table={"sort_key": ["id"]})

    other = file_type.into("mart.rides")

    assert (other.table.name, other.table.sort_key) == ("mart.rides", ("id",))
    assert other.into(file_type.table.name) == file_type


@pytest.mark.parametrize(
    ("warn", "fail"), [(0, 1), (0, "1%"), ("0%", "1%"), ("50%", 3), (3, "0.5%"), ("0.5%", "0.6%"), (100, "100%")]
)
def test_warning_comes_before_failing(warn: object, fail: object) -> None:
    rejects = make_file_type(rejects={"warn": warn, "fail": fail}).rejects

    assert (str(rejects.warn), str(rejects.fail)) == (str(warn), str(fail))


@pytest.mark.parametrize(("warn", "fail"), [(0, 0), (1, 1), (2, 1), ("1%", "1%"), ("2%", "1%"), ("1%", 0), (5, "0%")])
def test_warning_that_never_comes_is_refused(warn: object, fail: object) -> None:
    [(place, message)] = problems_of(rejects={"warn": warn, "fail": fail})

    assert place == ("rejects", "warn")
    assert (
        message == f"Value error, is {warn}, but more than {fail} rejected rows fail the load, so that it never warns"
    )


def test_newest_is_by_landing_unless_the_schema_names_a_capture() -> None:
    assert make_file_type().landing.newest_by == "landed_at"
    landing = {"pattern": "trips/{date:%Y%m%d}/trips_{part}.csv", "newest_by": "part"}
    assert make_file_type(landing=landing).landing.newest_by == "part"


@pytest.mark.parametrize(
    ("landing", "place", "message"),
    [
        ({"newest_by": "date"}, "newest_by", "is 'date'; allowed: landed_at, part (a capture {name} of pattern)"),
        ({"newest_by": "part", "select": "all"}, "newest_by", "is for select: newest; select: all takes files in"),
        ({"max_files": 5}, "max_files", "is for select: all; select: newest takes one file a run"),
        ({"max_files": 0, "select": "all"}, "max_files", "greater than or equal to 1"),
        (
            {"pattern": "trips/{Part}.csv"},
            "pattern",
            "has a brace that is not a capture; captures are {name} and {date:",
        ),
        ({"pattern": "trips/{a}_{a}.csv"}, "pattern", "captures a twice"),
        ({"pattern": "trips/{date:%B}.csv"}, "pattern", "has {date:%B}; a date is written with %Y %m %d %H %M %S and"),
    ],
)
def test_wrong_choice_of_files_is_told(landing: dict[str, Any], place: str, message: str) -> None:
    [(where, told)] = problems_of(landing={"pattern": "trips/{part}.csv", **landing})

    assert where == ("landing", place)
    assert message in told


@pytest.mark.parametrize("mode", ["truncate", "replace"])
def test_all_files_do_not_fit_a_table_of_one(mode: str) -> None:
    [(place, message)] = problems_of(landing={"pattern": "trips/*", "select": "all"}, table={"mode": mode})

    assert place == ("table",)
    assert f"has mode {mode}, which keeps the last file's rows alone" in message


@pytest.mark.parametrize("drift", ["add", "ignore"])
def test_drift_needs_a_header(drift: str) -> None:
    [(place, message)] = problems_of(drift=drift, format={"type": "csv"})

    assert place == ("drift",)
    assert message == f"Value error, is {drift}, which needs a header that names the columns: format.header_lines"
