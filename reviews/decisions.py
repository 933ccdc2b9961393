"""What a person says, and what becomes of it: one transaction down to the run's answer."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from accounts.errors import DomainError
from accounts.models import User
from handoffs import answers, compiled, moves, release, standstill
from handoffs.actors import Actor, person_actor
from handoffs.canonical import encode
from handoffs.compiled import Action
from handoffs.errors import NoHigherLevel, NotFound
from handoffs.failpoints import failpoint
from handoffs.models import Brief, Handoff, RequesterWord
from handoffs.saying import Said
from handoffs.states import HandoffKind, Tier
from reviews import (
    challenge,
    claims,
    judged,
    panels,
    permissions,
    plants,
    queueing,
    safeguards,
    seats,
    seen,
    spec,
    wording,
)
from reviews import verbs as buttons
from reviews.challenge import Kept, Stated
from reviews.errors import ClaimLost, RequesterSaidMore, SafeguardUnmet, TextMissing, TextTooLong
from reviews.models import Claim, Decision, Judgement
from reviews.safeguards import Seen
from reviews.surfaces import Ground
from reviews.verbs import VerbOption
from reviews.visibility import Phase
from reviews.wording import Choice as Choice

logger = logging.getLogger(__name__)

_DRAFT_BYTES = 256 * 1024

# The claim is live, in this round, at this level, by this person: or there is no row.
_FENCE = f"""
select claim.id, claim.seat, claim.opened_at, claim.heard,
    exists (select from reviews_plant plant
        where plant.handoff_id = claim.handoff_id and not plant.ended) as planted,
    coalesce(overread_read_for(claim.opened_at, claim.read_seconds, claim.seen_at), 0)
        + overread_read_before(claim.handoff_id, claim.reviewer_id, claim.round, claim.id)
        as read_seconds
from reviews_claim claim join handoffs_handoff h on h.id = claim.handoff_id
where claim.handoff_id = %(handoff)s and claim.reviewer_id = %(user)s
    and claim.ended_at is null and not {queueing.OVER}
for update of claim
"""
# What comes late from somebody who may have had a test is not kept; it is looked at when nobody has
# it locked. Nobody else is to find out by this which were tests.
_STAYS = """from handoffs_handoff h where h.id = %(handoff)s
    and (h.state <> 'withdrawn' or not overread_may_have_met(h.id, %(user)s))
for key share of h"""
_SAVE_DRAFT = f"""
insert into reviews_draft as kept (handoff_id, reviewer_id, body, saved_at)
select h.id, %(user)s, %(body)s::jsonb, statement_timestamp() {_STAYS}
on conflict (handoff_id, reviewer_id) do update
    set body = kept.body || excluded.body, saved_at = excluded.saved_at
"""
_OPENED = f"""
insert into reviews_evidenceopened (handoff_id, reviewer_id, evidence_id, digest, opened_at)
select h.id, %(user)s, %(evidence)s, %(digest)s, statement_timestamp() {_STAYS}
on conflict (handoff_id, reviewer_id, evidence_id) do update set digest = excluded.digest
"""
_TAKE_DRAFT = """
delete from reviews_draft where handoff_id = %s and reviewer_id = %s returning body::text
"""


@dataclass(frozen=True, kw_only=True)
class Fenced:
    """A handoff locked for its decider, with what they are judged by."""

    handoff: Handoff
    brief: Brief
    action: Action | None
    arguments: dict[str, Any] | None
    claim_id: int
    seat: int
    heard: int
    # it is a blind test: whatever would move it on ends it, see `plants.meet`
    planted: bool
    opened_at: datetime | None
    read_seconds: float | None
    judgement: Judgement | None
    by: Actor


def verbs(handoff: Handoff, proposal: Any, brief: dict[str, Any]) -> list[VerbOption]:
    """Return the buttons of this handoff; `proposal` as stored or as the desk shows it."""
    action = _action(handoff, proposal)
    arguments = proposal.arguments if proposal else {}
    return buttons.offered(
        kind=HandoffKind(handoff.kind),
        tier=Tier(handoff.tier) if handoff.tier else None,
        escalates=bool(handoff.ladder),
        title=action.title if action else "",
        arguments=json.loads(arguments) if isinstance(arguments, str) else arguments,
        brief=brief,
        undoable=handoff.roll_back_until is not None,
        patchable=ground(handoff, brief).patchable is not None,
    )


def ground(handoff: Handoff, brief: dict[str, Any]) -> Ground:
    """Return what the forms of this handoff start from."""
    return Ground(brief=brief, task=handoff.run.task, input=handoff.run.input)


def decide(handoff_id: str, *, by: User, choice: Choice, now: datetime) -> Decision:
    """Decide the handoff that `by` holds: decision, end of claim and answer commit together.

    The answer is held for as long as the matrix lets them take it back; see `undo`.

    Whoever comes late, from a claim that ran out or to a question that was answered, withdrawn or
    handed up, gets ClaimLost; whoever lacks something gets SafeguardUnmet with all of it. Then
    nothing is stored but what they wrote, as their draft.
    """
    choice = wording.clean(choice)
    with kept_on_refusal(handoff_id, by, asdict(choice)), plants.telling():
        fenced = fence(handoff_id, by)
        _check_heard(fenced)
        _check_judged(fenced)
        said = wording.said(
            choice,
            offered=verbs(fenced.handoff, fenced.handoff.proposal, fenced.brief.body),
            brief=fenced.brief.body,
            action=fenced.action,
            arguments=fenced.arguments,
            ground=ground(fenced.handoff, fenced.brief.body),
        )
        stated = _check_safeguards(
            fenced,
            by,
            verb=said.verb.value,
            reason=said.reason,
            stated=challenge.stated(choice.challenge),
        )
        if fenced.planted:
            answers.check_possible(fenced.handoff, said)
            plants.meet(fenced.handoff, said, by=by, claim_id=fenced.claim_id, now=now)
        decision = _store(fenced, by, said, stated, now=now)
        failpoint("decisions.after_decision")
        heard = seats.outcome(fenced.handoff, said=said, by=fenced.by, now=now)
        if heard is not None:
            release.settle(
                handoff_id,
                round=fenced.handoff.round,
                said=heard.said,
                by=heard.by,
                seconds=0 if heard.final else _undo_seconds(fenced.handoff),
                now=now,
            )
    return decision


def _undo_seconds(handoff: Handoff) -> int:
    said = spec.read(handoff.safeguards).undo_seconds
    return settings.UNDO_SECONDS if said is None else said


def _store(
    fenced: Fenced,
    by: User,
    said: Said,
    stated: Kept | None,
    *,
    now: datetime,
) -> Decision:
    end_claim(fenced, Claim.Ended.DECIDED)
    seats.retire_older(fenced.handoff, by=by, brief_version=fenced.brief.version)
    return Decision.objects.create(
        typed=_set_aside(fenced.handoff, by),
        handoff=fenced.handoff,
        round=fenced.handoff.round,
        reviewer=by,
        claim_id=fenced.claim_id,
        seat=fenced.seat,
        role=fenced.by.name,
        said=seats.said_text(said),
        said_digest=seats.digest(said),
        verb=said.verb.value,
        reason=said.reason,
        message=said.message,
        option=said.option,
        arguments=None if said.arguments is None else encode(said.arguments).decode(),
        details=said.details,
        challenge=stated,
        brief_version=fenced.brief.version,
        judgement=fenced.judgement,
        changed_after_reveal=_is_changed(fenced.judgement, said),
        opened_at=fenced.opened_at or now,
    )


def _set_aside(handoff: Handoff, by: User) -> Any:
    """Take the draft away and return it: it comes back when the decision is taken back."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_DRAFT, [handoff.id, by.id])
        row = cursor.fetchone()
    return json.loads(row[0]) if row else None


def _is_changed(judgement: Judgement | None, said: Said) -> bool | None:
    """Tell whether the reveal changed the answer; None where nothing was withheld."""
    if judgement is None:
        return None
    return (judgement.verb, judgement.option) != (said.verb.value, said.option)


def ask_information(handoff_id: str, *, by: User, question: str, now: datetime) -> None:
    """Put a question to the agent; the handoff leaves the desk until it is answered."""
    question = wording.clean_text(question)
    with kept_on_refusal(handoff_id, by, {"message": question}), plants.telling():
        fenced = fence(handoff_id, by)
        if not question:
            raise TextMissing("Your question is missing. Nothing was sent. Write what you need.")
        if fenced.planted:
            standstill.check_asked(fenced.handoff)
            plants.meet(fenced.handoff, None, by=by, claim_id=fenced.claim_id, now=now)
        end_claim(fenced, Claim.Ended.ASKED)
        answers.ask_information(
            handoff_id, round=fenced.handoff.round, question=question, by=fenced.by, now=now
        )


def escalate(handoff_id: str, *, by: User, reason: str, now: datetime) -> Handoff:
    """Hand the question up; raises NoHigherLevel where the matrix names nobody above."""
    reason = wording.clean_text(reason)
    with kept_on_refusal(handoff_id, by, {"reason": reason}), plants.telling():
        fenced = fence(handoff_id, by)
        if fenced.planted:
            if not fenced.handoff.ladder:
                raise NoHigherLevel
            plants.meet(fenced.handoff, None, by=by, claim_id=fenced.claim_id, now=now)
        end_claim(fenced, Claim.Ended.ESCALATED)
        return answers.escalate(
            handoff_id, round=fenced.handoff.round, reason=reason, by=fenced.by, now=now
        )


def fence(handoff_id: str, by: User) -> Fenced:
    """Lock run, handoff and claim, in this order everywhere, and let nobody late through.

    The order matters: taking the next one locks a handoff and then ends claims on it.
    """
    handoff = moves.lock_handoff(handoff_id)
    with connection.cursor() as cursor:
        cursor.execute("select from handoffs_handoff where id = %s for update", [handoff_id])
        cursor.execute(_FENCE, {"handoff": handoff_id, "user": by.id})
        row = cursor.fetchone()
    if row is None:
        raise claims.lost(handoff_id, by)
    permissions.check_can_decide(by, handoff, seat=row[1])
    proposal, brief = handoff.proposal, handoff.briefs.order_by("-version")[0]
    return Fenced(
        handoff=handoff,
        brief=brief,
        action=_action(handoff, proposal),
        arguments=json.loads(proposal.arguments) if proposal else None,
        claim_id=row[0],
        seat=row[1],
        opened_at=row[2],
        heard=row[3],
        planted=row[4],
        read_seconds=row[5],
        judgement=judged.current(handoff, brief.version, by),
        by=person_actor(by.id, panels.team_of(handoff, row[1])),
    )


def _action(handoff: Handoff, proposal: Any) -> Action | None:
    if proposal is None:
        return None
    return compiled.get(handoff.workflow_id).actions.get(proposal.action_type)


def _check_heard(fenced: Fenced) -> None:
    """Let nobody decide without what the requester said since their page was opened."""
    missed = RequesterWord.objects.filter(run=fenced.handoff.run_id, number__gt=fenced.heard)
    word = missed.order_by("-number").first()
    if word is not None:
        raise RequesterSaidMore.of(word.kind, word.text)


def _check_judged(fenced: Fenced) -> None:
    """Let nobody decide by an advice that they have not judged without."""
    if judged.phase(fenced.handoff, fenced.judgement) is Phase.BEFORE_JUDGEMENT:
        raise SafeguardUnmet([safeguards.JUDGE_FIRST])


def saw(fenced: Fenced, by: User, *, shown: Mapping[str, Any]) -> Seen:
    """Return what the server saw of them here; `shown` is what of the brief they have."""
    return seen.of(
        fenced.handoff,
        by,
        brief=fenced.brief.body,
        shown=shown,
        read_seconds=fenced.read_seconds,
    )


def _check_safeguards(
    fenced: Fenced, by: User, *, verb: str, reason: str, stated: Stated
) -> Kept | None:
    """Let nothing through that lacks something; return what a challenged answer states."""
    spec, known = fenced.handoff.safeguards, saw(fenced, by, shown=fenced.brief.body)
    facts = safeguards.facts(known, verb=verb, reason=reason, stated=stated)
    lacking = safeguards.unmet(spec, facts)
    if lacking:
        codes = [one.code for one in lacking]
        logger.info(
            "A decision was refused: something is still needed.",
            extra={"action": "decision.unmet", "handoff": fenced.handoff.id, "codes": codes},
        )
        raise SafeguardUnmet(lacking)
    challenged = safeguards.is_challenged(spec, verb, drawn=known.drawn)
    return challenge.kept(stated, known.known) if challenged else None


def end_claim(fenced: Fenced, because: Claim.Ended) -> None:
    Claim.objects.filter(id=fenced.claim_id).update(ended_at=Now(), ended_because=because)


@contextmanager
def kept_on_refusal(handoff_id: str, by: User, written: dict[str, Any]) -> Iterator[None]:
    """Save what was written when it is refused, after everything else is rolled back.

    Not for a handoff that is not theirs to know, nor for the second click on one's own answer.
    """
    try:
        yield
    except NotFound:
        raise
    except DomainError as refused:
        mine = isinstance(refused, ClaimLost) and refused.conflict and refused.conflict.mine
        if not mine:
            _save(handoff_id, by, {key: value for key, value in written.items() if value})
        raise


def save_draft(handoff_id: str, *, by: User, body: dict[str, Any], now: datetime) -> None:
    """Keep what this person has written so far; fields that are not given stay as they were."""
    if not Claim.objects.filter(handoff=handoff_id, reviewer=by).exists():
        permissions.get(by, handoff_id)
    _save(handoff_id, by, body)


def _save(handoff_id: str, by: User, body: dict[str, Any]) -> None:
    text = json.dumps(wording.clean_json(body), ensure_ascii=False, allow_nan=False)
    if len(text.encode()) > _DRAFT_BYTES:
        raise TextTooLong
    with connection.cursor() as cursor:
        cursor.execute(_SAVE_DRAFT, {"handoff": handoff_id, "user": by.id, "body": text})


def open_evidence(handoff_id: str, evidence_id: str, *, by: User, now: datetime) -> None:
    """Note that this person opened this piece of evidence; the first time counts."""
    handoff = permissions.get(by, handoff_id)
    brief = handoff.briefs.order_by("-version")[0]
    judgement = judged.current(handoff, brief.version, by)
    shown = judged.brief(handoff, brief, by, judgement)
    known = {str(item.get("id")) for item in shown.get("evidence", [])}
    if evidence_id not in known:
        raise NotFound
    stored = next(item for item in brief.body["evidence"] if str(item.get("id")) == evidence_id)
    said = {"evidence": evidence_id, "digest": seen.digest(stored)}
    with connection.cursor() as cursor:
        cursor.execute(_OPENED, {"handoff": handoff_id, "user": by.id, **said})
