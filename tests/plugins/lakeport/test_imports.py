"""Every module of the product can be imported first: no module depends on another one having been imported before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from local.config import REPOSITORY

PLUGINS = REPOSITORY / "plugins"
# Imports the other packages once, then forks for each module: a child has none of our modules yet.
IMPORT_EACH = """
import importlib, json, os, sys, traceback
import airflow.sdk, boto3, psycopg2, pyarrow, pydantic, rich.console, typer, yaml

failed = {}
for module in json.load(sys.stdin):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            importlib.import_module(module)
        except BaseException:
            os.write(writing, traceback.format_exc()[-4000:].encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        if text := pipe.read():
            failed[module] = text
    os.waitpid(child, 0)
assert not [name for name in sys.modules if name.startswith("lakeport")]
json.dump(failed, sys.stderr)
"""


def imported_alone(modules: list[str], home: Path, *paths: Path) -> dict[str, str]:
    """Return the traceback of each module that fails when it is the first of ours to be imported."""
    variables = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-c", IMPORT_EACH]
    done = subprocess.run(
        command, input=json.dumps(modules), env=variables, capture_output=True, text=True, check=False
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


def test_module_of_a_cycle_is_reported(tmp_path: Path) -> None:
    """Two modules that import from each other fail, whichever comes first."""
    (tmp_path / "one.py").write_text("from two import b\na = 1\n")
    (tmp_path / "two.py").write_text("from one import a\nb = 1\n")

    assert sorted(imported_alone(["json", "one", "two"], tmp_path, tmp_path)) == ["one", "two"]
