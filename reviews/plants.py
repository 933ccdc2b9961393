"""Blind tests at the desk: how one comes in, who may have it, how it ends, and what is kept.

Whatever a person does with a test ends it. Nothing that they did or said is kept: it is judged in
the transaction that would have stored it, goes into their cohort's sealed lot, and their claim,
their judgement and all they wrote go with it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import Client, User
from handoffs import house, moves
from handoffs.models import Brief, Handoff, Workflow
from handoffs.rulings import Proposed
from handoffs.saying import Said
from handoffs.states import FINAL_RUN_STATES, RunState, Verb
from reviews import caught, lots, sealed
from reviews.caught import Wrong
from reviews.disclosed import Disclosed, WasATest
from reviews.meeting import Met
from reviews.models import (
    Claim,
    Comment,
    Draft,
    EvidenceOpened,
    Judgement,
    Plant,
    SearchEntry,
    SummaryEdit,
    TestsMet,
    Visit,
)


@dataclass(frozen=True, kw_only=True)
class Sown:
    """A test before it stands: what it is counted as, judged by, and who would know it."""

    cohort: str
    kind: str
    wrong: Wrong
    # What its reviewer is told afterwards: "what" was changed, in a sentence, "before" and "after"
    # of the value, and "where" it could be seen. Each may be missing.
    told: Mapping[str, str]
    known_to: tuple[int, ...]


@contextmanager
def telling() -> Iterator[None]:
    """Do something in a transaction, which is committed also where it turns out to end a test."""
    found: WasATest | None = None
    with transaction.atomic():
        try:
            yield
        except WasATest as ended:
            found = ended
    if found is not None:
        raise found


class NoPlace(Exception):
    """It would need nobody or another queue, or its run has ended meanwhile; nothing was stored."""


class MayNotStay(Exception):
    """The test that was to come into these hands may not be met by them: it is to be withdrawn."""


# Tests that the clock would move, that something else has moved, that nobody in whose hands they
# were put has opened, or that were passed over by whom they were not for; and those that somebody
# read and let go, as long as that is not noted. What was taken while there were such tests is
# forgotten as soon as none of them was due before it, and is not in other hands.
_LET_GO = """
with passed as materialized (
    select spared.id, h.id as test
    from reviews_spared spared join handoffs_handoff taken on taken.id = spared.taken
    join handoffs_handoff h on h.id = any(spared.tests) and h.state = 'waiting'
    where (h.urgent_since is null, h.deadline_at, h.id)
            < (taken.urgent_since is null, taken.deadline_at, taken.id)
        and not exists (select from reviews_claim claim
            where claim.handoff_id = h.id and claim.ended_at is null
                and claim.expires_at > statement_timestamp())
), forgotten as (
    delete from reviews_spared spared
    where not exists (select from passed where passed.id = spared.id)
), standing as (
    select plant.handoff_id, plant.run_id,
        h.state <> 'waiting' or h.next_at <= statement_timestamp() or exists (
            select from reviews_claim claim
            where claim.handoff_id = plant.handoff_id and claim.opened_at is null
                and (claim.ended_at is not null or claim.expires_at <= statement_timestamp())
        ) or exists (select from passed where passed.test = plant.handoff_id) as over
    from reviews_plant plant join handoffs_handoff h on h.id = plant.handoff_id
    where not plant.ended
)
select handoff_id, run_id, over from standing
where over or exists (
    select from reviews_claim claim
    left join reviews_testsmet met on met.person_id = claim.reviewer_id
    where claim.handoff_id = standing.handoff_id
        and claim.opened_at is not null and claim.ended_at is not null
        and claim.number - 1 > coalesce(met.last_claim, -1))
"""


@transaction.atomic
def begin(
    workflow: Workflow,
    sown: Sown,
    *,
    client: Client,
    external_id: str,
    input: dict[str, Any],
    requester: dict[str, Any] | None = None,
    now: datetime,
) -> Plant:
    """Start a test's run; it asks a while later, as real ones do."""
    run = house.begin(
        workflow,
        house=house.client_for(client),
        external_id=external_id,
        input=input,
        requester=requester,
        now=now,
    )
    return Plant.objects.create(
        run=run,
        cohort=sown.cohort,
        kind=sown.kind,
        wrong=_wrong_to_json(sown.wrong),
        told=dict(sown.told),
        known_to=list(sown.known_to),
    )


@transaction.atomic
def stand(plant: Plant, proposed: Proposed, *, queue_id: int, now: datetime) -> str:
    """Let the test ask, in this queue or not at all; return its handoff."""
    run = moves.lock_run(plant.run_id)
    if Plant.objects.filter(pk=plant.pk, ended=True).exists():
        raise NoPlace
    handoff_id = house.propose(run, proposed, now=now)
    if not Handoff.objects.filter(id=handoff_id, queue=queue_id).exists():
        raise NoPlace
    Plant.objects.filter(pk=plant.pk).update(handoff=handoff_id)
    assert handoff_id is not None
    return handoff_id


def standing(handoff_id: str) -> Plant | None:
    """Return the test that stands as this handoff; of real ones it is asked as often."""
    return Plant.objects.filter(handoff=handoff_id, ended=False).first()


@transaction.atomic
def withdraw(handoff_id: str, *, now: datetime) -> None:
    """Take the test that stands as this handoff out, by its agent's name; it may have ended."""
    _end_standing(moves.lock_handoff(handoff_id), now=now)


def end_run(run_id: str, *, now: datetime) -> None:
    """Withdraw the test that this run is, where it is one, before a person interferes with it."""
    with transaction.atomic():
        plant = Plant.objects.filter(pk=run_id, ended=False).first()
        if plant is not None:
            end(plant, now=now)


def see_to_let_go(*, now: datetime) -> None:
    """Withdraw the tests that are over, and note who has met one that they let go.

    Let go it waits for the next one like anything else: gone, it would have told that it was one.
    What the clock does to real ones passes tests over, see `handoffs.real`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LET_GO)
        found = cursor.fetchall()
    for handoff_id, run_id, over in found:
        with transaction.atomic():
            # somebody may just be deciding it: then there is nothing left to do the next time
            handoff = moves.try_lock_handoff(handoff_id, run_id=run_id)
            if handoff is not None and over:
                _end_standing(handoff, now=now)
            elif handoff is not None:
                _note_met_by(Claim.objects.filter(handoff=handoff, ended_at__isnull=False), now=now)


def _end_standing(handoff: Handoff, *, now: datetime) -> None:
    plant = standing(handoff.id)
    if plant is not None:
        end(plant, now=now)


def _met(person: User) -> Met:
    kept = TestsMet.objects.filter(person=person).first()
    if kept is None:
        return Met()
    return Met(day=kept.day, times=kept.times, last_claim=kept.last_claim)


def meet(
    handoff: Handoff, said: Said | None, *, by: User, claim_id: int, now: datetime
) -> NoReturn:
    """End the test that this locked handoff is with what they said of it, and tell them.

    None: they took nothing upon themselves. Whatever would have refused the same of a real one is
    to be asked before: who finds out without answering which ones are tests is tested no more.
    """
    plant, claim, day = _at(handoff, claim_id, now)
    raise WasATest(score(plant, said, by=by, claim=claim, day=day))


def spare(handoff: Handoff, *, by: User, claim_id: int, now: datetime) -> NoReturn:
    """End the test before it costs a second person's time, uncounted, and tell them.

    As for `meet`: what refuses this of a real one comes first.
    """
    plant, claim, day = _at(handoff, claim_id, now)
    raise WasATest(_disclose(plant, None, by=by, claim=claim, day=day))


def _at(handoff: Handoff, claim_id: int, now: datetime) -> tuple[Plant, Claim, datetime]:
    day = now.astimezone(ZoneInfo(handoff.queue.time_zone))
    plant = Plant.objects.get(handoff=handoff, ended=False)
    return plant, Claim.objects.get(id=claim_id), day


@transaction.atomic
def score(plant: Plant, said: Said | None, *, by: User, claim: Claim, day: datetime) -> Disclosed:
    """Judge what somebody said of a test, count it with their cohort's, and end it.

    None: they asked, or passed the question on, which lets nothing wrong through. The run is locked
    by the caller, as for every decision.
    """
    assert plant.wrong is not None
    was_caught = said is None or caught.caught(
        _wrong(plant.wrong), verb=said.verb, option=said.option, arguments=said.arguments
    )
    _count(plant, person=by.pk, caught=was_caught)
    return _disclose(plant, was_caught, by=by, claim=claim, day=day)


def _disclose(
    plant: Plant, was_caught: bool | None, *, by: User, claim: Claim, day: datetime
) -> Disclosed:
    assert plant.told is not None
    told = dict(plant.told)
    if claim.opened_at is None:
        _note_met(by, claim, day=day)
    end(plant, now=day)
    return Disclosed(caught=was_caught, told=told)


def _count(plant: Plant, *, person: int, caught: bool) -> None:
    """Add to the cohort's sealed lot, one at a time."""
    lot = sealed.take(plant.cohort)
    sealed.write(plant.cohort, lots.add(lot, person=person, kind=plant.kind, caught=caught))


def _note_met(person: User, claim: Claim, *, day: datetime) -> None:
    # the claim's number is given again to their next one, as that one is deleted
    last = claim.number - 1
    met = _met(person).again(day=day.date(), claim=last)
    TestsMet.objects.update_or_create(
        person=person, defaults={"day": day.date(), "times": met.times, "last_claim": last}
    )


@transaction.atomic
def end(plant: Plant, *, now: datetime) -> None:
    """Take the test out of its queue by its agent's name, with all that anybody did there.

    Whoever had opened it has met one, whatever came of it. The run is locked first, as by
    everybody; of two who end it the second finds it done.
    """
    run = moves.lock_run(plant.run_id)
    if not Plant.objects.filter(pk=plant.pk, ended=False).exists():
        return
    if plant.handoff_id is not None:
        _lock(plant.handoff_id)
        _note_met_by(Claim.objects.filter(handoff=plant.handoff_id), now=now)
        _forget(plant.handoff_id)
    if RunState(run.state) not in FINAL_RUN_STATES:
        house.end(run, now=now)
    Plant.objects.filter(pk=plant.pk, ended=False).update(
        ended=True, wrong=None, told=None, known_to=[]
    )


# What people leave at a handoff, those that name others first. What was sent about it stays, and
# ends as for any that is withdrawn: to a colleague a link that opens nothing would tell.
_LEFT = (SummaryEdit, Comment, Draft, EvidenceOpened, Judgement)


def _lock(handoff_id: str) -> None:
    with connection.cursor() as cursor:
        # Nobody adds to it meanwhile: taking and deciding lock it first, opening and reading lock
        # the claim.
        cursor.execute("select from handoffs_handoff where id = %s for update", [handoff_id])
        cursor.execute("select from reviews_claim where handoff_id = %s for update", [handoff_id])


def _note_met_by(of: QuerySet[Claim], *, now: datetime) -> None:
    opened = of.filter(opened_at__isnull=False).select_related("reviewer", "handoff__queue")
    for claim in opened.order_by("id"):
        noted = _met(claim.reviewer).last_claim
        # the number before a test's own is noted, and nobody meets another before ten reviews
        if noted is None or noted < claim.number - 1:
            day = now.astimezone(ZoneInfo(claim.handoff.queue.time_zone))
            _note_met(claim.reviewer, claim, day=day)


def _forget(handoff_id: str) -> None:
    for model in _LEFT:
        model._default_manager.filter(handoff=handoff_id).delete()
    if Brief.objects.filter(handoff=handoff_id, version__gt=1).delete()[0]:
        # it is found by what was sent again, and not by what they added
        SearchEntry.objects.filter(handoff=handoff_id).delete()
    Visit.objects.filter(claim__handoff=handoff_id).delete()
    Claim.objects.filter(handoff=handoff_id).delete()


def _wrong_to_json(wrong: Wrong) -> dict[str, Any]:
    values = [[list(path), value] for path, value in wrong.values]
    return {"verb": wrong.verb.value, "option": wrong.option, "values": values}


def _wrong(plain: Mapping[str, Any]) -> Wrong:
    values = tuple((tuple(path), value) for path, value in plain["values"])
    return Wrong(verb=Verb(plain["verb"]), option=plain["option"], values=values)
