"""COPY statements as the server reads them, and manifests that name exactly one object."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lakeport.model import CopySource
from lakeport.redshift.copy_statement import copy_statement, jsonpaths_file, manifest
from lakeport.redshift.ddl import Statement
from tests.support.file_types import make_file_type

Render = Callable[[Statement], str]
MANIFEST = "s3://work/manifests/1.json"


@pytest.fixture
def options(render: Render) -> Callable[..., str]:
    """Return what follows MANIFEST in the COPY of a format."""

    def run(format_: dict[str, Any], compression: str = "none") -> str:
        file_type = make_file_type(format=format_)
        text = render(
            copy_statement(file_type, file_type.column_names, MANIFEST, compression, jsonpaths_uri="s3://work/paths")
        )
        head, tail = text.split(" IAM_ROLE default MANIFEST ")
        assert head == f'COPY "lake"."trips" ("id", "city", "price") FROM \'{MANIFEST}\''
        return tail

    return run


def test_columns_are_in_the_order_of_the_file(render: Render) -> None:
    text = render(copy_statement(make_file_type(), ("price", "id", "city"), MANIFEST, "none"))

    assert text == (
        f'COPY "lake"."trips" ("price", "id", "city") FROM \'{MANIFEST}\' '
        "IAM_ROLE default MANIFEST FORMAT AS CSV IGNOREHEADER 1 MAXERROR 100000"
    )


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        ({"type": "csv"}, "FORMAT AS CSV MAXERROR 100000"),
        ({"type": "csv", "header_lines": 2}, "FORMAT AS CSV IGNOREHEADER 2 MAXERROR 100000"),
        ({"type": "csv", "delimiter": ";", "quote": "'"}, "FORMAT AS CSV DELIMITER ';' QUOTE '''' MAXERROR 100000"),
        ({"type": "csv", "delimiter": "\t"}, "FORMAT AS CSV DELIMITER '\t' MAXERROR 100000"),
        ({"type": "csv", "delimiter": "\\t"}, "FORMAT AS CSV DELIMITER '\\t' MAXERROR 100000"),
        ({"type": "delimited", "delimiter": "\\001"}, "DELIMITER '\\001' MAXERROR 100000"),
        ({"type": "delimited", "delimiter": "|~|"}, "DELIMITER '|~|' MAXERROR 100000"),
        ({"type": "delimited", "escape": True, "removequotes": True}, "ESCAPE REMOVEQUOTES MAXERROR 100000"),
        ({"type": "json"}, "FORMAT AS JSON 'auto' MAXERROR 100000"),
        ({"type": "json", "ignorecase": True}, "FORMAT AS JSON 'auto ignorecase' MAXERROR 100000"),
        ({"type": "json", "jsonpaths": ["$.a", "$.b", "$"]}, "FORMAT AS JSON 's3://work/paths' MAXERROR 100000"),
        ({"type": "avro"}, "FORMAT AS AVRO 'auto' MAXERROR 100000"),
        ({"type": "avro", "jsonpaths": ["$.a", "$.b", "$"]}, "FORMAT AS AVRO 's3://work/paths' MAXERROR 100000"),
        ({"type": "parquet"}, "FORMAT AS PARQUET"),
        ({"type": "orc", "fillrecord": True}, "FORMAT AS ORC FILLRECORD"),
        ({"type": "csv", "compression": "lzop"}, "FORMAT AS CSV LZOP MAXERROR 100000"),
        ({"type": "csv", "encoding": "utf-16"}, "FORMAT AS CSV ENCODING UTF16 MAXERROR 100000"),
        ({"type": "delimited", "encoding": "latin1"}, "ENCODING ISO88591 MAXERROR 100000"),
        ({"type": "csv", "encoding": "cp1252"}, "FORMAT AS CSV MAXERROR 100000"),
        ({"type": "csv", "compression": "gzip"}, "FORMAT AS CSV GZIP MAXERROR 100000"),
        ({"type": "json", "compression": "zstd"}, "FORMAT AS JSON 'auto' ZSTD MAXERROR 100000"),
        ({"type": "csv", "compression": "bzip2"}, "FORMAT AS CSV BZIP2 MAXERROR 100000"),
        ({"type": "csv", "null_as": ""}, "FORMAT AS CSV NULL AS '' MAXERROR 100000"),
        ({"type": "csv", "null_as": "\\N"}, "FORMAT AS CSV MAXERROR 100000"),
        ({"type": "csv", "null_as": "\\0"}, r"FORMAT AS CSV NULL AS '\0' MAXERROR 100000"),
        ({"type": "csv", "null_as": "\0"}, r"FORMAT AS CSV NULL AS '\0' MAXERROR 100000"),
        ({"type": "csv", "null_as": "\\000"}, r"FORMAT AS CSV NULL AS '\000' MAXERROR 100000"),
        (
            {"type": "csv", "dateformat": "auto", "timeformat": "epochsecs", "acceptinvchars": "?"},
            "FORMAT AS CSV DATEFORMAT 'auto' TIMEFORMAT 'epochsecs' ACCEPTINVCHARS '?' MAXERROR 100000",
        ),
        (
            {"type": "csv", "acceptanydate": True, "blanksasnull": True, "emptyasnull": True, "fillrecord": True},
            "FORMAT AS CSV ACCEPTANYDATE BLANKSASNULL EMPTYASNULL FILLRECORD MAXERROR 100000",
        ),
        (
            {"type": "csv", "ignoreblanklines": True, "roundec": True, "trimblanks": True, "truncatecolumns": True},
            "FORMAT AS CSV IGNOREBLANKLINES ROUNDEC TRIMBLANKS TRUNCATECOLUMNS MAXERROR 100000",
        ),
        ({"type": "csv", "roundec": False}, "FORMAT AS CSV MAXERROR 100000"),
    ],
)
def test_format_becomes_copys_options(options: Callable[..., str], format_: dict[str, Any], expected: str) -> None:
    assert options(format_, format_.get("compression", "none")) == expected


def test_prepared_object_is_read_without_the_landed_compression(options: Callable[..., str]) -> None:
    """COPY reads no .zip: what was unzipped is plain."""
    assert options({"type": "csv", "compression": "zip"}, "none") == "FORMAT AS CSV MAXERROR 100000"


def test_widths_are_in_the_order_of_the_schema(render: Render) -> None:
    columns = [{"name": "id", "type": "integer", "width": 3}, {"name": "city", "type": "varchar(8)", "width": 20}]
    file_type = make_file_type(format={"type": "fixed_width", "header_lines": 1}, columns=columns)

    text = render(copy_statement(file_type, file_type.column_names, MANIFEST, "none"))

    assert text.endswith(" MANIFEST FIXEDWIDTH 'id:3,city:20' IGNOREHEADER 1 MAXERROR 100000")


def test_jsonpaths_file_is_what_copy_reads() -> None:
    format_ = make_file_type(format={"type": "json", "jsonpaths": ["$['a']", "$['ü']", "$"]}).format

    assert json.loads(jsonpaths_file(format_)) == {"jsonpaths": ["$['a']", "$['ü']", "$"]}


@pytest.mark.parametrize("hostile", ["'; DROP TABLE lake.trips; --", "\\'", "%s %(x)s {}", "é🛫"])
def test_hostile_option_stays_one_literal(options: Callable[..., str], hostile: str) -> None:
    literal = "'" + hostile.replace("'", "''") + "'"

    assert options({"type": "csv", "null_as": hostile}) == f"FORMAT AS CSV NULL AS {literal} MAXERROR 100000"


def test_manifest_lists_exactly_the_mandatory_objects() -> None:
    sources = [CopySource("landing", f"trips/trips_{number}.csv", "v1", 1024 + number, "none") for number in (1, 2)]

    assert json.loads(manifest(sources)) == {
        "entries": [
            {"url": "s3://landing/trips/trips_1.csv", "mandatory": True, "meta": {"content_length": 1025}},
            {"url": "s3://landing/trips/trips_2.csv", "mandatory": True, "meta": {"content_length": 1026}},
        ]
    }


@pytest.mark.parametrize("key", ["a'b\"c\\d", "a\nb", "für 🛫 %20+", "../../x", "{}", "a?versionId=1", "\u2028"])
def test_hostile_key_is_data_of_the_manifest(key: str) -> None:
    source = CopySource("landing", key, None, 1, "none")

    assert json.loads(manifest([source]))["entries"][0]["url"] == f"s3://landing/{key}"
