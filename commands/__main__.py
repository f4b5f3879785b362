"""What `./lakeport` runs."""

from __future__ import annotations

from commands.application import app

if __name__ == "__main__":
    app(prog_name="lakeport")
