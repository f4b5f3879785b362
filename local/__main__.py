"""Start and stop the local stack: `python -m local up | down | status | clean | run NAME... | ready NAME`."""

import argparse
import os
import shutil
import sys
import time

from local import foreground, postgres_files, processes, stack
from local.config import Config
from local.errors import StackError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description="Start, stop and check the local stack.")
    parser.add_argument("command", choices=["up", "down", "status", "clean", "run", "ready"], help="what to do")
    parser.add_argument("names", nargs="*", help="for run: a part, or tasks in order; for ready: a part")
    options = parser.parse_args()
    command, names = options.command, options.names
    if bool(names) != (command in {"run", "ready"}):
        parser.error(f"{command} needs {'no names' if names else 'a name'}")
    # Ignore your own AWS profile: boto3 would fail if it does not exist.
    os.environ.pop("AWS_PROFILE", None)
    try:
        if command == "run":
            return foreground.run(Config.from_environment(), names)
        if command == "ready":
            return 0 if foreground.is_ready(Config.from_environment(), names[0]) else 1
        return {"up": up, "down": down, "status": status, "clean": clean}[command](Config.from_environment())
    except StackError as error:
        say(f"\nThe local stack is not {'down' if command == 'down' else 'up'}: {error}")
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted.  Parts that were started keep running; `make down` stops them.")
        return 130


def up(config: Config) -> int:
    started = time.monotonic()
    stack.up(config, say)
    say(f"\nThe local stack is up, in {time.monotonic() - started:.1f} s.  `make down` stops it and keeps its data.\n")
    rows = stack.addresses(config)
    width = max(len(address) for _, address, _ in rows)
    for what, address, how in rows:
        say(f"  {what:<10}{address:<{width}}  {how}".rstrip())
    return 0


def down(config: Config) -> int:
    stack.down(config, say)
    return 0


def clean(config: Config) -> int:
    """Stop the stack and delete its data."""
    stack.down(config, say)
    postgres_files.remove(config)
    shutil.rmtree(config.state, ignore_errors=True)
    return 0


def status(config: Config) -> int:
    """Print the state of each part; return 0 if all of them run, 1 otherwise."""
    all_run = True
    for service in stack.services(config):
        process = processes.running(config, service.name)
        state = "stopped" if not process else "running" if service.is_ready() else "not ready"
        all_run = all_run and state == "running"
        detail = f"process {process.pid}" if process else ""
        say(f"  {service.name:<24}{state:<17}{detail}".rstrip())
    return 0 if all_run else 1


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
