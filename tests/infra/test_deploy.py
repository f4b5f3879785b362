"""The real deploy command against an account whose every call is counted, and what then works there.

The tests share the account in any order: each compares what it finds with what its own change does to that.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import psycopg2
import pytest
import yaml

import lakeport
from infra.deploy.content import code
from local import credentials
from local.config import REPOSITORY
from tests.infra.account import Environment
from tests.infra.cloud import NAME, Cloud
from tests.infra.schemas import SCHEMA
from tests.support import policy
from tests.support.golden import golden
from tests.support.waiting import eventually

UPDATE = ("airflow", f"PATCH /environments/{NAME}")


def new_schema(cloud: Cloud) -> str:
    """Add a new file type to the checkout and return its name."""
    name = f"trips_{uuid.uuid4().hex[:12]}"
    cloud.edit(f"schemas/{name}.yaml", SCHEMA.format(name=name))
    return name


def registered(cloud: Cloud, key: str) -> list[tuple[Any, ...]]:
    return cloud.query("SELECT file_type, status, status_reason FROM mng.files WHERE key = %s", (key,))


def content(cloud: Cloud, key: str) -> bytes:
    return bytes(cloud.client("s3").get_object(Bucket=cloud.code_bucket, Key=key)["Body"].read())


def state(cloud: Cloud) -> dict[str, Any]:
    """Return what a deployment leaves: content by key, what the function and the environment run."""
    release, index = (json.loads(content(cloud, key)) for key in (code.RELEASE, "schemas/index.json"))
    objects = cloud.objects()
    function = cloud.client("lambda").get_function_configuration(FunctionName=cloud.outputs["FunctionName"])
    versions = {key: cloud.environment.versions[f"{part}S3ObjectVersion"] for part, key in code_paths()}
    return {
        "keys": sorted(objects),
        "hashes": {
            key: each["sha256"] for key, each in release["objects"].items() if not key.startswith(code.PUBLISHED)
        },
        "schemas": {key: each["sha256"] for key, each in index["schemas"].items()},
        "index": index["file_types"],
        "function": function["CodeSha256"],
        "environment": {key: version_hash(cloud, key, version) for key, version in versions.items()},
    }


def code_paths() -> list[tuple[str, str]]:
    return [("Plugins", code.PLUGINS), ("Requirements", code.REQUIREMENTS)]


def version_hash(cloud: Cloud, key: str, version: str) -> str:
    head = cloud.client("s3").head_object(Bucket=cloud.code_bucket, Key=key, VersionId=version)
    return str(head["Metadata"]["sha256"])


def test_first_deployment_makes_everything_in_order(cloud: Cloud) -> None:
    """Four stacks and a landing bucket's, users and tables, one environment update; the zip before its function."""
    writes = [call for call in cloud.first_calls if call in WRITES_IN_ORDER]

    assert writes == WRITES_IN_ORDER
    assert "CREATE_COMPLETE    FunctionSource" in cloud.first


WRITES_IN_ORDER = [
    ("cloudformation", "ExecuteChangeSet"),
    ("s3", "PUT plugins.zip"),
    ("s3", "PUT lambda/register_files.zip"),
    ("cloudformation", "ExecuteChangeSet"),
    ("s3", "PUT dags/schemas/flights.yaml"),
    ("s3", "PUT dags/load_files.py"),
    ("cloudformation", "ExecuteChangeSet"),
    ("cloudformation", "ExecuteChangeSet"),
    ("cloudformation", "ExecuteChangeSet"),
    ("redshift-data", "BatchExecuteStatement"),
    UPDATE,
    ("s3", "PUT release.json"),
    ("s3", "PUT schemas/index.json"),
]


def test_types_that_are_not_proven_are_listed(cloud: Cloud) -> None:
    """Everything else of the templates was made by CloudFormation's rules."""
    listed = re.findall(r"^- `(AWS::[^`]+)`: (.+)$", (REPOSITORY / "docs" / "aws_checked.md").read_text(), re.MULTILINE)
    removed = {name: kind for types in cloud.removed.values() for name, kind in types.items()}

    assert {name: kind for kind, names in listed for name in re.findall(r"`([^`]+)`", names)} == removed


def test_endpoint_that_the_region_does_not_offer_is_left_out(cloud: Cloud) -> None:
    """And the zone that lacks one of the others: its subnet could not have that endpoint."""
    parameters = cloud.parameters(f"{NAME}-network")

    assert parameters["OpsEndpoint"] == "false"
    assert parameters["EcrEndpoints"] == "true"
    assert [parameters[f"Zone{each}"] for each in "ABC"] == [f"{credentials.REGION}{each}" for each in "bcd"]


def test_file_in_the_deployments_bucket_is_registered_by_its_function(cloud: Cloud) -> None:
    """Bucket, event, queue, function, index, secret, user, TLS: as the stacks and the command made them."""
    key = f"planes/planes_{uuid.uuid4()}.jsonl"
    cloud.client("s3").put_object(Bucket=cloud.outputs["LandingBucketName"], Key=key, Body=b'{"tailnum": "N1"}\n')

    ((file_type, status, reason),) = eventually(lambda: registered(cloud, key))
    assert (file_type, status) == ("planes", "New"), reason


def test_second_run_changes_nothing(cloud: Cloud) -> None:
    cloud.deployed()
    before = state(cloud)

    output = cloud.deployed()

    assert "nothing to change" in output
    assert cloud.account.writes() == []
    assert state(cloud) == before


def test_schema_goes_live_by_two_objects(cloud: Cloud) -> None:
    """The YAML and the index; no environment update, no query that wakes Redshift, and registration uses it."""
    name = new_schema(cloud)

    cloud.deployed("--schemas-only")

    uploads = [("s3", f"PUT dags/schemas/{name}.yaml"), ("s3", "PUT schemas/index.json")]
    assert cloud.account.writes() == uploads
    assert cloud.account.asked("redshift-data") == []
    key = f"{name}/1.csv"
    cloud.client("s3").put_object(Bucket=cloud.outputs["LandingBucketName"], Key=key, Body=b"id\n1\n")
    assert eventually(lambda: registered(cloud, key))[0][:2] == (name, "New")


def test_deployment_after_a_publication_uploads_nothing(cloud: Cloud) -> None:
    new_schema(cloud)
    cloud.deployed("--schemas-only")

    cloud.deployed()

    assert cloud.account.writes() == []


def test_publication_is_taken_back(cloud: Cloud) -> None:
    """The YAML is gone, registration does not use it any more; nothing else is touched."""
    before = state(cloud)
    name = new_schema(cloud)
    cloud.deployed("--schemas-only")

    cloud.deployed("--rollback")
    (cloud.checkout / "schemas" / f"{name}.yaml").unlink()

    assert state(cloud) == before
    assert UPDATE not in cloud.account.writes()


def test_commit_of_the_last_release_is_printed(cloud: Cloud) -> None:
    """And nothing else, so that a script may read it; nothing if nothing was deployed."""
    release = json.loads(content(cloud, code.RELEASE))

    assert release["version"] == lakeport.__version__
    assert cloud.deploy("--released").stdout == f"{release['commit']}\n"
    assert cloud.account.writes() == []
    assert cloud.deploy("--released", name="nowhere").stdout.strip() == ""


def test_only_a_changed_dag_file_is_uploaded(cloud: Cloud) -> None:
    cloud.edit("dags/load_files.py", f"# {uuid.uuid4()}\n")

    cloud.deployed()

    assert cloud.account.writes() == [("s3", "PUT dags/load_files.py"), ("s3", "PUT release.json")]


def test_changed_module_updates_environment_and_function_once(cloud: Cloud) -> None:
    """settings.py is in both packages; requirements.txt and the DAG files are left alone."""
    cloud.edit("plugins/lakeport/settings.py", f"# {uuid.uuid4()}\n")

    cloud.deployed()

    assert [operation for _, operation in cloud.account.writes()] == [
        "PUT plugins.zip",
        "PUT lambda/register_files.zip",
        f"PUT /2015-03-31/functions/{NAME}-register-files/code",
        UPDATE[1],
        "PUT release.json",
    ]
    assert (
        cloud.environment.versions["PluginsS3ObjectVersion"]
        == json.loads(content(cloud, code.RELEASE))["objects"][code.PLUGINS]["version"]
    )
    assert cloud.environment.asked["WorkerReplacementStrategy"] == "GRACEFUL"


def test_deleted_dag_file_is_removed_last(cloud: Cloud) -> None:
    extra = cloud.edit(f"dags/extra_{uuid.uuid4().hex}.py", "# no DAG\n")
    cloud.deployed()
    extra.unlink()
    cloud.edit("dags/load_files.py", f"# {uuid.uuid4()}\n")

    cloud.deployed()

    operations = [operation for _, operation in cloud.account.writes()]
    assert operations == ["PUT dags/load_files.py", f"DELETE dags/{extra.name}", "PUT release.json"]


def test_release_is_rolled_back_twice(cloud: Cloud) -> None:
    """Each time to the release before: code, schemas, function and environment; schemas published between stay."""
    kept = [state(cloud)]
    edits = []
    for _ in range(2):
        marker = f"# {uuid.uuid4()}\n"
        edits.append([cloud.edit(path, marker) for path in ("plugins/lakeport/settings.py", "dags/load_files.py")])
        cloud.deployed()
        kept.append(state(cloud))

    template = cloud.checkout / "infra" / "main.yaml"
    text = template.read_text()
    template.write_text(text.replace("Lakeport in a private VPC", "Lakeport in its private VPC"))
    cloud.deployed("--rollback")
    template.write_text(text)
    assert "ExecuteChangeSet" not in cloud.account.asked("cloudformation")
    assert state(cloud) == kept[1]
    cloud.deployed("--rollback")
    assert state(cloud) == kept[0]

    for path in {path for paths in edits for path in paths}:
        path.write_text("\n".join(path.read_text().splitlines()[:-2]) + "\n")
    assert "nothing to change" in cloud.deployed()


def test_rollback_of_a_release_keeps_schemas_published_before_it(cloud: Cloud) -> None:
    name = new_schema(cloud)
    cloud.deployed("--schemas-only")
    before = state(cloud)["index"]
    dag = cloud.checkout / "dags" / "load_files.py"
    text = dag.read_text()
    dag.write_text(text + f"# {uuid.uuid4()}\n")
    cloud.deployed()

    cloud.deployed("--rollback")
    dag.write_text(text)

    assert state(cloud)["index"] == before
    assert name in str(before)
    assert f"dags/schemas/{name}.yaml" in cloud.objects()


@pytest.mark.parametrize(
    "operation",
    ["PUT plugins.zip", "PATCH", "PUT dags/load", "PUT release", "PUT schemas"],
)
def test_killed_run_is_finished_by_the_next(cloud: Cloud, operation: str) -> None:
    """Killed (SIGKILL) right before any of its writes; what a whole run leaves is what the second one leaves."""
    extra = f"dags/extra_{uuid.uuid4().hex}.py"  # of a release without a record
    cloud.client("s3").put_object(Bucket=cloud.code_bucket, Key=extra, Body=b"# no DAG\n")
    name = new_schema(cloud)
    for path in ("plugins/lakeport/airflow/load_dag.py", "dags/load_files.py"):
        cloud.edit(path, f"# {uuid.uuid4()}\n")
    previous = cloud.client("s3").head_object(Bucket=cloud.code_bucket, Key=code.RELEASE)["VersionId"]

    cloud.account.dies_at = operation
    killed = cloud.deploy("--yes", "--no-smoke-test")
    cloud.account.dies_at = None
    cloud.deployed()

    assert killed.returncode == -9
    found = state(cloud)
    assert name in str(found["index"])
    assert extra not in found["keys"]
    assert found["environment"] == {key: found["hashes"][key] for _, key in code_paths()}
    assert json.loads(content(cloud, code.RELEASE))["previous"] == previous


@pytest.mark.parametrize("reports_failed_versions", [False, True])
def test_failed_environment_update_is_reported_and_retried(cloud: Cloud, *, reports_failed_versions: bool) -> None:
    """MWAA rolls back and is AVAILABLE again; only LastUpdate shows that it failed."""
    cloud.edit("plugins/lakeport/airflow/load_dag.py", f"# {uuid.uuid4()}\n")
    cloud.environment.fails_with = "Requirements could not be installed"
    cloud.environment.reports_failed_versions = reports_failed_versions

    failed = cloud.deploy("--yes", "--no-smoke-test")
    cloud.environment.fails_with = None
    cloud.deployed()

    assert failed.returncode == 2
    assert "FAILED (AVAILABLE): Requirements could not be installed" in failed.stderr
    assert UPDATE in cloud.account.writes()


def test_database_is_made_again_on_demand(cloud: Cloud) -> None:
    """A user whose password was changed by hand has the secret's again; the mng tables and their rows stay."""
    cloud.query("ALTER USER lakeport_registrar PASSWORD 'Changed0by0hand'")
    before = cloud.query("SELECT COUNT(*) FROM mng.files")

    cloud.deployed("--database")

    # It asks for columns, users and groups, then does all in one transaction, then asks for the isolation level.
    asked = [("redshift-data", "ExecuteStatement")]
    assert cloud.account.writes() == [*asked * 3, ("redshift-data", "BatchExecuteStatement"), *asked]
    assert cloud.query("SELECT COUNT(*) FROM mng.files", **registrar(cloud)) == before


def test_nothing_is_changed_without_a_yes(cloud: Cloud) -> None:
    dag = cloud.checkout / "dags" / "load_files.py"
    text = dag.read_text()
    dag.write_text(text + f"# {uuid.uuid4()}\n")
    asked, planned = cloud.deploy(), cloud.deploy("--plan")
    dag.write_text(text)

    assert (asked.returncode, planned.returncode) == (2, 0)
    assert "--yes" in asked.stderr
    assert "dags/load_files.py" in planned.stdout
    assert cloud.account.writes() == []


def test_stack_that_the_role_may_not_change_is_named(cloud: Cloud) -> None:
    """CI deploys code only: a change of the infrastructure needs more permissions."""
    template = cloud.checkout / "infra" / "main.yaml"
    text = template.read_text()
    template.write_text(text.replace("Lakeport in a private VPC", "Lakeport in its private VPC"))
    cloud.account.denied = {"CreateChangeSet"}
    refused = cloud.deploy("--yes", "--no-smoke-test")
    cloud.account.denied = set()
    template.write_text(text)

    assert refused.returncode == 2
    assert f"stack {NAME}-main " in refused.stderr
    assert "arn:aws:iam::000000000000:root" in refused.stderr


def test_schema_of_a_landing_bucket_that_is_not_deployed_is_not_published(cloud: Cloud) -> None:
    """Airflow and the function do not know the name: the DAG would be invalid, and its files Rejected."""
    settings = cloud.checkout / "infra" / "deployments" / f"{NAME}.yaml"
    text = settings.read_text()
    settings.write_text(text.replace("landing_buckets:", "landing_buckets:\n  later: null"))
    schema = cloud.edit(
        "schemas/later.yaml", SCHEMA.format(name="later").replace("{pattern", "{bucket: later, pattern")
    )
    refused = cloud.deploy("--yes", "--schemas-only")
    settings.write_text(text)
    schema.unlink()

    assert (refused.returncode, "later.yaml:" in refused.stderr) == (1, True)
    assert cloud.account.writes() == []


def test_broken_schema_stops_the_deployment_before_it_begins(cloud: Cloud) -> None:
    broken = cloud.edit("schemas/broken.yaml", "owner: [")
    refused = [cloud.deploy("--yes", *options) for options in ((), ("--schemas-only",))]
    broken.unlink()

    assert [each.returncode for each in refused] == [1, 1]
    assert all("broken.yaml:" in each.stderr for each in refused)
    assert cloud.account.writes() == []


def test_parameters_changed_in_the_yaml_change_the_stack(cloud: Cloud) -> None:
    """The plan names the resources; code and environment are left alone."""
    path = cloud.checkout / "infra" / "deployments" / f"{NAME}.yaml"
    text = path.read_text()
    path.write_text(text.replace("ArrivalWindowSeconds: 1\n", "ArrivalWindowSeconds: 2\n"))
    output = cloud.deployed()
    writes = [operation for _, operation in cloud.account.writes()]
    path.write_text(text)
    cloud.deployed()  # and back

    assert "FunctionSource (AWS::Lambda::EventSourceMapping" in output
    assert set(writes) == {"CreateChangeSet", "DeleteChangeSet", "ExecuteChangeSet"}


def test_stack_keeps_its_versions_of_the_code_when_both_change(cloud: Cloud) -> None:
    """Its update restarts no Airflow, and a failed one goes back to versions that exist; the code follows."""
    names = {"FunctionVersion", "PluginsVersion", "RequirementsVersion"}
    before, stack = cloud.parameters(f"{NAME}-main"), f"{NAME}-main"
    path = cloud.checkout / "infra" / "deployments" / f"{NAME}.yaml"
    text = path.read_text()
    path.write_text(text.replace("ArrivalWindowSeconds: 1\n", "ArrivalWindowSeconds: 3\n"))
    cloud.edit("plugins/lakeport/settings.py", f"# {uuid.uuid4()}\n")
    cloud.deployed()
    after, runs = cloud.parameters(stack), cloud.environment.versions["PluginsS3ObjectVersion"]
    path.write_text(text)
    cloud.deployed()  # and back

    assert after["ArrivalWindowSeconds"] == "3"
    assert {name: after[name] for name in names} == {name: before[name] for name in names}
    assert runs != after["PluginsVersion"]
    assert runs == json.loads(content(cloud, code.RELEASE))["objects"][code.PLUGINS]["version"]
    key = f"planes/planes_{uuid.uuid4()}.jsonl"
    cloud.client("s3").put_object(Bucket=cloud.outputs["LandingBucketName"], Key=key, Body=b'{"tailnum": "N1"}\n')
    assert eventually(lambda: registered(cloud, key))[0][0] == "planes"


def test_obstacles_are_reported_before_anything_is_created(cloud: Cloud) -> None:
    """Endpoints of the region, quotas of the account, parameters that no template has."""
    before = cloud.account.offered, cloud.account.vpcs_allowed
    cloud.account.offered, cloud.account.vpcs_allowed = {"s3": "ab", "sqs": "ab"}, 1.0
    path = cloud.checkout / "infra" / "deployments" / "lake-other.yaml"
    path.write_text("region: us-east-1\nparameters: {AlarmMail: someone@example.com}\n")
    kept = f"lake-other-archive-000000000000-{credentials.REGION}"
    cloud.client("s3").create_bucket(Bucket=kept)
    cloud.account.namespaces.add("lake-other")
    refused = cloud.deploy("--yes", name="lake-other")
    cloud.account.offered, cloud.account.vpcs_allowed = before
    cloud.account.namespaces.clear()

    assert refused.returncode == 2
    assert "AlarmMail" in refused.stderr
    values = (kept, "namespace lake-other", "airflow.api", "of 1 VPCs per Region", "L-TEST")
    assert [value for value in values if value not in refused.stderr] == []
    # Other tests create networks as well.
    golden("infra", "obstacles", re.sub(r"\d+ of 1 VPCs", "<n> of 1 VPCs", refused.stderr))
    assert cloud.account.writes() == []


def test_deployment_of_a_single_stack_is_refused(cloud: Cloud) -> None:
    """Up to version 0.9 the main stack had the network in it: an update would replace everything."""
    name, cloudformation = "lake-old", cloud.client("cloudformation")
    template = 'Parameters: {VpcCidr: {Type: String, Default: ""}}\nResources: {Topic: {Type: "AWS::SNS::Topic"}}'
    cloudformation.create_stack(StackName=f"{name}-main", TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=f"{name}-main", WaiterConfig={"Delay": 1})
    cloud.account.calls.clear()

    refused = cloud.deploy("--yes", name=name)

    assert refused.returncode == 2
    assert f"stack {name}-main was made by Lakeport 0.9 or older" in refused.stderr
    assert cloud.account.writes() == []


def test_too_few_zones_with_every_endpoint_are_refused(cloud: Cloud) -> None:
    before = cloud.account.offered
    cloud.account.offered = before | {"kms": "ab"}
    refused = cloud.deploy("--yes", name="lake-zones")
    cloud.account.offered = before

    assert refused.returncode == 2
    assert "us-east-1b" in refused.stderr
    golden("infra", "too few zones", refused.stderr)
    assert cloud.account.writes() == []


def another(cloud: Cloud, name: str, **parameters: str) -> None:
    """Describe another deployment on the same Redshift, whose users are left to the first one."""
    cloud.account.environments[name] = Environment(name)
    folder = cloud.checkout / "infra" / "deployments"
    values = yaml.safe_load((folder / f"{NAME}.yaml").read_text())
    kept = {key: value for key, value in values.items() if not key.startswith("database_")}
    kept["parameters"] |= parameters
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(kept))


def test_existing_landing_bucket_keeps_its_notifications(cloud: Cloud) -> None:
    """S3 takes all of a bucket's notifications at once: ours is added to them, once."""
    name, bucket, s3 = "lake-own", "somebodys-files", cloud.client("s3")
    another(cloud, name, ExistingLandingBucket=bucket)
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    topic = cloud.client("sns").create_topic(Name="somebodys")["TopicArn"]
    theirs = {"Id": "theirs", "TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"TopicConfigurations": [theirs]})

    done = [cloud.deploy("--yes", "--no-smoke-test", name=name) for _ in range(2)]
    cloud.account.denied = {f"GET {bucket}"}  # CI's role may not read the notification
    by_ci = cloud.deploy("--yes", "--no-smoke-test", name=name)
    cloud.account.denied = set()

    assert by_ci.returncode == 0, by_ci.stderr
    assert "not checked: the landing bucket" in by_ci.stdout
    assert [each.returncode for each in done] == [0, 0], done[0].stderr + done[1].stderr
    assert "nothing to change" in done[1].stdout
    found = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert [each["TopicArn"] for each in found["TopicConfigurations"]] == [topic]
    assert [each["QueueArn"].rpartition(":")[2] for each in found["QueueConfigurations"]] == [f"{name}-arrivals"]


@pytest.mark.parametrize(
    ("bucket", "reason"),
    [
        ("without-versions", "versioning"),
        ("nobodys-files", "(NoSuchBucket)"),
        ("No/Name", "cannot read"),
    ],
)
def test_landing_bucket_that_cannot_be_one_is_refused(cloud: Cloud, bucket: str, reason: str) -> None:
    another(cloud, "lake-unfit", ExistingLandingBucket=bucket)
    cloud.client("s3").create_bucket(Bucket="without-versions")

    refused = cloud.deploy("--yes", name="lake-unfit")

    assert refused.returncode == 2
    (line,) = (line for line in refused.stderr.splitlines() if line.startswith("ExistingLandingBucket: "))
    assert (f"bucket {bucket} " in line, reason in line) == (True, True)
    assert cloud.account.writes() == []


def test_failed_creation_is_reported_and_made_again(cloud: Cloud) -> None:
    """The stack that was never made is deleted; nothing it had made stops the next one."""
    name = "lake-again"
    another(cloud, name)
    template = cloud.checkout / "infra" / "main.yaml"
    text = template.read_text()
    wrong = "Runtime: python3.12\n      Layers: ['arn:aws:lambda:us-east-1:000000000000:layer:nowhere:1']\n"
    template.write_text(text.replace("Runtime: python3.12\n", wrong))
    failed = cloud.deploy("--yes", "--no-smoke-test", name=name)
    template.write_text(text)
    offered = cloud.account.offered
    cloud.account.offered = offered | {"sqs": "acd"}
    cloud.account.is_late = True
    planned = cloud.deploy("--plan", name=name)
    done = cloud.deploy("--yes", "--no-smoke-test", name=name)
    cloud.account.offered = offered
    cloud.account.is_late = False
    again = cloud.deploy("--yes", "--no-smoke-test", name=name)

    assert failed.returncode == 2
    assert "Function (AWS::Lambda::Function)" in failed.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    zones = {key: value[-1:] for key, value in cloud.parameters(f"{name}-network").items()}
    assert (zones["ZoneA"], zones["ZoneB"]) == ("c", "d"), "zones of the failed creation were kept"
    assert all(zone in planned.stdout for zone in ("us-east-1c (use1-az3)", "us-east-1d")), planned.stdout
    assert "its subnets are in other zones" in done.stdout
    assert "set database_workgroup or database_cluster" in done.stdout
    assert cloud.account.writes() == [], again.stdout


def test_options_that_exclude_each_other_are_refused(cloud: Cloud) -> None:
    refused = cloud.deploy("--yes", "--schemas-only", "--rollback")
    assert refused.returncode == 2
    golden("infra", "two options that exclude each other", refused.stderr)
    assert cloud.account.calls == []


def test_shortcuts_need_a_deployment(cloud: Cloud) -> None:
    for option in ("--schemas-only", "--rollback"):
        refused = cloud.deploy("--yes", option, name="lake-nowhere")
        assert refused.returncode == 2
        golden("infra", "no such deployment", refused.stderr)


def test_environment_is_there_for_the_smoke_test(cloud: Cloud) -> None:
    """An import error in Airflow fails the deployment with its last line."""
    cloud.edit("dags/load_files.py", f"# {uuid.uuid4()}\n")
    trace = "Traceback\n  in load_files.py\nlakeport.errors.EnvironmentIncomplete: this Airflow lacks ijson"
    errors = {"import_errors": [{"filename": "load_files.py", "stack_trace": trace}]}
    before = cloud.environment.ask
    cloud.environment.ask = lambda _: errors
    failed = cloud.deploy("--yes")
    cloud.environment.ask = before

    assert failed.returncode == 2
    assert "load_files.py: lakeport.errors.EnvironmentIncomplete: this Airflow lacks ijson" in failed.stderr
    assert isinstance(cloud.environment, Environment)


def test_fault_that_the_function_meets_fails_the_deployment_with_its_remedy(cloud: Cloud) -> None:
    cloud.edit("dags/load_files.py", f"# {uuid.uuid4()}\n")
    cloud.query("ALTER USER lakeport_registrar PASSWORD 'Changed0by0hand'")
    try:
        failed, again = cloud.deploy("--yes"), cloud.deploy("--yes")
    finally:
        cloud.deployed("--database")
    due = [cloud.deploy("--yes") for _ in range(2)]
    path = cloud.checkout / "infra" / "deployments" / f"{NAME}.yaml"
    text = path.read_text()
    path.write_text(text.replace("parameters:\n", "parameters:\n  AlarmEmail: alarms@example.com\n"))
    asked = cloud.deploy("--check")
    path.write_text(text)
    called = {action for call in cloud.account.calls if (action := policy.action_of(*call))}

    assert policy.allowed(policy.CHECK) - policy.BEHIND_OTHERS == called
    assert (failed.returncode, again.returncode) == (2, 2), "a second run must not report success"
    assert "nothing to change" in again.stdout
    assert "repeating it" in due[0].stdout
    assert [each.returncode for each in due] == [0, 0], due[0].stderr
    assert "| Function: the index of schemas |" in asked.stdout
    assert ["| Function: the index of schemas |" in each.stdout for each in due] == [True, False]
    assert "Function: Connection to Redshift: OperationalError: " in failed.stderr
    assert "password authentication failed" in failed.stderr
    assert "run ./lakeport deploy --database" in failed.stderr
    assert "| Function: the index of schemas | readable | " in failed.stdout
    assert "no answers of Airflow: cannot read s3://" in failed.stdout  # this Airflow runs no DAG


def registrar(cloud: Cloud) -> dict[str, str]:
    """Return the login of the function's user, as its secret has it."""
    manager = cloud.client("secretsmanager")
    secret = json.loads(manager.get_secret_value(SecretId=cloud.outputs["RegistrarSecretName"])["SecretString"])
    return {"user": secret["username"], "password": secret["password"], **secret["extra"]}


def test_function_may_add_files_and_nothing_else(cloud: Cloud) -> None:
    """Its user, as the deployment made it, over TLS with the certificate verified."""
    who = registrar(cloud)

    assert who["sslmode"] == "verify-full"
    assert cloud.query("SELECT COUNT(*) FROM mng.files", **who)
    for statement in ("DELETE FROM mng.files", "SELECT * FROM mng.load_errors", "CREATE TABLE mng.mine (a INT)"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cloud.query(statement, **who)
