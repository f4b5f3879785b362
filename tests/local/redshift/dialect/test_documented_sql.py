"""Every value of `documented_sql.yaml` is what the stand-in answers."""

from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml

CASES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_suffix(".yaml").with_stem("documented_sql").read_text()
)


def shown(value: Any) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("case", CASES, ids=[f"{at}-{case['page']}" for at, case in enumerate(CASES)])
def test_statement_answers_as_documented(warehouse: Any, case: dict[str, Any]) -> None:
    for statement in filter(None, case.get("setup", "").split(";")):
        warehouse.run(statement)
    statements = case["sql"] if isinstance(case["sql"], list) else [case["sql"]]
    if "error" in case:
        with pytest.raises(psycopg2.Error, match=case["error"]):
            for statement in statements:
                warehouse.run(statement)
        return
    for statement in statements:
        rows = warehouse.run(statement)
    assert [[shown(value) for value in row] for row in rows or []] == case["rows"]
