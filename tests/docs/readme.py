"""Blocks of README.md that hold real output: a test compares each, LAKEPORT_WRITE_DOCS=1 rewrites it.

A block is between `<!-- output: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import os
import re

from local.config import REPOSITORY

README = REPOSITORY / "README.md"
MAX_LINES = 22


def hold(name: str, output: str) -> None:
    """Fail unless README's block has this output; what differs from run to run must be replaced before."""
    lines = [line.rstrip() for line in output.strip("\n").splitlines()]
    assert 0 < len(lines) <= MAX_LINES, output
    wanted = "\n".join(["```text", *lines, "```"])
    if os.environ.get("LAKEPORT_WRITE_DOCS"):
        README.write_text(_pattern(name).sub(lambda found: f"{found[1]}{wanted}{found[3]}", README.read_text()))
    found = _pattern(name).search(README.read_text())
    assert found, f"README.md has no block {name}"
    assert found[2] == wanted, "run this test with LAKEPORT_WRITE_DOCS=1"


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- output: {name} -->\n)(.*?)(\n<!-- end -->)", re.DOTALL)
