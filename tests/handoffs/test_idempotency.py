"""The same request twice is one request, also when both come at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from handoffs import idempotency
from handoffs.errors import IdempotencyMismatch, IllegalTransition, InProgress
from handoffs.idempotency import Done, Keyed
from handoffs.models import Handoff, IdempotencyRecord, Proposal, Run, Transition
from tests import factories
from tests.people import Agent

KEY = {"Idempotency-Key": "once-1"}


def apart(work: Callable[[], object]) -> object:
    """Run `work` on a connection of its own and close it."""
    try:
        return work()
    finally:
        connection.close()


@pytest.fixture
def run(agent: Agent, shop: factories.Shop) -> str:
    return agent.post("/runs", factories.run_payload()).json()["id"]


@pytest.mark.django_db
@pytest.mark.parametrize("make", [factories.proposal_payload, factories.small_proposal_payload])
def test_the_same_proposal_again_is_told_the_first_answer(agent, run, make):
    body = make(run)
    first = agent.post("/proposals", body, **KEY)
    again = agent.post("/proposals", dict(reversed(body.items())), **KEY)

    assert again.status_code == first.status_code
    assert again.content == first.content
    assert again["Idempotent-Replay"] == "true"
    assert not first.has_header("Idempotent-Replay")
    assert Proposal.objects.count() == 1


@pytest.mark.django_db
def test_another_body_under_a_used_key_is_refused_and_not_stored(agent, run):
    agent.post("/proposals", factories.small_proposal_payload(run), **KEY)
    other = agent.post("/proposals", factories.proposal_payload(run), **KEY)

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert Proposal.objects.count() == 1
    assert not Handoff.objects.exists()


@pytest.mark.django_db
def test_the_same_body_at_another_address_is_another_request(agent, run):
    other = agent.post("/runs", factories.run_payload()).json()["id"]
    first = agent.post(f"/runs/{run}/complete", {}, **KEY)
    second = agent.post(f"/runs/{other}/complete", {}, **KEY)

    assert first.status_code == 200
    assert second.status_code == 422
    assert Run.objects.get(id=other).state == "RUNNING"


@pytest.mark.django_db
def test_a_key_is_its_clients_own(agent, run, bot, mia):
    other = Agent(factories_key(mia))
    agent.post("/runs", factories.run_payload(external_id="mine"), **KEY)
    theirs = other.post("/runs", factories.run_payload(external_id="theirs"), **KEY)

    assert theirs.status_code == 201
    assert not theirs.has_header("Idempotent-Replay")


def factories_key(mia) -> str:
    from accounts import keys

    client = factories.ClientFactory(name="other")
    return keys.issue(client, workflows=["*"], by=mia, now=timezone.now()).raw


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["complete", "fail"])
def test_every_post_may_be_repeated(agent, run, path):
    body = {"error": "Broken"} if path == "fail" else {"output": 1}
    first = agent.post(f"/runs/{run}/{path}", body, **KEY)
    moves = Transition.objects.count()
    again = agent.post(f"/runs/{run}/{path}", body, **KEY)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again["Idempotent-Replay"] == "true"
    assert Transition.objects.count() == moves


@pytest.mark.django_db
def test_a_refused_shape_leaves_its_key_unused(agent, run):
    body = factories.small_proposal_payload(run)
    refused = agent.post("/proposals", body | {"colour": "red"}, **KEY)
    mended = agent.post("/proposals", body, **KEY)

    assert refused.status_code == 422
    assert mended.status_code == 200
    assert IdempotencyRecord.objects.count() == 1


@pytest.mark.django_db
def test_a_refused_operation_leaves_its_key_unused(agent, run):
    agent.post(f"/runs/{run}/complete", {})
    refused = agent.post(f"/runs/{run}/fail", {"error": "x"}, **KEY)

    assert refused.status_code == 409
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db
def test_a_claim_that_found_nothing_leaves_its_key_unused(agent, shop):
    body = {"workflows": ["retail-support"], "worker": "host-1"}
    nothing = agent.post("/resumptions/claim", body, **KEY)

    assert nothing.status_code == 204
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "a" * 256, "tab\there"])
def test_a_key_that_is_no_key_is_refused(agent, run, key):
    body = factories.small_proposal_payload(run)
    refused = [
        agent.post("/proposals", body, **{"Idempotency-Key": key}),
        agent.post("/proposals/dry-run", body, **{"Idempotency-Key": key}),
        agent.post("/runs", factories.run_payload(), **{"Idempotency-Key": key}),
    ]

    assert [one.json()["code"] for one in refused] == ["bad_idempotency_key"] * 3
    assert [one.json()["fields"][0]["path"] for one in refused] == ["Idempotency-Key"] * 3
    assert not Proposal.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["a", "!", "~" * 255])
def test_a_key_may_be_any_visible_text(agent, run, key):
    body = factories.small_proposal_payload(run)

    assert agent.post("/proposals", body, **{"Idempotency-Key": key}).status_code == 200


@pytest.mark.django_db
def test_old_answers_are_forgotten_unless_their_handoff_waits(agent, run):
    agent.post("/proposals", factories.small_proposal_payload(run), **{"Idempotency-Key": "small"})
    agent.post("/proposals", factories.proposal_payload(run), **{"Idempotency-Key": "asked"})
    now = timezone.now()

    assert idempotency.forget(now=now + timedelta(days=29)) == 0
    assert idempotency.forget(now=now + timedelta(days=31)) == 1
    assert [one.key for one in IdempotencyRecord.objects.all()] == ["asked"]
    Handoff.objects.get()
    agent.post(f"/handoffs/{Handoff.objects.get().id}/withdraw", {"reason": "x"})
    assert idempotency.forget(now=now + timedelta(days=31)) == 1


@pytest.mark.slow
def test_fifty_at_once_are_one(committed_db, bot_key, run):
    """S3: one row, one answer, and whoever did not do the work was told it or asked to wait."""
    body = factories.proposal_payload(run)
    barrier = threading.Barrier(50)

    def post(_: int) -> object:
        barrier.wait()
        return apart(lambda: Agent(bot_key).post("/proposals", body, **KEY))

    with ThreadPoolExecutor(50) as pool:
        responses = list(pool.map(post, range(50)))

    told = [one for one in responses if one.status_code == 201]
    assert {one.status_code for one in responses} <= {201, 409}
    assert len({one.content for one in told}) == 1
    assert sum(not one.has_header("Idempotent-Replay") for one in told) == 1
    assert Proposal.objects.count() == Handoff.objects.count() == 1
    assert IdempotencyRecord.objects.count() == 1


@pytest.mark.slow
def test_fifty_with_a_key_each_are_fifty(committed_db, bot_key, run):
    body = factories.small_proposal_payload(run)

    def post(number: int) -> int:
        headers = {"Idempotency-Key": f"key-{number}"}
        return apart(lambda: Agent(bot_key).post("/proposals", body, **headers)).status_code

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(post, range(50))) == {200}
    assert Proposal.objects.count() == 50


def keyed(bot, fingerprint: str = "same") -> Keyed:
    return Keyed(client_id=bot.pk, key="k", fingerprint=fingerprint)


def in_the_middle(bot, then: Callable[[], Done]) -> tuple[threading.Event, Callable[[], Done]]:
    """Work that stops half way until it is told to go on."""
    arrived, go_on = threading.Event(), threading.Event()

    def do() -> Done:
        arrived.set()
        assert go_on.wait(10)
        return then()

    do.go_on = go_on  # type: ignore[attr-defined]
    return arrived, do


def race(bot, first: Callable[[], Done], second: Callable[[], Done], **changes: str):
    """Let `second` start while `first` is half way; return what both came to."""
    arrived, do = in_the_middle(bot, first)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(apart, lambda: idempotency.once(keyed(bot), do))
        assert arrived.wait(10)
        two = pool.submit(apart, lambda: idempotency.once(keyed(bot, **changes), second))
        wait_until_someone_waits_for_a_lock()
        do.go_on.set()
        return one, two


def wait_until_someone_waits_for_a_lock() -> None:
    for _ in range(1000):
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from pg_locks where not granted")
            if cursor.fetchone()[0]:
                return
            cursor.execute("select pg_sleep(0.005)")
    pytest.fail("Nobody waited.")


def test_the_second_waits_for_the_first_and_is_told_its_answer(committed_db, bot):
    done: list[str] = []
    one, two = race(
        bot,
        lambda: done.append("first") or Done(status=200, body='{"by": "first"}'),
        lambda: done.append("second") or Done(status=200, body='{"by": "second"}'),
    )

    assert (one.result().body, one.result().replayed) == ('{"by": "first"}', False)
    assert (two.result().body, two.result().replayed) == ('{"by": "first"}', True)
    assert done == ["first"]


def test_when_the_first_is_refused_the_second_does_the_work(committed_db, bot):
    def refuse() -> Done:
        raise IllegalTransition

    one, two = race(bot, refuse, lambda: Done(status=200, body='{"by": "second"}'))

    with pytest.raises(IllegalTransition):
        one.result()
    assert (two.result().body, two.result().replayed) == ('{"by": "second"}', False)
    assert IdempotencyRecord.objects.get().body == '{"by": "second"}'


def test_of_two_bodies_at_once_the_second_is_a_mismatch(committed_db, bot):
    one, two = race(
        bot,
        lambda: Done(status=200, body="{}"),
        lambda: pytest.fail("must not run"),
        fingerprint="another",
    )

    assert one.result().status == 200
    with pytest.raises(IdempotencyMismatch):
        two.result()


def test_who_waited_long_enough_is_asked_to_come_back(committed_db, bot, monkeypatch):
    monkeypatch.setattr(idempotency, "WAIT", "50ms")
    arrived, do = in_the_middle(bot, lambda: Done(status=200, body="{}"))
    with ThreadPoolExecutor(1) as pool:
        one = pool.submit(apart, lambda: idempotency.once(keyed(bot), do))
        assert arrived.wait(10)
        with pytest.raises(InProgress) as refused:
            idempotency.once(keyed(bot), lambda: pytest.fail("must not run"))
        do.go_on.set()
        one.result()

    assert refused.value.retry_after == 1


def test_the_wait_for_a_key_is_not_the_wait_of_the_work(committed_db, bot):
    def shown() -> Done:
        with connection.cursor() as cursor:
            cursor.execute("show lock_timeout")
            return Done(status=200, body=cursor.fetchone()[0])

    with connection.cursor() as cursor:
        cursor.execute("show lock_timeout")
        usual = cursor.fetchone()[0]

    assert idempotency.once(keyed(bot), shown).body == usual != idempotency.WAIT
