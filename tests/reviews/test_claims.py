"""Leases: who gets what, in which order, and when it ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils.timezone import now

from accounts.models import Client, User
from accounts.roles import Role
from handoffs.errors import NotFound
from handoffs.models import AuditEntry, Handoff
from reviews import claims
from reviews.errors import AlreadyClaimed, CapReached, ClaimLost, MayNotDecide, PickNotAllowed
from reviews.models import Claim, Draft
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import let_lease_run_out, put

pytestmark = pytest.mark.django_db


def take(person: User, queue_slug: str | None = None) -> Claim | None:
    return claims.take_next(by=person, now=now(), queue_slug=queue_slug)


def test_the_one_due_first_is_taken_first(shop: Shop, bot: Client, ann: User) -> None:
    put(shop, bot, due_in=7200)
    urgent = put(shop, bot, due_in=600)
    put(shop, bot, due_in=3600)

    claim = take(ann)

    assert claim is not None
    assert claim.handoff_id == urgent.id
    kept = Claim.objects.get()
    assert (kept.id, kept.reviewer, kept.level, kept.round) == (claim.id, ann, 1, 1)
    assert (kept.turn, kept.number) == (1, 1)
    assert kept.expires_at == claim.expires_at
    assert 295 < (kept.expires_at - kept.taken_at).total_seconds() <= 300


def test_taking_is_audited_by_user_and_names_no_person_elsewhere(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot)

    take(ann)

    entry = AuditEntry.objects.get(action="handoff.claimed")
    assert (entry.actor, entry.subject) == (f"user {ann.id}", handoff.id)
    assert bytes(entry.body) == b'{"level":1,"queue":"refunds","round":1,"seat":1}'


def test_a_newcomer_that_is_due_earlier_comes_first(shop: Shop, bot: Client, ann: User) -> None:
    first = put(shop, bot, due_in=3600)
    taken = take(ann)
    assert taken is not None and taken.handoff_id == first.id
    claims.give_back(first.id, by=ann, now=now())

    urgent = put(shop, bot, due_in=60)

    again = take(ann)
    assert again is not None and again.handoff_id == urgent.id


def test_with_several_queues_the_one_due_first_of_all_is_taken(
    shop: Shop, bot: Client, ann: User
) -> None:
    ann.groups.add(shop.leads)
    put(shop, bot, due_in=3600)
    urgent = put(shop, bot, due_in=60, queue=shop.leads_queue, role=shop.leads)

    claim = take(ann)

    assert claim is not None and claim.handoff_id == urgent.id


def test_only_the_named_queue_is_looked_at(shop: Shop, bot: Client, ann: User) -> None:
    ann.groups.add(shop.leads)
    wanted = put(shop, bot, due_in=3600)
    put(shop, bot, due_in=60, queue=shop.leads_queue, role=shop.leads)

    claim = take(ann, "refunds")

    assert claim is not None and claim.handoff_id == wanted.id


def test_an_empty_queue_gives_nothing(shop: Shop, ann: User) -> None:
    assert take(ann) is None
    assert not Claim.objects.exists()


def test_a_queue_that_is_not_theirs_is_not_there(shop: Shop, bot: Client, ann: User) -> None:
    put(shop, bot, queue=shop.leads_queue, role=shop.leads)

    with pytest.raises(NotFound):
        take(ann, "refunds-leads")
    assert take(ann) is None


def test_what_another_team_decides_is_passed_over(shop: Shop, bot: Client, ann: User) -> None:
    put(shop, bot, due_in=60, role=shop.leads)
    own = put(shop, bot, due_in=3600)

    claim = take(ann)

    assert claim is not None and claim.handoff_id == own.id


def test_each_reviewer_gets_another_one(shop: Shop, bot: Client, ann: User, ben: User) -> None:
    put(shop, bot)
    put(shop, bot)

    first, second = take(ann), take(ben)

    assert first and second and first.handoff_id != second.handoff_id


def test_what_i_hold_is_handed_back_to_me_first(shop: Shop, bot: Client, ann: User) -> None:
    put(shop, bot, due_in=3600)
    first = take(ann)
    put(shop, bot, due_in=60)

    again = take(ann)

    assert first and again and again.id == first.id
    assert Claim.objects.count() == 1


def test_handing_back_renews_the_lease(shop: Shop, bot: Client, ann: User) -> None:
    put(shop, bot)
    first = take(ann)
    assert first is not None
    Claim.objects.update(expires_at=first.expires_at - timedelta(seconds=200))

    again = take(ann)

    assert again and (again.expires_at - first.expires_at).total_seconds() > -5


def test_a_person_who_left_the_team_is_not_handed_back_what_they_held(
    shop: Shop, bot: Client, ann: User
) -> None:
    put(shop, bot)
    take(ann)

    ann.groups.clear()

    assert take(ann) is None


def test_an_inactive_person_takes_nothing(shop: Shop, bot: Client, ann: User) -> None:
    put(shop, bot)
    User.objects.filter(id=ann.id).update(is_active=False)

    with pytest.raises(MayNotDecide):
        take(ann)
    assert not Claim.objects.exists()


@pytest.mark.parametrize("role", list(Role))
def test_only_roles_that_decide_take(
    shop: Shop, bot: Client, refund_approvers: Group, role: Role
) -> None:
    put(shop, bot)
    person = factories.UserFactory(roles=[role.value], groups=[refund_approvers])

    if role in (Role.REVIEWER, Role.APPROVER):
        assert take(person) is not None
    else:
        with pytest.raises(MayNotDecide):
            take(person)


def test_a_superuser_without_a_deciding_role_takes_nothing(
    shop: Shop, bot: Client, refund_approvers: Group
) -> None:
    put(shop, bot)
    root = factories.UserFactory(is_superuser=True, is_staff=True, groups=[refund_approvers])

    with pytest.raises(MayNotDecide):
        take(root)


def test_the_cap_counts_what_is_held_in_other_queues(shop: Shop, bot: Client, ann: User) -> None:
    for _ in range(claims.OPEN_CLAIMS):
        handoff = put(shop, bot)
        claims.pick(handoff.id, by=ann, now=now())
    ann.groups.add(shop.leads)
    put(shop, bot, queue=shop.leads_queue, role=shop.leads)

    with pytest.raises(CapReached):
        take(ann, "refunds-leads")

    claims.give_back(handoff.id, by=ann, now=now())
    assert take(ann, "refunds-leads") is not None


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("claim_one_live_per_seat", {"turn": 2, "number": 2}),
        ("claim_turn_once", {"number": 2, "ended_because": "moved"}),
        ("claim_number_once", {"turn": 2, "ended_because": "moved"}),
        ("claim_ended_has_cause", {"turn": 2, "number": 2, "ended_because": "expired"}),
    ],
)
def test_what_must_not_be_is_refused_by_the_database(
    shop: Shop, bot: Client, ann: User, name: str, change: dict[str, Any]
) -> None:
    handoff = put(shop, bot)
    take(ann)
    ended_at = None if name == "claim_ended_has_cause" else change.get("ended_because") and now()
    row = {"turn": 1, "number": 1, "level": 1, "round": 1, "ended_at": ended_at, **change}

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Claim.objects.create(handoff=handoff, reviewer=ann, expires_at=now(), **row)


def test_a_lease_that_ran_out_frees_the_handoff_and_is_ended_in_passing(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    handoff = put(shop, bot)
    take(ann)
    let_lease_run_out(handoff)

    claim = take(ben)

    assert claim is not None and claim.handoff_id == handoff.id
    assert Claim.objects.get(reviewer=ann).ended_because == "expired"


def test_leases_that_ran_out_do_not_count_for_the_cap(shop: Shop, bot: Client, ann: User) -> None:
    for _ in range(claims.OPEN_CLAIMS):
        handoff = put(shop, bot)
        claims.pick(handoff.id, by=ann, now=now())
        let_lease_run_out(handoff)

    assert take(ann) is not None


def test_a_claim_on_a_handoff_that_moved_up_is_over(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    ben.groups.add(shop.leads)
    handoff = put(shop, bot)
    take(ann)
    Handoff.objects.filter(id=handoff.id).update(level=2, queue=shop.leads_queue, role=shop.leads)

    claim = take(ben)

    assert claim is not None and claim.level == 2
    assert Claim.objects.get(reviewer=ann).ended_because == "moved"
    with pytest.raises(ClaimLost):
        claims.renew(handoff.id, by=ann, now=now())


def test_what_i_gave_back_is_offered_to_me_last(shop: Shop, bot: Client, ann: User) -> None:
    first, second = put(shop, bot, due_in=60), put(shop, bot, due_in=3600)
    take(ann)
    claims.give_back(first.id, by=ann, now=now())

    claim = take(ann)
    assert claim is not None and claim.handoff_id == second.id
    claims.give_back(second.id, by=ann, now=now())

    claim = take(ann)
    assert claim is not None and claim.handoff_id == first.id


def test_what_i_gave_back_is_offered_to_others_at_once(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    first = put(shop, bot, due_in=60)
    put(shop, bot, due_in=3600)
    take(ann)
    claims.give_back(first.id, by=ann, now=now())

    claim = take(ben)

    assert claim is not None and claim.handoff_id == first.id


def test_giving_back_keeps_the_draft_and_is_audited(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot)
    take(ann)
    Draft.objects.create(handoff=handoff, reviewer=ann, body={"reason": "not yet"})

    assert claims.give_back(handoff.id, by=ann, now=now())

    assert Draft.objects.get().body == {"reason": "not yet"}
    assert AuditEntry.objects.filter(action="handoff.given_back", subject=handoff.id).exists()


def test_giving_back_twice_changes_nothing_the_second_time(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot)
    take(ann)

    assert claims.give_back(handoff.id, by=ann, now=now())
    assert not claims.give_back(handoff.id, by=ann, now=now())
    assert AuditEntry.objects.filter(action="handoff.given_back").count() == 1


def test_renewing_extends_by_the_queues_lease(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot)
    taken = take(ann)
    assert taken is not None
    Claim.objects.update(expires_at=taken.taken_at + timedelta(seconds=100))

    renewed = claims.renew(handoff.id, by=ann, now=now())

    assert renewed.expires_at >= taken.expires_at


def test_renewing_what_ran_out_is_refused_and_says_so(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot)
    take(ann)
    let_lease_run_out(handoff)

    with pytest.raises(ClaimLost, match=r"ended at \d\d:\d\d UTC. Nothing was sent"):
        claims.renew(handoff.id, by=ann, now=now())


def test_the_one_who_lost_a_lease_is_told_who_has_it(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    handoff = put(shop, bot)
    take(ann)
    let_lease_run_out(handoff)
    take(ben)

    with pytest.raises(ClaimLost) as lost:
        claims.renew(handoff.id, by=ann, now=now())

    assert lost.value.conflict is not None
    assert (lost.value.conflict.person, lost.value.conflict.role) == ("Ben", "refund approvers")


def test_who_no_longer_sees_the_queue_reads_the_role_only(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    handoff = put(shop, bot)
    take(ann)
    let_lease_run_out(handoff)
    take(ben)
    ann.groups.clear()

    with pytest.raises(ClaimLost) as lost:
        claims.renew(handoff.id, by=ann, now=now())

    assert "Ben" not in str(lost.value)
    assert "refund approvers" in str(lost.value)


def test_picking_takes_the_named_one(shop: Shop, bot: Client, ann: User) -> None:
    put(shop, bot, due_in=60)
    wanted = put(shop, bot, due_in=3600)

    claim = claims.pick(wanted.id, by=ann, now=now())

    assert claim.handoff_id == wanted.id


def test_picking_what_a_colleague_has_names_them(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    handoff = put(shop, bot)
    take(ben)

    with pytest.raises(AlreadyClaimed, match=r"Ben \(refund approvers\) took this"):
        claims.pick(handoff.id, by=ann, now=now())


def test_picking_what_i_hold_renews_it(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot)
    first = claims.pick(handoff.id, by=ann, now=now())

    assert claims.pick(handoff.id, by=ann, now=now()).id == first.id


def test_picking_is_refused_where_the_queue_hands_out(shop: Shop, bot: Client, ann: User) -> None:
    shop.queue.pick_allowed = False
    shop.queue.save()
    handoff = put(shop, bot)

    with pytest.raises(PickNotAllowed):
        claims.pick(handoff.id, by=ann, now=now())


def test_who_lost_the_lease_may_take_the_same_one_again(shop: Shop, bot: Client, ann: User) -> None:
    shop.queue.pick_allowed = False
    shop.queue.save()
    handoff = put(shop, bot)
    take(ann)
    let_lease_run_out(handoff)
    claims.end_stale(now())

    assert claims.pick(handoff.id, by=ann, now=now()).handoff_id == handoff.id


def test_picking_beyond_the_cap_is_refused(shop: Shop, bot: Client, ann: User) -> None:
    for _ in range(claims.OPEN_CLAIMS):
        claims.pick(put(shop, bot).id, by=ann, now=now())

    with pytest.raises(CapReached):
        claims.pick(put(shop, bot).id, by=ann, now=now())


def test_picking_what_may_not_be_seen_is_not_found(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot, queue=shop.leads_queue, role=shop.leads)

    with pytest.raises(NotFound):
        claims.pick(handoff.id, by=ann, now=now())


def test_the_sweep_ends_what_ran_out_and_leaves_the_rest(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    gone, kept = put(shop, bot, due_in=60), put(shop, bot, due_in=3600)
    take(ann)
    take(ben)
    let_lease_run_out(gone)

    assert claims.end_stale(now()) == 1
    assert claims.end_stale(now()) == 0
    assert Claim.objects.get(handoff=gone).ended_because == "expired"
    assert Claim.objects.get(handoff=kept).ended_at is None


def test_the_sweep_ends_claims_on_what_moved_on(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot)
    take(ann)
    Handoff.objects.filter(id=handoff.id).update(round=2)

    assert claims.end_stale(now()) == 1
    assert Claim.objects.get().ended_because == "moved"


def test_the_first_opening_is_the_databases_time_and_stays(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot)
    take(ann)
    long_ago = now() - timedelta(hours=1)

    claims.mark_opened(handoff.id, by=ann, now=long_ago)

    opened = Claim.objects.get().opened_at
    assert opened is not None and (now() - opened).total_seconds() < 60
    claims.mark_opened(handoff.id, by=ann, now=now())
    assert Claim.objects.get().opened_at == opened
    with pytest.raises(IntegrityError, match="stays so"), transaction.atomic():
        Claim.objects.update(opened_at=long_ago)


def test_an_opening_cannot_be_put_in_with_the_claim(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot)
    long_ago = now() - timedelta(hours=1)

    Claim.objects.create(
        handoff=handoff,
        reviewer=ann,
        turn=1,
        number=1,
        level=1,
        round=1,
        opened_at=long_ago,
        expires_at=long_ago,
    )

    assert Claim.objects.get().opened_at is None


def test_what_is_urgent_is_taken_before_what_is_due_earlier(
    shop: Shop, bot: Client, ann: User
) -> None:
    soon, urgent = put(shop, bot, due_in=600), put(shop, bot, due_in=3600, urgent_since=now())

    taken = [claims.take_next(by=ann, now=now()), None]
    claims.give_back(urgent.id, by=ann, now=now())
    taken[1] = claims.take_next(by=ann, now=now())

    assert [claim and claim.handoff_id for claim in taken] == [urgent.id, soon.id]
