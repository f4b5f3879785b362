"""Run the AWS server from its own environment, bound to 127.0.0.1, keeping its state across restarts.

Objects are written to disk at once.  Queues and the rest are written when it ends: after a kill `up` creates
them again, and waiting messages are lost, as S3's own events can be; reconcile finds those files.
"""

import os
import shutil
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path

from local import credentials
from local.config import HOST, REPOSITORY, Config
from local.processes import Service

PYTHON = REPOSITORY / ".venv-aws" / "bin" / "python"


def service(config: Config) -> Service:
    return Service(
        name="aws",
        # -I keeps our folders off sys.path: a function must not find our modules unless its zip has them.
        command=(str(PYTHON), "-I", str(Path(__file__).parent / "batching_server.py")),
        environment=_environment(config),
        is_ready=lambda: is_ready(config),
        start_within_seconds=60,
        stop_within_seconds=20,  # it writes its state as it ends
    )


def prepare(config: Config) -> None:
    """Make its directories; unpacked functions of an earlier run go."""
    shutil.rmtree(_scratch(config), ignore_errors=True)
    for directory in (_scratch(config), _home(config) / "state", _home(config) / "s3"):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)


def is_ready(config: Config) -> bool:
    try:
        with urllib.request.urlopen(f"{config.aws_endpoint}/_ministack/health", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False


def environment(config: Config) -> dict[str, str]:
    """Return what a process needs to call this AWS; the names are those of AWS."""
    return {
        "AWS_ENDPOINT_URL": config.aws_endpoint,
        "AWS_ACCESS_KEY_ID": credentials.AWS_KEY,
        "AWS_SECRET_ACCESS_KEY": credentials.AWS_SECRET,
        "AWS_DEFAULT_REGION": credentials.REGION,
        # Nothing of the person's own AWS set-up may reach a local process.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # MWAA's calls would go to api.127.0.0.1 and env.127.0.0.1.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    }


def _environment(config: Config) -> dict[str, str]:
    home = _home(config)
    return {
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(config.ports.aws),
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": credentials.REGION,
        "SERVICES": "s3,sqs,sns,lambda,secretsmanager,iam,sts,logs,cloudwatch,events,cloudformation,ec2,kms",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home / "state"),
        "S3_PERSIST": str(int(config.keeps_objects)),
        "S3_DATA_DIR": str(home / "s3"),
        "TMPDIR": str(_scratch(config)),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{home}/no-docker",
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_WARM_TTL_SECONDS": "30",  # of a function's idle processes one is kept
    } | environment(config)


def _home(config: Config) -> Path:
    return config.state / "aws"


def _scratch(config: Config) -> Path:
    return _home(config) / "tmp"
