"""A handoff under each safeguard, and what a person has to do to meet it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Client, User
from handoffs.models import Answer, Handoff
from reviews import claims, decisions, reading
from reviews.decisions import Choice
from reviews.models import Claim, Decision
from reviews.reading import Place
from tests import factories
from tests.factories import Shop
from tests.reviews import judging
from tests.reviews.waiting import put

GATE = {"id": "policy", "title": "Refund policy", "snippet": "Three days.", "must_open": True}
REASON = "Carrier confirms the parcel is lost, total matches the invoice."
OTHER_REASON = "Phoned the customer, she wants her money and not another tablet."
STATED = {"checked": ["facts:0"], "wrong_if": ["figure"]}
# what a test that reads it through takes
SECONDS = 1


@dataclass(frozen=True, kw_only=True)
class Guard:
    """One safeguard: what the row says, and how it is met by whoever holds the handoff."""

    spec: dict[str, Any]
    meet: Callable[[Handoff, User], None] = lambda handoff, by: None
    choice: dict[str, Any] = field(default_factory=dict)
    brief: dict[str, Any] = field(default_factory=dict)


def read(handoff: Handoff, by: User) -> None:
    """Look at the page for as long as it takes, beat by beat."""
    claims.mark_opened(handoff.id, by=by, now=timezone.now())
    claim = Claim.objects.get(handoff=handoff, ended_at=None)
    token = reading.token(Place(claim=claim.id, visit=claim.visit, needed=SECONDS))
    for _ in range(2):
        _, token = claims.beat(handoff.id, token=token, looking=True, by=by, now=timezone.now())
        with connection.cursor() as cursor:
            cursor.execute("select pg_sleep(%s)", [SECONDS * 0.55])


def open_evidence(handoff: Handoff, by: User) -> None:
    decisions.open_evidence(handoff.id, "policy", by=by, now=timezone.now())


def judge(handoff: Handoff, by: User) -> None:
    judging.commit(handoff, by=by)


GUARDS = {
    "minimum-time": Guard(spec={"minimum_seconds": 600}, meet=read),
    "challenge": Guard(
        spec={"challenge": "always"}, choice={"reason": REASON, "challenge": STATED}
    ),
    "withheld": Guard(spec={"withhold_recommendation": True}, meet=judge),
    "evidence": Guard(spec={}, meet=open_evidence, brief={"evidence": [GATE]}),
    "approvers": Guard(spec={"approvers": 2}),
}


def short(guard: Guard) -> Guard:
    """Return the same safeguard, to be met within a test."""
    if "minimum_seconds" not in guard.spec:
        return guard
    return replace(guard, spec={"minimum_seconds": SECONDS})


def put_guarded(guard: Guard, shop: Shop, bot: Client, **changes: Any) -> Handoff:
    return put(
        shop,
        bot,
        safeguards={"undo_seconds": 0} | guard.spec,
        brief=factories.brief_payload(**guard.brief),
        **changes,
    )


def hold(handoff: Handoff, by: User) -> Handoff:
    claims.pick(handoff.id, by=by, now=timezone.now())
    return handoff


def approve(handoff: Handoff, by: User, **choice: Any) -> Decision:
    return decisions.decide(
        handoff.id, by=by, choice=Choice(verb="approve", **choice), now=timezone.now()
    )


def is_open(handoff: Handoff) -> bool:
    """Tell whether the agent still waits and was told nothing."""
    handoff.refresh_from_db()
    return handoff.state == "waiting" and not Answer.objects.filter(handoff=handoff).exists()
