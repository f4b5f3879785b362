"""A file that waits is shown once for each change that a reader sees."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lakeport.cli.waiting import FileState, Upload, wait_for
from lakeport.model import Status, utc_now

UPLOAD = Upload("landing", "trips/1.csv", "v1", utc_now())
STARTED = FileState("1" * 64, Status.IN_PROGRESS, None, None, None, None)


def test_status_that_only_got_row_counts_is_shown_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakeport.cli.waiting._PAUSE_SECONDS", 0)
    loaded = replace(STARTED, rows_in_file=9, rows_loaded=9, rows_rejected=0)
    states = iter([None, STARTED, STARTED, loaded, replace(loaded, status=Status.DONE)])

    wait_for([UPLOAD], lambda _: next(states), 60)

    assert capsys.readouterr().out.splitlines() == [
        "trips/1.csv: In Progress",
        "trips/1.csv: Done: 9 of 9 rows loaded, 0 rejected",
    ]
