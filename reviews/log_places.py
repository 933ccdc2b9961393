"""Read a log from where it was read last, each entry once, although they commit in any order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from reviews.models import LogPlace

# no transaction of ours lives so long: what is still missing then was rolled back
PATIENCE = timedelta(minutes=10)

# the ids that are new, and those that were passed over and are there now
_FRESH = """
with fresh as (select id from {table} where id > %(upto)s order by id limit %(limit)s),
late as (
    select entry.id from unnest(%(first)s::bigint[], %(last)s::bigint[]) as gap (first, last)
    join {table} entry on entry.id between gap.first and gap.last
)
select {columns} from {table} entry
where entry.id in (select id from fresh union all select id from late) order by entry.id
"""


@dataclass(frozen=True, kw_only=True)
class Log:
    """A table that is only added to, numbered by `id`; `columns` begin with it."""

    name: str
    table: str
    columns: str


class Gap(NamedTuple):
    first: int
    last: int
    since: datetime


def is_read(log: Log) -> bool:
    """Say whether it was ever read: what was there before that is in no entry to come."""
    return LogPlace.objects.filter(log=log.name).exists()


def take(log: Log) -> LogPlace | None:
    """Lock the place in this transaction; None while another process reads on from there.

    A log that is read for the first time begins at its end: nobody is told of the past.
    """
    if not is_read(log):
        with connection.cursor() as cursor:
            cursor.execute(
                f"insert into {LogPlace._meta.db_table} (log, upto, gaps) "
                f"select %s, coalesce(max(id), 0), '[]' from {log.table} on conflict do nothing",
                [log.name],
            )
    return LogPlace.objects.select_for_update(skip_locked=True).filter(log=log.name).first()


def read(log: Log, place: LogPlace, *, limit: int, now: datetime) -> list[tuple[Any, ...]]:
    """Return what came since, oldest first, and move the place on; it counts with the commit."""
    gaps = [Gap(first, last, datetime.fromisoformat(since)) for first, last, since in place.gaps]
    with connection.cursor() as cursor:
        cursor.execute(
            _FRESH.format(table=log.table, columns=log.columns),
            {
                "upto": place.upto,
                "limit": limit,
                "first": [gap.first for gap in gaps],
                "last": [gap.last for gap in gaps],
            },
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    ids = [row[0] for row in rows]
    newest = max(ids[-1], place.upto) if ids else place.upto
    missing = [gap for gap in gaps if gap.since > now - PATIENCE]
    if newest > place.upto:
        missing.append(Gap(place.upto + 1, newest, now))
    place.upto = newest
    place.gaps = [
        [gap.first, gap.last, gap.since.isoformat()] for one in missing for gap in without(one, ids)
    ]
    place.save()
    return rows


def without(gap: Gap, ids: Sequence[int]) -> list[Gap]:
    """Return what is left of a gap when these numbers, in order, are there."""
    left, start = [], gap.first
    for id in ids:
        if gap.first <= id <= gap.last:
            if start < id:
                left.append(Gap(start, id - 1, gap.since))
            start = id + 1
    if start <= gap.last:
        left.append(Gap(start, gap.last, gap.since))
    return left
