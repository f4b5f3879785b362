"""`lakeport` from a checkout, many times: one process imports it, and each run is a fork of that process.

A run is still a separate process: it begins with nothing but code and what botocore reads, and it can be killed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_LOOP = """
import gc, json, os, sys
from functools import cache, partial
import boto3
from botocore.loaders import JSONFileLoader
import infra.deploy.command
from commands.application import app
from lakeport.schema.parts import build_all
build_all()
# Each session of botocore reads its descriptions of the services again.
read = cache(partial(JSONFileLoader.load_file, JSONFileLoader()))
JSONFileLoader.load_file = lambda _, path: read(path)
for service in ("cloudformation", "ec2", "lambda", "mwaa", "redshift-data", "s3", "secretsmanager", "sts"):
    boto3.client(service, region_name="us-east-1")
gc.freeze()  # a child that collects garbage would copy all of this
boto3.DEFAULT_SESSION = None  # it remembers the credentials of this environment
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        os.environ.clear()
        os.environ.update(asked["variables"])
        for number, path in enumerate(("/dev/null", asked["out"], asked["err"])):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), number)
        try:
            app(asked["arguments"], prog_name="lakeport")
        except SystemExit as end:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code or 0)
        except BaseException:
            import traceback
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(70)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Command:
    """The command of one checkout."""

    def __init__(self, checkout: Path, variables: Mapping[str, str], outputs: Path | None = None) -> None:
        self._checkout = checkout
        self._variables = dict(variables)
        self._outputs = outputs or checkout
        self._process: subprocess.Popen[str] | None = None

    def run(
        self,
        arguments: Sequence[str],
        variables: Mapping[str, str] | None = None,
        started: Callable[[int], None] = lambda _: None,
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end, in its own environment or another; `started` is given its process id, and may kill it."""
        process = self._started()
        assert process.stdin
        assert process.stdout
        out, err = self._outputs / "out.txt", self._outputs / "err.txt"
        asked = {"arguments": list(arguments), "out": str(out), "err": str(err)}
        process.stdin.write(json.dumps(asked | {"variables": dict(variables or self._variables)}) + "\n")
        process.stdin.flush()
        started(int(process.stdout.readline()))
        status = int(process.stdout.readline())
        return subprocess.CompletedProcess(list(arguments), status, out.read_text(), err.read_text())

    def close(self) -> None:
        if self._process:
            self._process.communicate()

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _LOOP],
                cwd=self._checkout,
                env=self._variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._process
