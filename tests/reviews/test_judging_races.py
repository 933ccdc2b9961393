"""Two commits at once, and a commit beside what ends the question: one wins, nothing is half."""

import pytest
from django.db import transaction
from django.utils.timezone import now

from accounts.models import Client, User
from handoffs import actors, answers
from handoffs.models import AuditEntry, Handoff
from reviews import claims, decisions
from reviews.decisions import Choice
from reviews.errors import AlreadyJudged, ClaimLost, SafeguardUnmet
from reviews.models import Decision, Judgement
from tests.factories import Shop
from tests.reviews.judging import WITHHOLD, commit
from tests.reviews.racing import Racer, all_at_once
from tests.reviews.waiting import put

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.slow]
AGENT = actors.client_actor("bot", "ovr_1234")


@pytest.fixture
def withheld(shop: Shop, bot: Client, ann: User) -> Handoff:
    handoff = put(shop, bot, safeguards={**WITHHOLD, "undo_seconds": 0})
    claims.pick(handoff.id, by=ann, now=now())
    return handoff


def withdraw(handoff: Handoff) -> Handoff:
    return answers.withdraw(handoff.id, reason="No need.", by=AGENT, now=now())


def decide(handoff: Handoff, by: User) -> Decision:
    return decisions.decide(handoff.id, by=by, choice=Choice(verb="approve"), now=now())


def test_of_two_tabs_that_commit_at_once_the_first_one_stays(withheld: Handoff, ann: User) -> None:
    with transaction.atomic():
        first = commit(withheld, by=ann, verb="reject")
        racer = Racer(lambda: commit(withheld, by=ann, verb="approve"))
        racer.wait_until_blocked()

    assert isinstance(racer.done(), AlreadyJudged)
    assert Judgement.objects.get() == first
    assert AuditEntry.objects.filter(action="handoff.judged").count() == 1


def test_eight_clicks_commit_once(withheld: Handoff, ann: User) -> None:
    racers = all_at_once([lambda: commit(withheld, by=ann)] * 8)

    results = [racer.result for racer in racers]
    assert sum(isinstance(one, Judgement) for one in results) == 1
    assert sum(isinstance(one, AlreadyJudged) for one in results) == 7
    assert Judgement.objects.count() == 1


def test_a_withdrawal_that_was_first_leaves_no_judgement(withheld: Handoff, ann: User) -> None:
    with transaction.atomic():
        withdraw(withheld)
        racer = Racer(lambda: commit(withheld, by=ann))
        racer.wait_until_blocked()

    assert isinstance(racer.done(), ClaimLost)
    assert not Judgement.objects.exists()


def test_a_withdrawal_that_comes_second_leaves_the_judgement(withheld: Handoff, ann: User) -> None:
    with transaction.atomic():
        commit(withheld, by=ann)
        racer = Racer(lambda: withdraw(withheld))
        racer.wait_until_blocked()

    assert isinstance(racer.done(), Handoff)
    assert Judgement.objects.count() == 1


def test_a_decision_beside_an_open_commit_waits_for_it(withheld: Handoff, ann: User) -> None:
    with transaction.atomic():
        judgement = commit(withheld, by=ann)
        racer = Racer(lambda: decide(withheld, ann))
        racer.wait_until_blocked()

    assert racer.done().judgement == judgement


def test_a_decision_beside_a_commit_that_fails_is_refused(withheld: Handoff, ann: User) -> None:
    with transaction.atomic():
        commit(withheld, by=ann)
        racer = Racer(lambda: decide(withheld, ann))
        racer.wait_until_blocked()
        transaction.set_rollback(True)

    assert isinstance(racer.done(), SafeguardUnmet)
    assert not Decision.objects.exists() and not Judgement.objects.exists()
