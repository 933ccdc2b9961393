"""Read what was proposed and ruled, page by page: no long snapshot, memory that does not grow."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from governance.trial import SURROUNDINGS, Recorded
from handoffs import ids, queries, real, signals
from handoffs.models import Workflow
from handoffs.signals import Action, ActionType, Signals, SignalsRefused
from handoffs.states import Tier

PAGE = 500
# a page ends early when it would hold more text than this
PAGE_BYTES = 4_000_000
# the machine that made an id and the database need not agree on the time
_CLOCKS_DIFFER = timedelta(hours=1)

# as it was when the proposal came: of some it was edited since
_BRIEF = """(
    select brief.body from handoffs_handoff handoff
    join handoffs_brief brief on brief.handoff_id = handoff.id
    where handoff.proposal_id = one.id order by brief.version limit 1)"""

# Ids sort by the time of making, so the primary key serves as the index by time that intake's
# busiest table is spared. What is stored compressed is reckoned at four times its size.
_PAGE = f"""
select id, action_type, arguments, signals::text, tier, created_at, first_seen,
    input::text, brief::text
from (
    select proposal.*, sum(octet_length(proposal.arguments)
        + 4 * coalesce(pg_column_size(proposal.signals), 0)
        + 4 * coalesce(pg_column_size(proposal.input), 0)
        + 4 * coalesce(pg_column_size(proposal.brief), 0))
            over (order by proposal.id rows between unbounded preceding and 1 preceding) as before
    from (
        select one.id, one.action_type, one.arguments, one.signals, one.tier, one.created_at,
            one.first_seen, case when %(input)s then run.input end as input,
            case when %(brief)s then {_BRIEF} end as brief
        from handoffs_proposal one
        join handoffs_run run on run.id = one.run_id and run.workflow_id = %(workflow)s
            and {real.run()}
        where one.id > %(after)s and one.id < %(end)s
            and one.created_at >= %(since)s and one.created_at < %(until)s
        order by one.id limit %(page)s
    ) proposal
) sized
where coalesce(before, 0) < %(bytes)s
order by id
"""

_COUNT = f"""
select count(*) from (
    select from handoffs_proposal one
    join handoffs_run run on run.id = one.run_id and run.workflow_id = %(workflow)s
        and {real.run()}
    where one.id > %(after)s and one.id < %(end)s
        and one.created_at >= %(since)s and one.created_at < %(until)s
    limit %(most)s
) counted
"""

# Looked at are the last of all workflows: one that proposes rarely must not cost a whole scan.
_LATEST = f"""
select one.id, one.action_type, one.arguments, one.signals::text, one.tier, one.created_at,
    one.first_seen, run.input::text, {_BRIEF}::text
from (select * from handoffs_proposal order by id desc limit %(looked_at)s) one
join handoffs_run run on run.id = one.run_id and run.workflow_id = %(workflow)s
    and {real.run()}
order by one.id desc limit %(most)s
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
    for page in pages(workflow.pk, action_types(workflow), since=since, until=until):
        yield from page.recorded


def pages(
    workflow_id: int,
    types: Mapping[str, ActionType],
    *,
    since: datetime,
    until: datetime,
    after: str = "",
    reads: Set[str] = SURROUNDINGS,
) -> Iterator[Page]:
    """Yield pages that begin behind the id `after`; each is a transaction of its own.

    Of what surrounds an action only what is in `reads` is fetched. A brief is only kept where
    somebody was asked; of what nobody was asked about it is not known.
    """
    given = {
        **_bounds(workflow_id, since, until),
        "input": "input" in reads,
        "brief": "brief" in reads,
    }
    given["after"] = max(after, given["after"])
    while page := _page(given, types):
        yield page
        given["after"] = page.last


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
        rows = cursor.fetchall()
    return _read(rows, types)


def answers(proposal_ids: Sequence[str]) -> dict[str, str]:
    """Return what people last said about these proposals, for those they were asked about."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS, [list(proposal_ids)])
        return dict(cursor.fetchall())


def action_types(workflow: Workflow) -> dict[str, ActionType]:
    return {one.name: queries.action_type(one) for one in workflow.action_types.order_by("name")}


def _page(given: Mapping[str, Any], types: Mapping[str, ActionType]) -> Page | None:
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, {**given, "page": PAGE, "bytes": PAGE_BYTES})
        rows = cursor.fetchall()
    return _read(rows, types) if rows else None


def _read(rows: Sequence[Any], types: Mapping[str, ActionType]) -> Page:
    page = Page(recorded=[], last=rows[-1][0] if rows else "")
    for row in rows:
        action_type = types.get(row[1])
        if action_type is None:
            page.gone[row[1]] += 1
        else:
            page.recorded.append(_recorded(row, action_type))
    return page


def _recorded(row: Sequence[Any], action_type: ActionType) -> Recorded:
    id, _, arguments, given, tier, at, first_seen, input, brief = row
    action = Action(
        type=action_type,
        arguments=json.loads(arguments),
        at=at,
        first_seen=first_seen,
        input=json.loads(input) if input else None,
        brief=json.loads(brief) if brief else None,
    )
    return Recorded(
        id=id, action=action, signals=_signals(json.loads(given)), tier=Tier(tier), at=at
    )


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
