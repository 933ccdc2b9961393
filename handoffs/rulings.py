"""Rule on a proposal: who may, what policy says, who is asked and with which brief."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from accounts.errors import FieldProblem
from handoffs import briefs, canonical, compiled, pause, queries, signals, standstill
from handoffs.compiled import Action, CompiledWorkflow
from handoffs.doors import Door
from handoffs.errors import (
    ArgumentsOffSchema,
    BadShape,
    IllegalTransition,
    MissingContext,
    NoAuthority,
    NotFound,
    NotLaunched,
    OverBudget,
    UnknownActionType,
    WorkflowNotYours,
)
from handoffs.policy import Ruling
from handoffs.states import ACCEPTS_PROPOSALS, ASKED_TIERS, HandoffKind, RunState, Tier


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """A proposal as the agent sent it, its shape already checked."""

    run: str
    action_type: str
    arguments: dict[str, Any]
    signals: dict[str, Any] = field(default_factory=dict)
    brief: dict[str, Any] | None = None
    checkpoint: str | None = None
    preconditions: list[Any] = field(default_factory=list)
    blocking: bool = True


@dataclass(frozen=True)
class Ruled:
    """What policy says of a proposal, with all that is stored and answered of it."""

    action: Action
    ruling: Ruling
    arguments: str
    digest: str
    brief: dict[str, Any]
    warnings: list[dict[str, str]]
    authority: pause.Authority | None
    kind: HandoffKind
    blocking: bool
    shares: Mapping[Tier, float]


def check_run(door: Door) -> CompiledWorkflow:
    """Let in who may use this run, and return the policy that binds it."""
    if door.run_id is None:
        raise NotFound
    if "*" not in door.workflows and door.slug not in door.workflows:
        raise WorkflowNotYours
    if not door.launched:
        raise NotLaunched
    check_going(door)
    if RunState(door.state) not in ACCEPTS_PROPOSALS:
        raise not_accepting(door)
    return compiled.get(door.workflow_id, door.revision, door.now)


def check_going(door: Door) -> None:
    """Let nobody go on in a workflow that people have stopped, not by an earlier answer either."""
    if door.stopped and door.run_id is not None:
        standstill.check(door.workflow_id, client_id=door.client_id)


def not_accepting(door: Door) -> IllegalTransition:
    return IllegalTransition(
        f"The run is {door.state} and takes no proposals now. Nothing was stored. "
        "Propose while it is RUNNING or PAUSED_PENDING_HUMAN.",
        entity="run",
        from_state=door.state,
        to_state=RunState.PAUSED_PENDING_HUMAN.value,
        workflow=door.workflow_id,
    )


def rule(door: Door, proposed: Proposed) -> Ruled:
    policy = check_run(door)
    action = policy.actions.get(proposed.action_type)
    if action is None:
        raise UnknownActionType(
            fields=(FieldProblem("action_type", f"{door.slug} has no such action type"),)
        )
    problems = action.schema.check(proposed.arguments)
    if problems:
        raise ArgumentsOffSchema(
            fields=tuple(FieldProblem(one.path, one.message) for one in problems)
        )
    try:
        text = canonical.encode(proposed.arguments)
    except canonical.NotCanonical as error:
        raise BadShape(fields=(FieldProblem("arguments", str(error)),)) from None
    try:
        read = signals.from_json(proposed.signals)
    except signals.SignalsRefused as error:
        raise BadShape(fields=(FieldProblem(f"signals.{error.path}", error.message),)) from None
    ruling = policy.rule(_acting(door, policy, action, proposed), read)
    asked = ruling.tier in ASKED_TIERS
    kind = HandoffKind.TAKEOVER if ruling.tier is Tier.HARD_STOP else HandoffKind.APPROVAL
    authority = policy.authority(action.name, kind, ruling.tier) if asked else None
    if asked and authority is None:
        raise NoAuthority
    return Ruled(
        action=action,
        ruling=ruling,
        arguments=text.decode(),
        digest=canonical.digest_of(text),
        brief=proposed.brief or {},
        warnings=check_brief(
            policy,
            proposed.brief or {},
            action_type=action.name,
            required_context=action.required_context,
        )
        if asked
        else [],
        authority=authority,
        kind=kind,
        blocking=_blocks(ruling.tier, proposed.blocking),
        shares=policy.shares,
    )


def _acting(
    door: Door, policy: CompiledWorkflow, action: Action, proposed: Proposed
) -> signals.Action:
    """Put together what policy may read beside the signals; the run's input only if it does."""
    reads_input = policy.map is not None and policy.map.reads_input
    return action.type.with_arguments(
        proposed.arguments,
        at=door.now,
        first_seen=action.is_new,
        input=queries.run_input(proposed.run) if reads_input else None,
        brief=proposed.brief,
    )


def _blocks(tier: Tier, wanted: bool) -> bool:
    """A hard stop always stops the run, a soft review never; an approval as the agent says."""
    return tier is Tier.HARD_STOP or (tier is Tier.HARD_APPROVAL and wanted)


def check_brief(
    policy: CompiledWorkflow,
    brief: dict[str, Any],
    *,
    action_type: str,
    required_context: Sequence[str] = (),
) -> list[dict[str, str]]:
    """Refuse a brief that lacks what the reviewer needs; return what should be shortened."""
    judge = partial(briefs.check, brief, action_type=action_type, required_context=required_context)
    checked = judge()
    refuse_brief(MissingContext, checked.problems)
    if policy.strict_briefs:
        refuse_brief(OverBudget, judge(strict=True).problems)
    return [{"path": one.path, "message": one.message} for one in checked.warnings]


def refuse_brief(refusal: type[BadShape], problems: Sequence[briefs.Remark]) -> None:
    if problems:
        raise refusal(fields=tuple(FieldProblem(one.path, one.message) for one in problems))
