"""Connections detect a lost server, and `extra` replaces their options."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection

from lakeport.redshift.connecting import connect
from local import credentials
from local import postgres as local_postgres
from local.config import HOST, Config


@pytest.fixture
def opened(postgres: Config) -> Iterator[list[connection]]:
    found: list[connection] = []
    yield found
    for each in found:
        each.close()


def parameters(config: Config, opened: list[connection], extra: Any) -> dict[str, Any]:
    """Return the options of a connection that was opened with this `extra`."""
    opened.append(
        connect(
            host=HOST,
            port=config.ports.postgres,
            database="postgres",
            username=local_postgres.SUPERUSER,
            password=credentials.load(config).postgres_password,
            extra=extra,
        )
    )
    return opened[-1].info.dsn_parameters


@pytest.mark.parametrize("extra", [None, "", {}, "{}", {"cursor": "dictcursor", "iam": True}])
def test_lost_server_is_detected_within_two_minutes(postgres: Config, opened: list[connection], extra: Any) -> None:
    found = parameters(postgres, opened, extra)
    idle, interval, count = (int(found[f"keepalives_{name}"]) for name in ("idle", "interval", "count"))
    assert found["keepalives"] == "1"
    assert idle + interval * count == int(found["tcp_user_timeout"]) / 1000 == 120
    assert found["connect_timeout"] == "60"
    assert found["application_name"] == "lakeport"


@pytest.mark.parametrize("as_extra", [dict, json.dumps], ids=["dictionary", "text"])
def test_extra_replaces_options(postgres: Config, opened: list[connection], as_extra: Any) -> None:
    options = {"keepalives_idle": "7", "connect_timeout": "3", "sslmode": "disable"}
    found = parameters(postgres, opened, as_extra(options))
    assert {name: found[name] for name in options} == options


def test_wrong_option_of_tls_is_refused(postgres: Config, opened: list[connection]) -> None:
    with pytest.raises(psycopg2.OperationalError, match="sslmode"):
        parameters(postgres, opened, {"sslmode": "always"})
