"""A mail server that delivers to a directory: `python -m local.sinks.mail PORT DIRECTORY`."""

import asyncio
import itertools
import sys
import time
from pathlib import Path

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope, Session

from local.config import HOST


class Mailbox:
    """Keep each message as NUMBER.eml, byte for byte."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002
        content = envelope.original_content or b""
        receivers = ", ".join(envelope.rcpt_tos)
        head = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {receivers}\r\n".encode()
        keep(self._directory, f"{time.time_ns()}-{next(self._numbers)}.eml", head + content)
        return "250 Message kept"


def keep(directory: Path, name: str, content: bytes) -> None:
    """Write a file that appears whole; its draft is beside the directory, where no reader lists it."""
    draft = directory.with_name(f"{directory.name}-{name}.draft")
    draft.write_bytes(content)
    draft.replace(directory / name)


def main(port: int, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    loop = asyncio.new_event_loop()
    controller = UnthreadedController(Mailbox(directory), hostname=HOST, port=port, loop=loop)
    controller.begin()  # type: ignore[no-untyped-call]
    loop.run_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
