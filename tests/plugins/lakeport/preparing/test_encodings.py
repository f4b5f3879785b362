"""Text in any encoding becomes UTF-8 line by line; an invalid character rejects only its row."""

from __future__ import annotations

import codecs
import encodings
import gzip
import io
import pkgutil

import pytest

from lakeport.errors import UnloadableFile
from lakeport.preparing.prepare import converted
from lakeport.schema.encodings import checked_encoding
from tests.support.buckets import Prepare
from tests.support.file_types import make_file_type
from tests.support.golden import raises_golden


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "id,city\n1,Zürich ‰ €\r\n"),
        ("iso8859_15", "1,Œuvre €\n"),
        ("cp437", "1,╔═╗ ñ\n"),
        ("shift_jis", "1,東京\n"),
        ("gb18030", "1,北京 🛫\n"),
        ("euc_kr", "1,서울\n"),
        ("utf-32", "1,🛫\n"),
        ("utf-7", "1,Zürich\n"),
        ("utf_8_sig", "1,Zürich\n"),
        ("cp500", "1,Bern\n"),
    ],
)
def test_text_becomes_utf8(prepare: Prepare, encoding: str, text: str) -> None:
    assert prepare(text.encode(encoding), encoding=encoding) == {"": text.encode()}


def test_character_over_two_pieces_is_whole(prepare: Prepare) -> None:
    text = "x" + "東" * 2_000_000

    assert prepare(text.encode("shift_jis"), encoding="shift_jis") == {"": text.encode()}


def test_byte_that_is_not_a_character_stays_invalid(prepare: Prepare) -> None:
    """COPY then rejects its row, or replaces it if acceptinvchars is set."""
    assert prepare(b"1,a\x81b\n2,\x80\n", encoding="cp1252") == {"": b"1,a\xffb\n2,\xe2\x82\xac\n"}
    assert prepare("1,é\n".encode(), encoding="ascii") == {"": b"1,\xff\xff\n"}
    assert prepare(b"1,\x93", encoding="shift_jis") == {"": b"1,\xff"}


def test_compressed_text_is_unpacked_first(prepare: Prepare) -> None:
    body = gzip.compress("1,Zürich\n".encode("cp1252"))

    assert prepare(body, encoding="cp1252", compression="gzip") == {"": "1,Zürich\n".encode()}


def test_truncated_compressed_text_is_refused(prepare: Prepare) -> None:
    body = gzip.compress(b"1,Bern\n" * 1000)[:-9]

    with raises_golden(UnloadableFile, "preparing", "truncated gzip", "trips.dat", "gzip"):
        prepare(body, encoding="cp1252", compression="gzip")


def test_half_a_wide_character_is_invalid(prepare: Prepare) -> None:
    assert prepare("a".encode("utf-32-le") + b"b", encoding="utf-32-le") == {"": b"a\xff"}


def test_every_codec_of_python_converts_or_is_refused() -> None:
    """Codecs of Python may read and write any type; only those for text are accepted."""
    names = {module.name for module in pkgutil.iter_modules(encodings.__path__)} - {"aliases", "mbcs", "oem"}
    taken = set()
    for name in sorted(names):
        try:
            encoding = checked_encoding(name)
        except ValueError:
            continue
        taken.add(name)
        body = "1,Bern\n".encode("utf-8" if encoding == "utf8" else codecs.lookup(name).name)
        for piece in (body, bytes(range(256))):
            if encoding not in ("utf8", "utf16", "utf16le", "utf16be", "iso88591"):
                try:
                    file_type = make_file_type(format={"type": "csv", "encoding": encoding})
                    assert converted(io.BytesIO(piece), file_type, "").read() == b"1,Bern\n" or piece != body
                except UnloadableFile:
                    assert piece != body
    assert {"cp1252", "shift_jis", "koi8_r", "mac_roman", "big5"} <= taken
    refused = names - taken
    assert refused == {
        *("base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec"),
        *("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "charmap"),
    }
