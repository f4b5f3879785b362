"""What makes files hard to read: the schema is right, its guesses are comments, or the problem is reported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lakeport.errors import SampleError
from lakeport.inference.infer import infer
from tests.corpus.hostile_samples import EXPECTED, write


@pytest.mark.parametrize("name", EXPECTED)
def test_schema_of_a_hostile_sample(name: str, tmp_path: Path) -> None:
    expected = EXPECTED[name]
    try:
        draft = infer(write(name, tmp_path))
    except SampleError as error:
        assert isinstance(expected, str), error
        assert expected in str(error)
        return
    if isinstance(expected, str):
        assert expected in " ".join(draft.unsolved)
        return
    assert not draft.unsolved
    assert expected.get("notes", "") in " ".join(draft.format_notes.values())
    assert draft.format.items() >= expected.get("format", {}).items()
    _compare({column.name: (column.type, column.note) for column in draft.columns}, expected)


def _compare(found: Mapping[str, tuple[str, str]], expected: Mapping[str, object]) -> None:
    for name, wanted in expected.items():
        if name not in ("format", "notes"):
            type_, note = wanted if isinstance(wanted, tuple) else (wanted, "")
            assert found[name][0].startswith(type_)
            assert note in found[name][1]
