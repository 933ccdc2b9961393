"""The brief: what a person reads before they answer."""

from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from handoffs import argument_schema
from handoffs.schemas.base import In, Label, Line, LocalId, Note, Object, Page, Paragraph, Score


class Named(Protocol):
    @property
    def id(self) -> str: ...


def told_apart(items: Sequence[Named]) -> Sequence[Named]:
    """Refuse two items of one id: a reviewer opens or chooses by it."""
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise ValueError(f"The id “{item.id}” stands twice. Give each its own")
        seen.add(item.id)
    return items


class Fact(In):
    label: Label
    value: Paragraph
    kind: Literal["text", "money", "number", "date", "time", "person", "id", "link"] = "text"
    source: Note = ""


class Flag(In):
    label: Label
    severity: Literal["low", "medium", "high"] = "medium"


class Evidence(In):
    id: LocalId
    title: Line
    url: (
        Annotated[str, StringConstraints(max_length=2_000, pattern=r"^https?://[^\s]+$")] | None
    ) = None
    snippet: Paragraph = ""
    source: Note = ""
    must_open: bool = False


class Draft(In):
    kind: Literal["text", "markdown"] = "text"
    body: Page


class Option(In):
    id: LocalId
    label: Line
    consequence: Note = ""
    arguments: Object | None = Field(
        default=None, description="The arguments this choice releases instead of the proposed ones."
    )


class Recommendation(In):
    answer: Label
    rationale: Paragraph = ""


class Confidence(In):
    value: Score
    basis: Note = ""


class Alternative(In):
    """Another tool, another route, or one part of the task."""

    id: LocalId
    label: Line
    consequence: Note = ""


Alternatives = Annotated[list[Alternative], Field(max_length=20), AfterValidator(told_apart)]


class Recovery(In):
    """What a person may change so that what failed can go on."""

    tool: Label | None = Field(None, description="What failed.")
    input: Object | None = Field(None, description="What it was given; a person may patch it.")
    input_schema: Object | None = Field(None, description="A JSON Schema of the input, for forms.")
    tools: Alternatives = []
    routes: Alternatives = []
    scope: Alternatives = Field([], description="The parts of the task: some may be left out.")

    @field_validator("input_schema")
    @classmethod
    def is_understood(cls, schema: Object | None) -> Object | None:
        if schema is not None:
            argument_schema.compile(schema)
        return schema


Facts = Annotated[list[Fact], Field(max_length=40)]
Evidences = Annotated[list[Evidence], Field(max_length=50), AfterValidator(told_apart)]
Verbs = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]


class Brief(In):
    """What the reviewer reads. `ask` is required whenever a handoff results."""

    ask: Line | None = None
    summary: Paragraph = ""
    facts: Facts = []
    flags: Annotated[list[Flag], Field(max_length=20)] = []
    steps: Annotated[list[Note], Field(max_length=30)] = []
    evidence: Evidences = []
    draft: Draft | None = None
    options: Annotated[list[Option], Field(max_length=9), AfterValidator(told_apart)] = []
    recommendation: Recommendation | None = None
    confidence: Confidence | None = None
    on_answer: Annotated[dict[Verbs, Note], Field(max_length=12)] = {}
    recovery: Recovery | None = Field(None, description="Of a recovery: what may be changed.")


class EscalationBrief(Brief):
    """A brief whose question is always put to a person."""

    ask: Line
