"""Listen for clients; each gets a separate connection to PostgreSQL, which also checks its password."""

import asyncio
import contextlib
import dataclasses
import gc
import logging
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module

from local.redshift.copy.journal import Journal
from local.redshift.copy.services import Services
from local.redshift.engine import catalog
from local.redshift.protocol import wire
from local.redshift.protocol.backend import Backend
from local.redshift.protocol.client import Inbox, Outbox
from local.redshift.server import silence, tls
from local.redshift.server.history import History, SessionLog
from local.redshift.server.session import Session
from local.redshift.settings import Settings

log = logging.getLogger(__name__)

_RESUMES_AFTER_SECONDS = 2
_IMPORT_AFTER_SECONDS = 1
"""What a COPY needs is imported once the first client has its answer; a COPY that comes sooner waits for it."""
_KNOWN_PARAMETERS = frozenset(
    [
        "user",
        "database",
        "application_name",
        "client_encoding",
        "datestyle",
        "timezone",
        "options",
        "extra_float_digits",
        "search_path",
        "statement_timeout",
    ]
)
"""Drivers send more, such as client_protocol_version, which PostgreSQL would refuse."""


@dataclass
class _Database:
    """What the sessions of a database share."""

    services: Services
    history: History
    sessions: int = 0


class Server:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        services = Services(settings, Journal(settings))
        self._databases = {settings.database: _Database(services, History(settings))}
        self._tls = tls.context(settings.host, settings.certificate)
        self._clients: set[asyncio.Task[None]] = set()
        self._last_session_at = 0.0

    async def serve(self, stop: asyncio.Event) -> None:
        """Accept clients until asked to stop, then drop them all."""
        listener = await asyncio.start_server(self._accept, self._settings.host, self._settings.port)
        log.info("Ready on %s:%s", self._settings.host, self._settings.port)
        importing = threading.Thread(target=_import_what_copies_need, daemon=True)
        asyncio.get_running_loop().call_later(_IMPORT_AFTER_SECONDS, importing.start)
        await stop.wait()
        listener.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        for database in self._databases.values():
            await database.services.journal.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._clients.add(task)
        try:
            await self._serve_client(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, wire.ProtocolError) as error:
            log.debug("A client ended: %s", error)
        except asyncio.CancelledError:
            log.debug("A client is dropped: the server stops")
        except Exception:
            log.exception("A session failed")
        finally:
            if task:
                self._clients.discard(task)
            with contextlib.suppress(AttributeError):  # Python 3.11's TLS transport, once its connection is lost
                writer.transport.abort() if writer.is_closing() else writer.close()

    async def _serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._settings.faults.silent_after == 0:
            silence.drop_packets(writer.get_extra_info("socket"))
        code, body = await wire.read_startup(reader)
        while code in (wire.SSL_REQUEST, wire.GSS_REQUEST):
            is_tls = code == wire.SSL_REQUEST
            writer.write(b"S" if is_tls else b"N")
            await writer.drain()
            if is_tls:
                await writer.start_tls(self._tls)
            code, body = await wire.read_startup(reader)
        if code == wire.CANCEL_REQUEST:
            await self._cancel(body)
        elif code >> 16 != wire.PROTOCOL_VERSION >> 16:
            raise wire.ProtocolError(f"protocol {code >> 16}")
        else:
            await self._run_session(wire.startup_parameters(body), reader, writer)

    async def _run_session(
        self, parameters: dict[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        name = parameters.get("database", parameters.get("user", ""))
        database = await self._opened(name)
        if database is None:
            writer.write(wire.report(b"E", _fatal("3D000", f'database "{name}" does not exist')))
            await writer.drain()
            return
        database.sessions += 1
        try:
            await self._run_session_in(database, parameters, reader, writer)
        finally:
            database.sessions -= 1
            if not database.sessions and name != self._settings.database:
                self._databases.pop(name, None)  # so that it can be dropped
                await database.services.journal.close()

    async def _opened(self, name: str) -> "_Database | None":
        """Return a database; None if there is none of that name."""
        if name not in self._databases:
            settings = dataclasses.replace(self._settings, database=name)
            if not await catalog.adopt(settings):
                return None
            own = Services(settings, Journal(settings))
            self._databases.setdefault(name, _Database(own, History(settings)))
        return self._databases[name]

    async def _run_session_in(
        self,
        database: "_Database",
        parameters: dict[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        engine_reader, engine_writer = await self._connect(writer)
        undocumented = self._settings.undocumented
        log_of_session = SessionLog(database.history, parameters.get("user", ""))
        outbox = Outbox(writer)
        backend = Backend(engine_reader, engine_writer, outbox, undocumented.conflict_wording, log_of_session)
        inbox = Inbox(reader)
        tasks = [asyncio.create_task(backend.pump()), asyncio.create_task(inbox.fill())]
        try:
            known = {name: value for name, value in parameters.items() if name.lower() in _KNOWN_PARAMETERS}
            await backend.send(wire.startup(known), ready=1)
            is_resumed = undocumented.is_first_statement_cancelled and self._has_been_idle()
            session = Session(
                inbox,
                outbox,
                backend,
                database.services,
                log=log_of_session,
                is_first_statement_cancelled=is_resumed,
                faults=self._settings.faults,
            )
            await session.run()
        finally:
            outbox.flush()
            self._last_session_at = time.monotonic()
            for task in tasks:
                task.cancel()
            backend.abort()

    def _has_been_idle(self) -> bool:
        """Return whether no session was open for a while before this one."""
        return len(self._clients) == 1 and time.monotonic() - self._last_session_at > _RESUMES_AFTER_SECONDS

    async def _connect(self, client: asyncio.StreamWriter) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            return await asyncio.open_connection(self._settings.postgres_host, self._settings.postgres_port)
        except OSError as error:
            log.warning("PostgreSQL does not answer: %s", error)
            client.write(wire.report(b"E", _fatal("08001", "the stand-in's PostgreSQL does not answer")))
            await client.drain()
            raise ConnectionError("PostgreSQL does not answer") from None

    async def _cancel(self, body: bytes) -> None:
        """Pass a request to cancel on; the engine knows the key, we do not."""
        with suppress(OSError):
            _, writer = await asyncio.open_connection(self._settings.postgres_host, self._settings.postgres_port)
            writer.write(wire.cancel(body))
            await writer.drain()
            writer.close()
            await writer.wait_closed()


def _import_what_copies_need() -> None:
    """Leave all that is imported then out of garbage collections."""
    import_module("local.redshift.copy.load")
    gc.freeze()
    gc.set_threshold(50_000)


def _fatal(sqlstate: str, message: str) -> dict[str, str]:
    return {"S": "FATAL", "V": "FATAL", "C": sqlstate, "M": message}
