"""How long a scheduled run waits for files: what `wait` says in a schema."""

from typing import Annotated

from pydantic import Field

from lakeport.schema.values import Part, Seconds


class Wait(Part):
    """How long a scheduled run waits for files, and how often it checks for them; seconds."""

    every: Seconds = 30
    """How often a scheduled run checks for files."""
    for_: Annotated[Seconds, Field(alias="for")] = 600
    """How long it waits for files before it is skipped."""
