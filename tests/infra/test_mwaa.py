"""What was deployed runs: deployed by the command, under the image's settings, from bucket to table."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config as ClientConfig

from lakeport.airflow_api.clients import MwaaApi
from lakeport.probing.reaching import CONNECTION
from local import airflow_api, credentials
from tests.infra.cloud import NAME, Cloud
from tests.infra.mwaa import Mwaa
from tests.infra.schemas import SCHEMA
from tests.support.waiting import eventually

ASKS_LESS_OFTEN = ("--wait-seconds", "0.3")
"""A real Airflow takes seconds to start, and time for each answer."""


@pytest.fixture(scope="module")
def mwaa(starts_airflow: None, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mwaa]:
    """Airflow behind the account's environment from here on, brought there by a deployment with its smoke test."""
    running = Mwaa(cloud, tmp_path_factory.mktemp("airflow"))
    environment = cloud.environment
    before = environment.start, environment.ask
    environment.start, environment.ask = running.start, running.ask
    try:
        cloud.edit("plugins/lakeport/settings.py", f"# {uuid.uuid4()}\n")
        done = cloud.deploy("--yes", *ASKS_LESS_OFTEN)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "DAG check_environment ended: success" in done.stdout
        running.output = done.stdout
        yield running
    finally:
        environment.start, environment.ask = before
        running.stop()


def test_deployed_code_is_what_runs(cloud: Cloud, mwaa: Mwaa) -> None:
    """DAG files from the synced prefix, our Python from plugins.zip, its SQL beside it; no file of this checkout."""
    runs = "/dags/check_environment/dagRuns"
    (run,) = airflow_api.call(cloud.config, f"{runs}?limit=1&order_by=-start_date")["dag_runs"]
    path = f"{runs}/{run['dag_run_id']}/taskInstances/check_environment/xcomEntries/return_value?deserialize=true"
    found = airflow_api.call(cloud.config, path)["value"]
    dags = airflow_api.call(cloud.config, "/dags?limit=100")["dags"]

    assert Path(found["code"]) == mwaa.home / "plugins" / "lakeport"
    assert {Path(each["fileloc"]).parent for each in dags} == {mwaa.home / "dags", mwaa.home / "dags" / "marts"}
    assert {path.name for path in (mwaa.home / "dags").iterdir() if path.is_dir()} - {"__pycache__"} == {
        "marts",
        "schemas",
        "transforms",
    }
    assert airflow_api.call(cloud.config, "/importErrors")["import_errors"] == []


def test_deployment_prints_what_the_services_answered(cloud: Cloud, mwaa: Mwaa) -> None:
    """Of the function and of a worker, both with the users, secrets and roles of the deployment."""
    rows = [line for line in mwaa.output.splitlines() if line.startswith("| ")]
    asked = {f"Function: {CONNECTION.title}", CONNECTION.title, "A load by the product, rolled back"}
    assert asked <= {row.split(" | ")[0].removeprefix("| ") for row in rows}
    assert "FAILED" not in mwaa.output, mwaa.output
    assert f"| Function {cloud.outputs['FunctionName']}, invoked once | answers | answers | ok |" in mwaa.output
    assert "| logical_date: null, sent by InvokeRestApi | not documented | passed on | ok |" in mwaa.output


def test_new_schemas_file_reaches_its_table(cloud: Cloud, mwaa: Mwaa) -> None:
    """Published by two objects, seen by Airflow, loaded by least-privileged users; the environment is not updated."""
    name = f"trips_{uuid.uuid4().hex[:12]}"
    cloud.edit(f"schemas/{name}.yaml", SCHEMA.format(name=name))
    output = cloud.deployed("--schemas-only", *ASKS_LESS_OFTEN)
    key = f"{name}/1.csv"
    cloud.client("s3").put_object(Bucket=cloud.outputs["LandingBucketName"], Key=key, Body=b"id\n1\n2\n")

    def status() -> list[tuple[str, int, str]]:
        return cloud.query("SELECT status, rows_loaded, status_reason FROM mng.files WHERE key = %s", (key,))

    eventually(lambda: status() and status()[0][0] in ("Done", "Fail"), 150)
    assert f"DAG load_{name} is in Airflow after" in output
    assert status()[0][:2] == ("Done", 2), status()
    assert cloud.query(f"SELECT id FROM lake.{name} ORDER BY id") == [(1,), (2,)]  # noqa: S608
    owner = f"SELECT tableowner FROM pg_tables WHERE schemaname = 'lake' AND tablename = '{name}'"  # noqa: S608
    assert cloud.query(owner) == [("lakeport_loader",)]
    ((bucket, archived),) = cloud.query("SELECT archive_bucket, archive_key FROM mng.files WHERE key = %s", (key,))
    assert bucket == cloud.outputs["ArchiveBucketName"]
    assert cloud.client("s3").get_object(Bucket=bucket, Key=archived)["Body"].read() == b"id\n1\n2\n"


@pytest.mark.parametrize("drops_nulls", [False, True], ids=["nulls are passed on", "nulls are dropped"])
def test_run_is_started_once(cloud: Cloud, mwaa: Mwaa, *, drops_nulls: bool) -> None:
    """However InvokeRestApi passes a null on: a second start finds the run, whether it has a logical date or not."""
    run_id, dag_id = f"test__{uuid.uuid4().hex}", "check_environment"
    account = cloud.account
    client = boto3.client(
        "mwaa",
        endpoint_url=account.endpoint,
        region_name=credentials.REGION,
        aws_access_key_id=credentials.AWS_KEY,
        aws_secret_access_key=credentials.AWS_SECRET,
        config=ClientConfig(inject_host_prefix=False),
    )
    api = MwaaApi(NAME, client)
    try:
        cloud.environment.drops_nulls = drops_nulls
        assert [api.start(dag_id, run_id) for _ in range(2)] == [True, False]
        cloud.environment.drops_nulls = not drops_nulls
        assert api.start(dag_id, run_id) is False
    finally:
        cloud.environment.drops_nulls = False
    (run,) = api.page(dag_id, {"run_id_pattern": run_id, "limit": 10})["dag_runs"]
    assert (run["logical_date"] is not None) is drops_nulls
    eventually(lambda: api.page(dag_id, {"run_id_pattern": run_id})["dag_runs"][0]["state"] == "success", 60)
