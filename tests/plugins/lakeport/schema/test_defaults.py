"""`_defaults.yaml` applies to every key that a schema does not set; if it is invalid, each schema reports that."""

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


def test_default_applies_to_keys_that_the_schema_does_not_set(schema: Path) -> None:
    schema.with_name("_defaults.yaml").write_text(DEFAULTS)

    file_type = read_file_type(schema)

    assert (file_type.owner, file_type.retries) == ("data@example.com", 5)
    assert (file_type.format.type, file_type.format.compression) == ("csv", "gzip")
    assert (file_type.alerts.slack, file_type.alerts.email) == ("#trips", ("data@example.com",))


def test_defaults_are_not_a_file_type(schema: Path) -> None:
    schema.with_name("_defaults.yaml").write_text(DEFAULTS)

    assert schema_paths(schema.parent) == [schema]


def test_empty_defaults_set_nothing(schema: Path) -> None:
    schema.with_name("_defaults.yaml").write_text("# nothing yet\n")
    schema.write_text(SCHEMA + "owner: tests\n")

    assert read_file_type(schema).owner == "tests"


@pytest.mark.parametrize(
    ("defaults", "problem"),
    [
        ("owner: [\n", "_defaults.yaml:2: "),
        ("- a\n", "_defaults.yaml: "),
        ("owner: me\nretrys: 3\n", "_defaults.yaml:2: retrys: "),
        ("owner: me\nretries: 30\n", "_defaults.yaml:2: retries: is 30"),
        ("owner: no\n", "_defaults.yaml:1: owner: is no"),
        (
            "owner: me\nformat: {escape: true}\n",
            "_defaults.yaml:2: format.escape: type csv",
        ),
        ("owner: me\nname: trips\n", "_defaults.yaml:2: name: "),
        ("retries: 3\n", "trips.yaml:1: owner: "),
    ],
)
def test_error_in_a_default_is_reported_with_its_line(schema: Path, defaults: str, problem: str) -> None:
    [found] = problems(schema, defaults)

    assert found.startswith(problem)
