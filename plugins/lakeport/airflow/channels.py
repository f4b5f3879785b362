"""Send an alert by e-mail and to Slack, with the connections of Airflow's providers.

Slack is reached by a webhook or by an SNS topic.  A VPC without internet access cannot reach a webhook; there, Amazon Q
Developer in chat applications reads the topic and posts to Slack.
"""

from __future__ import annotations

import json
import logging

import boto3
from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook
from airflow.providers.smtp.hooks.smtp import SmtpHook

from lakeport import settings
from lakeport.alerts.messages import Alert
from lakeport.alerts.rendering import as_email, as_notification, as_slack, as_text
from lakeport.schema.file_type import Alerts

log = logging.getLogger(__name__)


def send(alert: Alert, receivers: Alerts) -> None:
    """Send one Slack message and one e-mail, if there are receivers; one failing channel does not stop the other.

    Raises the last failure, so that the alert counts as not sent.
    """
    failures: list[Exception] = []
    for name, send_to_channel in _CHANNELS.items():
        try:
            send_to_channel(alert, receivers)
        except Exception as failure:
            log.exception("cannot send alert %r to %s", alert.title, name)
            failures.append(failure)
    if failures:
        raise failures[-1]


def _send_slack(alert: Alert, receivers: Alerts) -> None:
    topic = settings.alert_topic()
    if receivers.slack and topic:
        message = {"default": json.dumps(as_notification(alert)), "email": as_text(alert)}
        boto3.client("sns").publish(TopicArn=topic, MessageStructure="json", Message=json.dumps(message))
    elif receivers.slack:
        # Only legacy webhooks use `channel`; the webhook of an app always posts to its own channel.
        message = {"channel": receivers.slack, **as_slack(alert)}
        answer = SlackWebhookHook(slack_webhook_conn_id=settings.SLACK_CONNECTION).client.send_dict(message)
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP OK
            raise RuntimeError(f"Slack answered {answer.status_code}: {answer.body}")


def _send_email(alert: Alert, receivers: Alerts) -> None:
    if receivers.email:
        subject, html = as_email(alert)
        with SmtpHook(smtp_conn_id=settings.SMTP_CONNECTION) as hook:
            hook.send_email_smtp(to=list(receivers.email), subject=subject, html_content=html)


_CHANNELS = {"Slack": _send_slack, "e-mail": _send_email}
