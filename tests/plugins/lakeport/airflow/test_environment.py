"""An Airflow without the packages of Lakeport reports them with the remedy."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from lakeport import settings
from lakeport.airflow import environment
from lakeport.errors import EnvironmentIncomplete
from local.config import REPOSITORY


def asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    path = folder / "requirements.txt"
    path.write_text(text)
    monkeypatch.setattr(settings, "requirements_file", lambda: path)


def test_complete_environment_passes() -> None:
    assert {"apache-airflow-providers-slack", "lzallright"} <= environment.versions().keys()
    environment.check()


def test_missing_packages_are_listed_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MWAA starts an environment even if the installation of its packages failed."""
    asked_for(tmp_path, monkeypatch, "# Two of them.\nnot-installed==1.0\nboto3==0.1  # of old\npyyaml==6.0.3\n")

    with pytest.raises(EnvironmentIncomplete, match=r"not-installed 1\.0 .*boto3 0\.1 "):
        environment.check()


def test_dag_file_reports_missing_packages_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow shows the error of a DAG file on its home page; it must list the packages."""
    asked_for(tmp_path, monkeypatch, "not-installed==1.0")

    with pytest.raises(EnvironmentIncomplete, match="not-installed"):
        runpy.run_path(str(REPOSITORY / "dags" / "load_files.py"))


def test_every_module_that_runs_in_airflow_is_imported() -> None:
    names = environment.import_all()

    assert {"lakeport.airflow.load_dag", "lakeport.airflow.channels", "lakeport.preparing.workbooks"} <= set(names)
    assert set(names) <= sys.modules.keys()
