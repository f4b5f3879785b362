"""README shows what the commands print."""

from __future__ import annotations

from typer.testing import CliRunner

from commands.application import app
from lakeport.redshift.session import Warehouse
from local.config import REPOSITORY
from tests.docs import readme


def output_of(*arguments: str) -> str:
    return CliRunner().invoke(app, arguments).output


def test_readme_shows_an_inferred_schema() -> None:
    readme.hold("infer", output_of("infer", str(REPOSITORY / "samples" / "airlines.csv")))


def test_readme_shows_the_output_of_plan_for_a_sample(warehouse: Warehouse) -> None:
    sample = REPOSITORY / "samples" / "damaged" / "airports_damaged.csv"
    _, heading, outcome = output_of("plan", "airports", str(sample)).partition(f"-- {sample.name}\n")
    readme.hold("plan", heading + outcome)
