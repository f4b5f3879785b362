"""Encrypted files from landing to table: their plain text is gone after the load, and their keys are nowhere."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from lakeport import settings
from lakeport.airflow.operators.copy_all_from_s3 import CopyAllFromS3Operator
from lakeport.airflow.operators.copy_from_s3 import CopyFromS3Operator
from lakeport.airflow.operators.prepare import PrepareFilesOperator
from lakeport.arrivals.publishing import rule_of
from lakeport.loading.rehearsal import rehearse
from lakeport.mng import claims
from lakeport.model import RegisteredFile, TaskRun
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType
from tests.integration.callables import Query
from tests.integration.file_types import make_file_type
from tests.support import operators
from tests.support.client_side_files import MASTER_TEXT, envelope
from tests.support.pgp_files import Keys, put_secret

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

GOOD = b"id,city,price\n1,Bern,2.50\nx,Oslo,1\n"
PGP = {"type": "pgp", "key": "receiver", "signer": "sender"}


@cache
def keys() -> Keys:
    return Keys()


@pytest.fixture
def claimed(s3: S3Client, land: Callable[..., RegisteredFile], warehouse: Warehouse) -> Callable[..., RegisteredFile]:
    """Land a file and bring it as far as its run does before prepare_files."""
    keys().store()

    def run(file_type: FileType, body: bytes, name: str, metadata: Mapping[str, str] | None = None) -> RegisteredFile:
        file = land(file_type, body, name, metadata)
        by = TaskRun(file_type.dag_id, "run1", "mark_in_progress")
        warehouse.transaction(lambda current: claims.claim(current, [file.file_id], by))
        fit_table(warehouse, file_type)
        return file

    return run


def loaded(file_type: FileType, files: list[RegisteredFile], try_number: int = 1) -> None:
    """Do what prepare_files and copy_to_table do."""
    given = [file.to_xcom() for file in files]
    by = TaskRun(file_type.dag_id, "run1", "copy_to_table", try_number)
    prepared = operators.run(PrepareFilesOperator(task_id="prepare_files", file_type=file_type, files=given), by)
    operator = CopyAllFromS3Operator if file_type.landing.select == "all" else CopyFromS3Operator
    operators.run(operator(task_id="copy_to_table", file_type=file_type, files=given, prepared=prepared), by)


def plain_text(s3: S3Client, file: RegisteredFile) -> list[str]:
    """Return the keys of all versions of what was made of a file, without manifests."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=settings.work_bucket())
    found = [each["Key"] for page in pages for each in (*page.get("Versions", []), *page.get("DeleteMarkers", []))]
    return [key for key in found if file.file_id in key and not key.startswith("manifests/")]


def test_signed_file_is_loaded_and_its_plain_text_removed(
    s3: S3Client, claimed: Any, query: Query, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    file_type = make_file_type(
        format={"type": "csv", "header_lines": 1, "compression": "gzip", "encryption": PGP}, rejects={"fail": 1}
    )
    file = claimed(file_type, keys().encrypted(gzip.compress(GOOD), keys().sender), "trips.csv.gz.pgp")

    loaded(file_type, [file])

    assert query(f"SELECT id, city FROM {file_type.table.name}") == [(1, "Bern")]  # noqa: S608
    rejected = "SELECT line_number, raw_line FROM mng.load_errors WHERE file_id = %s"
    assert query(rejected, (file.file_id,)) == [(3, "x,Oslo,1")]
    assert plain_text(s3, file) == []
    private = str(keys().receiver).splitlines()[5]
    assert private not in caplog.text

    loaded(file_type, [file], try_number=2)  # as after a kill between the commit and the end of the task
    assert query(f"SELECT id FROM {file_type.table.name}") == [(1,)]  # noqa: S608
    assert plain_text(s3, file) == []


def test_object_of_client_side_encryption_is_loaded(s3: S3Client, claimed: Any, query: Query) -> None:
    """As UNLOAD ... ENCRYPTED wrote it, until Redshift ended that on 30 April 2026."""
    put_secret("master", MASTER_TEXT)
    encryption = {"type": "client_side", "key": "master"}
    file_type = make_file_type(format={"type": "csv", "header_lines": 1, "encryption": encryption}, rejects={"fail": 1})
    file = claimed(file_type, envelope(GOOD)[0], "trips.csv")
    with pytest.raises(AirflowFailException, match="lacks the metadata x-amz-key, x-amz-iv"):
        loaded(file_type, [file])

    body, metadata = envelope(GOOD)
    file = claimed(file_type, body, "trips.csv", metadata)
    loaded(file_type, [file])

    assert query(f"SELECT id, city FROM {file_type.table.name}") == [(1, "Bern")]  # noqa: S608
    assert plain_text(s3, file) == []


def test_file_that_nobody_vouches_for_leaves_nothing(s3: S3Client, claimed: Any, query: Query) -> None:
    """Although its plain text is read before its signature is known."""
    file_type = make_file_type(format={"type": "csv", "header_lines": 1, "encryption": PGP})
    file = claimed(file_type, keys().encrypted(GOOD * 500_000, keys().stranger), "trips.csv.pgp")

    with pytest.raises(AirflowFailException, match="no valid signature"):
        loaded(file_type, [file])

    assert plain_text(s3, file) == []
    assert query(f"SELECT COUNT(*) FROM {file_type.table.name}") == [(0,)]  # noqa: S608


def test_bad_file_fails_alone_among_many(s3: S3Client, claimed: Any, query: Query) -> None:
    name = "trips_pgp"
    file_type = make_file_type(
        landing={"pattern": f"{name}/*", "select": "all"},
        format={"type": "csv", "header_lines": 1, "encryption": PGP},
        rejects={"fail": 1},
    )
    good = claimed(file_type, keys().encrypted(GOOD, keys().sender), "a.csv.pgp")
    bad = claimed(file_type, keys().encrypted(GOOD), "b.csv.pgp")

    loaded(file_type, [good, bad])

    reasons = "SELECT key, status, status_reason FROM mng.files WHERE file_id IN (%s, %s) ORDER BY key"
    (_, status, _), (_, failed, reason) = query(reasons, (good.file_id, bad.file_id))
    assert (status, failed) == ("In Progress", "Fail")
    assert "is not signed" in reason
    assert query(f"SELECT id FROM {file_type.table.name}") == [(1,)]  # noqa: S608
    assert plain_text(s3, good) + plain_text(s3, bad) == []


def test_plan_reads_an_encrypted_sample(s3: S3Client, claimed: Any, warehouse: Warehouse, tmp_path: Path) -> None:
    file_type = make_file_type(format={"type": "csv", "header_lines": 1, "encryption": PGP}, rejects={"fail": 1})
    sample = tmp_path / "trips.csv.pgp"
    sample.write_bytes(keys().encrypted(GOOD, keys().sender))
    outcome = rehearse(file_type, sample, warehouse, s3)
    assert (outcome.rows_loaded, [row.line_number for row in outcome.rejected], outcome.problem) == (1, [3], "")


def test_name_of_an_encrypted_file_is_that_of_its_content() -> None:
    packed = {"type": "csv", "compression": "gzip"}
    plain, encrypted = (rule_of(make_file_type(format=packed | more)) for more in ({}, {"encryption": PGP}))
    assert encrypted.reason_to_reject("trips/a.csv.gz.pgp", 9) is None
    assert encrypted.reason_to_reject("trips/a.csv.gz", 9) is None
    assert "compression none" in str(encrypted.reason_to_reject("trips/a.csv.GPG", 9))
    assert "has no format.encryption" in str(plain.reason_to_reject("trips/a.csv.gz.gpg", 9))
    assert encrypted.reason_to_reject("trips/a.json.gz.asc", 9) is not None
