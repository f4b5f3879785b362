"""Guess the encoding of a text that is not UTF-8 by the places of its letters."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

# Of equally good ones the first, each with a codec of its common characters.
CANDIDATES = {
    "cp1252": "cp1252",
    "cp1251": "cp1251",
    "iso8859-15": "iso8859-15",
    "mac_roman": "mac_roman",
    "cp1254": "cp1254",
    "cp1250": "cp1250",
    "cp1253": "cp1253",
    "cp932": "shift_jis",
    "cp949": "euc_kr",
    "gb18030": "gb2312",
    "euc_jp": "euc_jp",
    "cp950": "big5",
}
_EAST_ASIAN = ("cp932", "cp949", "gb18030", "euc_jp", "cp950")
_WRONG = re.compile("[\udc80-\udcff]")
_RIGHT = re.compile("[^\x00-\x7f\udc80-\udcff]")
_FOREIGN = re.compile("[\xc0-\u024f]{3,}")  # so many accented letters in a row are another alphabet
_NEVER = re.compile("[\ufffd\x80-\x9f\xa4\u0192]")  # not decoded, control characters, and signs that nobody writes
_SIGNS = re.compile("[\xa1-\xbf]{2,}")  # signs in a row are the halves of other letters
_SCRIPTS = {
    "Cyrillic": re.compile("[\u0400-\u04ff]"),
    "Greek": re.compile("[\u0370-\u03ff]"),
    "Hangul": re.compile("[\uac00-\ud7a3]"),
    "kana": re.compile("[\u3040-\u30ff\uff66-\uff9f]"),
    "Han": re.compile("[\u3400-\u9fff]"),
}
_HALF_WIDTH = re.compile("[\uff66-\uff9f]")
_ICELANDIC = re.compile("[\xde\xf0\xfe]")  # such texts have vowels with an accent, too
_ACCENTS = re.compile("[\xe1\xe6\xe9\xed\xf3\xfa]", re.IGNORECASE)
_NOT_TURKISH = re.compile(
    "[\xc0-\u024f](?<![\xe7\xc7\xf6\xd6\xfc\xdc\xe2\xee\xfb\u011e\u011f\u0130\u0131\u015e\u015f])"
)
_FEW, _SOME = 0.1, 0.5
_INSIDE_WORDS = "\u2019\u2013\xb7"  # an apostrophe, a dash, a middle dot
_BESIDE_WORDS = _INSIDE_WORDS + (
    "\xa0\xa1\xa7\xa9\xaa\xab\xae\xb0\xba\xbb\xbf\u2018\u201a\u201c\u201d\u201e\u2014\u2026\u2039\u203a\u2122\u2022"
)
_SHOWN_CHARACTERS = 30


@dataclass(frozen=True)
class Encoding:
    """An encoding by the name that schemas have for it, and what a value reads like in it if it is a guess."""

    name: str = "utf-8"
    example: str = ""

    def as_loaded(self, word: str) -> str:
        """Return a word that was read as UTF-8 as a load reads it."""
        return word.encode("utf-8", "surrogateescape").decode(self.name, "replace") if self.example else word


def guess(texts: Collection[str], wrong: Sequence[str]) -> tuple[str, str]:
    """Return the encoding and an example, of texts some of which have bytes that are not UTF-8, as surrogates.

    The encoding is utf-8 if other letters of the texts are: two encodings in one file cannot be read as one.
    """
    raw = "\n".join(wrong).encode("utf-8", "surrogateescape")
    strange = {name: _strange_letters(raw, codec) for name, codec in CANDIDATES.items()}
    name = min(strange, key=lambda each: strange[each])
    # Halves of East Asian letters can be letters in UTF-8.
    share = _SOME if name in _EAST_ASIAN and not strange[name][0] else _FEW
    right_letters = sum(len(_RIGHT.findall(text)) for text in texts)
    if right_letters > sum(len(_WRONG.findall(text)) for text in texts) * share:
        return "utf-8", ""
    return name, Encoding(name, "x").as_loaded(wrong[0])[:_SHOWN_CHARACTERS]


def _strange_letters(raw: bytes, codec: str) -> tuple[int, int]:
    """Count what words do not have: signs inside, capitals after small letters, letters of two alphabets.

    Second, count letters that are rare.
    """
    text = raw.decode(codec, "replace")
    places = zip(f" {text}", text, f"{text[1:]} ", strict=False)
    strange = sum(_is_strange(*each) for each in places)
    strange += sum(len(run) for pattern in (_FOREIGN, _SIGNS) for run in pattern.findall(text))
    if codec in ("cp1252", "iso8859-15") and not _ACCENTS.search(text):
        strange += len(_ICELANDIC.findall(text))
    if codec == "cp1254":
        strange += len(_NOT_TURKISH.findall(text))
    if codec == "gb2312":
        strange += len(_SCRIPTS["kana"].findall(text))
    return strange, len(_HALF_WIDTH.findall(text))


def _is_strange(before: str, letter: str, after: str) -> bool:
    if letter.isascii():
        return False
    if _NEVER.match(letter):
        return True
    if not letter.isalpha():
        sides = before.isalpha() + after.isalpha()
        return letter < "\u3000" and sides > 0 and letter not in (_BESIDE_WORDS if sides == 1 else _INSIDE_WORDS)
    if script := _script(letter):
        others = {_script(each) for each in (before, after) if each.isalpha()} - {script}
        if script in ("Han", "kana"):
            return bool(others - {"Han", "kana"})
        is_alone = script != "Hangul" and not (before.isalpha() or after.isalpha())
        return is_alone or bool(others) or (before.islower() and letter.isupper())
    return before.islower() and letter.isupper()


def _script(letter: str) -> str:
    return next((name for name, pattern in _SCRIPTS.items() if pattern.match(letter)), "")
