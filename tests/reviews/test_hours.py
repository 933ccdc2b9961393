"""When people are there, who stands in for them, and that each only speaks for themselves."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.test import Client as Browser
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Client, User
from accounts.roles import Role
from handoffs.models import AuditEntry
from reviews import availability, claims, passing
from reviews.errors import AbsenceShape, ColleagueAway, HoursShape, NotYours
from reviews.forms import hours as forms
from reviews.models import Absence, Availability, Claim
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db

WEEK = {"monday": ["09:00-12:00", "13:00-17:00"]}


def away(user: User, *, stand_in: User | None = None, hours: int = 8) -> Absence:
    at = now()
    return availability.go_away(
        user,
        starts_at=at - timedelta(minutes=1),
        ends_at=at + timedelta(hours=hours),
        stand_in=stand_in,
        by=user,
        now=at,
    )


def keep(user: User, **said: Any) -> Availability:
    said = {"time_zone": "UTC", "hours": {}, "assignable": True, **said}
    return availability.set_hours(user, by=user, now=now(), **said)


@pytest.fixture
def cleo(shop: Shop) -> User:
    return factories.UserFactory(name="Cleo", roles=[Role.REVIEWER], groups=[shop.team])


class TestHours:
    def test_somebody_without_hours_is_there(self, ann: User):
        assert availability.there([ann.pk])[ann.pk].there

    def test_outside_their_hours_they_are_back_when_these_begin(self, ann: User):
        at = now()
        tomorrow = (at + timedelta(days=2)).strftime("%A").lower()
        keep(ann, hours={tomorrow: ["08:00-09:00"]})

        said = availability.there([ann.pk])[ann.pk]

        assert (said.there, said.away) == (False, False)
        assert said.until is not None and said.until.hour == 8 and said.until > at

    @pytest.mark.parametrize("zone", ["Mars/Base", "", "Europe/Berlin'; drop table x"])
    def test_an_unknown_zone_is_refused(self, ann: User, zone: str):
        with pytest.raises(HoursShape):
            keep(ann, time_zone=zone)
        assert not Availability.objects.exists()

    def test_hours_that_overlap_are_refused(self, ann: User):
        with pytest.raises(HoursShape, match="overlap"):
            keep(ann, hours={"monday": ["09:00-12:00", "11:00-13:00"]})

    def test_nobody_changes_a_colleagues_hours_but_a_manager(self, ann: User, ben: User, mia: User):
        for_ann = {"time_zone": "UTC", "hours": WEEK, "assignable": False, "now": now()}
        with pytest.raises(NotYours):
            availability.set_hours(ann, by=ben, **for_ann)

        availability.set_hours(ann, by=mia, **for_ann)

        assert not availability.hours_of(ann).assignable
        assert AuditEntry.objects.filter(action="availability.changed").count() == 1

    @pytest.mark.parametrize(
        ("typed", "read"),
        [
            ("09:00-12:00, 13:00-17:00", ["09:00-12:00", "13:00-17:00"]),
            ("9-17", ["09:00-17:00"]),
            ("9:30 – 12", ["09:30-12:00"]),
            ("", []),
            ("mornings", ["mornings"]),
        ],
    )
    def test_times_are_read_as_people_type_them(self, typed: str, read: list[str]):
        body = QueryDict(mutable=True)
        body.update({"time_zone": "UTC", "monday": typed})
        assert forms.hours(body)["hours"]["monday"] == read


class TestAway:
    def test_a_person_who_is_away_is_not_there_until_the_end(self, ann: User):
        absence = away(ann)

        said = availability.there([ann.pk])[ann.pk]

        assert (said.there, said.away, said.until) == (False, True, absence.ends_at)

    def test_back_early_they_are_there_at_once(self, ann: User):
        absence = away(ann)
        assert availability.come_back(absence.pk, ann, by=ann, now=now())
        assert availability.there([ann.pk])[ann.pk].there
        assert availability.come_back(absence.pk + 1, ann, by=ann, now=now()) is False

    def test_what_was_only_planned_is_dropped(self, ann: User):
        at = now()
        planned = availability.go_away(
            ann, starts_at=at + timedelta(days=1), ends_at=at + timedelta(days=2), by=ann, now=at
        )
        availability.come_back(planned.pk, ann, by=ann, now=at)
        assert not Absence.objects.exists()

    @pytest.mark.parametrize(("since", "until"), [(-2, -1), (2, 1), (0, 24 * 367)])
    def test_no_time_to_be_away_is_refused(self, ann: User, since: int, until: int):
        at = now()
        with pytest.raises(AbsenceShape):
            availability.go_away(
                ann,
                starts_at=at + timedelta(hours=since),
                ends_at=at + timedelta(hours=until),
                by=ann,
                now=at,
            )

    def test_twice_at_one_time_is_refused_also_by_the_database(self, ann: User):
        absence = away(ann)
        with pytest.raises(AbsenceShape, match="already"):
            away(ann)
        with pytest.raises(IntegrityError, match="absence_one_at_a_time"), transaction.atomic():
            Absence.objects.create(person=ann, starts_at=absence.starts_at, ends_at=absence.ends_at)


class TestStandingIn:
    def test_whoever_stands_in_has_what_goes_to_the_absent_one(
        self, shop: Shop, ann: User, ben: User, cleo: User
    ):
        assert availability.stand_in(ann) == ann
        away(ann, stand_in=ben)
        assert availability.stand_in(ann) == ben
        away(ben, stand_in=cleo)
        assert availability.stand_in(ann) == cleo

    def test_round_a_circle_nobody_stands_in(self, shop: Shop, ann: User, ben: User):
        away(ann, stand_in=ben)
        away(ben, stand_in=ann)
        assert availability.stand_in(ann) is None

    def test_only_somebody_of_the_same_queue_can_stand_in(self, shop: Shop, ann: User, olga: User):
        with pytest.raises(AbsenceShape, match="share no queue"):
            away(ann, stand_in=olga)

    def test_what_is_handed_to_the_absent_one_goes_to_them(
        self, shop: Shop, bot: Client, ann: User, ben: User, cleo: User
    ):
        handoff = put(shop, bot)
        claims.take_next(by=ann, now=now())
        away(ben, stand_in=cleo)

        claim = passing.hand_over(handoff.id, by=ann, colleague=ben.pk, note="Look", now=now())

        assert claim.reviewer == cleo

    def test_standing_in_gives_no_authority(self, shop: Shop, bot: Client, ann: User, ben: User):
        # works the same queue, decides nothing in it
        team = factories.make_team("others")
        factories.let_work(team, shop.queue)
        dora = factories.UserFactory(name="Dora", roles=[Role.REVIEWER], groups=[team])
        handoff = put(shop, bot)
        claims.take_next(by=ann, now=now())
        away(ben, stand_in=dora)

        with pytest.raises(ColleagueAway, match="Dora, who stands in, may not"):
            passing.hand_over(handoff.id, by=ann, colleague=ben.pk, note="Look", now=now())

        assert Claim.objects.get(handoff=handoff, ended_at=None).reviewer == ann

    def test_nothing_is_handed_to_somebody_away_without_one(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ):
        handoff = put(shop, bot)
        claims.take_next(by=ann, now=now())
        away(ben)
        with pytest.raises(ColleagueAway, match="Ben is away"):
            passing.hand_over(handoff.id, by=ann, colleague=ben.pk, note="Look", now=now())


class TestPage:
    def test_hours_are_kept_and_shown(self, shop: Shop, ann: User, client: Browser):
        client.force_login(ann)
        typed = {"time_zone": "Europe/Berlin", "monday": "9-12, 13-17", "assignable": "1"}

        assert client.post(reverse("reviews:hours-change"), typed).status_code == 302

        page = client.get(reverse("reviews:hours")).content.decode()
        assert "Mon 09:00–12:00 and 13:00–17:00 Berlin time" in page
        assert 'value="09:00-12:00, 13:00-17:00"' in page

    def test_what_was_typed_stays_after_a_refusal(self, shop: Shop, ann: User, client: Browser):
        client.force_login(ann)
        typed = {"time_zone": "UTC", "monday": "mornings <b>"}

        answer = client.post(reverse("reviews:hours-change"), typed)

        assert answer.status_code == 422
        assert 'value="mornings &lt;b&gt;"' in answer.content.decode()

    def test_away_with_a_stand_in_and_back(self, shop: Shop, ann: User, ben: User, client: Browser):
        client.force_login(ann)
        keep(ann, time_zone="America/New_York")
        here = now().astimezone(ZoneInfo("America/New_York"))
        typed = {
            "from": f"{here - timedelta(hours=1):%Y-%m-%dT%H:%M}",
            "until": f"{here + timedelta(hours=30):%Y-%m-%dT%H:%M}",
            "stand_in": str(ben.pk),
        }
        assert client.post(reverse("reviews:go-away"), typed).status_code == 302
        absence = Absence.objects.get()
        assert absence.starts_at.astimezone(UTC) < now() < absence.ends_at
        assert "Ben stands in" in client.get(reverse("reviews:hours")).content.decode()

        client.force_login(ben)
        assert "You stand in for Ann" in client.get(reverse("reviews:hours")).content.decode()
        client.post(reverse("reviews:come-back", args=[absence.pk]))
        assert availability.absences() != {}, "only their own"

        client.force_login(ann)
        client.post(reverse("reviews:come-back", args=[absence.pk]))
        assert availability.absences() == {}

    def test_no_time_is_refused_with_a_sentence(self, shop: Shop, ann: User, client: Browser):
        client.force_login(ann)
        answer = client.post(reverse("reviews:go-away"), {"from": "soon", "until": ""})
        assert answer.status_code == 422
        assert "no time to be away" in answer.content.decode()

    def test_a_manager_says_it_in_the_admin(
        self, shop: Shop, ann: User, ben: User, mia: User, client: Browser
    ):
        client.force_login(mia)
        at = datetime.now(UTC)
        typed = {
            "person": ann.pk,
            "starts_at_0": f"{at:%Y-%m-%d}",
            "starts_at_1": "00:00",
            "ends_at_0": f"{at + timedelta(days=3):%Y-%m-%d}",
            "ends_at_1": "00:00",
            "stand_in": ben.pk,
        }
        answer = client.post(reverse("admin:reviews_absence_add"), typed)
        assert answer.status_code == 302, answer.context["errors"]
        assert availability.stand_in(ann) == ben
        client.post(
            reverse("admin:reviews_absence_delete", args=[Absence.objects.get().pk]),
            {"post": "yes"},
        )
        assert availability.stand_in(ann) == ann
