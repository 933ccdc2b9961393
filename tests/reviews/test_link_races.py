"""Two at once on one link: one comes first, the other is told, in either order."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Client, User
from handoffs import answers
from handoffs.actors import SYSTEM
from handoffs.models import Answer, Handoff
from reviews import claims, decisions, link_mails, links
from reviews.errors import ClaimLost, LinkOver
from reviews.models import ApproverLink, Decision, Draft
from reviews.wording import Choice
from tests.database import Databases
from tests.factories import Shop
from tests.reviews.approving import approver, put_by_email
from tests.reviews.racing import Racer, all_at_once

APPROVE, REJECT = Choice(verb="approve"), Choice(verb="reject", reason="Not ours to pay, sorry.")


@pytest.fixture
def link(committed_db: Databases, shop: Shop, bot: Client) -> ApproverLink:
    """A link whose brief is open."""
    approver(shop)
    put_by_email(shop, bot)
    link_mails.send_due(now=timezone.now())
    link = ApproverLink.objects.get()
    links.open(link.id, now=timezone.now())
    return link


def decide(link: ApproverLink, choice: Choice = APPROVE) -> Callable[[], Any]:
    return lambda: links.decide(link.id, choice=choice, now=timezone.now())


def test_a_link_answers_once_however_many_answer_at_once(link: ApproverLink) -> None:
    racers = all_at_once([decide(link), decide(link, REJECT)] * 4)

    decided = [one.result for one in racers if isinstance(one.result, Decision)]
    refused = [one.result for one in racers if not isinstance(one.result, Decision)]
    assert len(decided) == 1, refused
    assert all(isinstance(one, LinkOver) and one.standing == "used" for one in refused), refused
    assert Answer.objects.get().verb == decided[0].verb


def test_an_answer_that_came_first_stands_and_nothing_is_taken_back(
    link: ApproverLink, mia: User
) -> None:
    with transaction.atomic():
        links.decide(link.id, choice=APPROVE, now=timezone.now())
        manager = Racer(lambda: links.revoke([link.id], by=mia, now=timezone.now()))
        manager.wait_until_blocked()

    assert manager.done() == 0
    assert Answer.objects.count() == 1
    link.refresh_from_db()
    assert link.ended_because == "used"


def test_a_link_taken_back_first_answers_nothing_and_the_words_are_kept(
    link: ApproverLink, mia: User
) -> None:
    with transaction.atomic():
        links.revoke([link.id], by=mia, now=timezone.now())
        late = Racer(decide(link, REJECT))
        late.wait_until_blocked()

    assert isinstance(late.done(), LinkOver)
    assert late.result.standing == "revoked"
    assert Draft.objects.get().body["reason"] == REJECT.reason
    assert not Decision.objects.exists()
    link.refresh_from_db()
    assert link.ended_because == "revoked"


def test_a_withdrawal_that_came_first_leaves_the_link_unused(link: ApproverLink) -> None:
    with transaction.atomic():
        answers.withdraw(link.handoff_id, reason="", by=SYSTEM, now=timezone.now())
        late = Racer(decide(link))
        late.wait_until_blocked()

    assert isinstance(late.done(), ClaimLost)
    assert not Decision.objects.exists()
    link.refresh_from_db()
    assert link.ended_because != "used"
    assert links.get(link.id).standing == "withdrawn"


def test_an_answer_before_a_withdrawal_stands(link: ApproverLink) -> None:
    with transaction.atomic():
        links.decide(link.id, choice=APPROVE, now=timezone.now())
        late = Racer(
            lambda: answers.withdraw(link.handoff_id, reason="", by=SYSTEM, now=timezone.now())
        )
        late.wait_until_blocked()

    assert isinstance(late.done(), Exception)
    assert Answer.objects.get().verb == "approve"


def test_page_and_link_of_one_person_decide_once(link: ApproverLink) -> None:
    zoe = User.objects.get(email="zoe@example.com")

    def at_the_desk() -> Any:
        return decisions.decide(link.handoff_id, by=zoe, choice=REJECT, now=timezone.now())

    racers = all_at_once([decide(link), at_the_desk])

    assert sum(isinstance(one.result, Decision) for one in racers) == 1
    assert Decision.objects.count() == 1
    assert Handoff.objects.get().state in ("answered", "decided")


def test_two_who_open_at_once_share_one_claim(
    committed_db: Databases, shop: Shop, bot: Client, ann: User
) -> None:
    approver(shop)
    handoff = put_by_email(shop, bot)
    link_mails.send_due(now=timezone.now())
    link = ApproverLink.objects.get()

    racers = all_at_once(
        [
            lambda: links.open(link.id, now=timezone.now()),
            lambda: claims.pick(handoff.id, by=ann, now=timezone.now()),
        ]
    )

    assert sum(not isinstance(one.result, Exception) for one in racers) == 1


def test_the_token_is_looked_up_by_its_digest_and_never_compared_letter_by_letter(
    link: ApproverLink,
) -> None:
    asked: list[str] = []
    with (
        connection.execute_wrapper(
            lambda execute, sql, params, *rest: (
                asked.append(f"{sql} {params}") or execute(sql, params, *rest)
            )
        ),
        pytest.raises(Exception, match="opens nothing"),
    ):
        links.find("A" * 43)

    assert len(asked) == 1
    assert "A" * 43 not in asked[0]
