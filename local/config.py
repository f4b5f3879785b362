"""The stack's folder and ports; the only module that reads the LAKEPORT_* variables for them."""

import itertools
import os
import random
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from local.errors import StackError

HOST = "127.0.0.1"
LAST_PORT = 65535
FREE_RANGE = (20000, 31999)
REPOSITORY = Path(__file__).resolve().parent.parent
_given: set[int] = set()


@dataclass(frozen=True)
class Ports:
    """The port of each part that listens, all on 127.0.0.1; LAKEPORT_<FIELD>_PORT changes it."""

    airflow: int = 8080
    redshift: int = 5439
    aws: int = 4566
    mail: int = 1025
    slack: int = 8025
    postgres: int = 5438

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Ports":
        given = {each.name: environment.get(variable(each.name)) for each in fields(cls)}
        return cls(**{name: _port(variable(name), text) for name, text in given.items() if text})

    @classmethod
    def free(cls) -> "Ports":
        """Return unused ports, below those that systems assign to clients, and never the same ones again.

        LAKEPORT_FREE_PORTS=20000-23999 limits them: processes with disjoint ranges take no port from one another.
        """
        limits = os.environ.get("LAKEPORT_FREE_PORTS")
        first, last = map(int, limits.split("-")) if limits else FREE_RANGE
        candidates = random.sample(range(first, last + 1), last + 1 - first)
        ports = list(
            itertools.islice((port for port in candidates if port not in _given and is_free(port)), len(fields(cls)))
        )
        _given.update(ports)
        return cls(*ports)

    def by_name(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True)
class Config:
    """One stack: two with different state directories and ports run side by side."""

    state: Path = REPOSITORY / ".lakeport"
    ports: Ports = field(default_factory=Ports)
    more_dags: Path | None = None
    """A second DAG folder: tests put DAGs there that are not part of the product."""
    airflow_options: tuple[tuple[str, str], ...] = ()
    """Airflow's options, as section__option, beyond those of every laptop: tests slow down what an idle one does."""
    keeps_objects: bool = True
    """Whether S3's objects are files, which a restart finds again; in memory they cost tests less."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Config":
        state = REPOSITORY / (environment.get("LAKEPORT_STATE") or ".lakeport")
        return cls(state, Ports.from_environment(environment))

    @property
    def aws_endpoint(self) -> str:
        return f"http://{HOST}:{self.ports.aws}"

    @property
    def airflow_url(self) -> str:
        return f"http://{HOST}:{self.ports.airflow}"

    @property
    def slack_url(self) -> str:
        return f"http://{HOST}:{self.ports.slack}"

    @property
    def logs(self) -> Path:
        return self.state / "logs"


def variable(name: str) -> str:
    """Return the environment variable that moves this port."""
    return f"LAKEPORT_{name.upper()}_PORT"


def is_free(port: int) -> bool:
    """Return whether a server can have this port: no server answers, and it can be bound."""
    with socket.socket() as probe:
        if probe.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _port(name: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LAST_PORT:
        raise StackError(f"{name} is {text!r}; it must be a port, a whole number from 1 to {LAST_PORT}.")
    return int(text)
