"""The account a deployment goes to, and clients of its services."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    InvalidRegionError,
    NoCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as Unreachable

from infra.deploy.errors import DeployError

Report = Callable[[str], None]


class Aws:
    """One session; `wait_seconds` is the pause between two looks at work that AWS does."""

    def __init__(self, region: str | None = None, wait_seconds: float = 5, report: Report | None = None) -> None:
        # boto3 itself reads AWS_DEFAULT_REGION; the other name is that of AWS's newer tools.
        try:
            self.session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
        except ProfileNotFound as error:
            raise DeployError(f"{error}; AWS_PROFILE names one of `aws configure list-profiles`") from error
        self.wait_seconds = wait_seconds
        self.report = report or _printer()
        self._clients: dict[str, Any] = {}
        if self.session.region_name is None:
            raise DeployError("no AWS region is set: name it in the deployment's YAML (region:) or in AWS_REGION")

    @property
    def region(self) -> str:
        return str(self.session.region_name)

    def client(self, service: str) -> Any:
        """Return the client of a service, made once."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service)  # type: ignore[call-overload]
        return self._clients[service]

    @cached_property
    def caller(self) -> dict[str, str]:
        """Return who asks: Account and Arn.  Raises DeployError where AWS takes no credentials."""
        try:
            found = self.client("sts").get_caller_identity()
        except NoCredentialsError as error:
            hint = "sign in (aws sso login, AWS_PROFILE=...) and run this again"
            raise DeployError(f"there are no AWS credentials; {hint}") from error
        except (Unreachable, HTTPClientError, InvalidRegionError) as error:
            hint = "is the region's name right, and the network up?"
            raise DeployError(f"AWS in region {self.region} gives no answer: {error}; {hint}") from error
        except (ClientError, BotoCoreError) as error:
            raise DeployError(
                f"AWS does not take these credentials: {error}; sign in again, then run this again"
            ) from error
        return {"Account": found["Account"], "Arn": found["Arn"]}

    def until(self, look: Callable[[], bool], what: str, within_seconds: float) -> None:
        """Look until it is so; raises DeployError after that time.  AWS goes on with what it does."""
        deadline = time.monotonic() + within_seconds
        while not look():
            if time.monotonic() > deadline:
                raise DeployError(
                    f"{what} is not done after {within_seconds / 60:.0f} minutes; run this again to wait on"
                )
            time.sleep(self.wait_seconds)


def code_of(error: ClientError) -> str:
    """Return AWS's short name of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _printer() -> Report:
    started = time.monotonic()

    def report(text: str) -> None:
        sys.stdout.write(f"{time.monotonic() - started:7.1f} s  {text}\n")
        sys.stdout.flush()

    return report
