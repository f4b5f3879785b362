"""One client: its statements go to PostgreSQL, or are carried out here, in the order they came."""

import asyncio
import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from local.redshift.copy.services import Services
from local.redshift.dialect import arithmetic, lateral, long_names, routines, set_operations
from local.redshift.dialect.tokens import tokenize
from local.redshift.protocol import names, results, wire
from local.redshift.protocol.backend import FAILED, IDLE, Backend
from local.redshift.protocol.client import Inbox, Message
from local.redshift.protocol.errors import PostgresError, StandInError
from local.redshift.protocol.wire import Field
from local.redshift.server import silence, statements
from local.redshift.server.execution import Execution
from local.redshift.server.history import SessionLog
from local.redshift.server.statements import Ask, Body, Failed, Forward, Lookup, Statement, Unload
from local.redshift.settings import Faults

_ANSWERS = {b"P": b"1", b"B": b"2", b"D": b"Tn", b"E": b"CIs", b"C": b"3"}


@dataclass
class Prepared:
    """Statements and portals of the extended protocol that are carried out here, by name."""

    statements: dict[bytes, Statement] = field(default_factory=dict)
    portals: dict[bytes, Statement] = field(default_factory=dict)
    sources: dict[bytes, str] = field(default_factory=dict)
    """Every statement as the client wrote it, and below for every portal."""
    intervals: dict[bytes, dict[int, int]] = field(default_factory=dict)
    """Which parameters of a statement are intervals of Redshift's own types."""
    texts: dict[bytes, str] = field(default_factory=dict)


class Session:
    def __init__(
        self,
        inbox: Inbox,
        writer: asyncio.StreamWriter,
        backend: Backend,
        services: Services,
        *,
        log: SessionLog,
        is_first_statement_cancelled: bool = False,
        faults: Faults,
    ) -> None:
        self.inbox = inbox
        self.writer = writer
        self.backend = backend
        self.execution = Execution(inbox, writer, backend, services)
        self.prepared = Prepared()
        self.log = log
        self.is_next_statement_cancelled = is_first_statement_cancelled
        self.faults = faults
        self.statements_received = 0
        self.skips_to_sync = False
        self.has_begun_pipeline = False
        """Something was executed since the last Sync."""
        self.variables: Mapping[str, str] = {}
        """The types of the variables of the procedure that is being read."""
        self.parameter_types = wire.NO_TYPES
        """Those of the parameters of the statement that is being prepared."""
        self.is_pipeline_block = False
        """What was executed since the last Sync is in a block, which that Sync ends: the engine itself has none
        around a statement that is carried out here."""

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
                await self._simple(wire.untext(body[:-1]))
            elif kind in _ANSWERS or kind in b"SH":
                batch.append(received)
                if kind in b"SH":
                    await self._extended(batch)
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
        silence.drop_packets(self.writer.get_extra_info("socket"))
        await asyncio.Event().wait()

    # The simple protocol

    def _is_cancelled(self, sql: str) -> bool:
        """Return whether a workgroup that has just resumed cancels this statement (amazon-redshift-python-driver #150).

        It carries SET out, which needs no compute node.
        """
        is_cancelled = self.is_next_statement_cancelled and not sql.lstrip().upper().startswith("SET ")
        self.is_next_statement_cancelled &= not is_cancelled
        return is_cancelled

    async def _cancel_statement(self) -> None:
        self.writer.write(StandInError("Query (1) cancelled on user's request", sqlstate="57014").to_wire())
        self.writer.write(wire.ready(self.backend.status))
        await self.writer.drain()

    async def _simple(self, sql: str) -> None:
        await self.log.write_for(sql)
        self.log.start(sql)
        self.backend.results.sent(b"Q", b"")
        found = statements.read(sql)
        await self.log.keep_names()
        if len(found) > 1 and any(map(statements.asks, found)):
            await self._in_turn(found)
            return
        found = [await self._settled(each) for each in found]
        await self.execution.restore_last_copy()
        if all(isinstance(each, Forward) for each in found):
            forwarded = ";".join(each.sql for each in found if isinstance(each, Forward)) or sql
            await self.backend.send(wire.query(forwarded), ready=1)
            return
        async with self.backend.kept():
            await self._one_by_one(found)
            self.backend.results.ready()
            self.writer.write(wire.ready(self.backend.status))
            await self.writer.drain()

    async def _in_turn(self, found: list[Statement]) -> None:
        """Run several statements, of which some ask the engine for what those before them may have made."""
        is_block = self.backend.status == IDLE and not any(map(statements.is_transaction_control, found))
        await self.execution.restore_last_copy()
        if is_block:
            async with self.backend.kept():
                await self.backend.query("BEGIN")
        for each in found:
            settled = await self._settled(each)
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
            self.writer.write(wire.ready(self.backend.status))
            await self.writer.drain()

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

    # The extended protocol

    async def _extended(self, batch: list[Message]) -> None:
        """Pass a batch on up to its Sync or Flush; step in where a statement that the stand-in runs is executed."""
        outgoing = list[Message]()
        owned = list[Statement | None]()  # looked up in order: an unnamed portal is another one a moment later
        for kind, body in self._after_failure(batch):
            outgoing.append((kind, await self._noted(kind, body)))
            owned.append(self._portal(body) if kind == b"E" else None)
            self.backend.results.sent(kind, body, is_own=bool(owned[-1]))
            if kind == b"E":
                self.log.start(self.prepared.texts.get(body.split(b"\0", 1)[0], ""))
        await self.execution.restore_last_copy()
        is_unfinished = not any(kind == b"S" for kind, _ in outgoing)  # a reply must not arrive later
        if any(owned) or self.is_pipeline_block or is_unfinished:
            async with self.backend.kept():
                await self._step_by_step(outgoing, owned)
            return
        self.has_begun_pipeline = False
        synced = sum(kind == b"S" for kind, _ in outgoing)
        await self.backend.send(b"".join(wire.message(*each) for each in outgoing), ready=synced)

    async def _settled(self, statement: Statement) -> Statement:
        """Ask the engine which names of a query are columns, and put in place the expressions of those that are not."""
        while isinstance(statement, Ask | Lookup) and self.backend.status != FAILED:
            async with self.backend.kept():
                statement = await self._answered(statement)
        if isinstance(statement, Body):
            return await self._routine(statement.routine)
        while isinstance(statement, Forward) and statement.aliases:
            if self.has_begun_pipeline or self.backend.status == FAILED:
                break
            async with self.backend.kept():
                error = await self.backend.check(routines.with_types(statement.probe, self.variables))
            alias = lateral.missing(error.fields.get("M", "")) if error else None
            if alias not in statement.aliases:
                break
            statement = statement.without(str(alias))
        if isinstance(statement, Unload):
            return await self._unload(statement)
        if isinstance(statement, Forward) and statement.is_typed:
            declared, self.variables = self.variables, self.variables or routines.of_prepare(statement.sql)
            computed = await self._computed(statement.sql)
            self.variables = declared
            return dataclasses.replace(statement, sql=computed)
        return statement

    async def _routine(self, routine: routines.Routine) -> Statement:
        """Read the statements of a body, each as one that the client sends."""
        texts, self.variables = list[str](), routine.variables
        try:
            for start, stop in routine.parts:
                found = await self._settled(statements.of_body(routine.sql[start:stop]))
                if not isinstance(found, Forward):
                    return found
                texts.append(found.sql)
        finally:
            self.variables = {}
        return Forward(routine.written(texts))

    async def _unload(self, statement: Unload) -> Statement:
        """Put the query of an UNLOAD into the engine's dialect."""
        query = await self._settled(statements.of_query(statement.command.query))
        if not isinstance(query, Forward):
            return query
        return Unload(dataclasses.replace(statement.command, query=query.sql))

    async def _computed(self, sql: str) -> str:
        """Give divisions and set operations of decimals the types that follow from those of their operands."""
        sql, done = await self._combined(sql), 0
        while self.backend.status != FAILED:
            question, done = arithmetic.question(sql, done)
            if question is None:
                break
            sql = await self._typed(question)
        return await self._combined(sql)

    async def _combined(self, sql: str) -> str:
        """Give set operations their types: before arithmetic that is on them, and after arithmetic that is in them."""
        asked = set[str]()
        while self.backend.status != FAILED and (question := set_operations.question(sql, asked)):
            sql = await self._typed(question)
        return sql

    async def _typed(self, question: arithmetic.Question) -> str:
        """Return the statement that the types of a query make; the engine itself reports what it does not read."""
        fields: Sequence[Field | None] | None = await self._fields(question.query) if question.query else []
        if fields is None:
            each = [await self._fields(query) or await self._fields(bare) for query, bare in question.alone]
            fields = [found[0] if found else None for found in each]
        return question.answered(fields)

    async def _fields(self, query: str) -> list[Field] | None:
        """Return the columns of a query; None if the engine cannot read it.

        Within a pipeline it is not asked: that would end the pipeline's transaction.
        """
        if self.has_begun_pipeline:
            return None
        try:
            async with self.backend.kept():
                return await self.backend.columns(routines.with_types(query, self.variables), self.parameter_types)
        except PostgresError:
            return None

    async def _answered(self, ask: Ask | Lookup) -> Statement:
        try:
            if isinstance(ask, Lookup):
                return ask.answered((await self.backend.query(ask.query))[0])
            query = routines.with_types(ask.query, self.variables)
            return ask.answered([field.name for field in await self.backend.columns(query, self.parameter_types)])
        except StandInError as error:
            return Failed(error)
        except PostgresError as error:
            return Failed(StandInError(error.fields.get("M", ""), sqlstate=error.fields.get("C", "XX000")))

    def _after_failure(self, batch: list[Message]) -> list[Message]:
        """Skip everything up to the next Sync after a statement of the stand-in failed."""
        if not self.skips_to_sync:
            return batch
        syncs = [at for at, (kind, _) in enumerate(batch) if kind == b"S"]
        self.skips_to_sync = not syncs
        return batch[syncs[0] :] if syncs else []

    async def _noted(self, kind: bytes, body: bytes) -> bytes:
        """Remember what a message names, and replace the stand-in's statements by the stub."""
        if kind == b"P":
            return await self._parse(body)
        if kind == b"B":
            portal, name = body.split(b"\0", 2)[:2]
            self.prepared.portals.pop(portal, None)
            self.prepared.texts[portal] = self.prepared.sources.get(name, "")
            if name in self.prepared.statements:
                self.prepared.portals[portal] = self.prepared.statements[name]
            try:
                return self._bound(body, name)
            except StandInError as error:
                self.prepared.portals[portal] = Failed(error)
        return body

    def _bound(self, body: bytes, name: bytes) -> bytes:
        """Return a Bind message with intervals and long names as the engine has them."""
        intervals = self.prepared.intervals.get(name, {})
        tokens = tokenize(self.prepared.sources.get(name, "")) if names.LONG else []
        means_names, patterns = long_names.reads_names(tokens), long_names.patterns(tokens)
        if not intervals and not means_names:
            return body

        def changed(place: int, value: bytes, is_binary: bool) -> bytes:
            if is_binary and place in intervals:
                return results.engine_interval(value, intervals[place])
            return long_names.of_engine(value, patterns.get(place, "")) if means_names else value

        return wire.with_values(body, changed)

    async def _parse(self, body: bytes) -> bytes:
        name, sql, declared = body.split(b"\0", 2)
        rest, self.prepared.intervals[name] = results.engine_types(declared)
        self.prepared.statements.pop(name, None)
        self.prepared.sources[name] = wire.untext(sql)
        await self.log.write_for(self.prepared.sources[name])
        read = statements.read_one(wire.untext(sql))
        await self.log.keep_names()
        self.parameter_types = await self._parameter_types(read, rest)
        found = await self._settled(read)
        self.parameter_types = wire.NO_TYPES
        if not isinstance(found, Forward):
            self.prepared.statements[name] = found
        text = found.sql if isinstance(found, Forward) else statements.STUB
        return name + b"\0" + wire.text(text) + rest

    async def _parameter_types(self, statement: Statement, declared: bytes) -> bytes:
        """Return the types of a statement's parameters: the engine finds those that the client does not declare."""
        if not statements.asks(statement) or self.has_begun_pipeline or self.backend.status == FAILED:
            return declared
        if not (isinstance(statement, Forward) and statements.has_parameters(statement.sql)):
            return declared
        try:
            async with self.backend.kept():
                return await self.backend.parameters(statement.sql, declared)
        except PostgresError:
            return declared

    def _portal(self, body: bytes) -> Statement | None:
        return self.prepared.portals.get(body.split(b"\0", 1)[0])

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
                self.has_begun_pipeline = True
            elif is_well and kind != b"H":
                await self.backend.send(wire.message(kind, body) + wire.message(b"H"))
                is_well = await self.backend.relay_until(_ANSWERS[kind])
                self.has_begun_pipeline |= kind == b"E"
        self.skips_to_sync = not is_well
        await self.writer.drain()

    async def _join_pipeline(self, *, has_more: bool) -> None:
        """Turn what a pipeline has executed, and will execute up to its Sync, into one block."""
        if self.backend.status == IDLE and (self.has_begun_pipeline or has_more):
            await self.backend.query("BEGIN")
            self.is_pipeline_block = True

    async def _sync(self) -> None:
        await self.backend.send(wire.message(b"S"), ready=1)
        if self.is_pipeline_block:
            await self.backend.relay_until(b"Z", passes_last=False)
            await self._end_pipeline_block()
            self.writer.write(wire.ready(self.backend.status))
        else:
            await self.backend.relay_until(b"Z")
        self.has_begun_pipeline = self.is_pipeline_block = False

    async def _end_pipeline_block(self) -> None:
        """Commit what succeeded and roll back the rest, unless the client has ended the block itself."""
        try:
            if self.backend.status != IDLE:
                await self.backend.query("COMMIT")  # in a failed block it rolls back
        except PostgresError as error:
            self.writer.write(self.backend.reworded(error.body))


def _has_more(batch: Sequence[Message]) -> bool:
    """Return whether anything is executed before the next Sync."""
    return any(kind == b"E" for kind, _ in itertools.takewhile(lambda message: message[0] != b"S", batch))
