"""Load a file on the real services after a deployment."""

from __future__ import annotations

from collections.abc import Mapping

from infra.deploy.aws import Aws
from infra.deploy.errors import DeployError
from infra.deploy.running import airflow, checking
from lakeport.probing.answers import Answer, failures


def run(aws: Aws, stack: Mapping[str, str], alarm_email: str, *, only_code: bool) -> None:
    """Load a file on the real services, roll it back, and print what they answered; raises DeployError.

    `stack` has the outputs of the main stack.
    """
    answers: list[Answer] = []
    if alarm_email:
        answers.append(checking.subscription_answer(aws, stack["AlarmsTopicArn"], alarm_email))
    if "FunctionName" in stack and not only_code:  # an earlier release may not know the event
        answers += checking.function_answers(aws, stack["FunctionName"])
    try:
        if "AirflowName" in stack:
            answers += airflow.smoke_test(aws, stack["AirflowName"], stack["WorkBucketName"])
    except DeployError as error:
        checking.show(aws, answers)
        raise DeployError("\n".join([str(error), *failures(answers)])) from error
    checking.show(aws, answers)
    if failed := failures(answers):
        raise DeployError("\n".join(["files cannot be loaded yet:", *failed]))
