"""Statements of the hot paths: read once, planned once per connection, bound by the server.

psycopg's own cursor parses a statement of this size anew each time it runs and tells its types by
the size of a number, which costs more than PostgreSQL takes to run it (ADR 0013). Everything else
goes through the ORM.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from psycopg import pq

_PLACE = re.compile(r"%\((\w+)\)s")
_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
_TEXT, _BINARY = 0, 1
# which statements each connection has planned
_PLANNED: WeakKeyDictionary[Any, set[bytes]] = WeakKeyDictionary()


class Statement:
    """One SQL statement with named places, `%(name)s`; a bare percent sign is itself."""

    def __init__(self, name: str, sql: str) -> None:
        self.name = name.encode()
        self.places = tuple(dict.fromkeys(_PLACE.findall(sql)))
        numbers = {place: f"${number}" for number, place in enumerate(self.places, 1)}
        self.sql = _PLACE.sub(lambda found: numbers[found[1]], sql).encode()

    def row(self, values: Mapping[str, Any]) -> list[str | None] | None:
        """Run it and return the first row as texts, or None when there is none.

        Raises what the ORM raises: django.db.IntegrityError and the rest.
        """
        with connection.wrap_database_errors:
            result = self._run(values)
        if not result.ntuples:
            return None
        found = (result.get_value(0, column) for column in range(result.nfields))
        return [None if one is None else one.decode() for one in found]

    def _run(self, values: Mapping[str, Any]) -> pq.abc.PGresult:
        connection.ensure_connection()
        driver = connection.connection
        link = driver.pgconn
        if not driver.autocommit and link.transaction_status == pq.TransactionStatus.IDLE:
            _check(link.exec_(b"begin"))
        planned = _PLANNED.setdefault(link, set())
        if self.name not in planned:
            _check(link.prepare(self.name, self.sql))
            planned.add(self.name)
        sent = [_sent(values[place]) for place in self.places]
        formats = [_BINARY if isinstance(values[place], bytes) else _TEXT for place in self.places]
        return _check(link.exec_prepared(self.name, sent, formats))


def _sent(value: Any) -> bytes | None:
    if isinstance(value, str):
        if "\0" in value:
            raise psycopg.DataError("PostgreSQL texts cannot hold NUL.")
        return value.encode()
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"t" if value else b"f"
    return (value.isoformat() if isinstance(value, datetime) else str(value)).encode()


def _check(result: pq.abc.PGresult) -> pq.abc.PGresult:
    if result.status not in _DONE:
        raise psycopg.errors.error_from_result(result)
    return result
