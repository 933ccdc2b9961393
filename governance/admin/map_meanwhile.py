"""What others changed in a draft while somebody typed: both are shown, nothing is lost."""

from dataclasses import dataclass

from accounts.errors import DomainError
from governance import differences, editions
from handoffs import policy
from handoffs.models import RiskTierMap
from handoffs.policy import PolicyError


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Why a save was refused; `changes` are theirs, in sentences, `again` offers to save over."""

    sentences: tuple[str, ...]
    changes: tuple[str, ...] = ()
    again: bool = False


def refused(refusal: DomainError, map: RiskTierMap, edition: int) -> Refused:
    """Explain a refusal; of a draft that moved on, say what moved."""
    moved = edition != map.edition
    return Refused(
        sentences=tuple(
            dict.fromkeys([refusal.message, *(field.message for field in refusal.fields)])
        ),
        changes=changes_since(map, edition) if moved else (),
        again=moved,
    )


def plain(sentence: str) -> Refused | None:
    return Refused(sentences=(sentence,)) if sentence else None


def changes_since(map: RiskTierMap, edition: int) -> tuple[str, ...]:
    """Say what the draft's later editions changed, as far as the record goes back."""
    before = editions.body_at(map, edition)
    if before is None:
        return ()
    try:
        old, new = policy.parse_map(before), policy.parse_map(map.body)
    except PolicyError:
        return ()
    return tuple(change.sentence for change in differences.between(old, new))
