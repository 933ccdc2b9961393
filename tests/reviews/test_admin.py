"""The admin looks and touches nothing, and counts nobody."""

import pytest
from django.contrib import admin
from django.db.models import ForeignKey
from django.test import RequestFactory

from accounts.models import User
from accounts.roles import GRANTS, Can, Role
from reviews.models import Claim, Decision

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Claim, Decision])
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


@pytest.mark.parametrize("model", [Claim, Decision])
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

    assert registered == {Claim, Decision}
