"""What a stop was measured to do: when it held, who heard of it when, and what got through."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from handoffs import ids, real
from handoffs.models import AuditEntry, Stop, StopMet
from handoffs.states import Verb

# so many entries of the log are looked through for what got in all the same
MOST_ENTRIES = 100_000

_TOLD = """
select client.id, client.name, min(extract(epoch from message.delivered_at - %(since)s)),
    count(*) filter (where message.delivered_at is null)
from handoffs_outboxmessage message
join handoffs_webhookendpoint endpoint on endpoint.id = message.endpoint_id
join accounts_client client on client.id = endpoint.client_id
where message.id >= %(first)s and message.event = 'workflow.stopped'
    and message.payload ->> 'stop' = %(stop)s
group by client.id, client.name
"""
# What was let in or out after it held. What was done by itself, what only ends something, and what
# an agent reported about its end may be.
_LET_THROUGH = f"""
with later as (
    select action, subject, body, at from handoffs_auditentry
    where id > %(first)s and actor_kind <> 'system' order by id limit %(most)s
)
select later.action, count(*) from later
left join handoffs_proposal proposal on proposal.id = later.subject
left join handoffs_handoff handoff on handoff.id = later.subject
left join handoffs_run run on run.id = coalesce(proposal.run_id, handoff.run_id, later.subject)
where later.action = any(%(actions)s) and later.at > %(since)s and {real.run()}
    and (%(until)s::timestamptz is null or later.at < %(until)s::timestamptz)
    and (%(workflow)s::bigint is null or run.workflow_id = %(workflow)s::bigint)
    and coalesce(handoff.tier, '') not in ('autonomous', 'notify')
    and coalesce(handoff.kind, '') not in ('recovery', 'sign_off')
    and case when later.action = 'handoff.answered'
        then not convert_from(later.body, 'UTF8')::jsonb ->> 'verb' = any(%(ending)s) else true end
group by later.action order by later.action
"""
_ACTIONS = {
    "run.started": "runs started",
    "proposal.ruled": "proposals let through",
    "handoff.opened": "questions taken in",
    "handoff.answered": "answers told",
    "resumption.claimed": "turns given",
    "run.resumed": "runs resumed",
}
_ENDING = [verb.value for verb in (Verb.STOP, Verb.TAKE_OVER, Verb.ROLL_BACK, Verb.WRONG)]


@dataclass(frozen=True, kw_only=True)
class Heard:
    """When a client heard of a stop: by webhook, and by being refused; in seconds after it."""

    client: str
    told_after: float | None
    untold: int
    met_after: float | None
    refused: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """`settled_after` is when nothing was under way any more; `let_through` should be empty."""

    settled_after: float | None
    heard: list[Heard]
    let_through: dict[str, int]


def of(stop: Stop) -> Figures:
    """Measure a stop as far as it has got."""
    settled = stop.settled_at
    return Figures(
        settled_after=(settled - stop.stopped_at).total_seconds() if settled else None,
        heard=_heard(stop),
        let_through=_let_through(stop) if settled else {},
    )


def _heard(stop: Stop) -> list[Heard]:
    with connection.cursor() as cursor:
        first = ids.at("msg", stop.stopped_at)
        cursor.execute(_TOLD, {"since": stop.stopped_at, "first": first, "stop": stop.id})
        told = {row[0]: row[1:] for row in cursor.fetchall()}
    met = {one.client_id: one for one in StopMet.objects.filter(stop=stop).select_related("client")}
    found = []
    for id in told.keys() | met.keys():
        one = met.get(id)
        name, after, untold = told.get(id) or (one.client.name if one else "", None, 0)
        found.append(
            Heard(
                client=name,
                told_after=None if after is None else float(after),
                untold=untold,
                met_after=(one.first_at - stop.stopped_at).total_seconds() if one else None,
                refused=one.times if one else 0,
            )
        )
    return sorted(found, key=lambda one: one.client)


def _let_through(stop: Stop) -> dict[str, int]:
    pressed = AuditEntry.objects.filter(action="workflow.stopped", subject=stop.id)
    first = pressed.order_by("id").values_list("id", flat=True).first()
    if first is None:
        return {}
    params: dict[str, Any] = {
        "first": first,
        "most": MOST_ENTRIES,
        "actions": list(_ACTIONS),
        "since": stop.settled_at,
        "until": stop.ended_at,
        "workflow": stop.workflow_id,
        "ending": _ENDING,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LET_THROUGH, params)
        return {_ACTIONS[action]: count for action, count in cursor.fetchall()}
