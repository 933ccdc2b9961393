"""What the pause writes, as the parts of one statement: `handoffs.pause` puts them together.

A value that comes with a proposal is named `%(…)s`; `source` has a row for each run that may go on.
"""

from handoffs.stopped import STOPPED

_PROPOSAL = """
proposal as (
    insert into handoffs_proposal (id, run_id, action_type, arguments, arguments_digest, signals,
        tier, act, rules, map_version, preconditions, created_at, first_seen, outcome,
        outcome_detail, audit_share, audit_drawn, audit_brief)
    select %(prop_id)s, source.id, %(action_type)s, %(arguments)s, %(arguments_digest)s,
        %(signals)s::jsonb, %(prop_tier)s, %(act)s, %(rules)s::jsonb, %(map_version)s::integer,
        %(preconditions)s::jsonb, %(ruled_at)s::timestamptz, %(first_seen)s::boolean, '', '',
        %(audit_share)s::numeric, %(audit_drawn)s::boolean, %(audit_brief)s::jsonb
    from source)"""

# of two that come at once both are the first, and one sets it
_FIRST = """
first as (
    update handoffs_actiontype seen set first_proposed_at = %(ruled_at)s::timestamptz
    from source join handoffs_run run on run.id = source.id
    where seen.workflow_id = run.workflow_id and seen.name = %(action_type)s
        and seen.first_proposed_at is null)"""

_CHECKPOINT = """
checkpoint as (
    insert into handoffs_checkpoint as kept (run_id, version, body)
    select source.id, 1, %(checkpoint)s from source
    on conflict (run_id) do update
        set body = excluded.body, version = kept.version + 1, saved_at = now())"""

_REMEMBERED = """
remembered as (
    insert into handoffs_idempotencyrecord (client_id, key, fingerprint, status, body, handoff_id)
    select %(client_id)s::bigint, %(key)s, %(fingerprint)s, %(status)s::smallint, %(body)s,
        %(handoff_id)s
    from source)"""

_AUDIT = """
audited as (
    insert into handoffs_auditentry (actor_kind, actor, action, subject, body, xact_id)
    select %(actor_kind)s, %(audit_name)s, %(audit_action)s, %(audit_subject)s,
        convert_to(%(audit_body)s, 'UTF8'), 0
    from source)"""

_HANDOFF = """
handoff as (
    insert into handoffs_handoff (id, run_id, workflow_id, proposal_id, kind, tier, state, version,
        round, queue_id, overflow_from_id, beyond_limit, role_id, level, ladder, terms, blocking,
        pause, deadline_at, deadline_seconds, counted_from, counted_seconds, urgent_at, next_at,
        next_rung, gather_until, fallback, safeguards, roll_back_until)
    select %(handoff_id)s, source.id, %(workflow_id)s::bigint, %(prop_id)s, %(kind)s, %(tier)s,
        'waiting', 1, 1, %(queue_id)s::bigint, %(overflow_from)s::bigint,
        %(beyond_limit)s::boolean, %(role_id)s::integer, 1, %(ladder)s::jsonb,
        %(terms)s::jsonb, %(blocking)s::boolean, source.pause, %(deadline_at)s::timestamptz,
        %(deadline_seconds)s::integer, %(counted_from)s::timestamptz,
        %(deadline_seconds)s::integer, %(urgent_at)s::timestamptz, %(urgent_at)s::timestamptz,
        case when %(urgent_at)s::timestamptz < %(deadline_at)s::timestamptz
            then 'urgent' else 'deadline' end,
        %(gather_until)s::timestamptz, %(fallback)s, %(safeguards)s::jsonb,
        %(roll_back_until)s::timestamptz
    from source),
brief as (
    insert into handoffs_brief (handoff_id, version, body, digest)
    select %(handoff_id)s, 1, %(brief)s::jsonb, %(brief_digest)s from source),
logged as (
    insert into handoffs_transition (run_id, handoff_id, version, from_state, to_state,
        actor_kind, actor, cause, xact_id)
    select source.id, %(handoff_id)s, 1, '', 'waiting', %(actor_kind)s, %(actor)s, %(cause)s, 0
    from source
    union all
    select source.id, null, source.run_version, 'RUNNING', 'PAUSED_PENDING_HUMAN',
        %(actor_kind)s, %(actor)s, %(cause)s, 0
    from source where source.from_state = 'RUNNING')"""

# Those that wait take their places before anything else is written: where the slot has too few, the
# statement writes nothing of them. `queue_depth` waits for whoever writes the same slot.
_PLACES = """
room as (
    update handoffs_queuedepth depth set waiting = depth.waiting + wanted.count
    from (select queue_id, count(*)::int as count from before group by queue_id) wanted
    where depth.queue_id = wanted.queue_id and depth.slot = pg_backend_pid() % 16
        and depth.waiting + wanted.count <= depth.quota
    returning depth.queue_id)"""
# they were counted before, in the same transaction
_COUNTED = """
room as (select distinct queue_id from before)"""

# a blocking handoff stops the run; the first of a stop opens a new pause
_STOP = """
before as (
    select run.id, run.state, asked.cause, asked.queue_id::bigint as queue_id
    from asked join handoffs_run run on run.id = asked.run_id
    where run.state in ('RUNNING', 'PAUSED_PENDING_HUMAN'){going} for update of run{wait}
), {room}, moved as (
    update handoffs_run run set
        state = 'PAUSED_PENDING_HUMAN',
        version = run.version + (before.state = 'RUNNING')::int,
        pause = run.pause + (before.state = 'RUNNING')::int,
        open_blocking = run.open_blocking + 1,
        state_since = case before.state when 'RUNNING' then now() else run.state_since end,
        cause = case before.state when 'RUNNING' then before.cause else run.cause end
    from before join room on room.queue_id = before.queue_id where run.id = before.id
    returning run.id, run.version as run_version, run.pause, before.state as from_state
), source as (select moved.*, asked.* from moved join asked on asked.run_id = moved.id)"""

# one that the run does not wait for
_ASK = """
before as (
    select run.id, asked.queue_id::bigint as queue_id
    from asked join handoffs_run run on run.id = asked.run_id
    where run.state in ('RUNNING', 'PAUSED_PENDING_HUMAN'){going} for share of run{wait}
), {room}, source as (
    select before.id, 0 as run_version, 0 as pause, '' as from_state, asked.*
    from before join room on room.queue_id = before.queue_id
    join asked on asked.run_id = before.id)"""

_AFTERWARDS = """
before as (
    select run.id, asked.queue_id::bigint as queue_id
    from asked join handoffs_run run on run.id = asked.run_id for share of run{wait}
), {room}, source as (
    select before.id, 0 as run_version, 0 as pause, '' as from_state, asked.*
    from before join room on room.queue_id = before.queue_id
    join asked on asked.run_id = before.id)"""

_GO_ON = """
source as (
    select run.id, 0 as run_version, 0 as pause, '' as from_state, asked.*
    from asked join handoffs_run run on run.id = asked.run_id
    where run.state in ('RUNNING', 'PAUSED_PENDING_HUMAN'){going} for share of run{wait})"""

_GOING = f" and not {STOPPED.format(workflow='run.workflow_id')} and not run.held"
# `{wait}` is left for WAITS and `{room}` for ROOM; what is only reported is taken in while people
# have stopped the work
HEADS = {
    "stop": _STOP.replace("{going}", _GOING),
    "report": _STOP.replace("{going}", ""),
    "ask": _ASK.replace("{going}", _GOING),
    "go_on": _GO_ON.replace("{going}", _GOING),
    "afterwards": _AFTERWARDS,
}
ROOM = {False: _PLACES, True: _COUNTED}
# which runs it was stored for, and which ones only lacked a place
ENDS = {
    True: "select before.id, source.id is not null from before left join source using (id)",
    False: "select source.id, true from source",
}
PARTS = {
    "handoff": _HANDOFF,
    "audit": _AUDIT,
    "proposal": _PROPOSAL,
    "first": _FIRST,
    "checkpoint": _CHECKPOINT,
    "remembered": _REMEMBERED,
}
# a run that somebody else holds is waited for, or left out
WAITS = {True: "", False: " skip locked"}
