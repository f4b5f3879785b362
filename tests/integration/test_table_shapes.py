"""A table whose shape is not the schema's: rows are rejected as the plan says, and the statements to run work."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lakeport.errors import TableMismatch, UnloadableFile
from lakeport.loading.one_file import FileLoad
from lakeport.loading.rehearsal import rehearse
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType
from tests.integration.file_types import make_file_type
from tests.support.remedies import run_statements_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PrepareLoad = Callable[..., FileLoad]
Query = Callable[..., list[tuple[Any, ...]]]
each_mode = pytest.mark.parametrize("mode", ["append", "truncate", "merge"])


def changed(file_type: FileType, *columns: dict[str, Any], **changes: Any) -> FileType:
    return make_file_type(name=file_type.name, columns=list(columns), **changes)


def column(name: str, type_: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "type": type_, "required": required}


def mode_of(mode: str) -> dict[str, Any]:
    return {"mode": mode} | ({"key": ["id"]} if mode == "merge" else {})


def outcome_of(file_type: FileType, body: bytes, tmp_path: Path, warehouse: Warehouse, s3: S3Client) -> Any:
    path = tmp_path / "sample.csv"
    path.write_bytes(body)
    return rehearse(file_type, path, warehouse, s3)


@each_mode
def test_column_that_became_required_rejects_rows_although_the_table_takes_null(
    prepare_load: PrepareLoad, query: Query, warehouse: Warehouse, s3: S3Client, tmp_path: Path, mode: str
) -> None:
    id_ = column("id", "integer", required=True)
    before = make_file_type(columns=[id_, column("v", "integer")], table=mode_of(mode))
    prepare_load(before, b"id,v\n1,\n").run()
    after = changed(before, id_, column("v", "integer", required=True), table=mode_of(mode), rejects={"fail": 1})
    body = b"id,v\n2,1\n3,\n"

    outcome = outcome_of(after, body, tmp_path, warehouse, s3)
    done = prepare_load(after, body, name="second.csv", run_id="run2").run()

    assert (done.rows_loaded, done.rows_rejected) == (1, 1)
    assert [(row.line_number, row.column_name) for row in outcome.rejected] == [(3, "v")]
    assert query(f"SELECT COUNT(*) FROM {after.table.name} WHERE id = 3") == [(0,)]  # noqa: S608


@each_mode
def test_column_that_is_no_longer_required_needs_a_rebuilt_table(
    prepare_load: PrepareLoad, query: Query, warehouse: Warehouse, s3: S3Client, tmp_path: Path, mode: str
) -> None:
    id_ = column("id", "integer", required=True)
    before = make_file_type(columns=[id_, column("pop", "integer", required=True)], table=mode_of(mode))
    prepare_load(before, b"id,pop\n1,5\n").run()
    after = changed(before, id_, column("pop", "integer"), table=mode_of(mode))
    body = b"id,pop\n2,\n"

    outcome = outcome_of(after, body, tmp_path, warehouse, s3)
    with pytest.raises(TableMismatch, match="pop is NOT NULL") as raised:
        prepare_load(after, body, name="second.csv", run_id="run2")
    assert outcome.problem == str(raised.value)
    run_statements_of(str(raised.value))

    assert outcome_of(after, body, tmp_path, warehouse, s3).rows_loaded == 1
    assert prepare_load(after, body, name="third.csv", run_id="run3").run().rows_loaded == 1
    expected = [(2, None)] if mode == "truncate" else [(1, 5), (2, None)]
    assert query(f"SELECT id, pop FROM {after.table.name} ORDER BY id") == expected  # noqa: S608


def test_rebuilt_table_keeps_not_null_its_rows_and_columns_with_reserved_names(
    prepare_load: PrepareLoad, query: Query, warehouse: Warehouse
) -> None:
    names = ("id", "user", "order")
    kinds = ("integer", "varchar(8)", "varchar(8)")
    before = make_file_type(
        columns=[column(*each, required=each[0] == "id") for each in zip(names, kinds, strict=True)]
    )
    prepare_load(before, b"id,user,order\n1,ann,a\n2,bob,b\n").run()
    table = before.table.name
    query(f"ALTER TABLE {table} ADD COLUMN \"tag\" varchar(5) DEFAULT 'new'; SELECT 1")
    kinds = ("bigint", "varchar(4)", "varchar(8)")
    after = changed(before, *(column(*each, required=each[0] == "id") for each in zip(names, kinds, strict=True)))

    with pytest.raises(TableMismatch) as raised:
        fit_table(warehouse, after)
    run_statements_of(str(raised.value))

    with pytest.raises(UnloadableFile, match="1 of 1 "):
        prepare_load(after, b"id,user,order\n,x,y\n", name="second.csv", run_id="run2").run()
    prepare_load(after, b"id,user,order\n9999999999,cleo,c\n", name="third.csv", run_id="run3").run()
    assert query(f'SELECT id, "user", "order", "tag" FROM {table} ORDER BY id') == [  # noqa: S608
        (1, "ann", "a", "new"),
        (2, "bob", "b", "new"),
        (9999999999, "cleo", "c", "new"),
    ]


def test_text_that_is_too_long_is_not_cut_by_the_statements(prepare_load: PrepareLoad, warehouse: Warehouse) -> None:
    before = make_file_type(columns=[column("id", "integer", required=True), column("user", "varchar(8)")])
    prepare_load(before, b"id,user\n1,barbara\n").run()
    after = changed(before, column("id", "integer", required=True), column("user", "varchar(4)"))
    with pytest.raises(TableMismatch) as raised:
        fit_table(warehouse, after)
    with pytest.raises(Exception, match="too long"):
        run_statements_of(str(raised.value))


def test_second_file_with_super_is_loaded(prepare_load: PrepareLoad) -> None:
    file_type = make_file_type(format={"type": "json"}, columns=[column("tags", "super")])
    for number in (1, 2):
        assert prepare_load(file_type, b'{"tags": [1]}', name=f"{number}.json", run_id=f"run{number}").run().rows_loaded


TYPES = ["integer", "bigint", "varchar(4)", "varchar(9)", "char(4)", "decimal(8,2)", "date", "boolean", "super"]
VALUES = ["", "1", "true", "2024-01-02", "1.5", "abcdefg", "x"]


def random_columns(chance: random.Random) -> list[dict[str, Any]]:
    names = ["id", *chance.sample(["a", "b", "user", "d"], chance.randint(1, 3))]
    return [column(name, chance.choice(TYPES), required=chance.random() < 0.4) for name in names]


def mutated(columns: list[dict[str, Any]], chance: random.Random) -> list[dict[str, Any]]:
    kept = [dict(each) for each in columns if each["name"] == "id" or chance.random() < 0.8]
    for each in kept:
        if chance.random() < 0.25:
            each["type"] = chance.choice(TYPES)
        if chance.random() < 0.4:
            each["required"] = not each["required"]
    return kept + [column("more", "integer", required=chance.random() < 0.2)] * (chance.random() < 0.3)


@pytest.mark.parametrize("seed", range(40))
def test_plan_is_the_load_after_any_change_of_the_schema(
    prepare_load: PrepareLoad, warehouse: Warehouse, s3: S3Client, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    more = {"rejects": {"fail": "100%"}, "drift": chance.choice(["refuse", "add", "ignore"])}
    before = make_file_type(columns=random_columns(chance), **more)
    prepare_load(before, (",".join(each.name for each in before.columns) + "\n").encode()).run()
    after = changed(
        before,
        *mutated(
            [each.model_dump(include={"name", "required"}) | {"type": str(each.type)} for each in before.columns],
            chance,
        ),
        **more,
    )
    names = [each.name for each in (before if chance.random() < 0.2 else after).columns]
    lines = [",".join(chance.choice(VALUES) for _ in names) for _ in range(12)]
    body = "\n".join([",".join(names), *lines, ""]).encode()

    outcome = outcome_of(after, body, tmp_path, warehouse, s3)
    try:
        load = prepare_load(after, body, name="second.csv", run_id="run2")
        done = load.run()
    except (TableMismatch, UnloadableFile) as error:
        assert outcome.problem == str(error).replace(f"{after.name}/second.csv", "sample.csv")
        assert outcome.rows_loaded == 0
    else:
        assert outcome.problem == ""
        assert (outcome.rows_in_file, outcome.rows_loaded) == (done.rows_in_file, done.rows_loaded)
        assert len(outcome.rejected) == done.rows_rejected
