"""What the stand-in asks the engine about a statement, without running it."""

from local.redshift.protocol import wire
from local.redshift.protocol.backend import IN_TRANSACTION, Backend
from local.redshift.protocol.errors import PostgresError

_PROBE = "lakeport_probe"
_KEEP = wire.query(f"SAVEPOINT {_PROBE}")
_RETURN = wire.query(f"ROLLBACK TO {_PROBE}; RELEASE {_PROBE}")


Answer = tuple[list[wire.Field], bytes, PostgresError | None]
"""The columns of a query and the types of its parameters, or the error."""


async def check(backend: Backend, sql: str) -> PostgresError | None:
    """Let the engine read a query without running it; return what is wrong, which harms no transaction."""
    return (await _read(backend, sql, wire.NO_TYPES))[2]


async def columns(backend: Backend, sql: str, types: bytes = wire.NO_TYPES) -> list[wire.Field]:
    """Return the columns of a query that the engine only reads; raises PostgresError, and harms no transaction."""
    found, _, error = await _read(backend, sql, types)
    if error:
        raise error
    return found


async def parameters(backend: Backend, sql: str, types: bytes) -> bytes:
    """Return the types of a statement's parameters, of which some may be declared; raises PostgresError."""
    _, found, error = await _read(backend, sql, types)
    if error:
        raise error
    return found


async def describe(backend: Backend, sql: str) -> list[wire.Field]:
    """Return the columns of a query without running it; raises PostgresError."""
    await backend.send(wire.query(f"SELECT * FROM ({sql}) described LIMIT 0"), ready=1)  # noqa: S608 - the client's own
    found, _, error = await _described(backend)
    if error:
        raise error
    return found


async def _read(backend: Backend, sql: str, types: bytes) -> Answer:
    """Let the engine parse and describe a statement; in a transaction between savepoints, all in one packet."""
    name = b"S" + wire.text(_PROBE)
    parse = wire.message(b"P", wire.text(_PROBE) + wire.text(sql) + types)
    question = parse + wire.message(b"D", name) + wire.message(b"C", name) + wire.message(b"S")
    if backend.status != IN_TRANSACTION:
        await backend.send(question, ready=1)
        return await _described(backend)
    await backend.send(_KEEP + question + _RETURN, ready=3)
    kept, found, returned = [await _described(backend) for _ in range(3)]  # all of them, also after an error
    return *found[:2], kept[2] or found[2] or returned[2]


async def _described(backend: Backend) -> Answer:
    found, types, error = list[wire.Field](), wire.NO_TYPES, None
    while (message := await backend.next())[0] != b"Z":
        if message[0] == b"T":
            found = wire.fields(message[1])
        elif message[0] == b"t":
            types = message[1]
        elif message[0] == b"E":
            error = PostgresError(message[1])
    return found, types, error
