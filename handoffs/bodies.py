"""What an agent is told of its proposal; see `handoffs.schemas.RulingOut` for the shape."""

from typing import Any

from django.conf import settings

from handoffs import pause, waiting
from handoffs.doors import Door
from handoffs.rulings import Ruled


def ruling(
    door: Door, ruled: Ruled, proposal: pause.ProposalFacts, opening: pause.Opening | None
) -> dict[str, Any]:
    """Build the answer of `api.md`."""
    return {
        "id": proposal.id,
        "tier": proposal.tier.value,
        "act": proposal.act,
        "map": {"workflow": door.slug, "version": proposal.map_version},
        "rules": proposal.rules,
        "arguments_digest": proposal.arguments_digest,
        "warnings": ruled.warnings,
        "handoff": handoff(door, opening) if opening else None,
    }


def handoff(door: Door, opening: pause.Opening) -> dict[str, Any]:
    signer = waiting.Signer(secret=settings.SECRET_KEY, base_url=settings.WAIT_URL)
    return {
        "id": opening.id,
        "state": "waiting",
        "queue": opening.authority.queue_slug,
        "deadline_at": opening.deadline_at.isoformat(),
        "position": position(door, opening.authority),
        "expected_by": opening.deadline_at.isoformat(),
        "url": f"{settings.PUBLIC_URL}/handoffs/{opening.id}",
        "status_url": f"{settings.PUBLIC_URL}/status/{door.status_token}",
        "wait_url": signer.url_for_handoff(opening.id, 1, now=opening.now),
    }


def position(door: Door, authority: pause.Authority) -> int:
    return door.waiting(authority.queue_id) + 1
