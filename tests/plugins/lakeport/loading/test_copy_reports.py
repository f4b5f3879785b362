"""How many rows a COPY rejected, by its notices and by views that show its errors one after the other."""

from dataclasses import astuple, fields
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from lakeport.loading.copy_reports import CopyError, CopySession, errors_of_copy, rejected_in_notices

LOADED = "INFO:  Load into table 't' completed, 4 record(s) loaded successfully.\n"
REJECTED = "INFO:  Load into table 't' completed, 3 record(s) could not be loaded.  Check 'sys_load_error_detail'.\n"
REPLACED = "INFO:  Load into table 't' completed, 1 record(s) were loaded with replacements made for ACCEPTINVCHARS.\n"


@pytest.mark.parametrize(
    ("notices", "rejected"),
    [
        ([LOADED], 0),
        ([LOADED, REJECTED], 3),
        ([LOADED, REPLACED], 0),
        (["NOTICE:  table is analyzed\n", LOADED], 0),
        ([], None),
        (["NOTICE:  table is analyzed\n"], None),
        ([LOADED, "INFO:  Load into table 't' completed, 3 rows were skipped.\n"], None),
        ([LOADED, "WARNING:  3 errors were ignored, see sys_load_error_detail\n"], None),
        ([LOADED, REJECTED, REJECTED.replace("3", "2")], None),
    ],
)
def test_number_of_rejected_rows_is_unknown_unless_the_notices_count_them(
    notices: list[str], rejected: int | None
) -> None:
    """Words that AWS does not document must not mean "none": the views are asked for the number then."""
    assert rejected_in_notices(notices) == rejected


class Views:
    """A cursor whose queries return these errors in turn, the last ones from then on."""

    description = [SimpleNamespace(name=each.name) for each in fields(CopyError)]  # noqa: RUF012 - as psycopg2's

    def __init__(self, *answers: list[CopyError]) -> None:
        self.answers = list(answers)

    def execute(self, *_: object) -> None:
        self.found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return [astuple(each) for each in self.found]


def error(line: int, column: str) -> CopyError:
    return CopyError("s3://landing/a.csv", line, column, "int4", 0, 1207, "Invalid digit")


def test_rows_without_a_line_are_complete_only_if_the_view_shows_no_more_of_them() -> None:
    """Two errors of one row are as many as one error each of two rows."""
    first, second = [error(-1, "id"), error(-1, "price")], error(-1, "id")
    views: Any = Views([], first, [*first, second])

    assert errors_of_copy(views, CopySession(1, datetime.now(UTC)), 2) == [*first, second]


def test_rows_with_lines_are_complete_at_once() -> None:
    views: Any = Views([error(2, "id"), error(3, "id")], [])

    assert len(errors_of_copy(views, CopySession(1, datetime.now(UTC)), 2)) == 2
