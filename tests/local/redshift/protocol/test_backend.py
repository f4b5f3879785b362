"""The connection to the engine, spoken to by hand."""

import asyncio
from typing import Any, cast

import pytest

from local.redshift.protocol import questions, wire
from local.redshift.protocol.backend import Backend
from local.redshift.protocol.client import Outbox
from local.redshift.protocol.copying import CopyIn
from local.redshift.protocol.errors import PostgresError

NOTICE = wire.report(b"N", {"S": "WARNING", "M": "by the way"})
ERROR = wire.report(b"E", {"S": "ERROR", "C": "57014", "M": "canceled"})


class Written:
    """A writer that keeps what is written to it."""

    def __init__(self) -> None:
        self.data = b""
        self.packets = 0
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.data += data
        self.packets += 1

    async def drain(self) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        self.is_closed = True


class Wires:
    """A backend whose engine and client are bytes."""

    def __init__(self) -> None:
        self.engine = asyncio.StreamReader()
        self.to_engine, self.client = Written(), Written()
        to_engine, client = (cast("asyncio.StreamWriter", cast("Any", each)) for each in (self.to_engine, self.client))
        self.backend = Backend(self.engine, to_engine, Outbox(client))
        self.pumping = asyncio.ensure_future(self.backend.pump())

    async def say(self, *messages: bytes) -> None:
        """Send messages of the engine, a byte at a time."""
        for byte in b"".join(messages):
            self.engine.feed_data(bytes([byte]))
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)


def test_messages_pass_whole_and_in_order() -> None:
    async def run() -> None:
        wires = Wires()
        messages = [wire.message(b"D", b"row"), NOTICE, wire.command_complete("SELECT 1"), wire.ready(b"T")]
        await wires.say(*messages)
        assert wires.client.data == b"".join(messages)
        assert wires.backend.status == b"T"
        wires.engine.feed_eof()
        await wires.pumping
        assert wires.client.is_closed

    asyncio.run(run())


def test_an_answer_is_one_packet() -> None:
    async def run() -> None:
        wires = Wires()
        row = wire.message(b"D", wire.data_row([b"a"]))
        answer = [wire.message(b"T", b"\0\0"), row, NOTICE, wire.command_complete("SELECT 1"), wire.ready(b"I")]
        wires.engine.feed_data(b"".join(answer))
        await asyncio.sleep(0.01)
        assert (wires.client.data, wires.client.packets) == (b"".join(answer), 1)
        async with wires.backend.kept():
            wires.engine.feed_data(b"".join(answer))
            assert await wires.backend.relay_until(b"Z")
        await asyncio.sleep(0.01)
        assert (wires.client.data, wires.client.packets) == (b"".join(answer) * 2, 2)
        wires.pumping.cancel()

    asyncio.run(run())


def test_a_notice_in_the_middle_of_a_copy_does_not_end_it() -> None:
    async def run() -> None:
        wires = Wires()
        await wires.say(wire.ready(b"I"))
        async with wires.backend.kept():
            await wires.say(NOTICE)
            copy_in = CopyIn(wires.backend)
            assert not copy_in.has_ended()
            await asyncio.sleep(0)
            assert wires.client.data.endswith(NOTICE)
            await wires.say(ERROR, wire.ready(b"E"))
            assert copy_in.has_ended()
            with pytest.raises(PostgresError, match="canceled"):
                await copy_in.end(failed=False)
        wires.pumping.cancel()

    asyncio.run(run())


def test_wait_ends_when_the_engine_closes_the_connection() -> None:
    async def run() -> None:
        wires = Wires()
        await wires.say(wire.ready(b"I"))
        async with wires.backend.kept():
            wires.engine.feed_eof()
            with pytest.raises(ConnectionError):
                await wires.backend.query("SELECT 1")
            with pytest.raises(ConnectionError):
                CopyIn(wires.backend).has_ended()
        await wires.pumping

    asyncio.run(run())


def test_serialization_failure_gets_redshifts_wording() -> None:
    async def run() -> None:
        wires = Wires()
        await wires.say(wire.report(b"E", {"S": "ERROR", "C": "40001", "M": "could not serialize access"}))
        fields = wire.report_fields(wires.client.data[wire.HEADER_BYTES :])
        assert (fields["C"], fields["M"]) == ("XX000", "1023")
        wires.pumping.cancel()

    asyncio.run(run())


def test_each_answer_to_a_question_is_read_also_after_an_error() -> None:
    """One that is left over would reach the client as the answer to its next statement."""

    async def run() -> None:
        wires = Wires()
        await wires.say(wire.ready(b"T"))
        before = wires.client.data
        async with wires.backend.kept():
            asking = asyncio.ensure_future(questions.check(wires.backend, "SELECT 1"))
            await wires.say(*[ERROR, wire.ready(b"E")] * 3)
            assert await asking
        await wires.say()
        assert wires.client.data == before
        wires.pumping.cancel()

    asyncio.run(run())
