"""What a person does with the handoff they hold, short of deciding it: add to it, pass it on."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from accounts.errors import FieldProblem
from accounts.models import User
from handoffs import audit, moves, routing
from handoffs.actors import person_actor
from handoffs.models import Brief, Handoff
from handoffs.states import HandoffKind
from reviews import (
    availability,
    caps,
    claims,
    comments,
    decisions,
    leases,
    permissions,
    plants,
    threads,
    ways,
    wording,
)
from reviews.errors import (
    CapReached,
    ColleagueAway,
    FormIncomplete,
    NotForThem,
    TextMissing,
    VerbNotOffered,
)
from reviews.models import Claim
from reviews.ways import Way

_MOST_ON_A_BRIEF = 60
# how long it waits for the colleague it was handed to
WAITS_SECONDS = 2 * 3600
MOST_TAKEN_ON = 3
_ANOTHER = "Choose another colleague."


def add_context(handoff_id: str, *, by: User, added: dict[str, Any], now: datetime) -> Brief:
    """Put facts and evidence on the brief, marked as this person's; a new version of it.

    Whatever others said of the version before, they said without knowing this.
    """
    added = wording.clean_json(added)
    with transaction.atomic():
        fenced = decisions.fence(handoff_id, by)
        _check(Way.ADD_CONTEXT, added)
        whose = f"added by {by.name}"
        facts = [_fact(one, whose) for one in added.get("facts", [])]
        known = fenced.brief.body.get("evidence", [])
        evidence = [
            _evidence(one, whose, number)
            for number, one in enumerate(added.get("evidence", []), start=len(known) + 1)
        ]
        if not facts and not evidence:
            raise TextMissing("There is nothing to add yet. Nothing was kept. Add a row first.")
        if len(fenced.brief.body.get("facts", [])) + len(facts) > _MOST_ON_A_BRIEF:
            raise TextMissing(
                "The brief has as many facts as a person can read. Nothing was added. Say it to "
                "colleagues instead."
            )
        return routing.add_context(
            handoff_id,
            round=fenced.handoff.round,
            facts=facts,
            evidence=evidence,
            by=fenced.by,
            now=now,
        )


def _fact(one: dict[str, Any], whose: str) -> dict[str, Any]:
    source = ", ".join(filter(None, (one.get("source", ""), whose)))
    return {
        "label": one["label"],
        "value": one["value"],
        "kind": one.get("kind") or "text",
        "source": source,
    }


def _evidence(one: dict[str, Any], whose: str, number: int) -> dict[str, Any]:
    return {
        "id": f"added-{number}",
        "title": one["title"],
        "url": one.get("url") or None,
        "snippet": one.get("snippet", ""),
        "source": whose,
        "must_open": False,
    }


def ask_colleague(handoff_id: str, *, by: User, asked: dict[str, Any], now: datetime) -> None:
    """Ask somebody by name; the handoff stays where it is."""
    words = {"text": asked["question"], "asked": asked["colleague"]}
    with plants.telling():
        comments.check(handoff_id, by=by, **words)
        if plants.standing(handoff_id) is not None:
            _spare_held(handoff_id, by, now=now)
        comments.add(handoff_id, by=by, now=now, **words)


def _spare_held(handoff_id: str, by: User, *, now: datetime) -> None:
    """End the test that they hold; from others it takes a question like anything else."""
    handoff = moves.lock_handoff(handoff_id)
    held = leases.standing(handoff_id).filter(reviewer=by).first()
    if held is not None:
        plants.spare(handoff, by=by, claim_id=held.pk, now=now)


def take_on(handoff_id: str, *, by: User, hours: int, now: datetime) -> datetime:
    """Keep a task for so long, away from the page too; return until when it is theirs.

    Once more gives more time. Decided it is as ever: handed back, finished by hand, or redirected.
    """
    with plants.telling():
        fenced = decisions.fence(handoff_id, by)
        if fenced.handoff.kind != HandoffKind.TAKEOVER.value or hours not in ways.HOURS:
            raise VerbNotOffered
        others = Claim.objects.filter(reviewer=by, ended_at=None, kept_until__gt=Now())
        if others.exclude(pk=fenced.claim_id).count() >= MOST_TAKEN_ON:
            raise CapReached
        if fenced.planted:
            plants.spare(fenced.handoff, by=by, claim_id=fenced.claim_id, now=now)
        until = routing.allow_until(
            handoff_id, round=fenced.handoff.round, seconds=hours * 3600, by=fenced.by, now=now
        )
        Claim.objects.filter(id=fenced.claim_id).update(kept_until=until, expires_at=until)
    return until


def hand_over(handoff_id: str, *, by: User, colleague: int, note: str, now: datetime) -> Claim:
    """Put it into the hands of somebody who may decide it; they are told by mail.

    It waits for them, and if they do not come, for anybody: nothing lies with one person forever.
    """
    note = wording.clean_text(note)
    with decisions.kept_on_refusal(handoff_id, by, {"reason": note}), plants.telling():
        fenced = decisions.fence(handoff_id, by)
        them = _may_decide(fenced.handoff, colleague, by)
        if fenced.planted:
            comments.check(handoff_id, by=by, text=note)
            caps.check_room(them)
            plants.spare(fenced.handoff, by=by, claim_id=fenced.claim_id, now=now)
        comments.add(handoff_id, by=by, text=note, now=now)
        decisions.end_claim(fenced, Claim.Ended.HANDED_OVER)
        claim = claims.put_into_hands(handoff_id, of=them, seconds=WAITS_SECONDS, now=now)
        audit.record(
            by=fenced.by,
            action="handoff.handed_over",
            subject=handoff_id,
            body={"to": person_actor(them.pk, "").audit_name},
        )
        routing.write_to(
            fenced.handoff,
            email=them.email,
            event="handoff.handed_over",
            subject=f"{by.name} hands you a handoff in {fenced.handoff.queue.name}",
            text=f"{by.name} would like you to decide it. It waits for you until "
            f"{claim.expires_at:%H:%M} UTC; after that anybody of your team may take it.",
        )
    return claim


def _may_decide(handoff: Handoff, colleague: int, by: User) -> User:
    """Return whose hands it goes into: the colleague's, or of whoever stands in for them now."""
    meant = threads.deciders(handoff, by).filter(pk=colleague).first()
    if meant is None or not permissions.can_decide(meant, handoff):
        raise NotForThem
    them = availability.stand_in(meant)
    if them is None:
        raise ColleagueAway(f"{meant.name} is away. Nothing was changed: it is yours. {_ANOTHER}")
    if them != meant and (them == by or not permissions.can_decide(them, handoff)):
        raise ColleagueAway(
            f"{meant.name} is away, and {them.name}, who stands in, may not have this one. "
            f"Nothing was changed: it is yours. {_ANOTHER}"
        )
    return them


def return_with_note(handoff_id: str, *, by: User, note: str, now: datetime) -> None:
    """Give it back to its queue, with words for whoever takes it next."""
    note = wording.clean_text(note)
    with decisions.kept_on_refusal(handoff_id, by, {"reason": note}), transaction.atomic():
        decisions.fence(handoff_id, by)
        comments.add(handoff_id, by=by, text=note, now=now)
        claims.give_back(handoff_id, by=by, now=now)


def send_on(handoff_id: str, *, by: User, place: str, note: str, now: datetime) -> Handoff:
    """Put the handoff before another team that the matrix names; the claim on it ends."""
    queue, _, role = place.partition(":")
    note = wording.clean_text(note)
    with decisions.kept_on_refusal(handoff_id, by, {"reason": note}), plants.telling():
        fenced = decisions.fence(handoff_id, by)
        if not note:
            raise TextMissing("Why there is missing. Nothing was sent. Write it in a sentence.")
        if fenced.planted:
            comments.check(handoff_id, by=by, text=note)
            routing.check_place(fenced.handoff, queue=queue, role=role)
            plants.meet(fenced.handoff, None, by=by, claim_id=fenced.claim_id, now=now)
        decisions.end_claim(fenced, Claim.Ended.SENT_ON)
        comments.add(handoff_id, by=by, text=note, now=now)
        return routing.send_on(
            handoff_id,
            round=fenced.handoff.round,
            queue=queue,
            role=role,
            reason=note,
            by=fenced.by,
            now=now,
        )


def _check(way: Way, filled: dict[str, Any]) -> None:
    problems = ways.surface(way).problems(filled)
    if problems:
        raise FormIncomplete(fields=tuple(FieldProblem(one.path, one.message) for one in problems))
