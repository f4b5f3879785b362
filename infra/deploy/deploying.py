"""Run a deployment: plan its changes, then apply them.

Every step looks at the current state first, so that the next run finishes a run killed anywhere: the same objects, the
same versions in use, one release record.
"""

from __future__ import annotations

from dataclasses import dataclass

import lakeport
from infra.deploy.aws import Aws
from infra.deploy.changes import Change
from infra.deploy.content import live, publishing, release
from infra.deploy.content.code import CodeBucket
from infra.deploy.content.target import Target
from infra.deploy.deployment import Deployment
from infra.deploy.errors import DeployError
from infra.deploy.preflight import problems
from infra.deploy.running import airflow, checking, database_step, function, smoke
from infra.deploy.stacks import changing, network, state
from infra.deploy.stacks.explaining import explaining
from infra.deploy.stacks.landing import Landing
from infra.deploy.stacks.stack import Stack
from infra.deploy.stacks.wanted import VERSIONS, WantedStacks
from lakeport.wording import amount


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

    @property
    def stacks(self) -> WantedStacks:
        return WantedStacks(self.aws, self.deployment, self.landing)

    def check(self) -> None:
        """Raise DeployError with every known obstacle."""
        caller = self.aws.caller
        where = f"account {caller['Account']}, region {self.aws.region}, as {caller['Arn']}"
        self.aws.report(f"Lakeport {lakeport.__version__}: {where}")
        wanted = {
            "bootstrap": self.stacks.bootstrap(),
            "network": self.stacks.given("network"),
            "main": self.stacks.given("main"),
        }
        if found := list(problems.problems(self.aws, self.deployment, wanted)):
            raise DeployError("\n".join(found))

    def bucket(self) -> CodeBucket | None:
        """Return the code bucket with its current content, or None if nothing is deployed yet."""
        name = state.outputs(self.aws, self.deployment.bootstrap_stack).get("CodeBucketName")
        return CodeBucket(self.aws, name) if name else None

    def plan(self, target: Target, bucket: CodeBucket | None) -> list[Change]:
        """Return every change in order; changes nothing."""
        changes = self._of_stack(self.stacks.bootstrap())
        if bucket is None:
            objects = [*target.artifacts, *target.schemas, *target.dag_files]
            changes += [Change("code", "upload", f"{amount(len(objects), 'object')}")]
            changes += [*network.plan(self.aws, self.deployment), *changing.plan(self.aws, self.stacks.main({}))]
            changes += [*changing.plan(self.aws, self.stacks.alarms({})), *self.landing.plan({}, {})]
            return [*changes, Change("database", "create", "users lakeport_loader, lakeport_registrar; tables of mng")]
        changed = bucket.differing(target.artifacts)
        changes += [Change("code", "upload", item.key) for item in changed]
        stack = state.outputs(self.aws, self.deployment.main_stack)
        changes += self._of_network() + self._of_stack(self.stacks.main(self._running_versions()))
        changes += self._of_stack(self.stacks.alarms(stack))
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
        self.aws.stacks.clear()  # time has passed since the plan
        if self._apply_stack(self.stacks.bootstrap()):
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
        is_new = state.completed(self.aws, self.deployment.main_stack) is None
        changed_schemas = live.put(self.aws, bucket, target) if is_new else []  # MWAA starts with all its files
        if not self.only_code:
            with explaining(self.aws, f"{self.deployment.name}-landing-*"):
                if not is_new:
                    self.landing.leave(state.outputs(self.aws, self.deployment.main_stack))
                self.landing.create(state.outputs(self.aws, self.deployment.bootstrap_stack))
        # A stack that exists keeps its versions, so that its update does not restart Airflow; _update_code follows.
        newest = {name: bucket.version(key) for name, key in VERSIONS.items()}
        self._apply_stack(self.stacks.main(newest | self._running_versions()))
        stack = state.outputs(self.aws, self.deployment.main_stack)
        self._apply_stack(self.stacks.alarms(stack))
        made = self._apply_database(stack, bucket)
        self._update_code(stack, bucket, target)
        changed_schemas += live.put(self.aws, bucket, target)
        release.record(self.aws, target, bucket, made, has_new_schemas=bool(changed_schemas))
        if publishing.put_index(bucket, target.file_types, target.index_previous):
            self.aws.report("published the schemas to registration")
        if not self.only_code:
            self.landing.notify(stack)

    def smoke_test(self) -> None:
        """Load a file on the real services, roll it back, and print what they answered; raises DeployError."""
        stack = state.outputs(self.aws, self.deployment.main_stack)
        if not stack:
            raise DeployError(f"stack {self.deployment.main_stack} does not exist; finish ./lakeport deploy")
        smoke.run(self.aws, stack, self.stacks.given("main").wanted["AlarmEmail"], only_code=self.only_code)
        checking.set_passed(self.aws, state.outputs(self.aws, self.deployment.bootstrap_stack)["CodeBucketName"])

    def make_up_smoke_test(self, bucket: CodeBucket | None) -> None:
        """Repeat a smoke test that has failed or was interrupted since the last change."""
        if bucket and self.is_checked and checking.is_due(self.aws, bucket.bucket):
            self.aws.report("the check of the last deployment has not passed; repeating it")
            self.smoke_test()

    def _of_stack(self, stack: Stack) -> list[Change]:
        with explaining(self.aws, stack.name):
            return [] if self.only_code else changing.plan(self.aws, stack)

    def _apply_stack(self, stack: Stack) -> bool:
        with explaining(self.aws, stack.name):
            return not self.only_code and changing.apply(self.aws, stack)

    def _of_landing(self, stack: dict[str, str]) -> list[Change]:
        if self.only_code:
            return []
        with explaining(self.aws, f"{self.deployment.name}-landing-*"):
            return list(self.landing.plan(state.outputs(self.aws, self.deployment.bootstrap_stack), stack))

    def _of_network(self) -> list[Change]:
        with explaining(self.aws, self.deployment.network_stack):
            return [] if self.only_code else network.plan(self.aws, self.deployment)

    def _apply_network(self) -> bool:
        with explaining(self.aws, self.deployment.network_stack):
            return not self.only_code and network.apply(self.aws, self.deployment)

    def _running_versions(self) -> dict[str, str]:
        has = state.parameters(self.aws, self.deployment.main_stack)
        return {name: has[name] for name in VERSIONS if name in has}

    def _of_environment(self, stack: dict[str, str], bucket: CodeBucket, changing: set[str]) -> list[Change]:
        found = airflow.environment(self.aws, stack["AirflowName"]) if "AirflowName" in stack else None
        return airflow.plan(found, bucket, changing) if found else []

    def _database_due(self, stack: dict[str, str], bucket: CodeBucket) -> str | None:
        """Return the fingerprint of users and tables where they are not those of the last release."""
        if self.only_code:
            return None
        wanted, released = self.stacks.given("main").wanted, bucket.release.get("database")
        return database_step.due(self.aws, self.deployment, stack, wanted, released, is_forced=self.with_database)

    def _apply_database(self, stack: dict[str, str], bucket: CodeBucket) -> str | None:
        """Create users and tables if needed and return their fingerprint for the release record."""
        due = self._database_due(stack, bucket)
        before: str | None = bucket.release.get("database")
        if due is None:
            return before
        database_step.make(self.aws, self.deployment, stack, self.stacks.given("main").wanted)
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
