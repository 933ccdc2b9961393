"""A map under several hands, each on a connection of its own, in both orders."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Client, User
from governance import maps, signoffs
from governance.errors import EditedMeanwhile
from governance.models import MapSignOff
from handoffs.actors import SYSTEM
from handoffs.errors import NotADraft, NotPublishable
from handoffs.models import AuditEntry, Proposal, RiskTierMap, Workflow
from tests import factories, walks
from tests.database import Databases
from tests.reviews.racing import Racer

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def drafted(committed_db: Databases, shop: factories.Shop, mia: User) -> RiskTierMap:
    Workflow.objects.update(sign_offs=["product"])
    shop.workflow.refresh_from_db()
    return factories.draft_map(shop.workflow, author=mia, default="notify")


def fresh(map: RiskTierMap) -> RiskTierMap:
    return RiskTierMap.objects.select_related("workflow").get(pk=map.pk)


def editing(map: RiskTierMap, tier: str) -> Callable[[], None]:
    """Save, over what is read now, another default; the cases go with it."""
    read = fresh(map)
    body = read.body | {"default": tier}

    def save() -> None:
        maps.edit(
            read,
            body=body,
            cases=factories.map_cases(read.workflow, body),
            edition=read.edition,
            by=SYSTEM,
            now=timezone.now(),
        )

    return save


def signing(map: RiskTierMap, user: User) -> Callable[[], MapSignOff]:
    read = fresh(map)
    return lambda: maps.sign(
        read, seat="product", edition=read.edition, user=user, by=SYSTEM, now=timezone.now()
    )


def publishing(map: RiskTierMap) -> Callable[[], None]:
    read = fresh(map)
    return lambda: maps.publish(read, by=SYSTEM, now=timezone.now())


def in_order(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """Do both, the second while the first has not committed; return what the second met."""
    with transaction.atomic():
        first()
        racer = Racer(second)
        racer.wait_until_blocked()
    return racer.done()


@pytest.mark.parametrize(
    ("first", "second"), [("soft_review", "hard_stop"), ("hard_stop", "soft_review")]
)
def test_of_two_who_edit_the_same_draft_the_second_is_told_and_nothing_is_lost(
    drafted: RiskTierMap, first: str, second: str
) -> None:
    met = in_order(editing(drafted, first), editing(drafted, second))

    assert isinstance(met, EditedMeanwhile)
    now = fresh(drafted)
    assert (now.edition, now.body["default"]) == (2, first)
    assert AuditEntry.objects.filter(action="map.edited").count() == 1


def test_a_signature_for_what_is_being_edited_is_refused(
    drafted: RiskTierMap, signers: dict[str, User]
) -> None:
    met = in_order(editing(drafted, "soft_review"), signing(drafted, signers["product"]))

    assert isinstance(met, EditedMeanwhile)
    assert MapSignOff.objects.count() == 0


def test_an_edit_of_what_is_being_signed_voids_the_signature(
    drafted: RiskTierMap, signers: dict[str, User]
) -> None:
    met = in_order(signing(drafted, signers["product"]), editing(drafted, "soft_review"))

    assert met is None
    assert MapSignOff.objects.count() == 1
    assert not maps.signatures(fresh(drafted))[0].valid


def test_what_is_published_twice_at_once_is_published_once(
    drafted: RiskTierMap, signers: dict[str, User]
) -> None:
    signing(drafted, signers["product"])()

    met = in_order(publishing(drafted), publishing(drafted))

    assert isinstance(met, NotADraft)
    assert AuditEntry.objects.filter(action="map.published").count() == 1


def test_an_edit_while_it_is_published_is_refused_and_published_is_what_was_signed(
    drafted: RiskTierMap, signers: dict[str, User]
) -> None:
    signed = signing(drafted, signers["product"])()

    met = in_order(publishing(drafted), editing(drafted, "hard_stop"))

    assert isinstance(met, NotADraft)
    assert signoffs.content_digest(fresh(drafted)) == signed.digest


def test_publishing_what_is_being_edited_is_refused(
    drafted: RiskTierMap, signers: dict[str, User]
) -> None:
    signing(drafted, signers["product"])()

    met = in_order(editing(drafted, "hard_stop"), publishing(drafted))

    assert isinstance(met, EditedMeanwhile)
    assert fresh(drafted).state == "draft"


@pytest.mark.parametrize("published_first", [True, False])
def test_a_signature_that_is_taken_back_while_it_is_published(
    drafted: RiskTierMap, signers: dict[str, User], published_first: bool
) -> None:
    user = signers["product"]
    signing(drafted, user)()
    read = fresh(drafted)

    def withdraw() -> None:
        maps.withdraw_signature(read, seat="product", user=user, by=SYSTEM, now=timezone.now())

    if published_first:
        met = in_order(publishing(drafted), withdraw)
        assert isinstance(met, NotADraft)
        assert fresh(drafted).state == "published"
    else:
        met = in_order(withdraw, publishing(drafted))
        assert isinstance(met, NotPublishable)
        assert fresh(drafted).state == "draft"


def told_by(version: int) -> dict[str, Any]:
    """A rule that fires on every cancellation and is named for its version."""
    return {
        "id": f"v{version}",
        "tier": "notify",
        "when": {"signal": "action_type", "op": "==", "value": "cancel_order"},
        "because": f"Version {version} says so",
    }


def test_no_proposal_is_ruled_by_half_a_map(
    committed_db: Databases, shop: factories.Shop, bot: Client, bot_key: str
) -> None:
    """Versions are published while proposals stream in from three connections."""
    goes_on = True

    def stream() -> int:
        run = walks.start_run(shop, bot)
        sent = 0
        while goes_on:
            arguments = {"order_id": "W1"}
            told = walks.propose(bot_key, run, action_type="cancel_order", arguments=arguments)
            assert told.status < 300, told.body
            sent += 1
        return sent

    racers = [Racer(stream) for _ in range(3)]
    try:
        for version in range(1, 12):
            if version > 1:
                new = factories.draft_map(shop.workflow, rules=[told_by(version)])
                maps.publish(new, by=SYSTEM, now=timezone.now())
            seen = Proposal.objects.count()
            while Proposal.objects.count() < seen + 6:
                assert all(racer.thread.is_alive() for racer in racers), [r.result for r in racers]
    finally:
        goes_on = False
        sent = [racer.done() for racer in racers]

    assert all(isinstance(count, int) for count in sent), sent
    ruled = Proposal.objects.values_list("map_version", "rules")
    assert len({version for version, _ in ruled}) == 11
    for version, rules in ruled:
        named = {rule["id"] for rule in rules if rule["id"].startswith("v")}
        assert named == ({f"v{version}"} if version > 1 else set())


_WATCHER = """
import sys, time, django
django.setup()
from django.db import connection
from handoffs import compiled
workflow, seen = int(sys.argv[1]), None
while True:
    with connection.cursor() as cursor:
        cursor.execute(
            "select revision, clock_timestamp() from handoffs_workflow where id = %s", [workflow]
        )
        revision, at = cursor.fetchone()
    version = compiled.get(workflow, revision, at).map.version
    if version != seen:
        seen = version
        print(version, at.isoformat(), flush=True)
    time.sleep(0.01)
"""


@pytest.fixture
def watchers(committed_db: Databases, shop: factories.Shop) -> Iterator[list[Any]]:
    """Two other processes that look, as intake does, which version rules now."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _WATCHER, str(shop.workflow.pk)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    yield started
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_version_is_in_force_in_every_process_within_a_second_and_at_its_moment(
    shop: factories.Shop, watchers: list[Any]
) -> None:
    assert [process.stdout.readline().split()[0] for process in watchers] == ["1", "1"]

    at_once = factories.draft_map(shop.workflow, default="notify")
    maps.publish(at_once, by=SYSTEM, now=timezone.now())
    published = time.monotonic()
    assert [process.stdout.readline().split()[0] for process in watchers] == ["2", "2"]
    assert time.monotonic() - published < 1

    moment = timezone.now() + timedelta(seconds=1.5)
    later = factories.draft_map(shop.workflow, default="soft_review")
    maps.publish(later, by=SYSTEM, now=timezone.now(), effective_at=moment)
    for process in watchers:
        version, at = process.stdout.readline().split()
        late = datetime.fromisoformat(at) - moment
        assert version == "3"
        assert timedelta(0) <= late < timedelta(seconds=1)
