"""The `lakeport` command: one module per family of commands."""

from __future__ import annotations

from lakeport.cli.application import app

__all__ = ["app"]
