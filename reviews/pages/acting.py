"""What the agent will do, exactly, beside what is known about it."""

from dataclasses import dataclass, replace

from reviews.desk import HandoffDetail
from reviews.pages import lookup, words
from reviews.pages.brief import BriefView
from reviews.pages.facts import Fact, arguments_view


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
        return None
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
