"""The moment between a person's decision and its release, in which they may take it back."""

import json
import logging
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from accounts.errors import DomainError
from handoffs import answers, audit, moves, standstill
from handoffs.actors import POLICY, Actor
from handoffs.errors import AlreadyReleased, StandsStill
from handoffs.failpoints import failpoint
from handoffs.models import Handoff, HeldAnswer
from handoffs.saying import Said
from handoffs.states import ActorKind, Cause, HandoffState, Verb
from handoffs.stopped import STOPPED

log = logging.getLogger(__name__)

_HOLD = """
insert into handoffs_heldanswer
    (handoff_id, round, said, by_kind, role, by_audit_name, release_at)
values (%(handoff)s, %(round)s, %(said)s, %(by_kind)s, %(role)s, %(audit_name)s,
    statement_timestamp() + make_interval(secs => %(seconds)s))
returning release_at
"""
# Nothing is told in a workflow that people have stopped, but what ends something. The text is not
# read as JSON here: one that PostgreSQL could not read would hold up all.
_DUE = f"""
select held.handoff_id from handoffs_heldanswer held
join handoffs_handoff handoff on handoff.id = held.handoff_id
where held.release_at <= statement_timestamp()
    and (handoff.tier in ('autonomous', 'notify') or held.said like any(%s)
        or not {STOPPED.format(workflow="handoff.workflow_id")})
order by held.release_at limit %s
"""
# how what ends something begins, as `_hold` writes it
_ENDING = [f'{{"verb": "{verb}"%' for verb in sorted(standstill.ENDING)]
# is there so much time left to undo what is asked about
_UNDOABLE = """
select roll_back_until > statement_timestamp() + make_interval(secs => %s)
from handoffs_handoff where id = %s
"""


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a person said, and who they were."""

    said: Said
    by: Actor


def settle(
    handoff_id: str, *, round: int, said: Said, by: Actor, seconds: int, now: datetime
) -> datetime | None:
    """Hold the answer back for so long and return when it is released; None: it is out at once.

    Without a window the run is told in this transaction. So it is where what is to be rolled back
    could no longer be when the window ends.
    """
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        answers.check_asked(handoff, round)
        answers.check_possible(handoff, said)
        if seconds <= 0 or _runs_out(handoff, said, seconds):
            answers.answer(handoff_id, round=round, said=said, by=by, now=now)
            return None
        moves.move_handoff(
            handoff_id, HandoffState.DECIDED, by=by, cause=Cause.DECIDED, round=round
        )
        failpoint("release.after_move")
        release_at = _hold(handoff, said, by=by, seconds=seconds)
        facts = {"verb": said.verb.value, "role": by.name, "release_at": release_at.isoformat()}
        audit.record(by=by, action="handoff.decided", subject=handoff_id, body=facts)
        failpoint("release.before_commit")
    failpoint("release.after_commit")
    return release_at


def _runs_out(handoff: Handoff, said: Said, seconds: int) -> bool:
    if said.verb is not Verb.ROLL_BACK or handoff.roll_back_until is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_UNDOABLE, [seconds, handoff.id])
        return not cursor.fetchone()[0]


def _hold(handoff: Handoff, said: Said, *, by: Actor, seconds: int) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(
            _HOLD,
            {
                "handoff": handoff.id,
                "round": handoff.round,
                "said": json.dumps(asdict(said), ensure_ascii=False, allow_nan=False),
                "by_kind": by.kind.value,
                "role": by.name,
                "audit_name": by.audit_name,
                "seconds": seconds,
            },
        )
        release_at: datetime = cursor.fetchone()[0]
    return release_at


def take_back(handoff_id: str, *, by: Actor, now: datetime) -> Said:
    """Put the handoff back as if nothing had been said, and return what was.

    Until the run has been told, and so also when nobody was there to tell it on time. Raises
    AlreadyReleased after that.
    """
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        held = _held(handoff)
        if held is None:
            raise AlreadyReleased
        moves.move_handoff(handoff_id, HandoffState.WAITING, by=by, cause=Cause.TAKEN_BACK)
        failpoint("release.after_undo")
        facts = {"verb": held.said.verb.value, "role": by.name}
        audit.record(by=by, action="handoff.taken_back", subject=handoff_id, body=facts)
    return held.said


def _held(handoff: Handoff, **such: Any) -> Held | None:
    """Return what is held of the locked handoff, if it is such a one."""
    kept = HeldAnswer.objects.filter(handoff=handoff, **such).first()
    if kept is None:
        return None
    by = Actor(kind=ActorKind(kept.by_kind), name=kept.role, audit_name=kept.by_audit_name)
    return Held(said=read(kept.said), by=by)


def read(text: str) -> Said:
    """Read an answer as it was kept."""
    kept: dict[str, Any] = json.loads(text)
    roles = tuple(kept.get("approver_roles", ()))
    return Said(**{**kept, "verb": Verb(kept["verb"]), "approver_roles": roles})


def release_due(*, now: datetime, limit: int = 500) -> int:
    """Tell every run whose window has ended; one that cannot be told holds up no other."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [_ENDING, limit])
        due = [row[0] for row in cursor.fetchall()]
    return sum(_release(handoff_id, now=now) for handoff_id in due)


def _release(handoff_id: str, *, now: datetime) -> bool:
    try:
        return _answer(handoff_id, now=now)
    except StandsStill:
        # stopped in this very moment: it is told when the workflow goes on
        return False
    except DomainError as refusal:
        _put_back(handoff_id, refusal)
    except DatabaseError:
        # locked for too long, most likely: it is still due in a second
        log.exception("A decision was not released.", extra={"action": "release.failed"})
    return False


def _answer(handoff_id: str, *, now: datetime) -> bool:
    """Re-check under the run's lock: it may have been taken back or withdrawn since the sweep."""
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        held = _held(handoff, release_at__lte=Now())
        if held is None:
            return False
        answers.check_possible(handoff, held.said)
        failpoint("release.before_answer")
        answers.tell_run(handoff, held.said, by=held.by, now=now, cause=Cause.ANSWERED)
        failpoint("release.before_release_commit")
    failpoint("release.after_release")
    return True


def _put_back(handoff_id: str, refusal: DomainError) -> None:
    """Ask again, in a new round, what can no longer be answered as it was."""
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        if _held(handoff) is None:
            return
        fact = {"label": "Asked again", "value": refusal.message, "kind": "text", "source": ""}
        answers.reopen(handoff, pause=handoff.pause, facts=[fact], by=POLICY)
        log.info(
            "A decision could not be released: its question is put again.",
            extra={"action": "release.put_back", "handoff": handoff_id, "code": refusal.code},
        )
