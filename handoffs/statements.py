"""Statements of the hot paths: for many rows at once, planned once per connection.

psycopg's own cursor parses a statement of this size anew each time it runs and tells its types by
the size of a number, which costs more than PostgreSQL takes to run it (ADR 0013). Everything else
goes through the ORM.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import pq

_PLACE = re.compile(r"%\((\w+)\)s|\basked\.(\w+)")
_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
BINARY = 1
# which statements each connection has planned
_PLANNED: WeakKeyDictionary[Any, set[bytes]] = WeakKeyDictionary()

# how many rows a statement is prepared for; fewer are filled up with rows of nulls
_SIZES = (1, 2, 4, 8, 16)
MOST = _SIZES[-1]


class Statement:
    """One SQL statement over rows of values.

    It begins behind the name `asked`, which has a row of texts for each row of values, and their
    order as `place`. `%(name)s` stands for `source.name`: what is written comes from `source`,
    which the statement makes of those in `asked` that may go on. A row of nulls must come to
    nothing.
    """

    def __init__(self, name: str, sql: str) -> None:
        self._name = name
        named = (first or second for first, second in _PLACE.findall(sql))
        self.columns = tuple(dict.fromkeys(one for one in named if one != "place"))
        self._rest = _PLACE.sub(lambda found: f"source.{found[1]}" if found[1] else found[0], sql)

    def rows(self, values: Sequence[Mapping[str, Any]]) -> list[list[str | None]]:
        """Run it and return what it returns, as texts.

        Raises what the ORM raises: django.db.IntegrityError and the rest.
        """
        size, sent = self.fill(values)
        # looked up once: which connection is this thread's takes a while to find out
        ours = connections[DEFAULT_DB_ALIAS]
        with ours.wrap_database_errors:
            return texts(self._run(ours, size, sent))

    def fill(self, values: Sequence[Mapping[str, Any]]) -> tuple[int, list[bytes | None]]:
        """Say for how many rows it is to run with these values, and put them into places."""
        size = next(size for size in _SIZES if size >= len(values))
        sent = [
            value.encode() if type(value) is str else _sent(value)
            for row in values
            for value in map(row.__getitem__, self.columns)
        ]
        return size, sent + [None] * (size - len(values)) * len(self.columns)

    def name(self, size: int) -> bytes:
        return f"{self._name}_{size}".encode()

    def _run(self, ours: Any, size: int, sent: Sequence[bytes | None]) -> pq.abc.PGresult:
        ours.ensure_connection()
        driver = ours.connection
        link = driver.pgconn
        if not driver.autocommit and link.transaction_status == pq.TransactionStatus.IDLE:
            check(link.exec_(b"begin"))
        planned = _PLANNED.setdefault(link, set())
        name = self.name(size)
        if name not in planned:
            check(link.prepare(name, self.sql(size).encode()))
            planned.add(name)
        return check(link.exec_prepared(name, sent, [BINARY] * len(sent)))

    def sql(self, size: int) -> str:
        """Write it for so many rows."""
        width = len(self.columns)
        rows = ", ".join(
            f"({place}, {', '.join(f'${(place - 1) * width + n + 1}::text' for n in range(width))})"
            for place in range(1, size + 1)
        )
        named = ", ".join(("place", *self.columns))
        return f"with asked({named}) as materialized (values {rows}), {self._rest}"


def _sent(value: Any) -> bytes | None:
    if value is None or type(value) is bytes:
        return value
    if type(value) is int:
        return b"%d" % value
    if value is True or value is False:
        return b"t" if value else b"f"
    return (value.isoformat() if isinstance(value, datetime) else str(value)).encode()


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def check(result: pq.abc.PGresult) -> pq.abc.PGresult:
    """Raise what the result says that went wrong."""
    if result.status not in _DONE:
        raise psycopg.errors.error_from_result(result)
    return result


def texts(result: pq.abc.PGresult) -> list[list[str | None]]:
    """Read the rows of a result."""
    fields = range(result.nfields)
    return [
        [_text(result.get_value(row, field)) for field in fields] for row in range(result.ntuples)
    ]
