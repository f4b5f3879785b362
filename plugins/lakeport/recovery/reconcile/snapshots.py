"""Write the snapshots that are missing or older than the files of their type."""

from __future__ import annotations

from lakeport.recovery.reconcile.reconciliation import Reconciliation
from lakeport.snapshots.writing import outdated_types, write_snapshots


def reconcile_snapshots(reconciliation: Reconciliation) -> None:
    """Write the outdated snapshots; this is not a finding, because it needs no action."""
    warehouse, s3 = reconciliation.warehouse, reconciliation.s3
    write_snapshots(warehouse, outdated_types(warehouse, s3), is_complete=True)
