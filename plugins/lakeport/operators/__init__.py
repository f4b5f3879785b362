"""The steps between the sensor and the end of a run."""

from lakeport.operators.archive import ArchiveFilesOperator
from lakeport.operators.check import CheckEnvironmentOperator
from lakeport.operators.copy_from_s3 import CopyFromS3Operator
from lakeport.operators.prepare import PrepareFilesOperator
from lakeport.operators.reconcile import ReconcileOperator
from lakeport.operators.select_all import (
    CopyAllFromS3Operator,
    FailForFilesOperator,
    StartNextRunOperator,
    TakeFilesOperator,
)
from lakeport.operators.status import FilterNewestOperator, MarkDoneOperator, MarkInProgressOperator
from lakeport.operators.table import CreateTableOperator
from lakeport.operators.warn import WarnOfRejectsOperator

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
