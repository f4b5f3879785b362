"""The function's zip is reproducible and complete."""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from infra import package
from local.aws import server

HERE = package.Runtime.of(server.PYTHON)


def test_same_content_gives_the_same_bytes(build: Path, tmp_path: Path) -> None:
    """A deploy that changes nothing is seen to change nothing: equal hash, whenever and from wherever it is built."""
    first = package.build(build / "first.zip", HERE)
    for path in package.imported_modules(package.HANDLER):
        os.utime(path)  # a fresh checkout has other times
    again = package.build(tmp_path / "again.zip", HERE)  # installs psycopg2 again
    (libraries,) = tmp_path.glob("psycopg2*.zip")
    os.truncate(libraries, libraries.stat().st_size // 2)
    repaired = package.build(tmp_path / "repaired.zip", HERE)

    assert first == again == repaired


def test_zip_has_fixed_times_modes_and_order(tmp_path: Path) -> None:
    """What a file system adds is left out."""
    root = tmp_path / "root"
    (root / "b").mkdir(parents=True)
    (root / "b" / "two.so").write_bytes(b"2")
    (root / "b" / "two.so").chmod(0o777)
    (root / "a.py").write_text("1")
    (root / "a.py").chmod(0o600)
    package.write_zip(root, tmp_path / "out.zip")
    entries = zipfile.ZipFile(tmp_path / "out.zip").infolist()

    assert [(each.filename, each.date_time, oct(each.external_attr >> 16)) for each in entries] == [
        ("a.py", (1980, 1, 1, 0, 0, 0), "0o100644"),
        ("b/two.so", (1980, 1, 1, 0, 0, 0), "0o100755"),
    ]


def test_imports_are_followed_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module needed by a module needed by the handler is included; others are not."""
    lakeport = tmp_path / "lakeport"
    (lakeport / "deep").mkdir(parents=True)
    for name, code in {
        "__init__.py": "",
        "one.py": "from lakeport.deep import two",
        "deep/__init__.py": "",
        "deep/two.py": "import lakeport.one",
        "unused.py": "import airflow",
    }.items():
        (lakeport / name).write_text(code)
    handler = tmp_path / "handler.py"
    handler.write_text("import boto3\nfrom lakeport.one import something\n")
    monkeypatch.setattr(package, "PLUGINS", tmp_path)

    found = [path.relative_to(lakeport).as_posix() for path in package.imported_modules(handler)]
    assert found == ["__init__.py", "deep/__init__.py", "deep/two.py", "one.py"]


def test_handler_imports_only_from_the_zip(build: Path, tmp_path: Path) -> None:
    """Everything it needs is in the zip or in the runtime, boto3 and nothing else."""
    package.build(build / "function.zip", HERE)
    zipfile.ZipFile(build / "function.zip").extractall(tmp_path)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import handler, psycopg2; print(psycopg2.__file__)"
    done = subprocess.run([server.PYTHON, "-I", "-c", code], cwd="/", capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))


@pytest.mark.parametrize(("architecture", "machine"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_zip_for_aws_contains_programs_for_its_architecture(build: Path, architecture: str, machine: str) -> None:
    """Built on any laptop, it fits Lambda's Python and processor."""
    package.build(build / "aws.zip", package.ARCHITECTURES[architecture])
    modules = [name for name in zipfile.ZipFile(build / "aws.zip").namelist() if name.endswith(".so")]

    assert f"psycopg2/_psycopg.cpython-312-{machine}-linux-gnu.so" in modules
