"""Writes docs/states.md from the tables that the code and the database obey."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.management.base import BaseCommand

from handoffs.states import (
    HANDOFF_TRANSITIONS,
    RUN_TRANSITIONS,
    HandoffState,
    RunState,
)

State = TypeVar("State", bound=StrEnum)

MEANINGS: dict[StrEnum, str] = {
    RunState.RUNNING: "The agent works.",
    RunState.PAUSED_PENDING_HUMAN: "At least one handoff that blocks the run is open.",
    RunState.TIMED_OUT: "Nobody answered in time; in the same transaction it goes on from here.",
    RunState.HUMAN_RESPONDED: "The last blocking handoff is answered; a turn to go on is ready.",
    RunState.RESUMING: "A worker holds the turn under a lease and has not yet acknowledged it.",
    RunState.COMPLETED: "The agent has ended its task.",
    RunState.FAILED: "It was stopped, taken over, or ended by an error or a deadline.",
    HandoffState.WAITING: "It waits in a queue, or a reviewer of that queue holds a claim on it.",
    HandoffState.NEEDS_INFORMATION: "A reviewer asked the agent something; its deadline runs on.",
    HandoffState.DECIDED: "A person has said it and may take it back until the run is told; to the "
    "agent it still waits.",
    HandoffState.ANSWERED: "The run can be told. Back to waiting when its approval went stale.",
    HandoffState.WITHDRAWN: "The agent took the question back, or its run has ended.",
}

HEAD = """\
# States

Written by `manage.py states_diagram` from `handoffs/states.py`; a test compares the two. The same
pairs are guarded in the database, by `overread_legal_move`: a move that is not drawn here is
refused at once, and a move without its row in the transition log is refused at commit, whoever
sends it.
"""


class Command(BaseCommand):
    requires_system_checks = ()
    help = "Write docs/states.md anew from the transition tables."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "states.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(render())
        self.stdout.write(f"Wrote {path.relative_to(settings.BASE_DIR)}.")


def render() -> str:
    return "\n".join(
        [HEAD, *_section("Run", RUN_TRANSITIONS), "", *_section("Handoff", HANDOFF_TRANSITIONS), ""]
    )


def _section(name: str, table: Mapping[State | None, frozenset[State]]) -> Iterator[str]:
    states = [state for state in table if state is not None]
    yield f"## {name}\n\n```mermaid\nstateDiagram-v2"
    for state in table:
        for target in _in_order(table, state):
            yield f"    {state or '[*]'} --> {target}"
    for state in states:
        if not table[state]:
            yield f"    {state} --> [*]"
    yield "```\n\n| state | means | can become |\n| --- | --- | --- |"
    for state in states:
        targets = ", ".join(f"`{target}`" for target in _in_order(table, state))
        yield f"| `{state}` | {MEANINGS[state]} | {targets or 'nothing: it is final'} |"


def _in_order(table: Mapping[State | None, frozenset[State]], state: State | None) -> list[State]:
    """Put a set of targets into the order in which the table names its states."""
    return [target for target in table if target is not None and target in table[state]]
