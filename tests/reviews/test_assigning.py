"""Work that comes to people: to who is there, may decide it, has room, and carries least."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Client, User
from accounts.roles import Role
from governance import workflow_files
from handoffs import stops
from handoffs.actors import person_actor
from handoffs.models import AuditEntry, Handoff, Queue
from reviews import assigning, availability, caps, claims, decisions
from reviews.decisions import Choice
from reviews.models import Caps, Claim, Presence
from tests import factories
from tests.factories import Shop
from tests.reviews.racing import all_at_once
from tests.reviews.waiting import let_lease_run_out, put


def here(*people: User) -> None:
    for one in people:
        assigning.note_here(one, now=now())


def assign() -> int:
    return assigning.assign(now=now())


def holder(handoff: Handoff) -> User | None:
    claim = Claim.objects.filter(handoff=handoff, ended_at=None, expires_at__gt=now()).first()
    return claim.reviewer if claim else None


def open_it(claim: Claim, by: User) -> None:
    claims.mark_opened(claim.handoff_id, by=by, now=now())


def pass_by(handoff: Handoff) -> None:
    let_lease_run_out(handoff)
    claims.end_stale(now())


@pytest.fixture
def push(shop: Shop) -> Shop:
    Queue.objects.filter(pk=shop.queue.pk).update(mode="push", push_seconds=60)
    shop.queue.refresh_from_db()
    return shop


@pytest.mark.django_db
class TestAssigning:
    def test_it_goes_to_who_is_at_the_desk(self, push: Shop, bot: Client, ann: User, ben: User):
        handoff = put(push, bot)
        assert assign() == 0, "nobody is there"

        here(ben)
        assert assign() == 1

        claim = Claim.objects.get()
        assert (claim.reviewer, claim.assigned, claim.opened_at) == (ben, True, None)
        assert (claim.expires_at - claim.taken_at).total_seconds() == pytest.approx(60, abs=1)
        assert AuditEntry.objects.filter(action="handoff.assigned", subject=handoff.id).exists()

    def test_where_people_take_the_next_nothing_is_assigned(
        self, shop: Shop, bot: Client, ann: User
    ):
        put(shop, bot)
        Presence.objects.create(user=ann)
        assert assign() == 0

    def test_it_goes_to_who_carries_less_and_has_been_at_it_shorter(
        self, push: Shop, bot: Client, ann: User, ben: User
    ):
        here(ann, ben)
        for _ in range(4):
            put(push, bot)

        assign()

        held = Claim.objects.values_list("reviewer", flat=True)
        assert sorted(held) == sorted([ann.pk, ben.pk] * 2)

    def test_nobody_is_given_more_than_they_may_hold(
        self, push: Shop, bot: Client, ann: User, ben: User
    ):
        Caps.objects.create(user=ben, open_limit=1)
        here(ann, ben)
        for _ in range(caps.OPEN + 3):
            put(push, bot)

        assign()

        assert (caps.used(ann).open, caps.used(ben).open) == (caps.OPEN, 1)

    def test_when_somebody_has_room_again_what_waits_moves_without_a_new_arrival(
        self, push: Shop, bot: Client, ann: User
    ):
        Caps.objects.create(user=ann, open_limit=1)
        here(ann)
        first, second = put(push, bot, due_in=600), put(push, bot, due_in=900)
        assign()
        assert (holder(first), holder(second)) == (ann, None)
        assert assign() == 0

        open_it(Claim.objects.get(), ann)
        decisions.decide(first.id, by=ann, choice=Choice(verb="approve"), now=now())

        assert assign() == 1
        assert holder(second) == ann

    def test_what_is_not_opened_goes_on_to_a_colleague_and_not_back(
        self, push: Shop, bot: Client, ann: User, ben: User
    ):
        handoff = put(push, bot)
        here(ann, ben)
        assign()
        first = holder(handoff)
        pass_by(handoff)
        assign()
        second = holder(handoff)
        assert {first, second} == {ann, ben}

        pass_by(handoff)
        assert assign() == 0, "everybody was asked: it waits for who takes the next"
        taken = claims.take_next(by=ann, now=now())
        assert taken is not None and taken.handoff_id == handoff.id

    def test_after_an_hour_they_are_asked_again(self, push: Shop, bot: Client, ann: User):
        handoff = put(push, bot)
        here(ann)
        assign()
        pass_by(handoff)
        Claim.objects.update(ended_at=now() - timedelta(minutes=61))
        assert assign() == 1

    def test_opened_it_lives_as_long_as_any_claim(self, push: Shop, bot: Client, ann: User):
        put(push, bot)
        here(ann)
        assign()
        open_it(Claim.objects.get(), ann)
        claim = Claim.objects.get()
        assert claim.expires_at - now() > timedelta(seconds=push.queue.lease_seconds - 5)

    def test_nobody_is_assigned_what_they_may_not_decide(
        self, push: Shop, bot: Client, ann: User, ben: User
    ):
        others = factories.make_team("others")
        factories.let_work(others, push.queue)
        dora = factories.UserFactory(name="Dora", roles=[Role.REVIEWER], groups=[others])
        handoff = put(push, bot)
        handoff.run.requester = {"email": ann.email}
        handoff.run.save(update_fields=["requester"])
        here(ann, dora)

        assert assign() == 0

        here(ben)
        assert assign() == 1 and holder(handoff) == ben

    def test_what_nobody_there_may_decide_holds_up_nothing_behind_it(
        self, push: Shop, bot: Client, ann: User
    ):
        others = factories.make_team("others")
        for _ in range(3):
            put(push, bot, due_in=60, role=others)
        mine = put(push, bot, due_in=9000)
        here(ann)
        assert assign() == 1 and holder(mine) == ann

    @pytest.mark.parametrize("why", ["away", "hours", "switch", "gone", "role"])
    def test_who_is_not_there_is_given_nothing(self, push: Shop, bot: Client, ann: User, why: str):
        put(push, bot)
        here(ann)
        at = now()
        never = {(at + timedelta(days=3)).strftime("%A").lower(): ["01:00-02:00"]}
        said = {"time_zone": "UTC", "hours": {}, "assignable": True, "by": ann, "now": at}
        match why:
            case "away":
                availability.go_away(
                    ann, starts_at=at, ends_at=at + timedelta(hours=1), by=ann, now=at
                )
            case "hours":
                availability.set_hours(ann, **{**said, "hours": never})
            case "switch":
                availability.set_hours(ann, **{**said, "assignable": False})
            case "gone":
                Presence.objects.update(seen_at=at - timedelta(seconds=130))
            case "role":
                User.objects.filter(pk=ann.pk).update(roles=[Role.AUDITOR.value])
        assert assign() == 0

    def test_who_goes_away_leaves_what_they_have_not_opened(
        self, push: Shop, bot: Client, ann: User, ben: User
    ):
        handoff = put(push, bot)
        here(ann)
        assign()
        at = now()
        availability.go_away(ann, starts_at=at, ends_at=at + timedelta(hours=1), by=ann, now=at)
        here(ben)

        assign()
        claims.end_stale(now())
        assign()

        assert holder(handoff) == ben

    def test_of_what_is_stopped_nothing_is_assigned(
        self, push: Shop, bot: Client, ann: User, mia: User
    ):
        put(push, bot)
        here(ann)
        with connection.cursor() as cursor:
            cursor.execute("select overread_stopped_workflows()")
            assert cursor.fetchone()[0] == []
        stop(push, mia)
        assert assign() == 0
        assert claims.take_next(by=ann, now=now()) is None

    def test_what_is_urgent_is_assigned_first(self, push: Shop, bot: Client, ann: User):
        Caps.objects.create(user=ann, open_limit=1)
        put(push, bot, due_in=600)
        urgent = put(push, bot, due_in=6000, urgent_since=now())
        here(ann)
        assign()
        assert holder(urgent) == ann


@pytest.mark.django_db
class TestDesk:
    def test_the_desk_says_that_somebody_is_there_and_shows_what_is_theirs(
        self, push: Shop, bot: Client, ann: User, client: Browser
    ):
        put(push, bot)
        client.force_login(ann)
        client.get(reverse("reviews:desk"))
        assert assign() == 1
        page = client.get(reverse("reviews:desk"), headers={"HX-Request": "true"}).content.decode()
        assert "assigned to you, open it by" in page

    def test_where_nothing_is_assigned_nobody_is_noted(
        self, shop: Shop, ann: User, client: Browser
    ):
        client.force_login(ann)
        client.get(reverse("reviews:desk"))
        assert not Presence.objects.exists()

    def test_it_is_noted_to_the_half_minute(self, push: Shop, ann: User):
        here(ann)
        first = Presence.objects.get().seen_at
        here(ann)
        assert Presence.objects.get().seen_at == first


@pytest.mark.django_db
def test_the_file_of_a_workflow_carries_how_a_queue_assigns(push: Shop, mia: User) -> None:
    written = workflow_files.export(push.workflow)
    assert "mode: push" in written and "push_seconds: 60" in written


def test_two_workers_at_once_assign_each_once(
    committed_db: Any, push: Shop, bot: Client, ann: User, ben: User
) -> None:
    for _ in range(6):
        put(push, bot)
    here(ann, ben)

    racers = all_at_once([assign, assign, assign])

    assert sum(one.result for one in racers) == 6
    assert Claim.objects.filter(ended_at=None).count() == 6


def stop(shop: Shop, by: User) -> None:
    stops.stop(
        shop.workflow,
        reason="Wrong refunds",
        presser=stops.Presser(by=person_actor(by.pk, "manager"), user=by),
        now=now(),
    )
