"""Run a deployment: plan its changes, then apply them.

Every step looks at the current state first, so that the next run finishes a run killed anywhere: the same objects, the
same versions in use, one release record.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

import lakeport
from infra import package
from infra.deploy import airflow, checking, code, database, function, network, preflight, publishing, stacks
from infra.deploy.aws import Aws, code_of
from infra.deploy.changes import Change
from infra.deploy.code import CodeBucket
from infra.deploy.deployment import Deployment
from infra.deploy.errors import DeployError
from infra.deploy.landing import Landing
from infra.deploy.stacks import Stack
from infra.deploy.target import Target
from lakeport.probing.answers import Answer, failures

_VERSIONS = {"FunctionVersion": code.FUNCTION, "PluginsVersion": code.PLUGINS, "RequirementsVersion": code.REQUIREMENTS}


@dataclass
class Deploying:
    """One deployment into one account."""

    aws: Aws
    deployment: Deployment
    with_database: bool = False
    """Whether users and tables are created again although nothing indicates a difference."""
    only_code: bool = False
    """Whether stacks and database are left unchanged: a rollback restores code, and templates are not kept."""
    is_checked: bool = True
    """Whether a change is followed by the smoke test."""

    @property
    def landing(self) -> Landing:
        return Landing(self.aws, self.deployment)

    def check(self) -> None:
        """Raise DeployError with every known obstacle."""
        caller = self.aws.caller
        where = f"account {caller['Account']}, region {self.aws.region}, as {caller['Arn']}"
        self.aws.report(f"Lakeport {lakeport.__version__}: {where}")
        wanted = {"bootstrap": self.bootstrap(), "network": self._given("network"), "main": self._given("main")}
        if found := list(preflight.problems(self.aws, self.deployment, wanted)):
            raise DeployError("\n".join(found))

    def bucket(self) -> CodeBucket | None:
        """Return the code bucket with its current content, or None if nothing is deployed yet."""
        name = stacks.outputs(self.aws, self.deployment.bootstrap_stack).get("CodeBucketName")
        return CodeBucket(self.aws, name) if name else None

    def bootstrap(self) -> Stack:
        """Return the stack that must exist before the code is uploaded."""
        parameters = self.deployment.parameters | {"Name": self.deployment.name}
        tags = self.deployment.tags
        return Stack(self.deployment.bootstrap_stack, self.deployment.template("bootstrap"), parameters, tags)

    def main(self, versions: dict[str, str]) -> Stack:
        """Return the stack of everything else, with these versions of the code."""
        parameters = self.deployment.parameters | versions
        for below in (self.deployment.bootstrap_stack, self.deployment.network_stack):
            parameters |= stacks.outputs(self.aws, below)
        parameters |= self.landing.parameters(parameters["KeyArn"]) if "KeyArn" in parameters else {}
        parameters |= {
            "Name": self.deployment.name,
            "FunctionKey": code.FUNCTION,
            "FunctionArchitecture": self.deployment.function_architecture,
        }
        return Stack(
            self.deployment.main_stack,
            self.deployment.template("main"),
            parameters,
            self.deployment.tags,
            versions=tuple(_VERSIONS),
        )

    def _given(self, template: str) -> Stack:
        """Return a stack with the deployment's own parameters only, without a request to AWS."""
        return Stack(template, self.deployment.template(template), self.deployment.parameters, {})

    def plan(self, target: Target, bucket: CodeBucket | None) -> list[Change]:
        """Return every change in order; changes nothing."""
        changes = self._of_stack(self.bootstrap())
        if bucket is None:
            objects = [*target.artifacts, *target.schemas, *target.dag_files]
            changes += [Change("code", "upload", f"{len(objects)} objects")]
            changes += [*network.plan(self.aws, self.deployment), *stacks.plan(self.aws, self.main({}))]
            changes += self.landing.plan({}, {})
            return [*changes, Change("database", "create", "users lakeport_loader, lakeport_registrar; tables of mng")]
        changed = bucket.differing(target.artifacts)
        changes += [Change("code", "upload", item.key) for item in changed]
        stack = stacks.outputs(self.aws, self.deployment.main_stack)
        changes += self._of_network() + self._of_stack(self.main(self._running_versions()))
        changes += self._of_landing(stack)
        if stack and self._database_due(stack, bucket):
            changes.append(Change("database", "update", "users, rights and tables of mng"))
        if "FunctionName" in stack and not function.is_current(self.aws, stack["FunctionName"], target.function):
            changes.append(Change("function", "update", stack["FunctionName"]))
        changes += self._of_environment(stack, bucket, {item.key for item in changed})
        changes += publishing.plan(bucket, target.schemas, target.file_types)
        changes += [Change("code", "upload", item.key) for item in bucket.differing(target.dag_files)]
        surplus = bucket.surplus(target.dag_files, is_schemas=False)
        return [*changes, *(Change("code", "delete", key) for key in surplus)]

    def apply(self, target: Target, bucket: CodeBucket | None, *, has_changes: bool = True) -> None:
        """Apply every difference: libraries before DAG files, deletions last, then the record, then the index.

        Without changes it completes the record of a run that was killed before it.
        """
        if self._apply_stack(self.bootstrap()):
            self.aws.report(f"stack {self.deployment.bootstrap_stack} is up to date")
        bucket = bucket or self.bucket()
        if bucket is None:
            raise DeployError(
                f"stack {self.deployment.bootstrap_stack} lacks output CodeBucketName; restore it in bootstrap.yaml"
            )
        if has_changes and self.is_checked:
            checking.set_due(self.aws, bucket.bucket)
        for item in bucket.differing(target.artifacts):
            bucket.put(item)
            self.aws.report(f"uploaded {item.key}")
        self._apply_network()
        is_new = stacks.completed(self.aws, self.deployment.main_stack) is None
        changed_schemas = self._put_live(target, bucket) if is_new else []  # MWAA starts with all its files
        if not self.only_code:
            with self._explaining(f"{self.deployment.name}-landing-*"):
                if not is_new:
                    self.landing.leave(stacks.outputs(self.aws, self.deployment.main_stack))
                self.landing.create(stacks.outputs(self.aws, self.deployment.bootstrap_stack))
        # A stack that exists keeps its versions, so that its update does not restart Airflow; _update_code follows.
        newest = {name: bucket.version(key) for name, key in _VERSIONS.items()}
        self._apply_stack(self.main(newest | self._running_versions()))
        stack = stacks.outputs(self.aws, self.deployment.main_stack)
        made = self._apply_database(stack, bucket)
        self._update_code(stack, bucket, target)
        changed_schemas += self._put_live(target, bucket)
        self._record(target, bucket, made, has_new_schemas=bool(changed_schemas))
        if publishing.put_index(bucket, target.file_types, target.index_previous):
            self.aws.report("published the schemas to registration")
        if not self.only_code:
            self.landing.notify(stack)

    def smoke_test(self) -> None:
        """Load a file on the real services, roll it back, and print what they answered; raises DeployError."""
        stack = stacks.outputs(self.aws, self.deployment.main_stack)
        if not stack:
            raise DeployError(f"stack {self.deployment.main_stack} does not exist; finish ./lakeport deploy")
        answers: list[Answer] = []
        if address := self._given("main").wanted["AlarmEmail"]:
            answers.append(checking.subscription_answer(self.aws, stack["AlarmsTopicArn"], address))
        if "FunctionName" in stack and not self.only_code:  # an earlier release may not know the event
            answers += checking.function_answers(self.aws, stack["FunctionName"])
        try:
            if "AirflowName" in stack:
                answers += airflow.smoke_test(self.aws, stack["AirflowName"], stack["WorkBucketName"])
        except DeployError as error:
            checking.show(self.aws, answers)
            raise DeployError("\n".join([str(error), *failures(answers)])) from error
        checking.show(self.aws, answers)
        if failed := failures(answers):
            raise DeployError("\n".join(["files cannot be loaded yet:", *failed]))
        checking.set_passed(self.aws, stacks.outputs(self.aws, self.deployment.bootstrap_stack)["CodeBucketName"])

    def make_up_smoke_test(self, bucket: CodeBucket | None) -> None:
        """Repeat a smoke test that has failed or was interrupted since the last change."""
        if bucket and self.is_checked and checking.is_due(self.aws, bucket.bucket):
            self.aws.report("the check of the last deployment has not passed; repeating it")
            self.smoke_test()

    def _of_stack(self, stack: Stack) -> list[Change]:
        with self._explaining(stack.name):
            return [] if self.only_code else stacks.plan(self.aws, stack)

    def _apply_stack(self, stack: Stack) -> bool:
        with self._explaining(stack.name):
            return not self.only_code and stacks.apply(self.aws, stack)

    def _of_landing(self, stack: dict[str, str]) -> list[Change]:
        if self.only_code:
            return []
        with self._explaining(f"{self.deployment.name}-landing-*"):
            return list(self.landing.plan(stacks.outputs(self.aws, self.deployment.bootstrap_stack), stack))

    def _of_network(self) -> list[Change]:
        with self._explaining(self.deployment.network_stack):
            return [] if self.only_code else network.plan(self.aws, self.deployment)

    def _apply_network(self) -> bool:
        with self._explaining(self.deployment.network_stack):
            return not self.only_code and network.apply(self.aws, self.deployment)

    @contextmanager
    def _explaining(self, stack: str) -> Iterator[None]:
        """Raise DeployError with the next step if CloudFormation refuses a request about the stack."""
        try:
            yield
        except ClientError as error:
            if code_of(error) == "ValidationError":
                reason = error.response["Error"]["Message"]
                raise DeployError(f"stack {stack}: {reason}; fix the deployment's YAML or the template") from error
            if code_of(error) not in ("AccessDenied", "AccessDeniedException"):
                raise
            who = f"stack {stack} needs a change that {self.aws.caller['Arn']} is not allowed to make"
            remedy = "ask someone with more permissions to run ./lakeport deploy, then run this again"
            raise DeployError(f"{who}: {error}; {remedy}") from error

    def _running_versions(self) -> dict[str, str]:
        has = stacks.parameters(self.aws, self.deployment.main_stack)
        return {name: has[name] for name in _VERSIONS if name in has}

    def _of_environment(self, stack: dict[str, str], bucket: CodeBucket, changing: set[str]) -> list[Change]:
        found = airflow.environment(self.aws, stack["AirflowName"]) if "AirflowName" in stack else None
        return airflow.plan(found, bucket, changing) if found else []

    def _database_due(self, stack: dict[str, str], bucket: CodeBucket) -> str | None:
        """Return the fingerprint of users and tables where they are not those of the last release."""
        if self.only_code:
            return None
        try:
            wanted = database.fingerprint(self.aws, stack, self._given("main").wanted["RedshiftDatabase"])
        except ClientError as error:
            if code_of(error) not in ("AccessDenied", "AccessDeniedException"):
                raise
            self.aws.report(
                "not checked: the database's users and tables, because this role may not read their secrets"
            )
            return None
        if not self.with_database and bucket.release.get("database") == wanted:
            return None
        if "RedshiftWorkgroupName" not in stack and self.deployment.database_admin_secret is None:
            remedy = "set database_workgroup or database_cluster, and database_admin_secret, in the deployment's YAML"
            self.aws.report(f"skipped: users and tables of the existing Redshift; {remedy}")
            return None
        return wanted

    def _apply_database(self, stack: dict[str, str], bucket: CodeBucket) -> str | None:
        """Create users and tables if needed and return their fingerprint for the release record."""
        due = self._database_due(stack, bucket)
        before: str | None = bucket.release.get("database")
        if due is None:
            return before
        found = database.database(self.aws, self.deployment, stack, self._given("main").wanted)
        database.apply(self.aws, found, stack)
        database.report_isolation(found)
        self.aws.report("database users and mng tables are up to date")
        return due

    def _update_code(self, stack: dict[str, str], bucket: CodeBucket, target: Target) -> None:
        name, architecture = stack.get("FunctionName"), self.deployment.function_architecture
        if name and function.update(self.aws, name, bucket, target.function, architecture):
            self.aws.report(f"function {name} runs the new code")
        environment = stack.get("AirflowName")
        if environment and airflow.environment(self.aws, environment) is None:
            raise DeployError(
                f"MWAA environment {environment} does not exist, although its stack lists it; "
                "run Detect drift on the stack in the CloudFormation console and restore what is missing"
            )
        if environment and airflow.update(self.aws, environment, bucket):
            self.aws.report(f"environment {environment} runs the new code")

    def _put_live(self, target: Target, bucket: CodeBucket) -> list[str]:
        """Upload what MWAA syncs, DAG files last, and delete removed files; return the changed schemas."""
        changed = publishing.put_schemas(bucket, target.schemas)
        files = sorted(bucket.differing(target.dag_files), key=lambda item: item.key.endswith(".py"))
        for item in files:
            bucket.put(item)
        surplus = bucket.surplus(target.dag_files, is_schemas=False)
        for key in surplus:
            bucket.delete(key)
        if changed or files or surplus:
            self.aws.report(f"synced {len(changed)} schemas and {len(files) + len(surplus)} other files to dags/")
        return changed

    def _record(self, target: Target, bucket: CodeBucket, made: str | None, *, has_new_schemas: bool) -> None:
        """Write the release record if this run, or a killed one before it, changed something."""
        objects = bucket.objects()
        was, now = (_without_schemas(each) for each in (bucket.release.get("objects", {}), objects))
        if was == now and bucket.release.get("database") == made and not has_new_schemas:
            return
        record: dict[str, Any] = {
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "made_by": self.aws.caller["Arn"],
            "version": target.version,
            "commit": _commit(),
            "previous": target.previous,
            "index_before": target.index_before,
            "database": made,
            "objects": objects,
        }
        bucket.s3.put_object(Bucket=bucket.bucket, Key=code.RELEASE, Body=json.dumps(record, indent=1).encode())
        self.aws.report(f"recorded the release of Lakeport {record['version']}, commit {record['commit']}")


def _without_schemas(objects: dict[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in objects.items() if not key.startswith(code.PUBLISHED)}


def _commit() -> str:
    """Return the commit of the working tree, followed by `+` if there are uncommitted changes."""
    command = ["git", "-C", str(package.REPOSITORY), "describe", "--always", "--abbrev=12", "--dirty=+"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip() or "no commit"
