"""One client: its statements go to PostgreSQL, or are carried out here, in the order they came."""

import asyncio

from local.redshift.copy.services import Services
from local.redshift.protocol import wire
from local.redshift.protocol.backend import Backend
from local.redshift.protocol.client import Inbox, Message, Outbox
from local.redshift.protocol.errors import StandInError
from local.redshift.server import silence
from local.redshift.server.execution import Execution
from local.redshift.server.extended import ANSWERS, Extended
from local.redshift.server.history import SessionLog
from local.redshift.server.resolver import Resolver
from local.redshift.server.simple import Simple
from local.redshift.settings import Faults


class Session:
    def __init__(
        self,
        inbox: Inbox,
        outbox: Outbox,
        backend: Backend,
        services: Services,
        *,
        log: SessionLog,
        is_first_statement_cancelled: bool = False,
        faults: Faults,
    ) -> None:
        self.inbox = inbox
        self.outbox = outbox
        self.backend = backend
        execution, resolver = Execution(inbox, outbox, backend, services), Resolver(backend)
        self.simple = Simple(outbox, backend, execution, resolver, log)
        self.extended = Extended(outbox, backend, execution, resolver, log)
        self.is_next_statement_cancelled = is_first_statement_cancelled
        self.faults = faults
        self.statements_received = 0

    async def run(self) -> None:
        """Serve until the client leaves."""
        batch: list[Message] = []
        while received := await self.inbox.next():
            kind, body = received
            if kind == b"X":
                return
            if kind in b"QS":
                self.statements_received += 1
                if self.statements_received == self.faults.silent_during:
                    await self.go_silent()
            if kind == b"Q" and self._is_cancelled(wire.untext(body[:-1])):
                await self._cancel_statement()
            elif kind == b"Q":
                await self.simple.run(wire.untext(body[:-1]))
            elif kind in ANSWERS or kind in b"SH":
                batch.append(received)
                if kind in b"SH":
                    await self.extended.run(batch)
                    batch = []
            elif kind in b"dcf":
                continue  # rows for COPY FROM STDIN, which was refused
            else:
                await self.backend.send(wire.message(kind, body), ready=kind == b"F")
            if kind in b"QS" and self.statements_received == self.faults.silent_after:
                await self.backend.answered()
                await self.go_silent()

    async def go_silent(self) -> None:
        """Stop answering without closing the connection; the transaction stays open, as in Redshift."""
        silence.drop_packets(self.outbox.socket)
        await asyncio.Event().wait()

    def _is_cancelled(self, sql: str) -> bool:
        """Return whether a workgroup that has just resumed cancels this statement (amazon-redshift-python-driver #150).

        It carries SET out, which needs no compute node.
        """
        is_cancelled = self.is_next_statement_cancelled and not sql.lstrip().upper().startswith("SET ")
        self.is_next_statement_cancelled &= not is_cancelled
        return is_cancelled

    async def _cancel_statement(self) -> None:
        self.outbox.write(StandInError("Query (1) cancelled on user's request", sqlstate="57014").to_wire())
        self.outbox.write(wire.ready(self.backend.status))
        await self.outbox.drain()
