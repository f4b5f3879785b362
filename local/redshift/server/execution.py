"""Carry out the statements that are the stand-in's own, in one client's session, and answer them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from local.redshift.copy.services import LastCopy, Services
from local.redshift.protocol import wire
from local.redshift.protocol.backend import FAILED, IDLE, IN_TRANSACTION, Backend
from local.redshift.protocol.client import Inbox, Outbox
from local.redshift.protocol.errors import SYNTAX_ERROR, PostgresError, Refused, StandInError
from local.redshift.server.kinds import (
    Accepted,
    Alone,
    Copy,
    Failed,
    Forward,
    Instead,
    Statement,
    Truncate,
    Unload,
)

if TYPE_CHECKING:
    from local.redshift.copy.load import CopyRun

_ABORT = 'ROLLBACK TO SAVEPOINT "the Redshift stand-in has refused a statement"'
_ABORTED = "current transaction is aborted, commands ignored until end of transaction block"


class Execution:
    def __init__(self, inbox: Inbox, outbox: Outbox, backend: Backend, services: Services) -> None:
        self.inbox = inbox
        self.outbox = outbox
        self.backend = backend
        self.services = services
        self.last_copy = LastCopy()
        self.is_last_copy_unsure = False

    async def carry_out(self, statement: Statement, *, is_block: bool = False) -> bool:
        """Run one statement and answer it; return whether it succeeded."""
        if isinstance(statement, Forward):
            return await self.backend.relay(statement.sql)
        try:
            self._check_not_aborted()
            await self._answer(statement, is_block=is_block)
        except StandInError as error:
            await self._abort_transaction()
            self.outbox.write(error.to_wire())
            return False
        except PostgresError as error:
            self.outbox.write(self.backend.reworded(error.body))
            return False
        return True

    def _check_not_aborted(self) -> None:
        if self.backend.status == FAILED:
            raise StandInError(_ABORTED, sqlstate="25P02")

    async def _answer(self, statement: Statement, *, is_block: bool) -> None:
        match statement:
            case Failed(error):
                raise error
            case Accepted(tag):
                self.outbox.write(wire.command_complete(tag))
            case Copy(command):
                from local.redshift.copy.load import CopyRun  # noqa: PLC0415 - a start does without what loads files

                await self._copy(CopyRun(command, self.backend, self.services))
            case Unload(command):
                from local.redshift.unload import unload  # noqa: PLC0415

                for message in await unload.run(command, self.backend, self.services.store):
                    self.outbox.write(message)
            case Truncate(sql):
                await self.backend.query(sql)
                if self.backend.status == IN_TRANSACTION:
                    await self.backend.query("COMMIT")
                self.outbox.write(wire.command_complete("TRUNCATE TABLE"))
            case Instead(sql, tag):
                await self.backend.query(sql)
                self.outbox.write(wire.command_complete(tag))
            case Alone(name, sql, tag):
                if self.backend.status != IDLE or is_block:
                    raise Refused(f"{name} cannot run inside a transaction block", sqlstate="25001")
                if sql:
                    await self.backend.query(sql)
                self.outbox.write(wire.command_complete(tag))
            case _:
                raise Refused("unknown statement", sqlstate=SYNTAX_ERROR)

    async def _copy(self, run: CopyRun) -> None:
        """Run a COPY for as long as the client is connected: if it leaves, the load ends."""
        if self.backend.status == IDLE:
            self.last_copy.forget_transaction()
        self.is_last_copy_unsure = True
        loading = asyncio.ensure_future(run.run(self.last_copy))
        leaving = asyncio.ensure_future(self.inbox.gone.wait())
        try:
            await asyncio.wait({loading, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not loading.done():
                raise ConnectionError("the client left in the middle of a COPY")
            for message in loading.result():
                self.outbox.write(message)
        finally:
            leaving.cancel()
            if not loading.done():
                self.backend.abort()
                loading.cancel()
                await asyncio.wait({loading})

    async def _abort_transaction(self) -> None:
        """Bring the engine's transaction into the failed state, as an error in the engine would."""
        if self.backend.status == IN_TRANSACTION:
            try:
                await self.backend.query(_ABORT)
            except PostgresError:
                return

    async def restore_last_copy(self) -> None:
        """Agree with the engine on which COPY was the last.

        A rollback makes it forget, as it should where the COPY had succeeded, and should not where it had failed.
        """
        if not self.is_last_copy_unsure:
            return
        async with self.backend.kept():
            if self.backend.status == IDLE:
                self.last_copy.forget_transaction()
                if self.last_copy.has_failed:
                    await self.backend.query(self.last_copy.sql())
                else:
                    self.last_copy.read(await self.backend.query(self.last_copy.QUERY))
                self.is_last_copy_unsure = False
