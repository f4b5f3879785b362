"""Create buckets, queues and secrets; every step is safe to repeat and changes only what differs."""

import json
from functools import cache
from typing import TYPE_CHECKING

from local import credentials
from local.aws import names
from local.config import HOST, REPOSITORY, Config

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

FUNCTION_TIMEOUT_SECONDS = 60
# AWS asks for six times the function's timeout, so that a throttled batch is not delivered twice.
VISIBILITY_TIMEOUT_SECONDS = 6 * FUNCTION_TIMEOUT_SECONDS
MAX_RECEIVE_COUNT = 5
KEYS = REPOSITORY / "samples" / "keys"
"""The keys of encrypted sample files."""
FOURTEEN_DAYS_SECONDS = 14 * 24 * 3600


@cache
def session() -> "boto3.Session":
    """Return the process's session with the local key; give its clients `endpoint_url=config.aws_endpoint`.

    A further session would read the descriptions of the services again.
    """
    import boto3  # noqa: PLC0415 - takes longer than a health check, and most commands call no service

    return boto3.Session(
        aws_access_key_id=credentials.AWS_KEY,
        aws_secret_access_key=credentials.AWS_SECRET,
        region_name=credentials.REGION,
    )


def create(config: Config) -> None:
    """Create everything except the function, which needs its package."""
    aws = session()
    s3 = aws.client("s3", endpoint_url=config.aws_endpoint)
    sqs = aws.client("sqs", endpoint_url=config.aws_endpoint)
    for bucket in names.BUCKETS:
        _create_bucket(s3, bucket)
    arrivals_arn = _create_queues(sqs)
    _notify_of_arrivals(s3, arrivals_arn)
    _put_secrets(aws.client("secretsmanager", endpoint_url=config.aws_endpoint), config)


def queue_url(sqs: "SQSClient", name: str) -> str:
    return sqs.get_queue_url(QueueName=name)["QueueUrl"]


def queue_arn(sqs: "SQSClient", name: str) -> str:
    url = queue_url(sqs, name)
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def secrets(config: Config) -> dict[str, dict[str, object]]:
    """Return each secret's content by name; the names of the keys are those Airflow's secrets backend knows."""
    return {
        names.REDSHIFT_SECRET: {
            "conn_type": "postgres",
            "host": HOST,
            "port": config.ports.redshift,
            "database": credentials.DATABASE,
            "username": credentials.USER,
            "password": credentials.PASSWORD,
        },
        names.SLACK_SECRET: {
            "conn_type": "slackwebhook",
            "host": f"{config.slack_url}/services",
            "password": "T00000000/B00000000/local",
        },
        names.SMTP_SECRET: {
            "conn_type": "smtp",
            "host": HOST,
            "port": config.ports.mail,
            "extra": {"disable_tls": True, "disable_ssl": True, "from_email": "lakeport@example.com"},
        },
        names.AIRFLOW_SECRET: {
            "url": config.airflow_url,
            "username": credentials.USER,
            "password": credentials.PASSWORD,
        },
    }


def _create_bucket(s3: "S3Client", bucket: str) -> None:
    if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def _create_queues(sqs: "SQSClient") -> str:
    """Make the dead-letter queue, then the arrivals queue that points to it; return the latter's ARN."""
    retention = {"MessageRetentionPeriod": str(FOURTEEN_DAYS_SECONDS)}
    _create_queue(sqs, names.DEAD_LETTER_QUEUE, retention)
    redrive = {
        "deadLetterTargetArn": queue_arn(sqs, names.DEAD_LETTER_QUEUE),
        "maxReceiveCount": str(MAX_RECEIVE_COUNT),
    }
    _create_queue(
        sqs,
        names.ARRIVALS_QUEUE,
        retention | {"VisibilityTimeout": str(VISIBILITY_TIMEOUT_SECONDS), "RedrivePolicy": json.dumps(redrive)},
    )
    return queue_arn(sqs, names.ARRIVALS_QUEUE)


def _create_queue(sqs: "SQSClient", name: str, attributes: dict[str, str]) -> None:
    try:
        url = queue_url(sqs, name)
    except sqs.exceptions.QueueDoesNotExist:
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)  # type: ignore[arg-type]


def _notify_of_arrivals(s3: "S3Client", arrivals_arn: str) -> None:
    """Send every new object of the landing buckets to the queue; setting it again would send another test event."""
    wanted = [{"Id": "arrivals", "QueueArn": arrivals_arn, "Events": ["s3:ObjectCreated:*"]}]
    for bucket in names.LANDING_BUCKETS:
        current = s3.get_bucket_notification_configuration(Bucket=bucket).get("QueueConfigurations", [])
        if [(each["QueueArn"], each["Events"]) for each in current] != [(arrivals_arn, ["s3:ObjectCreated:*"])]:
            s3.put_bucket_notification_configuration(
                Bucket=bucket,
                NotificationConfiguration={"QueueConfigurations": wanted},  # type: ignore[typeddict-item]
            )


def _put_secrets(manager: "SecretsManagerClient", config: Config) -> None:
    texts = {name: json.dumps(content) for name, content in secrets(config).items()}
    texts |= {f"lakeport/keys/{path.stem}": path.read_text() for path in sorted(KEYS.glob("*.asc"))}
    for name, text in texts.items():
        try:
            if manager.get_secret_value(SecretId=name)["SecretString"] != text:
                manager.put_secret_value(SecretId=name, SecretString=text)
        except manager.exceptions.ResourceNotFoundException:
            manager.create_secret(Name=name, SecretString=text)
