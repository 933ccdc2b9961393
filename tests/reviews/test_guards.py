"""Every safeguard by every way to an answer: docs/safeguards.md names these tests cell by cell."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.errors import DomainError
from accounts.models import Client, User
from accounts.roles import Role
from handoffs import requesters
from handoffs.models import Answer, Handoff
from reviews import claims
from reviews.errors import ClaimLost
from reviews.models import Absence, ApproverLink, Caps, Claim, Decision
from tests import factories
from tests.contracts.operations import all_operations
from tests.factories import Shop
from tests.handoffs.postbox import Postbox, postbox
from tests.people import Agent
from tests.reviews.approving import approver, mailed
from tests.reviews.guarded import (
    GUARDS,
    OTHER_REASON,
    REASON,
    STATED,
    Guard,
    approve,
    hold,
    is_open,
    put_guarded,
    read,
    short,
)
from tests.reviews.waiting import let_lease_run_out

pytestmark = pytest.mark.django_db
PLAIN = Guard(spec={})
every_guard = pytest.mark.parametrize("guard", list(GUARDS.values()), ids=list(GUARDS))


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox(settings) as box:
        yield box


def attempt(handoff: Handoff, by: User, **choice: Any) -> Decision | None:
    try:
        return approve(handoff, by, **choice)
    except DomainError:
        return None


def within(box: Postbox, handoff: Handoff, zoe: User) -> tuple[Browser, ApproverLink]:
    """Go through the door of the link that was mailed, signed in, as some rows want it."""
    _, link = mailed(box, handoff, zoe)
    browser = Browser()
    browser.force_login(zoe)
    browser.post(f"/links/at/{link.id}/open")
    return browser, link


def address(name: str, handoff: Handoff) -> str:
    return reverse(f"reviews:{name}", args=[handoff.id])


@every_guard
def test_page(shop: Shop, bot: Client, desk: Browser, ann: User, guard: Guard) -> None:
    """The page says it first, and a plain approval does not go through."""
    handoff = hold(put_guarded(guard, shop, bot), ann)

    page = desk.get(address("handoff", handoff)).context["page"]
    sent = desk.post(address("decide", handoff), {"verb": "approve"})

    said = [need.sentence for need in page.rail.needs]
    assert said or guard is GUARDS["approvers"]
    assert sent.status_code == 422 or guard is GUARDS["approvers"]
    assert is_open(handoff)


@every_guard
def test_met(shop: Shop, bot: Client, ann: User, ben: User, guard: Guard) -> None:
    """What is asked for can be done, and then it goes through."""
    handoff = hold(put_guarded(short(guard), shop, bot), ann)
    guard.meet(handoff, ann)
    approve(handoff, ann, **guard.choice)
    if guard is GUARDS["approvers"]:
        assert is_open(handoff)
        approve(hold(handoff, ben), ben)

    assert Answer.objects.get().verb == "approve"


@every_guard
def test_link(shop: Shop, bot: Client, box: Postbox, guard: Guard) -> None:
    """A link gives no answer that the desk would not have given."""
    zoe = approver(shop)
    handoff = put_guarded(guard, shop, bot, terms={"email": "yes"})
    browser, link = within(box, handoff, zoe)

    typed = {"answer": "approve", "words": ""}
    browser.post(f"/links/at/{link.id}/choose", typed)
    browser.post(f"/links/at/{link.id}/decide", typed)

    assert is_open(handoff)
    assert Claim.objects.get().reviewer == zoe


def test_the_challenge_can_be_met_behind_a_link(shop: Shop, bot: Client, box: Postbox) -> None:
    zoe = approver(shop)
    handoff = put_guarded(GUARDS["challenge"], shop, bot, terms={"email": "yes"})
    browser, link = within(box, handoff, zoe)
    assert "What would make your answer wrong" in browser.get(f"/links/at/{link.id}").text
    typed = {"answer": "approve", "words": REASON} | STATED

    sure = browser.post(f"/links/at/{link.id}/choose", typed)
    assert '<input type="hidden" name="checked" value="facts:0">' in sure.text
    browser.post(f"/links/at/{link.id}/decide", typed)

    assert Decision.objects.get().challenge is not None


@every_guard
def test_api(shop: Shop, bot: Client, agent: Agent, desk: Browser, ann: User, guard: Guard) -> None:
    """No operation of the API takes a person's answer, with a key or with a session."""
    handoff = hold(put_guarded(guard, shop, bot), ann)
    said = {"verb": "approve", "answer": "approve", "reason": REASON, "decision": "approve"}
    ids = {"handoff_id": handoff.id, "run_id": handoff.run_id}
    ends = {"withdraw_handoff", "fail_run", "stop_run"}

    for operation in all_operations():
        if operation.method == "GET" or operation.id in ends:
            continue
        path = operation.at(**ids)
        if operation.method == "PUT":
            agent.put(path, said)
        else:
            agent.post(path, said)
        desk.post(f"/api/v1{path}", said, content_type="application/json")

    assert is_open(handoff)
    assert not Decision.objects.exists()


@every_guard
def test_admin(shop: Shop, bot: Client, client: Browser, ann: User, guard: Guard) -> None:
    """Nobody adds or changes there what was read, opened, judged or decided."""
    handoff = hold(put_guarded(guard, shop, bot), ann)
    claims.mark_opened(handoff.id, by=ann, now=timezone.now())
    root = factories.UserFactory(roles=list(Role), is_staff=True, is_superuser=True)
    client.force_login(root)
    claim = Claim.objects.get()
    written = {
        "handoff": handoff.id,
        "reviewer": ann.id,
        "verb": "approve",
        "read_seconds": 3600,
        "opened_at_0": "2020-01-01",
        "opened_at_1": "00:00",
        "state": "answered",
        "safeguards": "{}",
    }

    for model in admin.site._registry:
        if model._meta.app_label not in ("reviews", "handoffs"):
            continue
        if model in (Handoff, Absence, Caps):
            continue
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        if model._meta.app_label == "reviews":
            for sent in (
                client.post(reverse(f"{name}_add"), written),
                client.post(reverse(f"{name}_change", args=[claim.pk]), written),
                client.post(reverse(f"{name}_delete", args=[claim.pk]), {"post": "yes"}),
            ):
                assert sent.status_code in (302, 403, 404), sent
    client.post(reverse("admin:handoffs_handoff_change", args=[handoff.id]), written)

    assert is_open(handoff)
    assert handoff.safeguards == {"undo_seconds": 0} | guard.spec
    claim.refresh_from_db()
    assert claim.read_seconds is None and not Decision.objects.exists()


@every_guard
def test_bulk(shop: Shop, bot: Client, desk: Browser, ann: User, guard: Guard) -> None:
    """What was done for one handoff is done for no other, also where both are named at once."""
    one, other = (put_guarded(short(guard), shop, bot) for _ in range(2))
    hold(one, ann)
    guard.meet(one, ann)
    hold(other, ann)
    attempt(one, ann, **guard.choice)
    assert is_open(one) is (guard is GUARDS["approvers"])

    both = {"handoff": [one.id, other.id], "ids": [one.id, other.id], "verb": "approve"}
    both |= {"words": REASON, **(STATED if guard is GUARDS["challenge"] else {})}
    desk.post(address("decide", other), both)
    desk.post(address("decide", one), both)

    assert is_open(other)
    assert is_open(one) is (guard is GUARDS["approvers"])


@every_guard
def test_expired_claim(shop: Shop, bot: Client, ann: User, guard: Guard) -> None:
    """Who comes late sends nothing; who takes it again starts no lower than before."""
    handoff = hold(put_guarded(guard, shop, bot), ann)
    let_lease_run_out(handoff)

    with pytest.raises(ClaimLost):
        approve(handoff, ann, **guard.choice)

    assert is_open(handoff)
    hold(handoff, ann)
    attempt(handoff, ann)
    assert is_open(handoff)


@every_guard
def test_second_tab(shop: Shop, bot: Client, ann: User, guard: Guard) -> None:
    """A second window of the same person is the same person."""
    handoff = hold(put_guarded(guard, shop, bot), ann)
    first, second = Browser(), Browser()
    for tab in (first, second):
        tab.force_login(ann)
        tab.get(address("handoff", handoff))

    for tab in (first, second, first, second):
        tab.post(address("decide", handoff), {"verb": "approve"})

    assert is_open(handoff)


def test_second_tab_reads_no_faster(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(put_guarded(GUARDS["minimum-time"], shop, bot), ann)
    tabs = []
    for _ in range(4):
        tab = Browser()
        tab.force_login(ann)
        page = tab.get(address("handoff", handoff)).context["page"]
        tabs.append((tab, page.keeping.token))

    for _ in range(3):
        for place, (tab, token) in enumerate(tabs):
            told = tab.post(address("beat", handoff), {"token": token, "looking": "1"}).json()
            tabs[place] = (tab, told["token"])

    assert attempt(handoff, ann) is None
    assert is_open(handoff)


def say(handoff: Handoff) -> None:
    text = "It was the blue one, not the red one"
    requesters.say(handoff.run_id, kind="information", text=text, now=timezone.now())


def opened(handoff: Handoff, by: User) -> Handoff:
    claims.mark_opened(handoff.id, by=by, now=timezone.now())
    return handoff


def test_what_the_requester_said_since_is_read_behind_a_link_too(
    shop: Shop, bot: Client, box: Postbox
) -> None:
    handoff = put_guarded(PLAIN, shop, bot, terms={"email": "yes"})
    browser, link = within(box, handoff, approver(shop))
    browser.get(f"/links/at/{link.id}")
    say(handoff)
    typed = {"answer": "approve", "words": ""}

    refused = browser.post(f"/links/at/{link.id}/decide", typed)

    assert is_open(handoff) and "It was the blue one" in refused.text
    browser.post(f"/links/at/{link.id}/decide", typed)
    assert not is_open(handoff)


def test_what_one_requester_said_is_read_for_that_one_alone(
    shop: Shop, bot: Client, ann: User
) -> None:
    one, other = (opened(hold(put_guarded(PLAIN, shop, bot), ann), ann) for _ in range(2))
    say(one)
    say(other)
    opened(one, ann)

    assert attempt(other, ann) is None and is_open(other)
    assert attempt(one, ann) is not None


def test_what_was_said_while_nobody_held_it_is_read_first(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = opened(hold(put_guarded(PLAIN, shop, bot), ann), ann)
    let_lease_run_out(handoff)
    say(handoff)
    hold(handoff, ann)

    assert attempt(handoff, ann) is None and is_open(handoff)
    assert attempt(opened(handoff, ann), ann) is not None


def test_what_one_tab_has_shown_is_read_in_the_other_too(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put_guarded(PLAIN, shop, bot), ann)
    first, second = Browser(), Browser()
    for tab in (first, second):
        tab.force_login(ann)
        tab.get(address("handoff", handoff))
    say(handoff)

    refused = first.post(address("decide", handoff), {"verb": "approve"})
    assert is_open(handoff) and "It was the blue one" in refused.text
    second.post(address("decide", handoff), {"verb": "approve"})
    assert not is_open(handoff)


def test_a_reason_met_once_is_not_met_for_the_next(shop: Shop, bot: Client, ann: User) -> None:
    guard = GUARDS["challenge"]
    one, other = put_guarded(guard, shop, bot), put_guarded(guard, shop, bot)
    approve(hold(one, ann), ann, **guard.choice)
    hold(other, ann)

    assert attempt(other, ann, **guard.choice) is None
    assert approve(other, ann, **guard.choice | {"reason": OTHER_REASON}).handoff == other


def test_all_of_them_at_once(shop: Shop, bot: Client, ann: User) -> None:
    """Everything that is missing is named together, so that nobody mends one to meet the next."""
    spec = {"minimum_seconds": 60, "challenge": "always", "approvers": 1}
    everything = Guard(spec=spec, brief=GUARDS["evidence"].brief)
    handoff = hold(put_guarded(everything, shop, bot), ann)
    read(handoff, ann)

    with pytest.raises(DomainError) as refused:
        approve(handoff, ann)

    assert [one.code for one in refused.value.unmet] == [  # type: ignore[attr-defined]
        "minimum_time",
        "evidence",
        "checked_missing",
        "wrong_if_missing",
        "reason_missing",
    ]
