"""Every module of the product can be imported first: no module depends on another one having been imported before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from local.config import REPOSITORY
from tests.support import importing_alone

PLUGINS = REPOSITORY / "plugins"


def imported_alone(modules: list[str], home: Path, *paths: Path) -> dict[str, str]:
    """Return the traceback of each module that fails when it is the first of ours to be imported."""
    variables = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-P", importing_alone.__file__]
    done = subprocess.run(
        command,
        input=json.dumps([modules, [str(path.resolve()) for path in paths]]),
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    failed: dict[str, str] = json.loads(done.stderr.splitlines()[-1])
    return failed


def test_every_module_imports_alone(tmp_path: Path) -> None:
    files = (PLUGINS / "lakeport").rglob("*.py")
    names = (".".join(file.relative_to(PLUGINS).with_suffix("").parts) for file in files)
    modules = sorted(name.removesuffix(".__init__") for name in names if not name.endswith(".__main__"))

    assert len(modules) > 100
    assert imported_alone(modules, tmp_path, PLUGINS) == {}


def test_dag_files_import_nothing_that_only_a_running_task_needs(tmp_path: Path) -> None:
    """Each task and each parse of a DAG file is a new process, which pays for what it imports."""
    heavy = "boto3 botocore fastavro ijson openpyxl psycopg2 pyarrow slack_sdk lakeport.alerts lakeport.loading"
    heavy += " lakeport.preparing lakeport.snapshots airflow.providers.common.sql.sensors.sql"
    heavy += " airflow.providers.standard.operators.trigger_dagrun"
    code = "import sys, lakeport.airflow.load_dag; print(*(name for name in sys.argv[1:] if name in sys.modules))"
    variables = os.environ | {"AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(PLUGINS)}
    command = [sys.executable, "-c", code, *heavy.split()]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == ""


def test_module_of_a_cycle_is_reported(tmp_path: Path) -> None:
    """Two modules that import from each other fail, whichever comes first."""
    (tmp_path / "one.py").write_text("from two import b\na = 1\n")
    (tmp_path / "two.py").write_text("from one import a\nb = 1\n")

    assert sorted(imported_alone(["json", "one", "two"], tmp_path, tmp_path)) == ["one", "two"]


def test_modules_that_need_one_another_in_one_order_only_are_reported(tmp_path: Path) -> None:
    """`first` can be imported before `second`; `user` does not import what it uses, though others did."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    (tmp_path / "package" / "part.py").write_text("value = 1\n")
    (tmp_path / "first.py").write_text("a = 1\nimport second\n")
    (tmp_path / "second.py").write_text("from first import a\nb = a\nimport package.part\n")
    (tmp_path / "third.py").write_text("from second import b\nfrom package import part\n")
    (tmp_path / "user.py").write_text("import package\nb = package.part.value\n")
    modules = ["package.part", "first", "second", "third", "user"]

    assert sorted(imported_alone(modules, tmp_path, tmp_path)) == ["user"]
