"""A row of `make bench` shows if its goal was reached, also if it was not measured."""

from __future__ import annotations

from xml.etree import ElementTree

from bench.table import Row, picture

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
