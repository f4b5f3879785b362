"""The extended query protocol: batches of messages, up to a Sync or Flush, of which the engine runs most."""

import itertools
from collections.abc import Sequence

from local.redshift.protocol import wire
from local.redshift.protocol.backend import IDLE, Backend
from local.redshift.protocol.client import Message, Outbox
from local.redshift.protocol.errors import PostgresError
from local.redshift.server.execution import Execution
from local.redshift.server.history import SessionLog
from local.redshift.server.kinds import Statement
from local.redshift.server.prepared import Prepared
from local.redshift.server.resolver import Resolver

ANSWERS = {b"P": b"1", b"B": b"2", b"D": b"Tn", b"E": b"CIs", b"C": b"3"}


class Extended:
    def __init__(
        self, outbox: Outbox, backend: Backend, execution: Execution, resolver: Resolver, log: SessionLog
    ) -> None:
        self.outbox = outbox
        self.backend = backend
        self.execution = execution
        self.resolver = resolver
        self.log = log
        self.prepared = Prepared(resolver, log)
        self.skips_to_sync = False
        self.is_pipeline_block = False
        """What was executed since the last Sync is in a block, which that Sync ends: the engine itself has none
        around a statement that is carried out here."""

    async def run(self, batch: list[Message]) -> None:
        """Pass a batch on up to its Sync or Flush; step in where a statement that the stand-in runs is executed."""
        outgoing = list[Message]()
        owned = list[Statement | None]()  # looked up in order: an unnamed portal is another one a moment later
        for kind, body in self._after_failure(batch):
            outgoing.append((kind, await self.prepared.noted(kind, body)))
            owned.append(self.prepared.portal(body) if kind == b"E" else None)
            self.backend.results.sent(kind, body, is_own=bool(owned[-1]))
            if kind == b"E":
                self.log.start(self.prepared.texts.get(body.split(b"\0", 1)[0], ""))
        await self.execution.restore_last_copy()
        is_unfinished = not any(kind == b"S" for kind, _ in outgoing)  # a reply must not arrive later
        if any(owned) or self.is_pipeline_block or is_unfinished:
            async with self.backend.kept():
                await self._step_by_step(outgoing, owned)
            return
        self.resolver.has_begun_pipeline = False
        synced = sum(kind == b"S" for kind, _ in outgoing)
        await self.backend.send(b"".join(wire.message(*each) for each in outgoing), ready=synced)

    def _after_failure(self, batch: list[Message]) -> list[Message]:
        """Skip everything up to the next Sync after a statement of the stand-in failed."""
        if not self.skips_to_sync:
            return batch
        syncs = [at for at, (kind, _) in enumerate(batch) if kind == b"S"]
        self.skips_to_sync = not syncs
        return batch[syncs[0] :] if syncs else []

    async def _step_by_step(self, batch: list[Message], owned: list[Statement | None]) -> None:
        is_well = True
        for at, ((kind, body), own) in enumerate(zip(batch, owned, strict=True)):
            if kind == b"S":
                await self._sync()
                is_well = True
            elif is_well and own:
                await self._join_pipeline(has_more=_has_more(batch[at + 1 :]))
                is_well = await self.execution.carry_out(own)
                self.log.complete("")
                self.resolver.has_begun_pipeline = True
            elif is_well and kind != b"H":
                await self.backend.send(wire.message(kind, body) + wire.message(b"H"))
                is_well = await self.backend.relay_until(ANSWERS[kind])
                self.resolver.has_begun_pipeline |= kind == b"E"
        self.skips_to_sync = not is_well
        await self.outbox.drain()

    async def _join_pipeline(self, *, has_more: bool) -> None:
        """Turn what a pipeline has executed, and will execute up to its Sync, into one block."""
        if self.backend.status == IDLE and (self.resolver.has_begun_pipeline or has_more):
            await self.backend.query("BEGIN")
            self.is_pipeline_block = True

    async def _sync(self) -> None:
        await self.backend.send(wire.message(b"S"), ready=1)
        if self.is_pipeline_block:
            await self.backend.relay_until(b"Z", passes_last=False)
            await self._end_pipeline_block()
            self.outbox.write(wire.ready(self.backend.status))
        else:
            await self.backend.relay_until(b"Z")
        self.resolver.has_begun_pipeline = self.is_pipeline_block = False

    async def _end_pipeline_block(self) -> None:
        """Commit what succeeded and roll back the rest, unless the client has ended the block itself."""
        try:
            if self.backend.status != IDLE:
                await self.backend.query("COMMIT")  # in a failed block it rolls back
        except PostgresError as error:
            self.outbox.write(self.backend.reworded(error.body))


def _has_more(batch: Sequence[Message]) -> bool:
    """Return whether anything is executed before the next Sync."""
    return any(kind == b"E" for kind, _ in itertools.takewhile(lambda message: message[0] != b"S", batch))
