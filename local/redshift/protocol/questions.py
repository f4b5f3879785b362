"""What the stand-in asks the engine about a statement, without running it."""

from local.redshift.protocol import wire
from local.redshift.protocol.backend import IN_TRANSACTION, Backend
from local.redshift.protocol.errors import PostgresError

_PROBE = "lakeport_probe"


async def check(backend: Backend, sql: str) -> PostgresError | None:
    """Let the engine read a query without running it; return what is wrong, which harms no transaction."""
    is_block = backend.status == IN_TRANSACTION
    if is_block:
        await backend.query(f"SAVEPOINT {_PROBE}")
    parse = wire.message(b"P", wire.text(_PROBE) + wire.text(sql) + b"\0\0")
    await backend.send(parse + wire.message(b"C", b"S" + wire.text(_PROBE)) + wire.message(b"S"), ready=1)
    error = None
    while (message := await backend.next())[0] != b"Z":
        if message[0] == b"E":
            error = PostgresError(message[1])
    if is_block:
        await backend.query(f"ROLLBACK TO {_PROBE}; RELEASE {_PROBE}")
    return error


async def columns(backend: Backend, sql: str, types: bytes = wire.NO_TYPES) -> list[wire.Field]:
    """Return the columns of a query that the engine only reads; raises PostgresError, and harms no transaction."""
    return (await _read(backend, sql, types))[0]


async def parameters(backend: Backend, sql: str, types: bytes) -> bytes:
    """Return the types of a statement's parameters, of which some may be declared; raises PostgresError."""
    return (await _read(backend, sql, types))[1]


async def describe(backend: Backend, sql: str) -> list[wire.Field]:
    """Return the columns of a query without running it; raises PostgresError."""
    await backend.send(wire.query(f"SELECT * FROM ({sql}) described LIMIT 0"), ready=1)  # noqa: S608 - the client's own
    found, _, error = await _described(backend)
    if error:
        raise error
    return found


async def _read(backend: Backend, sql: str, types: bytes) -> tuple[list[wire.Field], bytes]:
    is_block = backend.status == IN_TRANSACTION
    if is_block:
        await backend.query(f"SAVEPOINT {_PROBE}")
    parse = wire.message(b"P", wire.text(_PROBE) + wire.text(sql) + types)
    name = b"S" + wire.text(_PROBE)
    await backend.send(parse + wire.message(b"D", name) + wire.message(b"C", name) + wire.message(b"S"), ready=1)
    found, types, error = await _described(backend)
    if is_block:
        await backend.query(f"ROLLBACK TO {_PROBE}; RELEASE {_PROBE}")
    if error:
        raise error
    return found, types


async def _described(backend: Backend) -> tuple[list[wire.Field], bytes, PostgresError | None]:
    """Read the answer to a description: its columns and the types of its parameters, or the error."""
    found, types, error = list[wire.Field](), wire.NO_TYPES, None
    while (message := await backend.next())[0] != b"Z":
        if message[0] == b"T":
            found = wire.fields(message[1])
        elif message[0] == b"t":
            types = message[1]
        elif message[0] == b"E":
            error = PostgresError(message[1])
    return found, types, error
