"""Say who counts as one person where several have to decide independently of each other."""

from collections.abc import Collection
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts import access
from accounts.errors import ConflictGroupExists, ConflictGroupTooSmall
from accounts.models import ConflictGroup, User
from accounts.roles import Can


def make(name: str, *, people: Collection[User], by: User | None, now: datetime) -> ConflictGroup:
    """Let these people count as one from now on, also in what waits already."""
    access.check(by, Can.MANAGE_PEOPLE)
    _check_size(people)
    try:
        with transaction.atomic():
            group = ConflictGroup.objects.create(name=name)
            group.people.set(people)
            access.note(by, "conflict_group.made", _subject(group), name=name, people=_ids(group))
    except IntegrityError as error:
        raise ConflictGroupExists from error
    return group


def change(
    group: ConflictGroup, *, name: str, people: Collection[User], by: User | None, now: datetime
) -> None:
    """Replace who is in the group, and its name."""
    access.check(by, Can.MANAGE_PEOPLE)
    _check_size(people)
    try:
        with transaction.atomic():
            ConflictGroup.objects.filter(pk=group.pk).update(name=name)
            group.people.set(people)
            access.note(
                by, "conflict_group.changed", _subject(group), name=name, people=_ids(group)
            )
    except IntegrityError as error:
        raise ConflictGroupExists from error


@transaction.atomic
def dissolve(group: ConflictGroup, *, by: User | None, now: datetime) -> None:
    """Let its people count one by one again; the log keeps who was in it."""
    access.check(by, Can.MANAGE_PEOPLE)
    access.note(
        by, "conflict_group.dissolved", _subject(group), name=group.name, people=_ids(group)
    )
    group.delete()


def _check_size(people: Collection[User]) -> None:
    if len({person.pk for person in people}) < 2:
        raise ConflictGroupTooSmall


def _ids(group: ConflictGroup) -> list[int]:
    return sorted(group.people.values_list("pk", flat=True))


def _subject(group: ConflictGroup) -> str:
    return f"conflict group {group.pk}"
