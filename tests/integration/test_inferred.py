"""Real public files: inferred, planned and loaded without a hand on the schema, every row in its table.

The page `docs/infer.md` is compared with what is found; LAKEPORT_WRITE_DOCS=1 rewrites it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lakeport.inference.infer import Draft, infer
from lakeport.loading import rehearsal
from lakeport.redshift.session import Warehouse
from local.config import REPOSITORY
from tests.integration.callables import Bring
from tests.support.drafts import draft_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAGE = REPOSITORY / "docs" / "infer.md"
FILES = sorted((REPOSITORY / "tests" / "data" / "public").glob("*.*[!d]"))
FILES += [
    REPOSITORY / "samples" / name for name in ("airlines.csv", "airports.csv", "planes.jsonl", "weather_2013.csv.gz")
]
EXAMPLE = REPOSITORY / "tests" / "data" / "public" / "penguins.txt"
TABLE = "| file | rows | loaded | rejected | format | types of its columns |\n|---|---:|---:|---:|---|---|\n"


def prose() -> str:
    """Return the page above its table, with the example as inferred now."""
    block = f"```yaml\n{infer(EXAMPLE).as_yaml()}```"
    return re.sub(r"```yaml\n.*?```", lambda _: block, PAGE.read_text().partition(TABLE)[0], flags=re.DOTALL)


def line_of(path: Path) -> str:
    """Return the file's line in the page."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| {label(path)} |")]
    return lines[0] if lines else ""


def label(path: Path) -> str:
    return f"`{path.relative_to(REPOSITORY)}`"


def summary(path: Path, draft: Draft, rows: int, loaded: int, rejected: int) -> str:
    kinds = [column.type.partition("(")[0] for column in draft.columns]
    types = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
    format_ = ", ".join(str(value) if key == "type" else f"{key} {value}" for key, value in draft.format.items())
    return f"| {label(path)} | {rows:,} | {loaded:,} | {rejected:,} | {format_} | {types} |"


def test_there_are_enough_files() -> None:
    assert len(FILES) >= 12


def test_example_of_the_page_is_what_is_inferred() -> None:
    assert f"`./lakeport infer {EXAMPLE.relative_to(REPOSITORY)}`" in PAGE.read_text()
    assert PAGE.read_text().startswith(prose() + TABLE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_row_of_a_real_file_loads_by_its_inferred_schema(
    path: Path,
    warehouse: Warehouse,
    s3: S3Client,
    bring: Bring,
    query: Callable[..., list[tuple[Any, ...]]],
) -> None:
    draft, file_type = draft_of(path)
    planned = rehearsal.rehearse(file_type, path, warehouse, s3)
    done = bring(file_type, path.read_bytes(), name=path.name).run()

    assert (planned.rows_loaded, planned.problem, planned.rejected) == (done.rows_loaded, "", ())
    assert (done.rows_in_file, done.rows_rejected) == (draft.rows, 0)
    assert query(f"SELECT COUNT(*) FROM {file_type.table.name}") == [(draft.rows,)]  # noqa: S608
    line = summary(path, draft, done.rows_in_file, done.rows_loaded, done.rows_rejected)
    if os.environ.get("LAKEPORT_WRITE_DOCS"):
        write(path, line)
    assert line_of(path) == line, "LAKEPORT_WRITE_DOCS=1 make test PYTEST_OPTIONS=tests/integration/test_inferred.py"


def write(path: Path, line: str) -> None:
    """Put a file's line into the page, in the order of the files."""
    lines = {label(each): line_of(each) for each in FILES}
    lines |= {label(path): line}
    PAGE.write_text(prose() + TABLE + "".join(f"{lines[label(each)]}\n" for each in FILES if lines.get(label(each))))
