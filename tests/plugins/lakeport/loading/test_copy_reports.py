"""How many rows a COPY rejected, by its notices."""

import pytest

from lakeport.loading.copy_reports import rejected_in_notices

LOADED = "INFO:  Load into table 't' completed, 4 record(s) loaded successfully.\n"
REJECTED = "INFO:  Load into table 't' completed, 3 record(s) could not be loaded.  Check 'sys_load_error_detail'.\n"
REPLACED = "INFO:  Load into table 't' completed, 1 record(s) were loaded with replacements made for ACCEPTINVCHARS.\n"


@pytest.mark.parametrize(
    ("notices", "rejected"),
    [
        ([LOADED], 0),
        ([LOADED, REJECTED], 3),
        ([LOADED, REPLACED], 0),
        (["NOTICE:  table is analyzed\n", LOADED], 0),
        ([], None),
        (["NOTICE:  table is analyzed\n"], None),
        ([LOADED, "INFO:  Load into table 't' completed, 3 rows were skipped.\n"], None),
        ([LOADED, "WARNING:  3 errors were ignored, see sys_load_error_detail\n"], None),
        ([LOADED, REJECTED, REJECTED.replace("3", "2")], None),
    ],
)
def test_number_of_rejected_rows_is_unknown_unless_the_notices_count_them(
    notices: list[str], rejected: int | None
) -> None:
    """Words that AWS does not document must not mean "none": the views are asked for the number then."""
    assert rejected_in_notices(notices) == rejected
