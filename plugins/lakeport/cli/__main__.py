"""Run the product's commands alone: `python -m lakeport.cli`."""

from __future__ import annotations

from lakeport.cli.application import app

if __name__ == "__main__":
    app(prog_name="lakeport")
