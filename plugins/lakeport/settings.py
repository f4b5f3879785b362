"""Where things are: the only reader of the environment, the only place that knows the layout.

On a laptop everything lies in the repository; on MWAA `schemas/`, `sql/` and `transforms/` lie under the DAGs prefix,
since only that is synced live; in the Lambda they lie beside the package.
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
    """Return the folder that holds `sql/` (and, except in the Lambda, `schemas/` and `transforms/`).

    LAKEPORT_HOME names another one.
    """
    if given := os.environ.get("LAKEPORT_HOME"):
        return Path(given)
    package = Path(__file__).resolve().parent
    candidates = (package.parents[1], package.parents[1] / "dags", package.parents[0])
    return next((folder for folder in candidates if (folder / "sql" / "mng").is_dir()), package.parents[1])


def schemas_folder() -> Path:
    """Return the folder of the schema YAMLs; LAKEPORT_SCHEMAS names another one."""
    return Path(os.environ.get("LAKEPORT_SCHEMAS") or home() / "schemas")


def sql_folder() -> Path:
    """Return the folder of the SQL statements."""
    return home() / "sql"


def transforms_folder() -> Path:
    """Return the folder of the Python transforms, the package `transforms`."""
    return home() / "transforms"


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
    return os.environ.get("LAKEPORT_REDSHIFT_SECRET", f"lakeport/connections/{REDSHIFT_CONNECTION}")


def airflow_secret() -> str:
    """Return the name of the secret with Airflow's URL and credentials, used where there is no MWAA environment."""
    return os.environ.get("LAKEPORT_AIRFLOW_SECRET", "lakeport/airflow")


def mwaa_environment() -> str | None:
    """Return the name of the MWAA environment that runs the DAGs, or None for an Airflow reached by its own API."""
    return os.environ.get("LAKEPORT_MWAA_ENVIRONMENT") or None


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise NotSet(f"{name} is not set; on a laptop `make up` writes it to .lakeport/env, which ./lakeport reads")
    return value
