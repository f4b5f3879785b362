"""The channels of an alert: Slack, by a webhook or an SNS topic, and e-mail, by the connections of Airflow's providers.

A VPC without a way out reaches no webhook; there Amazon Q Developer in chat applications reads the topic and posts to
Slack.
"""

from __future__ import annotations

import json
import logging

import boto3
from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook
from airflow.providers.smtp.hooks.smtp import SmtpHook

from lakeport import settings
from lakeport.alerts.messages import Alert
from lakeport.alerts.rendering import as_email, as_slack
from lakeport.schema.file_type import Alerts

log = logging.getLogger(__name__)

_NOTIFICATION_CHARACTERS = 3000


def send(run: Alert, alerts: Alerts) -> None:
    """Send one Slack message and one e-mail, as far as the schema names someone; one channel's failure stops no other.

    Raises the last failure, so that the alert counts as not sent.
    """
    failures: list[Exception] = []
    for channel in (_send_slack, _send_email):
        try:
            channel(run, alerts)
        except Exception as failure:
            log.exception("alert %r could not be sent by %s", run.title, channel.__name__)
            failures.append(failure)
    if failures:
        raise failures[-1]


def _send_slack(run: Alert, alerts: Alerts) -> None:
    topic = settings.alert_topic()
    if alerts.slack and topic:
        message = {"default": json.dumps(_as_notification(run)), "email": f"{run.title}\n\n{_lines(run)}"}
        boto3.client("sns").publish(TopicArn=topic, MessageStructure="json", Message=json.dumps(message))
    elif alerts.slack:
        # `channel` is honoured by legacy webhooks; an app's webhook always posts to the channel it was made for.
        message = {"channel": alerts.slack, **as_slack(run)}
        answer = SlackWebhookHook(slack_webhook_conn_id=settings.SLACK_CONNECTION).client.send_dict(message)
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP OK
            raise RuntimeError(f"Slack answers {answer.status_code}: {answer.body}")


def _send_email(run: Alert, alerts: Alerts) -> None:
    if alerts.email:
        subject, html = as_email(run)
        with SmtpHook(smtp_conn_id=settings.SMTP_CONNECTION) as hook:
            hook.send_email_smtp(to=list(alerts.email), subject=subject, html_content=html)


def _as_notification(run: Alert) -> dict[str, object]:
    """Return the alert in the schema of custom notifications; other messages of a topic are not shown in Slack."""
    content = {"textType": "client-markdown", "title": run.title, "description": _lines(run)[:_NOTIFICATION_CHARACTERS]}
    return {"version": "1.0", "source": "custom", "content": content}


def _lines(run: Alert) -> str:
    return "\n".join(f"{label}: {text}" for label, text in run.facts())
