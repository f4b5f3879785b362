"""The page names every choice the cases left open."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PAGE = (Path(__file__).parents[3] / "local" / "redshift" / "README.md").read_text()
CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "copy_cases.yaml").read_text())
CHOICES = dict(re.findall(r"^\| `([\w-]+)` \| (.+) \|$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("case", [case["id"] for case in CASES if case.get("open")])
def test_open_case_has_a_choice(case: str) -> None:
    assert CHOICES.get(case, "").strip()


def test_choices_are_of_cases() -> None:
    ids = {case["id"] for case in CASES}
    assert [name for name in CHOICES if re.fullmatch(r"[a-z]+-\d\d[\w-]*", name) and name not in ids] == []


def test_modules_named_are_there() -> None:
    table = PAGE[PAGE.index("| Module | Part |") :].partition("\n\n")[0]
    named = re.findall(r"`([a-z_0-9]+)/?`", re.sub(r"\|[^|]*\|$", "|", table, flags=re.MULTILINE))
    folder = Path(__file__).parents[3] / "local" / "redshift"
    assert [name for name in named if not (folder / f"{name}.py").exists() and not (folder / name).is_dir()] == []
    unnamed = {path.stem for path in folder.glob("*.py")} - set(named)
    assert unnamed <= {"__init__", "__main__", "settings", "columns", "errors", "own_postgres", "tls"}
