"""What every shape shares: strict on the way in, complete on the way out."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class In(BaseModel):
    """Something an agent sends. Unknown fields and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Out(BaseModel):
    """Something we answer. Every field is always there; later versions only add some."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class WarningOut(Out):
    path: str
    message: str


# texts by size, so that a limit is one word and the same everywhere
Label = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"\S")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"\S")]
Note = Annotated[str, StringConstraints(max_length=300)]
Paragraph = Annotated[str, StringConstraints(max_length=4_000)]
Page = Annotated[str, StringConstraints(max_length=100_000)]

Slug = Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9_-]+$")]
# an id the agent makes up; it comes to stand in addresses and form fields
LocalId = Annotated[
    str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.:#|@+-]*$")
]
PublicId = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Score = Annotated[float, Field(ge=0, le=1)]
Object = dict[str, Any]
