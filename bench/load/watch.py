"""Check, after every step, what must hold: each rule is a question to the database of its own.

The checker knows the limits, caps and deadlines from the scene. It counts rows, never counters.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import connection

from bench.load.scene import Scene

# what is later than that, on a machine however busy, no sweep has seen
SWEEP_SECONDS = 20.0

# what climbs is owed an owner and never refused: it may stand above the limit
_DEPTHS = """
select queue_id, count(*) filter (where not beyond_limit and level = 1), count(*),
    count(*) filter (where beyond_limit or level > 1) from handoffs_handoff
where state = 'waiting' group by queue_id
"""
_LET_IN = """
select came.queue_id, count(*) from handoffs_handoff came
join handoffs_handoff h on h.queue_id = came.queue_id and h.state = 'waiting'
where came.run_id = %(run)s and came.state = 'waiting' and not came.beyond_limit
group by came.queue_id
"""
_COUNTED = "select queue_id, sum(waiting) from handoffs_queuedepth group by queue_id"
_LOST = """
select h.id, h.state, h.next_rung from handoffs_handoff h
where h.state in ('waiting', 'needs_information') and (
    least(h.next_at, h.deadline_at) < statement_timestamp() - make_interval(secs => %(late)s)
    or (h.urgent_at < statement_timestamp() - make_interval(secs => %(late)s)
        and h.urgent_since is null))
"""
_NO_OWNER = """
select h.id, 'no team works its queue' from handoffs_handoff h
where h.state = 'waiting' and not exists (select from handoffs_queuegrouppermission given
    where given.content_object_id = h.queue_id)
union all
select run.id, 'paused for nobody' from handoffs_run run
where run.state in ('PAUSED_PENDING_HUMAN', 'TIMED_OUT') and not exists (
    select from handoffs_handoff h where h.run_id = run.id and h.blocking
        and h.state in ('waiting', 'needs_information', 'decided'))
union all
select h.id, 'answered without an answer' from handoffs_handoff h
where h.state = 'answered' and not exists (select from handoffs_answer answer
    where answer.handoff_id = h.id and answer.round = h.round)
union all
select run.id, 'told nothing' from handoffs_run run
where run.state = 'HUMAN_RESPONDED' and not exists (select from handoffs_resumption resumption
    where resumption.run_id = run.id and resumption.state in ('ready', 'leased'))
"""
# every level that was left because its time was up has its rung, and before it that it was urgent
_RUNGS = """
select h.id, moved.times, count(rung.id) filter (where rung.rung = 'deadline'),
    count(rung.id) filter (where rung.rung = 'urgent'), h.level
from handoffs_handoff h
left join handoffs_rung rung on rung.handoff_id = h.id
cross join lateral (select count(*) as times from handoffs_transition moved
    where moved.run_id = h.run_id and moved.handoff_id = h.id and moved.cause = 'timed_out') moved
group by h.id, moved.times
having moved.times <> count(rung.id) filter (where rung.rung = 'deadline')
    or count(rung.id) filter (where rung.rung = 'deadline')
        > count(rung.id) filter (where rung.rung = 'urgent')
"""
# within a level, what became urgent, then its end, then what is looked at again and again
_ORDER = """
select handoff_id, rung, level from (
    select rung.*, lag(place) over (partition by handoff_id order by id) as before from (
        select rung.*, (round, level, array_position(
            array['urgent', 'deadline', 'review']::varchar[], rung.rung)) as place
        from handoffs_rung rung where rung.rung <> 'information') rung) rung
where place < before
"""
# what fires once a level has fired once, whatever numbers it was given
_FIRED_TWICE = """
select handoff_id, rung, level, count(*) from handoffs_rung
where rung in ('urgent', 'deadline') group by handoff_id, round, level, rung having count(*) > 1
"""
_CAPS = """
select reviewer_id, count(*) filter (where claim.ended_at is null
        and claim.expires_at > statement_timestamp() and h.state = 'waiting'
        and claim.level = h.level and claim.round = h.round),
    count(distinct claim.handoff_id) filter (where claim.opened_at is not null
        and claim.taken_at > statement_timestamp() - interval '1 hour')
from reviews_claim claim join handoffs_handoff h on h.id = claim.handoff_id group by reviewer_id
"""
_TWICE = """
select handoff_id, count(*) from reviews_claim claim join handoffs_handoff h on h.id = handoff_id
where claim.ended_at is null and claim.expires_at > statement_timestamp()
    and h.state = 'waiting' and claim.level = h.level
group by handoff_id having count(*) > 1
"""
# what somebody could have taken instead: free, of their queues and teams, not given back
_FREE_BEFORE = """
select h.id, h.urgent_since is not null from handoffs_handoff h, handoffs_handoff taken
where taken.id = %(taken)s and h.id <> taken.id
    and h.state = 'waiting' and h.queue_id = any(%(queues)s)
    and (h.urgent_since is null, date_trunc('minute', h.deadline_at))
        < (taken.urgent_since is null, date_trunc('minute', taken.deadline_at))
    and h.role_id in (select group_id from accounts_user_groups where user_id = %(user)s)
    and not exists (select from reviews_claim claim where claim.handoff_id = h.id
        and claim.ended_at is null and claim.expires_at > statement_timestamp()
        and claim.level = h.level and claim.round = h.round)
    and not exists (select from reviews_claim claim where claim.handoff_id = h.id
        and claim.reviewer_id = %(user)s and claim.ended_because = 'given_back')
order by 2 desc limit 1
"""
_OPEN = """
select id, 'never came to an end' from handoffs_handoff
where state in ('waiting', 'needs_information', 'decided')
union all
select id, 'waits for nothing' from handoffs_run
where state in ('PAUSED_PENDING_HUMAN', 'TIMED_OUT')
"""


@dataclass
class Watch:
    """Collects what did not hold; `looks` counts how often each rule was asked."""

    scene: Scene
    broken: list[str] = field(default_factory=list)
    looks: Counter[str] = field(default_factory=Counter)
    # refused proposals that were neither taken nor given up yet
    refused: dict[str, int] = field(default_factory=dict)
    fullest: Counter[str] = field(default_factory=Counter)

    def step(self) -> None:
        """Ask every rule once; the jobs have just run."""
        for rule in (self._limits, self._owners, self._rungs, self._caps):
            self.looks[rule.__name__.strip("_")] += 1
            self.broken += list(rule())

    def _limits(self) -> Iterator[str]:
        counted = dict(_ask(_COUNTED))
        for queue, inside, all_of_them, owed in _ask(_DEPTHS):
            name, limit = self.scene.queues[queue], self.scene.limits[queue]
            self.fullest[name] = max(self.fullest[name], all_of_them)
            if inside > limit or (not owed and all_of_them > limit):
                yield f"limit: {name} has {all_of_them} of {limit}"
            if counted[queue] != all_of_them:
                yield f"limit: {name} counts {counted[queue]} and has {all_of_them}"

    def let_in(self, run: str) -> None:
        """Nothing is let in where that makes more than the limit, whatever else waits there."""
        self.looks["let_in"] += 1
        for queue, waiting in _ask(_LET_IN, run=run):
            name, limit = self.scene.queues[queue], self.scene.limits[queue]
            if waiting > limit:
                self.broken.append(f"limit: {name} let one in and has {waiting} of {limit}")

    def _owners(self) -> Iterator[str]:
        for id, what in _ask(_NO_OWNER):
            yield f"owner: {id} is {what}"
        for id, times in _ask(_TWICE):
            yield f"owner: {id} is held {times} times"

    def _rungs(self) -> Iterator[str]:
        for id, state, rung in _ask(_LOST, late=SWEEP_SECONDS):
            yield f"rung: {id} is {state}, and its {rung} is overdue"
        for id, moved, ends, urgent, level in _ask(_RUNGS):
            yield (
                f"rung: {id} at level {level} moved on {moved} times; deadlines {ends}, "
                f"urgent {urgent}"
            )
        for id, rung, level, times in _ask(_FIRED_TWICE):
            yield f"rung: {id} had its {rung} of level {level} {times} times"
        for id, rung, level in _ask(_ORDER):
            yield f"rung: {id} had its {rung} of level {level} out of order"

    def _caps(self) -> Iterator[str]:
        for person, held, opened in _ask(_CAPS):
            if held > self.scene.most_open:
                yield f"cap: {person} holds {held} of {self.scene.most_open}"
            if opened > self.scene.most_an_hour:
                yield f"cap: {person} had {opened} of {self.scene.most_an_hour} in an hour"

    def taken(self, handoff_id: str, *, by: int) -> None:
        """Nobody is given what can wait while something urgent, or due sooner, is free for them."""
        self.looks["order"] += 1
        queues = list(self.scene.works[by])
        for other, urgent in _ask(_FREE_BEFORE, queues=queues, taken=handoff_id, user=by):
            why = "which is urgent" if urgent else "which is due sooner"
            self.broken.append(f"order: {by} was given {handoff_id} before {other}, {why}")

    def sent_away(self, ask: str, retry_after: str | None) -> None:
        """Whoever is refused is told when to come again."""
        self.looks["refusals"] += 1
        self.refused[ask] = self.refused.get(ask, 0) + 1
        if retry_after is None or not retry_after.isdigit() or not 1 <= int(retry_after) <= 4600:
            self.broken.append(f"refusal: {ask} was told to come again in {retry_after}")

    def settled(self, ask: str) -> None:
        self.refused.pop(ask, None)

    def ended(self) -> None:
        """When all time is up, everything that came has an end."""
        self.looks["ends"] += 1
        self.broken += [f"end: {id} {what}" for id, what in _ask(_OPEN)]

    def over(self) -> None:
        """At the end nobody is left with a refusal that led to nothing."""
        self.broken += [f"refusal: {ask} was refused {n} times" for ask, n in self.refused.items()]


def _ask(query: str, **params: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)  # type: ignore[arg-type]
        return cursor.fetchall()
