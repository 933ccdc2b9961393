"""A takeover: take it on, work on it away from the page, hand it back or finish it by hand."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs import ladder
from handoffs.models import Answer, AuditEntry, Handoff, OutboxMessage, Run
from handoffs.states import Cause, HandoffKind, RunState, Verb
from reviews import claims, decisions, passing
from reviews.errors import CapReached, ClaimLost, VerbNotOffered
from reviews.models import Claim
from reviews.wording import Choice
from tests import walks
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
FREE = {"undo_seconds": 0, "evidence": "none", "reason": "never"}


def now() -> Any:
    return timezone.now()


@pytest.fixture
def task(shop: Shop, bot: Client, ann: User) -> Handoff:
    """A takeover that ann has just taken from the queue."""
    handoff = put(shop, bot, kind=HandoffKind.TAKEOVER, safeguards=FREE)
    Run.objects.filter(id=handoff.run_id).update(
        requester={"name": "Kim", "email": "kim@example.com"}
    )
    claims.pick(handoff.id, by=ann, now=now())
    claims.mark_opened(handoff.id, by=ann, now=now())
    return handoff


def take_on(task: Handoff, by: User, hours: int = 8) -> Any:
    return passing.take_on(task.id, by=by, hours=hours, now=now())


def held(task: Handoff) -> Claim:
    return Claim.objects.get(handoff=task, ended_at=None)


def status(task: Handoff) -> Any:
    token = Run.objects.get(id=task.run_id).status_token
    return Browser().get(f"/status/{token}", headers={"Accept": "application/json"}).json()


def mails(event: str) -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(event=event))


def test_it_is_theirs_for_as_long_as_they_said(task: Handoff, ann: User) -> None:
    until = take_on(task, ann)

    assert abs((until - now()) - timedelta(hours=8)) < timedelta(minutes=1)
    assert held(task).expires_at == held(task).kept_until == until
    assert Handoff.objects.get(id=task.id).deadline_at == until
    assert AuditEntry.objects.filter(subject=task.id, action="handoff.taken_on").exists()


def test_neither_the_page_nor_leaving_it_shortens_that(task: Handoff, ann: User) -> None:
    until = take_on(task, ann)

    claims.mark_opened(task.id, by=ann, now=now())
    claims.renew(task.id, by=ann, now=now())

    assert held(task).expires_at == until


def test_leaving_the_page_leaves_it_theirs(desk: Browser, task: Handoff, ann: User) -> None:
    until = take_on(task, ann)
    page = desk.get(reverse("reviews:handoff", args=[task.id])).context["page"]

    desk.post(reverse("reviews:leave", args=[task.id]), {"token": page.keeping.token})

    assert held(task).expires_at == until


def test_leaving_a_page_that_was_not_taken_on_lets_it_go(desk: Browser, task: Handoff) -> None:
    before = held(task).expires_at
    page = desk.get(reverse("reviews:handoff", args=[task.id])).context["page"]

    desk.post(reverse("reviews:leave", args=[task.id]), {"token": page.keeping.token})

    assert held(task).expires_at < before


def test_meanwhile_they_take_others(shop: Shop, bot: Client, task: Handoff, ann: User) -> None:
    take_on(task, ann)
    others = [put(shop, bot) for _ in range(claims.OPEN_CLAIMS)]

    for other in others:
        taken = claims.take_next(by=ann, now=now())
        assert taken is not None and taken.handoff_id == other.id
        claims.pick(other.id, by=ann, now=now())
        decisions.give = None  # type: ignore[attr-defined]
        claims.give_back(other.id, by=ann, now=now())


def test_nobody_else_gets_it(task: Handoff, ann: User, ben: User) -> None:
    take_on(task, ann)

    assert claims.take_next(by=ben, now=now()) is None


def test_it_is_on_their_desk(desk: Browser, task: Handoff, ann: User) -> None:
    take_on(task, ann)

    assert reverse("reviews:handoff", args=[task.id]) in desk.get("/").content.decode()


def test_the_requester_is_told_by_mail_and_on_their_page(task: Handoff, ann: User) -> None:
    until = take_on(task, ann)

    (mail,) = mails("handoff.taken_on")
    assert mail.mail_to == "kim@example.com"
    assert f"{until:%H:%M}" in mail.payload["text"]
    assert "/status/" in mail.payload["text"]
    assert "Ann" not in str(mail.payload)
    assert status(task)["line"] == "A person has taken over your request and is working on it."
    assert status(task)["latest_by"] == until.isoformat()


def test_a_requester_without_an_address_gets_no_mail(task: Handoff, ann: User) -> None:
    Run.objects.filter(id=task.run_id).update(requester={"name": "Kim"})

    take_on(task, ann)

    assert not mails("handoff.taken_on")


def test_more_time_is_asked_for_by_saying_so_again(task: Handoff, ann: User) -> None:
    first = take_on(task, ann, 1)

    assert take_on(task, ann, 24) > first
    assert held(task).kept_until > first


def test_when_it_is_over_the_ladder_climbs(task: Handoff, ann: User) -> None:
    take_on(task, ann, 1)
    walks.overdue(task)

    ladder.fire_overdue()

    assert Handoff.objects.get(id=task.id).level == 2
    with pytest.raises(ClaimLost):
        take_on(task, ann)


def test_hands_have_an_end(shop: Shop, bot: Client, task: Handoff, ann: User) -> None:
    for _ in range(passing.MOST_TAKEN_ON):
        other = put(shop, bot, kind=HandoffKind.TAKEOVER, safeguards=FREE)
        claims.pick(other.id, by=ann, now=now())
        take_on(other, ann)
    claims.pick(task.id, by=ann, now=now())

    with pytest.raises(CapReached):
        take_on(task, ann)


@pytest.mark.parametrize("hours", [0, 2, 1_000, -1])
def test_only_the_times_there_are(task: Handoff, ann: User, hours: int) -> None:
    with pytest.raises(VerbNotOffered):
        take_on(task, ann, hours)


def test_an_approval_is_not_taken_on(shop: Shop, bot: Client, ann: User) -> None:
    approval = put(shop, bot)
    claims.pick(approval.id, by=ann, now=now())

    with pytest.raises(VerbNotOffered):
        take_on(approval, ann)


def test_only_whoever_holds_it_takes_it_on(task: Handoff, ben: User) -> None:
    with pytest.raises(ClaimLost):
        take_on(task, ben)


def test_it_is_taken_on_and_handed_back_by_form(desk: Browser, task: Handoff) -> None:
    page = desk.get(reverse("reviews:handoff", args=[task.id]))
    assert page.context["page"].rail.lead[0].verb == "take_on"
    took = desk.post(reverse("reviews:send", args=[task.id, "take_on"]), {"a/hours": "4"})
    assert took["Location"] == reverse("reviews:handoff", args=[task.id])
    again = desk.get(reverse("reviews:handoff", args=[task.id])).context["page"]
    assert again.rail.lead[0].verb == "take_over"

    desk.post(
        reverse("reviews:send", args=[task.id, "hand_back"]),
        {"a/done": "Called Kim", "a/left": "Send the voucher"},
    )

    answer = Answer.objects.get(handoff=task)
    assert answer.verb == Verb.HAND_BACK
    assert Run.objects.get(id=task.run_id).state == RunState.HUMAN_RESPONDED
    assert status(task)["line"] == "A person has decided. Your request goes on from there."


def test_finishing_by_hand_tells_the_requester_in_their_words(task: Handoff, ann: User) -> None:
    take_on(task, ann)
    details = {"done": "Refunded by hand", "told": "Dear Kim, your money is on its way."}

    decisions.decide(task.id, by=ann, choice=Choice(verb="take_over", details=details), now=now())

    run = Run.objects.get(id=task.run_id)
    assert (run.state, run.cause) == (RunState.FAILED, Cause.TRANSFERRED)
    (mail,) = mails("run.taken_over")
    assert "Dear Kim, your money is on its way." in mail.payload["text"]
    assert "Refunded by hand" not in str(mail.payload)
    told = status(task)
    assert told["line"] == "A person has taken over your request and finishes it by hand."
    assert told["message"] == "Dear Kim, your money is on its way."


def test_what_the_requester_reads_is_marked(task: Handoff, ann: User) -> None:
    details = {"told": "Dear\u202e <b>Kim</b>"}
    decisions.decide(task.id, by=ann, choice=Choice(verb="take_over", details=details), now=now())

    token = Run.objects.get(id=task.run_id).status_token
    assert "Dear⟦U+202E⟧ &lt;b&gt;Kim" in Browser().get(f"/status/{token}").content.decode()
