"""The language of `landing.pattern`: globs and captures over an object's key.

Matching is linear in the key, so that no key makes a pattern slow.
"""

from __future__ import annotations

import re
import time
from fnmatch import translate
from functools import lru_cache
from typing import Any

_CAPTURE = re.compile(r"\{([a-z_][a-z0-9_]*)(?::([^{}/]*))?\}")


_TOKEN = re.compile(_CAPTURE.pattern + r"|\*+|\[!?\]?[^\]]*\]|.", re.DOTALL)


_DIGITS = {
    "%Y": r"\d{4}",
    "%m": r"(?:0[1-9]|1[0-2])",
    "%d": r"(?:0[1-9]|[12]\d|3[01])",
    "%H": r"(?:[01]\d|2[0-3])",
    "%M": r"[0-5]\d",
    "%S": r"[0-5]\d",
}


_ENCRYPTED = (".pgp", ".gpg", ".asc")


_NOTHING = re.compile(r"(?!)")


def captured(pattern: str, key: str) -> dict[str, str] | None:
    """Return what the pattern captures in a key, or None if the key does not match.

    It is matched folder by folder, going back only to the last `**`, so that no key makes a pattern slow.
    """
    steps, names = _steps(pattern), key.split("/")
    found: dict[int, re.Match[str]] = {}
    step = name = 0
    after_folders: tuple[int, int] | None = None
    while name < len(names):
        folder = steps[step] if step < len(steps) else _NOTHING
        if folder is None:
            step += 1
            after_folders = (step, name)
        elif match := folder.match(names[name]):
            found[step] = match
            step, name = step + 1, name + 1
        elif after_folders:
            step, name = after_folders = (after_folders[0], after_folders[1] + 1)
        else:
            return None
    if any(steps[step:]):
        return None
    values = {name: value for match in found.values() for name, value in match.groupdict().items()}
    return values if all(_is_date(pattern, *each) for each in values.items()) else None


def rank(pattern: str, key: str, name: str) -> tuple[Any, ...]:
    """Return what the key has for a capture as something to compare: dates by time, numbers by value, then texts."""
    value = (captured(pattern, key) or {}).get(name, "")
    format_ = capture_formats(pattern)[name]
    if format_:
        return tuple(time.strptime(value, format_)[:6]) if value else ()
    return (value.isdecimal(), int(value) if value.isdecimal() else 0, value)


def capture_formats(pattern: str) -> dict[str, str]:
    """Return the pattern's captures with their date formats, which are empty for plain ones.

    Raises ValueError if a brace is not part of a capture, or if a date's format has a code that keys cannot hold.
    """
    rest = _CAPTURE.sub("", pattern)
    if set(rest) & set("{}"):
        raise ValueError(
            "has a brace that is not a capture; captures are {name} and {date:%Y-%m-%d}, named in lower-case letters"
        )
    found = [(match[1], match[2] or "") for match in _CAPTURE.finditer(pattern)]
    names = [name for name, _ in found]
    if len(set(names)) < len(names):
        raise ValueError(f"captures {max(names, key=names.count)} twice; give each capture its own name")
    for name, format_ in found:
        unknown = set(re.findall("%.?", format_)) - set(_DIGITS)
        if unknown or (format_ and "%" not in format_):
            raise ValueError(
                f"has {{{name}:{format_}}}; a date is written with {' '.join(_DIGITS)} and the characters between them"
            )
    return dict(found)


def _is_date(pattern: str, name: str, value: str) -> bool:
    format_ = capture_formats(pattern)[name]
    try:
        return not format_ or bool(time.strptime(value, format_))
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def _steps(pattern: str) -> tuple[re.Pattern[str] | None, ...]:
    parts = pattern.split("/")
    parts += ["*"] if parts[-1] == "**" else []
    return tuple(None if part == "**" else re.compile(_expression(part)) for part in parts)


def _expression(part: str) -> str:
    """Translate one folder or name of a pattern.

    As fnmatch does, each `*` and each capture but the last takes as little as it can and never gives it back: what
    follows it is of fixed length, so no other choice would fit either.
    """
    gaps, fixed = [("", "")], [""]
    for match in _TOKEN.finditer(part):
        name, format_, token = match[1], match[2], match[0]
        if token[0] == "*":
            gaps, fixed = [*gaps, (".*", "")], [*fixed, ""]
        elif name and not format_:
            gaps, fixed = [*gaps, (f"(?P<{name}>.+", ")")], [*fixed, ""]
        else:
            fixed[-1] += f"(?P<{name}>{_date_expression(format_)})" if name else _one_character(token)
    pieces = [(start + "?" * bool(start) + end, text) for (start, end), text in zip(gaps, fixed, strict=True)]
    early = "".join(f"(?>{gap}{text})" for gap, text in pieces[:-1])
    return f"(?s:{early}{''.join(gaps[-1])}{fixed[-1]})\\Z"


def _date_expression(format_: str) -> str:
    return "".join(_DIGITS.get(piece) or re.escape(piece) for piece in re.findall("%.|[^%]", format_))


def _one_character(token: str) -> str:
    return translate(token).removeprefix("(?s:").rpartition(")")[0]


def without_encryption(name: str) -> str:
    """Return a name in lower case without the ending of an OpenPGP file; before it is that of the compression."""
    return name[: -len(_ENCRYPTED[0])] if name.endswith(_ENCRYPTED) else name
