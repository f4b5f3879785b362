"""Shared by the tests of preparing: prepare a landed file and return its objects."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from lakeport.model import CopySource
from lakeport.preparing import prepare as preparing
from tests.support.buckets import WORK, Prepare, land
from tests.support.file_types import make_file_type

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def prepare(s3: S3Client) -> Prepare:
    """Prepare a file and return the content of each object by its member's name."""

    def run(body: bytes | CopySource, **format_: Any) -> dict[str, bytes]:
        columns = format_.pop("columns", None)
        file_type = make_file_type(format={"type": "csv", **format_}, **({"columns": columns} if columns else {}))
        source = body if isinstance(body, CopySource) else land(s3, body, file_type.format.compression)
        prefix = f"prepared/{uuid.uuid4().hex}"
        made = preparing.listed(s3, WORK, preparing.prepare(s3, file_type, source, WORK, prefix))
        assert [each.key for each in made] == [f"{prefix}/{number + 1}" for number in range(len(made))]
        contents = {each.member: s3.get_object(Bucket=WORK, Key=each.key)["Body"].read() for each in made}
        assert [each.size_bytes for each in made] == [len(content) for content in contents.values()]
        assert {(each.bucket, each.compression, each.version_id) for each in made} <= {(WORK, "none", None)}
        return contents

    return run
