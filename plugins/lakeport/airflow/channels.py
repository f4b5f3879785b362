"""Send an alert by e-mail and to Slack, with the connections of Airflow's providers.

Slack is reached by a webhook or by an SNS topic.  A VPC without internet access cannot reach a webhook; there, Amazon Q
Developer in chat applications reads the topic and posts to Slack.  Without an SMTP connection, the topic sends e-mails
too: to addresses that are subscribed with a filter for themselves.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

import boto3
from airflow.configuration import conf
from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook
from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from lakeport import settings
from lakeport.alerts.alert import Alert
from lakeport.alerts.html_mail import as_email
from lakeport.alerts.plain_text import as_notification, as_text
from lakeport.alerts.slack import as_slack
from lakeport.schema.alerts import Alerts

log = logging.getLogger(__name__)

_SUBJECT = "Lakeport"


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
    if receivers.slack and settings.alert_topic():
        notification = json.dumps(as_notification(alert, _airflow_url()))
        _publish(alert, {"channel": "slack"}, {"default": notification, "email": as_text(alert, _airflow_url())})
    elif receivers.slack:
        # Only legacy webhooks use `channel`; the webhook of an app always posts to its own channel.
        message = {"channel": receivers.slack, **as_slack(alert, _airflow_url())}
        answer = SlackWebhookHook(slack_webhook_conn_id=settings.SLACK_CONNECTION).client.send_dict(message)
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP OK
            raise RuntimeError(f"Slack answered {answer.status_code}: {answer.body}")


def _send_email(alert: Alert, receivers: Alerts) -> None:
    if receivers.email and settings.alert_topic() and not _has_mail_server():
        # Not a custom notification, so Amazon Q does not post it to Slack.
        addresses = json.dumps(receivers.email)
        _publish(alert, {"channel": "email", "email": addresses}, {"default": as_text(alert, _airflow_url())})
    elif receivers.email:
        subject, html = as_email(alert, _airflow_url())
        with _MailHook(as_text(alert, _airflow_url())) as hook:
            hook.send_email_smtp(to=list(receivers.email), subject=subject, html_content=html)


def _publish(alert: Alert, attributes: Mapping[str, str], texts: Mapping[str, str]) -> None:
    """Publish an alert; subscriptions can filter by kind and channel, and by address."""
    values = {"kind": str(alert.kind), **attributes}
    boto3.client("sns").publish(
        TopicArn=settings.alert_topic() or "",
        Subject=_SUBJECT,
        MessageStructure="json",
        Message=json.dumps(texts),
        MessageAttributes={
            name: {"DataType": "String.Array" if name == "email" else "String", "StringValue": value}
            for name, value in values.items()
        },
    )


class _MailHook(SmtpHook):
    """An SMTP hook whose messages have a plain text beside the HTML; Airflow's have HTML only."""

    def __init__(self, text: str) -> None:
        super().__init__(smtp_conn_id=settings.SMTP_CONNECTION)
        self.text = text

    def _build_mime_message(self, *args: Any, **values: Any) -> tuple[MIMEMultipart, list[str]]:
        message, receivers = super()._build_mime_message(*args, **{**values, "mime_subtype": "alternative"})
        message.set_payload([MIMEText(self.text, "plain", "utf-8"), *message.get_payload()])
        return message, receivers


def _has_mail_server() -> bool:
    try:
        BaseHook.get_connection(settings.SMTP_CONNECTION)
    except AirflowNotFoundException:
        return False
    return True


def _airflow_url() -> str:
    return str(conf.get("api", "base_url", fallback="") or "")


_CHANNELS = {"Slack": _send_slack, "e-mail": _send_email}
