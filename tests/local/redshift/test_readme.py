"""The page names every choice the cases left open."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PAGE = (Path(__file__).parents[3] / "local" / "redshift" / "README.md").read_text()
CASES: list[dict[str, Any]] = yaml.load(
    (Path(__file__).parent / "copy" / "copy_cases.yaml").read_text(), yaml.CSafeLoader
)
CHOICES = dict(re.findall(r"^\| `([\w-]+)` \| (.+) \|$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("case", [case["id"] for case in CASES if case.get("open")])
def test_open_case_has_a_choice(case: str) -> None:
    assert CHOICES.get(case, "").strip()


def test_choices_are_of_cases() -> None:
    ids = {case["id"] for case in CASES}
    assert [name for name in CHOICES if re.fullmatch(r"[a-z]+-\d\d[\w-]*", name) and name not in ids] == []


def test_modules_are_named_in_their_package() -> None:
    folder = Path(__file__).parents[3] / "local" / "redshift"
    rows = re.findall(r"^\| `(\w+)/` \| (.+?) \|", PAGE, re.MULTILINE)
    named = {f"{package}/{name}" for package, names in rows for name in re.findall(r"`([a-z_0-9]+)/?`", names)}
    assert [name for name in named if not (folder / f"{name}.py").exists() and not (folder / name).is_dir()] == []
    packages = {package for package, _ in rows}
    assert packages == {path.parent.name for path in folder.glob("*/*.py")}
    modules = {f"{path.parent.name}/{path.stem}" for path in folder.glob("*/*.py") if path.stem != "__init__"}
    assert modules <= named
