"""Counts agree with their nouns and verbs."""

from __future__ import annotations

from lakeport.wording import agreeing, amount, share


def test_noun_agrees_with_its_number() -> None:
    assert [amount(number, "file") for number in (0, 1, 2, 1234)] == ["0 files", "1 file", "2 files", "1,234 files"]
    assert [amount(number, "file waits", "files wait") for number in (1, 2)] == ["1 file waits", "2 files wait"]
    assert [agreeing(number, "is", "are") for number in (0, 1, 2)] == ["are", "is", "are"]
    assert [agreeing(number, "file") for number in (1, 2)] == ["file", "files"]


def test_noun_agrees_with_the_total_and_the_verb_with_the_part() -> None:
    found = [share(*counts, "row was", "rows were") for counts in ((1, 200), (5, 1200), (1, 1), (0, 1))]

    assert found == ["1 of 200 rows was", "5 of 1,200 rows were", "1 of 1 row was", "0 of 1 row were"]
    assert share(1, 3, "check") == "1 of 3 checks"
