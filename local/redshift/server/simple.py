"""The simple query protocol: one message has one or several statements."""

from local.redshift.protocol import wire
from local.redshift.protocol.backend import IDLE, Backend
from local.redshift.protocol.client import Outbox
from local.redshift.server import statements
from local.redshift.server.execution import Execution
from local.redshift.server.history import SessionLog
from local.redshift.server.kinds import Forward, Statement
from local.redshift.server.resolver import Resolver


class Simple:
    def __init__(
        self, outbox: Outbox, backend: Backend, execution: Execution, resolver: Resolver, log: SessionLog
    ) -> None:
        self.outbox = outbox
        self.backend = backend
        self.execution = execution
        self.resolver = resolver
        self.log = log

    async def run(self, sql: str) -> None:
        await self.log.write_for(sql)
        self.log.start(sql)
        self.backend.results.sent(b"Q", b"")
        found = statements.read(sql)
        await self.log.keep_names()
        if len(found) > 1 and any(map(statements.asks, found)):
            await self._in_turn(found)
            return
        found = [await self.resolver.settled(each) for each in found]
        await self.execution.restore_last_copy()
        if all(isinstance(each, Forward) for each in found):
            forwarded = ";".join(each.sql for each in found if isinstance(each, Forward)) or sql
            await self.backend.send(wire.query(forwarded), ready=1)
            return
        async with self.backend.kept():
            await self._one_by_one(found)
            self.backend.results.ready()
            self.outbox.write(wire.ready(self.backend.status))
            await self.outbox.drain()

    async def _in_turn(self, found: list[Statement]) -> None:
        """Run several statements, of which some ask the engine for what those before them may have made."""
        is_block = self.backend.status == IDLE and not any(map(statements.is_transaction_control, found))
        await self.execution.restore_last_copy()
        if is_block:
            async with self.backend.kept():
                await self.backend.query("BEGIN")
        for each in found:
            settled = await self.resolver.settled(each)
            async with self.backend.kept():
                is_well = await self.execution.carry_out(settled, is_block=is_block)
            if not is_well:
                self.log.fail("the statement failed")
                break
            if not isinstance(settled, Forward):
                self.log.complete("")
        async with self.backend.kept():
            if is_block and self.backend.status != IDLE:
                await self.backend.query("COMMIT")
            self.backend.results.ready()
            self.outbox.write(wire.ready(self.backend.status))
            await self.outbox.drain()

    async def _one_by_one(self, found: list[Statement]) -> None:
        """Run several statements as the one transaction they are, unless they say themselves where one ends."""
        is_block = (
            len(found) > 1 and self.backend.status == IDLE and not any(map(statements.is_transaction_control, found))
        )
        if is_block:
            await self.backend.query("BEGIN")
        for each in found:
            if not await self.execution.carry_out(each, is_block=is_block):
                self.log.fail("the statement failed")
                break
            if not isinstance(each, Forward):
                self.log.complete("")
        if is_block and self.backend.status != IDLE:
            await self.backend.query("COMMIT")
