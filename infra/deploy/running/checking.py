"""What AWS answers to the function and to Airflow after a deployment, as a table that fits into an issue."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, code_of
from infra.deploy.errors import DeployError
from lakeport.probing.answers import Answer, Found, Question, Verdict, as_markdown, warnings
from lakeport.probing.function_probe import CHECK_EVENT
from lakeport.probing.probe import read_report, report_key

_FUNCTION_SECONDS = 200  # it may run 180 s, while Redshift wakes up
_NOT_ALLOWED = ("AccessDenied", "AccessDeniedException")
_DUE = "check_due"
"""An object of the code bucket: what was deployed last has not passed the check."""


def set_due(aws: Aws, bucket: str) -> None:
    """Record that the check is due, so that a run with nothing to change makes it up."""
    aws.client("s3").put_object(Bucket=bucket, Key=_DUE, Body=b"")


def set_passed(aws: Aws, bucket: str) -> None:
    """Record that the check has passed; safe to repeat."""
    aws.client("s3").delete_object(Bucket=bucket, Key=_DUE)


def is_due(aws: Aws, bucket: str) -> bool:
    """Return whether the check has failed or was interrupted since the last change."""
    return "Contents" in aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=_DUE, MaxKeys=1)


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


def subscription_answer(aws: Aws, topic: str, address: str) -> Answer:
    """Return whether the address of the alarms has confirmed that it wants them; until then SNS sends it nothing."""
    question = Question(f"Alarms by e-mail to {address}", "confirmed", partial(_find_subscription, topic, address))
    try:
        pages = aws.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        return question.ask([each for page in pages for each in page["Subscriptions"]])
    except ClientError as error:
        return question.not_asked(f"{aws.caller['Arn']} may not list the topic's subscriptions ({code_of(error)})")


def _find_subscription(topic: str, address: str, subscriptions: Sequence[Mapping[str, str]]) -> Found:
    arns = [each["SubscriptionArn"] for each in subscriptions if each["Endpoint"] == address]
    if any(each.startswith("arn:") for each in arns):
        return Found("confirmed")
    if arns:
        return Found("not confirmed", f"no alarm reaches {address}: use the link in AWS's e-mail", Verdict.WARNING)
    again = f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint {address}"
    return Found(
        "no subscription", f"SNS deletes one that is not confirmed in time; run {again}, then confirm", Verdict.WARNING
    )


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
