"""What a schema may check, and the errors of checks that are not possible."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.file_types import make_file_type


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("", "is not a single SQL condition"),
        ("id > 0; DROP TABLE x", "is not a single SQL condition"),
        ("id > 0) OR (1 = 1", "is not a single SQL condition"),
        ("id > 0 -- ever", "is not a single SQL condition"),
        ("id > 0 /* ever", "is not a single SQL condition"),
        ("city = 'Bern", "is not a single SQL condition"),
        (
            {},
            "union_tag_not_found",
        ),
        ({"unique": ["id"], "not_null": ["id"]}, "union_tag_not_found"),
        ({"unique": []}, "at least 1 item"),
        ({"unique": ["town"]}, "unknown columns: town"),
        ({"accepted_values": {"column": "town", "values": [1]}}, "unknown columns: town"),
        ({"accepted_values": {"column": "id", "values": []}}, "at least 1 item"),
        ({"row_count": {"min": 2, "max": 1}}, "is 1, which is less than min"),
        ({"row_count": {"min": -1}}, "greater than or equal to 0"),
        ({"freshness": {"column": "id", "within": "1d"}}, "date, timestamp, timestamptz; of another type: id"),
        ({"freshness": {"column": "id", "within": "1w"}}, "'1w' is not an age; write a number with m, h or d"),
        ({"uniq": ["id"]}, "union_tag_not_found"),
    ],
    ids=str,
)
def test_wrong_check_is_reported(check: Any, message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        make_file_type(checks=["id > 0", check])
    assert message in str(raised.value)
