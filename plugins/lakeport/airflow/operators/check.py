"""Check everything a load needs, in the place where loads run; a deployment runs this check at its end."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator

from lakeport import settings
from lakeport.airflow import channels, environment
from lakeport.airflow.tasks import Context, retried_if_worth_it, warehouse_of
from lakeport.airflow_api.clients import dag_run_api
from lakeport.alerts.messages import DeliveryCheck
from lakeport.errors import CheckFailed
from lakeport.files import s3_objects
from lakeport.probing.answers import Answer, Found, Question, Verdict, as_markdown, failures
from lakeport.probing.probe import probe, write_report
from lakeport.redshift.session import Warehouse
from lakeport.schema.alerts import Alerts
from lakeport.schema.reader import default_alerts

log = logging.getLogger(__name__)


class CheckEnvironmentOperator(BaseOperator):
    """Import every module, load a file of two rows and roll it back, and send a test alert.

    Logs a table of what S3, Redshift and Airflow answered, and writes it to the work bucket.  Raises CheckFailed, which
    is not retried, for an answer that stops loads.  Safe to repeat: it changes neither tables, landing nor the archive.
    """

    def __init__(self, *, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.redshift_conn_id = redshift_conn_id

    def warehouse(self) -> Warehouse:
        return warehouse_of(self.redshift_conn_id)

    def answers(self) -> Iterator[Answer]:
        with self.warehouse() as warehouse:
            yield from probe(warehouse, s3_objects.s3_client(), dag_run_api, uuid.uuid4().hex)
        yield Question("A test alert", "sent", _send_alert).ask(_receivers())

    def write_report(self, run_id: str, answers: Sequence[Answer]) -> None:
        try:
            write_report(s3_objects.s3_client(), run_id, answers)
        except Exception:
            self.log.exception("cannot write the answers to the work bucket; they are in this log")

    def execute(self, context: Context) -> dict[str, Any]:
        with retried_if_worth_it():
            environment.check()
            modules = environment.import_all()
            self.log.info("imported %d modules; packages: %s", len(modules), environment.versions())
            answers = list(self.answers())
            self.log.info("answers of the services, to paste into an issue:\n\n%s\n", as_markdown(answers))
            self.write_report(context["ti"].run_id, answers)
            if failed := failures(answers):
                raise CheckFailed("\n".join(failed))
        return {"code": str(Path(environment.__file__).parents[1]), "modules": len(modules)}


def _receivers() -> Alerts:
    """Return who gets the test alert: the default receivers, and the topic if there is one."""
    receivers = default_alerts(settings.schemas_folder())
    if settings.alert_topic() and not receivers.slack:
        return receivers.model_copy(update={"slack": settings.alert_topic()})
    return receivers


def _send_alert(receivers: Alerts) -> Found:
    to = ", ".join(filter(None, [receivers.slack, *receivers.email]))
    if not to:
        return Found("", "schemas/_defaults.yaml has no alerts to send it to", Verdict.NOT_ASKED)
    try:
        channels.send(DeliveryCheck(), receivers)
    except Exception as error:
        log.exception("cannot send the test alert")
        meaning = "alerts about failed loads will not arrive; see docs/runbook.md, Problems without an alarm"
        return Found(f"not sent to {to}: {error!r}", meaning, Verdict.WARNING)
    return Found(f"sent to {to}", "check that it arrived")
