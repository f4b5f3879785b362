"""The settings and the folders: the only module that reads the environment or knows where files are.

On a laptop everything is in the repository.  On MWAA, `schemas/` and `transforms/` are under the DAGs prefix, the only
one that is synced live.  `sql/` is beside the package in plugins.zip, as in the Lambda, because statements change with
the code that runs them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

REDSHIFT_CONNECTION = "lakeport_redshift"
SLACK_CONNECTION = "lakeport_slack"
SMTP_CONNECTION = "lakeport_smtp"
INDEX_KEY = "schemas/index.json"
DEFAULT_LANDING = "default"
"""The name of the first landing bucket in schemas."""

_deployment: dict[str, str] = {}
"""Settings of the deployment that a command names; they precede the environment."""


class NotSet(KeyError):
    """A setting without a default is missing from the environment."""


def choose_deployment(name: str, account: str, region: str) -> None:
    """Use the MWAA environment and the buckets of a deployment, by the names that the templates give them."""
    _deployment["LAKEPORT_MWAA_ENVIRONMENT"] = name
    for part in ("work", "code"):
        _deployment[f"LAKEPORT_{part.upper()}_BUCKET"] = f"{name}-{part}-{account}-{region}"


def choose_landing_buckets(first: str, further: str) -> None:
    """Use the landing buckets of a deployment; `further` is `name=bucket,name=bucket`."""
    _deployment["LAKEPORT_LANDING_BUCKET"], _deployment["LAKEPORT_LANDING_BUCKETS"] = first, further


def choose_landing(names: Iterable[str]) -> None:
    """Check schemas against a deployment that has these landing buckets; their names stand for the buckets."""
    _deployment["LAKEPORT_LANDING_BUCKET"] = DEFAULT_LANDING
    _deployment["LAKEPORT_LANDING_BUCKETS"] = ",".join(f"{name}={name}" for name in names)


def home() -> Path:
    """Return the folder with `schemas/` and `transforms/`; in the Lambda, which has neither, the folder with `sql/`."""
    package = Path(__file__).resolve().parent
    candidates = (package.parents[1], package.parents[1] / "dags", package.parents[0])
    markers = ("schemas", "sql/mng")
    found = (folder for folder in candidates if any((folder / marker).is_dir() for marker in markers))
    return next(found, package.parents[1])


def schemas_folder() -> Path:
    """Return the folder of the schema YAMLs; LAKEPORT_SCHEMAS overrides it."""
    return Path(_value("LAKEPORT_SCHEMAS") or home() / "schemas")


def sql_folder() -> Path:
    """Return the folder of the SQL statements."""
    packed = Path(__file__).resolve().parents[1] / "sql"
    return packed if (packed / "mng").is_dir() else home() / "sql"


def requirements_file() -> Path:
    """Return the requirements file of the packages that the MWAA image lacks."""
    packed = Path(__file__).resolve().parents[1] / "requirements.txt"
    return packed if packed.is_file() else home() / "requirements.txt"


def transforms_folder() -> Path:
    """Return the folder of the SQL and Python transforms; LAKEPORT_TRANSFORMS overrides it."""
    return Path(_value("LAKEPORT_TRANSFORMS") or home() / "transforms")


def landing_bucket(name: str = DEFAULT_LANDING) -> str:
    """Return the landing bucket that schemas call by this name; raises NotSet if the deployment has none."""
    if name == DEFAULT_LANDING:
        return _required("LAKEPORT_LANDING_BUCKET")
    if bucket := _further_landing_buckets().get(name):
        return bucket
    raise NotSet(f"LAKEPORT_LANDING_BUCKETS has no bucket {name}; add it to the deployment, or change landing.bucket")


def landing_buckets() -> dict[str, str]:
    """Return all landing buckets by their names in schemas, the first one first."""
    return {DEFAULT_LANDING: landing_bucket()} | _further_landing_buckets()


def landing_names() -> tuple[str, ...] | None:
    """Return the names of the landing buckets in schemas, or None on a computer that does not know them."""
    return tuple(landing_buckets()) if _value("LAKEPORT_LANDING_BUCKET") else None


def landing_name(bucket: str) -> str | None:
    """Return the name of a landing bucket in schemas, or None if files of the deployment do not land there."""
    further = {each: name for name, each in _further_landing_buckets().items()}
    is_first = _value("LAKEPORT_LANDING_BUCKET") in (None, bucket)
    return further.get(bucket) or (DEFAULT_LANDING if is_first else None)


def is_further_landing(bucket: str) -> bool:
    """Return whether this is a landing bucket other than the first, to be named in messages and in the archive."""
    return bucket in _further_landing_buckets().values()


def shown_key(bucket: str, key: str) -> str:
    """Return what names a file to people: its key, or its whole address if it is in a further landing bucket."""
    return f"s3://{bucket}/{key}" if is_further_landing(bucket) else key


def archive_bucket() -> str:
    """Return the bucket that keeps loaded files."""
    return _required("LAKEPORT_ARCHIVE_BUCKET")


def work_bucket() -> str:
    """Return the bucket for manifests and prepared objects, which may expire."""
    return _required("LAKEPORT_WORK_BUCKET")


def code_bucket() -> str:
    """Return the bucket to which schemas are published."""
    return _required("LAKEPORT_CODE_BUCKET")


def redshift_secret() -> str:
    """Return the name of the secret with Redshift's host and credentials."""
    return _value("LAKEPORT_REDSHIFT_SECRET") or f"lakeport/connections/{REDSHIFT_CONNECTION}"


def airflow_secret() -> str:
    """Return the name of the secret with the URL and credentials of a self-hosted Airflow."""
    return _value("LAKEPORT_AIRFLOW_SECRET") or "lakeport/airflow"


def keys_prefix() -> str:
    """Return what precedes the names of the secrets with keys for encrypted files."""
    return _value("LAKEPORT_KEYS_PREFIX") or "lakeport/keys"


def mwaa_environment() -> str | None:
    """Return the name of the MWAA environment that runs the DAGs, or None for a self-hosted Airflow."""
    return _value("LAKEPORT_MWAA_ENVIRONMENT")


def command(arguments: str) -> str:
    """Return the command as a person runs it, on AWS with the deployment's name."""
    environment = mwaa_environment()
    return f"./lakeport {arguments}" + (f" --deployment {environment}" if environment else "")


def planned_command(arguments: str) -> str:
    """Return a command that changes something, and that without --yes it only shows what it would change."""
    return f"{command(arguments)}, which shows its plan and with --yes carries it out"


def reconcile_schedule() -> str:
    """Return the schedule of the DAG reconcile, as a cron expression or preset."""
    return _value("LAKEPORT_RECONCILE_SCHEDULE") or "@hourly"


def finish_runs_schedule() -> str:
    """Return the schedule of the DAG finish_ended_runs, as a cron expression or preset."""
    return _value("LAKEPORT_FINISH_RUNS_SCHEDULE") or "*/5 * * * *"


def keep_details_days() -> str:
    """Return for how many days the details of finished files are kept; 0 keeps them for good."""
    return _value("LAKEPORT_KEEP_DETAILS_DAYS") or "0"


def alert_topic() -> str | None:
    """Return the ARN of the SNS topic for Slack, or None if Slack is reached by a webhook."""
    return _value("LAKEPORT_ALERT_TOPIC")


def dead_letter_queue() -> str | None:
    """Return the URL of the queue with the events that registration gave up, or None if there is none."""
    return _value("LAKEPORT_DEAD_LETTER_QUEUE")


def aws_region() -> str | None:
    """Return the region that AWS's newer tools use; boto3 reads AWS_DEFAULT_REGION only."""
    return _value("AWS_REGION")


def _further_landing_buckets() -> dict[str, str]:
    """Return the landing buckets after the first: LAKEPORT_LANDING_BUCKETS is `name=bucket,name=bucket`."""
    pairs = (_value("LAKEPORT_LANDING_BUCKETS") or "").split(",")
    return {name: bucket for name, _, bucket in (pair.partition("=") for pair in pairs) if bucket}


def _required(name: str) -> str:
    value = _value(name)
    if not value:
        raise NotSet(
            f"the environment variable {name} is not set; on a laptop, run make up, which writes it to .lakeport/env"
        )
    return value


def _value(name: str) -> str | None:
    """Return the variable, or the one that MWAA sets for the option `lakeport.x`: AIRFLOW__LAKEPORT__X."""
    if name in _deployment:  # even if it is empty: the environment may be that of a local stack
        return _deployment[name] or None
    mwaa = name.replace("LAKEPORT_", "AIRFLOW__LAKEPORT__", 1)
    return os.environ.get(name) or os.environ.get(mwaa) or None
