"""Where things are: the only reader of the environment, the only place that knows the layout.

On a laptop everything lies in the repository.  On MWAA `schemas/` and `transforms/` lie under the DAGs prefix, since
only that is synced live, and `sql/` beside the package in plugins.zip, as in the Lambda: statements change with the
code that runs them.
"""

from __future__ import annotations

import os
from pathlib import Path

REDSHIFT_CONNECTION = "lakeport_redshift"
SLACK_CONNECTION = "lakeport_slack"
SMTP_CONNECTION = "lakeport_smtp"
INDEX_KEY = "schemas/index.json"


class NotSet(KeyError):
    """A setting that has no default is not in the environment."""


def home() -> Path:
    """Return the folder that holds `schemas/` and `transforms/` (in the Lambda, which has neither, `sql/`)."""
    package = Path(__file__).resolve().parent
    candidates = (package.parents[1], package.parents[1] / "dags", package.parents[0])
    signs = ("schemas", "sql/mng")
    found = (folder for folder in candidates if any((folder / sign).is_dir() for sign in signs))
    return next(found, package.parents[1])


def schemas_folder() -> Path:
    """Return the folder of the schema YAMLs; LAKEPORT_SCHEMAS names another one."""
    return Path(_value("LAKEPORT_SCHEMAS") or home() / "schemas")


def sql_folder() -> Path:
    """Return the folder of the SQL statements."""
    packed = Path(__file__).resolve().parents[1] / "sql"
    return packed if (packed / "mng").is_dir() else home() / "sql"


def requirements_file() -> Path:
    """Return the list of the packages that Lakeport needs beyond what MWAA's image has."""
    packed = Path(__file__).resolve().parents[1] / "requirements.txt"
    return packed if packed.is_file() else home() / "requirements.txt"


def transforms_folder() -> Path:
    """Return the folder of the transforms, queries and functions; LAKEPORT_TRANSFORMS names another one."""
    return Path(_value("LAKEPORT_TRANSFORMS") or home() / "transforms")


def landing_bucket() -> str:
    """Return the bucket in which files land."""
    return _required("LAKEPORT_LANDING_BUCKET")


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
    """Return the name of the secret with Airflow's URL and credentials, used where there is no MWAA environment."""
    return _value("LAKEPORT_AIRFLOW_SECRET") or "lakeport/airflow"


def mwaa_environment() -> str | None:
    """Return the name of the MWAA environment that runs the DAGs, or None for an Airflow reached by its own API."""
    return _value("LAKEPORT_MWAA_ENVIRONMENT")


def reconcile_schedule() -> str:
    """Return when the DAG reconcile runs, as a cron expression or preset."""
    return _value("LAKEPORT_RECONCILE_SCHEDULE") or "@hourly"


def alert_topic() -> str | None:
    """Return the ARN of the SNS topic that Slack reads, or None where Slack is reached by its own webhook."""
    return _value("LAKEPORT_ALERT_TOPIC")


def quiet_airflow(folder: Path) -> None:
    """Let Airflow, which is imported later, log errors only and write its configuration to this folder.

    Variables that are set keep their values.
    """
    os.environ.setdefault("AIRFLOW_HOME", str(folder))
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")


def _required(name: str) -> str:
    value = _value(name)
    if not value:
        raise NotSet(f"{name} is not set; on a laptop `make up` writes it to .lakeport/env, which ./lakeport reads")
    return value


def _value(name: str) -> str | None:
    """Return the variable, or what MWAA makes of its configuration option: `lakeport.x` is AIRFLOW__LAKEPORT__X."""
    return os.environ.get(name) or os.environ.get(name.replace("LAKEPORT_", "AIRFLOW__LAKEPORT__", 1)) or None
