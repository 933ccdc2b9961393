"""The demo's own database: orders, invoices, and every effect the agent ever had, each once.

It is SQLite on purpose: it stands for somebody else's system, outside Overread. An effect is
keyed by the permission it was done under; doing it again under the same key changes nothing.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
create table if not exists orders (
    id text primary key, customer text, email text, tier text, item text, total real,
    status text, placed text, promised text, refunded real default 0,
    address text default '', previous_address text default '');
create table if not exists invoices (
    id text primary key, supplier text, iban text, iban_on_file text, amount real,
    po_amount real, due text, status text);
create table if not exists tickets (
    id text primary key, workflow text, subject_id text, kind text, message text, answered text);
create table if not exists effects (
    key text primary key, action text, arguments text, done_at text default current_timestamp);
"""


class Refused(Exception):
    """The shop's own rules do not allow this."""


class Shop:
    """All effects go through `do`, which records the key and changes the row in one transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._transaction() as connection:
            connection.executescript(_SCHEMA)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=10)
        connection.row_factory = sqlite3.Row
        try:
            with connection:
                connection.execute("begin immediate")
                yield connection
        finally:
            connection.close()

    def stock(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Add rows that are not there yet."""
        with self._transaction() as connection:
            for row in rows:
                names = ", ".join(row)
                marks = ", ".join("?" for _ in row)
                connection.execute(
                    f"insert or ignore into {table} ({names}) values ({marks})", list(row.values())
                )

    def order(self, id: str) -> dict[str, Any]:
        return self._one("select * from orders where id = ?", id)

    def invoice(self, id: str) -> dict[str, Any]:
        return self._one("select * from invoices where id = ?", id)

    def next_ticket(self) -> dict[str, Any] | None:
        """Return the oldest ticket that nobody has begun."""
        with self._transaction() as connection:
            row = connection.execute(
                "select * from tickets where answered is null order by id limit 1"
            ).fetchone()
        return dict(row) if row else None

    def begun(self) -> list[dict[str, Any]]:
        """Return the tickets whose run may still be open."""
        with self._transaction() as connection:
            rows = connection.execute("select * from tickets where answered = 'wait' order by id")
            return [dict(row) for row in rows]

    def tentative(self) -> list[tuple[str, str, str]]:
        """Return what was done subject to review: ticket, subject and handoff."""
        with self._transaction() as connection:
            rows = connection.execute(
                "select id, subject_id, answered from tickets where answered like 'tentative %'"
            )
            return [(row["id"], row["subject_id"], row["answered"].split()[1]) for row in rows]

    def waiting(self) -> int:
        return len(self.begun())

    def standing(self, ticket_id: str) -> dict[str, Any]:
        """Return what the ticket is about as it is now: its order or invoice."""
        subject = self.ticket(ticket_id)["subject_id"]
        return self.invoice(subject) if subject.startswith("INV-") else self.order(subject)

    def ticket(self, id: str) -> dict[str, Any]:
        return self._one("select * from tickets where id = ?", id)

    def mark(self, ticket: str, answered: str) -> None:
        with self._transaction() as connection:
            connection.execute("update tickets set answered = ? where id = ?", (answered, ticket))

    def do(self, action: str, arguments: dict[str, Any], *, key: str) -> str:
        """Perform an action once per key and say in words what was done."""
        with self._transaction() as connection:
            fresh = connection.execute(
                "insert or ignore into effects (key, action, arguments) values (?, ?, ?)",
                (key, action, json.dumps(arguments, sort_keys=True)),
            ).rowcount
            if not fresh:
                return f"{action}: done before under this permission"
            return _EFFECTS[action](connection, **arguments)

    def effects(self) -> list[dict[str, Any]]:
        with self._transaction() as connection:
            return [
                dict(row) for row in connection.execute("select * from effects order by done_at")
            ]

    def _one(self, sql: str, id: str) -> dict[str, Any]:
        with self._transaction() as connection:
            row = connection.execute(sql, (id,)).fetchone()
        if row is None:
            raise Refused(f"{id} is not known")
        return dict(row)


def _cancel(connection: sqlite3.Connection, order_id: str, reason: str) -> str:
    done = connection.execute(
        "update orders set status = 'cancelled', refunded = total where id = ? "
        "and status = 'pending'",
        (order_id,),
    ).rowcount
    if not done:
        raise Refused(f"{order_id} is no longer pending")
    return f"{order_id} is cancelled and its money is on the way back"


def _refund(connection: sqlite3.Connection, order_id: str, amount: float, reason: str) -> str:
    done = connection.execute(
        "update orders set refunded = refunded + ? where id = ? and refunded + ? <= total",
        (amount, order_id, amount),
    ).rowcount
    if not done:
        raise Refused(f"{order_id} cannot be refunded {amount:.2f}")
    return f"{amount:.2f} EUR is refunded for {order_id}"


def _voucher(connection: sqlite3.Connection, order_id: str, amount: float) -> str:
    return f"a voucher over {amount:.2f} EUR was sent for {order_id}"


def _address(connection: sqlite3.Connection, order_id: str, address: dict[str, str]) -> str:
    line = ", ".join([address["street"], f"{address['postcode']} {address['city']}"])
    connection.execute(
        "update orders set previous_address = address, address = ? where id = ?", (line, order_id)
    )
    return f"{order_id} now goes to {line}"


def _address_back(connection: sqlite3.Connection, order_id: str) -> str:
    connection.execute("update orders set address = previous_address where id = ?", (order_id,))
    return f"{order_id} goes to the address it had before"


def _pay(connection: sqlite3.Connection, invoice_id: str, iban: str, amount: float) -> str:
    done = connection.execute(
        "update invoices set status = 'paid' where id = ? and status = 'open'", (invoice_id,)
    ).rowcount
    if not done:
        raise Refused(f"{invoice_id} is not open")
    return f"{amount:.2f} EUR is paid to {iban} for {invoice_id}"


_EFFECTS: dict[str, Callable[..., str]] = {
    "cancel_order": _cancel,
    "refund_order": _refund,
    "send_voucher": _voucher,
    "change_address": _address,
    "restore_address": _address_back,
    "pay_invoice": _pay,
}
