"""The names of Lakeport's AWS resources on the laptop, and the environment variables that hold them."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from local.config import HOST, REPOSITORY

LANDING_BUCKET = "lakeport-landing"
PARTNERS_BUCKET = "lakeport-partners"
ARCHIVE_BUCKET = "lakeport-archive"
WORK_BUCKET = "lakeport-work"
CODE_BUCKET = "lakeport-code"


def deployed_names(folder: Path = REPOSITORY / "infra" / "deployments") -> Iterator[str]:
    """Yield the names of landing buckets in the deployments' YAMLs, without those of an invalid YAML."""
    for path in folder.glob("*.yaml"):
        try:
            values = yaml.safe_load(path.read_bytes())
        except yaml.YAMLError:
            continue  # `./lakeport deploy` reports it
        listed = values.get("landing_buckets") if isinstance(values, dict) else None
        yield from (name for name in listed or () if isinstance(name, str) and _NAME.fullmatch(name))


_NAME = re.compile("[a-z][a-z0-9-]{0,30}")
LANDING = {"default": LANDING_BUCKET, "partners": PARTNERS_BUCKET}
LANDING |= {name: f"lakeport-{name}" for name in sorted(deployed_names())}
"""The landing buckets by their names in schemas: those of the demo, and one for each name of a deployment."""
LANDING_BUCKETS = tuple(LANDING.values())
BUCKETS = (*LANDING_BUCKETS, ARCHIVE_BUCKET, WORK_BUCKET, CODE_BUCKET)

ARRIVALS_QUEUE = "lakeport-arrivals"
DEAD_LETTER_QUEUE = "lakeport-arrivals-dead-letter"
REGISTER_FUNCTION = "lakeport-register-files"

AIRFLOW_SECRET = "lakeport/airflow"
CONNECTIONS_PREFIX = "lakeport/connections"
REDSHIFT_SECRET = f"{CONNECTIONS_PREFIX}/lakeport_redshift"
SLACK_SECRET = f"{CONNECTIONS_PREFIX}/lakeport_slack"
SMTP_SECRET = f"{CONNECTIONS_PREFIX}/lakeport_smtp"

LANDING_ENVIRONMENT = {
    "LAKEPORT_LANDING_BUCKET": LANDING_BUCKET,
    "LAKEPORT_LANDING_BUCKETS": ",".join(f"{name}={bucket}" for name, bucket in LANDING.items() if name != "default"),
}
PRODUCT_ENVIRONMENT = {
    **LANDING_ENVIRONMENT,
    "LAKEPORT_DEAD_LETTER_QUEUE": f"http://{HOST}/000000000000/{DEAD_LETTER_QUEUE}",
    "LAKEPORT_ARCHIVE_BUCKET": ARCHIVE_BUCKET,
    "LAKEPORT_WORK_BUCKET": WORK_BUCKET,
    "LAKEPORT_CODE_BUCKET": CODE_BUCKET,
    "LAKEPORT_AIRFLOW_SECRET": AIRFLOW_SECRET,
    "LAKEPORT_REDSHIFT_SECRET": REDSHIFT_SECRET,
}
FUNCTION_ENVIRONMENT = {
    **LANDING_ENVIRONMENT,
    "LAKEPORT_CODE_BUCKET": CODE_BUCKET,
    "LAKEPORT_AIRFLOW_SECRET": AIRFLOW_SECRET,
    "LAKEPORT_REDSHIFT_SECRET": REDSHIFT_SECRET,
}
