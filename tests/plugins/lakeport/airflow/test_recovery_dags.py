"""The forms of the DAGs replay, undo and discard."""

from __future__ import annotations

import pytest

from lakeport.airflow.operators.recover import FIELDS
from lakeport.airflow.recovery_dags import recovery_dag
from lakeport.recovery.replay.commands import Command


@pytest.mark.parametrize("command", ["replay", "undo", "discard"])
def test_form_can_be_sent_with_files_or_with_a_file_type_alone(command: Command) -> None:
    """Airflow's form cannot be sent while a field is empty that may not be null."""
    params = recovery_dag(command).params
    assert set(params) == FIELDS[command]
    for name in ("files", "file_type"):
        assert "null" in params.get_param(name).schema["type"]
    for given in ({"files": None, "file_type": "airlines"}, {"files": ["3f9a2c"], "file_type": ""}):
        params.update(given)
        assert params.validate() | given == params.validate()
