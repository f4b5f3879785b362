"""`_defaults.yaml` speaks for every schema that does not say otherwise; broken, it is told, and nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakeport.errors import SchemaError
from lakeport.schema.reader import read_file_type, schema_paths

SCHEMA = """\
description: Trips.
landing: {pattern: "trips/*"}
format: {type: csv}
columns: [{name: id, type: integer}]
alerts: {slack: "#trips"}
"""
DEFAULTS = """\
owner: data@example.com
retries: 5
format: {type: json, compression: gzip}
alerts: {slack: "#data", email: [data@example.com]}
"""


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    (tmp_path / "trips.yaml").write_text(SCHEMA)
    return tmp_path / "trips.yaml"


def problems(schema: Path, defaults: str) -> list[str]:
    schema.with_name("_defaults.yaml").write_text(defaults)
    with pytest.raises(SchemaError) as raised:
        read_file_type(schema)
    return [problem.removeprefix(f"{schema.parent.name}/") for problem in raised.value.problems]


def test_default_holds_where_the_schema_says_nothing(schema: Path) -> None:
    schema.with_name("_defaults.yaml").write_text(DEFAULTS)

    file_type = read_file_type(schema)

    assert (file_type.owner, file_type.retries) == ("data@example.com", 5)
    assert (file_type.format.type, file_type.format.compression) == ("csv", "gzip")
    assert (file_type.alerts.slack, file_type.alerts.email) == ("#trips", ("data@example.com",))


def test_defaults_are_no_file_type(schema: Path) -> None:
    schema.with_name("_defaults.yaml").write_text(DEFAULTS)

    assert schema_paths(schema.parent) == [schema]


def test_empty_defaults_say_nothing(schema: Path) -> None:
    schema.with_name("_defaults.yaml").write_text("# nothing yet\n")
    schema.write_text(SCHEMA + "owner: tests\n")

    assert read_file_type(schema).owner == "tests"


@pytest.mark.parametrize(
    ("defaults", "problem"),
    [
        ("owner: [\n", "_defaults.yaml:2: did not find expected node content"),
        ("- a\n", "_defaults.yaml: is not a mapping of keys to values"),
        ("owner: me\nretrys: 3\n", "_defaults.yaml:2: retrys: unknown key; did you mean 'retries'?"),
        ("owner: me\nretries: 30\n", "_defaults.yaml:2: retries: is 30: input should be less than or equal to 10"),
        ("owner: no\n", "_defaults.yaml:1: owner: is no, which YAML reads as false"),
        (
            "owner: me\nformat: {escape: true}\n",
            "_defaults.yaml:2: format.escape: type csv does not take escape; delimited does",
        ),
        ("owner: me\nname: trips\n", "_defaults.yaml:2: name: is each schema's own; remove it from the defaults"),
        ("retries: 3\n", "trips.yaml:1: owner: is missing"),
    ],
)
def test_broken_default_is_told_where_it_stands(schema: Path, defaults: str, problem: str) -> None:
    [found] = problems(schema, defaults)

    assert found.startswith(problem)
