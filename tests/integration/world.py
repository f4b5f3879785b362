"""A landing bucket, a file type, an Airflow and people who get alerts: all of one test's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lakeport import settings
from lakeport.alerts.alert import Alert
from lakeport.arrivals.publishing import publish, published_index
from lakeport.arrivals.registration import Registration, register_arrivals
from lakeport.files import s3_objects
from lakeport.loading.finishing import archive, mark_done
from lakeport.loading.one_file import FileLoad
from lakeport.mng import claims
from lakeport.model import Arrival, RegisteredFile, TaskRun, utc_now
from lakeport.recovery.reconcile.reconcile import reconcile
from lakeport.recovery.reconcile.reconciliation import Reconciliation
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement
from lakeport.schema.alerts import Alerts
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import read_file_type
from tests.integration.airflow_stand_in import AirflowStandIn

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectOutputTypeDef

Query = Callable[..., list[tuple[Any, ...]]]
HEADER = b"id,city,price\n"
GOOD = HEADER + b"1,Bern,2.50\n2,Oslo,\n"
NOW, LATER = timedelta(0), timedelta(hours=1)


class World:
    """What a test brings files through, step by step, as the DAG does."""

    def __init__(self, s3: S3Client, warehouse: Warehouse, query: Query, folder: Path, name: str) -> None:
        self.s3, self.warehouse, self.query, self.folder, self.name = s3, warehouse, query, folder, name
        self.airflow = AirflowStandIn()
        self.sent: list[tuple[Alert, Alerts]] = []
        (folder / "_defaults.yaml").write_text("alerts: {slack: '#operators'}\n")
        self.write_schema()
        self.by = TaskRun(self.file_type.dag_id, "run1", "copy_to_table")

    @property
    def file_type(self) -> FileType:
        return read_file_type(self.folder / f"{self.name}.yaml")

    def write_schema(self, **changes: Any) -> None:
        """Write the schema and publish it."""
        schema = {
            "description": "Trips.",
            "owner": "tests",
            "landing": {"pattern": f"{self.name}/*"},
            "format": {"type": "csv", "header_lines": 1},
            "columns": [
                {"name": "id", "type": "integer", "required": True},
                {"name": "city", "type": "varchar(8)"},
                {"name": "price", "type": "decimal(8,2)"},
            ],
            "rejects": {"warn": 0, "fail": "50%"},
            "alerts": {"slack": None, "email": ["trips@example.com"]},
        }
        (self.folder / f"{self.name}.yaml").write_text(yaml.safe_dump(schema | changes))
        publish(self.s3, self.folder)

    def land(self, name: str = "trips.csv", body: bytes = GOOD) -> str:
        """Put an object into landing and return its version, if the bucket keeps any."""
        return self._put(name, body).get("VersionId", "")

    def _put(self, name: str, body: bytes) -> PutObjectOutputTypeDef:
        return self.s3.put_object(Bucket=settings.landing_bucket(), Key=f"{self.name}/{name}", Body=body)

    def reconcile(self, grace: timedelta = NOW, *, always: bool = True, sends: bool = True) -> Reconciliation | None:
        send = (lambda alert, to: self.sent.append((alert, to))) if sends else None
        return reconcile(self.warehouse, self.airflow, send, grace=grace, always=always)

    def found(self, grace: timedelta = NOW) -> list[tuple[str, str]]:
        """Reconcile and return each problem with the action taken."""
        reconciliation = self.reconcile(grace)
        assert reconciliation
        return [(each.problem, each.action) for each in reconciliation.findings]

    def files(self) -> list[tuple[Any, ...]]:
        return self.query("SELECT status, status_reason FROM mng.files ORDER BY landed_at, key")

    def new_files(self) -> list[RegisteredFile]:
        own = {"dag_id": None, "run_id": None}
        rows = self.query(statement("mng/new_files"), {"file_type": self.file_type.name, **own})
        return [RegisteredFile(*row) for row in rows]

    def register(self, body: bytes = GOOD, name: str = "trips.csv") -> RegisteredFile:
        """Land and register one file, as the Lambda does."""
        put, bucket = self._put(name, body), settings.landing_bucket()
        version, etag = put["VersionId"], put["ETag"].strip('"')
        arrival = Arrival(bucket, f"{self.name}/{name}", version, etag, len(body), utc_now(), "")
        register_arrivals([("", [arrival])], published_index(self.s3), self.warehouse, Registration())
        self.airflow.runs.clear()
        [file] = self.new_files()
        return file

    def claim(self, body: bytes = GOOD, name: str = "trips.csv") -> RegisteredFile:
        """Bring one file to In Progress in run1, which Airflow says is running."""
        file = self.register(body, name)
        self.warehouse.transaction(lambda current: claims.claim(current, [file.file_id], self.by))
        self.airflow.add(self.by.dag_id, self.by.run_id, "running")
        return file

    def load(self, body: bytes = GOOD, name: str = "trips.csv") -> RegisteredFile:
        """Bring one file as far as its load's commit."""
        file = self.claim(body, name)
        self.load_claimed(file)
        return file

    def load_claimed(self, file: RegisteredFile) -> None:
        fit_table(self.warehouse, self.file_type)
        FileLoad(self.file_type, file, (file.source(),), self.by, self.warehouse, self.s3).run()

    def bring(self, body: bytes = GOOD, name: str = "trips.csv") -> RegisteredFile:
        """Bring one file to Done, and to the archive."""
        file = self.load(body, name)
        self.finish(file)
        return file

    def run_again(self) -> None:
        """Do what a run does with the file that is New."""
        [file] = self.new_files()
        self.warehouse.transaction(lambda current: claims.claim(current, [file.file_id], self.by))
        self.load_claimed(file)
        self.finish(file)

    def finish(self, file: RegisteredFile) -> None:
        archive(self.warehouse, self.s3, self.name, [file])
        self.warehouse.transaction(lambda current: mark_done(current, [file], self.by, self.file_type))

    def rows(self) -> int:
        ((count,),) = self.query(f"SELECT COUNT(*) FROM {self.file_type.table.name}")  # noqa: S608
        return int(count)

    def landed(self) -> int:
        return sum(map(len, s3_objects.version_pages(self.s3, settings.landing_bucket())))

    def archived(self) -> bytes:
        [(bucket, key)] = self.query("SELECT archive_bucket, archive_key FROM mng.files")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
