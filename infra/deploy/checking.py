"""What AWS answers to the function and to Airflow after a deployment, as a table that fits into an issue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, code_of
from infra.deploy.errors import DeployError
from lakeport.probing.answers import Answer, Found, Question, as_markdown, warnings
from lakeport.probing.function_probe import CHECK_EVENT
from lakeport.probing.probe import read_report, report_key

_FUNCTION_SECONDS = 200  # it may run 180 s, while Redshift wakes up
_NOT_ALLOWED = ("AccessDenied", "AccessDeniedException")


def function_answers(aws: Aws, name: str) -> list[Answer]:
    """Invoke the function once and return what the services answered to it."""
    invoked: Question[str] = Question(f"Function {name}, invoked once", "answers", lambda _: Found("answers"))
    try:
        return [invoked.ask(name), *map(Answer.from_json, _invoke(aws, name))]
    except ClientError as error:
        if code_of(error) not in _NOT_ALLOWED:
            return [invoked.failed(error)]
        return [invoked.not_asked(f"{aws.caller['Arn']} may not invoke it; it needs lambda:InvokeFunction")]
    except Exception as error:  # noqa: BLE001 - every failure is a row of the table
        return [invoked.failed(error)]


def airflow_answers(aws: Aws, work_bucket: str, run_id: str) -> list[Answer]:
    """Return the answers that a run of DAG check_environment wrote; none, with a report, if they cannot be read."""
    key = report_key(run_id)
    try:
        body = aws.client("s3").get_object(Bucket=work_bucket, Key=key)["Body"].read()
    except ClientError as error:
        aws.report(f"no answers of Airflow: cannot read s3://{work_bucket}/{key} ({code_of(error)})")
        return []
    return read_report(body)


def show(aws: Aws, answers: Sequence[Answer]) -> None:
    """Print the table and the warnings."""
    if answers:
        aws.report(f"what AWS answered, to paste into an issue:\n\n{as_markdown(answers)}\n")
    for warning in warnings(answers):
        aws.report(f"warning: {warning}")


def _invoke(aws: Aws, name: str) -> list[dict[str, Any]]:
    once = Config(read_timeout=_FUNCTION_SECONDS, retries={"total_max_attempts": 1})
    done = aws.session.client("lambda", config=once).invoke(FunctionName=name, Payload=json.dumps(CHECK_EVENT).encode())
    body: dict[str, Any] = json.loads(done["Payload"].read())
    if "FunctionError" in done:
        raise DeployError(f"{body.get('errorType')}: {body.get('errorMessage')}")
    answers: list[dict[str, Any]] = body["answers"]
    return answers
