"""Load files again, or take their rows out of their tables: a plan first, then exactly that."""

from lakeport.replaying.chosen import Choice, Chosen, chosen_files
from lakeport.replaying.doing import carry_out, start_runs
from lakeport.replaying.plan import Planned, Planner

__all__ = ["Choice", "Chosen", "Planned", "Planner", "carry_out", "chosen_files", "start_runs"]
