"""What is wrong with bytes that are not UTF-8, in Redshift's words, and how ACCEPTINVCHARS replaces them.

Fields arrive decoded with `surrogateescape`: a byte that is not UTF-8 is a lone surrogate U+DC80 to U+DCFF.
"""

import re

from local.redshift.protocol.errors import FieldError

_UNREADABLE = re.compile("[\udc80-\udcff]+")
_NONCHARACTERS = re.compile(
    "[\ufdd0-\ufdef" + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF)) + "]"
)
_ASCII_END, _CONTINUATION_END, _LONGEST_LEAD, _LEAD_END = 0x80, 0xC0, 0xF8, 0xFE
_SURROGATE_LEAD, _SURROGATE_FIRST = 0xED, 0xA0


def decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def printable(value: str) -> str:
    """Return text as the views hold it: a period for every character that is not ASCII."""
    return "".join(character if " " <= character <= "~" or character in "\t" else "." for character in value)


def repaired(value: str, replacement: str | None) -> str:
    """Return valid text: a replacement for each bad byte and noncharacter, or FieldError 1220 if there is none."""
    if value.isascii():
        return value
    if replacement is None:
        if found := _UNREADABLE.search(value):
            raise _unreadable(found.group(), is_at_end=found.end() == len(value))
        return value
    value = _UNREADABLE.sub(lambda found: replacement * len(found.group()), value)
    return _NONCHARACTERS.sub(lambda found: replacement * len(found.group().encode()), value)


def not_ascii(value: str) -> FieldError:
    """Describe a character that CHAR cannot hold."""
    first = next(character for character in value if not character.isascii())
    hexadecimal = first.encode("utf-8", "surrogateescape").hex(" ")
    hint = "Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: "
    return FieldError(1220, hint + hexadecimal)


def _unreadable(text: str, *, is_at_end: bool) -> FieldError:
    raw = text.encode("utf-8", "surrogateescape")
    lead = raw[0]
    reason = "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: "
    return FieldError(1220, f"{reason}{raw[: _claimed(lead)].hex(' ')} (error {_kind(raw, is_at_end=is_at_end)})")


def _claimed(lead: int) -> int:
    """Return how many bytes a lead byte announces."""
    return next((size for size, end in ((1, 0xC0), (2, 0xE0), (3, 0xF0), (4, _LONGEST_LEAD)) if lead < end), 1)


def _kind(raw: bytes, *, is_at_end: bool) -> int:
    """Return Redshift's number for what is wrong: 1 too long, 2 incomplete, 3 start, 4 continuation, 5 surrogate."""
    lead = raw[0]
    if _ASCII_END <= lead < _CONTINUATION_END or lead >= _LEAD_END:
        return 3
    if lead >= _LONGEST_LEAD:
        return 1
    if lead == _SURROGATE_LEAD and len(raw) > 1 and raw[1] >= _SURROGATE_FIRST:
        return 5
    if len(raw) < _claimed(lead):
        return 2 if is_at_end else 4
    return 8
