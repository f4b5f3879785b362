"""Every value of `documented_sql.yaml` is what the stand-in answers."""

import re
from pathlib import Path
from typing import Any

import psycopg2
import yaml

CASES: list[dict[str, Any]] = yaml.load(Path(__file__).with_name("documented_sql.yaml").read_text(), yaml.CSafeLoader)


def test_statements_answer_as_documented(warehouse: Any) -> None:
    wrong = []
    for number, case in enumerate(CASES):
        schema = f"s{number}"
        if "setup" in case or isinstance(case["sql"], list):
            warehouse.run(f"CREATE SCHEMA {schema}; SET search_path TO {schema}")
        found = answer(warehouse, case)
        if not agrees(case, found):
            wrong.append(f"{case['page']}: {case['sql']}\n  expected {case}\n  found {found}")
        warehouse.run(f"DROP SCHEMA IF EXISTS {schema} CASCADE; RESET ALL")
    assert not wrong, "\n".join(wrong)


def answer(warehouse: Any, case: dict[str, Any]) -> Any:
    """Return the rows of the last statement as text, or the error."""
    *before, last = case["sql"] if isinstance(case["sql"], list) else [case["sql"]]
    try:
        for statement in [*filter(None, case.get("setup", "").split(";")), *before]:
            warehouse.run(statement)
        return [[as_text(value) for value in row] for row in warehouse.run(last)]
    except psycopg2.Error as error:
        warehouse.run("ROLLBACK")
        return str(error)


def agrees(case: dict[str, Any], found: Any) -> bool:
    if isinstance(found, str) or "error" in case:
        return "error" in case and isinstance(found, str) and bool(re.search(case["error"], found))
    if "like" in case:
        return all(re.fullmatch(want, str(value)) for want, value in zip(case["like"], found[0], strict=True))
    return bool(found == case["rows"])


def as_text(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
