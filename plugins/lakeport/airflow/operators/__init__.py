"""The steps between the sensor and the end of a run."""

from lakeport.airflow.operators.archive import ArchiveFilesOperator
from lakeport.airflow.operators.check import CheckEnvironmentOperator
from lakeport.airflow.operators.copy_all_from_s3 import CopyAllFromS3Operator, FailForFilesOperator
from lakeport.airflow.operators.copy_from_s3 import CopyFromS3Operator
from lakeport.airflow.operators.prepare import PrepareFilesOperator
from lakeport.airflow.operators.reconcile import ReconcileOperator
from lakeport.airflow.operators.status import FilterNewestOperator, MarkDoneOperator, MarkInProgressOperator
from lakeport.airflow.operators.table import CreateTableOperator
from lakeport.airflow.operators.take_files import StartNextRunOperator, TakeFilesOperator
from lakeport.airflow.operators.warn import WarnOfRejectsOperator

__all__ = [
    "ArchiveFilesOperator",
    "CheckEnvironmentOperator",
    "CopyAllFromS3Operator",
    "CopyFromS3Operator",
    "CreateTableOperator",
    "FailForFilesOperator",
    "FilterNewestOperator",
    "MarkDoneOperator",
    "MarkInProgressOperator",
    "PrepareFilesOperator",
    "ReconcileOperator",
    "StartNextRunOperator",
    "TakeFilesOperator",
    "WarnOfRejectsOperator",
]
