from datetime import datetime

import pytest
from django.contrib.auth.models import Group
from django.test import Client as Browser
from django.utils import timezone

from accounts import people
from accounts.errors import AlreadyInvited, LastManager, NoSuchRole, NotAllowed
from accounts.models import User
from accounts.roles import Role
from tests import factories


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def sign_in(browser: Browser, user: User, password: str = factories.PASSWORD) -> int:
    response = browser.post("/accounts/login/", {"login": user.email, "password": password})
    return response.status_code


def test_an_invited_person_sets_a_password_and_gets_in(mia: User, now: datetime) -> None:
    zoe = people.invite(email="Zoe@Example.com", name="Zoe", roles=[Role.REVIEWER], by=mia, now=now)
    browser = Browser()
    assert sign_in(browser, zoe) == 200  # the form again

    page = browser.get(people.first_sign_in_path(zoe), follow=True)
    where = page.redirect_chain[-1][0]
    browser.post(where, {"password1": "a wholly new secret", "password2": "a wholly new secret"})

    assert zoe.email == "zoe@example.com"
    assert sign_in(browser, zoe, "a wholly new secret") == 302
    assert browser.get("/accounts/password/change/").status_code == 200


def test_an_invitation_works_once(mia: User, now: datetime) -> None:
    zoe = people.invite(email="zoe@example.com", name="Zoe", roles=[], by=mia, now=now)
    path = people.first_sign_in_path(zoe)
    zoe.set_password("set meanwhile by herself")
    zoe.save()

    page = Browser().get(path, follow=True)

    assert page.context["token_fail"]


def test_inviting_twice_is_refused(ann: User, mia: User, now: datetime) -> None:
    with pytest.raises(AlreadyInvited):
        people.invite(email="ANN@example.com", name="Ann", roles=[], by=mia, now=now)


def test_an_unknown_role_is_refused_by_name(ann: User, mia: User, now: datetime) -> None:
    with pytest.raises(NoSuchRole, match="'emperor'"):
        people.give_roles(ann, roles=["emperor"], by=mia, now=now)


@pytest.mark.parametrize(
    ("role", "staff"),
    [
        (Role.REVIEWER, False),
        (Role.APPROVER, False),
        (Role.MANAGER, True),
        (Role.WORKFLOW_OWNER, True),
        (Role.AUDITOR, True),
    ],
)
def test_roles_say_who_sees_the_admin(
    ann: User, mia: User, now: datetime, role: Role, staff: bool
) -> None:
    people.give_roles(ann, roles=[role], by=mia, now=now)

    assert ann.is_staff is staff
    assert ann.roles == [role]


def test_only_managers_change_people(ann: User, ben: User, olga: User, now: datetime) -> None:
    for by in (ann, olga):
        with pytest.raises(NotAllowed):
            people.give_roles(ben, roles=[Role.MANAGER], by=by, now=now)
        with pytest.raises(NotAllowed):
            people.deactivate(ben, by=by, now=now)
        with pytest.raises(NotAllowed):
            people.invite(email="x@example.com", name="X", roles=[], by=by, now=now)


def test_the_last_manager_can_neither_go_nor_step_down(mia: User, now: datetime) -> None:
    with pytest.raises(LastManager):
        people.deactivate(mia, by=mia, now=now)
    with pytest.raises(LastManager):
        people.give_roles(mia, roles=[Role.AUDITOR], by=mia, now=now)


def test_a_manager_may_go_when_another_stays(mia: User, now: datetime) -> None:
    noa = people.invite(email="noa@example.com", name="Noa", roles=["manager"], by=mia, now=now)

    people.deactivate(mia, by=noa, now=now)

    assert not mia.is_active


def test_deactivation_ends_every_session(ann: User, mia: User, now: datetime) -> None:
    phone, laptop = Browser(), Browser()
    for browser in (phone, laptop):
        assert sign_in(browser, ann) == 302

    people.deactivate(ann, by=mia, now=now)
    people.let_back(ann, by=mia, now=now)

    for browser in (phone, laptop):
        assert browser.get("/accounts/password/change/").status_code == 302


def test_a_deactivated_person_does_not_get_in(ann: User, mia: User, now: datetime) -> None:
    people.deactivate(ann, by=mia, now=now)
    browser = Browser()

    sign_in(browser, ann)

    assert browser.get("/accounts/password/change/").status_code == 302


def test_teams_are_replaced(ann: User, mia: User, now: datetime) -> None:
    payers = Group.objects.create(name="payers")

    people.put_in_teams(ann, teams=[payers], by=mia, now=now)

    assert list(ann.groups.all()) == [payers]


def test_an_address_in_use_is_not_given_twice(
    ann: User, ben: User, mia: User, now: datetime
) -> None:
    with pytest.raises(AlreadyInvited):
        people.describe(ben, email="Ann@example.com", name="Ben", by=mia, now=now)


def test_the_first_superuser_is_a_manager(db: None) -> None:
    user = User.objects.create_superuser("root@example.com", "long enough secret", name="Root")

    assert user.roles == ["manager"]
