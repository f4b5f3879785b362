"""Run the tests and main uses of other tools against a stand-in: `make peers`, or `python -m tests.peers NAME...`.

It needs PyPI, and GitHub for the suites that no package contains; PEERS_SOURCES=DIRECTORY has their checkouts by name.
"""

import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import yaml

from local.redshift.pytest_plugin import RunningStandIn, started
from tests.support.stack import stack_of_its_own

HERE = Path(__file__).parent
PEERS: dict[str, Any] = yaml.safe_load((HERE / "peers.yaml").read_text())
BUCKET = "peers"
_AWS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


def main(names: list[str]) -> int:
    if unknown := set(names) - set(PEERS):
        raise SystemExit(f"unknown peers: {', '.join(sorted(unknown))}; use {', '.join(PEERS)}")
    base = Path(os.environ.get("PEERS_FOLDER") or tempfile.mkdtemp(prefix="peers-"))
    with stack_of_its_own() as start:
        endpoint = start("aws").aws_endpoint
        boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **_keys()).create_bucket(Bucket=BUCKET)
        certificate = base / "certificate.pem"
        data = tempfile.TemporaryDirectory()
        with data, started(Path(data.name), endpoint, "--certificate", str(certificate)) as stand_in:
            found = dict(_figures(names or list(PEERS), base, stand_in, endpoint))
    sys.stdout.write("\n".join([*(f"{name:<22} {figures}" for name, figures in found.items()), f"Logs: {base}", ""]))
    return int(any(_failures(figures) > PEERS[name].get("failures", 0) for name, figures in found.items()))


def _failures(figures: str) -> int:
    """Return how many tests failed; a suite that did not start counts as one."""
    return sum(map(int, re.findall(r"(\d+) (?:failed|error)", figures))) if "passed" in figures else 1


def _figures(names: list[str], base: Path, stand_in: RunningStandIn, endpoint: str) -> Iterator[tuple[str, str]]:
    for name in names:
        peer = PEERS[name]
        place = base / name
        python = _environment(place, peer["packages"])
        values = {"host": stand_in.host, "port": str(stand_in.port), "database": stand_in.database}
        values |= {"user": stand_in.user, "password": stand_in.password, "bucket": BUCKET, "endpoint": endpoint}
        command, folder = [str(python), str(HERE / "scripts" / peer.get("script", ""))], place
        if "source" in peer:
            folder = _source(place, name, peer["source"])
            if "trusts" in peer:
                _trust(folder, peer["trusts"], base / "certificate.pem")
            for path, text in peer.get("files", {}).items():
                (folder / path).write_text(_filled(text, values))
            command = [str(python), "-m", "pytest", "-q", *peer["tests"]]
        given = {key: _filled(text, values) for key, text in peer.get("environment", {}).items()}
        own = {f"PEER_{key.upper()}": value for key, value in values.items()}
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "AWS_ENDPOINT_URL": endpoint,
            **_AWS,
            **own,
            **given,
        }
        with (place / "log").open("w") as log:
            subprocess.run(command, check=False, cwd=folder, env=environment, stdout=log, stderr=log)
        yield name, _summary((place / "log").read_text())


def _keys() -> dict[str, Any]:
    return {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], text)


def _environment(place: Path, packages: list[str]) -> Path:
    python = place / "venv" / "bin" / "python"
    if not (place / "ready").exists():
        venv.create(place / "venv", with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
        (place / "ready").touch()
    return python


def _source(place: Path, name: str, source: Mapping[str, str]) -> Path:
    """Return a copy of the suite's repository at its commit."""
    folder = place / "source"
    if not folder.exists():
        origin = Path(os.environ["PEERS_SOURCES"]) / name if "PEERS_SOURCES" in os.environ else source["repository"]
        subprocess.run(["git", "clone", "-q", str(origin), str(folder)], check=True)
        subprocess.run(["git", "-C", str(folder), "checkout", "-q", source["commit"]], check=True)
    return folder


def _trust(folder: Path, path: str, certificate: Path) -> None:
    subprocess.run(["git", "-C", str(folder), "checkout", "-q", path], check=True)
    bundle = folder / path
    bundle.write_text(f"{bundle.read_text()}\n{certificate.read_text()}")


def _summary(log: str) -> str:
    """Return pytest's last line, or the counts of a script's `ok` and `FAILED` lines."""
    last = r"^(?:=+ )?(\d+ (?:passed|failed|errors?|skipped|warnings?).*?)(?: =+)?$"
    if counts := re.findall(last, log, re.MULTILINE):
        return str(counts[-1])
    passed, failed = (len(re.findall(rf"^{word} ", log, re.MULTILINE)) for word in ("ok", "FAILED"))
    return f"{passed} passed, {failed} failed" if passed + failed else "did not start"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
