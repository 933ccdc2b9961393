"""The log of who did what: written with what it records, linked into a hash chain soon after.

A link is SHA-256 over the previous link, its own number and the entry as it is stored; `link`
says exactly which bytes. Whoever holds one link outside (each receipt does) can tell whether
anything before it was changed, taken out, put in or put elsewhere.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from handoffs.actors import SYSTEM, Actor
from handoffs.failpoints import failpoint

# A statement that does more in one round trip takes these in: `insert into … (COLUMNS)` and
# `values (PLACES)` or a select of its own, with `params(…)`. Time and transaction are the
# database's to say, by trigger.
COLUMNS = "actor_kind, actor, action, subject, body, xact_id"
PLACES = "%s, %s, %s, %s, %s, 0"
INSERT = f"insert into handoffs_auditentry ({COLUMNS}) values ({PLACES})"

BATCH = 1000
# one task seals so many batches at most; the next one, a second later, goes on
MAX_BATCHES = 20
START = bytes(32)
_SEALER_LOCK = 0x6F766572_5EA1


class Entry(NamedTuple):
    """An audit entry as it is stored."""

    id: int
    xact_id: int
    at: datetime
    actor_kind: str
    actor: str
    action: str
    subject: str
    body: bytes


class Head(NamedTuple):
    """The newest link, by its number; receipts carry it out of the database's reach."""

    seq: int
    hash: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a look at the whole chain found; `broken` names the first thing that does not hold."""

    sealed: int
    head: Head
    broken: str
    unsealed: int
    unsealed_since: datetime | None


def record(*, by: Actor, action: str, subject: str, body: dict[str, Any]) -> None:
    """Add one entry to the caller's own transaction: it stands or falls with what it records."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, params(by=by, action=action, subject=subject, body=body))


def params(
    *, by: Actor, action: str, subject: str, body: dict[str, Any]
) -> tuple[str, str, str, str, bytes]:
    return by.kind.value, by.audit_name, action, subject, canonical(body)


def canonical(body: dict[str, Any]) -> bytes:
    """Write `body` as the bytes that are stored and hashed; NaN and what is no JSON is refused."""
    return json.dumps(
        body, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).encode()


def link(previous: bytes, seq: int, entry: Entry) -> bytes:
    """Return the hash of link `seq`.

    Hashed are the 32 bytes of the previous link (zeros before the first), then `seq` and the
    entry's id, xact_id, at (UTC, ISO 8601 with microseconds), actor_kind, actor, action, subject
    and body. Each is bytes (numbers in decimal, text as UTF-8) behind its length as four
    big-endian bytes, so that nothing can move from one field into the next.
    """
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    texts = (seq, entry.id, entry.xact_id, at, *entry[3:7])
    digest = hashlib.sha256(previous)
    for field in (*(str(text).encode() for text in texts), entry.body):
        digest.update(len(field).to_bytes(4, "big") + field)
    return digest.digest()


def head() -> Head:
    """Return the newest link; number 0 before there is one."""
    with connection.cursor() as cursor:
        last = _last(cursor)
    return Head(last.seq, last.hash.hex())


_FIELDS = "e.id, e.xact_id, e.at, e.actor_kind, e.actor, e.action, e.subject, e.body"

_SEALED = "exists (select from handoffs_auditseal s where s.entry_id = e.id)"
_XMIN = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_XMAX = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
# Only what no running transaction can still come before: a lower id, even a lower xact_id, may
# commit later than a higher one, but nothing below the snapshot's xmin is still to come.
_READY = f"""
select {_FIELDS} from handoffs_auditentry e
where (e.xact_id, e.id) > (%(xact_id)s, %(id)s) and e.xact_id < {_XMIN} and not {_SEALED}
order by e.xact_id, e.id limit %(limit)s
"""
# After a restore into another server transactions are numbered anew, below the last sealed one.
# What has a number that this server has not given yet came with the backup, and goes first.
_READY_AFTER_RESTORE = f"""
select {_FIELDS} from handoffs_auditentry e
where (e.xact_id < {_XMIN} or e.xact_id >= {_XMAX}) and not {_SEALED}
order by e.xact_id < {_XMAX}, e.xact_id, e.id limit %(limit)s
"""
_LAST = f"""
select s.seq, s.hash, e.xact_id, e.id, coalesce(e.xact_id >= {_XMAX}, true)
from handoffs_auditseal s left join handoffs_auditentry e on e.id = s.entry_id
order by s.seq desc limit 1
"""


class _Last(NamedTuple):
    """The newest link and its entry's place. Behind a `lost` place nothing can be looked for: it
    is another server's, or the entry is gone."""

    seq: int
    hash: bytes
    xact_id: int
    id: int
    lost: bool


def _last(cursor: Any) -> _Last:
    cursor.execute(_LAST)
    row = cursor.fetchone()
    return _Last(row[0], bytes(row[1]), *row[2:]) if row else _Last(0, START, 0, 0, False)


def seal(*, batch: int = BATCH, batches: int = MAX_BATCHES) -> int:
    """Link what was committed since the last time, a bounded part at once; return how many.

    Two sealers are harmless: the second finds the lock taken and leaves the work to the first.
    """
    total = 0
    for _ in range(batches):
        sealed = _seal_batch(batch)
        total += sealed
        if sealed < batch:
            break
    return total


def _seal_batch(limit: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [_SEALER_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        last = _last(cursor)
        cursor.execute(
            _READY_AFTER_RESTORE if last.lost else _READY,
            {"xact_id": last.xact_id, "id": last.id, "limit": limit},
        )
        entries = [_entry(row) for row in cursor.fetchall()]
        if last.lost and not entries and not _unsealed()[0]:
            # gives the chain a last link of this server's numbering, so that the next look is quick
            record(by=SYSTEM, action="audit.restored", subject="audit", body={"after": last.seq})
        _append(cursor, last.seq, last.hash, entries)
        failpoint("audit.seal.before_commit")
    return len(entries)


def _append(cursor: Any, seq: int, previous: bytes, entries: list[Entry]) -> None:
    hashes = []
    for number, entry in enumerate(entries, seq + 1):
        previous = link(previous, number, entry)
        hashes.append(previous)
    cursor.execute(
        "insert into handoffs_auditseal (seq, entry_id, hash) "
        "select * from unnest(%s::bigint[], %s::bigint[], %s::bytea[])",
        [
            list(range(seq + 1, seq + 1 + len(entries))),
            [entry.id for entry in entries],
            hashes,
        ],
    )


def _entry(row: tuple[Any, ...]) -> Entry:
    return Entry._make((*row[:7], bytes(row[7])))


def verify(*, anchors: tuple[Head, ...] = (), batch: int = BATCH) -> Report:
    """Recompute the whole chain and say what is the first that does not hold.

    `anchors` are links kept elsewhere: without one, a chain whose newest links were taken away
    together with their entries still looks whole. Reads in batches, each a short statement of its
    own, so that no snapshot is held; what is sealed meanwhile is verified with the rest.
    """
    seq, previous, broken = 0, START, ""
    expected = dict(anchors)
    while not broken:
        rows = _links_after(seq, batch)
        for row in rows:
            broken = _what_is_wrong(seq, previous, row) or _off_anchor(row, expected)
            if broken:
                break
            seq, previous = row[0], bytes(row[1])
        if len(rows) < batch:
            break
    unsealed, since = _unsealed()
    return Report(
        sealed=seq,
        head=Head(seq, previous.hex()),
        broken=broken or _short_of(seq, expected) or _slipped_in(batch),
        unsealed=unsealed,
        unsealed_since=since,
    )


def _links_after(seq: int, limit: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"select s.seq, s.hash, s.entry_id, {_FIELDS} from handoffs_auditseal s "
            "left join handoffs_auditentry e on e.id = s.entry_id "
            "where s.seq > %s order by s.seq limit %s",
            [seq, limit],
        )
        return list(cursor.fetchall())


def _what_is_wrong(seq: int, previous: bytes, row: tuple[Any, ...]) -> str:
    number, hash, entry_id = row[0], bytes(row[1]), row[2]
    if number != seq + 1:
        return f"Link {seq + 1} is missing: the next one is {number}."
    if row[3] is None:
        return f"Entry {entry_id} of link {number} is missing."
    entry = _entry(row[3:])
    if link(previous, number, entry) != hash:
        return (
            f"Entry {entry.id} ({entry.action} {entry.subject}) does not hold: it is not what "
            f"link {number} was made over."
        )
    return ""


def _off_anchor(row: tuple[Any, ...], anchors: dict[int, str]) -> str:
    kept = anchors.get(row[0])
    if kept is None or kept == bytes(row[1]).hex():
        return ""
    return f"Link {row[0]} is not the one that was kept outside: the chain was made anew."


def _short_of(seq: int, anchors: dict[int, str]) -> str:
    beyond = max(anchors, default=0)
    if beyond <= seq:
        return ""
    return f"The chain ends at link {seq}, but link {beyond} was kept outside: its end is missing."


def _slipped_in(batch: int) -> str:
    """Find an entry that lies before the newest link and was never sealed.

    The sealer passed its place when nothing could come there any more.
    """
    with connection.cursor() as cursor:
        last = _last(cursor)
        at: tuple[int, int] | None = (-1, -1)
        while at and not last.lost:
            cursor.execute(_UNSEALED_BEFORE, [*at, last.xact_id, last.id, batch * 10])
            *end, id, action, subject = cursor.fetchone()
            if id is not None:
                return f"Entry {id} ({action} {subject}) was put in after its place was sealed."
            at = (end[0], end[1]) if end[0] is not None else None
    return ""


# the last place that this look reached, and the first entry up to there without a link
_UNSEALED_BEFORE = f"""
with part as materialized (
    select e.xact_id, e.id, e.action, e.subject from handoffs_auditentry e
    where (e.xact_id, e.id) > (%s, %s) and (e.xact_id, e.id) < (%s, %s)
    order by e.xact_id, e.id limit %s
), reached as (select xact_id, id from part order by xact_id desc, id desc limit 1),
found as (select e.id, e.action, e.subject from part e where not {_SEALED} limit 1)
select (select xact_id from reached), (select id from reached), found.*
from (select) nothing left join found on true
"""


def _unsealed() -> tuple[int, datetime | None]:
    with connection.cursor() as cursor:
        last = _last(cursor)
        place = (-1, -1) if last.lost else (last.xact_id, last.id)
        cursor.execute(
            "select count(*), min(e.at) from handoffs_auditentry e "
            f"where (e.xact_id, e.id) > (%s, %s) and not {_SEALED}",
            place,
        )
        count, since = cursor.fetchone()
    return count, since
