"""Errors of AWS end a command with one message: what failed, in which region, and what to check."""

from __future__ import annotations

import boto3
import pytest
import typer
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProxyConnectionError,
    SSLError,
    UnauthorizedSSOTokenError,
)
from typer.testing import CliRunner

from lakeport.console.failures import UNABLE, Commands
from tests.support.golden import golden

ABROAD = "https://airflow.eu-south-9.amazonaws.com/"
CASES = {
    "endpoint of another region": EndpointConnectionError(endpoint_url=ABROAD),
    "endpoint that does not answer": ConnectTimeoutError(endpoint_url=ABROAD, error="timed out"),
    "endpoint of the local stack": EndpointConnectionError(endpoint_url="http://127.0.0.1:4566/"),
    "proxy": ProxyConnectionError(proxy_url="http://proxy:3128", error="refused"),
    "certificate": SSLError(endpoint_url=ABROAD, error=OSError("certificate verify failed")),
    "no credentials": NoCredentialsError(),
    "session that ended": UnauthorizedSSOTokenError(),
    "no region": NoRegionError(),
    "token that expired": ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "ListObjectsV2"),
    "denied": ClientError({"Error": {"Code": "AccessDenied", "Message": "denied"}}, "PutObject"),
    "no bucket": ClientError({"Error": {"Code": "NoSuchBucket", "Message": "none"}}, "ListObjectsV2"),
    "upload": S3UploadFailedError("Failed to upload a to b: An error occurred (AccessDenied)"),
}


@pytest.mark.parametrize("name", CASES)
def test_error_of_aws_is_one_message_with_what_to_check(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-south-9")
    app = typer.Typer(cls=Commands)

    @app.command()
    def ask() -> None:
        raise CASES[name]

    @app.command()
    def other() -> None:
        """Make the application a group."""

    done = CliRunner().invoke(app, ["ask"])

    assert done.exit_code == UNABLE
    if isinstance(CASES[name], BotoCoreError):
        assert "; " in done.stderr
    golden("cli", f"AWS: {name}", done.stderr)
