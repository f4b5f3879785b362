"""Secrets are made once and are their owner's alone."""

import stat
from pathlib import Path

from local import credentials
from local.config import Config


def test_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    """The second `up` must know the database's password of the first, and no other user may."""
    config = Config(tmp_path)
    first = credentials.load(config)

    assert credentials.load(config) == first
    assert stat.S_IMODE((tmp_path / "credentials.json").stat().st_mode) == 0o600


def test_two_stacks_share_no_secret(tmp_path: Path) -> None:
    """Nothing random is a constant."""
    one = credentials.load(Config(tmp_path / "one"))
    two = credentials.load(Config(tmp_path / "two"))

    assert set(vars(one).values()) & set(vars(two).values()) == set()


def test_private_file_replaces_a_public_one(tmp_path: Path) -> None:
    """A file made readable by hand is private again after the next write."""
    path = tmp_path / "env"
    path.write_text("old")
    path.chmod(0o644)
    credentials.write_private(path, "new")

    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
