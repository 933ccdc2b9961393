"""Make handoffs findable by their words, a moment after they opened.

Kept beside the handoffs and filled by a job, so that intake does not pay for it. Only what anybody
who sees a handoff may read goes in: an advice that is withheld cannot be guessed by searching.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from handoffs import jobs
from handoffs.texts import searchable
from reviews import visibility

BATCH = 500
# Briefs are numbered before they commit. So many newer ones may be in before one is looked for no
# more; at a thousand a second that is twenty seconds, longer than any transaction may take.
_LATE = 20_000
_LONGEST = 20_000

_NEW = f"""
select distinct on (brief.handoff_id) brief.handoff_id, brief.id, brief.body, run.external_id,
    run.requester ->> 'name', proposal.action_type, proposal.arguments, h.safeguards
from handoffs_brief brief
join handoffs_handoff h on h.id = brief.handoff_id
join handoffs_run run on run.id = h.run_id
left join handoffs_proposal proposal on proposal.id = h.proposal_id
where brief.id in (
    select fresh.id from handoffs_brief fresh
    where fresh.id > coalesce((select max(brief_id) from reviews_searchentry), 0) - {_LATE}
        and not exists (select from reviews_searchentry entry
            where entry.handoff_id = fresh.handoff_id and entry.brief_id >= fresh.id)
    order by fresh.id limit %(limit)s)
order by brief.handoff_id, brief.id desc
"""
_KEEP = """
insert into reviews_searchentry as kept (handoff_id, brief_id, words)
select handoff_id, brief_id, to_tsvector('simple', words)
from unnest(%(handoffs)s::text[], %(briefs)s::bigint[], %(words)s::text[])
    as fresh (handoff_id, brief_id, words)
on conflict (handoff_id) do update set brief_id = excluded.brief_id, words = excluded.words
    where kept.brief_id < excluded.brief_id
"""


def note_new(*, now: datetime) -> int:
    """Take in the briefs that came since, batch by batch; return how many."""
    return jobs.drain(_note_some, full=BATCH)


def _note_some() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_NEW, {"limit": BATCH})
        found = cursor.fetchall()
        if found:
            cursor.execute(
                _KEEP,
                {
                    "handoffs": [row[0] for row in found],
                    "briefs": [row[1] for row in found],
                    "words": [_words(row[0], *row[2:]) for row in found],
                },
            )
    return len(found)


def _words(
    handoff_id: str,
    brief: str | dict[str, Any],
    external_id: str,
    requester: str | None,
    action_type: str | None,
    arguments: str | None,
    spec: str | dict[str, Any],
) -> str:
    body = json.loads(brief) if isinstance(brief, str) else brief
    read = json.loads(spec) if isinstance(spec, str) else spec
    body = visibility.brief_for(body, read, False)
    said = [handoff_id, external_id, requester or "", action_type or "", *_read(body)]
    said += _values(json.loads(arguments)) if arguments else ()
    return searchable(" ".join(said)[:_LONGEST])


def _read(brief: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stands in a brief whatever is withheld: the ask, facts, flags, evidence."""
    yield str(brief.get("ask") or "")
    for part, names in (
        ("facts", ("label", "value")),
        ("flags", ("label",)),
        ("evidence", ("title", "source")),
    ):
        for item in brief.get(part) or ():
            said = (str(item[name]) for name in names if item.get(name))
            yield from (text for text in said if text != visibility.WITHHELD)


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _values(item)
    elif value is not None:
        yield str(value)
