"""Find handoffs by words and by what they are, among those a person may see, the newest first."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import User
from handoffs.states import HandoffState
from handoffs.texts import searchable
from reviews import judged, permissions

PAGE = 30
# Words that fewer have are looked up; those that more have are met by reading from the newest on.
_RARE = 1_000
# how many of the newest are read at most: a search says when it stopped there
READ = 20_000
_MOST_WORDS = 12
STATES: Mapping[str, tuple[HandoffState, ...]] = {
    "open": (HandoffState.WAITING, HandoffState.NEEDS_INFORMATION, HandoffState.DECIDED),
    "answered": (HandoffState.ANSWERED,),
    "withdrawn": (HandoffState.WITHDRAWN,),
}

_COUNT = """
select count(*) from (select from reviews_searchentry
    where words @@ to_tsquery('simple', %(query)s) limit %(rare)s) found
"""
_ANY = """select h.id from handoffs_handoff h
    where %(after)s = '' or h.id < %(after)s order by h.id desc limit %(read)s"""
_COMMON = """select entry.handoff_id as id, entry.words from reviews_searchentry entry
    where %(after)s = '' or entry.handoff_id < %(after)s
    order by entry.handoff_id desc limit %(read)s"""
_FEW = """select entry.handoff_id as id from reviews_searchentry entry
    where entry.words @@ to_tsquery('simple', %(query)s)
        and (%(after)s = '' or entry.handoff_id < %(after)s)"""
_HAS_WORDS = "and near.words @@ to_tsquery('simple', %(query)s)"
# `near` is all that is read, whatever is asked; then comes what the person may see of it.
_FIND = """
select h.id, h.state, h.kind, h.tier, h.opened_at, h.deadline_at, h.answered_at,
    queue.name as queue, workflow.name as workflow, answer.verb, answer.role,
    {ask} as ask
from ({near}) near
join handoffs_handoff h on h.id = near.id
join handoffs_queue queue on queue.id = h.queue_id
join handoffs_workflow workflow on workflow.id = h.workflow_id
left join handoffs_answer answer
    on answer.handoff_id = h.id and answer.round = h.round and h.state = 'answered'
where not exists (select from reviews_plant plant where plant.handoff_id = h.id and plant.ended)
    and (h.queue_id = any(%(queues)s::bigint[]) or h.workflow_id = any(%(workflows)s::bigint[]))
    and (%(states)s::text[] is null or h.state = any(%(states)s::text[]))
    and (%(queue)s = '' or queue.slug = %(queue)s)
    and (%(workflow)s = '' or workflow.slug = %(workflow)s)
    and (%(kind)s = '' or h.kind = %(kind)s)
    and (not %(mine)s or exists (select from reviews_decision decision
        where decision.handoff_id = h.id and decision.reviewer_id = %(user)s
            and decision.undone_at is null))
    {has_words}
order by near.id desc limit %(limit)s
"""
_BOUND = """select id from handoffs_handoff
    where %(after)s = '' or id < %(after)s order by id desc offset %(read)s limit 1"""
_CHOICES = """
select 'queue', slug, name from handoffs_queue where id = any(%(queues)s::bigint[])
    or id in (select queue_id from handoffs_matrixrow
        where workflow_id = any(%(workflows)s::bigint[]))
union all
select 'workflow', slug, name from handoffs_workflow where id = any(%(workflows)s::bigint[])
    or id in (select workflow_id from handoffs_matrixrow where queue_id = any(%(queues)s::bigint[]))
order by 1, 3, 2
"""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is searched for; an empty part means any. `mine`: what this person decided."""

    words: str = ""
    state: str = ""
    queue: str = ""
    workflow: str = ""
    kind: str = ""
    mine: bool = False

    @property
    def said(self) -> dict[str, str]:
        """Return the parts that say something, as an address has them."""
        found = {name: str(part) for name, part in asdict(self).items() if part}
        return found | ({"mine": "1"} if self.mine else {})


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A handoff that was found; `verb` and `role` tell its answer where there is one."""

    id: str
    ask: str | None
    state: str
    kind: str
    tier: str
    queue: str
    workflow: str
    opened_at: datetime
    deadline_at: datetime
    answered_at: datetime | None
    verb: str | None
    role: str | None


@dataclass(frozen=True, kw_only=True)
class Found:
    """A page of hits; `after` asks for the next. `stopped`: older ones were not read."""

    hits: list[Hit]
    after: str = ""
    stopped: bool = False


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a search can be narrowed to: slug and name of queues and workflows in sight."""

    queues: list[tuple[str, str]]
    workflows: list[tuple[str, str]]


def find(user: User, wanted: Wanted, *, after: str = "") -> Found:
    """Return a page of what fits; nothing that this person may not see has any effect on it."""
    query = _query(wanted.words)
    if wanted.words.strip() and not query:
        return Found(hits=[])
    params = {**_sight(user), **_conditions(wanted, user), "query": query, "after": after}
    near, has_words = _ANY, ""
    if query:
        rare = _fetch(_COUNT, {"query": query, "rare": _RARE})[0]["count"] < _RARE
        near, has_words = (_FEW, "") if rare else (_COMMON, _HAS_WORDS)
    sql = _FIND.format(near=near, has_words=has_words, ask=judged.ASK)
    rows = _fetch(sql, {**params, "limit": PAGE + 1, "read": READ})
    hits = [Hit(**{**row, "ask": judged.asked(row["ask"])}) for row in rows]
    if len(hits) > PAGE:
        return Found(hits=hits[:PAGE], after=hits[PAGE - 1].id)
    bound = [] if near == _FEW else _fetch(_BOUND, {"after": after, "read": READ})
    return Found(hits=hits, after=bound[0]["id"] if bound else "", stopped=bool(bound))


def choices(user: User) -> Choices:
    found: dict[str, list[tuple[str, str]]] = {"queue": [], "workflow": []}
    with connection.cursor() as cursor:
        cursor.execute(_CHOICES, _sight(user))
        for kind, slug, name in cursor.fetchall():
            found[kind].append((slug, name))
    return Choices(queues=found["queue"], workflows=found["workflow"])


def _sight(user: User) -> dict[str, Any]:
    queues, workflows = permissions.readable(user)
    return {"queues": queues, "workflows": workflows}


def _conditions(wanted: Wanted, user: User) -> dict[str, Any]:
    return {
        "states": list(STATES[wanted.state]) if wanted.state in STATES else None,
        "queue": wanted.queue,
        "workflow": wanted.workflow,
        "kind": wanted.kind,
        "mine": wanted.mine,
        "user": user.id,
    }


def _query(words: str) -> str:
    """Ask for every word, each as the beginning of one; nothing in them is an operator."""
    return " & ".join(f"'{word}':*" for word in searchable(words).split()[:_MOST_WORDS])


def _fetch(sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
