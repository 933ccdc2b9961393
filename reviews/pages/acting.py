"""What the agent will do, exactly, beside what is known about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from reviews.desk import HandoffDetail
from reviews.pages import answering, lookup, words
from reviews.pages.brief import BriefView
from reviews.pages.facts import Fact, arguments_view
from reviews.pages.text import marked


@dataclass(frozen=True, kw_only=True)
class ActionView:
    """What will be done, exactly: shown from the stored arguments, not from the agent's words.

    Those that the agent named among its facts stand there, exactly; the others do not, and stand
    where the draft does.
    """

    heading: str
    name: str
    facts: tuple[Fact, ...]
    unnamed: tuple[Fact, ...] = ()


def action(detail: HandoffDetail) -> ActionView | None:
    if detail.proposal is None:
        return _failed(detail)
    evidence = detail.brief.get("evidence") or ()
    gates = {gate.id for gate in detail.gates}
    closed = gates - detail.opened
    readable = [item for item in evidence if item.get("id") not in closed]
    unread = [item for item in evidence if item.get("id") in closed]
    return ActionView(
        heading=words.heading(detail.handoff.state, detail.handoff.tier),
        name=detail.proposal.action_type,
        facts=arguments_view(
            detail.proposal.arguments,
            detail.schema,
            facts=detail.brief.get("facts") or (),
            known=lookup.read(readable, detail.input, unread=unread),
        ),
    )


def unnamed(action: ActionView | None, brief: BriefView) -> ActionView | None:
    named = {fact.name for group in brief.facts if group.exact for fact in group.facts}
    if action is None:
        return None
    return replace(action, unnamed=tuple(one for one in action.facts if one.name not in named))


def _failed(detail: HandoffDetail) -> ActionView | None:
    """Show what a recovery is about: what failed, and what it was given."""
    recovery = answering.ground(detail).recovery
    given, tool = recovery.get("input"), recovery.get("tool")
    if not given and not tool:
        return None
    return ActionView(
        heading="What failed",
        name=marked(tool or ""),
        facts=arguments_view(
            _object(given),
            _object(recovery.get("input_schema")),
            facts=detail.brief.get("facts") or (),
            known=lookup.read(detail.brief.get("evidence") or (), detail.input, unread=()),
        ),
    )


def _object(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}
