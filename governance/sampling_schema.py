"""How a file and a form say what is looked at afterwards, and what both refuse."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from governance import matrix_schema
from governance.matrix_schema import Part, Path
from handoffs import sampling

LEAST = Decimal(str(sampling.LEAST_SHARE))
# the database keeps so many digits of a share
PLACES = Decimal("0.00001")


class ShareIn(Part):
    share: float = Field(ge=0, le=1)
    wait: str = matrix_schema.duration(sampling.DEFAULT_WAIT_SECONDS)
    off_because: str = Field(default="", max_length=2000)


class SamplingIn(Part):
    """Without a tier, its default holds."""

    autonomous: ShareIn | None = None
    notify: ShareIn | None = None

    @property
    def tiers(self) -> dict[str, ShareIn]:
        given = {"autonomous": self.autonomous, "notify": self.notify}
        return {tier: share for tier, share in given.items() if share is not None}


class DetectorIn(Part):
    enabled: bool = True
    sensitivity: Literal["low", "normal", "high"] = "normal"
    most_per_hour: int = Field(default=5, ge=1, le=1000)


def problem(share: Decimal, off_because: str) -> str | None:
    """Say what a share lacks: half a percent, or the reason why there is none."""
    if share == 0 and not off_because.strip():
        return (
            "Without audits nobody would learn what goes wrong unseen. Say why there are none, or "
            "set at least 0.5 %."
        )
    if share != 0 and off_because.strip():
        return "A reason is for switching audits off. Set the share to 0, or take the reason out."
    if share != 0 and not LEAST <= share <= 1:
        return "A share is 0.5 % to 100 %: less says nothing in any useful time. 0 switches it off."
    return None


def problems(given: SamplingIn | None) -> Iterator[tuple[Path, str]]:
    for tier, one in (given.tiers if given else {}).items():
        found = problem(Decimal(str(one.share)), one.off_because)
        if found:
            yield ("sampling", tier), found
        try:
            matrix_schema.seconds(one.wait)
        except ValueError:
            yield ("sampling", tier, "wait"), "A time such as 30m, 4h or 2d belongs here."


def roll_back_problems(action_types: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    for name, action in action_types.items():
        said = action.roll_back_within
        if said is None:
            continue
        at: Path = ("action_types", name, "roll_back_within")
        if action.reversibility != "reversible":
            yield at, f"{name} cannot be undone, so there is no time to roll it back in."
        try:
            if matrix_schema.seconds(said) == 0:
                raise ValueError
        except ValueError:
            yield at, "A time such as 30m, 4h or 2d belongs here."
