"""What `./lakeport` runs."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command; Ctrl-C while its modules are imported ends it without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.argv[1:2] == ["redshift"]:  # starts in less time than the product's commands take to import
        from commands.programs import load  # noqa: PLC0415
        from local.errors import StackError  # noqa: PLC0415

        command = load("redshift")
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            command.main(sys.argv[2:], prog_name="lakeport redshift")
        except (StackError, OSError) as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(2)
    from commands.application import app  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.default_int_handler)
    app(prog_name="lakeport")


if __name__ == "__main__":
    main()
