"""Run one COPY inside the client's own transaction, on the client's own connection to PostgreSQL."""

import asyncio
import logging
import threading
from functools import partial

from local.redshift.copy import columns, journal, sources
from local.redshift.copy.columns import Target, Type
from local.redshift.copy.journal import Load
from local.redshift.copy.options import Format
from local.redshift.copy.pipe import Pipe
from local.redshift.copy.reading import FileReading, TooManyErrors
from local.redshift.copy.s3 import S3Object
from local.redshift.copy.services import LastCopy, Services
from local.redshift.copy.statement import CopyCommand
from local.redshift.copy.threads import in_thread
from local.redshift.dialect.tokens import identifier
from local.redshift.protocol import names, wire
from local.redshift.protocol.backend import IDLE, Backend
from local.redshift.protocol.copying import CopyIn
from local.redshift.protocol.errors import CopyError, LoadFailed, PostgresError, ServerError, StandInError

log = logging.getLogger(__name__)


class CopyRun:
    def __init__(self, command: CopyCommand, backend: Backend, services: Services) -> None:
        self.command = command
        self.backend = backend
        self.store = services.store
        self.journal = services.journal
        self.error_view = services.error_view
        self.replacements_view = services.replacements_view

    async def run(self, last: LastCopy) -> list[bytes]:
        """Load, and return the notices and the tag for the client; raises StandInError or PostgresError."""
        target = columns.read(await self.backend.query(columns.lookup(self.command)), self.command)
        self._check_types(target)
        objects = await self._objects(target)
        is_own_transaction = self.backend.status == IDLE
        if is_own_transaction:
            last.forget_transaction()
            await self.backend.query("BEGIN")
        try:
            load, reading = await self._begin(target, objects)
            last.query_id, last.rows, last.has_failed = load.query_id, 0, True
            await self._load(load, reading)
            await self._remember(last, load, reading, is_own_transaction=is_own_transaction)
            if is_own_transaction:
                await self.backend.query("COMMIT")
        except (StandInError, PostgresError) as error:
            if isinstance(error, ServerError):
                error.complete(query_id=last.query_id, process_id=target.process_id)
            if is_own_transaction:
                await self.backend.query("ROLLBACK")
            raise
        return self._messages(load, reading.replacement_count)

    def _check_types(self, target: Target) -> None:
        options = self.command.options
        is_refused = options.format is Format.FIXED_WIDTH or options.remove_quotes
        for column in target.columns:
            if column.type is Type.VARBYTE and is_refused:
                name = "REMOVEQUOTES" if options.remove_quotes else "FIXEDWIDTH"
                raise CopyError(f'COPY {name} does not load VARBYTE, as column "{column.name}" is')

    async def _objects(self, target: Target) -> list[S3Object]:
        try:
            return await in_thread(partial(sources.resolve, self.store, self.command))
        except ServerError as error:
            error.complete(query_id=0, process_id=target.process_id)
            raise

    async def _begin(self, target: Target, objects: list[S3Object]) -> tuple[Load, FileReading]:
        rows = await self.backend.query("SELECT nextval('pg_internal.query_ids'), pg_current_xact_id()::text::bigint")
        query_id, transaction_id = (int(cell or 0) for cell in rows[0])
        load = Load(
            query_id=query_id,
            user_id=target.user_id,
            transaction_id=transaction_id,
            session_id=target.process_id,
            database_name=target.database,
            table_id=target.table_id,
            table_name=self.command.table,
            data_source=self.command.source,
            file_format=self.command.options.format.label,
            source_file_count=len(objects),
            source_file_bytes=sum(each.size_bytes for each in objects),
        )
        await self.journal.begin(load)
        reading = FileReading(self.store, objects, target, self.command.options)
        reading.query_id = query_id
        self._columns = target.columns
        return load, reading

    async def _load(self, load: Load, reading: FileReading) -> None:
        """Stream the rows and write the journal, whatever the end."""
        load.status, load.message = "aborted", "interrupted"
        try:
            load.loaded_rows = await self._stream(reading)
            load.status, load.message = "completed", ""
        except TooManyErrors:
            load.message = "too many bad rows"
            raise LoadFailed(self.command.table, self.error_view) from None
        except (StandInError, PostgresError) as error:
            load.message = str(error)
            raise
        finally:
            load.ended_at = journal.now()
            load.error_count = reading.error_count
            load.loaded_bytes = reading.encoded_bytes if load.status == "completed" else 0
            await asyncio.shield(self.journal.finish(load, reading.entries()))
            log.info("COPY %s %s: %s rows, %s errors", load.table_name, load.status, load.loaded_rows, load.error_count)

    async def _stream(self, reading: FileReading) -> int:
        """Send what the reading thread yields; return how many rows were stored."""
        pipe, copy_in = Pipe(), CopyIn(self.backend)
        is_rehearsal = self.command.options.is_rehearsal
        if not is_rehearsal:
            listed = ", ".join(identifier(names.of_engine(column.name)) for column in self._columns)
            await self._read_documents("on")
            await copy_in.start(f"COPY {self.command.qualified_table} ({listed}) FROM STDIN (FORMAT csv)")
        threading.Thread(target=reading.run, args=(pipe,), name="copy", daemon=True).start()
        try:
            async for block in pipe.blocks():
                if copy_in.has_ended():
                    break
                await copy_in.send(block)
        except Exception:
            if not is_rehearsal:
                await _fail(copy_in)
            raise
        finally:
            pipe.close()
        if is_rehearsal:
            return 0
        stored = await copy_in.end(failed=False)
        await self._read_documents("off")
        return stored

    async def _read_documents(self, value: str) -> None:
        """Let the engine read values of SUPER columns as JSON; in any other statement they are strings."""
        if any(column.type is Type.SUPER for column in self._columns):
            await self.backend.query(f"SET LOCAL lakeport.reads_documents TO {value}")

    async def _remember(self, last: LastCopy, load: Load, reading: FileReading, *, is_own_transaction: bool) -> None:
        last.rows, last.has_failed = load.loaded_rows, False
        if not is_own_transaction:
            for relation, entries in journal.as_json(load, reading.entries()).items():
                last.unsettled.setdefault(relation, []).extend(entries)
        await self.backend.query(last.sql())

    def _messages(self, load: Load, replacement_count: int) -> list[bytes]:
        table = self.command.table
        notices = [f"Load into table '{table}' completed, {load.loaded_rows} record(s) loaded successfully."]
        if load.error_count:
            notices.append(
                f"Load into table '{table}' completed, {load.error_count} record(s) could not be loaded."
                f"  Check '{self.error_view}' system table for details."
            )
        if replacement_count:
            notices.append(
                f"Load into table '{table}' completed, {replacement_count} record(s) were loaded with replacements"
                f" made for ACCEPTINVCHARS.  Check '{self.replacements_view}' system table for details."
            )
        # `COPY n` serves drivers that read a count from the tag as well as those that do not.
        return [*map(_info, notices), wire.command_complete(f"COPY {load.loaded_rows}")]


async def _fail(copy_in: CopyIn) -> None:
    try:
        await copy_in.end(failed=True)
    except PostgresError as error:
        log.debug("The engine ended the COPY as asked: %s", error)


def _info(message: str) -> bytes:
    return wire.report(b"N", {"S": "INFO", "V": "INFO", "C": "00000", "M": message})
