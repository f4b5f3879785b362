"""Every statement the code names is a file, every file is named by the code, and values are bound."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lakeport import settings
from lakeport.redshift.sql_files import statement
from lakeport.redshift.statements import keywords

CODE = "\n".join(path.read_text() for path in Path(settings.__file__).parent.rglob("*.py"))
NAMED = sorted(set(re.findall(r'"((?:load|mng)/[a-z_]+)"', CODE)))
FILES = sorted(str(path.relative_to(settings.sql_folder()))[:-4] for path in settings.sql_folder().glob("[lm]*/*.sql"))


@pytest.mark.parametrize("name", NAMED)
def test_named_statement_is_a_file(name: str) -> None:
    assert statement(name).strip()


def test_no_statement_lies_about_unused() -> None:
    assert NAMED == FILES


@pytest.mark.parametrize("name", FILES)
def test_percent_signs_are_bound_values_only(name: str) -> None:
    """psycopg2 reads each % of a statement with values."""
    assert re.sub(r"%\([a-z_]+\)s|VALUES %s", "", statement(name)).count("%") == 0


def test_missing_statement_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        statement("mng/nowhere")


@pytest.mark.parametrize("text", ["VARCHAR(65535)", "DOUBLE PRECISION", "DECIMAL(10, 2)", "MAXERROR 100000"])
def test_keywords_are_not_quoted(text: str) -> None:
    assert keywords(text).string == text


@pytest.mark.parametrize(
    "text", ["", "INT; DROP TABLE t", "INT'", 'INT"', "INT--", "INT/*", "INT\n", "$$", "INT {}", "É"]
)
def test_characters_that_could_end_a_keyword_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        keywords(text)
