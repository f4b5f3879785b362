"""The two sinks as parts of the stack."""

import smtplib
import sys
import urllib.error
import urllib.request
from pathlib import Path

from local.config import HOST, Config
from local.processes import Service

SMTP_OK = 250


def mail(config: Config) -> Service:
    return Service(
        name="mail",
        command=(sys.executable, "-m", "local.sinks.mail", str(config.ports.mail), str(mail_directory(config))),
        is_ready=lambda: _takes_mail(config),
        start_within_seconds=30,
    )


def slack(config: Config) -> Service:
    return Service(
        name="slack",
        command=(sys.executable, "-m", "local.sinks.slack", str(config.ports.slack), str(slack_directory(config))),
        is_ready=lambda: _answers(config),
        start_within_seconds=30,
    )


def mail_directory(config: Config) -> Path:
    return config.state / "mail"


def slack_directory(config: Config) -> Path:
    return config.state / "slack"


def _takes_mail(config: Config) -> bool:
    try:
        with smtplib.SMTP(HOST, config.ports.mail, timeout=5) as client:
            return client.noop()[0] == SMTP_OK
    except (OSError, smtplib.SMTPException):
        return False


def _answers(config: Config) -> bool:
    try:
        with urllib.request.urlopen(config.slack_url, timeout=5) as answer:
            return bool(answer.read() == b"ok")
    except (OSError, urllib.error.URLError):
        return False
