"""Load files again, or take their rows out of their tables: a plan first, then exactly that."""

from lakeport.recovery.replay.apply import carry_out, start_runs
from lakeport.recovery.replay.plan import Planned, Planner
from lakeport.recovery.replay.selection import Choice, Chosen, chosen_files

__all__ = ["Choice", "Chosen", "Planned", "Planner", "carry_out", "chosen_files", "start_runs"]
