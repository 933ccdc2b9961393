"""The one shape of every refusal: RFC 9457."""

from pydantic import ConfigDict, Field

from handoffs.schemas.base import Out
from handoffs.schemas.runs import StoppedOut


class FieldOut(Out):
    path: str = Field(description="Dotted, as the sender wrote it: `brief.facts.2.label`.")
    message: str


class Problem(Out):
    """A refusal that its receiver can act on."""

    # what only some refusals say is left out of the others
    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    type: str = Field(description="An address that explains this code.")
    title: str
    status: int
    detail: str = Field(description="What happened, what it means, what to do.")
    code: str = Field(description="Stable and machine-readable.")
    fields: list[FieldOut]
    request_id: str
    stopped: StoppedOut | None = Field(
        default=None, description="Only where people keep you from going on: who, since when, why."
    )
