"""Users, groups and roles: Redshift's attributes as PostgreSQL takes them. A group is a role that cannot log in."""

from collections.abc import Iterator, Sequence

from local.redshift.dialect.tokens import Edit, Kind, Token, upper_at
from local.redshift.protocol.errors import Refused

_DROPPED = {"SYSLOG": 3, "SESSION": 3, "EXTERNALID": 2}
"""Attributes without a counterpart here, and how many words they have."""
_SHORTEST_PASSWORD, _LONGEST_PASSWORD = 8, 64


def edits(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Return the edits for statements on users, roles and privileges; there are none for any other."""
    match upper_at(tokens, 0), upper_at(tokens, 1):
        case (("CREATE" | "ALTER"), "USER"):
            yield from _user(tokens)
        case (("CREATE" | "ALTER" | "DROP"), "ROLE"):
            yield from _role(tokens)
        case (("GRANT" | "REVOKE"), _):
            yield from _grant(tokens)


def _user(tokens: Sequence[Token]) -> Iterator[Edit]:
    at = 3
    while at < len(tokens):
        word, after = upper_at(tokens, at), upper_at(tokens, at + 1)
        if word == "PASSWORD" and after == "DISABLE":
            yield Edit(tokens[at + 1].start, tokens[at + 1].end, "NULL")
        elif word == "PASSWORD" and at + 1 < len(tokens) and tokens[at + 1].kind is Kind.TEXT:
            _check_password(tokens[at + 1].string())
        elif word in ("CREATEUSER", "NOCREATEUSER"):
            yield Edit(tokens[at].start, tokens[at].end, word.replace("USER", "ROLE"))
        elif word in _DROPPED:
            end = at + _DROPPED[word] - (word == "SESSION" and upper_at(tokens, at + 2) != "TO" and after != "TIMEOUT")
            yield Edit(tokens[at].start, tokens[min(end, len(tokens)) - 1].end, "")
            at = end - 1
        elif word == "CONNECTION" and after == "LIMIT" and upper_at(tokens, at + 2) == "UNLIMITED":
            yield Edit(tokens[at + 2].start, tokens[at + 2].end, "-1")
        at += 1


def _check_password(password: str) -> None:
    """A password has 8 to 64 characters, with an upper-case letter, a lower-case letter and a digit."""
    if password.startswith(("md5", "sha256")):
        return
    has_all = all(any(test(letter) for letter in password) for test in (str.isupper, str.islower, str.isdigit))
    if not (_SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD and has_all):
        raise Refused(
            "password must be 8 to 64 characters long and contain an uppercase letter, a lowercase letter and a digit"
        )


def _role(tokens: Sequence[Token]) -> Iterator[Edit]:
    for at in range(3, len(tokens)):
        if upper_at(tokens, at) == "WITH" and upper_at(tokens, at + 1) == "RENAME":
            yield Edit(tokens[at].start, tokens[at].end, "")
        is_external = "EXTERNALID" in (upper_at(tokens, at), upper_at(tokens, at - 1))
        if is_external or (upper_at(tokens, 0) == "DROP" and upper_at(tokens, at) in ("FORCE", "RESTRICT")):
            yield Edit(tokens[at].start, tokens[at].end, "")


def _grant(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Drop the word ROLE before names, and the privileges that only Redshift has."""
    for at, token in enumerate(tokens):
        before = upper_at(tokens, at - 1)
        if token.upper == "ROLE" and before in ("TO", "FROM", ",", "GRANT", "REVOKE", "FOR"):
            yield Edit(token.start, token.end, "")
        elif token.upper == "TABLES" and before == "SHARED":
            raise Refused("SHARED TABLES is not supported by this stand-in")
    words = [token.upper for token in tokens]
    listed = words[1 : words.index("ON")] if "ON" in words else []
    for name in ("ASSUMEROLE", "ALTER", "DROP"):
        if name in listed:
            raise Refused(f"GRANT {name} is not supported by this stand-in")
