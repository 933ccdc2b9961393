"""A run as people may know it: where it is, how it came there, what it asks, who may step in."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accounts.models import User
from accounts.roles import Can
from handoffs import compiled, grants, standstill
from handoffs.errors import Halt, NotFound
from handoffs.models import Checkpoint, Handoff, Resumption, Run, Rung, Stop, Transition
from handoffs.pause import Authority
from handoffs.states import FINAL_RUN_STATES, Cause, ResumptionState, RunState
from reviews import permissions

# a run that moves more often than this shows its latest moves
MOST_MOVES = 200


@dataclass(frozen=True, kw_only=True)
class RunDetail:
    """`readable` are the handoffs that this person may open; `hands` is the team that would have
    the run when somebody steps in."""

    run: Run
    handoffs: list[Handoff]
    readable: frozenset[str]
    moves: list[Transition]
    rungs: list[Rung]
    checkpoint: Checkpoint | None
    turn: Resumption | None
    held: Handoff | None
    halt: Halt | None
    stop: Stop | None
    hands: str
    intervenes: bool
    has_it: bool


def get(user: User, run_id: str) -> Run:
    """Return the run to whoever may read one of its handoffs, would have it if somebody stepped
    in, leads it or audits; else NotFound."""
    run = Run.objects.select_related("workflow", "client").filter(id=run_id).first()
    if run is None or not _sees(user, run):
        raise NotFound
    return run


def _sees(user: User, run: Run) -> bool:
    if user.can(Can.READ_AUDIT) or _leads(user, run):
        return True
    return bool(_readable(user, run)) or decides(user, authority(run))


def _leads(user: User, run: Run) -> bool:
    return user.can(Can.EDIT_WORKFLOW) and grants.leads(user, run.workflow).allowed


def _readable(user: User, run: Run) -> frozenset[str]:
    queues, workflows = permissions.readable(user)
    mine = Q(queue__in=queues) | Q(workflow__in=workflows)
    return frozenset(Handoff.objects.filter(mine, run=run).values_list("id", flat=True))


def may_intervene(user: User, run: Run) -> bool:
    """Let those stop and pause a run who lead its workflow, or may decide something in it."""
    if _leads(user, run) or decides(user, authority(run)):
        return True
    teams = user.groups.values("id")
    workable = permissions.workable(user)
    return Handoff.objects.filter(run=run, role__in=teams, queue__in=workable).exists()


def authority(run: Run) -> Authority | None:
    return compiled.get(run.workflow_id).authority_to_step_in()


def decides(user: User, authority: Authority | None) -> bool:
    """Tell whether this person would decide what is asked of this authority."""
    if authority is None or not user.groups.filter(id=authority.role_id).exists():
        return False
    return permissions.workable(user).filter(id=authority.queue_id).exists()


def read(user: User, run_id: str, now: datetime) -> RunDetail:
    run = get(user, run_id)
    over = RunState(run.state) in FINAL_RUN_STATES
    hands = authority(run)
    moves = Transition.objects.filter(run=run).exclude(
        # what somebody said is nobody's to know until it is released
        cause__in=[Cause.DECIDED.value, Cause.TAKEN_BACK.value]
    )
    asked = Handoff.objects.filter(run=run).select_related("queue", "role").order_by("-id")
    held = standstill.holding(run.id)
    fired = Rung.objects.filter(handoff__run=run).order_by("-id")
    open_turns = [ResumptionState.READY.value, ResumptionState.LEASED.value]
    return RunDetail(
        run=run,
        handoffs=list(asked[:MOST_MOVES]),
        readable=_readable(user, run),
        moves=list(moves.order_by("-id")[:MOST_MOVES]),
        rungs=list(fired[:MOST_MOVES]),
        checkpoint=Checkpoint.objects.filter(run=run).defer("body").first(),
        turn=Resumption.objects.filter(run=run, state__in=open_turns).first(),
        held=held,
        halt=standstill.held_halt(held) if held else None,
        stop=standstill.over(run.workflow_id),
        hands=hands.role_name if hands else "",
        intervenes=not over and may_intervene(user, run),
        has_it=decides(user, hands),
    )
