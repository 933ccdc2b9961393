"""Blind tests at the desk: how one comes in, who may have it, how it ends, and what is kept.

Whatever a person does with a test ends it. Nothing that they did or said is kept: it is judged in
the transaction that would have stored it, goes into their cohort's sealed lot, and their claim,
their judgement and all they wrote go with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.models import Client, User
from handoffs import house, moves
from handoffs.models import Handoff, Workflow
from handoffs.rulings import Proposed
from handoffs.saying import Said
from handoffs.states import Verb
from reviews import caught, lots, meeting, sealed
from reviews.caught import Wrong
from reviews.meeting import Hands, Known, Met
from reviews.models import (
    ApproverLink,
    Claim,
    Comment,
    Draft,
    EvidenceOpened,
    Judgement,
    Notice,
    Plant,
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
    # what its reviewer is told afterwards, in words
    told: Mapping[str, str]
    known_to: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Disclosed:
    """What the person is told, at once and only then; it is stored nowhere."""

    caught: bool
    told: Mapping[str, str]


class NoPlace(Exception):
    """It would need nobody, or another queue than it was meant for: nothing was stored."""


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
    handoff_id = house.propose(run, proposed, now=now)
    if not Handoff.objects.filter(id=handoff_id, queue=queue_id).exists():
        raise NoPlace
    Plant.objects.filter(pk=plant.pk).update(handoff=handoff_id)
    assert handoff_id is not None
    return handoff_id


def standing(handoff_id: str) -> Plant | None:
    """Return the test that stands as this handoff; of real ones it is asked as often."""
    return Plant.objects.filter(handoff=handoff_id, ended=False).first()


def may_keep(plant: Plant, *, by: User, claim: Claim, day: datetime) -> bool:
    """Tell whether the test that has come into these hands may stay there."""
    met = _met(by)
    hands = Hands(
        person=by.pk,
        day=day.date(),
        met=met,
        reviewed=_reviewed_since(by, met),
        holds=Claim.objects.filter(reviewer=by, ended_at__isnull=True).exclude(pk=claim.pk).count(),
    )
    known = Known(fault=(), source=plant.known_to, owners=())
    return meeting.unfit(hands, known) is None


def _met(person: User) -> Met:
    kept = TestsMet.objects.filter(person=person).first()
    if kept is None:
        return Met()
    return Met(day=kept.day, times=kept.times, last_claim=kept.last_claim)


def _reviewed_since(person: User, met: Met) -> int:
    later = Claim.objects.filter(reviewer=person, number__gt=met.last_claim or 0)
    return later.filter(ended_because=Claim.Ended.DECIDED)[: meeting.BETWEEN].count()


@transaction.atomic
def score(plant: Plant, said: Said, *, by: User, claim: Claim, day: datetime) -> Disclosed:
    """Judge what somebody said of a test, count it with their cohort's, and end it.

    The run is locked by the caller, as for every decision.
    """
    assert plant.wrong is not None and plant.told is not None
    was_caught = caught.caught(
        _wrong(plant.wrong), verb=said.verb, option=said.option, arguments=said.arguments
    )
    told = dict(plant.told)
    _count(plant, person=by.pk, caught=was_caught)
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
    """Take the test out of its queue by its agent's name, with all that anybody did there."""
    run = moves.lock_run(plant.run_id)
    if plant.handoff_id is not None:
        _forget(plant.handoff_id)
    house.end(run, now=now)
    Plant.objects.filter(pk=plant.pk, ended=False).update(
        ended=True, wrong=None, told=None, known_to=[]
    )


# what people leave at a handoff, those that name others first
_LEFT = (SummaryEdit, Comment, Draft, EvidenceOpened, ApproverLink, Notice, Judgement)


def _forget(handoff_id: str) -> None:
    with connection.cursor() as cursor:
        # nobody adds to it meanwhile: taking and deciding lock it first
        cursor.execute("select from handoffs_handoff where id = %s for update", [handoff_id])
    for model in _LEFT:
        model._default_manager.filter(handoff=handoff_id).delete()
    Visit.objects.filter(claim__handoff=handoff_id).delete()
    Claim.objects.filter(handoff=handoff_id).delete()


def _wrong_to_json(wrong: Wrong) -> dict[str, Any]:
    values = [[list(path), value] for path, value in wrong.values]
    return {"verb": wrong.verb.value, "option": wrong.option, "values": values}


def _wrong(plain: Mapping[str, Any]) -> Wrong:
    values = tuple((tuple(path), value) for path, value in plain["values"])
    return Wrong(verb=Verb(plain["verb"]), option=plain["option"], values=values)
