"""How much one person is given: at once, in an hour, in a day and in minutes; also by two pages."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils.timezone import now

from accounts.errors import NotAllowed
from accounts.models import Client, User
from handoffs.models import Handoff
from reviews import caps, claims, desk
from reviews.errors import (
    CapReached,
    CapsShape,
    EnoughForNow,
    EnoughForToday,
    HandsFull,
    LongEnoughToday,
)
from reviews.models import Availability, Caps, Claim
from reviews.pages import rest as pages
from tests import factories
from tests.factories import Shop
from tests.reviews.racing import all_at_once
from tests.reviews.waiting import put


def limit(user: User, mia: User, **limits: int) -> None:
    wanted = dict.fromkeys(("open_limit", "hour_limit", "day_limit", "minutes_limit"))
    caps.limit(user, **{**wanted, **limits}, by=mia, now=now())


def take(user: User) -> Claim | None:
    return claims.take_next(by=user, now=now())


def had(user: User, handoff: Handoff, *, ago: float, minutes: float, opened: bool = True) -> None:
    """Leave a claim as if it had been worked on so many minutes ago."""
    turn = Claim.objects.filter(handoff=handoff).count() + 1
    number = Claim.objects.filter(reviewer=user).count() + 1
    began = now() - timedelta(minutes=ago)
    ended = began + timedelta(minutes=minutes)
    claim = Claim.objects.create(
        handoff=handoff,
        reviewer=user,
        turn=turn,
        number=number,
        level=1,
        round=1,
        taken_at=began,
        expires_at=ended + timedelta(minutes=5),
        ended_at=ended,
        ended_because="given_back",
    )
    if opened:
        Claim.objects.filter(id=claim.pk).update(opened_at=now())


@pytest.mark.django_db
class TestCaps:
    def test_as_many_as_everybody_holds_without_any(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ):
        for _ in range(caps.OPEN):
            claims.put_into_hands(put(shop, bot).id, of=ann, seconds=60, now=now())

        with pytest.raises(HandsFull):
            claims.put_into_hands(put(shop, bot).id, of=ann, seconds=60, now=now())
        assert (caps.used(ann).open, caps.used(ann).full) == (caps.OPEN, "open")

    def test_fewer_where_a_manager_says_so(self, shop: Shop, bot: Client, ann: User, mia: User):
        limit(ann, mia, open_limit=1)
        claims.put_into_hands(put(shop, bot).id, of=ann, seconds=60, now=now())
        with pytest.raises(HandsFull):
            claims.put_into_hands(put(shop, bot).id, of=ann, seconds=60, now=now())

    def test_more_where_a_manager_says_so(self, shop: Shop, bot: Client, ann: User, mia: User):
        limit(ann, mia, open_limit=caps.OPEN + 1)
        for _ in range(caps.OPEN + 1):
            claims.put_into_hands(put(shop, bot).id, of=ann, seconds=60, now=now())
        assert caps.used(ann).open == caps.OPEN + 1

    @pytest.mark.parametrize(
        ("cap", "refusal"),
        [
            ("hour_limit", EnoughForNow),
            ("day_limit", EnoughForToday),
            ("minutes_limit", LongEnoughToday),
        ],
    )
    def test_whoever_has_had_enough_is_told_of_what(
        self, shop: Shop, bot: Client, ann: User, mia: User, cap: str, refusal: type[CapReached]
    ):
        one, two = put(shop, bot), put(shop, bot)
        Availability.objects.create(user=ann, time_zone=noon_zone())
        had(ann, one, ago=40, minutes=3)
        had(ann, two, ago=30, minutes=3)

        limit(ann, mia, **{cap: 7 if cap == "minutes_limit" else 3})
        taken = take(ann)
        assert taken is not None
        claims.give_back(taken.handoff_id, by=ann, now=now())

        limit(ann, mia, **{cap: 6 if cap == "minutes_limit" else 2})
        with pytest.raises(refusal) as refused:
            take(ann)
        assert type(refused.value) is refusal

    def test_nothing_waits_is_said_before_that_they_had_enough(
        self, shop: Shop, bot: Client, ann: User, mia: User
    ):
        limit(ann, mia, hour_limit=1)
        assert take(ann) is None

    def test_what_went_by_unopened_does_not_count(
        self, shop: Shop, bot: Client, ann: User, mia: User
    ):
        had(ann, put(shop, bot), ago=10, minutes=5, opened=False)
        assert (caps.used(ann).hour, caps.used(ann).minutes) == (0, 0)

    def test_an_hour_ago_is_over(self, shop: Shop, bot: Client, ann: User, mia: User):
        had(ann, put(shop, bot), ago=61, minutes=2)
        assert caps.used(ann).hour == 0

    def test_the_day_ends_at_midnight_where_they_are(
        self, shop: Shop, bot: Client, ann: User, mia: User
    ):
        had(ann, put(shop, bot), ago=120, minutes=1)
        # in this zone it is half past midnight or later, by less than an hour and a half
        Availability.objects.create(user=ann, time_zone=midnight_zone())
        assert caps.used(ann).day == 0
        Availability.objects.update(time_zone=noon_zone())
        assert caps.used(ann).day == 1

    def test_two_open_at_once_count_their_minutes_once(self, shop: Shop, bot: Client, ann: User):
        Availability.objects.create(user=ann, time_zone=noon_zone())
        had(ann, put(shop, bot), ago=30, minutes=10)
        had(ann, put(shop, bot), ago=25, minutes=10)
        assert caps.used(ann).minutes == pytest.approx(15, abs=0.1)

    @pytest.mark.parametrize("wrong", [{"open_limit": 0}, {"open_limit": 101}, {"day_limit": 0}])
    def test_what_is_no_cap_is_refused(self, ann: User, mia: User, wrong: dict[str, int]):
        with pytest.raises(CapsShape):
            limit(ann, mia, **wrong)
        with pytest.raises(IntegrityError, match="caps_"), transaction.atomic():
            Caps.objects.create(user=ann, **wrong)

    def test_nobody_sets_their_own(self, ann: User):
        with pytest.raises(NotAllowed):
            limit(ann, ann, open_limit=50)

    def test_a_manager_sets_them_in_the_admin(self, ann: User, mia: User, client: Browser):
        client.force_login(mia)
        answer = client.post(
            reverse("admin:reviews_caps_add"),
            {"user": ann.pk, "open_limit": 2, "hour_limit": "", "day_limit": 40},
        )
        assert answer.status_code == 302, answer.context["errors"]
        kept = caps.of(ann)
        assert (kept.open_limit, kept.hour_limit, kept.day_limit) == (2, None, 40)


@pytest.mark.django_db
class TestRest:
    def test_it_is_suggested_after_an_hour_and_a_half_without_a_break(
        self, shop: Shop, bot: Client, ann: User
    ):
        for start in range(95, 0, -9):
            had(ann, put(shop, bot), ago=start, minutes=min(8, start))
        used = caps.used(ann)
        assert used.unbroken == pytest.approx(95, abs=0.2)
        assert used.queue == shop.queue.pk and used.here == pytest.approx(95, abs=0.2)
        assert "1 h 35 min without a break" in pages.rest(used)

    def test_ten_minutes_away_begin_it_anew(self, shop: Shop, bot: Client, ann: User):
        had(ann, put(shop, bot), ago=120, minutes=90)
        had(ann, put(shop, bot), ago=15, minutes=14)
        used = caps.used(ann)
        assert used.unbroken == pytest.approx(15, abs=0.2)
        assert pages.rest(used) == ""

    def test_whoever_stopped_is_told_nothing(self, shop: Shop, bot: Client, ann: User):
        factories.let_work(shop.team, shop.leads_queue)
        put(shop, bot, queue=shop.leads_queue)
        had(ann, put(shop, bot), ago=120, minutes=100)
        assert caps.used(ann).unbroken == 0
        assert hint(ann) == ""

    def test_another_queue_is_suggested_after_an_hour_in_one(
        self, shop: Shop, bot: Client, ann: User, client: Browser
    ):
        for start in range(65, 0, -9):
            had(ann, put(shop, bot), ago=start, minutes=min(8, start))
        client.force_login(ann)
        assert hint(ann) == ""

        factories.let_work(shop.team, shop.leads_queue)
        assert hint(ann) == "", "nothing waits there"
        put(shop, bot, queue=shop.leads_queue)

        said = hint(ann)
        assert said.startswith("You have been in Refunds for 1 h 5 min.")
        assert said.endswith(f"{shop.leads_queue.name} has some too.")
        assert said in client.get(reverse("reviews:desk")).content.decode()

    def test_nobody_else_sees_it(
        self, shop: Shop, bot: Client, ann: User, ben: User, mia: User, client: Browser
    ):
        for start in range(95, 0, -9):
            had(ann, put(shop, bot), ago=start, minutes=min(8, start))
        for other in (ben, mia):
            client.force_login(other)
            assert "without a break" not in client.get(reverse("reviews:desk")).content.decode()


def hint(of: User) -> str:
    return pages.hint(caps.used(of), desk.overview(of, now()).queues)


class TestAtOnce:
    def test_two_pages_do_not_pass_a_cap(
        self, committed_db: Any, shop: Shop, bot: Client, ann: User, mia: User
    ):
        limit(ann, mia, open_limit=1)
        ids = [put(shop, bot).id for _ in range(6)]

        racers = all_at_once(
            [
                lambda one=one: claims.put_into_hands(one, of=ann, seconds=60, now=now())
                for one in ids
            ]
        )

        got = [one for one in racers if isinstance(one.result, Claim)]
        assert len(got) == 1
        assert caps.used(ann).open == 1


def _zone_where(hour: int) -> str:
    """Name a zone in which it is this hour now."""
    ahead = (hour - now().hour + 12) % 24 - 12
    return f"Etc/GMT{'-' if ahead >= 0 else '+'}{abs(ahead)}"


def noon_zone() -> str:
    return _zone_where(12)


def midnight_zone() -> str:
    return _zone_where(0)
