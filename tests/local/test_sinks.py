"""Mail and Slack messages are kept as files, and answered as the real ones answer."""

import email
import json
import smtplib
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from http import HTTPStatus
from pathlib import Path

import pytest

from local.config import HOST, Config
from local.sinks import services
from local.sinks.mail import keep


def newest(directory: Path) -> Path:
    return max(directory.iterdir())


def post(config: Config, body: bytes) -> tuple[int, str]:
    request = urllib.request.Request(f"{config.slack_url}/services/T0/B0/local", data=body)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_mail_is_kept_unchanged(sinks: Config) -> None:
    """A test, or a person, opens the file and sees what a mail program would show."""
    message = EmailMessage()
    message["Subject"] = "Größe falsch"
    message["From"], message["To"] = "lakeport@example.com", "flight-data@example.com"
    message.set_content("12 rows were rejected.")
    with smtplib.SMTP(HOST, sinks.ports.mail, timeout=5) as client:
        client.send_message(message)

    kept = email.message_from_bytes(newest(services.mail_directory(sinks)).read_bytes(), policy=email.policy.default)
    assert kept["X-Envelope-To"] == "flight-data@example.com"
    assert kept["Subject"] == "Größe falsch"
    assert kept.get_content().strip() == "12 rows were rejected."


def test_slack_message_is_kept_and_answered_ok(sinks: Config) -> None:
    """Slack answers with the two letters, not with JSON."""
    assert post(sinks, b'{"text": "load_flights failed"}') == (HTTPStatus.OK, "ok")
    assert json.loads(newest(services.slack_directory(sinks)).read_text()) == {"text": "load_flights failed"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"{", "invalid_payload"), (b'{"txt": "x"}', "no_text"), (b"[]", "no_text"), (b"\xff", "invalid_payload")],
)
def test_what_slack_refuses_is_refused_and_not_kept(sinks: Config, body: bytes, reason: str) -> None:
    """A message with a typo in its keys fails here as it would there."""
    before = set(services.slack_directory(sinks).iterdir())

    assert post(sinks, body) == (HTTPStatus.BAD_REQUEST, reason)
    assert set(services.slack_directory(sinks).iterdir()) == before


def test_reader_sees_whole_messages_only(tmp_path: Path) -> None:
    """Tests and the demo list the directory while messages arrive: a draft in it could be gone when they open it."""
    directory = tmp_path / "slack"
    directory.mkdir()
    with ThreadPoolExecutor() as pool:
        writing = [pool.submit(keep, directory, f"{number}.json", b"{}") for number in range(2000)]
        while not all(each.done() for each in writing):
            assert {path.read_bytes() for path in directory.glob("*.json")} <= {b"{}"}
