"""A schema to fill in, with a comment at each key that a person decides."""

from __future__ import annotations

_ENDINGS = {"csv": "csv", "delimited": "txt", "json": "jsonl", "parquet": "parquet"}
_FORMATS = {
    "csv": """\
  header_lines: 1  # lines to skip, the last of which names the columns; without a header: 0
  # delimiter: ";"  # without it a comma
  # null_as: "NA"  # this text means NULL
  # compression: gzip  # none | gzip | bzip2 | zstd | zip
""",
    "delimited": """\
  delimiter: "|"  # one or several characters; \\\\t is a tab
  header_lines: 1  # lines to skip, the last of which names the columns; without a header: 0
  # removequotes: true  # values stand in quotes
  # escape: true  # a backslash makes the next character plain
  # compression: gzip  # none | gzip | bzip2 | zstd | zip
""",
    "json": """\
  # timeformat: auto  # for times like 2013-01-01T10:00:00Z
  # compression: gzip  # none | gzip | bzip2 | zstd | zip
""",
    "parquet": "",
}


def skeleton(name: str, kind: str = "csv") -> str:
    """Return the text of a schema that is good as it stands and says where it must be filled in."""
    return f"""\
# yaml-language-server: $schema=schema.json
# docs/schema.md explains every key; `./lakeport infer SAMPLE` writes this from a file.
description: "TO DO: what one row of {name} is"  # TO DO
owner: to-do@example.com  # TO DO: who answers for these files
landing:
  pattern: "{name}/{name}*.{_ENDINGS[kind]}"  # TO DO: a glob on the key in the landing bucket
format:
  type: {kind}
{_FORMATS[kind]}\
# table:
#   name: lake.{name}
#   sort_key: [id]
columns:  # TO DO: in the order of the file where it has no header
  - {{name: id, type: bigint, required: true, description: "TO DO"}}
  - {{name: name, type: varchar(64), description: "TO DO"}}
  - {{name: amount, type: "decimal(12,2)", description: "TO DO"}}
  - {{name: changed_at, type: timestamp, description: "TO DO"}}
# rejects: {{fail: 1%}}  # more rejected rows than this, and nothing is loaded; without it 0
# alerts: {{slack: "#data", email: [data@example.com]}}
"""
