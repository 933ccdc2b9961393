"""Commit an answer of one's own; only then is the machine's shown."""

import logging
import secrets
from dataclasses import asdict
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import User
from handoffs import audit, canonical
from handoffs.failpoints import failpoint
from handoffs.states import Verb
from reviews import decisions, judged, plants, safeguards, seats, visibility, wording
from reviews.challenge import Stated
from reviews.decisions import Fenced
from reviews.errors import AlreadyJudged, NothingWithheld, SafeguardUnmet, Unmet, VerbNotOffered
from reviews.models import Judgement
from reviews.visibility import Phase
from reviews.wording import Choice

logger = logging.getLogger(__name__)


def commit(
    handoff_id: str, *, by: User, choice: Choice, confidence: int | None, now: datetime
) -> Judgement:
    """Keep what `by` would answer and how sure they are, before they read what the machine would.

    The evidence has to be opened and the time to be read as for a decision, or else a careless
    answer would buy an early look. What cannot be kept is refused whole; the text stays as draft.
    Raises AlreadyJudged with the second click and from a second tab: the first one stays.
    """
    choice = wording.clean(choice)
    written = {**asdict(choice), "confidence": confidence}
    with decisions.kept_on_refusal(handoff_id, by, written), transaction.atomic():
        fenced = decisions.fence(handoff_id, by)
        _check_withheld(fenced)
        verb, option = _answer(fenced, by, choice)
        _check_safeguards(fenced, by, verb=verb, choice=choice, confidence=confidence)
        judgement = _store(fenced, by, verb, option, choice.reason.strip(), confidence or 0)
        failpoint("judgements.before_commit")
    failpoint("judgements.after_commit")
    logger.info(
        "A judgement was committed.", extra={"action": "judgement.committed", "handoff": handoff_id}
    )
    return judgement


def ask_second_reader(handoff_id: str, *, by: User, now: datetime) -> bool:
    """Ask one more person to answer blind, once `by` has committed; False when one was asked.

    Not before: what somebody else says must not stand in for an answer of one's own.
    """
    with plants.telling():
        fenced = decisions.fence(handoff_id, by)
        match judged.phase(fenced.handoff, fenced.judgement):
            case Phase.OPEN:
                raise NothingWithheld
            case Phase.BEFORE_JUDGEMENT:
                raise SafeguardUnmet([safeguards.JUDGE_FIRST])
        if fenced.planted:
            plants.spare(fenced.handoff, by=by, claim_id=fenced.claim_id, now=now)
        return seats.ask_second_reader(handoff_id, by=by, now=now)


def _check_withheld(fenced: Fenced) -> None:
    """Refuse a second judgement of the same brief, and one of what was never withheld."""
    match judged.phase(fenced.handoff, fenced.judgement):
        case Phase.OPEN:
            raise NothingWithheld
        case Phase.REVEALED:
            raise AlreadyJudged


def _answer(fenced: Fenced, by: User, choice: Choice) -> tuple[str, str | None]:
    """Read the answer off the buttons that this person was shown; nothing where none was marked."""
    if not choice.verb:
        return "", None
    seat = judged.seat(fenced.handoff, by)
    option = visibility.unmasked(fenced.brief.body, seat.key, choice.option)
    wanted = (choice.verb, option if choice.verb == Verb.CHOOSE else None)
    offered = decisions.verbs(fenced.handoff, fenced.handoff.proposal, fenced.brief.body)
    answers = {(one.verb, one.option) for one in offered if one.verb in set(Verb)}
    if wanted not in answers:
        raise VerbNotOffered
    return wanted


def _check_safeguards(
    fenced: Fenced, by: User, *, verb: str, choice: Choice, confidence: int | None
) -> None:
    """Ask for the same reading as a decision, of what is shown now; and for how sure, and why."""
    shown = judged.brief(fenced.handoff, fenced.brief, by, None)
    facts = safeguards.facts(
        decisions.saw(fenced, by, shown=shown), verb=verb, reason=choice.reason, stated=Stated()
    )
    missing = safeguards.unmet(judged.terms(fenced.handoff.safeguards), facts)
    if not verb:
        missing.insert(0, Unmet(code="answer", sentence="Your own answer: mark one."))
    if confidence not in Judgement.Confidence.values:
        missing.append(Unmet(code="confidence", sentence="How sure you are."))
    if missing:
        raise SafeguardUnmet(missing)


def _store(
    fenced: Fenced, by: User, verb: str, option: str | None, reason: str, confidence: int
) -> Judgement:
    handoff, version = fenced.handoff, fenced.brief.version
    try:
        with transaction.atomic():
            judgement = Judgement.objects.create(
                handoff=handoff,
                round=handoff.round,
                brief_version=version,
                reviewer=by,
                verb=verb,
                option=option,
                confidence=confidence,
                reason=reason,
            )
    except IntegrityError as refused:
        if "judgement_once_per_brief" in str(refused):
            raise AlreadyJudged from None
        raise
    # what it says is nobody's to read before they have judged themselves: the log has its digest
    said = {"verb": verb, "option": option, "confidence": confidence, "reason": reason}
    if fenced.planted:
        # nothing of a test is kept that a guess at what was said could be checked against
        said = {"nothing": secrets.token_hex(16)}
    audit.record(
        by=fenced.by,
        action="handoff.judged",
        subject=handoff.id,
        body={
            "judgement": judgement.id,
            "brief_version": version,
            "digest": canonical.digest(said),
        },
    )
    return Judgement.objects.get(id=judgement.id)
