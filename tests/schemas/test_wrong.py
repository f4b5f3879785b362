"""Every known way to get a schema wrong has its message; no text or value causes a traceback.

A case is a YAML in `wrong/`; its first lines are comments with the problems expected, in which `...` is any text.
"""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakeport.errors import SchemaError
from lakeport.schema.reader import read_file_type

CASES = sorted((Path(__file__).parent / "wrong").glob("*.yaml"))
GOOD = (Path(__file__).parents[2] / "schemas" / "flights.yaml").read_text()
fuzzed = settings(max_examples=200, derandomize=True)


def expected(path: Path) -> list[str]:
    """Return the expected problems as patterns."""
    lines = takewhile(lambda line: line.startswith("# wrong/"), path.read_text().splitlines())
    return [re.escape(line[2:]).replace(r"\.\.\.", ".*") for line in lines] or [
        f"wrong/{path.name}: is not a mapping.*"
    ]


def test_there_are_a_hundred_cases() -> None:
    assert len(CASES) >= 100


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_wrong_schema_gets_the_expected_message(path: Path) -> None:
    with pytest.raises(SchemaError) as raised:
        read_file_type(path)

    found, patterns = raised.value.problems, expected(path)

    assert len(found) == len(patterns)
    for problem, pattern in zip(found, patterns, strict=True):
        assert re.fullmatch(pattern, problem)


@fuzzed
@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.text("aN0:-?[]{},&*!|>'\"%@#\\ \t\n~.", max_size=12))
def test_good_schema_with_a_replaced_piece_causes_no_traceback(tmp_path: Path, at: int, cut: int, piece: str) -> None:
    path = tmp_path / "flights.yaml"
    path.write_text(GOOD[:at] + piece + GOOD[at + cut :])
    try:
        read_file_type(path)
    except SchemaError as error:
        assert all(problem.startswith(f"{tmp_path.name}/flights.yaml") for problem in error.problems)


_any_words = st.sampled_from(
    ["no", "on", "010", "~", "2013-01-01", "2013-13-01", "1e3", ".inf", "10:30", "{}", "[]", "''", "x"]
)


@fuzzed
@given(st.sampled_from(re.findall(r"(?<=[{ ])\w+(?=: )", GOOD)), _any_words)
def test_any_key_with_any_value_causes_no_traceback(tmp_path: Path, key: str, value: str) -> None:
    path = tmp_path / "flights.yaml"
    path.write_text(re.sub(rf"(?<=[{{ ]){key}: [^,}}\n]*", f"{key}: {value}", GOOD))
    try:
        read_file_type(path)
    except SchemaError as error:
        assert error.problems
