"""Landing buckets after the first: one is added and removed without a change to the others."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from infra.deploy import deployment
from infra.deploy.aws import Aws
from infra.deploy.deployment import Deployment
from infra.deploy.errors import DeployError
from infra.deploy.preflight import buckets
from infra.deploy.stacks.landing import Landing
from infra.deploy.stacks.landing_buckets import LandingBucket
from tests.infra.account import Environment
from tests.infra.cloud import NAME, Cloud
from tests.support.golden import golden, raises_golden

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
LAKE = "lake-many"
CREATED = f"{LAKE}-landing-suppliers-000000000000-us-east-1"
PARTNERS = f"{LAKE}-landing-partners-000000000000-us-east-1"
THEIRS = "erp-files"


def test_landing_buckets_are_read_in_their_three_forms(tmp_path: Path) -> None:
    tax = f"{{bucket: tax, key: {KEY}, account: '111122223333'}}"
    (tmp_path / "lake.yaml").write_text(f"landing_buckets:\n  partners:\n  erp: erp-files\n  tax: {tax}")

    assert deployment.read("lake", tmp_path).landing_buckets == (
        LandingBucket("erp", "erp-files"),
        LandingBucket("partners"),
        LandingBucket("tax", "tax", KEY, "111122223333"),
    )


def test_wrong_landing_buckets_are_refused_all_at_once(tmp_path: Path) -> None:
    wrong = {"default": None, "a,b": None, "erp": {"bukket": "x"}, "tax": {"bucket": "Tax_Files", "account": 1}}
    (tmp_path / "lake.yaml").write_text(yaml.safe_dump({"landing_buckets": wrong | {"one": ["x"]}}))

    with raises_golden(DeployError, "infra", "wrong landing buckets", "bukket", "Tax_Files", "default"):
        deployment.read("lake", tmp_path)


def test_bucket_that_cannot_be_a_landing_bucket_is_refused(aws: Aws) -> None:
    s3: Any = boto3.client("s3", "us-east-1")
    for name in ("good", "unversioned", "encrypted"):
        s3.create_bucket(Bucket=name)
    for name in ("good", "encrypted"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}
    s3.put_bucket_encryption(Bucket="encrypted", ServerSideEncryptionConfiguration={"Rules": [rule]})
    landing = [LandingBucket(name, name) for name in ("encrypted", "gone", "good", "unversioned")]
    landing += [LandingBucket("again", "good"), LandingBucket("x" * 30)]

    found = list(buckets.unfit_further_landing(aws, Deployment("lakeport", landing_buckets=tuple(landing)), []))

    places = [problem.split(": ")[1] for problem in found]
    assert places == ["encrypted", "gone", "good", "unversioned", "again", "x" * 30]
    named = LandingBucket("encrypted", "encrypted", KEY)
    unchecked = LandingBucket("gone", "gone")
    both = Deployment("lakeport", landing_buckets=(named, unchecked))
    assert list(buckets.unfit_further_landing(aws, both, ["gone"])) == []


def test_first_landing_bucket_is_checked_when_another_bucket_takes_its_place(aws: Aws) -> None:
    boto3.client("s3", "us-east-1").create_bucket(Bucket="unversioned")
    outputs = [{"OutputKey": "LandingBucketName", "OutputValue": "landing-of-today"}]
    stack: Any = {"StackName": "lake-main", "StackStatus": "UPDATE_COMPLETE", "Outputs": outputs}
    stack["CreationTime"] = datetime(2026, 11, 28, tzinfo=UTC)
    found = {}
    with Stubber(aws.client("cloudformation")) as answers:
        for bucket in ("unversioned", "landing-of-today", ""):
            answers.add_response("describe_stacks", {"Stacks": [stack]})
            wanted = Deployment("lake", parameters={"ExistingLandingBucket": bucket})
            found[bucket] = [each.split(";")[0] for each in buckets.unfit_first_landing(aws, wanted)]
    problem = "ExistingLandingBucket: bucket unversioned has no versioning"
    assert found == {"unversioned": [problem], "landing-of-today": [], "": []}


def test_key_that_the_deployment_no_longer_names_is_found(aws: Aws) -> None:
    """Its bucket is checked again: without the key, no file in it could be loaded."""
    erp, key_of_first = LandingBucket("erp", "erp-files", KEY), KEY.replace("1111", "9999")
    has = {"LandingKeyArns": f"our-key,{KEY}", "ExistingLandingKeyArn": key_of_first}
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in has.items()]
    made: Any = {"StackStatus": "UPDATE_COMPLETE", "CreationTime": datetime(2026, 11, 28, tzinfo=UTC)}
    outputs = [{"OutputKey": "KeyArn", "OutputValue": "our-key"}]
    found = []
    with Stubber(aws.client("cloudformation")) as answers:
        for further, key in (((erp,), key_of_first), ((replace(erp, key=None),), key_of_first), ((erp,), "")):
            answers.add_response("describe_stacks", {"Stacks": [{**made, "StackName": "m", "Parameters": parameters}]})
            answers.add_response("describe_stacks", {"Stacks": [{**made, "StackName": "b", "Outputs": outputs}]})
            wanted = Deployment("lake", landing_buckets=further, parameters={"ExistingLandingKeyArn": key})
            found.append(buckets.lost_keys(aws, wanted))
    assert found == [set(), {KEY}, {key_of_first}]


def test_files_that_wait_under_a_key_that_the_deployment_loses_are_mentioned(aws: Aws) -> None:
    """Their bucket may have another key by now, which is all that the deployment sees."""
    reported = list[str]()
    with patch.object(aws, "report", reported.append):
        buckets.report_waiting(aws, Deployment("lake"), {KEY})
        buckets.report_waiting(aws, Deployment("lake"), ())

    assert [KEY in each and "status --deployment lake --status New" in each for each in reported] == [True]


def test_every_bucket_key_and_account_is_in_the_parameters_of_the_roles(aws: Aws) -> None:
    further = (LandingBucket("erp", "erp-files", KEY, "111122223333"), LandingBucket("partners"))
    found = Landing(aws, Deployment("lake", landing_buckets=further)).parameters("our-key")

    buckets = ["lake-landing-123456789012-us-east-1", "erp-files", "lake-landing-partners-123456789012-us-east-1"]
    assert found["LandingBuckets"] == f"erp={buckets[1]},partners={buckets[2]}"
    assert found["LandingArns"].split(",") == [f"arn:aws:s3:::{each}" for each in buckets]
    assert found["LandingObjectArns"].split(",") == [f"arn:aws:s3:::{each}/*" for each in buckets]
    assert found["LandingKeyArns"].split(",") == ["our-key", KEY]
    assert found["LandingAccounts"].split(",") == ["123456789012", "111122223333"]


@pytest.mark.parametrize(
    ("left", "message"),
    [
        ({"partners": "a"}, "landing_buckets: partners: a would no longer be this landing bucket"),
        ({"erp": "b"}, ""),
        ({"default": "c"}, "ExistingLandingBucket: c would no longer be the first landing bucket"),
        ({}, ""),
    ],
)
def test_landing_bucket_is_kept_while_deployed_file_types_read_from_it(left: dict[str, str], message: str) -> None:
    file_types = [{"file_type": "trips", "bucket": "partners"}, {"file_type": "planes"}]
    found = "\n".join(buckets.in_use(left, file_types, "lake"))

    assert found.startswith(message)
    assert ("trips" in found, "planes" in found) == ("partners" in left, "default" in left)


def test_buckets_are_added_and_removed_alone_and_after_a_kill(cloud: Cloud) -> None:
    """Their notifications, rights and stack; what others have set on an existing bucket stays."""
    cloud.account.environments[LAKE] = Environment(LAKE)
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=THEIRS)
    s3.put_bucket_versioning(Bucket=THEIRS, VersioningConfiguration={"Status": "Enabled"})
    topic = cloud.client("sns").create_topic(Name="of-erp")["TopicArn"]
    theirs = {"Id": "theirs", "TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}
    s3.put_bucket_notification_configuration(Bucket=THEIRS, NotificationConfiguration={"TopicConfigurations": [theirs]})

    done = deployed(cloud, {"suppliers": None, "erp": THEIRS})
    assert (queues(cloud, CREATED), queues(cloud, THEIRS)) == ([f"{LAKE}-arrivals"], [f"{LAKE}-arrivals"])
    assert done.index("published the schemas to registration") < done.index(f"landing bucket {CREATED} sends events")
    assert variables(cloud)["LAKEPORT_LANDING_BUCKETS"] == f"erp={THEIRS},partners={PARTNERS},suppliers={CREATED}"
    assert all(f"arn:aws:s3:::{bucket}" in rights(cloud) for bucket in (CREATED, THEIRS))
    assert "nothing to change" in deployed(cloud, {"suppliers": None, "erp": THEIRS})

    cloud.account.dies_at = "ExecuteChangeSet"
    describe(cloud, {})
    assert cloud.deploy("--yes", "--no-smoke-test", name=LAKE).returncode == -9
    cloud.account.dies_at = None
    deployed(cloud, {})
    assert [queues(cloud, each) for each in (PARTNERS, THEIRS, CREATED)] == [[f"{LAKE}-arrivals"], [], []]
    kept = s3.get_bucket_notification_configuration(Bucket=THEIRS)
    assert [each["TopicArn"] for each in kept["TopicConfigurations"]] == [topic]
    assert variables(cloud)["LAKEPORT_LANDING_BUCKETS"] == f"partners={PARTNERS}"
    assert not {bucket for bucket in (CREATED, THEIRS) if bucket in rights(cloud)}
    with pytest.raises(ClientError, match="does not exist"):
        cloud.client("cloudformation").describe_stacks(StackName=f"{LAKE}-landing-suppliers")
    s3.head_bucket(Bucket=CREATED)

    describe(cloud, {"vendors": PARTNERS}, without="partners", first=THEIRS)
    renamed = cloud.deploy("--yes", "--no-smoke-test", name=LAKE)
    assert renamed.returncode == 2
    types = re.compile(r"(?<=read from it: )[\w, ]+")  # other tests add some
    assert [found.count("departures") for found in types.findall(renamed.stderr)] == [0, 1]
    golden("infra", "landing bucket that file types read", types.sub("<file types>", renamed.stderr))
    assert cloud.account.writes() == []


def describe(cloud: Cloud, landing_buckets: dict[str, str | None], without: str = "", first: str = "") -> None:
    """Write the YAML of a deployment with these landing buckets beside that of a schema."""
    folder = cloud.checkout / "infra" / "deployments"
    values = yaml.safe_load((folder / f"{NAME}.yaml").read_text())
    kept = {key: value for key, value in values.items() if not key.startswith("database_")}
    kept["landing_buckets"] |= landing_buckets
    kept["landing_buckets"].pop(without, None)
    kept["parameters"] = kept.get("parameters", {}) | ({"ExistingLandingBucket": first} if first else {})
    (folder / f"{LAKE}.yaml").write_text(yaml.safe_dump(kept))


def deployed(cloud: Cloud, landing_buckets: dict[str, str | None]) -> str:
    describe(cloud, landing_buckets)
    done = cloud.deploy("--yes", "--no-smoke-test", name=LAKE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def queues(cloud: Cloud, bucket: str) -> list[str]:
    found = cloud.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    return [each["QueueArn"].rpartition(":")[2] for each in found.get("QueueConfigurations", [])]


def variables(cloud: Cloud) -> dict[str, Any]:
    function = cloud.client("lambda").get_function_configuration(FunctionName=f"{LAKE}-register-files")
    found: dict[str, Any] = function["Environment"]["Variables"]
    return found


def rights(cloud: Cloud) -> str:
    """Return the statements about landing buckets of the role of COPY."""
    role = f"{LAKE}-copy-us-east-1"
    policy = cloud.client("iam").get_role_policy(RoleName=role, PolicyName="read-files")["PolicyDocument"]
    return json.dumps(policy)
