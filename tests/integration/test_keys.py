"""Every key of the language does something: a case in `keys/` loads with it, and ends otherwise without it.

A case is a YAML: `schema` over a small CSV type, `files` by their names (text, bytes, or what an archive, a workbook or
an encrypted file holds), those of a run `before`, and what becomes of them: `rows` of the table, `rejected` rows as
line and column, the `problem` of the failed load, `statuses` of the files.  `shows` names the keys it is there for.
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import psycopg2
import pytest
import yaml
from airflow.serialization.serialized_objects import DagSerialization

from lakeport.airflow.load_dag import load_dag
from lakeport.airflow.operators.status import FilterNewestOperator, MarkDoneOperator
from lakeport.airflow.operators.take_files import TakeFilesOperator
from lakeport.airflow.sensors import NewFilesSensor
from lakeport.arrivals.publishing import rule_of
from lakeport.errors import LakeportError, SchemaError
from lakeport.loading.one_file import FileLoad
from lakeport.mng import claims
from lakeport.model import RegisteredFile, TaskRun
from lakeport.redshift import ddl
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import as_text
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import read_file_type
from lakeport.schema.reference import keys
from tests.integration.callables import Query
from tests.support import operators
from tests.support.archives import packed
from tests.support.pgp_files import Keys

FOLDER = Path(__file__).parent / "keys"
BASE: dict[str, Any] = {
    "description": "Trips, one row per trip.",
    "owner": "tests",
    "landing": {"pattern": "{name}/*"},
    "format": {"type": "csv"},
    "columns": [
        {"name": "id", "type": "integer"},
        {"name": "city", "type": "varchar(8)"},
        {"name": "price", "type": "decimal(8,2)"},
    ],
}
Land = Callable[..., RegisteredFile]
Outcome = dict[str, Any]


@cache
def case(name: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.load((FOLDER / f"{name}.yaml").read_text(), yaml.CSafeLoader)
    return values


CASES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
SHOWN = [(name, place) for name in CASES for place in case(name)["shows"].split()]


@pytest.fixture(autouse=True)
def _transforms_of_the_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEPORT_TRANSFORMS", str(FOLDER / "transforms"))


@pytest.fixture
def type_of(tmp_path: Path) -> Any:
    """Read a schema under a new name."""

    def read(schema: dict[str, Any]) -> FileType:
        name = f"trips_{uuid.uuid4().hex[:8]}"
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(schema, sort_keys=False).replace("{name}/", f"{name}/"))
        return read_file_type(path)

    return read


@pytest.fixture
def declared_by(type_of: Callable[..., FileType]) -> Any:
    """Return what a schema makes without a file, with one name in place of the type's own."""

    def run(schema: dict[str, Any]) -> Outcome:
        try:
            file_type = type_of(schema)
        except SchemaError as error:
            return {"invalid": [problem.split(": ", 1)[1] for problem in error.problems]}
        found = {"dag": dag_of(file_type), "rule": repr(rule_of(file_type))}
        return named_alike({**found, "ddl": [as_text(each) for each in ddl.create_table(file_type)]}, file_type)

    return run


@pytest.fixture
def loaded_by(type_of: Callable[..., FileType], land: Land, query: Query, warehouse: Warehouse, bring_file: Any) -> Any:
    """Load the files of a case by a valid schema and return what becomes of them."""

    def run(values: dict[str, Any], schema: dict[str, Any]) -> Outcome:
        file_type = type_of(schema)
        if file_type.format.encryption:
            pgp_keys().store()
        table = file_type.table.name
        warehouse.transaction(lambda current: current.execute(f"DROP TABLE IF EXISTS {table}"))
        problem = ""
        for number, files in enumerate([values.get("before", {}), values["files"]]):
            for file, content in files.items():
                land(file_type, content_of(content, file_type), file)
            problem = run_of(file_type, f"run{number}", query, warehouse, bring_file) if files else problem
        columns = ", ".join(values.get("select", ["id", "city", "price"]))
        try:
            rows = query(f"SELECT {columns} FROM {table} ORDER BY 1, 2, 3")  # noqa: S608
        except psycopg2.ProgrammingError as error:
            rows = [(str(error),)]
        found: Outcome = {"rows": [[None if value is None else str(value) for value in row] for row in rows]}
        found["problem"] = problem
        text = (
            "SELECT e.line_number, e.column_name, f.key FROM mng.load_errors e JOIN mng.files f "
            "ON f.file_id = e.file_id WHERE f.file_type = %s ORDER BY 3, 1"
        )
        found["rejected"] = [list(row[:2]) for row in query(text, (file_type.name,))]
        counts = "rows_loaded, rows_rejected, rows_replaced"
        text = f"SELECT key, status, {counts} FROM mng.files WHERE file_type = %s ORDER BY key"  # noqa: S608
        found["files"] = {key.rpartition("/")[2]: status for key, *status in query(text, (file_type.name,))}
        return named_alike(found, file_type)

    return run


def named_alike(found: Outcome, file_type: FileType) -> Outcome:
    outcome: Outcome = json.loads(json.dumps(found).replace(file_type.name, "NAME"))
    return outcome


@pytest.fixture(scope="module")
def outcomes_of_cases() -> dict[tuple[str, str], Outcome]:
    """What is declared by each case and what becomes of its files, which several tests compare."""
    return {}


@pytest.fixture
def declared_case(outcomes_of_cases: dict[tuple[str, str], Outcome], declared_by: Callable[..., Outcome]) -> Any:
    """Return what the schema of a case makes without a file."""

    def run(name: str) -> Outcome:
        if ("declared", name) not in outcomes_of_cases:
            outcomes_of_cases["declared", name] = declared_by(schema_of(name))
        return outcomes_of_cases["declared", name]

    return run


@pytest.fixture
def loaded_case(outcomes_of_cases: dict[tuple[str, str], Outcome], loaded_by: Callable[..., Outcome]) -> Any:
    """Load the files of a case by its schema, once."""

    def run(name: str) -> Outcome:
        if ("loaded", name) not in outcomes_of_cases:
            outcomes_of_cases["loaded", name] = loaded_by(case(name), schema_of(name))
        return outcomes_of_cases["loaded", name]

    return run


def run_of(file_type: FileType, run_id: str, query: Query, warehouse: Warehouse, bring_file: Any) -> str:
    """Do what the steps of a run do; return the first problem of its files."""
    by = TaskRun(file_type.dag_id, run_id, "copy_to_table")
    sensor = NewFilesSensor(task_id="wait_for_files", file_type=file_type)
    waiting = [RegisteredFile(*row).to_xcom() for row in query(str(sensor.sql), sensor.parameters)]
    take = (
        TakeFilesOperator(task_id="take", file_type=file_type, files=waiting)
        if file_type.landing.select == "all"
        else FilterNewestOperator(task_id="newest", file_type=file_type, files=waiting)
    )
    files = [RegisteredFile.from_xcom(file) for file in done_by(take, by)]
    warehouse.transaction(lambda current: claims.claim(current, [file.file_id for file in files], by))
    fit_table(warehouse, file_type)
    problem = ""
    for file in files:
        try:
            load: FileLoad = bring_file(file_type, file, by)
            load.run()
            done_by(MarkDoneOperator(task_id="mark_done", file_type=file_type, files=[file.to_xcom()]), by)
        except LakeportError as error:
            problem = problem or str(error).replace(file.file_id, "FILE_ID")
    return problem


def done_by(operator: Any, by: TaskRun) -> Any:
    return operators.run(operator, by)


def dag_of(file_type: FileType) -> str:
    """Return what Airflow stores of the DAG, how its sensor waits, and whose alerts show what of its failures."""
    dag = load_dag(file_type)
    sensor: Any = dag.get_task("wait_for_files")
    waiting = (sensor.poke_interval, sensor.timeout)
    return json.dumps(DagSerialization.to_dict(dag), sort_keys=True, default=str) + repr(
        (waiting, file_type.alerts, file_type.rejects.show)
    )


def content_of(given: Any, file_type: FileType) -> bytes:
    if isinstance(given, dict) and "members" in given:
        return packed({name: text.encode() for name, text in given["members"].items()}, "zip")
    if isinstance(given, dict) and "pgp" in given:
        signer = getattr(pgp_keys(), given["signer"]) if "signer" in given else None
        return pgp_keys().encrypted(given["pgp"].encode(), signer)
    if isinstance(given, dict):
        return workbook(given["sheets"])
    return given if isinstance(given, bytes) else str(given).encode()


@cache
def pgp_keys() -> Keys:
    return Keys()


def workbook(sheets: dict[str, list[list[Any]]]) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(file)
    return file.getvalue()


def schema_of(name: str) -> dict[str, Any]:
    return merged(BASE, case(name)["schema"])


def merged(base: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    found = deepcopy(base)
    for key, value in values.items():
        below = found.get(key)
        found[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else deepcopy(value)
    return found


def without(schema: dict[str, Any], place: str) -> dict[str, Any]:
    """Return the schema without a key, in every entry of a list it is in."""
    step, _, rest = place.partition(".")
    found, key = deepcopy(schema), step.removesuffix("[]")
    if not rest:
        found.pop(key, None)
    elif step.endswith("[]"):
        # A check that is an SQL condition may be a bare text, which is its key sql.
        found[key] = [without(each, rest) for each in found.get(key, []) if isinstance(each, dict)]
    elif key in found:
        found[key] = without(found[key], rest)
    return found


def has(schema: Any, place: str) -> bool:
    step, _, rest = place.partition(".")
    value = schema.get(step.removesuffix("[]")) if isinstance(schema, dict) else None
    if not rest or value is None:
        return value is not None
    return any(has(each, rest) or isinstance(each, str) for each in (value if step.endswith("[]") else [value]))


def test_every_key_of_the_language_has_a_case() -> None:
    places = [key.place for key in keys(FileType)]
    leaves = {place for place in places if not any(other.startswith(f"{place}.") for other in places)}
    assert leaves - {place for _, place in SHOWN} == set()
    assert {place for _, place in SHOWN} - set(places) == set()


@pytest.mark.parametrize("name", CASES)
def test_case_has_the_expected_result(
    name: str,
    declared_by: Callable[..., Outcome],
    declared_case: Callable[[str], Outcome],
    loaded_case: Callable[[str], Outcome],
) -> None:
    values, schema = case(name), schema_of(name)
    assert [place for place in values["shows"].split() if not has(schema, place)] == []
    declared = declared_case(name)
    assert "invalid" not in declared, declared
    assert declared_by(schema) == declared
    found = loaded_case(name)
    assert values.get("problem", "") in found["problem"]
    assert bool(values.get("problem")) == bool(found["problem"]), found["problem"]
    assert found["rows"] == list(texts(values["rows"]))
    assert found["rejected"] == values.get("rejected", [])
    statuses = {file: status[0] for file, status in found["files"].items()}
    assert values.get("statuses", {}).items() <= statuses.items()


def texts(rows: list[list[Any]]) -> Iterator[list[str | None]]:
    for row in rows:
        yield [None if value is None else f"{value:.2f}" if isinstance(value, float) else str(value) for value in row]


@pytest.mark.parametrize(("name", "place"), SHOWN)
def test_case_has_another_result_without_the_key(
    name: str,
    place: str,
    declared_by: Callable[..., Outcome],
    declared_case: Callable[[str], Outcome],
    loaded_by: Callable[..., Outcome],
    loaded_case: Callable[[str], Outcome],
) -> None:
    """What a key changes shows before a file is loaded, or else when the case's files are."""
    other = without(schema_of(name), place)
    if declared_case(name) == declared_by(other):
        assert loaded_case(name) != loaded_by(case(name), other)
