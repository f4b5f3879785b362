"""A row of `make bench` shows if its goal was reached, also if it was not measured."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from bench.__main__ import main
from bench.table import Row, page, picture

REACHED = Row("parse <fast>", "1 s", "2 s", "at most half", 1.0)
MISSED = Row("start", "3 s", "1 s", "as fast", 3.5)
FAILED = Row("function", "failed: no network", "", "")


def test_only_a_measured_row_is_reached() -> None:
    assert [row.reached for row in (REACHED, MISSED, FAILED)] == ["yes", "no", "not measured"]


def test_picture_has_a_bar_for_each_measured_row() -> None:
    drawn = ElementTree.fromstring(picture([REACHED, MISSED, FAILED]))  # noqa: S314 - our own
    bars = drawn.findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 2
    assert float(bars[1].get("width", 0)) == 300


def test_page_explains_each_row_and_where_the_time_goes_if_a_goal_is_missed() -> None:
    rows = [replace(REACHED, meaning="so soon"), replace(MISSED, meaning="so soon", where="in imports"), FAILED]
    text = "\n".join(page(rows, "2 cores"))
    assert "- **parse <fast>; start**: so soon" in text
    assert "- **start**: in imports" in text
    assert text.count("not explained yet") == 1


def test_only_with_a_name_that_no_benchmark_has_lists_the_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = {"task starts": "task start, parse,", "task start --write": "--write writes the whole page"}
    for only, message in cases.items():
        monkeypatch.setattr("sys.argv", ["bench", "--only", *only.split()])
        with pytest.raises(SystemExit):
            main()
        assert message in capsys.readouterr().err
