"""Deploy the function that registers arriving files, as AWS would run it: from its zip, fed by the queue."""

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from infra import package
from local.aws import names, resources, server
from local.config import Config

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

BATCH_SIZE = 500
"""That of infra/main.yaml, but without its batching window: on a laptop, a file is registered at once."""
# AWS's least: more functions at once would only wait for each other in the warehouse.
MAXIMUM_CONCURRENCY = 2
MEMORY_MEGABYTES = 256
ROLE = "arn:aws:iam::000000000000:role/lakeport-register-files"


def deploy(
    config: Config,
    name: str = names.REGISTER_FUNCTION,
    queue: str = names.ARRIVALS_QUEUE,
    handler: Path = package.HANDLER,
) -> None:
    """Make the function and its mapping, or bring them to the current code and settings."""
    archive = config.state / "build" / f"{name}.zip"
    package.build(archive, package.Runtime.of(server.PYTHON), handler)
    aws = resources.session()
    client = aws.client("lambda", endpoint_url=config.aws_endpoint)
    _put_function(client, name, archive.read_bytes(), config)
    _put_mapping(client, name, resources.queue_arn(aws.client("sqs", endpoint_url=config.aws_endpoint), queue))


def _put_function(client: "LambdaClient", name: str, content: bytes, config: Config) -> None:
    settings = {
        "FunctionName": name,
        "Role": ROLE,
        "Handler": "handler.handle",
        "Runtime": f"python{package.AWS.python}",
        "Timeout": resources.FUNCTION_TIMEOUT_SECONDS,
        "MemorySize": MEMORY_MEGABYTES,
        # The server itself gives functions credentials and region, as AWS does.
        "Environment": {"Variables": names.FUNCTION_ENVIRONMENT | {"AWS_ENDPOINT_URL": config.aws_endpoint}},
    }
    try:
        current = client.get_function_configuration(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        client.create_function(Code={"ZipFile": content}, **settings)  # type: ignore[arg-type]
        return
    if current["CodeSha256"] != base64.b64encode(hashlib.sha256(content).digest()).decode():
        client.update_function_code(FunctionName=name, ZipFile=content)
    if any(current.get(key) != value for key, value in settings.items()):
        client.update_function_configuration(**settings)  # type: ignore[arg-type]


def _put_mapping(client: "LambdaClient", name: str, queue_arn: str) -> None:
    mappings = client.list_event_source_mappings(FunctionName=name, EventSourceArn=queue_arn)["EventSourceMappings"]
    for mapping in mappings:
        if mapping["BatchSize"] != BATCH_SIZE:  # of a stack that an earlier version made
            client.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=BATCH_SIZE)
    if not mappings:
        client.create_event_source_mapping(
            FunctionName=name,
            EventSourceArn=queue_arn,
            BatchSize=BATCH_SIZE,
            ScalingConfig={"MaximumConcurrency": MAXIMUM_CONCURRENCY},
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )
