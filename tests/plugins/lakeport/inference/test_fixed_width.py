"""Fixed-width columns are found by the positions that are blank in all lines; ordinary text has none."""

from __future__ import annotations

import csv
import io
import string
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lakeport.inference.infer import Draft
from lakeport.inference.layout import layout
from tests.support.drafts import inferred, types

CITIES = ("Bern", "Oslo", "New York", "Paris", "Reykjavik", "Rome", "Zürich", "Lima")
TRIPS = [("id", "city", "rides", "price", "day")]
TRIPS += [(str(n), city, str(n * 40), f"{n * 1.5:.2f}", f"2013-01-0{n}") for n, city in enumerate(CITIES, 1)]
RIGHT = (0, 2, 3)


def table(rows: Sequence[Sequence[str]] = TRIPS, *, gap: int = 1, right: Sequence[int] = RIGHT, rule: str = "") -> str:
    """Write rows as a database's shell or a mainframe does."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        (" " * gap).join(
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    if rule:
        lines.insert(1, (" " * gap).join(rule * width for width in widths))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def widths(draft: Draft) -> list[int | None]:
    return [column.width for column in draft.columns]


def test_blanks_separate_columns(tmp_path: Path) -> None:
    draft = inferred(tmp_path, table(), "trips.txt")

    assert draft.format == {"type": "fixed_width", "header_lines": 1, "trimblanks": True}
    assert types(draft) == {
        "id": "integer",
        "city": "varchar(16)",
        "rides": "smallint",
        "price": "decimal(8,4)",
        "day": "date",
    }
    assert draft.rows == len(CITIES)


def test_schema_has_a_comment_that_widths_are_a_guess(tmp_path: Path) -> None:
    text = inferred(tmp_path, table(), "trips.txt").as_yaml()

    assert any(line.startswith("# ") and "the widths are a guess" in line for line in text.splitlines())
    assert "{name: city, type: varchar(16), width: 9, required: true}" in text


def test_gap_belongs_to_numbers_which_may_grow(tmp_path: Path) -> None:
    """A text in a number's column is rejected; digits in a text's column would change the number."""
    draft = inferred(tmp_path, table(gap=4), "trips.txt")

    assert widths(draft) == [6, 9, 9, 13, 10]


def test_lines_that_end_early_leave_room_in_the_last_column(tmp_path: Path) -> None:
    rows = [(row[1], row[0], row[1]) for row in TRIPS]

    assert widths(inferred(tmp_path, table(rows, right=(1,)), "trips.txt")) == [9, 4, 11]


@pytest.mark.parametrize(
    ("text", "header_lines"),
    [
        (table(rule="-"), 2),
        (table(rule="=", gap=2), 2),
        ("Trips of 2013\n\n" + table(rule="-"), 4),
        ("All the trips that were made in 2013\n" + table(), 2),
        ("\n" + table(), 2),
        (table().replace("\n", "\r\n"), 1),
        (table(TRIPS[1:]), 0),
    ],
)
def test_lines_above_the_rows_are_skipped(tmp_path: Path, text: str, header_lines: int) -> None:
    draft = inferred(tmp_path, text, "trips.txt")

    assert (draft.format.get("header_lines", 0), draft.rows) == (header_lines, len(CITIES))
    names = ["id", "city", "rides", "price", "day"] if header_lines else [f"column_{number}" for number in range(1, 6)]
    assert list(types(draft)) == names


def test_words_longer_than_their_columns_name_them_in_order(tmp_path: Path) -> None:
    body = "\n".join(f"{n}  {city:<9} {n % 2}" for n, city in enumerate(CITIES))

    assert list(types(inferred(tmp_path, f"number city is_capital\n{body}\n", "trips.txt"))) == [
        "number",
        "city",
        "is_capital",
    ]


def test_blank_fields_are_null(tmp_path: Path) -> None:
    rows = [
        ("id", "city", "rides", "kind"),
        *[(str(n), "" if n == 3 else "Bern", "" if n == 4 else "7", "a") for n in range(20)],
    ]
    draft = inferred(tmp_path, table(rows, right=(0,)), "trips.txt")

    assert [column.is_required for column in draft.columns] == [True, False, False, True]
    assert (draft.format["blanksasnull"], draft.format["emptyasnull"]) == (True, True)


def test_commas_within_names_are_not_delimiters(tmp_path: Path) -> None:
    rows = [(f"{'Smith' * (n % 3)}x, Ann", str(n * 7)) for n in range(20)]
    text = "\n".join(f"{name:<20}{number:>5}" for name, number in rows) + "\n"

    assert inferred(tmp_path, text, "people.txt").format["type"] == "fixed_width"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("\n".join(f"{n:>4}, {'ab' * (n % 4):<8}, {n:>5}" for n in range(50)), "a.txt"),  # a CSV with blanks
        ("\n".join(f"| {n:>4} | {'ab' * (n % 4):<8} |" for n in range(50)), "a.txt"),
        ("\n".join(f"{n:>4}\t{'ab' * (n % 4):<8}\t{n}" for n in range(50)), "a.txt"),
        ("\n".join(f"{n:03} {n % 10} {n:02}" for n in range(90)), "a.txt"),  # a blank is the delimiter
        (table(), "trips.csv"),
        (table(TRIPS[:4]), "trips.txt"),  # too few lines
        (
            "The fox jumps.  It sleeps,\nfor a while.  Foxes\nlike that.  It was a\nlong day.  The end,\nor not.\n",
            "a.txt",
        ),
    ],
)
def test_other_text_is_not_mistaken_for_it(tmp_path: Path, text: str, name: str) -> None:
    assert inferred(tmp_path, text, name).format["type"] != "fixed_width"


WORD = st.text(alphabet=string.ascii_letters + " -'0123456789", max_size=12)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(WORD, min_size=3, max_size=3), min_size=5, max_size=30), st.sampled_from(",;|\t"))
@example([["Smith", "", "1"]] * 12, ",")
def test_csv_is_not_mistaken_for_it(rows: list[list[str]], delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)

    assert layout(text.getvalue()) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10**6), st.text(string.ascii_letters, min_size=1, max_size=9)), min_size=8))
def test_every_table_is_found_again(rows: list[tuple[int, str]]) -> None:
    """The fields read from the lines are the ones that were written, whatever their values."""
    lines = [f"{number:>8} {name:<10}  {number % 97:>4}" for number, name in rows]
    found = layout("\n".join(["  number name        rest", *lines]) + "\n")

    assert found is not None
    assert (found.words, found.header_lines) == (("number", "name", "rest"), 1)
    assert [[cell.strip() for cell in found.cells(line)] for line in lines] == [
        [str(number), name, str(number % 97)] for number, name in rows
    ]
