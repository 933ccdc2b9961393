"""What became of a handoff that someone was still at: who did what, and when."""

from accounts.models import User
from handoffs.models import Handoff, Transition
from handoffs.states import ActorKind, Cause, HandoffState
from reviews import judged, leases, permissions
from reviews.errors import Conflict
from reviews.models import Claim, Decision

_SAID = {
    "approve": "approved this",
    "approve_with_edits": "approved this with changes",
    "reject": "rejected this",
    "choose": "chose an option",
    "answer": "answered this",
    "redirect": "gave the agent a new instruction",
    "take_over": "took the task over",
    "confirm": "confirmed this",
    "roll_back": "rolled this back",
    "wrong": "found this wrong",
    "reframe": "put the question differently",
    "accept_uncertainty": "let the agent go on without knowing",
    "retry": "had this tried again",
    "patch_input": "mended the input",
    "switch_tool": "chose another tool",
    "reroute": "chose another route",
    "narrow_scope": "narrowed the task",
    "stop": "stopped the run",
    "define": "defined the task",
    "hand_back": "did a part and handed this back",
}
_MOVED = {
    Cause.WITHDRAWN: "withdrew this question",
    Cause.INFORMATION_ASKED: "asked the agent for information",
    Cause.ESCALATED: "handed this up to the next level",
    Cause.TIMED_OUT: "moved this on because its time was up",
    Cause.SENT_ON: "sent this to another queue",
    Cause.OVERFLOWED: "moved this on because its queue was too full",
    Cause.WENT_BACK: "moved this back to the queue it came from",
    Cause.STALE: "put this question again with newer facts",
    Cause.STOPPED: "stopped the run",
    Cause.TRANSFERRED: "took the task over",
}


def current(handoff_id: str, *, reader: User) -> Conflict | None:
    """Return what stands between `reader` and this handoff, or None when nothing does.

    People are named only to those who see the handoff's queue now; everyone else reads the role.
    """
    handoff = Handoff.objects.select_related("role").filter(id=handoff_id).first()
    if handoff is None:
        return None
    named = permissions.can_see(reader, handoff)
    if handoff.state == HandoffState.WAITING.value:
        return (
            _spoken(handoff, reader)
            or _held(handoff, reader, named=named)
            or _moved(handoff, reader, named=named)
        )
    if handoff.state == HandoffState.DECIDED.value:
        return _decided(handoff, reader, named=named)
    return _answered(handoff, reader, named=named) or _moved(handoff, reader, named=named)


def _decided(handoff: Handoff, reader: User, *, named: bool) -> Conflict | None:
    """Tell of what is still held back; what several said stays among them until it is out."""
    said = judged.decisions(handoff)
    decisions = list(said.select_related("reviewer").order_by("-id"))
    if not decisions:
        return None
    own = next((one for one in decisions if one.reviewer_id == reader.id), None)
    shown = own or (decisions[0] if len(decisions) == 1 else None)
    return Conflict(
        what=_SAID.get(shown.verb, "answered this") if shown else "decided this",
        role=handoff.role.name,
        at=decisions[0].decided_at,
        person=shown.reviewer.name if shown and named else "",
        mine=own is not None,
        verb=shown.verb if shown else "",
    )


def _answered(handoff: Handoff, reader: User, *, named: bool) -> Conflict | None:
    answer = handoff.answers.order_by("-round").first()
    if answer is None or handoff.state != HandoffState.ANSWERED.value:
        return None
    decisions: list[Decision] = []
    if answer.by_kind == ActorKind.PERSON.value:
        found = judged.decisions(handoff, round=answer.round)
        decisions = list(found.select_related("reviewer").order_by("seat"))
    mine = next((one for one in decisions if one.reviewer_id == reader.id), None)
    return Conflict(
        what=_SAID.get(mine.verb if mine else answer.verb, "answered this"),
        role=answer.role,
        at=mine.decided_at if mine else answer.answered_at,
        person=" and ".join(one.reviewer.name for one in decisions) if named else "",
        mine=mine is not None,
        verb=mine.verb if mine else answer.verb,
    )


def _spoken(handoff: Handoff, reader: User) -> Conflict | None:
    """Where several decide and some have not yet: what the reader did, and nobody else."""
    mine = judged.decisions(handoff).filter(reviewer=reader).first()
    if mine is None:
        return None
    return Conflict(what="decided this", role=mine.role, at=mine.decided_at, mine=True)


def _held(handoff: Handoff, reader: User, *, named: bool) -> Conflict | None:
    """Read who holds it, and where several decide, who holds the seat that the reader had."""
    live = leases.standing(handoff.id).exclude(reviewer=reader)
    mine = Claim.objects.filter(handoff=handoff, reviewer=reader).order_by("-id").first()
    if mine is not None:
        live = live.filter(seat=mine.seat)
    claim = live.select_related("reviewer").first()
    if claim is None:
        return None
    return Conflict(
        what="took this",
        role=handoff.role.name,
        at=claim.taken_at,
        person=claim.reviewer.name if named else "",
    )


def _moved(handoff: Handoff, reader: User, *, named: bool) -> Conflict | None:
    """Read the last transition, if it came after what this reader last took."""
    mine = Claim.objects.filter(handoff=handoff, reviewer=reader).order_by("-id").first()
    last = Transition.objects.filter(run=handoff.run_id, handoff_id=handoff.id).order_by("-version")
    moved = last.first()
    if moved is None or moved.version == 1 or (mine is not None and moved.at <= mine.taken_at):
        return None
    what = _MOVED.get(Cause(moved.cause))
    if what is None:
        return None
    return Conflict(what=what, role=moved.actor or "Overread", at=moved.at)
