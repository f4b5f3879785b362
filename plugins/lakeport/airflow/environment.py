"""Check that this Airflow has the packages Lakeport imports; MWAA starts even if their installation failed."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path

import lakeport
from lakeport import settings
from lakeport.errors import EnvironmentIncomplete

_FOR_DEVELOPMENT = ("lakeport.inference", "lakeport.cli")  # run on a laptop, where pyarrow is installed
_REMEDY = "see log group airflow-<environment>-Scheduler, stream requirements_install; fix the cause and deploy again"


def check() -> None:
    """Raise EnvironmentIncomplete unless every package of requirements.txt is installed in its pinned version."""
    if problems := list(_missing()):
        raise EnvironmentIncomplete(f"Airflow lacks packages of requirements.txt: {', '.join(problems)}; {_REMEDY}")


def versions() -> dict[str, str]:
    """Return the pinned versions of requirements.txt by package."""
    lines = settings.requirements_file().read_text().splitlines()
    pins = (line.split("#")[0].strip().partition("==") for line in lines)
    return {name: pin for name, _, pin in pins if pin}


def import_all() -> list[str]:
    """Import every module that runs in Airflow and return their names; raises ImportError."""
    found = pkgutil.walk_packages(lakeport.__path__, "lakeport.")
    names = [each.name for each in found if not each.name.startswith(_FOR_DEVELOPMENT)]
    for name in names:
        importlib.import_module(name)
    return names


def _missing() -> Iterator[str]:
    recorded = _recorded()
    for name, pin in versions().items():
        if recorded.get(_normal(name)) == pin:
            continue
        try:
            if (found := version(name)) != pin:
                yield f"{name} {pin} (installed: {found})"
        except PackageNotFoundError:
            yield f"{name} {pin} (not installed)"


def _recorded() -> dict[str, str]:
    """Return the versions that the folders of installed packages have in their names, the first on the path counts.

    Each task and each parse of a DAG file needs them, and to read the metadata of the packages takes 10 ms.
    """
    found: dict[str, str] = {}
    for folder in chain.from_iterable(Path(place).glob("*.dist-info") for place in sys.path):
        name, _, of_package = folder.stem.rpartition("-")
        found.setdefault(_normal(name), of_package)
    return found


def _normal(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()
