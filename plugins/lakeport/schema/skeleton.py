"""A schema to fill in, with a comment at each key that a person decides."""

from __future__ import annotations

_ENDINGS = {"csv": "csv", "delimited": "txt", "json": "jsonl", "parquet": "parquet"}
_ENDINGS |= {"fixed_width": "txt", "orc": "orc", "avro": "avro", "xlsx": "xlsx", "xml": "xml"}
_COLUMNS = [("id", "bigint", True, 12), ("name", "varchar(64)", False, 64), ("amount", '"decimal(12,2)"', False, 14)]
_COLUMNS += [("changed_at", "timestamp", False, 19)]
SELECT_ALL = (
    "select: all  # each file adds rows; with newest, only the newest of the files that wait together is loaded"
)
"""The line of `landing` that keeps every file of a table to which each file adds rows."""
_FORMATS = {
    "csv": """\
  header_lines: 1  # lines to skip, the last of which names the columns; without a header: 0
  # delimiter: ";"  # without it a comma
  # null_as: "NA"  # this text means NULL
  # compression: gzip  # none | gzip | bzip2 | lzop | zstd | zip | tar | tar.gz
""",
    "delimited": """\
  delimiter: "|"  # one or several characters; \\\\t is a tab
  header_lines: 1  # lines to skip, the last of which names the columns; without a header: 0
  # removequotes: true  # values are in quotes
  # escape: true  # a backslash makes the next character plain
  # compression: gzip  # none | gzip | bzip2 | lzop | zstd | zip | tar | tar.gz
""",
    "json": """\
  # timeformat: auto  # for times like 2013-01-01T10:00:00Z
  # compression: gzip  # none | gzip | bzip2 | lzop | zstd | zip | tar | tar.gz
""",
    "parquet": "",
    "fixed_width": """\
  # header_lines: 1  # lines to skip
  # null_as: "NA"  # this text means NULL
  # compression: gzip  # none | gzip | bzip2 | lzop | zstd | zip | tar | tar.gz
""",
    "orc": "",
    "avro": """\
  # ignorecase: true  # the case of the records' names does not count
""",
    "xlsx": """\
  header_lines: 1  # rows to skip, the last of which names the columns; without a header: 0
  # sheet: "Sheet1"  # without it the first
""",
    "xml": """\
  row: row  # TO DO: the name of the element that is a row
  # compression: gzip  # none | gzip | bzip2 | lzop | zstd | zip | tar | tar.gz
""",
}


def skeleton(name: str, kind: str = "csv") -> str:
    """Return the text of a valid schema with comments where it must be filled in."""
    return f"""\
# yaml-language-server: $schema=schema.json
# docs/schema.md explains every key; `./lakeport infer SAMPLE` writes this from a file.
description: "TO DO: what one row of {name} is"  # TO DO
owner: to-do@example.com  # TO DO: who is responsible for these files
landing:
  pattern: "{name}/{name}*.{_ENDINGS[kind]}"  # TO DO: a glob on the key in the landing bucket
  {SELECT_ALL}
format:
  type: {kind}
{_FORMATS[kind]}\
# table:
#   name: lake.{name}
#   sort_key: [id]
columns:  # TO DO: in the order of the file where it has no header
{_columns(kind)}# rejects: {{fail: 1%}}  # more rejected rows than this, and nothing is loaded; without it 0
# alerts: {{slack: "#data", email: [data@example.com]}}
"""


def _columns(kind: str) -> str:
    lines = []
    for name, type_, is_required, width in _COLUMNS:
        more = ", required: true" if is_required else ""
        more += f", width: {width}" if kind == "fixed_width" else ""
        lines.append(f'  - {{name: {name}, type: {type_}{more}, description: "TO DO"}}\n')
    return "".join(lines)
