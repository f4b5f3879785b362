"""Without an account, or without a region, the command says what to do."""

from __future__ import annotations

import os
import subprocess

import pytest

from local.aws import server
from local.config import REPOSITORY, Config


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
