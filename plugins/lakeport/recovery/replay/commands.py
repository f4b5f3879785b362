"""The two commands that change loaded files, `replay` and `undo`: plan them, describe the plan, carry it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from lakeport.recovery.replay.plan import Planned, Planner
from lakeport.recovery.replay.selection import SelectedFile

if TYPE_CHECKING:
    pass

Command = Literal["replay", "undo"]
_MAKE: dict[Command, Callable[[Planner, Sequence[SelectedFile]], list[Planned]]] = {
    "replay": Planner.replay,
    "undo": Planner.undo,
}
