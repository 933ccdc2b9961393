"""What the server saw of one person at one handoff, gathered for the safeguards to judge by."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from accounts.models import User
from handoffs import canonical
from handoffs.models import Handoff
from reviews import challenge, reading, safeguards, visibility
from reviews.challenge import Known
from reviews.models import Decision, EvidenceOpened
from reviews.safeguards import Seen
from reviews.spec import Spec, read


def of(
    handoff: Handoff,
    by: User,
    *,
    brief: Mapping[str, Any],
    shown: Mapping[str, Any],
    read_seconds: float | None,
) -> Seen:
    """Gather it; `brief` is the version as stored, `shown` what of it this person has before them.

    A reason is compared with what they were shown and with nothing else: a refusal must not tell
    what is withheld.
    """
    spec = read(handoff.safeguards)
    return Seen(
        read_seconds=read_seconds,
        words=words(brief, handoff.safeguards),
        gates=safeguards.gates(handoff.safeguards, shown),
        opened=opened(handoff, by, brief=brief),
        drawn=drawn(handoff, by, spec),
        known=_known(handoff, by, shown) if spec.challenge != "never" else Known(),
    )


def words(brief: Mapping[str, Any], spec: Mapping[str, Any]) -> int:
    """Count what a reader has before them at first; what is withheld then never counts."""
    return reading.words(visibility.brief_for(brief, spec, False), spec)


def opened(handoff: Handoff, by: User, *, brief: Mapping[str, Any]) -> frozenset[str]:
    """Return the evidence that this person opened here, as it stands in this brief."""
    rows = EvidenceOpened.objects.filter(handoff=handoff, reviewer=by)
    seen = dict(rows.values_list("evidence_id", "digest"))
    return frozenset(
        name
        for item in brief.get("evidence", [])
        if (name := str(item.get("id"))) in seen and seen[name] in ("", digest(item))
    )


def digest(evidence: Mapping[str, Any]) -> str:
    return canonical.digest(evidence)


def drawn(handoff: Handoff, by: User, spec: Spec) -> bool:
    """Tell whether agreeing is challenged here, however often the page is loaded."""
    return spec.challenge == "sampled" and challenge.draw(
        settings.SAMPLING_SECRET,
        handoff=handoff.id,
        round=handoff.round,
        reviewer=by.id,
        share=spec.challenge_share,
    )


def _known(handoff: Handoff, by: User, shown: Mapping[str, Any]) -> Known:
    return Known(
        shown=challenge.shown(shown), earlier=_earlier(handoff, by), chips=challenge.chips(shown)
    )


def _earlier(handoff: Handoff, by: User) -> tuple[str, ...]:
    """Return this person's own last reasons, for nobody but the rule that asks for a new one.

    Those at this handoff are not earlier ones: what was taken back may be said again.
    """
    given = Decision.objects.filter(reviewer=by).exclude(reason="").exclude(handoff=handoff)
    return tuple(given.order_by("-id").values_list("reason", flat=True)[: challenge.EARLIER])
