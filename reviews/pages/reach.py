"""Why a handoff came to a person, why to this one, and where it goes when nobody answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from handoffs.models import Handoff
from handoffs.policy import DEFAULT, FLOOR, NO_ROLLBACK
from handoffs.states import Fallback, Tier
from handoffs.verdicts import Verdict
from reviews.desk import HandoffDetail
from reviews.pages import afterwards
from reviews.pages.afterwards import StripItem
from reviews.pages.text import marked

# what always holds, most telling first; it is the reason only where no rule is
STANDING = (NO_ROLLBACK, FLOOR, DEFAULT)


@dataclass(frozen=True, kw_only=True)
class Otherwise:
    """What happens when nobody answers: at first, and in the end."""

    first: str
    last: str = ""


def triggers(rules: Iterable[Mapping[str, Any]], tier: str) -> list[str]:
    """Return the reasons that set the tier: the rules that fired for it, else what always holds.

    A rule that asked for less attention than was given is not why it is here.
    """
    setting = [rule for rule in rules if rule.get("tier") in (tier, None)]
    fired = [rule for rule in setting if rule.get("id") not in STANDING]
    if not fired:
        setting.sort(key=lambda rule: STANDING.index(rule["id"]))
        fired = setting[:1]
    return [marked(rule.get("because") or rule.get("id", "")) for rule in fired]


def why_you(verdict: Verdict, role: str) -> str:
    """Say in one sentence why this person has it, or why it is no longer theirs."""
    if verdict.allowed:
        return f"{role} decide this, and you are one of them"
    return f"only {role} decide this"


def steps(verdict: Verdict) -> tuple[tuple[bool, str], ...]:
    """Return every step of who may decide it, whether it holds, in the words of the rule."""
    return tuple((step.holds, marked(step.says)) for step in verdict.steps)


def otherwise(detail: HandoffDetail) -> Otherwise:
    """Say where it goes when nobody answers in time, up to the last level's end."""
    roles = [level["role"] for level in detail.handoff.ladder]
    end = _end(detail)
    if not roles:
        return Otherwise(first=end)
    return Otherwise(first=f"goes to {', then to '.join(roles)}", last=f"in the end {end}")


def _end(detail: HandoffDetail) -> str:
    handoff = detail.handoff
    if afterwards.is_done(detail):
        return "it stays as it is"
    tentative = handoff.tier == Tier.SOFT_REVIEW
    match handoff.fallback:
        case Fallback.HOLD:
            return "it stays here and the owner is told"
        case Fallback.APPROVE:
            return "the agent keeps it" if tentative else "the agent is told yes"
        case Fallback.FAIL if handoff.blocking:
            return "the run ends with an error"
        case _:
            return "the agent rolls it back" if tentative else "the agent is told no"


def came(handoff: Handoff) -> list[StripItem]:
    """Say why it waits where one would not expect it."""
    found = []
    if handoff.overflow_from is not None:
        home = handoff.overflow_from.name
        said = "was full; back there when it has room"
        found.append(StripItem(label="Came from", text=home, detail=said))
    if handoff.beyond_limit:
        said = "no place was free, and its agent cannot wait"
        found.append(StripItem(label="Let in", text="beyond the limit", detail=said))
    return found
