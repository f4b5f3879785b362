"""Every value of `documented_sql.yaml` is what the stand-in answers."""

import re
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("documented_sql.yaml").read_text())


def as_text(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("case", CASES, ids=[f"{at}-{case['page']}" for at, case in enumerate(CASES)])
def test_statement_answers_as_documented(warehouse: Any, case: dict[str, Any]) -> None:
    for statement in filter(None, case.get("setup", "").split(";")):
        warehouse.run(statement)
    *before, last = case["sql"] if isinstance(case["sql"], list) else [case["sql"]]
    for statement in before:
        warehouse.run(statement)
    if "error" in case:
        with pytest.raises(psycopg2.Error, match=case["error"]):
            warehouse.run(last)
        return
    found = [[as_text(value) for value in row] for row in warehouse.run(last)]
    if "like" in case:
        assert all(re.fullmatch(want, str(value)) for want, value in zip(case["like"], found[0], strict=True)), found
    else:
        assert found == case["rows"]
