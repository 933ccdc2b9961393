"""Every change of who may do what is in the audit log, and stays there."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from accounts import clients, keys, people
from accounts.models import AccessChange, Client, User
from handoffs.models import AuditEntry

NOW = timezone.now()
Change = Callable[[User, User, Client], object]


def issue(bot: Client, mia: User) -> keys.Issued:
    return keys.issue(bot, workflows=["*"], by=mia, now=NOW)


CHANGES: dict[str, Change] = {
    "key.issued": lambda mia, ann, bot: issue(bot, mia),
    "key.rotated": lambda mia, ann, bot: keys.rotate(
        issue(bot, mia).key, old_until=NOW + timedelta(hours=1), by=mia, now=NOW
    ),
    "key.revoked": lambda mia, ann, bot: keys.revoke(issue(bot, mia).key, by=mia, now=NOW),
    "client.taken_in": lambda mia, ann, bot: clients.take_in(
        name="new", contact="", by=mia, now=NOW
    ),
    "client.described": lambda mia, ann, bot: clients.describe(
        bot, name="renamed", contact="", by=mia, now=NOW
    ),
    "client.stopped": lambda mia, ann, bot: clients.stop(bot, by=mia, now=NOW),
    "client.let_back": lambda mia, ann, bot: (
        clients.stop(bot, by=mia, now=NOW),
        clients.let_back(bot, by=mia, now=NOW),
    ),
    "person.invited": lambda mia, ann, bot: people.invite(
        email="zoe@example.com", name="Zoe", roles=["reviewer"], by=mia, now=NOW
    ),
    "person.described": lambda mia, ann, bot: people.describe(
        ann, email="ann@example.com", name="Anna", by=mia, now=NOW
    ),
    "person.roles_given": lambda mia, ann, bot: people.give_roles(
        ann, roles=["auditor"], by=mia, now=NOW
    ),
    "person.put_in_teams": lambda mia, ann, bot: people.put_in_teams(
        ann, teams=[], by=mia, now=NOW
    ),
    "person.deactivated": lambda mia, ann, bot: people.deactivate(ann, by=mia, now=NOW),
    "person.let_back": lambda mia, ann, bot: (
        people.deactivate(ann, by=mia, now=NOW),
        people.let_back(ann, by=mia, now=NOW),
    ),
}


@pytest.mark.parametrize("action", CHANGES)
def test_a_change_of_access_is_in_the_audit_log(
    mia: User, ann: User, bot: Client, action: str
) -> None:
    CHANGES[action](mia, ann, bot)

    entry = AuditEntry.objects.filter(action=action).get()
    change = AccessChange.objects.filter(action=action).get()
    assert (entry.actor_kind, entry.actor) == ("person", f"user {mia.pk}")
    assert bytes(entry.body) == change.body.encode()
    assert entry.subject == change.subject
    assert entry.xact_id > 0
    json.loads(change.body)


def test_what_the_console_does_is_logged_as_the_systems(bot: Client) -> None:
    keys.issue(bot, workflows=["*"], by=None, now=datetime.now().astimezone())

    entry = AuditEntry.objects.get(action="key.issued")
    assert (entry.actor_kind, entry.actor) == ("system", "console")


def test_a_change_that_fails_is_not_logged(mia: User, ann: User) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        people.give_roles(ann, roles=["auditor"], by=mia, now=NOW)
        raise RuntimeError

    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "update accounts_accesschange set action = 'x'",
        "delete from accounts_accesschange",
        "truncate accounts_accesschange cascade",
        "alter table accounts_accesschange disable trigger access_change_logged",
        "drop trigger access_change_logged on accounts_accesschange",
    ],
)
def test_the_runtime_role_cannot_rewrite_a_change(mia: User, ann: User, statement: str) -> None:
    people.give_roles(ann, roles=["auditor"], by=mia, now=NOW)

    with (
        pytest.raises(ProgrammingError, match="permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
