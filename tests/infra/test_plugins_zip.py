"""plugins.zip is reproducible, and holds all that MWAA's image lacks: pip needs nothing else, offline."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra import plugins_zip
from lakeport.airflow import environment
from local.config import REPOSITORY

IMAGE = REPOSITORY / "infra" / "mwaa" / "image.txt"
CONSTRAINTS = REPOSITORY / "infra" / "mwaa" / "constraints.txt"


@pytest.fixture(scope="session")
def built(build: Path) -> Path:
    output = build / "plugins.zip"
    plugins_zip.build(output)
    return output


def pins(text: str) -> dict[str, str]:
    """Return name and version of each pin, names as PyPI normalises them."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;#]+)", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def stub(folder: Path, name: str, version: str) -> None:
    """Write a wheel without content, to stand for what the image has installed."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def test_another_checkout_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    """A deploy that changes nothing is seen to change nothing, from whichever laptop or CI run."""
    checkout = tmp_path / "elsewhere"
    checkout.mkdir()
    for name in ("infra", "plugins", "sql", "requirements.txt"):
        source = REPOSITORY / name
        shutil.copytree(source, checkout / name) if source.is_dir() else shutil.copyfile(source, checkout / name)
    code = "import sys; from pathlib import Path; from infra import plugins_zip; "
    code += "print(plugins_zip.build(Path('build/plugins.zip')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == hashlib.sha256(built.read_bytes()).hexdigest()


def test_zip_contains_code_statements_and_wheels(built: Path) -> None:
    names = zipfile.ZipFile(built).namelist()

    assert {"lakeport/airflow/load_dag.py", "sql/mng/register_files.sql", "requirements.txt"} <= set(names)
    assert len([name for name in names if name.endswith(".whl") and "/" not in name]) == len(environment.versions())
    assert [name for name in names if "__pycache__" in name] == []


def test_wheels_fit_the_image(built: Path) -> None:
    """Its interpreter and processor, and the abi they have; a source would need a compiler and an index."""
    wheels = [name for name in zipfile.ZipFile(built).namelist() if name.endswith(".whl")]
    assert [
        each for each in wheels if not re.search(r"-(py3|py2\.py3)-none-any|-(cp312-cp312|cp3\d+-abi3)-.*x86_64", each)
    ] == []


def test_nothing_is_installed_that_the_image_has() -> None:
    """A second version beside the image's would be one that AWS never ran."""
    ours = pins(plugins_zip.REQUIREMENTS.read_text())
    assert ours.keys() & pins(IMAGE.read_text()).keys() == set()


def test_pins_are_those_of_the_images_constraints() -> None:
    constrained = pins(CONSTRAINTS.read_text())
    ours = pins(plugins_zip.REQUIREMENTS.read_text())
    assert {name: pin for name, pin in ours.items() if constrained.get(name, pin) != pin} == {}
    assert {name for name in ours if name not in constrained} == {"lzallright", "pysequoia"}


def test_requirements_resolve_offline_to_the_images_pins(built: Path, tmp_path: Path) -> None:
    """pip's question on MWAA, asked without an index: the zip's wheels, the image's packages, its constraints."""
    found, stubs = tmp_path / "plugins", tmp_path / "image"
    zipfile.ZipFile(built).extractall(found)
    stubs.mkdir()
    image = pins(IMAGE.read_text())
    for name, version in image.items():
        stub(stubs, name, version)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(plugins_zip.requirements_for_mwaa().replace(plugins_zip.UNPACKED, str(found)))
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "--offline", "--no-header", "--quiet"]
    command += ["--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_28", "--only-binary", ":all:"]
    command += ["--constraint", str(CONSTRAINTS), "--find-links", str(stubs), "--no-annotate"]
    command += ["--cache-dir", str(tmp_path / "cache"), str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    resolved = pins(done.stdout)

    assert {name: version for name, version in resolved.items() if name in image} == {
        name: version for name, version in image.items() if name in resolved
    }
    assert {name for name in resolved if name not in image} == pins(plugins_zip.REQUIREMENTS.read_text()).keys()


def test_mwaa_adds_its_own_constraints() -> None:
    """It does so only where neither `-c ` nor `--constraint ` stands anywhere in the file, comments included."""
    text = plugins_zip.requirements_for_mwaa()

    assert re.search(r"-c |--constraint ", text) is None
    assert text.startswith("--no-index\n--find-links /usr/local/airflow/plugins\n")
