"""A separate account for the deploy command, with a Redshift stand-in: the users it makes are the database's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from moto import mock_aws

from infra import package
from infra.deploy.aws import Aws
from local import credentials, postgres_files, prepared, warehouse
from local import stack as local_stack
from local.aws import server
from local.config import HOST, REPOSITORY, Config, Ports
from tests.infra.account import Account, Environment
from tests.infra.cloud import ADMIN_ARN, NAME, Cloud
from tests.infra.reducing import options_of_airflow, reduced, unsupported_types
from tests.support.command import Command
from tests.support.session import folder
from tests.support.stack import LESS_OFTEN

LARGE_BYTES = 1 << 20


@pytest.fixture(scope="session")
def build(starts_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for zips, where wheels and libraries are downloaded once."""
    return tmp_path_factory.mktemp("build")


@pytest.fixture(scope="session")
def cloud(starts_programs: None, build: Path) -> Iterator[Cloud]:
    """An empty account, and a checkout whose templates have only what the local AWS server knows."""
    directory = Path(folder("cloud-"))
    config = Config(directory / "state", Ports.free(), airflow_options=LESS_OFTEN, keeps_objects=False)
    account: Account | None = None
    cloud: Cloud | None = None
    try:
        account = Account(config)
        account.environments[NAME] = Environment(NAME)
        prepared.make(with_airflow=True)  # test_mwaa starts one
        local_stack.up(config, report=lambda _: None, only=frozenset({"aws", "redshift"}))
        checkout = directory / "checkout"
        checkout.mkdir()
        (checkout / "build").symlink_to(build)
        cloud = _checkout(Cloud(account, config, checkout, Command(checkout, _variables(config, checkout, account))))
        cloud.first = cloud.deployed()
        cloud.first_calls = list(account.calls)
        _leave_out_large_wheels(checkout / "build", build)
        yield cloud
    finally:
        local_stack.down(config, report=lambda _: None)
        if cloud:
            cloud.command.close()
        if account:
            account.close()
        postgres_files.remove(config)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """An empty account."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Aws("us-east-1", report=lambda _: None)


def _variables(config: Config, checkout: Path, account: Account) -> dict[str, str]:
    """Return the environment of a person who is signed in to the account."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "LAKEPORT_"))}
    more = {"AWS_ENDPOINT_URL": account.endpoint, "PYTHONPATH": f"{checkout}:{checkout / 'plugins'}"}
    return kept | server.environment(config) | more


def _checkout(cloud: Cloud) -> Cloud:
    """Copy what is deployed, so that tests may change it."""
    for name in ("commands", "infra", "plugins", "sql", "schemas", "transforms", "dags", "lambda", "requirements.txt"):
        source, target = REPOSITORY / name, cloud.checkout / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    for stack in ("bootstrap", "network", "main"):
        path = cloud.checkout / "infra" / f"{stack}.yaml"
        types = unsupported_types(cloud.client("cloudformation"), path.read_text())
        options = options_of_airflow(path.read_text()) if stack == "main" else {}
        outputs = {f"Option{number}": value for number, value in enumerate(options.values())}
        cloud.options |= dict(zip(options, outputs, strict=True))
        text, cloud.removed[stack] = reduced(path.read_text(), types, {"Airflow": {"Ref": "Name"}}, outputs)
        # The function asks MWAA where the account answers for it.
        mwaa = "LAKEPORT_MWAA_ENVIRONMENT:\n            Ref: Name\n"
        text = text.replace(mwaa, f"{mwaa}          AWS_ENDPOINT_URL_MWAA: {cloud.account.endpoint}\n")
        # The certificate of this Redshift instead of Amazon's: verified all the same.
        path.write_text(text.replace("/etc/pki/tls/certs/ca-bundle.crt", str(warehouse.certificate(cloud.config))))
    folder = cloud.checkout / "infra" / "deployments"
    folder.mkdir(exist_ok=True)
    (folder / f"{NAME}.yaml").write_text(yaml.safe_dump(_deployment(cloud)))
    return cloud


def _leave_out_large_wheels(used: Path, build: Path) -> None:
    """Pack empty files in their places from now on: each change would copy, hash, send and store 60 MB many times.

    The first deployment had them, and what is built for MWAA is tested with them.
    """
    used.unlink()
    used.mkdir()
    for path in build.iterdir():
        if not path.name.startswith("wheels-"):
            (used / path.name).symlink_to(path)
            continue
        (used / path.name).mkdir()
        for wheel in path.iterdir():
            own = used / path.name / wheel.name
            own.touch() if wheel.stat().st_size > LARGE_BYTES else own.symlink_to(wheel)


def _deployment(cloud: Cloud) -> dict[str, Any]:
    # The AWS server runs functions by its own Python, on this machine.
    here = package.Runtime.of(server.PYTHON)
    return {
        "region": credentials.REGION,
        "function_python": here.python,
        "function_architecture": "arm64" if here.platform.startswith("aarch64") else "x86_64",
        "landing_buckets": {"partners": None},
        "database_cluster": "stand-in",
        "database_admin_secret": ADMIN_ARN,
        "parameters": {
            "ExistingRedshiftHost": HOST,
            "ExistingRedshiftSecurityGroupId": "sg-0000000000000000f",
            "RedshiftPort": cloud.config.ports.redshift,
            "RedshiftDatabase": credentials.DATABASE,
            "ArrivalWindowSeconds": 1,
        },
    }
