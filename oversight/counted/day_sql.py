"""How a day is counted, asked by `counted.days`: one statement over all that came on it."""

from handoffs import real
from handoffs.states import RunState

# while a run is in one of these, it waits for a person, or to go on
RUN_STATES = (RunState.PAUSED_PENDING_HUMAN, RunState.HUMAN_RESPONDED, RunState.RESUMING)
HANDOFF_STATES = ("waiting", "needs_information", "decided")
# what a person says where what is recommended is to be done, or was done already
AS_PROPOSED = "('approve', 'confirm')"
# how a claim ends of whoever did not want it, or not now
_PUT_DOWN = "('given_back', 'expired', 'sent_on', 'handed_over')"
_CELL = "workflow_id, queue_id, tier, action_type, kind, day"
_COUNTS = (
    "came, open, by_people, by_policy, withdrawn, in_time, late, escalated, sent_on, asked, "
    "reopened, taken, resisted, at_once, acted, challenged, settled, untouched, decisions, "
    "taken_back, approvals, overridden, edited, judged, changed, against, gave_in, agreed, turned"
)

# every handoff that came on some local days, with where it came to
CAME = f"""
came as materialized (
    select * from (
        select h.id, h.run_id, h.proposal_id, h.workflow_id, h.kind, h.tier, h.state, h.round,
            h.opened_at, h.answered_at, queue.id as queue_id,
            coalesce(proposal.action_type, h.kind) as action_type,
            (h.opened_at at time zone queue.time_zone)::date as day
        from handoffs_handoff h
        left join oversight_arrival arrival on arrival.handoff_id = h.id
        join handoffs_queue queue on queue.id = coalesce(arrival.queue_id, h.queue_id)
        left join handoffs_proposal proposal on proposal.id = h.proposal_id
        where h.id >= %(since)s and h.id < %(until)s and {real.run_of("h")}
    ) known where day = any(%(days)s)
)
"""
# what a person who audited the same action later said of it, the last word
_AUDITED = """
audited as (
    select distinct on (came.id) came.id,
        case answer.verb when 'confirm' then 'right' else 'wrong' end as action
    from came
    join handoffs_handoff audit on audit.proposal_id = came.proposal_id and audit.id <> came.id
        and audit.kind in ('audit', 'exception') and audit.state = 'answered'
    join handoffs_answer answer on answer.handoff_id = audit.id and answer.round = audit.round
        and answer.by_kind = 'person' and answer.verb in ('confirm', 'wrong', 'roll_back')
    where came.kind = 'approval' order by came.id, audit.answered_at desc, audit.id desc
)
"""
_SAID = f"""
said as (
    select came.id, decision.verb, decision.undone_at is not null as undone,
        decision.verb not in {AS_PROPOSED} as differs,
        decision.changed_after_reveal as changed,
        judgement.verb not in {AS_PROPOSED} as differed,
        coalesce(claim.read_seconds,
            extract(epoch from decision.decided_at - decision.opened_at)) as seconds
    from came join reviews_decision decision on decision.handoff_id = came.id
    join reviews_claim claim on claim.id = decision.claim_id
    left join reviews_judgement judgement on judgement.id = decision.judgement_id
), spoken as (
    select id, count(*) filter (where not undone) as decisions,
        count(*) filter (where undone) as taken_back,
        count(*) filter (where not undone and differs) as not_approved,
        count(*) filter (where not undone and verb = 'approve_with_edits') as edited,
        count(*) filter (where not undone and changed is not null) as judged,
        count(*) filter (where not undone and changed) as changed,
        count(*) filter (where not undone and differed) as against,
        count(*) filter (where not undone and differed and not differs) as gave_in,
        count(*) filter (where not undone and not differed) as agreed,
        count(*) filter (where not undone and not differed and differs) as turned
    from said group by id
), known_of as (
    select said.id, concat_ws('|', audited.action, case when differed is null then 'nothing'
        when differed then 'against' else 'with' end,
        case when differs then 'against' else 'with' end) as words
    from said join audited on audited.id = said.id where not undone
)
"""
_STAYS = f"""
moved as (
    select came.id, bool_or(move.cause = 'timed_out') as late,
        bool_or(move.cause = 'escalated' and move.from_state <> '') as escalated,
        bool_or(move.cause = 'sent_on') as sent_on,
        bool_or(move.cause = 'information_asked') as asked
    from came join handoffs_transition move
        on move.run_id = came.run_id and move.handoff_id = came.id group by came.id
), held as (
    select came.id, count(claim.id) > 0 as taken,
        coalesce(bool_or(claim.ended_because in {_PUT_DOWN}), false) as resisted
    from came left join reviews_claim claim on claim.handoff_id = came.id group by came.id
), stays as (
    select id, to_state, sum(seconds) as seconds from (
        select came.id, move.to_state, extract(epoch from lead(move.at)
            over (partition by came.id order by move.version) - move.at) as seconds
        from came join handoffs_transition move
            on move.run_id = came.run_id and move.handoff_id = came.id
        where came.state in ('answered', 'withdrawn')
    ) stay where to_state in {HANDOFF_STATES} and seconds is not null
    group by id, to_state
), runs as (
    select move.id, move.run_id, move.to_state, lead(move.at)
        over (partition by move.run_id order by move.version) - move.at as lasted
    from handoffs_transition move
    where move.handoff_id is null and move.run_id in (select run_id from came)
), run_stays as (
    -- of the handoff that came last before it: a handoff is logged before the pause it is for
    select came.id, runs.to_state, sum(extract(epoch from runs.lasted)) as seconds
    from runs cross join lateral (
        select opened.handoff_id from handoffs_transition opened
        where opened.run_id = runs.run_id and opened.handoff_id is not null
            and opened.version = 1 and opened.id < runs.id
        order by opened.id desc limit 1
    ) last join came on came.id = last.handoff_id
    where runs.lasted is not null and runs.to_state in {tuple(one.value for one in RUN_STATES)}
    group by came.id, runs.to_state
)
"""
COUNT = f"""
with {CAME}, {_AUDITED}, {_SAID}, {_STAYS}, one as (
    select came.*, answer.by_kind, answer.verb, coalesce(moved.late, false) as late,
        coalesce(moved.escalated, false) as escalated,
        coalesce(moved.sent_on, false) as sent_on, coalesce(moved.asked, false) as asked,
        held.taken, held.resisted, spoken.decisions, spoken.taken_back, spoken.not_approved,
        spoken.edited, spoken.judged, spoken.changed, spoken.against, spoken.gave_in, spoken.agreed,
        spoken.turned,
        answer.by_kind = 'person' and came.round = 1 and not coalesce(moved.asked, false) as smooth,
        coalesce(moved.escalated or moved.sent_on or moved.asked, false)
            or coalesce(spoken.not_approved, 0) > 0 as challenged
    from came left join moved on moved.id = came.id
    left join held on held.id = came.id
    left join spoken on spoken.id = came.id
    left join handoffs_answer answer on came.state = 'answered'
        and answer.handoff_id = came.id and answer.round = came.round
), times as (
    select id, 'response' as what, extract(epoch from answered_at - opened_at) as seconds
    from one where by_kind = 'person'
    union all select id, 'review', seconds from said where not undone
    union all select id, to_state, seconds from stays
    union all select id, lower(to_state), seconds from run_stays
), binned as (
    select {_CELL}, what, jsonb_object_agg(bin, many) as bins
    from (
        select {_CELL}, what, floor(ln(greatest(seconds, 0.1)::float) * 10)::int as bin,
            count(*) as many
        from times join came on came.id = times.id group by {_CELL}, what, bin
    ) counted group by {_CELL}, what
), timed as (
    select {_CELL}, jsonb_object_agg(what, bins) as times from binned group by {_CELL}
), spelled as (
    select {_CELL}, jsonb_object_agg(verb, many) as verbs
    from (
        select {_CELL}, verb, count(*) as many
        from said join came on came.id = said.id where not undone group by {_CELL}, verb
    ) counted group by {_CELL}
), knew as (
    select {_CELL}, jsonb_object_agg(words, many) as known
    from (
        select {_CELL}, words, count(*) as many
        from known_of join came on came.id = known_of.id group by {_CELL}, words
    ) counted group by {_CELL}
), cells as (
    select {_CELL}, count(*) as came,
        count(*) filter (where state not in ('answered', 'withdrawn')) as open,
        count(*) filter (where by_kind = 'person') as by_people,
        count(*) filter (where by_kind = 'policy') as by_policy,
        count(*) filter (where state = 'withdrawn') as withdrawn,
        count(*) filter (where by_kind = 'person' and not late) as in_time,
        count(*) filter (where late) as late, count(*) filter (where escalated) as escalated,
        count(*) filter (where sent_on) as sent_on, count(*) filter (where asked) as asked,
        count(*) filter (where round > 1) as reopened,
        count(*) filter (where taken) as taken, count(*) filter (where resisted) as resisted,
        count(*) filter (where smooth) as at_once,
        count(*) filter (where action and (challenged or decisions > 0)) as acted,
        count(*) filter (where action and challenged) as challenged,
        count(*) filter (where action and by_kind = 'person') as settled,
        count(*) filter (where action and smooth and not challenged and not resisted
            and verb in {AS_PROPOSED}) as untouched,
        coalesce(sum(decisions), 0) as decisions, coalesce(sum(taken_back), 0) as taken_back,
        coalesce(sum(decisions) filter (where action), 0) as approvals,
        coalesce(sum(not_approved) filter (where action), 0) as overridden,
        coalesce(sum(edited) filter (where action), 0) as edited,
        coalesce(sum(judged), 0) as judged, coalesce(sum(changed), 0) as changed,
        coalesce(sum(against) filter (where action), 0) as against,
        coalesce(sum(gave_in) filter (where action), 0) as gave_in,
        coalesce(sum(agreed) filter (where action), 0) as agreed,
        coalesce(sum(turned) filter (where action), 0) as turned
    from (select *, kind = 'approval' as action from one) each group by {_CELL}
)
insert into oversight_figureday ({_CELL}, {_COUNTS}, known, verbs, times)
select {_CELL}, {_COUNTS}, coalesce(known, '{{}}'), coalesce(verbs, '{{}}'), coalesce(times, '{{}}')
from cells left join spelled using ({_CELL}) left join timed using ({_CELL})
left join knew using ({_CELL})
"""
