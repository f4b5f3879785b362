"""The account, the deployment's checkout, and the deploy command run against it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import psycopg2
from botocore.config import Config as ClientConfig

from local import credentials, postgres
from local.config import HOST, Config
from tests.infra.account import Account, Environment
from tests.support.command import Command

NAME = "lake-test"


ADMIN_ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:admin"


@dataclass
class Cloud:
    """The account, the deployment's checkout, and the command run against it."""

    account: Account
    config: Config
    checkout: Path
    command: Command
    removed: dict[str, dict[str, str]] = field(default_factory=dict)
    """Per stack, what the local AWS server does not know: logical id and type."""
    options: dict[str, str] = field(default_factory=dict)
    """Airflow's options in the template, and the output that shows what each became."""
    first: str = ""
    """The output of the first deployment."""
    first_calls: list[tuple[str, str]] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """Return a client that goes past the counting."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.config.aws_endpoint,
            region_name=credentials.REGION,
            aws_access_key_id=credentials.AWS_KEY,
            aws_secret_access_key=credentials.AWS_SECRET,
            config=ClientConfig(inject_host_prefix=False),
        )

    def deploy(self, *options: str, name: str = NAME) -> subprocess.CompletedProcess[str]:
        """Run `lakeport deploy` from the checkout, with nothing counted before it."""
        self.account.calls.clear()
        arguments = ["deploy", "--name", name, "--wait-seconds", "0.05", *options]
        return self.command.run(arguments, started=self.account.watch)

    def deployed(self, *options: str) -> str:
        """Run it, expect success and return its output."""
        done = self.deploy("--yes", "--no-smoke-test", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def edit(self, path: str, text: str) -> Path:
        """Append to a file of the checkout, or make it."""
        file = self.checkout / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as out:
            out.write(text)
        return file

    def parameters(self, stack: str) -> dict[str, str]:
        """Return the parameters of a stack."""
        (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}

    @property
    def outputs(self) -> dict[str, str]:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=f"{NAME}-main")["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    @property
    def code_bucket(self) -> str:
        return f"{NAME}-code-000000000000-{credentials.REGION}"

    @property
    def environment(self) -> Environment:
        return self.account.environments[NAME]

    def objects(self) -> dict[str, str]:
        """Return the keys of the code bucket with their ETags."""
        listed = self.client("s3").list_objects_v2(Bucket=self.code_bucket).get("Contents", [])
        return {each["Key"]: each["ETag"] for each in listed}

    def query(self, text: str, values: Any = None, **who: str) -> list[tuple[Any, ...]]:
        """Run a statement in the stand-in, as its superuser unless `user` and `password` are given."""
        password = credentials.load(self.config).postgres_password
        login: dict[str, Any] = {"user": postgres.SUPERUSER, "password": password} | who
        connection = psycopg2.connect(
            host=HOST,
            port=self.config.ports.redshift,
            dbname=credentials.DATABASE,
            **login,
        )
        try:
            with connection, connection.cursor() as current:
                current.execute(text, values)
                return current.fetchall() if current.description else []
        finally:
            connection.close()
