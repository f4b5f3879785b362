"""Recognize SQL transforms that make exactly one row of each row, whatever the other rows are.

Only queries of one shape are recognized, `SELECT <expressions> FROM {stage}` with known functions of single values; a
query that is not recognized is applied to each file by itself, which is always right.
"""

from __future__ import annotations

import re

from lakeport.schema.sql_text import code_of, query_in

_SHAPE = re.compile(
    r"\s*select\s(?P<expressions>.*)\sfrom\s+\{stage\}(\s+(as\s+)?[a-z_]\w*)?\s*", re.IGNORECASE | re.DOTALL
)
_OTHER_ROWS = re.compile(r"\b(all|distinct|exists|join|over|select|top|where)\b|[{}\[\]]|%\(", re.IGNORECASE)
_CALL = re.compile(r"([\w.]+)\s*\(")
_UNKNOWN_QUOTES = re.compile(r"\\'|\$\w*\$")
"""Quotes that `code_of` does not know: what it takes for text may then be code."""
_WORDS = """
    abs and as ascii bpchar btrim case cast ceil ceiling char char_length character charindex chr coalesce concat
    convert convert_timezone crc32 date date_part date_trunc dateadd datediff datepart decimal decode div else
    extract floor getdate greatest in initcap int isnull json_extract_array_element_text json_extract_path_text
    last_day left len length least lower lpad ltrim md5 mod months_between not nullif numeric nvl nvl2 octet_length
    or position power regexp_count regexp_instr regexp_replace regexp_substr repeat replace reverse right round rpad
    rtrim sha1 sha2 sign split_part sqrt strpos strtol substr substring then time timestamp timestamptz to_char
    to_date to_number to_timestamp translate trim trunc upper varchar when
    """
"""Functions of single values, types, and keywords before a parenthesis."""


def has_unknown_quotes(text: str) -> bool:
    """Return whether a text has a quote after a backslash, or quotes of dollars."""
    return bool(_UNKNOWN_QUOTES.search(text))


def is_row_by_row(text: str) -> bool:
    """Return whether a transform's query makes one row of each row of the stage, from that row alone."""
    found = _SHAPE.fullmatch(code_of(query_in(text)))
    if not found or has_unknown_quotes(text) or _OTHER_ROWS.search(found["expressions"]):
        return False
    quoted_calls = re.search(r'"\s*\(', text)
    known = set(_WORDS.split())
    return not quoted_calls and all(name.lower() in known for name in _CALL.findall(found["expressions"]))
