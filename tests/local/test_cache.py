"""What takes long to make is made once and kept."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local import cache


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_folder_is_made_once_however_many_ask() -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        folder.mkdir()
        (folder / "data").write_text("42")

    with ThreadPoolExecutor() as pool:
        folders = list(pool.map(lambda _: cache.kept("numbers", make), range(4)))

    assert (set(folders), len(made)) == ({cache.place("numbers")}, 1)
    assert (folders[0] / "data").read_text() == "42"


def test_folder_that_could_not_be_made_is_not_there(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        folder.mkdir()
        raise ValueError("no space")

    with pytest.raises(ValueError, match="no space"):
        cache.kept("numbers", fail)

    assert [path.name for path in (tmp_path / "lakeport").iterdir()] == ["numbers.lock"]


def test_folder_that_was_not_used_for_a_month_is_removed() -> None:
    for name in ("old", "used", "new"):
        cache.kept(name, Path.mkdir)
        os.utime(cache.place(name), (0, 0))
        cache.kept("used", Path.mkdir)
    assert [cache.place(name).exists() for name in ("old", "used", "new")] == [False, True, True]
