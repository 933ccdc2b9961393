"""Read what was proposed and ruled, page by page: no long snapshot, memory that does not grow."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from governance.trial import Recorded
from handoffs import ids, signals
from handoffs.models import Workflow
from handoffs.signals import ActionType, Signals, SignalsRefused
from handoffs.states import Impact, Reversibility, Tier

PAGE = 500
# a page ends early when it would hold more text than this
PAGE_BYTES = 4_000_000
# the machine that made an id and the database need not agree on the time
_CLOCKS_DIFFER = timedelta(hours=1)

# Ids sort by the time of making, so the primary key serves as the index by time that intake's
# busiest table is spared.
_PAGE = """
select id, action_type, arguments, signals::text, tier, created_at, first_seen, input::text from (
    select proposal.id, proposal.action_type, proposal.arguments, proposal.signals,
        proposal.tier, proposal.created_at, proposal.first_seen, proposal.input,
        sum(octet_length(proposal.arguments) + pg_column_size(proposal.signals)
            + pg_column_size(proposal.input))
            over (order by proposal.id rows between unbounded preceding and 1 preceding) as before
    from (
        select one.*, run.input from handoffs_proposal one
        join handoffs_run run on run.id = one.run_id and run.workflow_id = %(workflow)s
        where one.id > %(after)s and one.id < %(end)s
            and one.created_at >= %(since)s and one.created_at < %(until)s
        order by one.id limit %(page)s
    ) proposal
) sized
where coalesce(before, 0) < %(bytes)s
order by id
"""

_COUNT = """
select count(*) from (
    select from handoffs_proposal one
    join handoffs_run run on run.id = one.run_id and run.workflow_id = %(workflow)s
    where one.id > %(after)s and one.id < %(end)s
        and one.created_at >= %(since)s and one.created_at < %(until)s
    limit %(most)s
) counted
"""

# Looked at are the last of all workflows: one that proposes rarely must not cost a whole scan.
_LATEST = """
select recent.id, recent.action_type, recent.arguments, recent.signals::text, recent.tier,
    recent.created_at, recent.first_seen, run.input::text
from (select * from handoffs_proposal order by id desc limit %(looked_at)s) recent
join handoffs_run run on run.id = recent.run_id and run.workflow_id = %(workflow)s
order by recent.id desc limit %(most)s
"""
_LOOKED_AT = 20_000

# the last answer counts: a stale approval is asked again
_ANSWERS = """
select distinct on (handoff.proposal_id) handoff.proposal_id, answer.verb
from handoffs_handoff handoff
join handoffs_answer answer on answer.handoff_id = handoff.id and answer.by_kind = 'person'
where handoff.proposal_id = any(%s)
order by handoff.proposal_id, answer.round desc
"""


@dataclass(frozen=True)
class Page:
    """Some proposals in order of their ids; `gone` counts those whose action type is no more."""

    recorded: list[Recorded]
    last: str
    gone: Counter[str] = field(default_factory=Counter)


def proposals(workflow: Workflow, *, since: datetime, until: datetime) -> Iterator[Recorded]:
    """Yield what was proposed in a period, oldest first."""
    types = action_types(workflow)
    for page in pages(workflow.pk, types, since=since, until=until):
        yield from page.recorded


def pages(
    workflow_id: int,
    types: Mapping[str, ActionType],
    *,
    since: datetime,
    until: datetime,
    after: str = "",
) -> Iterator[Page]:
    """Yield pages that begin behind the id `after`; each is a transaction of its own."""
    while page := _page(workflow_id, types, since=since, until=until, after=after):
        yield page
        after = page.last


def count(workflow_id: int, *, since: datetime, until: datetime, most: int) -> int:
    """Count the proposals of a period, but no further than `most`."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {**_bounds(workflow_id, since, until), "most": most})
        return int(cursor.fetchone()[0])


def latest(workflow_id: int, types: Mapping[str, ActionType], *, most: int) -> Page:
    """Return the last proposals of a workflow, newest first."""
    asked = {"workflow": workflow_id, "most": most, "looked_at": _LOOKED_AT}
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, asked)
        return _read(cursor.fetchall(), types)


def answers(proposal_ids: Sequence[str]) -> dict[str, str]:
    """Return what people last said about these proposals, for those they were asked about."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS, [list(proposal_ids)])
        return dict(cursor.fetchall())


def action_types(workflow: Workflow) -> dict[str, ActionType]:
    return {
        one.name: ActionType(
            name=one.name,
            impact=Impact(one.impact),
            reversibility=Reversibility(one.reversibility),
            schema=one.arguments_schema,
        )
        for one in workflow.action_types.order_by("name")
    }


def _page(
    workflow_id: int,
    types: Mapping[str, ActionType],
    *,
    since: datetime,
    until: datetime,
    after: str,
) -> Page | None:
    bounds = _bounds(workflow_id, since, until)
    bounds["after"] = max(after, bounds["after"])
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, {**bounds, "page": PAGE, "bytes": PAGE_BYTES})
        rows = cursor.fetchall()
    return _read(rows, types) if rows else None


def _read(rows: Sequence[Any], types: Mapping[str, ActionType]) -> Page:
    page = Page(recorded=[], last=rows[-1][0] if rows else "")
    for id, name, arguments, given, tier, at, first_seen, input in rows:
        action_type = types.get(name)
        if action_type is None:
            page.gone[name] += 1
            continue
        page.recorded.append(
            Recorded(
                id=id,
                action=action_type.with_arguments(
                    json.loads(arguments), at=at, first_seen=first_seen, input=json.loads(input)
                ),
                signals=_signals(json.loads(given)),
                tier=Tier(tier),
                at=at,
            )
        )
    return page


def _bounds(workflow_id: int, since: datetime, until: datetime) -> dict[str, Any]:
    return {
        "workflow": workflow_id,
        "since": since,
        "until": until,
        "after": ids.at("prop", since - _CLOCKS_DIFFER),
        "end": ids.at("prop", until + _CLOCKS_DIFFER),
    }


def _signals(given: dict[str, Any]) -> Signals:
    """Read signals that were in order when they came; what no longer is counts as not given."""
    try:
        return signals.from_json(given)
    except SignalsRefused:
        readable = {name: value for name, value in given.items() if _is_readable(name, value)}
        return signals.from_json(readable)


def _is_readable(name: str, value: Any) -> bool:
    try:
        signals.from_json({name: value})
    except SignalsRefused:
        return False
    return True
