import hashlib
import re
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts import clients, keys, queries
from accounts.errors import KeyGone, NotAllowed, NoWorkflowNamed
from accounts.models import ApiKey, Client, User


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def test_a_key_looks_as_promised_and_only_its_hash_is_kept(
    bot: Client, mia: User, now: datetime
) -> None:
    issued = keys.issue(bot, workflows=["retail-support"], by=mia, now=now)

    assert re.fullmatch(r"ovr_[a-z2-9]{8}_[A-Za-z0-9_-]{43}", issued.raw)
    stored = ApiKey.objects.values().get()
    assert stored["prefix"] == issued.raw[4:12]
    assert stored["secret_hash"] == hashlib.sha256(issued.raw.encode()).hexdigest()
    assert issued.raw[13:] not in str(stored)


def test_a_key_finds_its_client_and_reaches_only_its_workflows(
    bot: Client, mia: User, now: datetime
) -> None:
    raw = keys.issue(bot, workflows=["retail-support"], by=mia, now=now).raw

    holder = queries.client_for_key(raw)

    assert holder is not None
    assert holder.client == bot
    assert holder.may_use("retail-support")
    assert not holder.may_use("supplier-payments")


def test_a_star_reaches_every_workflow(bot: Client, mia: User, now: datetime) -> None:
    issued = keys.issue(bot, workflows=["retail-support", "*"], by=mia, now=now)

    holder = queries.client_for_key(issued.raw)

    assert issued.key.workflows == ["*"]
    assert holder is not None
    assert holder.may_use("anything")


def test_a_key_for_no_workflow_is_refused(bot: Client, mia: User, now: datetime) -> None:
    with pytest.raises(NoWorkflowNamed):
        keys.issue(bot, workflows=[], by=mia, now=now)

    assert not ApiKey.objects.exists()


def test_an_expired_key_finds_nobody(bot: Client, mia: User, now: datetime) -> None:
    past = now - timedelta(seconds=1)
    raw = keys.issue(bot, workflows=["*"], by=mia, now=now, expires_at=past).raw

    assert queries.client_for_key(raw) is None


def test_a_revoked_key_finds_nobody(bot: Client, mia: User, now: datetime) -> None:
    issued = keys.issue(bot, workflows=["*"], by=mia, now=now)

    keys.revoke(issued.key, by=mia, now=now)

    assert queries.client_for_key(issued.raw) is None


def test_revoking_again_changes_nothing(bot: Client, mia: User, now: datetime) -> None:
    key = keys.issue(bot, workflows=["*"], by=mia, now=now).key
    keys.revoke(key, by=mia, now=now)

    keys.revoke(key, by=mia, now=now + timedelta(hours=1))

    assert ApiKey.objects.get().revoked_at == now


def test_a_stopped_client_is_refused_until_it_is_let_back(
    bot: Client, bot_key: str, mia: User, now: datetime
) -> None:
    clients.stop(bot, by=mia, now=now)
    assert queries.client_for_key(bot_key) is None

    clients.let_back(bot, by=mia, now=now)

    assert queries.client_for_key(bot_key) is not None


@pytest.mark.parametrize("raw", ["", "ovr_", "ovr_abcdefgh_x", "ünïcode", "a\x00b", "x" * 5000])
def test_what_is_no_key_finds_nobody(bot_key: str, raw: str) -> None:
    assert queries.client_for_key(raw) is None


def test_a_rotated_key_works_beside_its_successor_until_the_stated_time(
    bot: Client, mia: User, now: datetime
) -> None:
    old = keys.issue(bot, workflows=["retail-support"], by=mia, now=now)

    new = keys.rotate(old.key, old_until=now + timedelta(hours=1), by=mia, now=now)

    for raw in (old.raw, new.raw):
        holder = queries.client_for_key(raw)
        assert holder is not None
        assert holder.workflows == {"retail-support"}
    ApiKey.objects.filter(pk=old.key.pk, expires_at=now + timedelta(hours=1)).get()

    ApiKey.objects.filter(pk=old.key.pk).update(expires_at=now - timedelta(seconds=1))
    assert queries.client_for_key(old.raw) is None
    assert queries.client_for_key(new.raw) is not None


def test_rotating_never_makes_the_old_key_live_longer(
    bot: Client, mia: User, now: datetime
) -> None:
    soon = now + timedelta(minutes=5)
    old = keys.issue(bot, workflows=["*"], by=mia, now=now, expires_at=soon)

    keys.rotate(old.key, old_until=now + timedelta(days=1), by=mia, now=now)

    old.key.refresh_from_db()
    assert old.key.expires_at == soon


def test_a_revoked_key_has_no_successor(bot: Client, mia: User, now: datetime) -> None:
    old = keys.issue(bot, workflows=["*"], by=mia, now=now)
    keys.revoke(old.key, by=mia, now=now)

    with pytest.raises(KeyGone):
        keys.rotate(old.key, old_until=now + timedelta(hours=1), by=mia, now=now)

    assert ApiKey.objects.count() == 1


def test_only_managers_touch_keys(bot: Client, ann: User, mia: User, now: datetime) -> None:
    key = keys.issue(bot, workflows=["*"], by=mia, now=now).key

    with pytest.raises(NotAllowed):
        keys.issue(bot, workflows=["*"], by=ann, now=now)
    with pytest.raises(NotAllowed):
        keys.rotate(key, old_until=now, by=ann, now=now)
    with pytest.raises(NotAllowed):
        keys.revoke(key, by=ann, now=now)
    with pytest.raises(NotAllowed):
        clients.stop(bot, by=ann, now=now)


def test_the_day_of_use_is_written_once_a_day(bot: Client, mia: User, now: datetime) -> None:
    key = keys.issue(bot, workflows=["*"], by=mia, now=now).key

    keys.note_use(key, on=now.date())
    keys.note_use(key, on=now.date() - timedelta(days=1))

    key.refresh_from_db()
    assert key.last_used_on == now.date()
