"""The landing buckets: which there are, their rights, their stacks, and the notifications that no stack sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, code_of
from infra.deploy.changes import Change
from infra.deploy.deployment import Deployment
from infra.deploy.stacks import changing, state
from infra.deploy.stacks.landing_buckets import LandingBucket
from infra.deploy.stacks.stack import Stack
from lakeport import settings

_EVENTS = ["s3:ObjectCreated:*"]
_DENIED = ("AccessDenied", "AccessDeniedException", "403")


@dataclass(frozen=True)
class Landing:
    """The landing buckets of a deployment in an account."""

    aws: Aws
    deployment: Deployment

    @property
    def first(self) -> str:
        """Return the first landing bucket."""
        return self.deployment.parameters.get("ExistingLandingBucket") or self._created("landing")

    @property
    def further(self) -> dict[str, str]:
        """Return the other landing buckets by their names in schemas."""
        return {each.name: self.bucket_of(each) for each in self.deployment.landing_buckets}

    def bucket_of(self, landing: LandingBucket) -> str:
        """Return the name of a landing bucket in S3."""
        return landing.bucket or self._created(f"landing-{landing.name}")

    def parameters(self, key_arn: str) -> dict[str, str]:
        """Return the parameters of the main stack with the buckets, accounts and keys that its roles may use."""
        further, partition = self.deployment.landing_buckets, self.aws.caller["Arn"].split(":")[1]
        arns = [f"arn:{partition}:s3:::{each}" for each in (self.first, *self.further.values())]
        given = {
            "LandingBuckets": [f"{name}={bucket}" for name, bucket in self.further.items()],
            "LandingArns": arns,
            "LandingObjectArns": [f"{arn}/*" for arn in arns],
            "LandingAccounts": [self.aws.caller["Account"], *filter(None, (each.account for each in further))],
            "LandingKeyArns": [key_arn, *filter(None, (each.key for each in further))],
        }
        return {name: ",".join(dict.fromkeys(values)) for name, values in given.items()}

    def deployed(self) -> dict[str, str]:
        """Return the further landing buckets of the main stack by their names."""
        pairs = state.parameters(self.aws, self.deployment.main_stack).get("LandingBuckets", "").split(",")
        return {name: bucket for name, _, bucket in (each.partition("=") for each in pairs) if bucket}

    def plan(self, below: Mapping[str, str], main: Mapping[str, str]) -> Iterator[Change]:
        """Yield the changes of further landing buckets; `below` and `main` are the outputs of those stacks."""
        for bucket in self._removed().values():
            yield Change("landing bucket", "leave", bucket)
        for name in self._surplus_stacks():
            yield Change(f"stack {name}", "delete", "its bucket is kept")
        for stack in self._stacks(below):
            yield from changing.plan(self.aws, stack)
        for bucket in self._without_notification(main):
            yield Change("landing bucket", "notify", bucket)

    def leave(self, main: Mapping[str, str]) -> None:
        """Take our notification out of the buckets that the deployment no longer has, and delete their stacks.

        It precedes the update of the main stack, whose parameters tell a repeated run which buckets these are.
        """
        for bucket in self._removed().values():
            try:
                _set_queue(self.aws, bucket, main["ArrivalsQueueArn"], is_wanted=False)
                self.aws.report(f"landing bucket {bucket} sends no more events; its objects are kept")
            except ClientError as error:
                hint = f"if it exists, remove its notification to {main['ArrivalsQueueArn']}"
                self.aws.report(f"not changed: landing bucket {bucket} ({code_of(error)}); {hint}")
        for name in self._surplus_stacks():
            changing.delete(self.aws, name, "it is no longer in landing_buckets; its bucket is kept")

    def create(self, below: Mapping[str, str]) -> None:
        """Create the buckets that have no existing one."""
        for stack in self._stacks(below):
            changing.apply(self.aws, stack)

    def notify(self, main: Mapping[str, str]) -> None:
        """Let the buckets send events, after everything that registers their files was updated."""
        queue = main["ArrivalsQueueArn"]
        for bucket in self._without_notification(main):
            try:
                _set_queue(self.aws, bucket, queue, is_wanted=True)
                self.aws.report(f"landing bucket {bucket} sends events to {queue}")
            except ClientError as error:
                if code_of(error) not in _DENIED:
                    raise
                hint = f"its owner must send {_EVENTS[0]} to {queue}; until then reconcile registers its files"
                self.aws.report(f"not set: the notification of landing bucket {bucket}; {hint}")

    def _created(self, part: str) -> str:
        return f"{self.deployment.name}-{part}-{self.aws.caller['Account']}-{self.aws.region}"

    def _stacks(self, below: Mapping[str, str]) -> Iterator[Stack]:
        for each in self.deployment.landing_buckets:
            if each.bucket is None:
                name, template = self.deployment.landing_stack(each.name), self.deployment.template("landing")
                parameters = {"BucketName": self.bucket_of(each), **below}
                yield Stack(name, template, parameters, self.deployment.tags)

    def _removed(self) -> dict[str, str]:
        """Return the further landing buckets of the main stack that the deployment no longer has."""
        wanted = self.further.values()
        return {name: bucket for name, bucket in self.deployed().items() if bucket not in wanted}

    def _surplus_stacks(self) -> list[str]:
        names = [self.deployment.landing_stack(name) for name in self._removed()]
        wanted = {self.deployment.landing_stack(e.name) for e in self.deployment.landing_buckets if e.bucket is None}
        return [name for name in names if name not in wanted and state.describe(self.aws, name)]

    def _without_notification(self, main: Mapping[str, str]) -> Iterator[str]:
        """Yield the buckets whose notification the command sets, and that have none to our queue."""
        if not main:
            return
        own = [self.first] if self.deployment.parameters.get("ExistingLandingBucket") else []
        for bucket in (*own, *self.further.values()):
            try:
                if not _is_current(self.aws, bucket, main["ArrivalsQueueArn"]):
                    yield bucket
            except ClientError as error:
                if code_of(error) == "NoSuchBucket":
                    yield bucket  # its stack is not made yet
                elif code_of(error) in _DENIED:
                    why = "because this role may not read it"
                    self.aws.report(f"not checked: the landing bucket's notification of {bucket}, {why}")
                else:
                    raise


def choose(deployment: Deployment) -> None:
    """Check the schemas that are read from now on against the landing buckets of the deployment."""
    settings.choose_landing([each.name for each in deployment.landing_buckets])


def choose_deployed(aws: Aws, deployment: Deployment) -> None:
    """Check the schemas that are read from now on against the landing buckets that Airflow and the function know."""
    settings.choose_landing(Landing(aws, deployment).deployed())


def _is_current(aws: Aws, bucket: str, queue: str) -> bool:
    """Return whether the bucket sends events for new objects to the queue."""
    queues = _configuration(aws, bucket).get("QueueConfigurations", [])
    return (queue, _EVENTS) in [(each["QueueArn"], each["Events"]) for each in queues]


def _set_queue(aws: Aws, bucket: str, queue: str, *, is_wanted: bool) -> None:
    """Add our notification to those of the bucket, or take it out; S3 accepts only all of them at once."""
    configuration = _configuration(aws, bucket)
    before = configuration.get("QueueConfigurations", [])
    others = [each for each in before if each["QueueArn"] != queue]
    if not is_wanted and others == before:
        return
    configuration["QueueConfigurations"] = [*others, *([{"QueueArn": queue, "Events": _EVENTS}] if is_wanted else [])]
    aws.client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


def _configuration(aws: Aws, bucket: str) -> dict[str, Any]:
    found = aws.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    return {key: value for key, value in found.items() if key != "ResponseMetadata"}
