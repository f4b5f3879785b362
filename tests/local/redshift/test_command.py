"""The start command: complete in itself, for any project that has an S3 endpoint."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from typer.testing import CliRunner

from local.config import REPOSITORY, Config
from local.redshift.command import app
from tests.support.ports import free_port, wait_for
from tests.support.waiting import until


def test_help_names_the_command_and_its_options() -> None:
    text = CliRunner().invoke(app, ["--help"], terminal_width=160).output
    for part in ("./lakeport redshift", "--s3-endpoint", "--postgres-port", "--serverless", "AWS_ACCESS_KEY_ID"):
        assert part in text


def test_root_script_passes_its_arguments_on() -> None:
    command = [str(REPOSITORY / "lakeport"), "redshift", "--isolation", "none"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, "--isolation" in done.stderr) == (2, True)


def test_port_in_use_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port, data = taken.getsockname()[1], tmp_path / "data"
        options = ["--port", str(port), "--data", str(data), "--s3-endpoint", "http://127.0.0.1:1"]
        done = CliRunner().invoke(app, options, terminal_width=160)
    assert done.exit_code == 2
    assert f"127.0.0.1:{port}" in done.output
    assert "choose another" in done.output
    assert not data.exists()


def test_root_script_keeps_the_keys_of_the_shell(tmp_path: Path) -> None:
    (tmp_path / "env").write_text('export AWS_ACCESS_KEY_ID=local; echo "the local stack" >&2\n')
    for keys, is_local in (({}, True), ({"AWS_ACCESS_KEY_ID": "mine"}, False), ({"AWS_PROFILE": "mine"}, False)):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment = kept | keys | {"LAKEPORT_STATE": str(tmp_path)}
        command = [str(REPOSITORY / "lakeport"), "redshift", "--help"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        assert ("the local stack" in done.stderr) == is_local, keys


def test_without_a_postgresql_it_starts_one_and_ends_it(s3_endpoint: str, s3: Any, tmp_path: Path) -> None:
    port, data, log = free_port(), tmp_path / "data", tmp_path / "log"
    s3.put_object(Bucket="landing", Key="command/one", Body=b"1\n")
    arguments = ["--port", str(port), "--s3-endpoint", s3_endpoint, "--data", str(data)]
    environment = os.environ | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.redshift", *arguments], cwd=REPOSITORY, env=environment, stderr=output
        )
    try:
        wait_for(port, process, log)
        connection = psycopg2.connect(
            host="127.0.0.1", port=port, dbname="lakeport", user="lakeport", password="lakeport"
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE t (a int)")
            cursor.execute("COPY t FROM 's3://landing/command/one' IAM_ROLE default")
            cursor.execute("SELECT pg_last_copy_count()")
            assert cursor.fetchone() == (1,)
        connection.close()
    finally:
        process.terminate()
        assert process.wait(30) == 0, log.read_text()
    assert not (Config(data).state / "postgres" / "data" / "postmaster.pid").exists()


def test_folder_in_use_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [str(REPOSITORY / "lakeport"), "redshift", "--data", str(tmp_path), "--port", str(free_port())]
        options = [*command, "--s3-endpoint", "http://127.0.0.1:1"]
        done = subprocess.run(options, check=False, capture_output=True, text=True)
    assert (done.returncode, "choose another folder with --data" in done.stderr) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_wrong_address_or_file_is_one_message(tmp_path: Path) -> None:
    cases = {
        "--port": ["--port", "70000"],
        "--host": ["--host", "nowhere.invalid"],
        "No such file": ["--port", str(free_port()), "--data", "/proc/nowhere"],
    }
    for expected, options in cases.items():
        command = [str(REPOSITORY / "lakeport"), "redshift", "--s3-endpoint", "http://127.0.0.1:1", *options]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (done.returncode, expected in done.stderr, "Traceback" in done.stderr) == (2, True, False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_during_a_start_stops_what_was_started(starts_programs: None, tmp_path: Path, number: int) -> None:
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [str(REPOSITORY / "lakeport"), "redshift", "--data", str(tmp_path / "data"), "--port", str(free_port())]
    options = [*command, "--s3-endpoint", "http://127.0.0.1:1"]
    process = subprocess.Popen(options, env=environment, stderr=subprocess.PIPE)
    until(lambda: list(tmp_path.glob("cache/lakeport/making-*/*/postgres")))  # initdb runs
    process.send_signal(number)
    _, error = process.communicate(timeout=60)

    assert (process.returncode, error) == (0, b"")
    commands = [" ".join(each.info["cmdline"] or []) for each in psutil.process_iter(["cmdline"])]
    assert [each for each in commands if str(tmp_path) in each] == []
