"""Reading schemas: every problem at once, with its line; no file, however hostile, raises anything but SchemaError."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lakeport
from lakeport.errors import SchemaError
from lakeport.schema.reader import read_file_type, schema_paths
from lakeport.schema.strict_yaml import values_of
from tests.support.golden import golden

GOOD = """\
description: Trips, one row per trip.
owner: tests
landing:
  pattern: "trips/*.csv"
format:
  type: csv
columns:
  - {name: id, type: integer, required: true}
  - {name: city, type: varchar(8)}
"""
ALL_KEYS = "allowed: description, owner, landing, format, table, transform, columns, drift, lossy, rejects, checks, "
ALL_KEYS += "schedule, wait, retries, retry_delay, pool, alerts"

ProblemsOf = Callable[..., list[str]]


@pytest.fixture
def problems_of(tmp_path: Path) -> ProblemsOf:
    """Write a schema and return what is wrong with it."""

    def run(text: str | bytes, name: str = "trips.yaml") -> list[str]:
        path = tmp_path / "schemas" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(SchemaError) as raised:
            read_file_type(path)
        return list(raised.value.problems)

    return run


def test_good_schema_becomes_its_file_type(tmp_path: Path) -> None:
    (tmp_path / "trips.yaml").write_text(GOOD)

    file_type = read_file_type(tmp_path / "trips.yaml")

    assert (file_type.name, file_type.table.name, file_type.column_names) == ("trips", "lake.trips", ("id", "city"))


@pytest.mark.parametrize(
    "text", ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), "---\n" + GOOD, "# !tag &anchor\n" + GOOD]
)
def test_what_editors_add_changes_nothing(tmp_path: Path, text: str) -> None:
    """A byte order mark, Windows line ends, a document start, and marks inside a comment."""
    (tmp_path / "trips.yaml").write_bytes(text.encode())

    assert read_file_type(tmp_path / "trips.yaml").column_names == ("id", "city")


def test_an_equals_sign_is_a_text() -> None:
    assert values_of("=: =\ndelimiter: =\n") == {"=": "=", "delimiter": "="}


def test_all_problems_of_a_file_are_reported_together(problems_of: ProblemsOf) -> None:
    """Fields, formats, columns and the file's own name: so a schema is fixed in one round."""
    text = """\
descripton: Trips.
owner: 5
name: trips
landing:
  pattern: /trips/*.csv
format:
  type: csv
  escape: true
table:
  sort_key: [id, year]
columns:
  - {name: id, type: varchr(20)}
  - {name: City, type: varchar(8), requird: true}
drift: adds
retries: 11
wait: {every: 30s, fro: 10m}
"""
    found = problems_of(text)
    assert [problem.split(": ")[:2] for problem in found] == [
        ["schemas/trips.yaml:3", "name"],
        ["schemas/trips.yaml:1", "description"],
        ["schemas/trips.yaml:2", "owner"],
        ["schemas/trips.yaml:5", "landing.pattern"],
        ["schemas/trips.yaml:8", "format.escape"],
        ["schemas/trips.yaml:12", "columns[0].type"],
        ["schemas/trips.yaml:13", "columns[1].name"],
        ["schemas/trips.yaml:13", "columns[1].requird"],
        ["schemas/trips.yaml:14", "drift"],
        ["schemas/trips.yaml:16", "wait.fro"],
        ["schemas/trips.yaml:15", "retries"],
        ["schemas/trips.yaml:1", "descripton"],
    ]
    golden("schema", "all problems of a file", "\n".join(found))


def test_columns_are_checked_though_other_keys_are_wrong(problems_of: ProblemsOf) -> None:
    text = GOOD.replace("owner: tests\n", "").replace("name: city", "name: id")

    assert [problem.split(": ")[:2] for problem in problems_of(text)] == [
        ["schemas/trips.yaml:1", "owner"],
        ["schemas/trips.yaml:6", "columns"],
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "schemas/trips.yaml:"),
        ("# nothing yet\n", "schemas/trips.yaml:"),
        ("- a\n- b\n", "schemas/trips.yaml:"),
        ("just words", "schemas/trips.yaml:"),
        (GOOD + "owner: again\n", "schemas/trips.yaml:10: 'owner'"),
        (GOOD.replace("name: id,", "name: id, name: no,"), "schemas/trips.yaml:8: 'name'"),
        (GOOD + "x: &a 1\n", "schemas/trips.yaml:10: anchors"),
        (GOOD + "x: *a\n", "schemas/trips.yaml:10: "),
        (GOOD + "x: !!python/object/apply:os.system [id]\n", "schemas/trips.yaml:10: tags"),
        (GOOD + "x: !!bool maybe\n", "schemas/trips.yaml:10: tags"),
        (GOOD + "x: !!int ''\n", "schemas/trips.yaml:10: tags"),
        (GOOD + "x: !!timestamp never\n", "schemas/trips.yaml:10: tags"),
        (GOOD + "x: ! y\n", "schemas/trips.yaml:10: tags"),
        (GOOD + "? [a, b]\n: c\n", "schemas/trips.yaml:10: "),
        (GOOD + "{a: b}: c\n", "schemas/trips.yaml:10: "),
        (GOOD + "x: [\n", "schemas/trips.yaml:11: "),
        (GOOD + "---\n" + GOOD, "schemas/trips.yaml:10: "),
        (GOOD + "x: " + "[" * 30 + "]" * 30, "schemas/trips.yaml:10: x: unknown key; " + ALL_KEYS),
        (GOOD + "x: " + "[" * 600 + "]" * 600, "schemas/trips.yaml:10: is nested more than 20"),
        (
            GOOD + "x: 2013-13-45\n",
            "schemas/trips.yaml:10: YAML reads 2013-13-45",
        ),
        (GOOD + "1: x\n", "schemas/trips.yaml:10: unknown key 1"),
        (GOOD + "owners: me\n", "schemas/trips.yaml:10: owners: "),
        (GOOD + "table:\n", "schemas/trips.yaml:10: table: "),
        (
            GOOD + "alerts: {email: a@b}\n",
            "schemas/trips.yaml:10: alerts.email: is 'a@b'",
        ),
        (
            GOOD.replace("name: id", "name: yes"),
            "schemas/trips.yaml:8: columns[0].name: is yes",
        ),
        (
            GOOD.replace("Trips, one row per trip.", '"a\\0b"'),
            "schemas/trips.yaml:1: description: contains a NUL",
        ),
        (
            GOOD + 'alerts: {email: ["a\\0@b"]}\n',
            "schemas/trips.yaml:10: alerts.email[0]: contains a NUL",
        ),
        (
            GOOD.replace("type: csv", 'type: csv\n  null_as: "a\\0"'),
            "schemas/trips.yaml:7: format.null_as: contains a NUL",
        ),
    ],
)
def test_wrong_schema_is_reported_with_place_and_value(problems_of: ProblemsOf, text: str, problem: str) -> None:
    [found] = problems_of(text)

    assert found.startswith(problem)


def test_unknown_landing_bucket_is_refused_where_the_buckets_are_known(
    problems_of: ProblemsOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = GOOD.replace("landing:", "landing:\n  bucket: partnrs", 1)
    monkeypatch.setenv("LAKEPORT_LANDING_BUCKET", "first")
    monkeypatch.setenv("LAKEPORT_LANDING_BUCKETS", "partners=second")
    [problem] = problems_of(text)
    golden("schema", "unknown landing bucket", problem)

    monkeypatch.delenv("LAKEPORT_LANDING_BUCKET")
    assert read_file_type(tmp_path / "schemas" / "trips.yaml").landing.bucket == "partnrs"


@pytest.mark.parametrize("data", [b"\xff\xfe", GOOD.encode("utf-16"), GOOD.encode() + b"x: \xe9\n", b"owner: a\0b\n"])
def test_file_that_is_not_utf8_text_is_refused(problems_of: ProblemsOf, data: bytes) -> None:
    [found] = problems_of(data)

    assert found.startswith("schemas/trips.yaml: is not valid YAML in UTF-8: ")
    assert "\n" not in found


def test_huge_file_is_refused_unread(problems_of: ProblemsOf) -> None:
    assert problems_of("x" * 1_000_001) == ["schemas/trips.yaml: is larger than 1,000,000 bytes"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "-\t"])
def test_deep_nesting_cannot_crash_the_process(tmp_path: Path, opening: str) -> None:
    """The C loader ends the process, and with it the parsing of every DAG, on tens of thousands of levels."""
    path = tmp_path / "trips.yaml"
    path.write_text(opening * 60_000)
    code = "import sys, pathlib; from lakeport.schema.reader import *; read_file_type(pathlib.Path(sys.argv[1]))"
    command, plugins = [sys.executable, "-c", code, str(path)], Path(lakeport.__file__).parents[1]

    done = subprocess.run(command, cwd=plugins, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "SchemaError" in done.stderr


def test_billion_laughs_are_refused(problems_of: ProblemsOf) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]

    assert problems_of("\n".join(lines)) == [
        "schemas/trips.yaml:1: anchors and aliases are not allowed; & at the start of a value is an anchor in YAML: "
        "write the value in quotes"
    ]


def test_thousands_of_problems_are_counted_and_not_listed(problems_of: ProblemsOf) -> None:
    found = problems_of(GOOD + "".join(f"x{number}: 1\n" for number in range(20_000)))

    assert len(found) == 101
    assert found[-1] == "schemas/trips.yaml: and 19,900 more problems"


def test_problem_is_short_and_printable_whatever_it_quotes(problems_of: ProblemsOf) -> None:
    """It becomes a DAG's description; Airflow's database takes no NUL, and a megabyte is not readable."""
    for found in problems_of(
        GOOD + f'"\\0\\e{"k" * 5000}": 1\nretries: "{"z" * 5000}"\nwait: {{every: {"9" * 5000}}}\n'
    ):
        assert len(found) <= 1000
        assert found.isprintable()


NAME_PROBLEM = (
    "the file name is the name of the file type: lower-case letters, digits and underscores, a letter first, "
    "at most 45 characters"
)


@pytest.mark.parametrize(
    "stem", ["Trips", "trips-2", "2trips", "a" * 46, "tr\nips", "träps", "a b", "a.b", "%s", "{{x}}"]
)
def test_hostile_file_name_is_the_only_problem(problems_of: ProblemsOf, stem: str) -> None:
    [found] = problems_of(GOOD, f"{stem}.yaml")

    assert found == f"schemas/{stem}.yaml:1: {NAME_PROBLEM}".replace("\n", "\\n")


def test_name_that_is_not_unicode_can_be_shown(problems_of: ProblemsOf) -> None:
    [found] = problems_of(GOOD, "tr\udcffps.yaml")

    assert found.startswith("schemas/tr\\udcffps.yaml:1: the file name")


@pytest.mark.parametrize("name", ["trips.yml", "trips.YAML"])
def test_other_ending_is_refused_since_two_files_could_have_one_name(problems_of: ProblemsOf, name: str) -> None:
    assert problems_of(GOOD, name) == [f"schemas/{name}:1: the file's name must end in .yaml; rename it to trips.yaml"]


def test_unreadable_file_is_a_problem_of_the_schema(tmp_path: Path) -> None:
    folder, nowhere = tmp_path / "folder.yaml", tmp_path / "nowhere.yaml"
    folder.mkdir()
    nowhere.symlink_to(tmp_path / "gone")

    for path, reason in ((folder, "Is a directory"), (nowhere, "No such file or directory")):
        with pytest.raises(SchemaError, match=f"/{path.name}: .*{reason}"):
            read_file_type(path)


def test_paths_are_sorted_and_include_only_schemas(tmp_path: Path) -> None:
    names = ["b.yaml", "a.yaml", "c.yml", "d.YAML", "_defaults.yaml", ".#a.yaml", "README.md", "schema.json", "e.yaml~"]
    for name in names:
        (tmp_path / name).touch()

    assert [path.name for path in schema_paths(tmp_path)] == ["a.yaml", "b.yaml", "c.yml", "d.YAML"]


_scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates())
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_scalars, inner, max_size=4)
)
_keys = st.sampled_from(["description", "owner", "landing", "format", "table", "columns", "wait", "rejects", "alerts"])


@settings(max_examples=150, derandomize=True)
@given(st.dictionaries(_keys | st.text(max_size=8), _values, max_size=6))
def test_any_yaml_is_a_file_type_or_a_schema_error(tmp_path: Path, values: dict[str, object]) -> None:
    import yaml  # noqa: PLC0415 - only this test writes YAML

    path = tmp_path / "trips.yaml"
    path.write_text(yaml.safe_dump(values, allow_unicode=True), errors="replace")

    with pytest.raises(SchemaError) as raised:
        read_file_type(path)

    assert raised.value.problems


@settings(max_examples=150, derandomize=True)
@given(st.text(alphabet="ab:-?[]{},&*!|>'\"%@#\\ \t\n0\0\u2028é", max_size=60))
def test_any_text_is_a_file_type_or_a_schema_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "trips.yaml"
    path.write_bytes((GOOD + text).encode())
    try:
        read_file_type(path)
    except SchemaError as error:
        assert all(problem.isprintable() or "\u2028" in problem for problem in error.problems)
