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

BATCH_SIZE = 10
ROLE = "arn:aws:iam::000000000000:role/lakeport-register-files"


def exists() -> bool:
    return package.HANDLER.exists()


def deploy(config: Config, handler: Path = package.HANDLER) -> None:
    """Make the function and its mapping, or bring them to today's code and settings."""
    aws = resources.session()
    client = aws.client("lambda", endpoint_url=config.aws_endpoint)
    content = _package(config, handler)
    _put_function(client, content, config)
    arrivals_arn = resources.queue_arn(aws.client("sqs", endpoint_url=config.aws_endpoint), names.ARRIVALS_QUEUE)
    _put_mapping(client, arrivals_arn)


def _package(config: Config, handler: Path) -> bytes:
    output = config.state / "build" / "register_files.zip"
    package.build(output, package.Runtime.of(server.PYTHON), handler)
    return output.read_bytes()


def _put_function(client: "LambdaClient", content: bytes, config: Config) -> None:
    settings = {
        "FunctionName": names.REGISTER_FUNCTION,
        "Role": ROLE,
        "Handler": "handler.handle",
        "Runtime": f"python{package.AWS.python}",
        "Timeout": resources.FUNCTION_TIMEOUT_SECONDS,
        "MemorySize": 256,
        # The server itself gives functions the credentials and the region, as AWS does.
        "Environment": {"Variables": names.FUNCTION_ENVIRONMENT | {"AWS_ENDPOINT_URL": config.aws_endpoint}},
    }
    try:
        current = client.get_function_configuration(FunctionName=names.REGISTER_FUNCTION)
    except client.exceptions.ResourceNotFoundException:
        client.create_function(Code={"ZipFile": content}, **settings)  # type: ignore[arg-type]
        return
    if current["CodeSha256"] != base64.b64encode(hashlib.sha256(content).digest()).decode():
        client.update_function_code(FunctionName=names.REGISTER_FUNCTION, ZipFile=content)
    if any(current.get(name) != value for name, value in settings.items()):
        client.update_function_configuration(**settings)  # type: ignore[arg-type]


def _put_mapping(client: "LambdaClient", arrivals_arn: str) -> None:
    mappings = client.list_event_source_mappings(FunctionName=names.REGISTER_FUNCTION, EventSourceArn=arrivals_arn)
    if not mappings["EventSourceMappings"]:
        client.create_event_source_mapping(
            FunctionName=names.REGISTER_FUNCTION,
            EventSourceArn=arrivals_arn,
            BatchSize=BATCH_SIZE,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )
