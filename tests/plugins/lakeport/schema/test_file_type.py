"""The model of a schema: what it fills in, what it refuses, what its limits mean."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from pydantic import ValidationError

from lakeport.schema.parts import all_parts, located
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


def test_annotations_of_parts_are_not_text() -> None:
    modules = {sys.modules[part.__module__] for part in all_parts()}

    assert len(modules) > 10
    assert not [module.__name__ for module in modules if hasattr(module, "annotations")]


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
    with pytest.raises(ValidationError) as raised:
        make_file_type().retries = 5

    assert raised.value.errors()[0]["type"] == "frozen_instance"


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


def test_no_row_may_be_rejected_unless_the_schema_allows_it() -> None:
    assert make_file_type().rejects.fail.is_exceeded(1, 1_000_000)


@pytest.mark.parametrize(
    ("limit", "text"), [(RejectLimit(count=3), "3"), (RejectLimit(percent=0.5), "0.5%"), (RejectLimit(percent=1), "1%")]
)
def test_reject_limit_is_written_unchanged(limit: RejectLimit, text: str) -> None:
    assert str(limit) == text


@pytest.mark.parametrize("limit", [-1, True, 1.5, "1", "101%", "-1%", "%", "1%%", None, "1e1%", "9" * 400 + "%"])
def test_error_of_a_wrong_reject_limit_shows_a_correct_one(limit: object) -> None:
    [(place, message)] = problems_of(rejects={"fail": limit})

    assert place == ("rejects", "fail")
    assert "(1%)" in message


@pytest.mark.parametrize(("text", "seconds"), [("1s", 1), ("30s", 30), ("10m", 600), ("168h", 604_800), ("5 m", 300)])
def test_duration_becomes_seconds(text: str, seconds: int) -> None:
    assert make_file_type(wait={"for": text}).wait.for_ == seconds


@pytest.mark.parametrize("duration", ["0s", "169h", "99999999999999999999h", "-1s", "1d", "1.5s", "", 30, None, "s"])
def test_wrong_duration_is_refused_before_airflow_reads_it(duration: object) -> None:
    [(place, message)] = problems_of(wait={"every": duration})

    assert place == ("wait", "every")
    assert "168h" in message


@pytest.mark.parametrize(
    ("format_", "place", "value"),
    [
        ({"type": "csv", "escape": True}, "escape", "Extra"),
        ({"type": "delimited", "quote": "'"}, "quote", "Extra"),
        ({"type": "json", "header_lines": 1}, "header_lines", "Extra"),
        ({"type": "parquet", "compression": "gzip"}, "compression", "'none', 'zip', 'tar' or 'tar.gz'"),
        ({"type": "parquet", "dateformat": "auto"}, "dateformat", "Extra"),
        ({"type": "csv", "delimiter": "||"}, "delimiter", "'||'"),
        ({"type": "csv", "delimiter": ""}, "delimiter", "1 character"),
        ({"type": "csv", "delimiter": "\n"}, "delimiter", "line end"),
        ({"type": "csv", "delimiter": "\\012"}, "delimiter", "line end"),
        ({"type": "csv", "quote": "\r"}, "quote", "line end"),
        ({"type": "csv", "quote": ","}, "quote", "','"),
        ({"type": "csv", "quote": "''"}, "quote", "1 character"),
        ({"type": "csv", "header_lines": -1}, "header_lines", "0"),
        ({"type": "csv", "member": "*.csv"}, "member", "none"),
        ({"type": "csv", "compression": "gzip", "member": "*"}, "member", "gzip"),
        ({"type": "avro", "compression": "gzip"}, "compression", "'none', 'zip', 'tar' or 'tar.gz'"),
        ({"type": "csv", "layout": "array"}, "layout", "Extra"),
        ({"type": "csv", "sheet": "2013"}, "sheet", "Extra"),
        ({"type": "xlsx", "sheet": "x" * 32}, "sheet", "31 characters"),
        ({"type": "xlsx", "delimiter": ";"}, "delimiter", "Extra"),
        ({"type": "xlsx", "dateformat": "DD.MM.YYYY"}, "dateformat", "'auto'"),
        ({"type": "json", "layout": "list"}, "layout", "'objects' or 'array'"),
        ({"type": "orc", "roundec": True}, "roundec", "Extra"),
        ({"type": "fixed_width", "delimiter": ","}, "delimiter", "Extra"),
        ({"type": "csv", "jsonpaths": ["$.a"]}, "jsonpaths", "Extra"),
        ({"type": "parquet", "encoding": "cp1252"}, "encoding", "Extra"),
        (
            {"type": "csv", "encoding": "klingon"},
            "encoding",
            "utf8, utf16, utf16le, utf16be",
        ),
        ({"type": "csv", "encoding": "bz2"}, "encoding", "'bz2'"),
        ({"type": "csv", "encoding": "rot13"}, "encoding", "'rot13'"),
        ({"type": "csv", "encoding": "punycode"}, "encoding", "'punycode'"),
        ({"type": "csv", "encoding": "unicode_escape"}, "encoding", "'unicode_escape'"),
        ({"type": "csv", "encoding": "../../etc"}, "encoding", "'../../etc'"),
        (
            {"type": "json", "jsonpaths": ["$.id", "$.a.b"]},
            "columns",
            "format.jsonpaths has 2",
        ),
        (
            {"type": "json", "jsonpaths": ["$.a", "$['b']", "$[0]"]},
            "jsonpaths",
            "$.a and $['b']",
        ),
        (
            {"type": "json", "jsonpaths": ["$.a", "$.b", "$"], "ignorecase": True},
            "ignorecase",
            "jsonpaths",
        ),
        (
            {"type": "fixed_width"},
            "columns",
            "id, city, price",
        ),
    ],
)
def test_option_that_copy_refuses_is_refused_here(format_: dict[str, Any], place: str, value: str) -> None:
    [(found_at, found)] = problems_of(format=format_)

    assert found_at == (("columns",) if place == "columns" else ("format", place))
    assert value in found


@pytest.mark.parametrize(
    "path", ["", "a", "$a", "$.", "$..a", "$.*", "$[*]", "$[-1]", "$['a]", "$.a['b']", "$.a b", "$\n"]
)
def test_path_that_copy_does_not_read_is_refused(path: str) -> None:
    [(place, message)] = problems_of(format={"type": "json", "jsonpaths": ["$.a", path, "$.b"]})

    assert place == ("format", "jsonpaths", 1)
    assert "$.name[0].part" in message


def test_only_fixed_width_takes_width() -> None:
    columns = [{"name": "id", "type": "integer", "width": 3}, {"name": "city", "type": "varchar(8)"}]

    [(place, message)] = problems_of(columns=columns)
    assert (place, "fixed_width" in message) == (("columns",), True)


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
    ("pattern", "value"),
    [
        ("", "1 character"),
        ("/trips/*", "slash"),
        ("trips/", "slash"),
        ("trips/a**.csv", "flights/**/"),
        ("x" * 1025, "1024 characters"),
    ],
)
def test_pattern_that_means_nothing_is_refused(pattern: str, value: str) -> None:
    [(place, found)] = problems_of(landing={"pattern": pattern})

    assert place == ("landing", "pattern")
    assert value in found


@pytest.mark.parametrize("name", ["lake", "lake.", ".trips", "lake.a.b", "Lake.trips", 'lake."trips"', "lake.trips;--"])
def test_table_name_is_schema_and_table(name: str) -> None:
    assert [place for place, _ in problems_of(table={"name": name})] == [("table", "name")]


@pytest.mark.parametrize("name", ["_loaded_at", "Id", "a b", 'id"', "ïd", "a" * 128, "", "1st"])
def test_hostile_or_taken_column_name_is_refused(name: str) -> None:
    good = {"name": "id", "type": "integer"}

    assert [place for place, _ in problems_of(columns=[good, {**good, "name": name}])] == [("columns", 1, "name")]


def test_column_named_twice_is_refused() -> None:
    columns = [{"name": name, "type": "integer"} for name in ("a", "b", "a", "b", "c")]

    [(place, message)] = problems_of(columns=columns)
    assert (place, message.endswith(": a, b")) == (("columns",), True)


def test_keys_must_be_columns() -> None:
    [(place, message)] = problems_of(table={"dist_key": "carrier", "sort_key": ["id", "year"]})

    assert place == ("columns",)
    assert message.endswith(": carrier, year")


def test_sort_key_names_a_column_once() -> None:
    [(place, message)] = problems_of(table={"sort_key": ["id", "id"]})
    assert (place, message.endswith(": id")) == (("table", "sort_key"), True)


def test_widest_table_leaves_room_for_loaded_at() -> None:
    """Redshift takes 1,600 columns; one is ours."""
    columns = [{"name": f"c{number}", "type": "integer"} for number in range(1600)]

    assert len(make_file_type(columns=columns[:1599]).columns) == 1599
    assert [place for place, _ in problems_of(columns=columns)] == [("columns",)]


@pytest.mark.parametrize("address", ["flight-data", "a@b@c", "a b@c", "Data <a@b>", "a@b\nBcc: c@d", "@", ""])
def test_wrong_address_is_found_before_the_first_alert(address: str) -> None:
    [(place, message)] = problems_of(alerts={"email": ["data@example.com", address]})

    assert place == ("alerts", "email", 1)
    assert repr(address)[1:5] in message


@pytest.mark.parametrize("mode", ["append", "truncate", "replace", "new_table"])
def test_only_merge_takes_a_key(mode: str) -> None:
    [(place, message)] = problems_of(table={"mode": mode, "key": ["id"]})

    assert place == ("table", "key")
    assert (mode in message, "mode: merge" in message) == (True, True)


def test_merge_needs_a_key() -> None:
    [(place, message)] = problems_of(table={"mode": "merge"})

    assert place == ("table", "key")
    assert "key: [tailnum]" in message


def test_key_must_be_of_required_columns() -> None:
    [(place, message)] = problems_of(table={"mode": "merge", "key": ["id", "city", "price"]})

    assert place == ("columns",)
    assert "required: true" in message
    assert message.endswith(": city, price")


def test_wrong_mode_is_the_only_problem_reported() -> None:
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
    assert (f"is {warn}" in message, f"more than {fail}" in message) == (True, True)


def test_newest_is_by_landing_unless_the_schema_names_a_capture() -> None:
    assert make_file_type().landing.newest_by == "landed_at"
    landing = {"pattern": "trips/{date:%Y%m%d}/trips_{part}.csv", "newest_by": "part"}
    assert make_file_type(landing=landing).landing.newest_by == "part"


@pytest.mark.parametrize(
    ("landing", "place", "value"),
    [
        ({"newest_by": "date"}, "newest_by", "'date'; allowed: landed_at, part"),
        ({"newest_by": "part", "select": "all"}, "newest_by", "select: newest"),
        ({"max_files": 5}, "max_files", "select: all"),
        ({"max_files": 0, "select": "all"}, "max_files", "1"),
        (
            {"pattern": "trips/{Part}.csv"},
            "pattern",
            "{name} and {date:",
        ),
        ({"pattern": "trips/{a}_{a}.csv"}, "pattern", " a "),
        ({"pattern": "trips/{date:%B}.csv"}, "pattern", "{date:%B}; a date is written with %Y %m %d %H %M %S"),
    ],
)
def test_wrong_choice_of_files_is_reported(landing: dict[str, Any], place: str, value: str) -> None:
    [(where, message)] = problems_of(landing={"pattern": "trips/{part}.csv", **landing})

    assert where == ("landing", place)
    assert value in message


@pytest.mark.parametrize("mode", ["truncate", "replace"])
def test_all_files_do_not_fit_a_table_of_one(mode: str) -> None:
    [(place, message)] = problems_of(landing={"pattern": "trips/*", "select": "all"}, table={"mode": mode})

    assert place == ("table",)
    assert f"mode {mode}" in message


@pytest.mark.parametrize("drift", ["add", "ignore"])
def test_drift_needs_a_header(drift: str) -> None:
    [(place, message)] = problems_of(drift=drift, format={"type": "csv"})

    assert place == ("drift",)
    assert (f"is {drift}" in message, "format.header_lines" in message) == (True, True)
