"""The authorization of COPY and UNLOAD: required in one of Redshift's forms, though a laptop does not check it."""

import re

from local.redshift.dialect import grammar
from local.redshift.dialect.grammar import Argument, Reader
from local.redshift.protocol.errors import SYNTAX_ERROR, CopyError, Refused

_ARN = r"arn:aws[\w-]*:iam::\d+:role/[^\s,]+"
_ROLES = re.compile(rf"{_ARN}(,{_ARN})*|SESSION|session")
_CREDENTIALS = re.compile(
    rf"aws_iam_role={_ARN}(,{_ARN})*"
    r"|aws_access_key_id=[^\s;]+;aws_secret_access_key=[^\s;]+(;token=[^\s;]+)?(;master_symmetric_key=[^\s;]+)?"
)
_KEYS = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "TOKEN")


def _role(reader: Reader) -> str:
    """Read DEFAULT, which is a word and no string, or the chain of roles, which holds no blanks."""
    if reader.took("DEFAULT"):
        return "default"
    roles = reader.string()
    if not _ROLES.fullmatch(roles):
        raise CopyError(
            f"Invalid IAM_ROLE '{roles}'. Use the word default, 'SESSION', or role ARNs joined by commas without blanks"
        )
    return roles


def _credentials(reader: Reader) -> str:
    text = reader.string()
    if not _CREDENTIALS.fullmatch(text):
        raise CopyError(
            "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...'"
            " or 'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'"
        )
    return text


ARGUMENTS: dict[str, Argument] = {
    "IAM_ROLE": _role,
    "CREDENTIALS": _credentials,
    **dict.fromkeys(_KEYS, Reader.string),
}


def options(reader: Reader, arguments: dict[str, Argument], statement: str) -> dict[str, str]:
    """Read all options, and take out those that authorize: there must be one way, and it must be whole."""
    given = grammar.options(reader, arguments | ARGUMENTS)
    ways = {"ACCESS_KEY_ID" if name in _KEYS else name for name in given if name in ARGUMENTS}
    is_whole = ways != {"ACCESS_KEY_ID"} or {"ACCESS_KEY_ID", "SECRET_ACCESS_KEY"} <= given.keys()
    if len(ways) != 1 or not is_whole:
        needed = "needs one of IAM_ROLE, CREDENTIALS or ACCESS_KEY_ID with SECRET_ACCESS_KEY"
        raise Refused(f"{statement} {needed}", sqlstate=SYNTAX_ERROR)
    return {name: value for name, value in given.items() if name not in ARGUMENTS}
