"""Whether this Airflow has what Lakeport imports: on MWAA a failed installation does not stop the environment."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import lakeport
from lakeport import settings
from lakeport.errors import EnvironmentIncomplete

_FOR_DEVELOPMENT = ("lakeport.inference", "lakeport.cli")  # they read samples on a laptop, with pyarrow
_REMEDY = (
    "the log group airflow-<environment>-Scheduler, stream requirements_install, says why; mend it and deploy again"
)


def check() -> None:
    """Raise EnvironmentIncomplete unless every package of requirements.txt is there in its version; milliseconds."""
    if problems := list(_missing()):
        raise EnvironmentIncomplete(f"this Airflow lacks {', '.join(problems)}; {_REMEDY}")


def versions() -> dict[str, str]:
    """Return the packages of requirements.txt with the versions asked for."""
    lines = settings.requirements_file().read_text().splitlines()
    pins = (line.split("#")[0].strip().partition("==") for line in lines)
    return {name: pin for name, _, pin in pins if pin}


def import_all() -> list[str]:
    """Import every module that runs in Airflow and return their names; raises ImportError for one that cannot be."""
    found = pkgutil.walk_packages(lakeport.__path__, "lakeport.")
    names = [each.name for each in found if not each.name.startswith(_FOR_DEVELOPMENT)]
    for name in names:
        importlib.import_module(name)
    return names


def _missing() -> Iterator[str]:
    for name, pin in versions().items():
        try:
            if (found := version(name)) != pin:
                yield f"{name} {pin} (it has {found})"
        except PackageNotFoundError:
            yield f"{name} {pin}"
