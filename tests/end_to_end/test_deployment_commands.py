"""`--deployment`: a person with IAM rights and no way to Redshift sees files, replays and undoes them.

MWAA's InvokeRestApi is played by a front that passes signed requests on to this stack's Airflow, throttles, and refuses
long paths; S3 and STS are the stack's.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from lakeport import settings
from local import airflow_api
from local.aws import names, server
from local.config import REPOSITORY
from tests.infra.account import Account, Environment
from tests.support import policy
from tests.support.command import Command
from tests.support.running_lakeport import Lakeport
from tests.support.waiting import until

NAME = "abroad"
SAMPLES = REPOSITORY / "samples"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def account(lakeport: Lakeport) -> Iterator[Account]:
    account = Account(lakeport.config)
    environment = account.environments[NAME] = Environment(NAME)

    def ask(asked: dict[str, Any]) -> Any:
        query = urlencode(asked.get("QueryParameters", {}))
        path = f"{asked['Path']}?{query}" if query else asked["Path"]
        answer = airflow_api.call(lakeport.config, path, asked.get("Body"), asked["Method"])
        if answer.get("state") in ("success", "failed"):
            copy_snapshots(lakeport)  # the deployment has another work bucket than this stack
        return answer

    environment.ask = ask
    yield account
    account.close()


@pytest.fixture
def run(lakeport: Lakeport, account: Account, command: Command) -> Run:
    """Run `./lakeport` as a person whose shell has AWS credentials only, in a checkout that has a local stack too.

    Only where it must be the script is it the script itself.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAKEPORT_"))}
    variables = kept | server.environment(lakeport.config) | {"AWS_ENDPOINT_URL": account.endpoint}
    variables |= {"LAKEPORT_STATE": str(lakeport.config.state)}

    def run(*arguments: str, name: str = NAME, is_script: bool = False) -> subprocess.CompletedProcess[str]:
        arguments = (*arguments, "--deployment", name)
        if not is_script:
            return command.run(arguments, variables)
        script = [str(REPOSITORY / "lakeport"), *arguments]
        return subprocess.run(script, env=variables, text=True, capture_output=True, check=False)

    return run


def copy_snapshots(lakeport: Lakeport) -> None:
    """Put the snapshots of this stack where a deployment's are."""
    s3, bucket = (
        lakeport.client("s3"),
        f"{NAME}-work-{lakeport.client('sts').get_caller_identity()['Account']}-us-east-1",
    )
    s3.create_bucket(Bucket=bucket)  # in us-east-1 also if it exists
    for each in s3.list_objects_v2(Bucket=names.WORK_BUCKET, Prefix="state/").get("Contents", []):
        s3.copy_object(Bucket=bucket, Key=each["Key"], CopySource={"Bucket": names.WORK_BUCKET, "Key": each["Key"]})


def make_stack(lakeport: Lakeport) -> None:
    """Make the stack of the deployment, whose landing bucket is this one's, and publish the schemas to it."""
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": NAME}}},
        "Outputs": {"LandingBucketName": {"Value": names.LANDING_BUCKET}},
    }
    lakeport.client("cloudformation").create_stack(StackName=f"{NAME}-main", TemplateBody=json.dumps(template))
    s3, account_id = lakeport.client("s3"), lakeport.client("sts").get_caller_identity()["Account"]
    code = f"{NAME}-code-{account_id}-us-east-1"
    s3.create_bucket(Bucket=code)
    index = {"Bucket": names.CODE_BUCKET, "Key": settings.INDEX_KEY}
    s3.copy_object(Bucket=code, Key=settings.INDEX_KEY, CopySource=index)


def test_an_operator_without_a_way_to_redshift_undoes_and_replays_a_file(
    lakeport: Lakeport, account: Account, run: Run, tmp_path: Path
) -> None:
    make_stack(lakeport)
    version = lakeport.drop("airlines.csv", "airlines/airlines_abroad.csv")
    file_id = lakeport.wait_for(version, "Done")["file_id"]
    account.throttled_calls = 3

    planned = run("undo", file_id[:12], is_script=True)
    assert (planned.returncode, lakeport.file(version)["status"]) == (0, "Done"), planned.stderr
    assert "airlines/airlines_abroad.csv" in planned.stdout.replace("\n", "")
    assert "run the same command with --yes" in planned.stdout

    undone = run("undo", file_id[:12], "--yes")
    assert (undone.returncode, lakeport.file(version)["status"]) == (0, "Fail"), undone.stderr
    replayed = run("replay", file_id[:12], "--yes", "--json")
    assert (replayed.returncode, json.loads(replayed.stdout)[0]["file_id"]) == (0, file_id), replayed.stderr
    lakeport.wait_for(version, "Done")
    until(lambda: lakeport.live_runs("load_airlines") == 0)

    refused = run("replay", "0123456789ab", "--yes")
    assert (refused.returncode, "no file" in refused.stderr) == (2, True), refused.stderr
    absent = run("undo", file_id[:12], name="nowhere")
    assert (absent.returncode, "Environment not found" in absent.stderr) == (2, True), absent.stderr

    [found] = [each for each in json.loads(run("status", "--json").stdout) if each["file_id"] == file_id]
    assert (found["status"], found["rows_loaded"]) == ("Done", 16)
    assert json.loads(run("status", "--type", "airlines", "--status", "Fail", "--json").stdout) is not None
    assert run("errors", "--json").returncode == 0

    found = run("reconcile", "--grace", "0", "--json")
    assert (found.returncode, isinstance(json.loads(found.stdout), list)) == (0, True), found.stderr
    counted = run("sql", "SELECT status, rows_loaded, NULL AS none FROM mng.files WHERE file_id LIKE '%'", "--json")
    assert {"status": "Done", "rows_loaded": 16, "none": None} in json.loads(counted.stdout), counted.stderr
    written = run("sql", "DELETE FROM mng.files")
    assert (written.returncode, "read-only" in written.stderr) == (2, True), written.stderr

    file = tmp_path / "airlines_dropped.csv"
    file.write_bytes((SAMPLES / "airlines.csv").read_bytes())
    [dropped] = json.loads(run("drop", str(file), "--wait", "--wait-seconds", "0", "--json").stdout)
    head = lakeport.client("s3").head_object(Bucket=dropped["bucket"], Key=dropped["key"])
    assert lakeport.wait_for(head["VersionId"], "Done")["rows_loaded"] == 16
    until(lambda: lakeport.live_runs("load_airlines") == 0)

    called = {action for call in account.calls if (action := policy.action_of(*call))}
    assert policy.allowed() - policy.BEHIND_OTHERS - set().union(*policy.BY_HAND.values()) == called
