"""Undo what a person rolled back of the actions that were taken without asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from overread.client import Client
from overread.values import Handoff, Verb

EVENT = "action.roll_back"


class RollBacks:
    """Call `undo(handoff)` for each roll-back, once it has been read from the server.

    `handoff.action_type` and `handoff.arguments` say what was done, `handoff.answer.reason` why it
    is undone. The same event may come more than once, and a process may die in between, so `undo`
    has to be harmless when it is repeated: `handoff.answer.id` is the same each time.
    """

    def __init__(self, client: Client, undo: Callable[[Handoff], Any]) -> None:
        self._client = client
        self._undo = undo

    def hear(self, event: Mapping[str, Any]) -> bool:
        """Take a verified webhook; return whether it was a roll-back, and is undone now."""
        if event.get("type") != EVENT:
            return False
        return self.look_at(event["data"]["handoff"])

    def look_at(self, handoff: Handoff | str) -> bool:
        """Do the same for a handoff that you know of, where no webhook gets through."""
        found = self._client.read_handoff(handoff)
        if found.answer is None or found.answer.verb != Verb.ROLL_BACK or found.proposal is None:
            return False
        self._undo(found)
        key = f"roll-back-{found.answer.id}"
        self._client.report_outcome(found.proposal, "rolled_back", idempotency_key=key)
        return True
