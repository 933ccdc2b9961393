"""The same request twice is one request: its first answer is kept and told again."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction

from accounts.errors import FieldProblem
from handoffs import canonical, jobs
from handoffs.errors import BadShape, IdempotencyMismatch, InProgress
from handoffs.failpoints import failpoint
from handoffs.states import OPEN_HANDOFF_STATES

KEPT_FOR = timedelta(days=30)
# how long the second of two simultaneous requests waits for the first one's answer
WAIT = "2s"
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")

_TAKE = """
insert into handoffs_idempotencyrecord (client_id, key, fingerprint, status, body, created_at)
values (%s, %s, %s, 0, '', now()) on conflict (client_id, key) do nothing returning id
"""
_KEPT = """
select fingerprint, status, body from handoffs_idempotencyrecord
where client_id = %s and key = %s
"""
_KEEP = """
update handoffs_idempotencyrecord set status = %s, body = %s, handoff_id = %s where id = %s
"""
_REMEMBER = """
insert into handoffs_idempotencyrecord (client_id, key, fingerprint, status, body, created_at)
values (%s, %s, %s, %s, %s, now()) on conflict (client_id, key) do nothing
"""
# an array is looked for once: joined, it might be looked for again and again, without a limit
_FORGET = """
delete from handoffs_idempotencyrecord where id = any(array(
    select record.id from handoffs_idempotencyrecord record
    left join handoffs_handoff handoff on handoff.id = record.handoff_id
    where record.created_at < %s and (handoff.id is null or handoff.state <> all(%s))
    order by record.created_at limit %s for update of record skip locked
))
"""


class BadKey(BadShape):
    """The Idempotency-Key is not usable. Nothing was stored. Send 1 to 255 visible characters."""

    code, title = "bad_idempotency_key", "Unusable Idempotency-Key"


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """A client's own name for a request, and what the request was."""

    client_id: int
    key: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """A response: HTTP status, JSON text, and whether it is an earlier one told again."""

    status: int
    body: str
    replayed: bool = False


@dataclass(frozen=True, kw_only=True)
class Done:
    """What the work came to; `handoff` keeps the answer for as long as that handoff is open."""

    status: int
    body: str
    handoff: str | None = None


def read_key(value: str | None) -> str | None:
    """Return the header's key, or None when there is none; raise BadKey for what is no key."""
    if value is None:
        return None
    if not _VISIBLE.fullmatch(value):
        raise BadKey(fields=(FieldProblem("Idempotency-Key", "1 to 255 visible ASCII characters"),))
    return value


def fingerprint(method: str, path: str, body: object) -> str:
    """Return what makes a request the same: SHA-256 of method, path and canonical body."""
    digest = hashlib.sha256(f"{method} {path}\n".encode())
    digest.update(canonical.encode(body))
    return digest.hexdigest()


def once(keyed: Keyed | None, do: Callable[[], Done]) -> Told:
    """Do the work and keep its answer, together; or tell the answer that is already kept.

    The record is written first, in the transaction of the work. Of two at once the second waits
    there: for the answer of the first, or for its failure, after which it does the work itself. A
    refusal rolls the record back, so that a mended request may use the key again.
    """
    with transaction.atomic():
        if keyed is None:
            done = do()
            return Told(status=done.status, body=done.body)
        record = _take(keyed)
        if record is None:
            return _kept(keyed)
        done = do()
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [done.status, done.body, done.handoff, record])
    failpoint("idempotency.after_commit")
    return Told(status=done.status, body=done.body)


def _take(keyed: Keyed) -> int | None:
    """Claim the key and return the record, or None when it was taken before."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("select set_config('lock_timeout', %s, true)", [WAIT])
            cursor.execute(_TAKE, [keyed.client_id, keyed.key, keyed.fingerprint])
            row = cursor.fetchone()
            cursor.execute("set local lock_timeout to default")
    except OperationalError as error:
        # 55P03: the first request took longer than we wait
        if getattr(error.__cause__, "sqlstate", "") == "55P03":
            raise InProgress(retry_after=1) from None
        raise
    return row[0] if row else None


def _kept(keyed: Keyed) -> Told:
    with connection.cursor() as cursor:
        cursor.execute(_KEPT, [keyed.client_id, keyed.key])
        row = cursor.fetchone()
    if row is None:
        # forgotten between two statements
        raise InProgress(retry_after=1)
    return _same(keyed, row)


def _same(keyed: Keyed, row: tuple[str, int, str]) -> Told:
    kept, status, body = row
    if kept != keyed.fingerprint:
        raise IdempotencyMismatch
    return Told(status=status, body=body, replayed=True)


def recall(keyed: Keyed | None) -> Told | None:
    """Tell the kept answer of work that is done in several transactions, or None when new."""
    if keyed is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_KEPT, [keyed.client_id, keyed.key])
        row = cursor.fetchone()
    return _same(keyed, row) if row else None


def remember(keyed: Keyed | None, done: Done) -> None:
    """Keep the answer of such work, unless another one just like it was faster."""
    if keyed is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                _REMEMBER, [keyed.client_id, keyed.key, keyed.fingerprint, done.status, done.body]
            )


def forget(*, now: datetime, limit: int = 5_000) -> int:
    """Drop answers that are 30 days old and whose handoff no longer waits; return how many.

    In batches that commit one by one: however much there is, nobody waits for it.
    """
    return jobs.drain(lambda: _forget_some(now, limit), full=limit)


def _forget_some(now: datetime, limit: int) -> int:
    with connection.cursor() as cursor:
        open_states = [state.value for state in OPEN_HANDOFF_STATES]
        cursor.execute(_FORGET, [now - KEPT_FOR, open_states, limit])
        return int(cursor.rowcount)
