"""What somebody ticked about notices, read without trusting it."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.http import QueryDict

from reviews.notice_rules import OF_TEAMS, How, Kind

_HOURLY = "hourly"


def wishes(typed: QueryDict) -> dict[str, Any]:
    """Read how a person wants to be told; what cannot be read is as the queue has it."""
    known = {how.value for how in How}
    said = {kind: typed.get(kind.value, "") for kind in Kind}
    hour = typed.get("digest", _HOURLY)
    queues = [int(text) for text in typed.getlist("queue") if _is_id(text)]
    tells = {int(text) for text in typed.getlist("tells") if _is_id(text)}
    return {
        "how": {kind: how if how in known else "" for kind, how in said.items()},
        "digest_hour": int(hour) if _is_id(hour) and int(hour) < 24 else None,
        "wakes": "wakes" in typed,
        "quiet": [queue for queue in queues if queue not in tells],
    }


def queue_wishes(typed: QueryDict) -> dict[Kind, How]:
    """Read how the people of a queue are told, kind by kind; what cannot be read is not there."""
    known = {how.value: how for how in How}
    said = ((kind, known.get(typed.get(kind.value, ""))) for kind in Kind)
    return {kind: how for kind, how in said if how is not None}


def channel(typed: QueryDict, teams: Mapping[int, Group]) -> dict[str, Any]:
    """Read a channel to add; a team that is none of these is no team."""
    role, known = typed.get("role", ""), {kind.value for kind in OF_TEAMS}
    return {
        "address": typed.get("address", ""),
        "kinds": [kind for kind in typed.getlist("kind") if kind in known],
        "role": teams.get(int(role)) if _is_id(role) else None,
        "digest": typed.get("rhythm") == "digest",
        "in_hours": "in_hours" in typed,
    }


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
