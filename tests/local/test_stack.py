"""The whole stack starts, keeps running, and stops without a trace except its data."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local import postgres_files, processes, stack
from local.aws import names, resources
from local.config import HOST, Config, Ports
from local.errors import StackError
from local.processes import Service
from local.sinks import services as sinks
from tests.support.golden import raises_golden


@pytest.fixture
def config(starts_programs: None, tmp_path: Path) -> Iterator[Config]:
    """A separate stack, stopped whatever happens."""
    config = Config(tmp_path / "state", Ports.free())
    yield config
    stack.down(config, print)
    postgres_files.remove(config)


def ignore(_line: str) -> None:
    pass


def leaders(config: Config) -> dict[str, int | None]:
    found = {service.name: processes.running(config, service.name) for service in stack.services(config)}
    return {name: process.pid if process else None for name, process in found.items()}


def test_up_twice_is_harmless(config: Config) -> None:
    """The second time leaves every process alone."""
    parts = frozenset({"aws-resources", "mail", "postgres"})
    stack.up(config, ignore, parts)
    first = leaders(config)
    stack.up(config, ignore, parts)

    assert leaders(config) == first
    assert {name for name, pid in first.items() if pid} == {"aws", "mail", "postgres"}


def test_taken_port_is_named_and_nothing_is_started(config: Config) -> None:
    """The message shows which port, which part needs it, and how to choose another."""
    with socket.create_server((HOST, config.ports.mail)), pytest.raises(StackError) as error:
        stack.up(config, ignore, frozenset({"aws"}))

    assert f"port {config.ports.mail} is taken" in str(error.value)
    assert "mail needs it" in str(error.value)
    assert "LAKEPORT_MAIL_PORT" in str(error.value)
    assert set(leaders(config).values()) == {None}


def test_port_given_twice_is_refused(config: Config) -> None:
    """A mistake in the variables is reported before anything starts."""
    ports = replace(config.ports, slack=config.ports.mail)
    with raises_golden(StackError, "local", "one port for two parts", ports.mail, "mail", "slack"):
        stack.up(replace(config, ports=ports), ignore)


def test_objects_survive_down_and_up(config: Config) -> None:
    """What landed and what was archived is there again, with all its versions and no new event."""
    parts = frozenset({"aws-resources"})
    stack.up(config, ignore, parts)
    s3 = resources.session().client("s3", endpoint_url=config.aws_endpoint)
    versions = [s3.put_object(Bucket=names.LANDING_BUCKET, Key="a/b.csv", Body=body)["VersionId"] for body in "12"]
    stack.down(config, ignore)
    stack.up(config, ignore, parts)

    bodies = [
        s3.get_object(Bucket=names.LANDING_BUCKET, Key="a/b.csv", VersionId=version)["Body"].read()
        for version in versions
    ]
    queue = resources.session().client("sqs", endpoint_url=config.aws_endpoint)
    url = resources.queue_url(queue, names.ARRIVALS_QUEUE)
    waiting = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert bodies == [b"1", b"2"]
    test_events = len(names.LANDING_BUCKETS)
    assert waiting == {"ApproximateNumberOfMessages": str(test_events + len(versions))}


def test_objects_survive_a_kill(config: Config) -> None:
    """A laptop that is switched off costs no file that has landed."""
    parts = frozenset({"aws-resources"})
    stack.up(config, ignore, parts)
    s3 = resources.session().client("s3", endpoint_url=config.aws_endpoint)
    s3.put_object(Bucket=names.LANDING_BUCKET, Key="a/b.csv", Body=b"1")
    version = s3.put_object(Bucket=names.LANDING_BUCKET, Key="a/b.csv", Body=b"2")["VersionId"]
    process = processes.running(config, "aws")
    assert process
    process.kill()
    process.wait(10)
    stack.up(config, ignore, parts)

    assert s3.head_object(Bucket=names.LANDING_BUCKET, Key="a/b.csv")["VersionId"] == version
    listed = s3.list_object_versions(Bucket=names.LANDING_BUCKET, Prefix="a/b.csv")["Versions"]
    assert [each["IsLatest"] for each in listed] == [True, False]


def test_half_running_stack_is_stopped(config: Config) -> None:
    """`down` works when a part has died and when parts were never started."""
    stack.up(config, ignore, frozenset({"mail", "slack"}))
    process = processes.running(config, "mail")
    assert process
    process.kill()
    process.wait(10)
    stopped: list[str] = []
    stack.down(config, stopped.append)

    assert stopped == ["stopped slack"]
    assert set(leaders(config).values()) == {None}


def test_down_without_a_stack_succeeds(config: Config) -> None:
    """There is nothing to stop, and nothing to complain about."""
    stack.down(config, ignore)


def test_shell_environment_is_complete_and_private(config: Config) -> None:
    """`source .lakeport/env` is all a shell needs to use this stack."""
    stack.up(config, ignore, frozenset({"slack"}))
    path = config.state / "env"
    lines = path.read_text().splitlines()

    assert path.stat().st_mode & 0o077 == 0
    assert "unset AWS_PROFILE AWS_SESSION_TOKEN" in lines
    assert f"export AWS_ENDPOINT_URL={config.aws_endpoint}" in lines
    assert "export LAKEPORT_LANDING_BUCKET=lakeport-landing" in lines


def test_part_that_fails_does_not_keep_us_waiting(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first failure is reported within moments, with its log, although other parts would wait for minutes."""
    broken = Service(name="mail", command=("/bin/sh", "-c", "echo no room; exit 3"), is_ready=lambda: False)
    waiting = Service(name="slack", command=("/bin/sleep", "600"), is_ready=lambda: False, start_within_seconds=600)
    monkeypatch.setattr(sinks, "mail", lambda _: broken)
    monkeypatch.setattr(sinks, "slack", lambda _: waiting)
    with pytest.raises(StackError) as error:
        stack.up(config, ignore, frozenset({"mail", "slack"}))

    assert "mail ended with exit status 3" in str(error.value)
    assert "no room" in str(error.value)
