"""Invite people, give them roles and teams, let them go."""

from collections.abc import Collection, Iterable
from datetime import datetime

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts import access
from accounts.errors import AlreadyInvited, LastManager, NoSuchRole
from accounts.models import User
from accounts.roles import Can, Role, grants

# whoever has one of these has something to do in the admin
_ADMIN_CAPABILITIES = frozenset(
    {
        Can.EDIT_MATRIX,
        Can.EDIT_WORKFLOW,
        Can.SIGN_MAP,
        Can.MANAGE_PEOPLE,
        Can.MANAGE_KEYS,
        Can.READ_AUDIT,
    }
)


def invite(
    *,
    email: str,
    name: str,
    roles: Collection[str],
    by: User | None,
    now: datetime,
    teams: Iterable[Group] = (),
) -> User:
    """Let a person in; they choose their own password at `first_sign_in_path`."""
    access.check(by, Can.MANAGE_PEOPLE)
    names = _known(roles)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email, None, name=name, roles=names, is_staff=_sees_admin(names)
            )
            user.groups.set(teams)
            access.note(by, "person.invited", _subject(user), roles=names, teams=_teams(user))
    except IntegrityError as error:
        raise AlreadyInvited from error
    return user


def first_sign_in_path(user: User) -> str:
    """Return the path where `user` sets a password: good once, and for three days."""
    return reverse(
        "account_reset_password_from_key",
        kwargs={
            "uidb36": user_pk_to_url_str(user),
            "key": default_token_generator.make_token(user),
        },
    )


@transaction.atomic
def describe(user: User, *, email: str, name: str, by: User | None, now: datetime) -> None:
    """Correct a person's name or e-mail address, by which they sign in."""
    access.check(by, Can.MANAGE_PEOPLE)
    address = User.objects.normalize_email(email).lower()
    if User.objects.filter(email=address).exclude(pk=user.pk).exists():
        raise AlreadyInvited("Someone else has this e-mail address. Nothing was changed.")
    User.objects.filter(pk=user.pk).update(email=address, name=name)
    access.note(by, "person.described", _subject(user))


@transaction.atomic
def give_roles(user: User, *, roles: Collection[str], by: User | None, now: datetime) -> None:
    """Replace a person's roles; what they may do changes with their next request."""
    access.check(by, Can.MANAGE_PEOPLE)
    names = _known(roles)
    if Role.MANAGER.value not in names:
        _check_others_manage(user)
    User.objects.filter(pk=user.pk).update(roles=names, is_staff=_sees_admin(names))
    access.note(by, "person.roles_given", _subject(user), roles=names)
    user.refresh_from_db(fields=["roles", "is_staff"])


@transaction.atomic
def put_in_teams(user: User, *, teams: Iterable[Group], by: User | None, now: datetime) -> None:
    """Replace the teams a person belongs to: teams have authority and work queues."""
    access.check(by, Can.MANAGE_PEOPLE)
    user.groups.set(teams)
    access.note(by, "person.put_in_teams", _subject(user), teams=_teams(user))


@transaction.atomic
def make_team(name: str, *, by: User | None, now: datetime) -> Group:
    """Return the team of this name, made if there is none yet."""
    access.check(by, Can.MANAGE_PEOPLE)
    team, created = Group.objects.get_or_create(name=name)
    if created:
        access.note(by, "team.made", f"team {team.pk}", name=name)
    return team


@transaction.atomic
def rename_team(team: Group, *, name: str, by: User | None, now: datetime) -> None:
    access.check(by, Can.MANAGE_PEOPLE)
    Group.objects.filter(pk=team.pk).update(name=name)
    access.note(by, "team.renamed", f"team {team.pk}", name=name)


@transaction.atomic
def deactivate(user: User, *, by: User | None, now: datetime) -> None:
    """Let a person go: every session of theirs ends, and no new one begins."""
    access.check(by, Can.MANAGE_PEOPLE)
    _check_others_manage(user)
    if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        for session in UserSession.objects.filter(user=user):
            session.end()
        access.note(by, "person.deactivated", _subject(user))
    user.refresh_from_db(fields=["is_active"])


@transaction.atomic
def let_back(user: User, *, by: User | None, now: datetime) -> None:
    """Undo `deactivate`; the person signs in anew."""
    access.check(by, Can.MANAGE_PEOPLE)
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        access.note(by, "person.let_back", _subject(user))
    user.refresh_from_db(fields=["is_active"])


def _known(roles: Collection[str]) -> list[str]:
    unknown = sorted(set(roles) - set(Role))
    if unknown:
        raise NoSuchRole(
            f"There is no role {unknown[0]!r}. Nothing was changed. "
            f"The roles are {', '.join(Role)}."
        )
    return [role.value for role in Role if role in roles]


def _sees_admin(roles: list[str]) -> bool:
    return bool(grants(roles) & _ADMIN_CAPABILITIES)


def _check_others_manage(user: User) -> None:
    """Keep at least one active manager. The managers are locked, so that no two leave at once."""
    managers = User.objects.filter(is_active=True, roles__contains=[Role.MANAGER.value])
    ids = set(managers.select_for_update().order_by("pk").values_list("pk", flat=True))
    if ids == {user.pk}:
        raise LastManager


def _subject(user: User) -> str:
    return f"user {user.pk}"


def _teams(user: User) -> list[str]:
    return sorted(user.groups.values_list("name", flat=True))
