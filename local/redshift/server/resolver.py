"""Ask the engine what a statement does not say itself: which names are columns, and the types of its decimals."""

import dataclasses
from collections.abc import Mapping, Sequence

from local.redshift.dialect import arithmetic, lateral, recursion, routines, set_operations
from local.redshift.protocol import questions, wire
from local.redshift.protocol.backend import FAILED, Backend
from local.redshift.protocol.errors import PostgresError, StandInError
from local.redshift.protocol.wire import Field
from local.redshift.server import statements
from local.redshift.server.kinds import Ask, Body, Failed, Forward, Lookup, Statement, Unload


class Resolver:
    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.has_begun_pipeline = False
        """Something was executed since the last Sync."""
        self.variables: Mapping[str, str] = {}
        """The types of the variables of the procedure that is being read."""
        self.parameter_types = wire.NO_TYPES
        """Those of the parameters of the statement that is being prepared."""

    async def settled(self, statement: Statement) -> Statement:
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
                error = await questions.check(self.backend, routines.with_types(statement.probe, self.variables))
            alias = lateral.missing(error.fields.get("M", "")) if error else None
            if alias not in statement.aliases:
                break
            statement = statements.without(statement, str(alias))
        if isinstance(statement, Forward) and statement.is_recursive:
            statement = dataclasses.replace(statement, sql=await self._widened(statement.sql))
        if isinstance(statement, Unload):
            return await self._unload(statement)
        if isinstance(statement, Forward) and statement.is_typed:
            declared, self.variables = self.variables, self.variables or routines.of_prepare(statement.sql)
            computed = await self._computed(statement.sql)
            self.variables = declared
            return dataclasses.replace(statement, sql=computed)
        return statement

    async def _widened(self, sql: str) -> str:
        """Let the strings of a recursive query grow."""
        while not self.has_begun_pipeline and self.backend.status != FAILED:
            async with self.backend.kept():
                error = await questions.check(self.backend, routines.with_types(sql, self.variables))
            before, sql = sql, recursion.widened(sql, error.fields.get("M", "")) if error else sql
            if sql == before:
                break
        return sql

    async def _routine(self, routine: routines.Routine) -> Statement:
        """Read the statements of a body, each as one that the client sends."""
        texts, self.variables = list[str](), routine.variables
        try:
            for start, stop in routine.parts:
                found = await self.settled(statements.of_body(routine.sql[start:stop]))
                if not isinstance(found, Forward):
                    return found
                texts.append(found.sql)
        finally:
            self.variables = {}
        return Forward(routine.written(texts))

    async def _unload(self, statement: Unload) -> Statement:
        """Put the query of an UNLOAD into the engine's dialect."""
        query = await self.settled(statements.of_query(statement.command.query))
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
                return await questions.columns(
                    self.backend, routines.with_types(query, self.variables), self.parameter_types
                )
        except PostgresError:
            return None

    async def _answered(self, ask: Ask | Lookup) -> Statement:
        try:
            if isinstance(ask, Lookup):
                return ask.answered((await self.backend.query(ask.query))[0])
            query = routines.with_types(ask.query, self.variables)
            return ask.answered(
                [field.name for field in await questions.columns(self.backend, query, self.parameter_types)]
            )
        except StandInError as error:
            return Failed(error)
        except PostgresError as error:
            return Failed(StandInError(error.fields.get("M", ""), sqlstate=error.fields.get("C", "XX000")))

    async def types_of_parameters(self, statement: Statement, declared: bytes) -> bytes:
        """Return the types of a statement's parameters: the engine finds those that the client does not declare."""
        if not statements.asks(statement) or self.has_begun_pipeline or self.backend.status == FAILED:
            return declared
        if not (isinstance(statement, Forward) and statements.has_parameters(statement.sql)):
            return declared
        try:
            async with self.backend.kept():
                return await questions.parameters(self.backend, statement.sql, declared)
        except PostgresError:
            return declared
