"""The shape of a workflow file, checked as a whole: every problem with its line, all at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from pydantic import Field, ValidationError

from governance import case, examination, marked_yaml, matrix_schema, sampling_schema
from governance.marked_yaml import Path
from governance.matrix_schema import Part, QueueIn, RowIn
from governance.sampling_schema import DetectorIn, SamplingIn
from handoffs import argument_schema, gaps, policy
from handoffs.argument_schema import SchemaRefused
from handoffs.signals import ActionType
from handoffs.states import Impact, Reversibility

Slug = str
_SLUG = r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$"


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


class ActionTypeIn(Part):
    title: str = Field(min_length=1, max_length=160)
    impact: Literal["low", "high"]
    reversibility: Literal["reversible", "irreversible"]
    latency_tolerance: Literal["minutes", "hours", "days"] = "hours"
    roll_back_within: str | None = None
    required_context: list[str] = []
    arguments: dict[str, Any]


class WorkflowIn(Part):
    workflow: str = Field(pattern=_SLUG, max_length=60)
    name: str = Field(min_length=1, max_length=120)
    purpose: str = ""
    owner: str | None = None
    review_on: str | None = None
    strict_briefs: bool = False
    four_eyes: bool = False
    requester_sees: Literal["role", "first_name"] = "role"
    writes_to_requesters: bool = True
    queues: dict[str, QueueIn]
    action_types: dict[str, ActionTypeIn]
    map: dict[str, Any]
    cases: list[dict[str, Any]] = []
    sign_offs: list[Literal["product", "compliance", "engineering"]] = []
    matrix: list[RowIn]
    sampling: SamplingIn | None = None
    detector: DetectorIn | None = None


def read(text: str) -> WorkflowIn:
    """Read and check a workflow file; raises BadFile with everything that is wrong with it."""
    return read_with_lines(text)[0]


def read_with_lines(text: str) -> tuple[WorkflowIn, dict[Path, int]]:
    """Do as `read`, and return the line of each value too."""
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
    return file, lines


def _shape_problem(error: Any, lines: dict[Path, int]) -> Problem:
    path = tuple(error["loc"])
    name = ".".join(str(part) for part in path)
    instead = matrix_schema.instead(path[-1]) if error["type"] == "extra_forbidden" else None
    if instead is not None:
        return Problem(marked_yaml.line_of(path, lines), f"{name}: {instead}")
    said = _SAID.get(error["type"])
    if said is None:
        return Problem(marked_yaml.line_of(path, lines), f"{name}: {error['msg']}.")
    facts = {"name": name, **error.get("ctx", {})}
    return Problem(marked_yaml.line_of(path, lines), said.format(**facts))


# pydantic's kinds of refusal, as a person would say them
_SAID = {
    "missing": "{name} is missing.",
    "extra_forbidden": "{name} is not known here. Check its spelling.",
    "string_type": "{name}: a text belongs here; put it in quotes if it looks like something else.",
    "int_type": "{name}: a whole number belongs here.",
    "bool_type": "{name}: true or false belongs here.",
    "dict_type": "{name}: a mapping of names belongs here.",
    "list_type": "{name}: a list belongs here.",
    "model_type": "{name}: a mapping of names belongs here.",
    "model_attributes_type": "{name}: a mapping of names belongs here.",
    "literal_error": "{name}: {expected} belongs here.",
    "too_short": "{name}: at least {min_length} belongs here.",
    "string_too_short": "{name} is empty.",
    "string_too_long": "{name} has more than {max_length} characters.",
    "string_pattern_mismatch": "{name}: small letters and digits, joined by - or _, belong here.",
    "greater_than_equal": "{name}: at least {ge} belongs here.",
    "less_than_equal": "{name}: at most {le} belongs here.",
}


def _problems(file: WorkflowIn) -> list[tuple[Path, str]]:
    """Find what the parts say of each other that does not hold."""
    found = [*_head_problems(file), *_schema_problems(file), *_matrix_problems(file)]
    types = action_types(file)
    broken = list(_map_problems(file.map))
    if broken:
        return [*found, *broken]
    broken = list(_case_problems(file.cases))
    if broken:
        return [*found, *broken]
    risk_map = policy.parse_map(file.map)
    found += [
        (_place_of(sentence, file), sentence)
        for sentence in examination.blocking(risk_map, types, file.cases)
    ]
    if not found:
        found += [(("matrix",), sentence) for sentence in find_gaps(file, risk_map)]
    return found


def _head_problems(file: WorkflowIn) -> Iterator[tuple[Path, str]]:
    if file.review_on is not None:
        try:
            date.fromisoformat(file.review_on)
        except ValueError:
            yield ("review_on",), f"{file.review_on} is no day. Write it as 2027-02-01."
    for names, where in ((file.action_types, "action_types"), (file.queues, "queues")):
        for name in names:
            if not re.fullmatch(_SLUG, name) or len(name) > 60:
                yield (where, name), f"{name}: small letters and digits, joined by - or _."
    yield from sampling_schema.problems(file.sampling)
    yield from sampling_schema.roll_back_problems(file.action_types)
    used = {name for row in file.matrix for name in row.queues}
    used |= {queue.overflow for queue in file.queues.values() if queue.overflow}
    for path, sentence in matrix_schema.overflow_problems(file.queues):
        yield ("queues", *path), sentence
    for name, queue in file.queues.items():
        for path, sentence in matrix_schema.queue_problems(queue):
            yield ("queues", name, *path), sentence
        if name not in used:
            yield ("queues", name), f"No row of the matrix sends anything to {name}. Remove it."


def _map_problems(body: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Read the map, and each of its rules by itself, so that one bad rule hides no other."""
    rules = body.get("rules", [])
    alone = {**body, "rules": []} if isinstance(rules, list) else body
    for place, data in [((), alone), *_rules(rules, alone)]:
        try:
            policy.parse_map(data)
        except policy.PolicyError as error:
            yield _path(error.path, place), error.reason
            if not place:
                return
    ids = [rule.get("id") if isinstance(rule, dict) else None for rule in rules]
    for index, id in enumerate(ids):
        if id is not None and id in ids[:index]:
            yield ("map", "rules", index, "id"), f"There are two rules {id}. Rename one."
    if len(rules) > policy.MAX_RULES:
        yield ("map", "rules"), f"A map has at most {policy.MAX_RULES} rules."


def _case_problems(listed: list[dict[str, Any]]) -> Iterator[tuple[Path, str]]:
    """Read each case by itself, so that one bad case hides no other."""
    names: set[Any] = set()
    for index, data in enumerate(listed):
        try:
            one = case.parse(data, "")
        except policy.PolicyError as error:
            place = [part for part in error.path.split(".") if part]
            yield ("cases", index, *place), error.reason
            continue
        if one.name in names:
            yield ("cases", index, "name"), f"There are two cases “{one.name}”. Rename one."
        names.add(one.name)


def _rules(rules: Any, shared: dict[str, Any]) -> Iterator[tuple[tuple[int, ...], dict[str, Any]]]:
    """Give each rule a map of its own, with what rules may name."""
    if isinstance(rules, list):
        for index, rule in enumerate(rules):
            yield (index,), {**shared, "rules": [rule]}


def _path(dotted: str, place: tuple[int, ...]) -> Path:
    """Turn `rules.0.when` of a rule read alone into its path in the file."""
    parts = [int(part) if part.isdigit() else part for part in dotted.split(".") if part]
    if place and parts[:2] == ["rules", 0]:
        parts[1] = place[0]
    return ("map", *parts)


def _place_of(sentence: str, file: WorkflowIn) -> Path:
    """Find the rule or the case that a sentence about the whole map speaks of."""
    for index, one in enumerate(file.cases):
        if sentence.startswith(f"“{one.get('name')}” "):
            return ("cases", index)
    for index, rule in enumerate(file.map.get("rules", [])):
        if re.search(rf"\brules? {re.escape(rule['id'])}(?![\w-])", sentence, re.IGNORECASE):
            return ("map", "rules", index)
    return ("map", "floors") if sentence.startswith("The floor") else ("map",)


def _schema_problems(file: WorkflowIn) -> Iterator[tuple[Path, str]]:
    for name, action in file.action_types.items():
        try:
            argument_schema.compile(action.arguments)
        except SchemaRefused as refused:
            yield ("action_types", name, "arguments"), f"{name}: {refused}"


def _matrix_problems(file: WorkflowIn) -> Iterator[tuple[Path, str]]:
    for index, row in enumerate(file.matrix):
        at: Path = ("matrix", index)
        for path, sentence in matrix_schema.problems(
            row, action_types=list(file.action_types), queues=list(file.queues)
        ):
            yield (*at, *path), sentence
        if any(_same_time(row, other) for other in file.matrix[:index]):
            yield at, "Another row is for exactly the same. Keep one."


def _same_time(row: RowIn, other: RowIn) -> bool:
    """Tell whether two rows stand for the same at one moment."""
    if row.named != other.named:
        return False
    (starts, ends), (begins, stops) = (
        (matrix_schema.moment(one.starts), matrix_schema.moment(one.ends)) for one in (row, other)
    )
    before = ends is not None and begins is not None and ends <= begins
    after = stops is not None and starts is not None and stops <= starts
    return not (before or after)


def action_types(file: WorkflowIn) -> list[ActionType]:
    return [
        ActionType(
            name=name,
            impact=Impact(action.impact),
            reversibility=Reversibility(action.reversibility),
            schema=action.arguments,
        )
        for name, action in file.action_types.items()
    ]


def find_gaps(file: WorkflowIn, risk_map: policy.RiskMap) -> list[str]:
    """Name what a proposal could reach and nobody would be asked, and every other gap."""
    rows = [
        matrix_schema.authority_row(row, id=index, queues=file.queues)
        for index, row in enumerate(file.matrix, start=1)
    ]
    found = gaps.find(action_types(file), risk_map, rows, now=datetime.now(UTC))
    return [gap.sentence for gap in found if gap.blocks]
