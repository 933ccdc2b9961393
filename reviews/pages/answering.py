"""Which answers a page offers its reader, and what is still needed for one of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.models import User
from handoffs import queries
from handoffs.states import HandoffKind, Tier, Verb
from reviews import safeguards, surfaces, threads, verbs, ways
from reviews.challenge import stated
from reviews.desk import HandoffDetail
from reviews.errors import Unmet
from reviews.pages import afterwards
from reviews.surfaces import Ground, Surface
from reviews.verbs import VerbOption
from reviews.ways import Way


def offered(detail: HandoffDetail, now: datetime) -> list[VerbOption]:
    """Return the buttons of this page; edits only where there is something to edit."""
    handoff = detail.handoff
    options = verbs.offered(
        kind=HandoffKind(handoff.kind),
        tier=Tier(handoff.tier) if handoff.tier else None,
        escalates=bool(handoff.ladder),
        title=detail.title,
        arguments=detail.proposal.arguments if detail.proposal else {},
        brief=detail.brief,
        undoable=afterwards.undoable(detail, now),
        patchable=ground(detail).patchable is not None,
    )
    editable = detail.proposal is not None or bool(detail.brief.get("draft"))
    answers = [one for one in options if editable or one.verb != Verb.APPROVE_WITH_EDITS]
    others = ways.offered(places=bool(queries.places(handoff)))
    if handoff.kind != HandoffKind.TAKEOVER.value:
        return [*answers, *others]
    taken_on = detail.claim is not None and detail.claim.kept_until is not None
    taking = ways.taking_on(again=taken_on)
    return [*answers, taking, *others] if taken_on else [taking, *answers, *others]


def ground(detail: HandoffDetail) -> Ground:
    """Return what the forms of this handoff start from."""
    return Ground(brief=detail.brief, task=detail.handoff.run.task, input=detail.input)


def form(detail: HandoffDetail, option: VerbOption, reader: User) -> Surface | None:
    """Return the form that this is filled in with; None where words are enough."""
    if option.verb in set(Way):
        return ways.surface(
            Way(option.verb),
            colleagues=_colleagues(detail, option, reader),
            places=queries.places(detail.handoff),
        )
    if option.verb != Verb.APPROVE_WITH_EDITS:
        return surfaces.surface(option.verb, ground(detail))
    return Surface(
        verb=option.verb,
        heading=option.label,
        schema=detail.schema or {"type": "object"},
        before=detail.proposal.arguments if detail.proposal else {},
        shows_changes=True,
    )


def _colleagues(detail: HandoffDetail, option: VerbOption, reader: User) -> list[tuple[int, str]]:
    if option.verb not in (Way.ASK_COLLEAGUE, Way.HAND_OVER):
        return []
    asks = option.verb == Way.ASK_COLLEAGUE
    people = threads.colleagues if asks else threads.deciders
    found = people(detail.handoff, reader)
    return [(one.pk, f"{one.name} ({one.email})") for one in found]


def still_needed(
    detail: HandoffDetail, verb: str, words: str, said: Mapping[str, Any]
) -> list[Unmet]:
    """List what this answer still lacks as it stands; what is no answer lacks nothing.

    `said` is what is stated beside the words.
    """
    if verb in set(Way):
        return []
    facts = detail.facts(verb, words, stated(said))
    return safeguards.unmet(detail.handoff.safeguards, facts)
