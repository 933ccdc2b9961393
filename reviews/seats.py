"""Several pairs of eyes: each decides blind, and what counts is what they agree on.

The last one to decide settles it, in the transaction of their decision; handoff and run are locked,
so of two at once one is the last. Whoever is not the last changes nothing that anybody could see
but that one more has decided.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from handoffs import answers, audit, canonical, moves
from handoffs.actors import POLICY, Actor, person_actor
from handoffs.failpoints import failpoint
from handoffs.models import Handoff
from handoffs.saying import Said
from handoffs.states import AUTONOMOUS_TIERS, ActorKind, Tier, Verb
from reviews import claims, panels, permissions, spec
from reviews.models import Decision
from reviews.panels import Decided, Panel

_ROLE_LENGTH = 150
_TIED = "The {count} people who decided this did not agree. The governance matrix says no then."


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the run is told, and in whose name.

    What several decided is final: whoever saw whether they agreed would no longer be blind if they
    could take back what they said.
    """

    said: Said
    by: Actor
    final: bool = True


def outcome(handoff: Handoff, *, said: Said, by: Actor, now: datetime) -> Outcome | None:
    """Return what the locked handoff comes to with the decision just stored; None: it waits on.

    Where one person decides that is what they said. A tie that goes up is handed up in here.
    """
    panel = panels.read(handoff)
    if panel is None:
        return Outcome(said=said, by=by, final=False)
    count = len(panel.decided)
    body = {"decided": count, "of": max(panel.asked, count), "round": handoff.round}
    audit.record(by=by, action="handoff.seat_decided", subject=handoff.id, body=body)
    failpoint("seats.after_seat")
    if count < panel.asked:
        return None
    _note_all(handoff, panel, by=by)
    agreeing = _agreeing(panel)
    if agreeing:
        return _told(agreeing, by=by)
    if panel.tie_break == "escalate" and handoff.ladder:
        reason = "Those who decided this did not agree."
        answers.escalate(handoff.id, round=handoff.round, reason=reason, by=POLICY, now=now)
        return None
    return Outcome(said=_refusal(handoff, count), by=POLICY)


def _agreeing(panel: Panel) -> Sequence[Decided]:
    """Return those whose word counts: all, most, or who broke the tie and who says the same."""
    decided = panel.decided
    if len(decided) > panel.asked:
        last = decided[-1]
        return [last, *(one for one in decided[:-1] if one.digest == last.digest)]
    (digest, votes), *_ = Counter(one.digest for one in decided).most_common(1)
    needed = len(decided) // 2 + 1 if panel.tie_break == "majority" else len(decided)
    return [one for one in decided if one.digest == digest] if votes >= needed else ()


def _told(agreeing: Sequence[Decided], *, by: Actor) -> Outcome:
    """Put what they agree on into one answer, each one's own words with their role."""
    roles = [one.role for one in agreeing]
    said = replace(
        _read(agreeing[0].said),
        reason=_joined([(one.role, one.reason) for one in agreeing]),
        message=_joined([(one.role, one.message) for one in agreeing]),
        approver_roles=tuple(roles),
    )
    name = ", ".join(dict.fromkeys(roles))
    if len(name) > _ROLE_LENGTH:
        name = f"{name[: _ROLE_LENGTH - 1]}…"
    return Outcome(said=said, by=Actor(kind=ActorKind.PERSON, name=name, audit_name=by.audit_name))


def _joined(texts: Sequence[tuple[str, str]]) -> str:
    said = [(role, text) for role, text in texts if text]
    if len({text for _, text in said}) <= 1:
        return said[0][1] if said else ""
    return "\n".join(f"{role}: {text}" for role, text in said)


def _refusal(handoff: Handoff, count: int) -> Said:
    """Say no in the way that this question has a no."""
    if handoff.tier in AUTONOMOUS_TIERS:
        verb = Verb.WRONG
    else:
        verb = Verb.ROLL_BACK if handoff.tier == Tier.SOFT_REVIEW.value else Verb.REJECT
    return Said(verb=verb, reason=_TIED.format(count=count))


def _note_all(handoff: Handoff, panel: Panel, *, by: Actor) -> None:
    """Log what each of them said, now that all have."""
    said = [
        {"seat": one.seat, "role": one.role, "user": one.person_id, "verb": one.verb,
         "digest": one.digest}
        for one in panel.decided
    ]  # fmt: skip
    body = {"agree": bool(_agreeing(panel)), "decisions": said, "tie_break": panel.tie_break}
    audit.record(by=by, action="handoff.all_decided", subject=handoff.id, body=body)


def retire_older(handoff: Handoff, *, by: User, brief_version: int) -> None:
    """Take out of account what this person said of an older brief: they say it anew."""
    Decision.objects.filter(
        handoff=handoff, round=handoff.round, reviewer=by, brief_version__lt=brief_version
    ).update(undone_at=Now())


def ask_second_reader(handoff_id: str, *, by: User, now: datetime) -> bool:
    """Ask one more person to decide what `by` holds, blind; False when one was asked already.

    When the two differ the next level decides, and where there is none the agent is told no.
    """
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        claim = claims.renew(handoff_id, by=by, now=now)
        permissions.check_can_decide(by, handoff, seat=claim.seat)
        guards = spec.read(handoff.safeguards)
        if handoff.safeguards.get("second_reader") or guards.approvers >= spec.MOST_APPROVERS:
            return False
        more = {
            "approvers": panels.asked(guards) + 1,
            "tie_break": "escalate" if handoff.ladder else "reject",
            "second_reader": True,
        }
        Handoff.objects.filter(id=handoff_id).update(safeguards={**handoff.safeguards, **more})
        actor = person_actor(by.id, handoff.role.name)
        body = {"approvers": more["approvers"], "tie_break": more["tie_break"]}
        audit.record(by=actor, action="handoff.second_reader", subject=handoff_id, body=body)
        moves.notify(handoff_id)
    return True


def said_text(said: Said) -> str:
    """Write what somebody said, whole, as JSON text: numbers stay as they were."""
    return json.dumps(asdict(said), ensure_ascii=False, allow_nan=False)


def _read(text: str) -> Said:
    kept: dict[str, Any] = json.loads(text)
    return Said(**{**kept, "verb": Verb(kept["verb"])})


def digest(said: Said) -> str:
    """Digest what the agent would do: verb, option, arguments, draft and what else binds it.

    Reasons and words to the agent are left out: two people agree in different words.
    """
    bound: Mapping[str, Any] = {
        "verb": said.verb.value,
        "option": said.option,
        "arguments": said.arguments,
        "draft": said.draft.replace("\r\n", "\n") if said.draft is not None else None,
        "details": said.details,
    }
    return canonical.digest(bound)
