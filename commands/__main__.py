"""What `./lakeport` runs."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command; Ctrl-C while its modules are imported ends it without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from commands.application import app  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.default_int_handler)
    app(prog_name="lakeport")


if __name__ == "__main__":
    main()
