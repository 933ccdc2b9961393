"""Look back at what a draft said in an earlier edition, as the audit log kept it."""

import json
from typing import Any

from handoffs.models import AuditEntry, RiskTierMap

# how many saves back anyone is told what changed
LOOKED_AT = 200


def body_at(map: RiskTierMap, edition: int) -> dict[str, Any] | None:
    """Return the body a draft had in an edition, or None where the log does not say."""
    saved = AuditEntry.objects.filter(
        subject=map.workflow.slug, action__in=("map.edited", "map.drafted")
    )
    for stored in saved.order_by("-id").values_list("body", flat=True)[:LOOKED_AT]:
        entry = json.loads(bytes(stored))
        if entry.get("version") == map.version and entry.get("edition", 1) == edition:
            body: dict[str, Any] = entry["body"]
            return body
    return None
