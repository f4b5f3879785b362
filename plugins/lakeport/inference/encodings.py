"""Guess the encoding of a text that is not UTF-8 by the places of its letters."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

CANDIDATES = ("cp1252", "cp1251", "mac_roman")  # of equally good ones the first
_WRONG = re.compile("[\udc80-\udcff]")
_RIGHT = re.compile("[^\x00-\x7f\udc80-\udcff]")
_FOREIGN = re.compile("[\xc0-\u024f]{3,}")  # so many accented letters in a row are another alphabet
_FEW = 0.1
_INSIDE_WORDS = "\u2019\u2013\xb7"  # an apostrophe, a dash, a middle dot
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
    right_letters = sum(len(_RIGHT.findall(text)) for text in texts)
    if right_letters > sum(len(_WRONG.findall(text)) for text in texts) * _FEW:
        return "utf-8", ""
    raw = "\n".join(wrong).encode("utf-8", "surrogateescape")
    name = min(CANDIDATES, key=lambda each: _strange_letters(raw.decode(each, "replace")))
    return name, Encoding(name, "x").as_loaded(wrong[0])[:_SHOWN_CHARACTERS]


def _strange_letters(text: str) -> int:
    """Count what words do not have: signs inside, capitals after small letters, letters of two alphabets."""
    places = zip(f" {text}", text, f"{text[1:]} ", strict=False)
    return sum(_is_strange(*each) for each in places) + sum(len(run) for run in _FOREIGN.findall(text))


def _is_strange(before: str, letter: str, after: str) -> bool:
    if letter.isascii():
        return False
    if not letter.isalpha():
        return before.isalpha() and after.isalpha() and letter not in _INSIDE_WORDS
    if _is_cyrillic(letter):
        neighbours = [each for each in (before, after) if each.isalpha()]
        return not neighbours or not all(map(_is_cyrillic, neighbours))
    return before.islower() and letter.isupper()


def _is_cyrillic(letter: str) -> bool:
    return "\u0400" <= letter <= "\u04ff"
