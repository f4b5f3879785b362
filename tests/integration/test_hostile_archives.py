"""A hostile archive is Fail with its reason, nothing of it is loaded or left behind, and it takes little memory."""

from __future__ import annotations

import gzip
import io
import os
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from lakeport import settings
from lakeport.airflow import callbacks
from lakeport.airflow.operators.prepare import PrepareFilesOperator
from lakeport.alerts import failed_runs
from lakeport.mng import claims
from lakeport.model import RegisteredFile, TaskRun
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.session import Warehouse
from local.config import REPOSITORY
from tests.integration.callables import Query
from tests.integration.file_types import make_file_type
from tests.support.archives import packed
from tests.support.operators import context

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROWS = b"id,city,price\n1,Bern,2.50\n"
BOMB_MEGABYTES = 512
MOST_MEGABYTES = 200
MEASURED = """
import pathlib, re, sys
from lakeport.files import s3_objects
from lakeport.errors import UnloadableFile
from lakeport.model import CopySource
from lakeport.preparing.prepare import prepare
from lakeport.schema.file_type import FileType
s3, (bucket, key, size) = s3_objects.s3_client(), sys.argv[1:]
file_type = FileType.model_validate(
    {"name": "bomb", "description": "A bomb.", "owner": "tests", "landing": {"pattern": "bomb/*"}}
    | {"format": {"type": "csv", "compression": "zip"}, "columns": [{"name": "id", "type": "integer"}]}
)
try:
    prepare(s3, file_type, CopySource(bucket, key, None, int(size), "zip"), bucket, "prepared/bomb")
except UnloadableFile as error:
    # Not by getrusage, whose peak of a child begins with that of its parent.
    print(int(re.search(r"VmHWM:\\s*(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) // 1024, error)
"""


def encrypted() -> bytes:
    body = bytearray(packed({"trips.csv": ROWS}, "zip"))
    for signature, flags_at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        body[body.index(signature) + flags_at] |= 1  # what a password sets in both headers
    return bytes(body)


def link(compression: str) -> bytes:
    file = io.BytesIO()
    if compression == "zip":
        info = zipfile.ZipInfo("trips.csv")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(info, "/etc/passwd")
        return file.getvalue()
    with tarfile.open(fileobj=file, mode="w") as tar:
        member = tarfile.TarInfo("trips.csv")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    return gzip.compress(file.getvalue())


def bomb() -> bytes:
    """Return a .zip of zeros, which is a thousandth of them."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("trips.csv", "w") as member,
    ):
        for _ in range(BOMB_MEGABYTES):
            member.write(bytes(1 << 20))
    return file.getvalue()


HOSTILE = {
    "path": ("zip", packed({"../../etc/passwd": ROWS}, "zip"), "../../etc/passwd is outside the archive"),
    "path in a tar": ("tar.gz", packed({"a/../../b.csv": ROWS}, "tar.gz"), "is outside the archive"),
    "encrypted": ("zip", encrypted(), "trips.csv is encrypted"),
    "truncated": ("zip", packed({"a.csv": ROWS * 99}, "zip")[:-30], "is not a readable .zip"),
    "truncated tar": ("tar.gz", packed({"a.csv": ROWS * 99}, "tar.gz")[:-12], "is not a readable .tar.gz"),
    "link": ("zip", link("zip"), "trips.csv is a link or a device"),
    "link in a tar": ("tar.gz", link("tar.gz"), "trips.csv is a link or a device"),
    "nested": ("zip", packed({"a.zip": packed({"a.csv": ROWS}, "zip")}, "zip"), "a.zip is itself packed (a .zip)"),
    "good, then bad": ("zip", packed({"a.csv": ROWS, "../b.csv": ROWS}, "zip"), "is outside the archive"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_archive_fails_and_loads_nothing(
    name: str,
    land: Callable[..., RegisteredFile],
    query: Query,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compression, body, reason = HOSTILE[name]
    file_type = make_file_type(format={"type": "csv", "header_lines": 1, "compression": compression})
    file = land(file_type, body, f"trips.csv.{compression}")
    by = TaskRun(file_type.dag_id, "run1", "prepare_files")
    warehouse.transaction(lambda current: claims.claim(current, [file.file_id], by))
    fit_table(warehouse, file_type)
    monkeypatch.setattr(callbacks, "warehouse_of", lambda _: warehouse)

    operator: Any = PrepareFilesOperator(task_id="prepare_files", file_type=file_type, files=[file.to_xcom()])
    with pytest.raises(AirflowFailException) as raised:
        operator.execute(context(by))
    callbacks.record_task_error({**context(by), "exception": raised.value})
    run = failed_runs.EndedRun(by.dag_id, by.run_id, "")
    warehouse.transaction(lambda current: failed_runs.fail_files(current, run, file_type.name, file_type.table.name))

    [(status, why)] = query("SELECT status, status_reason FROM mng.files WHERE file_id = %s", (file.file_id,))
    assert (status, reason in why) == ("Fail", True), why
    assert query(f"SELECT COUNT(*) FROM {file_type.table.name}") == [(0,)]  # noqa: S608


def test_bomb_is_stopped_in_little_memory_and_leaves_nothing(s3: S3Client, warehouse: Warehouse) -> None:
    """A separate process, whose peak memory can be measured, applies the real limits."""
    bucket, key, body = settings.work_bucket(), "bomb/bomb.zip", bomb()
    s3.put_object(Bucket=bucket, Key=key, Body=body)

    done = subprocess.run(
        [sys.executable, "-c", MEASURED, bucket, key, str(len(body))],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins")},
        capture_output=True,
        text=True,
        check=True,
    )

    megabytes, _, reason = done.stdout.partition(" ")
    assert "unpacks to more than 200 times its size" in reason
    assert int(megabytes) < MOST_MEGABYTES
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="prepared/bomb")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket, Prefix="prepared/bomb")
