"""Databases: each is a copy of one that has what Redshift has, and a session stays in the one it connected to."""

from collections.abc import Iterator, Sequence

from local.redshift.dialect.tokens import Edit, Token, upper_at
from local.redshift.protocol.errors import Refused

TEMPLATE = "lakeport_template"
SPARE = "lakeport_spare"
"""A copy that waits for its name in prepared data."""


def edits(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Return the edits for CREATE DATABASE; there are none for any other statement."""
    if [upper_at(tokens, 0), upper_at(tokens, 1)] != ["CREATE", "DATABASE"]:
        return
    for at in range(3, len(tokens)):
        word, after = upper_at(tokens, at), upper_at(tokens, at + 1)
        if word == "FROM":
            raise Refused("CREATE DATABASE ... FROM is not supported by this stand-in: it has no data shares")
        if word == "COLLATE":
            if after in ("CASE_INSENSITIVE", "CI"):
                raise Refused("COLLATE CASE_INSENSITIVE is not supported by this stand-in: compare lower(...) instead")
            yield Edit(tokens[at].start, tokens[min(at + 1, len(tokens) - 1)].end, "")
        elif word == "ISOLATION" and after == "LEVEL":
            if upper_at(tokens, at + 2) != "SNAPSHOT":
                raise Refused(
                    "CREATE DATABASE takes ISOLATION LEVEL SNAPSHOT here: use ALTER DATABASE for SERIALIZABLE"
                )
            yield Edit(tokens[at].start, tokens[at + 2].end, "")
        elif word == "LIMIT" and after == "UNLIMITED":
            yield Edit(tokens[at + 1].start, tokens[at + 1].end, "-1")
    yield Edit(tokens[-1].end, tokens[-1].end, f" TEMPLATE {TEMPLATE}")
