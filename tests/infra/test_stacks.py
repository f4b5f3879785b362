"""What linting the templates does not see: sizes that must fit each other, rights that are needed and no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import get_session

from infra import package
from infra.deploy.content import code
from infra.deploy.running import airflow
from infra.deploy.stacks import events
from lakeport import settings
from lakeport.arrivals.registration import FULL_BATCH_MESSAGES
from lakeport.probing import copy_probe
from local.config import REPOSITORY
from tests.infra.stacks import ALARMS, BOOTSTRAP, MAIN, NETWORK, RESOURCES, STACKS, listed, of_type, statements

PARAMETERS = MAIN["Parameters"]
FUNCTION = RESOURCES["Function"]["Properties"]
SOURCE = RESOURCES["FunctionSource"]["Properties"]
AIRFLOW = RESOURCES["Airflow"]["Properties"]
SECURITY = (REPOSITORY / "docs" / "security.md").read_text()


@cache
def function_code() -> list[Path]:
    return [package.HANDLER, *package.imported_modules(package.HANDLER)]


@cache
def airflow_code() -> list[Path]:
    files = [*(REPOSITORY / "dags").rglob("*.py"), *(REPOSITORY / "plugins").glob("*.py")]
    return sorted({*files, *(module for file in files for module in package.imported_modules(file))})


# What a client's method needs of IAM.  `copy` is boto3's managed copy: in parts where an object is large, with tags.
COPY = {"s3:GetObject", "s3:GetObjectTagging", "s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"}
ACTIONS = {
    "copy": COPY,
    "copy_object": COPY - {"s3:AbortMultipartUpload"},
    "get_object": {"s3:GetObject"},
    "head_object": {"s3:GetObject"},
    "put_object": {"s3:PutObject"},
    "upload_file": {"s3:PutObject", "s3:AbortMultipartUpload"},
    "upload_fileobj": {"s3:PutObject", "s3:AbortMultipartUpload"},
    "delete_object": {"s3:DeleteObject"},
    "delete_objects": {"s3:DeleteObject"},
    "receive_message": {"sqs:ReceiveMessage"},
    "delete_message": {"sqs:DeleteMessage"},
    "list_objects_v2": {"s3:ListBucket"},
    "list_object_versions": {"s3:ListBucketVersions"},
    "get_secret_value": {"secretsmanager:GetSecretValue"},
    "invoke_rest_api": {"airflow:InvokeRestApi"},
    "publish": {"sns:Publish"},
}
CLIENTS = {"s3", "_s3()", "_client", "_sqs"}
CLIENTS |= {f"boto3.client('{service}')" for service in ("secretsmanager", "mwaa", "sns")}
# What no call names: objects are read, archived and removed by their version; without the right to list, S3 answers
# 403 instead of 404 for an object or a version that is gone.
BY_VERSION = {"s3:GetObjectVersion", "s3:GetObjectVersionTagging", "s3:DeleteObjectVersion"}
TO_SEE_ABSENCE = {"s3:ListBucket", "s3:ListBucketVersions"}


def test_batch_of_more_than_ten_has_a_window() -> None:
    """Lambda refuses the mapping otherwise."""
    assert SOURCE["BatchSize"] == FULL_BATCH_MESSAGES > 10
    assert PARAMETERS[SOURCE["MaximumBatchingWindowInSeconds"]["Ref"]]["MinValue"] >= 1


def test_message_stays_hidden_longer_than_the_function_may_take() -> None:
    """AWS: six times the timeout and the window, or a throttled batch is delivered twice."""
    window = PARAMETERS[SOURCE["MaximumBatchingWindowInSeconds"]["Ref"]]["MaxValue"]
    arrivals = RESOURCES["Arrivals"]["Properties"]

    assert arrivals["VisibilityTimeout"] >= 6 * FUNCTION["Timeout"] + window
    assert arrivals["RedrivePolicy"]["maxReceiveCount"] >= 5
    assert "ReportBatchItemFailures" in SOURCE["FunctionResponseTypes"]


def test_subnets_are_in_the_vpc_and_do_not_overlap() -> None:
    vpc = IPv4Network(NETWORK["Parameters"]["VpcCidr"]["Default"])
    subnets = [IPv4Network(NETWORK["Parameters"][f"Subnet{each}Cidr"]["Default"]) for each in "ABC"]

    assert vpc.is_private
    assert all(each.subnet_of(vpc) for each in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))


def test_deployment_waits_as_long_as_mwaa_may_take() -> None:
    """MWAA API, UpdateEnvironment: GRACEFUL lets running tasks finish for up to 12 hours."""
    assert AIRFLOW["WorkerReplacementStrategy"] == "GRACEFUL"
    assert min(airflow.WITHIN_SECONDS, events.WITHIN_SECONDS) > 12 * 3600


def test_function_is_what_is_packed() -> None:
    assert FUNCTION["Runtime"] == f"python{package.AWS.python}"
    assert (FUNCTION["Handler"], package.HANDLER.name) == ("handler.handle", "handler.py")
    assert PARAMETERS["FunctionArchitecture"]["Default"] == {"aarch64": "arm64"}[package.AWS.platform.split("-")[0]]


def test_vpc_has_no_internet_access() -> None:
    types = {each["Type"] for each in RESOURCES.values()}
    assert not types & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route", "AWS::EC2::EIP"}
    assert all(each["MapPublicIpOnLaunch"] is False for each in of_type("AWS::EC2::Subnet").values())


def test_airflow_waits_for_the_network_it_needs() -> None:
    """Endpoints and routes are in the stack below; rules and role are named, by whichever way, by its resource."""
    after: set[str] = set()
    ahead = ["Airflow"]
    while ahead:
        named = named_by(RESOURCES[ahead.pop()]) - after
        after |= named
        ahead += named

    assert {*of_type("AWS::EC2::VPCEndpoint"), *of_type("AWS::EC2::SubnetRouteTableAssociation")} <= {
        *NETWORK["Resources"]
    }
    assert {"AirflowGroupItself", "EndpointFromAirflow", "AirflowRole"} <= after


def named_by(value: Any) -> set[str]:
    """Return the resources that a resource refers to or depends on."""
    if isinstance(value, list):
        return set().union(*map(named_by, value))
    if not isinstance(value, dict):
        return set(re.findall(r"\$\{(\w+)", value)) & RESOURCES.keys() if isinstance(value, str) else set()
    own = [value.get("Ref"), *value.get("Fn::GetAtt", [])[:1], *listed(value.get("DependsOn", []))]
    return ({each for each in own if each in RESOURCES}).union(*map(named_by, value.values()))


def test_services_the_code_calls_have_endpoints() -> None:
    """Those named in the code, and those MWAA and Lambda need for themselves."""
    offered = {each["ServiceName"]["Fn::Sub"].split("}.")[1] for each in of_type("AWS::EC2::VPCEndpoint").values()}
    called = set(
        re.findall(r"boto3\.client\(\"(\w+)\"", "".join(map(Path.read_text, airflow_code() + function_code())))
    )

    assert called == {"s3", "secretsmanager", "mwaa", "sns", "sqs"}
    assert (called - {"mwaa"}) | {"airflow.api", "airflow.env", "sqs", "logs", "monitoring", "kms"} <= offered


@pytest.mark.parametrize("name", of_type("AWS::S3::Bucket"))
def test_bucket_is_private_versioned_and_requires_tls(name: str) -> None:
    bucket = RESOURCES[name]["Properties"]
    policies = [each for each in of_type("AWS::S3::BucketPolicy").values() if each["Bucket"] == {"Ref": name}]
    [denied] = [each for each in policies[0]["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_what_holds_data_outlives_its_stack() -> None:
    """As docs/install.md says under "Remove it"; an update that replaces it keeps it too."""
    kept = {name for name, each in RESOURCES.items() if each.get("DeletionPolicy") == "Retain"}

    assert kept == {*of_type("AWS::S3::Bucket"), "Key", "Namespace"}
    assert all(RESOURCES[name]["UpdateReplacePolicy"] == "Retain" for name in kept)


def test_no_inbound_traffic_is_allowed() -> None:
    groups = of_type("AWS::EC2::SecurityGroup") | of_type("AWS::EC2::SecurityGroupIngress")
    text = str(
        {name: {key: each[key] for key in each if "Ingress" in key or "Cidr" in key} for name, each in groups.items()}
    )

    assert "Cidr" not in text.replace("SecurityGroupEgress", "")
    assert RESOURCES["Workgroup"]["Properties"]["PubliclyAccessible"] is False
    assert "PUBLIC_ONLY" not in PARAMETERS["WebserverAccessMode"]["AllowedValues"]
    assert not of_type("AWS::Lambda::Url")


def test_groups_and_rules_are_described_in_what_ec2_takes() -> None:
    """EC2 refuses an apostrophe, a question mark and much else; cfn-lint does not know it."""
    rules = [*of_type("AWS::EC2::SecurityGroup").values(), *of_type("AWS::EC2::SecurityGroupIngress").values()]
    rules += [each for group in rules for each in group.get("SecurityGroupEgress", [])]
    texts = [each[key] for each in rules for key in ("Description", "GroupDescription") if key in each]

    assert len(texts) >= len(rules)
    assert [text for text in texts if not re.fullmatch(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=;{}!$*]{1,255}", text)] == []


def test_no_policy_allows_everybody() -> None:
    """Only denials apply to everybody; a service is allowed only for this account's resources."""
    for name, each in policy_statements():
        if each["Effect"] == "Allow" and "Principal" in each:
            assert each["Principal"] != "*", name
            assert "Service" not in each["Principal"] or "Condition" in each or name in WITHOUT_CONDITION, name


# Lambda's trust policy needs none; Redshift is not documented to send a key that a condition could compare.
WITHOUT_CONDITION = {"FunctionRole", "CopyRole"}


def test_no_condition_can_stop_redshift_from_assuming_the_copy_role() -> None:
    """AWS documents only sts:ExternalId for this call; a condition on an absent key denies every COPY."""
    trust = RESOURCES["CopyRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert [each for each in trust if "Condition" in each] == []
    assert trust[0]["Principal"]["Service"] == ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]


def test_file_is_copied_out_of_the_archive_with_its_tags() -> None:
    """CopyObject reads the tags of its source; without the permission it is denied for a tagged object."""
    rights = {each["Sid"]: set(each["Action"]) for _, each in statements("AirflowRole") if "Landing" in each["Sid"]}
    archive = next(set(each["Action"]) for _, each in statements("AirflowRole") if each["Sid"] == "ArchiveAndWork")

    assert {"s3:GetObjectTagging", "s3:GetObjectVersionTagging"} <= rights["Landing"] & archive


@pytest.mark.parametrize("key", ["KeyArn", "ExistingLandingKeyArn"])
def test_copy_and_tasks_decrypt_with_each_key_of_landing_and_only_what_is_in_s3(key: str) -> None:
    for role in ("CopyRole", "AirflowRole"):
        decrypting = [each for _, each in statements(role) if "kms:Decrypt" in listed(each["Action"])]
        by_key = [each for each in decrypting if re.search(rf"'{key}'", str(each["Resource"]))]
        assert any("s3.${AWS::Region}" in str(each["Condition"]) for each in by_key), role
        assert all("kms:ViaService" in str(each["Condition"]) for each in by_key), role


def test_function_reads_only_the_code_bucket_so_that_it_needs_no_key_of_landing() -> None:
    found = [each for _, each in statements("FunctionRole") if str(each["Action"]).count("s3:")]
    assert [str(each["Resource"]).count("CodeBucketName") for each in found] == [1]
    assert "ExistingLandingKeyArn" not in str([*statements("FunctionRole")])


def test_code_that_the_stack_may_go_back_to_does_not_expire() -> None:
    """The stack's parameters name versions of the packages; a failed update restores them."""
    rules = RESOURCES["CodeBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = [each.get("Prefix", "") for each in rules if "NoncurrentVersionExpiration" in each]

    assert [key for key in code.ARTIFACTS for prefix in expiring if key.startswith(prefix)] == []
    assert {"dags/", "schemas/"} <= set(expiring)


def test_everything_that_a_load_writes_to_the_work_bucket_expires() -> None:
    """The snapshots and the notes of reconcile stay; their keys do not begin with the id of a file."""
    writers = [text for path in package.PLUGINS.rglob("*.py") if "work_bucket" in (text := path.read_text())]
    written = {folder for text in writers for folder in re.findall(r'f"([a-z]+)/\{', text)} | {copy_probe.FOLDER}
    rules = RESOURCES["WorkBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = {each["Prefix"].partition("/")[0] for each in rules if "ExpirationInDays" in each}

    assert {"manifests", "prepared", "checks"} <= written
    assert written - {"transforms"} <= expiring


def test_alarm_mails_exclude_alerts_that_slack_shows() -> None:
    subscription = of_type("AWS::SNS::Subscription")["AlarmsByMail"]

    assert subscription["FilterPolicyScope"]["Fn::If"][:2] == ["WithSlack", "MessageBody"]
    assert subscription["FilterPolicy"]["Fn::If"][:2] == ["WithSlack", {"AlarmName": [{"exists": True}]}]


def test_function_survives_the_wake_up_of_redshift() -> None:
    """Five attempts with the default connect timeout, and 512 MB: TLS is slow with less (base-images #154)."""
    assert FUNCTION["Timeout"] >= 180
    assert FUNCTION["MemorySize"] >= 512


def test_parameters_allow_only_what_redshift_and_mwaa_take() -> None:
    """MWAA refuses an empty option; Redshift's limit of a query is under a day."""
    [limit] = [
        each["ParameterValue"]
        for each in RESOURCES["Workgroup"]["Properties"]["ConfigParameters"]
        if each["ParameterKey"] == "max_query_execution_time"
    ]

    assert limit == {"Ref": "RedshiftMaxQuerySeconds"}
    assert PARAMETERS["RedshiftMaxQuerySeconds"]["MaxValue"] < 86_400
    assert PARAMETERS["ReconcileSchedule"]["MinLength"] == 1


def policy_statements() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, each in RESOURCES.items():
        for key in ("PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy"):
            for statement in each.get("Properties", {}).get(key, {}).get("Statement", []):
                yield name, statement


def documented_rights() -> dict[tuple[str, str], set[str]]:
    rows = re.findall(r"^\| `(\w+Role)` \| `(\w+)` \| (denied: )?(`[^|]+`) \|", SECURITY, re.MULTILINE)
    return {(role, sid): {denied + each for each in re.findall(r"`([^`]+)`", text)} for role, sid, denied, text in rows}


def test_roles_have_the_permissions_of_the_table_and_no_others() -> None:
    """docs/security.md names each role's rights, statement by statement."""
    found = {
        (role, each["Sid"]): {
            ("denied: " if each["Effect"] == "Deny" else "") + action for action in listed(each["Action"])
        }
        for role in of_type("AWS::IAM::Role")
        for _, each in statements(role)
    }
    assert documented_rights() == found


def test_wildcards_are_only_those_that_aws_requires() -> None:
    """Actions with a star, and actions on every resource: each one is listed here and in docs/security.md."""
    allowed = [
        (role, each) for role in of_type("AWS::IAM::Role") for _, each in statements(role) if each["Effect"] == "Allow"
    ]
    stars = {(role, action) for role, each in allowed for action in listed(each["Action"]) if "*" in action}
    everything = {(role, each["Sid"]) for role, each in allowed if "*" in listed(each["Resource"])}

    assert stars == {
        ("AirflowRole", action) for action in ("s3:GetObject*", "s3:GetBucket*", "s3:List*", "kms:GenerateDataKey*")
    }
    assert everything == {
        ("AirflowRole", "SeeThatNothingIsPublic"),
        ("AirflowRole", "ListLogs"),
        ("AirflowRole", "PutMetrics"),
        ("FunctionRole", "Interfaces"),
    }


def test_tasks_have_the_rights_their_code_needs_and_no_others() -> None:
    """Every call of an AWS client in what Airflow runs."""
    needed = {action for call in calls(airflow_code()) for action in ACTIONS[call]} | BY_VERSION | TO_SEE_ABSENCE
    needed |= {"kms:Decrypt"}  # of a landing bucket with its own key; our key is in the other policy
    assert granted("AirflowRole", "tasks") == needed


def test_copy_reads_wherever_a_load_may_read() -> None:
    """A file as it landed, its copy in the archive when it is replayed, prepared files and manifests."""
    for action, of_landing in {"s3:ListBucket": "LandingArns", "s3:GetObject": "LandingObjectArns"}.items():
        text = str([each["Resource"] for _, each in statements("CopyRole") if action in listed(each["Action"])])
        assert [name for name in (of_landing, "ArchiveBucket", "WorkBucket") if name not in text] == [], action


def test_every_landing_bucket_has_the_rights_of_the_first() -> None:
    """The deploy command lists all of them, with their keys and accounts, in these parameters."""
    named = [str(each["Resource"]) for role in ("CopyRole", "AirflowRole") for _, each in statements(role)]
    [from_landing] = [each for name, each in policy_statements() if each.get("Sid") == "FromLanding"]

    assert [text for text in named if "ExistingLandingBucket" in text] == []
    assert from_landing["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "LandingAccounts"}},
        "ArnEquals": {"aws:SourceArn": {"Ref": "LandingArns"}},
    }
    for role in ("CopyRole", "AirflowRole"):
        [keys] = [each for _, each in statements(role) if each["Sid"] == "LandingKeys"]
        assert (keys["Action"], keys["Resource"]) == ("kms:Decrypt", {"Ref": "LandingKeyArns"})


def test_function_has_the_rights_its_code_needs_and_no_others() -> None:
    """Every call of an AWS client in what the Lambda function runs; the rest is Lambda's own work."""
    for_lambda = {
        *(f"ec2:{each}" for each in ("CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces")),
        *(f"ec2:{each}" for each in ("DescribeSubnets", "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses")),
        *(f"sqs:{each}" for each in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")),
        *("logs:CreateLogStream", "logs:PutLogEvents", "kms:Decrypt"),
    }
    needed = {action for call in calls(function_code()) for action in ACTIONS[call]}
    assert granted("FunctionRole", "register-files") == needed | for_lambda


# What a merge calls, with the rights it needs, ...
MERGE = {
    "get_caller_identity": set(),  # of the caller; everybody may
    "describe_stacks": {"cloudformation:DescribeStacks"},
    "describe_stack_events": {"cloudformation:DescribeStackEvents"},
    "get_template": {"cloudformation:GetTemplate"},
    "list_objects_v2": {"s3:ListBucket"},
    "head_object": {"s3:GetObject"},
    "get_object": {"s3:GetObject", "s3:GetObjectVersion"},
    "put_object": {"s3:PutObject", "kms:GenerateDataKey", "kms:Decrypt"},
    "delete_object": {"s3:DeleteObject"},
    "get_function_configuration": {"lambda:GetFunctionConfiguration"},
    "update_function_code": {"lambda:UpdateFunctionCode"},
    "invoke": {"lambda:InvokeFunction"},
    "get_environment": {"airflow:GetEnvironment"},
    # AWS's policy for callers of MWAA's API also has the last.
    "update_environment": {"airflow:UpdateEnvironment", "iam:PassRole", "s3:GetEncryptionConfiguration"},
    "invoke_rest_api": {"airflow:InvokeRestApi"},
    "list_subscriptions_by_topic": {"sns:ListSubscriptionsByTopic"},
}
# ... and what only a person's deployment calls: what changes stacks, names passwords, or asks before there is anything.
PERSON = {
    *("create_change_set", "describe_change_set", "execute_change_set", "delete_change_set", "delete_stack"),
    *("execute_statement", "batch_execute_statement", "describe_statement", "get_statement_result", "get_namespace"),
    *("get_secret_value", "describe_secret", "list_service_quotas", "list_environments"),
    *("describe_vpc_endpoint_services", "describe_availability_zones", "describe_vpcs"),
    *("head_bucket", "get_bucket_versioning"),
    "get_bucket_encryption",
    *("get_bucket_notification_configuration", "put_bucket_notification_configuration"),
}


def test_merge_has_the_rights_its_deployment_needs_and_no_others() -> None:
    """Every AWS operation that the deploy command calls is a merge's or a person's."""
    through = [
        REPOSITORY / "plugins" / "lakeport" / each for each in ("airflow_api/clients.py", "redshift/data_api.py")
    ]
    called = operations([*sorted((REPOSITORY / "infra" / "deploy").rglob("*.py")), *through])

    assert called == MERGE.keys() | PERSON
    assert granted("CiRole", "publish") == set().union(*MERGE.values())


def operations(modules: Iterable[Path]) -> set[str]:
    """Return the operations of AWS that are called, paginated or waited for, whatever the client is called."""
    services = ["sts", "s3", "cloudformation", "lambda", "mwaa", "redshift-data", "redshift-serverless"]
    services += ["secretsmanager", "ec2", "service-quotas", "sns"]
    known = {xform_name(name) for each in services for name in get_session().get_service_model(each).operation_names}
    nodes = [
        node for module in modules for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)
    ]
    methods = [(node.func.attr, node.args) for node in nodes if isinstance(node.func, ast.Attribute)]
    named = {ast.literal_eval(args[0]) for name, args in methods if name in {"get_paginator", "get_waiter"}}
    return named | {name for name, _ in methods if name in known}


def calls(modules: Iterable[Path]) -> set[str]:
    """Return the methods called on clients, and the operations that are paginated."""
    found = set()
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if ast.unparse(node.func.value).removeprefix("self.") in CLIENTS:
                name = node.func.attr
                found.add(ast.literal_eval(node.args[0]) if name == "get_paginator" else name)
    return found


def granted(role: str, policy: str) -> set[str]:
    return {
        action
        for name, each in statements(role)
        if name == policy and each["Effect"] == "Allow"
        for action in listed(each["Action"])
    }


def test_function_reads_the_index_that_is_published() -> None:
    [statement] = [each for _, each in statements("FunctionRole") if each["Sid"] == "SchemasIndex"]
    assert statement["Resource"]["Fn::Sub"].endswith(f":::${{CodeBucketName}}/{settings.INDEX_KEY}")


def variables(modules: Iterable[Path]) -> set[str]:
    """Return the variables read by those functions of settings.py that the modules call."""
    tree = ast.parse(Path(settings.__file__).read_text())
    texts = {each.name: ast.unparse(each) for each in tree.body if isinstance(each, ast.FunctionDef)}

    def names_in(function: str) -> set[str]:
        used = {name for name in texts if name != function and re.search(rf"\b{name}\(", texts[function])}
        return set(re.findall(r"LAKEPORT_[A-Z][A-Z_]+", texts[function])).union(*map(names_in, used))

    read = {name: names_in(name) for name in texts}
    text = "".join(module.read_text() for module in modules)
    return {name for function, names in read.items() for name in names if re.search(rf"settings\.{function}\b", text)}


NOT_ON_AWS = {
    "LAKEPORT_AIRFLOW_SECRET",  # of an Airflow that is not MWAA's
    "LAKEPORT_SCHEMAS",  # the schemas lie beside the DAG files
    "LAKEPORT_TRANSFORMS",  # so do they
}


def test_function_gets_every_variable_that_its_code_reads() -> None:
    assert set(FUNCTION["Environment"]["Variables"]) == variables(function_code()) - NOT_ON_AWS


def test_airflow_gets_every_variable_that_its_code_reads() -> None:
    """As configuration options in a separate section, since MWAA takes no environment variables."""
    options = {name.split(".")[1] for name in AIRFLOW["AirflowConfigurationOptions"] if name.startswith("lakeport.")}
    command_line = [*airflow_code(), *(REPOSITORY / "plugins" / "lakeport").rglob("*.py")]

    assert {f"LAKEPORT_{each.upper()}" for each in options} == variables(command_line) - NOT_ON_AWS


def test_options_fit_what_mwaa_takes() -> None:
    for name, value in AIRFLOW["AirflowConfigurationOptions"].items():
        assert re.fullmatch(r"[a-z]+([a-z0-9._]*[a-z0-9_]+)?", name)
        assert len(name) <= 64
        assert isinstance(value, str | dict), f"{name} must be text"


def test_secrets_are_where_their_readers_look() -> None:
    """Airflow's backend reads prefix/connection id; the registrar's secret lies outside that prefix."""
    names = {name: each["Name"]["Fn::Sub"] for name, each in of_type("AWS::SecretsManager::Secret").items()}
    prefix = re.search(r'"connections_prefix": "([^"]+)"', str(AIRFLOW["AirflowConfigurationOptions"]))
    assert prefix
    assert names["LoaderSecret"] == f"{prefix[1]}/{settings.REDSHIFT_CONNECTION}"
    assert FUNCTION["Environment"]["Variables"]["LAKEPORT_REDSHIFT_SECRET"] == {"Fn::Sub": names["RegistrarSecret"]}
    assert not names["RegistrarSecret"].startswith(prefix[1])


def test_passwords_suit_redshift_and_are_in_no_template() -> None:
    """Redshift takes 8 to 64 characters without quotes, backslash, slash, @ and blanks."""
    for each in of_type("AWS::SecretsManager::Secret").values():
        assert each["GenerateSecretString"]["PasswordLength"] <= 64
        assert set("'\"\\/@ ") <= set(each["GenerateSecretString"]["ExcludeCharacters"])
        assert "SecretString" not in each


def test_alarms_reach_the_topic_and_the_topic_its_readers() -> None:
    alarms = of_type("AWS::CloudWatch::Alarm")
    readers = [
        of_type("AWS::SNS::Subscription")["AlarmsByMail"]["TopicArn"],
        *RESOURCES["Slack"]["Properties"]["SnsTopicArns"],
    ]

    assert len(alarms) >= 5
    topic = [{"Ref": "AlarmsTopicArn"}]
    assert all(each["AlarmActions"] == topic == each["OKActions"] for each in alarms.values())
    assert MAIN["Outputs"]["AlarmsTopicArn"]["Value"] == {"Ref": "Alarms"}
    assert readers == [{"Ref": "Alarms"}] * 2


def test_alarms_watch_what_the_main_stack_makes() -> None:
    """They have its names, not its resources, because they are another stack."""
    named = {
        each["Value"]["Fn::Sub"]
        for alarm in ALARMS["Resources"].values()
        for each in alarm["Properties"]["Dimensions"]
        if isinstance(each["Value"], dict) and "Fn::Sub" in each["Value"]
    }
    queues = {each["QueueName"]["Fn::Sub"] for each in of_type("AWS::SQS::Queue").values()}

    assert named == {*queues, FUNCTION["FunctionName"]["Fn::Sub"]}
    assert ALARMS["Parameters"]["Name"]["AllowedPattern"] == PARAMETERS["Name"]["AllowedPattern"]


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_every_parameter_is_used_and_explained(stack: dict[str, Any]) -> None:
    used = str({part: stack.get(part) for part in ("Resources", "Outputs", "Conditions", "Rules")})
    for name, each in stack["Parameters"].items():
        assert f"'Ref': '{name}'" in used or f"${{{name}}}" in used, f"{name} is not used"
        assert name.startswith("GitHub") or each["Description"]


@pytest.mark.parametrize("below", [BOOTSTRAP, NETWORK], ids=["bootstrap", "network"])
def test_parameters_that_name_outputs_of_another_stack_do(below: dict[str, Any]) -> None:
    """The deploy command passes outputs on by their names."""
    source = next(name for name, each in STACKS.items() if each is below)
    named = {name for name, each in PARAMETERS.items() if f"of {source}.yaml" in each["Description"]}
    explained = {name for name, each in below["Outputs"].items() if each["Description"].endswith(" of main.yaml")}

    assert named == explained
    assert len(named) >= 3
    assert not {*BOOTSTRAP["Outputs"]} & {*NETWORK["Outputs"]}


def test_parameters_of_two_stacks_allow_the_same() -> None:
    """The deploy command gives both the deployment's value; without one, both have the same default."""
    shared = NETWORK["Parameters"].keys() & PARAMETERS.keys()

    assert shared == {"Name", "MailEndpoint", "RedshiftEnhancedVpcRouting"}
    for name in shared:
        here, there = ({**each[name], "Description": ""} for each in (NETWORK["Parameters"], PARAMETERS))
        assert here == there


@pytest.mark.parametrize("name", ["network", "main"])
def test_groups_show_every_parameter_once(name: str) -> None:
    groups = STACKS[name]["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(STACKS[name]["Parameters"])


@pytest.mark.parametrize("name", STACKS)
def test_template_stays_far_from_what_a_request_takes(name: str) -> None:
    """CloudFormation takes 51,200 bytes of template in a request."""
    assert len((REPOSITORY / "infra" / f"{name}.yaml").read_bytes()) <= 51_200 * 0.85
