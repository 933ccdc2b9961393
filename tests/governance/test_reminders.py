"""Owners are reminded of reviews: two weeks before, on the day, then weekly; each time once."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from accounts.models import User
from governance import maps, reminders
from governance.models import ReviewReminder
from handoffs.actors import SYSTEM
from handoffs.models import AuditEntry, OutboxMessage, Workflow
from tests import factories
from tests.database import Databases
from tests.reviews.racing import all_at_once

REVIEW = date(2027, 2, 1)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


@pytest.fixture
def owned(shop: factories.Shop, mia: User) -> Workflow:
    Workflow.objects.filter(pk=shop.workflow.pk).update(owner=mia, review_on=REVIEW)
    shop.workflow.refresh_from_db()
    return shop.workflow


def mails() -> list[str]:
    return list(
        OutboxMessage.objects.filter(event="review.due")
        .order_by("created_at", "id")
        .values_list("payload__text", flat=True)
    )


@pytest.mark.parametrize(
    ("days", "due"),
    [(-15, None), (-14, -14), (-1, -14), (0, 0), (6, 0), (7, 7), (13, 7), (14, 14), (400, 399)],
)
def test_a_reminder_is_due_before_on_and_weekly_after_the_day(days: int, due: int | None) -> None:
    day = reminders.due_on(REVIEW, REVIEW + timedelta(days=days))

    assert day == (None if due is None else REVIEW + timedelta(days=due))


def test_every_day_of_two_months_brings_the_stated_reminders_and_no_more(owned: Workflow) -> None:
    told = []
    for day in (REVIEW + timedelta(days=n) for n in range(-30, 30)):
        for hour in (1, 23):
            if reminders.remind(now=noon(day).replace(hour=hour)):
                told.append((day - REVIEW).days)

    assert told == [-14, 0, 7, 14, 21, 28]
    assert len(mails()) == 6
    assert AuditEntry.objects.filter(action="review.reminded").count() == 6


def test_after_an_outage_only_the_last_reminder_goes_out(owned: Workflow) -> None:
    reminders.remind(now=noon(REVIEW + timedelta(days=40)))

    (text,) = mails()
    assert "Retail support: the review was due on 2027-02-01, 40 days ago." in text


def test_an_owner_of_many_gets_one_mail(owned: Workflow, mia: User) -> None:
    other = factories.launch_shop(slug="other-shop", team=factories.make_team("others")).workflow
    Workflow.objects.filter(pk=other.pk).update(owner=mia, review_on=REVIEW)

    assert reminders.remind(now=noon(REVIEW)) == 1

    (message,) = OutboxMessage.objects.filter(event="review.due")
    assert message.mail_to == mia.email
    assert message.payload["subject"] == "2 reviews are due"
    assert message.payload["text"].count("the review is due today.") == 2


def test_a_new_review_date_starts_anew(owned: Workflow) -> None:
    reminders.remind(now=noon(REVIEW))
    Workflow.objects.update(review_on=REVIEW + timedelta(days=90))

    assert reminders.remind(now=noon(REVIEW)) == 0
    assert reminders.remind(now=noon(REVIEW + timedelta(days=90))) == 1


def test_the_map_in_force_has_a_review_date_of_its_own(
    owned: Workflow, shop: factories.Shop
) -> None:
    soon = REVIEW - timedelta(days=60)
    maps.review(shop.map, review_on=soon, by=SYSTEM, now=noon(soon))

    reminders.remind(now=noon(soon - timedelta(days=1)))

    (text,) = mails()
    assert "Retail support, map version 1: the review is due on 2026-12-03, in 1 day." in text


@pytest.mark.parametrize("change", ["not launched", "nobody owns it", "the owner left"])
def test_nobody_is_reminded_who_cannot_act(owned: Workflow, mia: User, change: str) -> None:
    match change:
        case "not launched":
            Workflow.objects.update(launched_at=None)
        case "nobody owns it":
            Workflow.objects.update(owner=None)
        case "the owner left":
            User.objects.filter(pk=mia.pk).update(is_active=False)

    assert reminders.remind(now=noon(REVIEW)) == 0


def test_two_workers_at_once_remind_once(committed_db: Databases, owned: Workflow) -> None:
    racers = all_at_once([lambda: reminders.remind(now=noon(REVIEW))] * 4)

    assert sorted(racer.result for racer in racers) == [0, 0, 0, 1]
    assert ReviewReminder.objects.count() == len(mails()) == 1
