"""What tests are made of is drawn as often as its certificate says, and nothing else is."""

from collections import Counter

import pytest
from django.utils import timezone

from accounts.models import Client, User
from oversight.blind_tests import sources, sowing
from oversight.models import FaultCertificate
from oversight.statistics import pacing
from reviews.models import Plant
from tests import factories
from tests.oversight import sown
from tests.oversight.sown import Desk

pytestmark = pytest.mark.django_db
now = timezone.now
TIMES = 300


@pytest.fixture
def desk(shop: factories.Shop, bot: Client, bot_key: str, mia: User, ann: User) -> Desk:
    return sown.desk(shop, bot, bot_key, owner=mia, reviewer=ann)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which handoffs were looked at for a test, in their order."""
    found, read = list[str](), sources.read

    def noted(handoff: str) -> sources.Source:
        found.append(handoff)
        return read(handoff)

    monkeypatch.setattr(sources, "read", noted)
    return found


def test_one_that_stands_for_three_is_drawn_three_times_as_often(
    desk: Desk, looked_at: list[str]
) -> None:
    some = [one.pk for one in desk.past[:4]]
    draws = dict.fromkeys(some, 1.0) | {some[0]: 3.0}
    cohort = sown.due(desk)

    for number in range(TIMES):

        def lot(handoff: str, number: int = number) -> float:
            return pacing.place(b"key", str(number), handoff)

        next(sources.find(cohort, "refund_order", draws=draws, lot=lot, now=now()))

    drawn = Counter(looked_at)
    # three of six; four standard errors are 35
    assert abs(drawn[some[0]] - TIMES / 2) < 35
    assert set(drawn) == set(some)


def test_a_test_is_made_of_what_its_certificate_names(desk: Desk, looked_at: list[str]) -> None:
    named = desk.past[2].pk
    FaultCertificate.objects.update(draws={named: 1.0})

    desk.test()

    assert looked_at == [named]


def test_of_what_no_certificate_names_none_is_made(desk: Desk) -> None:
    FaultCertificate.objects.update(draws={})
    sown.due(desk)

    sowing.begin_due(now=now())

    assert not Plant.objects.exists()
