"""Statements on a connection of their own that keep no event loop waiting."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from psycopg import pq
from psycopg.conninfo import make_conninfo

from handoffs import statements
from handoffs.statements import Statement

# These statements find rows by their keys, however few there were when they were planned. A plan
# that reads whole tables is quick on the first day, and kept until the tables are analysed.
# Many wait for one statement: what somebody holds for long is left to who waits alone.
_SESSION = """
set lock_timeout = '1s';
set plan_cache_mode = force_generic_plan;
set enable_seqscan = off;
set enable_hashjoin = off;
set enable_mergejoin = off;
"""
# a server that has gone without a word is found out within a minute
_ALIVE = {"keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3}


class Lost(OperationalError):
    """The connection ended before it said how the statement ended."""


class Wire:
    """Runs one statement at a time; connects when it has to. Belongs to one event loop."""

    def __init__(self) -> None:
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._socket = -1
        self._planned: set[bytes] = set()
        self._told: asyncio.Future[pq.abc.PGresult] | None = None
        self._last: pq.abc.PGresult | None = None

    async def rows(
        self, statement: Statement, values: Sequence[Mapping[str, Any]]
    ) -> list[list[str | None]]:
        """Run it and return what it returns, as texts.

        Raises what the ORM raises, and Lost when nobody can know whether it was done.
        """
        size, sent = statement.fill(values)
        name = statement.name(size)
        with connections[DEFAULT_DB_ALIAS].wrap_database_errors:
            link = (self._connection or await self._connect()).pgconn
            if name not in self._planned:
                sql = statement.sql(size).encode()
                statements.check(await self._result(lambda: link.send_prepare(name, sql)))
                self._planned.add(name)
            formats = [statements.BINARY] * len(sent)
            result = await self._result(lambda: link.send_query_prepared(name, sent, formats))
            return statements.texts(statements.check(result))

    def close(self) -> None:
        """Let go of the connection; the next statement makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._socket)
            loop.remove_writer(self._socket)
            connection.pgconn.finish()

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        connection = await psycopg.AsyncConnection.connect(_conninfo(), autocommit=True)
        await connection.execute(_SESSION)
        # from here on without psycopg's own cursors, which parse and type anew each time
        self._connection, self._planned = connection, set()
        # kept, since a connection that has ended does not know it any more
        self._socket = connection.pgconn.socket
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        return connection

    async def _result(self, send: Callable[[], None]) -> pq.abc.PGresult:
        self._told = asyncio.get_running_loop().create_future()
        try:
            send()
            self._write()
        except psycopg.OperationalError as error:
            self._lose(error)
        return await self._told

    def _write(self) -> None:
        """Send, and what does not fit now later."""
        if self._connection is None:
            return
        link, loop = self._connection.pgconn, asyncio.get_running_loop()
        try:
            if link.flush():
                loop.add_writer(self._socket, self._write)
            else:
                loop.remove_writer(self._socket)
        except psycopg.OperationalError as error:
            self._lose(error)

    def _read(self) -> None:
        """Take in what came: a result, or that the server has gone."""
        assert self._connection is not None
        try:
            ended = self._take_in(self._connection.pgconn)
        except psycopg.OperationalError as error:
            self._lose(error)
            return
        result, self._last = (self._last, None) if ended else (None, self._last)
        if result is not None and self._told is not None and not self._told.done():
            self._told.set_result(result)

    def _take_in(self, link: pq.abc.PGconn) -> bool:
        """Tell whether the statement has ended."""
        link.consume_input()
        while not link.is_busy():
            result = link.get_result()
            if result is None:
                return True
            self._last = result
        return False

    def _lose(self, error: Exception) -> None:
        self.close()
        if self._told is not None and not self._told.done():
            self._told.set_exception(Lost(str(error)))


def _conninfo() -> str:
    """Return where Django's own connections lead."""
    wanted = connections[DEFAULT_DB_ALIAS].get_connection_params()
    known = {one.keyword.decode() for one in pq.Conninfo.get_defaults()}
    return make_conninfo(**{**_ALIVE, **{k: v for k, v in wanted.items() if k in known}})
