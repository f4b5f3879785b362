"""Pack plugins.zip: our Python, its SQL, and the wheels that MWAA's image lacks and cannot download.

The zip is identical, byte for byte, whenever and wherever it is built from the same files.  MWAA unpacks it into
/usr/local/airflow/plugins before it installs the requirements (docs: Managing Python dependencies in requirements.txt),
so pip finds the wheels there; the environment cannot reach a package index.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra import package

UNPACKED = "/usr/local/airflow/plugins"
REQUIREMENTS = package.REPOSITORY / "requirements.txt"
SQL = package.REPOSITORY / "sql"
PYTHON = "3.12"
# The image is Amazon Linux 2023 with glibc 2.34, on x86.
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def build(output: Path) -> str:
    """Write the zip and return its SHA-256; downloaded wheels are kept beside it."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(package.PLUGINS, root, dirs_exist_ok=True, ignore=ignore)
        shutil.copytree(SQL, root / "sql", ignore=ignore)
        (root / "requirements.txt").write_text(REQUIREMENTS.read_text())
        for wheel in wheels(output.parent):
            shutil.copy(wheel, root / wheel.name)
        package.write_zip(root, output)
    return hashlib.sha256(output.read_bytes()).hexdigest()


def requirements_for_mwaa() -> str:
    """Return the requirements.txt for MWAA: ours, with the wheels of plugins.zip as the only source.

    It has no constraint line, so MWAA adds its own, which works offline.
    """
    return f"--no-index\n--find-links {UNPACKED}\n{REQUIREMENTS.read_text()}"


def wheels(cache: Path) -> list[Path]:
    """Return the wheels of requirements.txt for MWAA's image, from a folder that is complete once it exists.

    pip reads its own settings, such as PIP_FIND_LINKS and PIP_INDEX_URL.
    """
    wanted = hashlib.sha256("\n".join([REQUIREMENTS.read_text(), PYTHON, *PLATFORMS]).encode()).hexdigest()[:16]
    kept = cache / f"wheels-{wanted}"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as directory:
            _download(Path(directory) / "wheels")
            (Path(directory) / "wheels").rename(kept)
    return sorted(kept.glob("*.whl"))


def _download(target: Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--dest", str(target)]
    command += ["--no-deps", "--only-binary", ":all:", "--implementation", "cp", "--python-version", PYTHON]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    done = subprocess.run([*command, "--requirement", str(REQUIREMENTS)], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"cannot download the wheels for MWAA: {done.stderr.strip()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    output: Path = parser.parse_args().output
    sys.stdout.write(f"{build(output)}  {output}\n")


if __name__ == "__main__":
    main()
