"""Read the rules that bind an agent, and how full the people are."""

from collections.abc import Mapping
from typing import Any

from overread.backoff import Settings, send
from overread.errors import Halt, UnexpectedAnswer
from overread.flows import Flow
from overread.http import halt, segment
from overread.values import Pressure
from overread.wire import decode


def pressure(settings: Settings, workflow: str) -> Flow[Pressure]:
    """Ask how full the queues of a workflow are before giving them more."""
    request = settings.door.get("/api/v1/pressure", {"workflow": workflow})
    response = yield from send(settings, request)
    return decode(Pressure, response.json())


def standing(settings: Settings, workflow: str) -> Flow[Halt | None]:
    """Ask whether people have stopped a workflow, before a step that cannot be undone.

    None: it goes on. A run that a person has stepped into says so itself: see `Run.stopped`.
    """
    request = settings.door.get("/api/v1/standing", {"workflow": workflow})
    response = yield from send(settings, request)
    told = response.json()
    if not isinstance(told, dict) or "stopped" not in told:
        raise UnexpectedAnswer("The answer does not say whether the workflow is stopped.")
    return halt(told["stopped"])


def governance(settings: Settings, workflow: str) -> Flow[Mapping[str, Any]]:
    """Read the matrix that binds a workflow now."""
    request = settings.door.get("/api/v1/governance", {"workflow": workflow})
    response = yield from send(settings, request)
    matrix: Mapping[str, Any] = response.json()
    return matrix


def risk_tier_map(settings: Settings, workflow: str) -> Flow[Mapping[str, Any]]:
    """Read the published risk tier map of a workflow, with its digest."""
    response = yield from send(settings, settings.door.get(f"/api/v1/maps/{segment(workflow)}"))
    published: Mapping[str, Any] = response.json()
    return published
