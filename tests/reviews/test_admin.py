"""The admin looks and touches nothing, and counts nobody."""

import pytest
from django.contrib import admin
from django.db.models import ForeignKey
from django.test import Client as Browser
from django.test import RequestFactory
from django.utils import timezone

from accounts.models import Client, User
from accounts.roles import GRANTS, Can, Role
from handoffs.models import AuditEntry
from reviews import link_mails
from reviews.models import Absence, ApproverLink, Caps, Claim, Decision, Judgement
from tests.factories import Shop
from tests.reviews.approving import approver, put_by_email

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Claim, Decision, Judgement])
@pytest.mark.parametrize("role", list(Role))
def test_those_who_read_the_audit_may_look_and_nobody_may_change(model: type, role: Role) -> None:
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_staff=True, is_active=True, roles=[role])
    page = admin.site._registry[model]

    assert page.has_view_permission(request) is (Can.READ_AUDIT in GRANTS[role])
    assert not page.has_add_permission(request)
    assert not page.has_change_permission(request)
    assert not page.has_delete_permission(request)
    assert page.get_actions(request) == {}


@pytest.mark.parametrize("model", [Claim, Decision, Judgement])
def test_no_page_lists_filters_or_searches_by_person(model: type) -> None:
    page = admin.site._registry[model]
    people = {
        field.name
        for field in model._meta.get_fields()  # type: ignore[attr-defined]
        if isinstance(field, ForeignKey) and field.related_model is User
    }

    shown = [*page.list_display, *page.list_filter, *page.search_fields, *(page.fields or ())]
    assert people == {"reviewer"}
    assert not [name for name in shown if "reviewer" in str(name)]


def test_only_handoff_models_of_the_desk_are_in_the_admin() -> None:
    registered = {model for model in admin.site._registry if model._meta.app_label == "reviews"}

    # of people, not of what they read or decided: absences and caps
    assert registered == {ApproverLink, Claim, Decision, Judgement, Absence, Caps}


LINKS = "/admin/reviews/approverlink/"


@pytest.fixture
def open_link(shop: Shop, bot: Client) -> ApproverLink:
    approver(shop)
    put_by_email(shop, bot)
    link_mails.send_due(now=timezone.now())
    return ApproverLink.objects.get()


def take_back(browser: Browser, link: ApproverLink) -> str:
    chosen = {"action": "revoke", "_selected_action": [link.id]}
    return browser.post(LINKS, chosen, follow=True).content.decode()


def test_a_manager_finds_open_links_and_takes_them_back(
    client: Browser, mia: User, open_link: ApproverLink
) -> None:
    client.force_login(mia)
    listed = client.get(LINKS, {"q": "zoe@example.com"}).content.decode()
    assert open_link.id in listed and "the link alone" in listed

    assert "1 of 1 links taken back." in take_back(client, open_link)

    open_link.refresh_from_db()
    assert open_link.ended_because == "revoked"
    assert open_link.id not in client.get(LINKS).content.decode()
    entry = AuditEntry.objects.get(action="link.revoked")
    assert (entry.actor, entry.subject) == (f"user {mia.pk}", open_link.handoff_id)


def test_who_may_only_look_takes_nothing_back(
    client: Browser, olga: User, open_link: ApproverLink
) -> None:
    client.force_login(olga)

    assert open_link.id in client.get(LINKS).content.decode()
    take_back(client, open_link)

    open_link.refresh_from_db()
    assert open_link.ended_because == ""


def test_a_link_that_was_used_is_not_listed_beside_what_was_decided(
    client: Browser, mia: User, open_link: ApproverLink
) -> None:
    ApproverLink.objects.update(ended_at=timezone.now(), ended_because="used")
    client.force_login(mia)

    assert open_link.id not in client.get(LINKS).content.decode()
    assert client.get(f"{LINKS}{open_link.id}/change/").status_code == 302


def test_the_admin_shows_no_secret_of_a_link(
    client: Browser, mia: User, open_link: ApproverLink
) -> None:
    client.force_login(mia)
    page = client.get(f"{LINKS}{open_link.id}/change/").content.decode()

    assert open_link.id in page
    assert open_link.token_digest and open_link.token_digest not in page
