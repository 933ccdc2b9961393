"""Who sees what and decides what: role × grant × team, in full."""

import itertools

import pytest
from django.contrib.auth.models import Permission

from accounts.models import Client, User
from accounts.roles import GRANTS, Can, Role
from handoffs.errors import NotFound
from handoffs.models import QueueUserPermission
from reviews import permissions
from reviews.errors import MayNotDecide, NoAuthorityHere
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db


def person(shop: Shop, *, role: Role, granted: bool, in_team: bool, active: bool = True) -> User:
    groups = []
    if granted:
        watchers = factories.make_team("watchers")
        factories.let_work(watchers, shop.queue)
        groups.append(watchers)
    if in_team:
        groups.append(factories.make_team("those with authority"))
    return factories.UserFactory(roles=[role.value], groups=groups, is_active=active)


@pytest.mark.parametrize(
    ("role", "granted", "in_team", "active"),
    list(itertools.product(Role, [True, False], [True, False], [True, False])),
)
def test_a_handoff_is_seen_by_grant_and_decided_by_team(
    shop: Shop, bot: Client, role: Role, granted: bool, in_team: bool, active: bool
) -> None:
    handoff = put(shop, bot, role=factories.make_team("those with authority"))
    who = person(shop, role=role, granted=granted, in_team=in_team, active=active)
    decides = active and Can.DECIDE in GRANTS[role]

    assert permissions.can_see(who, handoff) is (decides and granted)
    assert permissions.can_decide(who, handoff) is (decides and granted and in_team)
    if not decides:
        refusal: type[Exception] | None = MayNotDecide
    elif not granted:
        refusal = NotFound
    else:
        refusal = None if in_team else NoAuthorityHere
    if refusal is None:
        permissions.check_can_decide(who, handoff)
        return
    with pytest.raises(refusal):
        permissions.check_can_decide(who, handoff)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("can", list(Can))
def test_only_the_right_to_decide_opens_queues(shop: Shop, role: Role, can: Can) -> None:
    who = person(shop, role=role, granted=True, in_team=True)

    opened = permissions.queues_for(who) == [shop.queue]

    assert opened is (Can.DECIDE in GRANTS[role])
    assert who.can(can) is (can in GRANTS[role])


def test_a_grant_to_the_person_counts_as_one_to_a_team(shop: Shop, bot: Client) -> None:
    who = factories.UserFactory(roles=[Role.REVIEWER])
    QueueUserPermission.objects.create(
        user=who,
        permission=Permission.objects.get(codename="work_queue"),
        content_object=shop.queue,
    )

    assert permissions.queues_for(who) == [shop.queue]
    assert permissions.get(who, put(shop, bot).id)


def test_the_right_to_lead_a_queue_is_not_the_right_to_work_it(shop: Shop) -> None:
    who = factories.UserFactory(roles=[Role.REVIEWER])
    QueueUserPermission.objects.create(
        user=who,
        permission=Permission.objects.get(codename="lead_queue"),
        content_object=shop.queue,
    )

    assert permissions.queues_for(who) == []


def test_a_superuser_is_no_exception(shop: Shop, bot: Client) -> None:
    root = factories.UserFactory(is_superuser=True, roles=[Role.REVIEWER], groups=[])

    assert permissions.queues_for(root) == []
    with pytest.raises(NotFound):
        permissions.get(root, put(shop, bot).id)


def test_what_may_not_be_seen_is_not_found_and_never_forbidden() -> None:
    assert (NotFound.status, NotFound.code) == (404, "not_found")
