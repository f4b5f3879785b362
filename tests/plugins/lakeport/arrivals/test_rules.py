"""Match a key to a file type by folder, name, format and size, without reading the object."""

from __future__ import annotations

import timeit
from dataclasses import replace

import pytest

from lakeport.arrivals.rules import ArrivalIndex, ArrivalRule
from lakeport.model import Match
from lakeport.schema.key_pattern import captured
from tests.support.golden import golden


def rule(pattern: str, file_type: str = "trips", format_type: str = "csv", compression: str = "none") -> ArrivalRule:
    return ArrivalRule(file_type, pattern, format_type, compression)


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("trips/trips_*.csv", "trips/trips_2013.csv"),
        ("trips/trips_*.csv", "trips/trips_.csv"),
        ("trips/*", "trips/a b+c%20é\n'\";--.csv"),
        ("trips/?.csv", "trips/é.csv"),
        ("trips/[0-9][0-9].csv", "trips/07.csv"),
        ("trips/[!_]*.csv", "trips/a.csv"),
        ("trips/[]a].csv", "trips/].csv"),
        ("trips/[a.csv", "trips/[a.csv"),
        ("trips/(a|b)+.csv", "trips/(a|b)+.csv"),
        ("*/trips.csv", "bern/trips.csv"),
        ("**/trips.csv", "trips.csv"),
        ("**/trips.csv", "a/b/c/trips.csv"),
        ("a/**/b/**/c.csv", "a/x/b/b/y/c.csv"),
        ("a/**/b.csv", "a/b.csv"),
        ("a/**", "a/b/c.csv"),
        ("**", "trips.csv"),
    ],
)
def test_pattern_matches_the_key(pattern: str, key: str) -> None:
    assert rule(pattern).matches(key)


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("trips/trips_*.csv", "trips/Trips_1.csv"),
        ("trips/trips_*.csv", "trips/trips_1.csv.bak"),
        ("trips/trips_*.csv", "old/trips/trips_1.csv"),
        ("trips/*.csv", "trips/old/trips.csv"),
        ("trips/*.csv", "trips/a.csv\n"),
        ("trips/?.csv", "trips//.csv"),
        ("trips/[!a].csv", "trips//.csv"),
        ("trips/[!a].csv", "trips/a.csv"),
        ("trips/.csv", "trips/xcsv"),
        ("a/**", "a"),
        ("a/**/b.csv", "a/b.csv/c"),
        ("a/b", "a/b/c"),
        ("a/b/c", "a/b"),
    ],
)
def test_pattern_does_not_match_the_key(pattern: str, key: str) -> None:
    assert not rule(pattern).matches(key)


@pytest.mark.parametrize("pattern", ["trips/[!].csv", "trips/[z-a].csv", "trips/[a--b].csv", "trips/[", "trips/(?P<x"])
def test_pattern_that_matches_nothing_does_not_stop_other_types(pattern: str) -> None:
    """One schema's pattern is tried on every object that lands."""
    index = ArrivalIndex((rule(pattern, "senseless"), rule("trips/trips.csv")))

    assert index.match("trips/trips.csv", 1) == Match("trips")


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("x/*_*_*_*_*_*_*_*.csv", "x/" + "_" * 1000),
        ("**/*a*/" * 100 + "b", "a/" * 511 + "a"),
        ("**/" * 300 + "b", "a/" * 511 + "a"),
    ],
)
def test_matching_is_fast_for_hostile_keys(pattern: str, key: str) -> None:
    """The producer chooses the key, and all types wait for its match."""
    assert not rule(pattern).matches(key)


@pytest.mark.parametrize(
    ("key", "format_type", "compression"),
    [
        ("t/a.csv", "csv", "none"),
        ("t/a.CSV", "delimited", "none"),
        ("t/a.tsv", "csv", "none"),
        ("t/a.txt", "delimited", "none"),
        ("t/a", "csv", "none"),
        ("t/2013.01.02", "csv", "none"),
        ("t/a.csv.gz", "csv", "gzip"),
        ("t/a.CSV.GZ", "csv", "gzip"),
        ("t/a.gz", "json", "gzip"),
        ("t/a.csv.bz2", "csv", "bzip2"),
        ("t/a.csv.zst", "csv", "zstd"),
        ("t/a.csv.zip", "csv", "zip"),
        ("t/a.tar", "csv", "tar"),
        ("t/a.csv.tar.gz", "csv", "tar.gz"),
        ("t/a.TGZ", "json", "tar.gz"),
        ("t/a.ndjson", "json", "none"),
        ("t/a.snappy.parquet", "parquet", "none"),
        ("t/a.json.csv", "csv", "none"),
        ("t/a.orc", "orc", "none"),
        ("t/a.avro", "avro", "none"),
        ("t/a.dat", "fixed_width", "none"),
        ("t/a.csv.lzo", "csv", "lzop"),
    ],
)
def test_name_that_fits_the_format_is_accepted(key: str, format_type: str, compression: str) -> None:
    assert rule("t/*", "trips", format_type, compression).reason_to_reject(key, 1) is None


@pytest.mark.parametrize(
    ("key", "format_type", "compression", "values"),
    [
        ("t/a.csv", "csv", "gzip", ("compression none", "trips is gzip")),
        ("t/a.csv.gz", "csv", "none", ("compression gzip", "trips is none")),
        ("t/a.csv.lzo", "csv", "none", ("compression lzop", "trips is none")),
        ("t/a.tar.gz", "csv", "gzip", ("compression tar.gz", "trips is gzip")),
        ("t/a.csv.gz", "csv", "tar.gz", ("compression gzip", "trips is tar.gz")),
        ("t/a.json", "csv", "none", ("extension .json", "format.type csv")),
        ("t/a.csv.gz", "json", "gzip", ("extension .csv", "format.type json")),
        ("t/a.xlsx", "csv", "none", ("extension .xlsx", "format.type csv")),
        ("t/a.orc", "avro", "none", ("extension .orc", "format.type avro")),
        ("t/a.csv", "fixed_width", "none", ("extension .csv", "format.type fixed_width")),
        ("t/a.csv", "parquet", "none", ("extension .csv", "format.type parquet")),
    ],
)
def test_name_with_the_suffix_of_another_format_is_rejected(
    key: str, format_type: str, compression: str, values: tuple[str, str]
) -> None:
    index = ArrivalIndex((rule("t/*", "trips", format_type, compression),))

    match = index.match(key, 1)

    assert match.file_type == "trips"
    assert [value in (match.rejected_because or "") for value in values] == [True, True]
    golden("arrivals", f"{key} as {format_type}, {compression}", match.rejected_because or "")


def test_empty_file_is_rejected() -> None:
    assert ArrivalIndex((rule("t/*"),)).match("t/a.csv", 0) == Match(
        "trips", "the file is empty (0 bytes); ask the sender for a file with rows"
    )


def test_key_of_two_types_is_rejected_with_both_names() -> None:
    index = ArrivalIndex((rule("t/*", "rides"), rule("t/trips_*", "trips")))

    match = index.match("t/trips_1.csv", 1)

    assert match.file_type is None
    assert "rides, trips; " in (match.rejected_because or "")
    golden("arrivals", "key of two file types", match.rejected_because or "")


@pytest.mark.parametrize("pattern", ["t/*", "**", "u/*"])
def test_folder_marker_is_rejected(pattern: str) -> None:
    """The S3 console makes an object named `t/` when a person makes a folder."""
    match = ArrivalIndex((rule(pattern),)).match("t/", 0)

    assert match.file_type is None
    assert "folder marker" in (match.rejected_because or "")
    golden("arrivals", "folder marker", match.rejected_because or "")


@pytest.mark.parametrize(
    ("key", "place", "allowed"),
    [
        ("t/b.csv", "folder t/", "t/trips_*.csv (trips)"),
        ("v/b.csv", "folder v/", "t/, u/"),
        ("b.csv", "folder (root)", "t/, u/"),
        ("", "folder (root)", "t/, u/"),
    ],
)
def test_unknown_key_is_rejected_with_its_folder_and_what_is_allowed(key: str, place: str, allowed: str) -> None:
    index = ArrivalIndex((rule("t/trips_*.csv"), rule("u/*", "rides")))

    match = index.match(key, 1)

    assert match.file_type is None
    assert place in (match.rejected_because or "")
    assert f": {allowed}; " in (match.rejected_because or "")
    golden("arrivals", f"unknown key {key!r}", match.rejected_because or "")


def test_file_matches_only_the_types_of_its_bucket() -> None:
    there = replace(rule("t/*", "rides"), bucket="partners")
    index = ArrivalIndex.from_json(ArrivalIndex((there, rule("t/*.csv", "trips"))).to_json())

    assert index.match("t/a.csv", 1) == Match("trips")
    assert index.match("t/a.csv", 1, "partners") == Match("rides")


def test_reason_names_the_bucket_and_the_types_that_match_in_another() -> None:
    index = ArrivalIndex((rule("u/*", "rides"), replace(rule("t/*", "trips"), bucket="partners")))
    reasons = {
        "file of a type in another bucket": index.match("t/a.csv", 1),
        "file in a bucket without a type": index.match("v/a.csv", 1, "empty"),
        "file in a bucket that is not of the deployment": index.match("u/a.csv", 1, None),
    }

    for name, match in reasons.items():
        assert match.file_type is None
        golden("arrivals", name, match.rejected_because or "")


def test_empty_index_rejects_every_key() -> None:
    assert (ArrivalIndex(()).match("t/b.csv", 1).rejected_because or "").endswith(
        "known folders: none; add a file type"
    )


def test_index_survives_its_json() -> None:
    index = ArrivalIndex((rule("t/*"), rule('u/"é\\*\n', "rides", "json", "gzip")))

    assert ArrivalIndex.from_json(index.to_json()) == index
    assert ArrivalIndex.from_json(index.to_json().encode()) == index
    assert ArrivalIndex.from_json(index.to_json()).to_json() == index.to_json()


@pytest.mark.parametrize(
    ("pattern", "key", "values"),
    [
        ("f/{date:%Y-%m-%d}/x_{n}.csv", "f/2013-01-31/x_12.csv", {"date": "2013-01-31", "n": "12"}),
        ("f/{date:%Y-%m-%d}/x_{n}.csv", "f/2013-02-31/x_12.csv", None),
        ("f/{date:%Y-%m-%d}/x_{n}.csv", "f/2013-1-31/x_12.csv", None),
        ("f/x_{n}.csv", "f/x_.csv", None),
        ("f/x_{n}.csv", "f/g/x_1.csv", None),
        ("f/{n}", "f/a/b", None),
        ("**/{a}[0-9].csv", "q/w/e5.csv", {"a": "e"}),
        ("**/{a}/b/**/{c}", "1/2/b/3/b/4", {"a": "2", "c": "4"}),
        ("{a}_{b}.csv", "x_y_z.csv", {"a": "x", "b": "y_z"}),
        ("x_{d:%Y%m%d%H%M%S}*.csv", "x_20130131235959abc.csv", {"d": "20130131235959"}),
        ("*_{d:%Y%m%d}.csv", "20130131_20130130.csv", {"d": "20130130"}),
        ("{a}?[!0-9]*", "xyz.b", {"a": "x"}),
        ("*.csv", "a.csv", {}),
    ],
)
def test_pattern_captures_parts_of_the_key(pattern: str, key: str, values: dict[str, str] | None) -> None:
    assert captured(pattern, key) == values
    assert ArrivalRule("t", pattern, "csv", "none").matches(key) is (values is not None)


def test_capturing_is_fast_for_hostile_keys() -> None:
    """Eight times the key takes about eight times as long, where backtracking would take 64 times and more."""

    def seconds(length: int) -> float:
        keys = ("_" * length + ".cs", "a_" * (length // 2), "/" * length)
        return min(
            timeit.repeat(lambda: [captured("{a}_{b}_{c}_{d}_{e}*{f}.csv", key) for key in keys], number=3, repeat=20)
        )

    assert seconds(1024) < 24 * seconds(128)


@pytest.mark.parametrize(
    ("pattern", "key", "reason"),
    [
        ("keys/**/*.csv", "keys/UPPER.CSV", "for folder keys/: keys/**/*.csv (trips); upper and lower case differ"),
        ("keys/**/*.csv", "keys/a/b/c.txt", "patterns for folder keys/a/b/: keys/**/*.csv (trips)"),
        ("sales/{date:%Y}/s_*.csv", "sales/2024/x.csv", "for folder sales/2024/: sales/{date:%Y}/s_*.csv (trips)"),
        ("sales/?/s.csv", "sales/1/x.csv", "patterns for folder sales/1/: sales/?/s.csv (trips)"),
        ("keys/**/*.csv", "kes/a.csv", "no file type reads from folder kes/; known folders: keys/**/"),
    ],
)
def test_reason_compares_folders_with_globs(pattern: str, key: str, reason: str) -> None:
    whole = ArrivalIndex((rule(pattern),)).match(key, 1).rejected_because or ""
    assert whole.rpartition("; ")[0].endswith(reason)


def test_reason_lists_the_nearest_of_many_folders() -> None:
    rules = tuple(replace(rule(f"folder_{number}/t_*.csv"), file_type=f"type_{number}") for number in range(48))
    reason = ArrivalIndex(rules).match("folder_4x/t_1.csv", 1).rejected_because or ""
    assert "folder_4/" in reason
    assert " and 43 more; " in reason
    assert len(reason) < 250
