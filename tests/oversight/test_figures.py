"""Handling times leave the database only where nobody can find themselves in them."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from accounts.models import Client, User
from accounts.roles import Role
from oversight.models import Arrival, QueueFigures
from oversight.queues import figures
from tests import factories, walks
from tests.factories import Shop
from tests.oversight import histories
from tests.oversight.histories import TODAY, Past

pytestmark = pytest.mark.django_db


def told(shop: Shop, bot: Client, shares: Sequence[int]) -> QueueFigures:
    """Measure a week in which each of these people worked so many, ten minutes each."""
    people = [
        factories.UserFactory(email=f"p{n}@example.com", roles=[Role.REVIEWER], groups=[shop.team])
        for n in range(len(shares))
    ]
    hands: list[User] = [one for one, many in zip(people, shares, strict=True) for _ in range(many)]
    came = [TODAY - timedelta(days=3) + timedelta(minutes=n) for n in range(len(hands))]
    past = [
        Past(came_at=at, taken_at=at, ended_at=at + timedelta(minutes=10)) for at in came
    ]  # fmt: skip
    stored = histories.store(shop, walks.start_run(shop, bot), past, hands, deadline=3600)
    Arrival.objects.bulk_create(
        Arrival(handoff_id=one.id, queue=shop.queue, came_at=one.opened_at, look_at=one.opened_at,
                outcome="in_time")
        for one in stored
    )  # fmt: skip
    figures.measure(now=TODAY)
    found = QueueFigures.objects.get(queue=shop.queue)
    assert found.handled == len(hands)
    return found


@pytest.mark.parametrize(
    ("shares", "is_told"),
    [
        ([4, 4, 4, 4, 4], True),
        # too few people, though none of them did much of it
        ([5, 5, 5, 5], False),
        # five, and one of them did two of five, or just more
        ([8, 3, 3, 3, 3], True),
        ([9, 3, 3, 3, 2], False),
        # too little altogether
        ([4, 4, 4, 4, 3], False),
    ],
)
def test_handling_is_told_of_enough_people_none_of_whom_did_most(
    shop: Shop, bot: Client, shares: list[int], *, is_told: bool
) -> None:
    found = told(shop, bot, shares)

    assert found.handling_seconds == (pytest.approx(600) if is_told else None)
    assert (found.handling_spread is not None) == is_told
