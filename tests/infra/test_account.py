"""Errors of credentials, region and profile name the cause and the next step."""

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
from tests.support.golden import golden


@pytest.mark.parametrize(
    ("case", "variables"),
    [
        ("credentials", {"AWS_REGION": "eu-central-1"}),
        ("region", {}),
    ],
)
def test_missing_setting_is_reported(case: str, variables: dict[str, str]) -> None:
    ours = {key: value for key, value in server.environment(Config()).items() if "FILE" in key or "METADATA" in key}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    command = [str(REPOSITORY / "lakeport"), "deploy", "--plan"]
    done = subprocess.run(command, env=kept | ours | variables, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    golden("infra", f"missing setting: {case}", done.stderr)


@pytest.fixture
def caller(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return the error of asking AWS for the caller with only these variables set."""

    def ask(region: str = "eu-central-1", **variables: str) -> str:
        for name in [each for each in os.environ if each.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(DeployError) as raised:
            Aws(region).caller  # noqa: B018 - looking asks
        return str(raised.value)

    return ask


KEYS = {"AWS_ACCESS_KEY_ID": "AKIAWRONG", "AWS_SECRET_ACCESS_KEY": "wrong"}


def test_rejected_credentials_differ_from_an_unreachable_aws(caller: Callable[..., str], tmp_path: Path) -> None:
    account = Account(Config(tmp_path, Ports.free()))
    account.denied = {"GetCallerIdentity"}
    refused = caller(**KEYS, AWS_ENDPOINT_URL=account.endpoint)
    account.close()
    unreached = caller(**KEYS, AWS_ENDPOINT_URL=account.endpoint, AWS_MAX_ATTEMPTS="1")

    assert ("credentials" in refused, "eu-central-1" in refused) == (True, False)
    assert ("credentials" in unreached, "eu-central-1" in unreached) == (False, True)
    golden("infra", "credentials are rejected", refused)
    golden("infra", "AWS cannot be reached", unreached)


def test_unknown_region_is_named(caller: Callable[..., str]) -> None:
    message = caller("mars/1", **KEYS)
    assert "mars/1" in message
    golden("infra", "unknown region", message)


def test_unknown_profile_is_named(caller: Callable[..., str]) -> None:
    message = caller(AWS_PROFILE="nobody", AWS_CONFIG_FILE="/dev/null")
    assert "(nobody)" in message
    assert "AWS_PROFILE" in message
    golden("infra", "unknown profile", message)
