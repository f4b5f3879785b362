"""The AWS account of a deployment, and clients of its services."""

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
    """One session; `wait_seconds` is the pause between two requests for the state of AWS's work."""

    def __init__(self, region: str | None = None, wait_seconds: float = 5, report: Report | None = None) -> None:
        # boto3 reads AWS_DEFAULT_REGION only; AWS's newer tools use AWS_REGION.
        try:
            self.session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
        except ProfileNotFound as error:
            raise DeployError(f"{error}; set AWS_PROFILE to one of `aws configure list-profiles`") from error
        self.wait_seconds = wait_seconds
        self.report = report or _printer()
        self.stacks: dict[str, dict[str, Any] | None] = {}
        """The last description of each stack: only this command changes them; `apply` forgets them first."""
        self.templates: dict[str, str] = {}
        self._clients: dict[str, Any] = {}
        if self.session.region_name is None:
            raise DeployError("no AWS region is set; set region in the deployment's YAML, or the variable AWS_REGION")

    @property
    def region(self) -> str:
        return str(self.session.region_name)

    def client(self, service: str) -> Any:
        """Return the client of a service; it is created once."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service)  # type: ignore[call-overload]
        return self._clients[service]

    @cached_property
    def caller(self) -> dict[str, str]:
        """Return the caller's Account and Arn.  Raises DeployError if AWS does not accept the credentials."""
        try:
            found = self.client("sts").get_caller_identity()
        except NoCredentialsError as error:
            hint = "sign in (aws sso login, or set AWS_PROFILE), then run this again"
            raise DeployError(f"no AWS credentials found; {hint}") from error
        except (Unreachable, HTTPClientError, InvalidRegionError) as error:
            hint = "check the name of the region and your network"
            reason = str(error).rstrip(".")
            raise DeployError(f"cannot connect to AWS in region {self.region}: {reason}; {hint}") from error
        except (ClientError, BotoCoreError) as error:
            raise DeployError(f"AWS rejected the credentials: {error}; sign in again, then run this again") from error
        return {"Account": found["Account"], "Arn": found["Arn"]}

    def until(self, look: Callable[[], bool], what: str, within_seconds: float) -> None:
        """Call `look` until it returns True; raises DeployError after that time.  AWS continues its work."""
        deadline = time.monotonic() + within_seconds
        while not look():
            if time.monotonic() > deadline:
                raise DeployError(
                    f"{what}: not finished after {within_seconds / 60:.0f} minutes; run this again to keep waiting"
                )
            time.sleep(self.wait_seconds)


def code_of(error: ClientError) -> str:
    """Return AWS's short name of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def short(error: Exception) -> str:
    """Return the first line of an error, for a report of what was not checked."""
    return str(error).splitlines()[0][:200]


def _printer() -> Report:
    started = time.monotonic()

    def report(text: str) -> None:
        sys.stdout.write(f"{time.monotonic() - started:7.1f} s  {text}\n")
        sys.stdout.flush()

    return report
