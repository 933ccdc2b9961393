"""People and keys in the admin: managers change, auditors look, others see nothing."""

import json
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import keys, queries
from accounts.models import ApiKey, Client, User
from handoffs.models import AuditEntry
from tests import factories

LISTS = ["accounts/user", "accounts/client", "accounts/apikey", "auth/group"]


def browser_of(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


def act(browser: Browser, path: str, action: str, *chosen: int):
    return browser.post(
        f"/admin/{path}/", {"action": action, "_selected_action": chosen}, follow=True
    )


@pytest.mark.parametrize("path", LISTS)
def test_managers_add_and_auditors_only_look(mia: User, olga: User, path: str) -> None:
    statuses = {
        user.name: [
            browser_of(user).get(f"/admin/{path}/").status_code,
            browser_of(user).get(f"/admin/{path}/add/").status_code,
        ]
        for user in (mia, olga)
    }

    assert statuses == {"Mia": [200, 200], "Olga": [200, 403]}


@pytest.mark.parametrize("path", LISTS)
def test_reviewers_are_not_let_into_the_admin(ann: User, path: str) -> None:
    response = browser_of(ann).get(f"/admin/{path}/", follow=True)

    assert response.status_code == 403


def test_being_superuser_without_a_role_shows_nothing(db: None) -> None:
    root = factories.UserFactory(is_staff=True, is_superuser=True, roles=[])

    assert browser_of(root).get("/admin/accounts/user/").status_code == 403


def test_nothing_of_other_apps_is_in_the_admin(mia: User) -> None:
    page = browser_of(mia).get("/admin/").content.decode()

    assert "/admin/accounts/user/" in page
    for other in ("emailaddress", "authenticator", "usersession", "userobjectpermission"):
        assert other not in page


def test_a_manager_invites(mia: User, refund_approvers: Group) -> None:
    browser_of(mia).post(
        "/admin/accounts/user/add/",
        {
            "name": "Zoe",
            "email": "Zoe@example.com",
            "roles": ["reviewer"],
            "teams": [refund_approvers.pk],
        },
        follow=True,
    )

    zoe = User.objects.get(email="zoe@example.com")
    assert zoe.roles == ["reviewer"]
    assert list(zoe.groups.all()) == [refund_approvers]
    assert not zoe.has_usable_password()


def test_inviting_twice_shows_why_not_over_what_was_typed(mia: User, ann: User) -> None:
    response = browser_of(mia).post(
        "/admin/accounts/user/add/", {"name": "Another Ann", "email": ann.email, "roles": []}
    )

    assert response.status_code == 200
    assert "Another Ann" in response.content.decode()
    assert User.objects.filter(email=ann.email).count() == 1


def test_taking_the_last_managers_role_is_refused_with_the_reason(mia: User) -> None:
    response = browser_of(mia).post(
        f"/admin/accounts/user/{mia.pk}/change/",
        {"name": "Mia", "email": mia.email, "roles": ["auditor"], "teams": []},
    )

    mia.refresh_from_db()
    assert mia.roles == ["manager"]
    assert "Nobody could manage any more" in response.content.decode()


def test_only_what_was_changed_is_logged(mia: User, ann: User, refund_approvers: Group) -> None:
    browser_of(mia).post(
        f"/admin/accounts/user/{ann.pk}/change/",
        {
            "name": "Ann",
            "email": ann.email,
            "roles": ["reviewer", "approver"],
            "teams": [refund_approvers.pk],
        },
    )

    actions = list(AuditEntry.objects.values_list("action", flat=True))
    assert actions == ["person.roles_given"]


def test_deactivating_the_last_manager_in_the_list_is_refused(mia: User) -> None:
    response = act(browser_of(mia), "accounts/user", "deactivate", mia.pk)

    mia.refresh_from_db()
    assert mia.is_active
    assert "Nobody could manage any more" in response.content.decode()


def test_a_person_is_deactivated_in_the_list(mia: User, ann: User) -> None:
    act(browser_of(mia), "accounts/user", "deactivate", ann.pk)

    ann.refresh_from_db()
    assert not ann.is_active


def test_nobody_is_deleted(mia: User, ann: User) -> None:
    response = browser_of(mia).post(f"/admin/accounts/user/{ann.pk}/delete/", {"post": "yes"})

    assert response.status_code == 403


def test_a_new_key_is_shown_once_and_works(mia: User, bot: Client) -> None:
    browser = browser_of(mia)

    response = browser.post(
        "/admin/accounts/apikey/add/",
        {"client": bot.pk, "workflows": "retail-support", "expires_at_0": "", "expires_at_1": ""},
    )

    raw = re.search(r"ovr_[a-z2-9]{8}_[\w-]{43}", response.content.decode())
    assert raw
    assert "no-store" in response["Cache-Control"]
    assert queries.client_for_key(raw[0])
    key = ApiKey.objects.get()
    for page in ("", f"{key.pk}/change/", f"{key.pk}/history/"):
        assert raw[0][13:] not in browser.get(f"/admin/accounts/apikey/{page}").content.decode()


def test_what_is_no_workflow_name_is_refused_in_words(mia: User, bot: Client) -> None:
    response = browser_of(mia).post(
        "/admin/accounts/apikey/add/", {"client": bot.pk, "workflows": "retail/support"}
    )

    assert "retail/support is no name of a workflow" in response.content.decode()
    assert not ApiKey.objects.exists()


def test_rotating_in_the_list_shows_the_new_key_and_keeps_the_old_for_a_day(
    mia: User, bot: Client
) -> None:
    old = keys.issue(bot, workflows=["*"], by=mia, now=timezone.now())

    response = act(browser_of(mia), "accounts/apikey", "rotate", old.key.pk)

    raw = re.search(r"ovr_[a-z2-9]{8}_[\w-]{43}", response.content.decode())
    assert raw
    assert queries.client_for_key(raw[0])
    assert queries.client_for_key(old.raw)
    old.key.refresh_from_db()
    assert old.key.expires_at
    assert old.key.expires_at < timezone.now() + timedelta(days=1, minutes=1)


def test_revoking_in_the_list_ends_the_key(mia: User, bot: Client) -> None:
    issued = keys.issue(bot, workflows=["*"], by=mia, now=timezone.now())

    act(browser_of(mia), "accounts/apikey", "revoke", issued.key.pk)

    assert queries.client_for_key(issued.raw) is None


def test_rotating_a_revoked_key_is_refused_with_the_reason(mia: User, bot: Client) -> None:
    issued = keys.issue(bot, workflows=["*"], by=mia, now=timezone.now())
    keys.revoke(issued.key, by=mia, now=timezone.now())

    response = act(browser_of(mia), "accounts/apikey", "rotate", issued.key.pk)

    assert "revoked or expired" in response.content.decode()


@pytest.mark.parametrize("action", ["rotate", "revoke"])
def test_auditors_have_no_actions(mia: User, olga: User, bot: Client, action: str) -> None:
    issued = keys.issue(bot, workflows=["*"], by=mia, now=timezone.now())

    act(browser_of(olga), "accounts/apikey", action, issued.key.pk)

    assert queries.client_for_key(issued.raw)
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("path", LISTS)
def test_a_list_takes_as_many_queries_for_twenty_as_for_ten(mia: User, path: str) -> None:

    browser = browser_of(mia)
    counts = []
    for _ in range(2):
        for _ in range(10):
            person = factories.UserFactory()
            team = Group.objects.create(name=f"team of {person.name}")
            person.groups.add(team)
            client = factories.ClientFactory()
            keys.issue(client, workflows=["*"], by=mia, now=timezone.now())
        with CaptureQueriesContext(connection) as queries_made:
            assert browser.get(f"/admin/{path}/").status_code == 200
        counts.append(len(queries_made))

    assert counts[0] == counts[1]


def test_the_admins_own_scripts_are_allowed_and_no_others(mia: User) -> None:
    response = browser_of(mia).get("/admin/accounts/user/")

    policy = response["Content-Security-Policy"]
    assert "script-src 'self';" in policy + ";"
    assert "unsafe" not in policy


def test_passwords_are_changed_where_everyone_changes_them(mia: User) -> None:
    response = browser_of(mia).get("/admin/password_change/")

    assert response["Location"] == "/accounts/password/change/"


def test_a_client_that_cannot_be_slowed_is_marked_by_a_manager(mia: User, db: None) -> None:
    browser = browser_of(mia)
    said = {"name": "Old bot", "contact": "ops@example.com"}

    browser.post("/admin/accounts/client/add/", said)

    client = Client.objects.get(name="Old bot")
    assert not client.can_be_slowed
    browser.post(f"/admin/accounts/client/{client.pk}/change/", said | {"can_be_slowed": "on"})
    assert Client.objects.get(name="Old bot").can_be_slowed
    last = AuditEntry.objects.filter(action="client.described").latest("pk")
    assert json.loads(bytes(last.body))["can_be_slowed"] is True
