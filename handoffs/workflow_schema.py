"""The shape of a workflow file, checked as a whole: every problem with its line, all at once."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from handoffs import argument_schema, authority, marked_yaml, policy
from handoffs.marked_yaml import Path
from handoffs.signals import ActionType
from handoffs.states import Fallback, HandoffKind, Impact, Reversibility, Tier

Slug = str
_SLUG = r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,6})([smhd])")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the file; `line` counts from 1."""

    line: int
    message: str


class BadFile(ValueError):
    """The file is refused, with everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.line)
        super().__init__("\n".join(f"line {p.line}: {p.message}" for p in self.problems))


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class QueueIn(_Part):
    name: str = Field(max_length=120)
    teams: list[str] = Field(min_length=1)
    depth_limit: int = Field(200, ge=1, le=1_000_000)
    pick_allowed: bool = False
    lease_seconds: int = Field(300, ge=30, le=86_400)


class ActionTypeIn(_Part):
    title: str = Field(min_length=1, max_length=160)
    impact: Literal["low", "high"]
    reversibility: Literal["reversible", "irreversible"]
    latency_tolerance: Literal["minutes", "hours", "days"] = "hours"
    required_context: list[str] = []
    arguments: dict[str, Any]


class SafeguardsIn(_Part):
    minimum_seconds: int = Field(0, ge=0, le=3600)
    reason: Literal["never", "on_reject", "always"] = "on_reject"
    evidence: Literal["none", "must_open"] = "must_open"
    withhold_recommendation: bool = False
    approvers: Literal[1] = 1


class EscalateIn(_Part):
    role: str
    queue: Slug


class RowIn(_Part):
    action_type: str | None = None
    kind: str | None = None
    tier: str | None = None
    role: str
    queue: Slug
    deadline: str = "4h"
    escalate_to: EscalateIn | None = None
    fallback: str = Fallback.REJECT.value
    safeguards: SafeguardsIn = SafeguardsIn()


class WorkflowIn(_Part):
    workflow: str = Field(pattern=_SLUG, max_length=60)
    name: str = Field(min_length=1, max_length=120)
    purpose: str = ""
    owner: str | None = None
    review_on: str | None = Field(None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    strict_briefs: bool = False
    queues: dict[str, QueueIn]
    action_types: dict[str, ActionTypeIn]
    map: dict[str, Any]
    matrix: list[RowIn]


def read(text: str) -> WorkflowIn:
    """Read and check a workflow file; raises BadFile with everything that is wrong with it."""
    try:
        data, lines = marked_yaml.read(text)
    except marked_yaml.NotYaml as error:
        raise BadFile([Problem(error.line, error.message)]) from None
    try:
        file = WorkflowIn.model_validate(data)
    except ValidationError as error:
        raise BadFile([_shape_problem(one, lines) for one in error.errors()]) from None
    found = [
        Problem(marked_yaml.line_of(path, lines), message) for path, message in _problems(file)
    ]
    if found:
        raise BadFile(found)
    return file


def _shape_problem(error: Any, lines: dict[Path, int]) -> Problem:
    path = tuple(error["loc"])
    name = ".".join(str(part) for part in path)
    said = {
        "missing": f"{name} is missing.",
        "extra_forbidden": f"{name} is not known here. Check its spelling.",
    }.get(error["type"], f"{name}: {error['msg']}.")
    return Problem(marked_yaml.line_of(path, lines), said)


def _problems(file: WorkflowIn) -> list[tuple[Path, str]]:
    """Find what the parts say of each other that does not hold."""
    found = [*_schema_problems(file), *_matrix_problems(file)]
    types = action_types(file)
    try:
        risk_map = policy.parse_map(file.map)
    except policy.PolicyError as error:
        place = tuple(int(part) if part.isdigit() else part for part in error.path.split("."))
        return [*found, (("map", *place), error.reason)]
    found += [(("map",), sentence) for sentence in policy.problems(risk_map, types)]
    if not found:
        found += [(("matrix",), sentence) for sentence in gaps(file, risk_map)]
    return found


def _schema_problems(file: WorkflowIn) -> list[tuple[Path, str]]:
    return [
        (("action_types", name, "arguments"), f"{name}: {message}")
        for name, action in file.action_types.items()
        for message in argument_schema.schema_problems(action.arguments)
    ]


def _matrix_problems(file: WorkflowIn) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    for index, row in enumerate(file.matrix):
        at: Path = ("matrix", index)
        allowed: list[tuple[str, str | None, Any]] = [
            ("action_type", row.action_type, file.action_types),
            ("kind", row.kind, list(HandoffKind)),
            ("tier", row.tier, list(Tier)),
            ("queue", row.queue, file.queues),
            ("fallback", row.fallback, list(Fallback)),
        ]
        for name, value, known in allowed:
            if value is not None and value not in known:
                found.append(((*at, name), f"{value} is none of {', '.join(known)}."))
        if _DURATION.fullmatch(row.deadline) is None:
            found.append(((*at, "deadline"), "A time such as 30m, 4h or 2d belongs here."))
        if row.escalate_to and row.escalate_to.queue not in file.queues:
            found.append(((*at, "escalate_to"), f"There is no queue {row.escalate_to.queue}."))
        if row.fallback == Fallback.ESCALATE.value and row.escalate_to is None:
            found.append(((*at, "fallback"), "It escalates, and escalate_to does not say where."))
    names = [(row.action_type, row.kind, row.tier) for row in file.matrix]
    for index, name in enumerate(names):
        if name in names[:index]:
            found.append((("matrix", index), "Another row is for exactly the same. Keep one."))
    return found


def action_types(file: WorkflowIn) -> list[ActionType]:
    return [
        ActionType(
            name=name,
            impact=Impact(action.impact),
            reversibility=Reversibility(action.reversibility),
        )
        for name, action in file.action_types.items()
    ]


def gaps(file: WorkflowIn, risk_map: policy.RiskMap) -> list[str]:
    """Name what a proposal could reach and nobody would be asked."""
    rows = [
        authority.Row(
            id=str(index),
            action_type=row.action_type,
            kind=HandoffKind(row.kind) if row.kind else None,
            tier=Tier(row.tier) if row.tier else None,
            role=row.role,
            queue=row.queue,
            deadline_seconds=seconds(row.deadline),
            fallback=row.fallback,
        )
        for index, row in enumerate(file.matrix)
    ]
    return authority.gaps(action_types(file), risk_map, rows)


def seconds(duration: str) -> int:
    """Read `90s`, `30m`, `4h` or `2d`."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f"{duration!r} is not a duration")
    return int(match[1]) * _UNITS[match[2]]


def duration(of_seconds: int) -> str:
    """Write seconds in the largest unit that leaves none over."""
    for unit in ("d", "h", "m"):
        if of_seconds and of_seconds % _UNITS[unit] == 0:
            return f"{of_seconds // _UNITS[unit]}{unit}"
    return f"{of_seconds}s"
