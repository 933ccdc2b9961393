"""When a requester may expect an answer: told where it was computed, kept to, and measured."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Client, User
from handoffs import answers
from handoffs.actors import SYSTEM
from handoffs.models import Handoff, QueueRate, Run, Stop
from reviews import claims, decisions, expectations
from reviews.decisions import Choice
from reviews.expectations import tell
from reviews.models import Expectation
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def rate(shop: Shop) -> None:
    measured(shop)


def measured(shop: Shop, **changes: Any) -> None:
    facts = {
        "measured_at": now(),
        "finished_per_hour": 30,
        "handling_seconds": 240,
        "handling_count": 100,
        "reviewers_present": 2,
        "hands": 2,
    }
    QueueRate.objects.update_or_create(queue=shop.queue, defaults=facts | changes)


def told(handoff: Handoff) -> Expectation | None:
    return tell(Handoff.objects.select_related("queue").get(id=handoff.id), now=now())


def status(handoff: Handoff) -> Any:
    url = reverse("reviews:status", args=[handoff.run.status_token])
    return Browser().get(url, headers=JSON).json()


def back_dated(told: Expectation, **by: Any) -> None:
    """Let what was told have been told so long ago."""
    Expectation.objects.filter(pk=told.pk).update(
        told_at=told.told_at - timedelta(**by),
        median_at=told.median_at - timedelta(**by),
        by_at=told.by_at - timedelta(**by),
    )


def test_it_is_told_with_how_sure_it_is(shop: Shop, bot: Client) -> None:
    said = status(put(shop, bot))

    by = (Expectation.objects.get().by_at - now()).total_seconds()
    assert 300 <= by <= 900
    assert Expectation.objects.get().by_at.minute % 5 == 0
    assert said["expected_by"] == Expectation.objects.get().by_at.isoformat()
    assert (said["confidence"], said["revised"]) == (0.8, False)


def test_what_is_ahead_makes_it_later(shop: Shop, bot: Client) -> None:
    first = told(put(shop, bot))
    for _ in range(5):
        put(shop, bot)
    last = told(put(shop, bot))

    assert first and last
    assert (first.ahead, last.ahead) == (0, 6)
    assert last.by_at > first.by_at


def test_what_a_colleague_holds_is_not_ahead_and_what_is_held_takes_one_handling(
    shop: Shop, bot: Client, ann: User
) -> None:
    measured(shop, handling_seconds=1200, finished_per_hour=6, hands=1)
    first, second = put(shop, bot), put(shop, bot)
    claims.pick(first.id, by=ann, now=now())

    behind, held = told(second), told(first)

    assert behind and held
    assert behind.ahead == 0
    assert held.by_at < behind.by_at


def test_urgent_ones_come_first(shop: Shop, bot: Client) -> None:
    calm, urgent = put(shop, bot), put(shop, bot)
    Handoff.objects.filter(id=urgent.id).update(urgent_since=now())

    assert getattr(told(urgent), "ahead", None) == 0
    assert getattr(told(calm), "ahead", None) == 1


def test_it_is_told_once_and_stays(shop: Shop, bot: Client) -> None:
    handoff = put(shop, bot)
    first, second = status(handoff), status(handoff)

    assert first == second
    assert Expectation.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"handling_count": 3},
        {"reviewers_present": 0},
        {"finished_per_hour": 0, "hands": 0},
        {"measured_at": now() - timedelta(hours=1)},
    ],
)
def test_nothing_is_promised_that_was_not_computed(
    shop: Shop, bot: Client, changes: dict[str, Any]
) -> None:
    measured(shop, **changes)
    handoff = put(shop, bot)

    page = Browser().get(reverse("reviews:status", args=[handoff.run.status_token]))

    assert status(handoff)["expected_by"] is None
    assert "We cannot say yet when exactly." in page.content.decode()
    assert not Expectation.objects.exists()


def test_when_everybody_leaves_nothing_is_promised_any_more(shop: Shop, bot: Client) -> None:
    handoff = put(shop, bot)
    assert status(handoff)["expected_by"] is not None

    measured(shop, reviewers_present=0)

    assert status(handoff)["expected_by"] is None


def test_nothing_is_promised_past_the_deadline_or_where_several_decide(
    shop: Shop, bot: Client
) -> None:
    soon = put(shop, bot, deadline_at=now() + timedelta(minutes=4))
    several = put(shop, bot, safeguards={"approvers": 2})

    assert told(soon) is None
    assert told(several) is None


def test_what_gathers_is_expected_after_it_was_gathered(shop: Shop, bot: Client) -> None:
    handoff = put(shop, bot)
    until = now() + timedelta(hours=1)
    Handoff.objects.filter(id=handoff.id).update(gather_until=until)

    found = told(handoff)

    assert found and found.by_at > until


def test_a_closed_queue_counts_from_its_opening(shop: Shop, bot: Client) -> None:
    tomorrow = now() + timedelta(days=1)
    shop.queue.hours = {tomorrow.strftime("%A").lower(): ["12:00-13:00"]}
    shop.queue.save()
    handoff = put(shop, bot, deadline_at=now() + timedelta(days=9))

    found = told(handoff)

    assert found and (found.by_at.date(), found.by_at.hour) == (tomorrow.date(), 12)


def test_when_the_time_is_over_they_are_told_that_it_takes_longer(shop: Shop, bot: Client) -> None:
    handoff = put(shop, bot)
    first = told(handoff)
    assert first
    back_dated(first, minutes=30)

    again = status(handoff)

    assert again["revised"] is True
    assert again["expected_by"] > now().isoformat()
    assert list(Expectation.objects.values_list("revision", flat=True).order_by("revision")) == [
        1,
        2,
    ]


def test_a_little_later_is_not_told_and_much_later_is(shop: Shop, bot: Client) -> None:
    handoff = put(shop, bot)
    first = told(handoff)
    measured(shop, finished_per_hour=20, hands=1.4)
    still = told(handoff)
    measured(shop, finished_per_hour=2, hands=0.1)
    much = told(handoff)

    assert first and still and much
    assert first.pk == still.pk
    assert (much.revision, much.by_at > first.by_at + expectations.SLACK) == (2, True)


def test_nobody_is_put_off_again_and_again(shop: Shop, bot: Client) -> None:
    handoff = put(shop, bot)
    for _ in range(expectations.MOST_REVISIONS):
        found = told(handoff)
        assert found
        back_dated(found, hours=2)

    assert told(handoff) is None
    assert Expectation.objects.count() == expectations.MOST_REVISIONS


def test_a_claim_shows_in_nothing(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot)
    before = status(handoff)
    claims.pick(handoff.id, by=ann, now=now())
    during = status(handoff)
    claims.give_back(handoff.id, by=ann, now=now())

    assert before == during == status(handoff)


def test_a_question_to_the_agent_and_one_taken_on_have_no_such_time(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot)
    claims.pick(handoff.id, by=ann, now=now())
    claims.mark_opened(handoff.id, by=ann, now=now())
    decisions.ask_information(handoff.id, by=ann, question="Which?", now=now())

    assert told(handoff) is None


class TestHowGoodItWas:
    def test_answers_in_time_are_kept_and_open_ones_are_not(
        self, shop: Shop, bot: Client, ann: User
    ) -> None:
        kept, late, open_one, withdrawn, young = (put(shop, bot) for _ in range(5))
        for handoff in (kept, late, open_one, withdrawn):
            told(handoff)
        for handoff in (kept, late):
            claims.pick(handoff.id, by=ann, now=now())
            claims.mark_opened(handoff.id, by=ann, now=now())
            decisions.decide(handoff.id, by=ann, choice=Choice(verb="approve"), now=now())
        answers.withdraw(withdrawn.id, reason="a test", by=SYSTEM, now=now())
        # as if the time of all these was over, of the first just after its answer
        for one in Expectation.objects.all():
            Expectation.objects.filter(pk=one.pk).update(by_at=now(), median_at=one.told_at)
        Expectation.objects.filter(handoff=late).update(by_at=now() - timedelta(minutes=1))
        told(young)

        (week,) = expectations.weeks(shop.workflow.pk)

        assert (week.told, week.kept, week.sooner) == (3, 1, 0)

    def test_only_what_was_told_first_counts(self, shop: Shop, bot: Client) -> None:
        handoff = put(shop, bot)
        first = told(handoff)
        assert first
        back_dated(first, minutes=30)
        told(handoff)

        (week,) = expectations.weeks(shop.workflow.pk)

        assert (week.told, week.kept, week.revised) == (1, 0, 1)

    def test_another_workflow_is_not_counted(self, shop: Shop, bot: Client) -> None:
        assert expectations.weeks(shop.workflow.pk + 1) == []


def test_looking_costs_the_same_with_many_before_it(
    shop: Shop, bot: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(6):
        handoff = put(shop, bot)
    told(handoff)

    with django_assert_max_num_queries(16):
        status(handoff)


def test_a_stopped_workflow_says_so(shop: Shop, bot: Client, mia: User) -> None:
    handoff = put(shop, bot)
    assert Run.objects.get(id=handoff.run_id).state == "PAUSED_PENDING_HUMAN"
    Stop.objects.create(workflow=shop.workflow, reason="a test", stopped_by=mia)

    said = status(handoff)

    assert said["line"] == "The work on your request is paused at the moment."
    assert said["expected_by"] is None
