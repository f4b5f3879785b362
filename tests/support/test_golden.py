"""Golden messages: what is compared, what is replaced, what is written."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from local.config import REPOSITORY
from tests.support.golden import check_golden, raises_golden, without_varying_values

WRITERS = 4


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAKEPORT_WRITE_GOLDEN", "0")
    return tmp_path / "golden" / "family.yaml"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("table lake.trips_0a1b2c3d is missing", "table lake.trips_<id> is missing"),
        ("run 0a1b2c3d, file deadbeefdeadbeef", "run <id>, file <id>"),
        ("id 12345678", "id <id>"),
        ("at most 2147483647, not 2147483648", "at most 2147483647, not 2147483648"),
        ("3fa85f64-5717-4562-b3fc-2c963f66afa6 ended", "<id> ended"),
        ("cannot read '/tmp/pytest-1/trips.yaml'.", "cannot read '<path>'."),
        ("http://127.0.0.1:31234/x; port 5439 is taken", "http://127.0.0.1:<port>/x; port <port> is taken"),
        ("since 2026-01-02 03:04:05.678 and 2026-01-02T03:04:05Z", "since <time> and <time>"),
        ("on 2026-01-02, line 12, price 2.50", "on 2026-01-02, line 12, price 2.50"),
        (f"{REPOSITORY}/schemas/trips.yaml:3", "<repository>/schemas/trips.yaml:3"),
        ("first  \nsecond\n", "first\nsecond"),
    ],
)
def test_values_that_vary_are_placeholders_and_others_stay(message: str, expected: str) -> None:
    assert without_varying_values(message) == expected


def test_another_message_or_name_fails(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEPORT_WRITE_GOLDEN", "1")
    check_golden(path, "price", "trips.yaml:3: price is not a type\nUse decimal: yes # no")
    monkeypatch.setenv("LAKEPORT_WRITE_GOLDEN", "0")

    check_golden(path, "price", "trips.yaml:3: price is not a type\nUse decimal: yes # no")
    for name, line in (("price", 4), ("city", 3)):
        with pytest.raises(AssertionError, match="LAKEPORT_WRITE_GOLDEN"):
            check_golden(path, name, f"trips.yaml:{line}: price is not a type\nUse decimal: yes # no")


def test_error_of_another_class_or_without_a_value_fails() -> None:
    with pytest.raises(ZeroDivisionError), raises_golden(ValueError, "none", "price"):
        1 / 0  # noqa: B018 - raises
    with (
        pytest.raises(AssertionError, match="lacks"),
        raises_golden(ValueError, "none", "price", "trips.yaml:3"),
    ):
        raise ValueError("trips.yaml:4: price is not a type")


def test_file_is_sorted_blocks_and_keeps_what_parallel_writers_write(path: Path) -> None:
    code = "import sys; from pathlib import Path; from tests.support.golden import check_golden\n"
    code += "for number in range(5): check_golden(Path(sys.argv[1]), f'{sys.argv[2]}.{number}', 'a: b')"
    commands = [[sys.executable, "-c", code, str(path), str(writer)] for writer in range(WRITERS)]
    environment = {"LAKEPORT_WRITE_GOLDEN": "1", "PYTHONPATH": str(REPOSITORY)}
    started = [subprocess.Popen(command, env=environment) for command in commands]

    assert [each.wait(60) for each in started] == [0] * WRITERS
    names = [f"{writer}.{number}" for writer in range(WRITERS) for number in range(5)]
    assert yaml.safe_load(path.read_text()) == dict.fromkeys(names, "a: b")
    assert path.read_text().startswith("'0.0': |-\n  a: b\n'0.1': |-\n  a: b\n")
    assert [each.name for each in path.parent.iterdir()] == [path.name]
