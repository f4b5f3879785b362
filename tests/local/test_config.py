"""The stack's place and ports come from LAKEPORT_* variables."""

from pathlib import Path

import pytest

from local.config import REPOSITORY, Config, Ports
from local.errors import StackError
from tests.support.golden import raises_golden


def test_nothing_set_means_the_documented_ports() -> None:
    """What README promises."""
    config = Config.from_environment({})

    assert config.state == REPOSITORY / ".lakeport"
    assert config.ports == Ports(airflow=8080, redshift=5439, aws=4566, mail=1025, slack=8025, postgres=5438)


def test_variables_move_state_and_ports() -> None:
    """A second stack needs only other values."""
    config = Config.from_environment({"LAKEPORT_STATE": "/somewhere", "LAKEPORT_AWS_PORT": "4999"})

    assert config.state == Path("/somewhere")
    assert config.aws_endpoint == "http://127.0.0.1:4999"


def test_relative_state_is_in_the_repository() -> None:
    """Wherever the command is called from, it finds the same stack."""
    assert Config.from_environment({"LAKEPORT_STATE": "other"}).state == REPOSITORY / "other"


@pytest.mark.parametrize("text", ["x", "0", "65536", "-1", "80.5"])
def test_invalid_port_is_refused_with_its_variable(text: str) -> None:
    """The message names the variable, what it holds and what is allowed."""
    with raises_golden(StackError, "local", f"port {text!r}", "LAKEPORT_MAIL_PORT", repr(text)):
        Config.from_environment({"LAKEPORT_MAIL_PORT": text})


def test_free_ports_differ() -> None:
    """Each part of a test stack gets its own port."""
    ports = Ports.free().by_name().values()

    assert len(set(ports)) == len(Ports().by_name())
