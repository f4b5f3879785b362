"""Without an account, or without a region, the command says what to do."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.deploy.aws import Aws
from infra.deploy.errors import DeployError
from local.aws import server
from local.config import REPOSITORY, Config, Ports
from tests.infra.account import Account


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AWS_REGION": "eu-central-1"}, "there are no AWS credentials; sign in"),
        ({}, "no AWS region is set: name it in the deployment's YAML"),
    ],
)
def test_what_is_missing_is_said_with_the_next_step(variables: dict[str, str], said: str) -> None:
    ours = {key: value for key, value in server.environment(Config()).items() if "FILE" in key or "METADATA" in key}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    command = [str(REPOSITORY / "lakeport"), "deploy", "--plan"]
    done = subprocess.run(command, env=kept | ours | variables, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def caller(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Ask who one is with nothing but these variables, and return what is said against it."""

    def ask(region: str = "eu-central-1", **variables: str) -> str:
        for name in [each for each in os.environ if each.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(DeployError) as told:
            Aws(region).caller  # noqa: B018 - looking asks
        return str(told.value)

    return ask


KEYS = {"AWS_ACCESS_KEY_ID": "AKIAWRONG", "AWS_SECRET_ACCESS_KEY": "wrong"}


def test_credentials_that_aws_refuses_are_told_from_an_aws_that_is_not_reached(
    caller: Callable[..., str], tmp_path: Path
) -> None:
    account = Account(Config(tmp_path, Ports.free()))
    account.denied = {"GetCallerIdentity"}
    refused = caller(**KEYS, AWS_ENDPOINT_URL=account.endpoint)
    account.close()
    unreached = caller(**KEYS, AWS_ENDPOINT_URL=account.endpoint, AWS_MAX_ATTEMPTS="1")

    assert "AWS does not take these credentials: " in refused
    assert "sign in again" in refused
    assert "AWS in region eu-central-1 gives no answer: " in unreached
    assert "is the region's name right" in unreached


def test_region_that_is_none_is_said(caller: Callable[..., str]) -> None:
    assert "AWS in region mars/1 gives no answer: " in caller("mars/1", **KEYS)


def test_profile_that_is_not_there_is_said(caller: Callable[..., str]) -> None:
    said = caller(AWS_PROFILE="nobody", AWS_CONFIG_FILE="/dev/null")
    assert said.startswith("The config profile (nobody) could not be found; AWS_PROFILE names one of")
