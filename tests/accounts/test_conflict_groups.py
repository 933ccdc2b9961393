"""Who counts as one person: said by managers, logged, taken back."""

import json

import pytest
from django.test import Client as Browser
from django.utils.timezone import now

from accounts import conflict_groups, queries
from accounts.errors import ConflictGroupExists, ConflictGroupTooSmall, NotAllowed
from accounts.models import ConflictGroup, User
from handoffs.models import AuditEntry

pytestmark = pytest.mark.django_db


def noted() -> list[str]:
    found = AuditEntry.objects.filter(action__startswith="conflict_group.").order_by("id")
    return list(found.values_list("action", flat=True))


def test_a_group_is_made_changed_and_dissolved_and_each_is_logged_with_its_people(
    ann: User, ben: User, mia: User, olga: User
) -> None:
    group = conflict_groups.make("A couple", people=[ann, ben], by=mia, now=now())
    assert [(id, name) for id, _, name in queries.kin(ann.pk)] == [(ben.pk, "A couple")]
    assert queries.apart() == {ann.pk: frozenset({ben.pk}), ben.pk: frozenset({ann.pk})}

    conflict_groups.change(group, name="Once", people=[ann, olga], by=mia, now=now())
    assert queries.kin(ben.pk) == []
    conflict_groups.dissolve(group, by=mia, now=now())

    assert queries.kin(ann.pk) == []
    assert noted() == [f"conflict_group.{what}" for what in ("made", "changed", "dissolved")]
    last = AuditEntry.objects.get(action="conflict_group.dissolved")
    assert json.loads(bytes(last.body))["people"] == sorted([ann.pk, olga.pk])


def test_one_person_or_a_name_twice_is_refused(ann: User, ben: User, mia: User) -> None:
    conflict_groups.make("A couple", people=[ann, ben], by=mia, now=now())

    with pytest.raises(ConflictGroupTooSmall):
        conflict_groups.make("Alone", people=[ann, ann], by=mia, now=now())
    with pytest.raises(ConflictGroupExists):
        conflict_groups.make("A couple", people=[ann, mia], by=mia, now=now())


def test_only_managers_say_so(ann: User, ben: User, olga: User) -> None:
    for by in (ann, olga):
        with pytest.raises(NotAllowed):
            conflict_groups.make("A couple", people=[ann, ben], by=by, now=now())


def test_a_manager_does_it_in_the_admin(client: Browser, ann: User, ben: User, mia: User) -> None:
    client.force_login(mia)
    said = {"name": "A couple", "people": [ann.pk, ben.pk]}

    client.post("/admin/accounts/conflictgroup/add/", said)
    group = ConflictGroup.objects.get()
    assert set(group.people.all()) == {ann, ben}
    page = client.get(f"/admin/accounts/conflictgroup/{group.pk}/change/").content.decode()
    assert "Ann (ann@example.com)" in page
    client.post(f"/admin/accounts/conflictgroup/{group.pk}/delete/", {"post": "yes"})

    assert not ConflictGroup.objects.exists()
    assert noted() == ["conflict_group.made", "conflict_group.dissolved"]
