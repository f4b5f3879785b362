"""What a client has prepared and bound by the extended protocol."""

from dataclasses import dataclass, field

from local.redshift.dialect import long_names
from local.redshift.dialect.tokens import tokenize
from local.redshift.protocol import names, results, wire
from local.redshift.protocol.errors import StandInError
from local.redshift.server import statements
from local.redshift.server.history import SessionLog
from local.redshift.server.kinds import Failed, Forward, Statement
from local.redshift.server.resolver import Resolver


@dataclass
class Prepared:
    """Statements and portals by name: those that are carried out here, and what the client wrote."""

    resolver: Resolver
    log: SessionLog
    statements: dict[bytes, Statement] = field(default_factory=dict)
    portals: dict[bytes, Statement] = field(default_factory=dict)
    sources: dict[bytes, str] = field(default_factory=dict)
    """Every statement as the client wrote it, and below for every portal."""
    intervals: dict[bytes, dict[int, int]] = field(default_factory=dict)
    """Which parameters of a statement are intervals of Redshift's own types."""
    texts: dict[bytes, str] = field(default_factory=dict)

    async def noted(self, kind: bytes, body: bytes) -> bytes:
        """Remember what a message names, and replace the stand-in's statements by the stub."""
        if kind == b"P":
            return await self._parse(body)
        if kind == b"B":
            portal, name = body.split(b"\0", 2)[:2]
            self.portals.pop(portal, None)
            self.texts[portal] = self.sources.get(name, "")
            if name in self.statements:
                self.portals[portal] = self.statements[name]
            try:
                return self._bound(body, name)
            except StandInError as error:
                self.portals[portal] = Failed(error)
        return body

    def _bound(self, body: bytes, name: bytes) -> bytes:
        """Return a Bind message with intervals and long names as the engine has them."""
        intervals = self.intervals.get(name, {})
        tokens = tokenize(self.sources.get(name, "")) if names.LONG else []
        means_names = long_names.parameters(tokens)
        if not intervals and not means_names:
            return body

        def changed(place: int, value: bytes, is_binary: bool) -> bytes:
            if is_binary and place in intervals:
                return results.engine_interval(value, intervals[place])
            return long_names.of_engine(value, means_names[place]) if place in means_names else value

        return wire.with_values(body, changed)

    async def _parse(self, body: bytes) -> bytes:
        name, sql, declared = body.split(b"\0", 2)
        rest, self.intervals[name] = results.engine_types(declared)
        self.statements.pop(name, None)
        self.sources[name] = wire.untext(sql)
        await self.log.write_for(self.sources[name])
        read = statements.read_one(wire.untext(sql))
        await self.log.keep_names()
        self.resolver.parameter_types = await self.resolver.types_of_parameters(read, rest)
        found = await self.resolver.settled(read)
        self.resolver.parameter_types = wire.NO_TYPES
        if not isinstance(found, Forward):
            self.statements[name] = found
        text = found.sql if isinstance(found, Forward) else statements.STUB
        return name + b"\0" + wire.text(text) + rest

    def portal(self, body: bytes) -> Statement | None:
        return self.portals.get(body.split(b"\0", 1)[0])
