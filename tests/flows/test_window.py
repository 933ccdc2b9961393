"""The moment between decision and answer, as the Python client lives through it."""

import threading
import time
from collections.abc import Iterator

import overread
import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import User
from handoffs import release
from handoffs.models import Handoff, MatrixRow
from reviews import claims, decisions, undo
from reviews.decisions import Choice
from reviews.models import Decision
from tests import factories
from tests.database import Databases
from tests.flows.test_client_against_server import (
    ARGUMENTS,
    Meanwhile,
    client,  # noqa: F401
    meanwhile,  # noqa: F401
    propose,
    refund_gate,
    run,
    url,  # noqa: F401
)

pytestmark = pytest.mark.slow
WINDOW = 2


@pytest.fixture(autouse=True)
def window(committed_db: Databases, shop: factories.Shop) -> None:
    MatrixRow.objects.update(safeguards={"undo_seconds": WINDOW})


@pytest.fixture(autouse=True)
def clock(committed_db: Databases) -> Iterator[None]:
    """Release what is due, as the clock does."""
    over = threading.Event()

    def tick() -> None:
        try:
            while not over.wait(0.1):
                release.release_due(now=timezone.now())
        finally:
            connections.close_all()

    ticking = threading.Thread(target=tick)
    ticking.start()
    yield
    over.set()
    ticking.join()


def decide(handoff_id: str, by: User, verb: str) -> None:
    claims.pick(handoff_id, by=by, now=timezone.now())
    choice = Choice(verb=verb, reason="The order was never late, I checked.")
    decisions.decide(handoff_id, by=by, choice=choice, now=timezone.now())


def test_a_gate_runs_what_was_approved_when_the_window_has_passed_and_not_before(
    client: overread.Client,  # noqa: F811
    meanwhile: Meanwhile,  # noqa: F811
    ann: User,
) -> None:
    refund, effects = refund_gate(client)
    decided: list[float] = []

    def act(handoff_id: str) -> None:
        decide(handoff_id, ann, "approve")
        decided.append(time.monotonic())

    meanwhile(act)
    assert refund.using(run=run(client))(**ARGUMENTS) == "refunded"

    assert time.monotonic() - decided[0] > WINDOW - 0.5
    assert len(effects) == 1


def test_what_was_taken_back_never_reaches_the_agent(
    client: overread.Client,  # noqa: F811
    meanwhile: Meanwhile,  # noqa: F811
    ann: User,
) -> None:
    refund, effects = refund_gate(client)

    def change_of_mind(handoff_id: str) -> None:
        decide(handoff_id, ann, "approve")
        undo.take_back(handoff_id, by=ann, now=timezone.now())
        decide(handoff_id, ann, "reject")

    meanwhile(change_of_mind)
    with pytest.raises(overread.Rejected):
        refund.using(run=run(client))(**ARGUMENTS)

    assert effects == []
    assert [one.verb for one in Decision.objects.order_by("id")] == ["approve", "reject"]


def test_a_wait_does_not_end_with_the_decision(
    client: overread.Client,  # noqa: F811
    ann: User,
) -> None:
    MatrixRow.objects.update(safeguards={"undo_seconds": 600})
    ruling = propose(client, run(client))
    assert ruling.handoff is not None
    decide(ruling.handoff.id, ann, "approve")

    with pytest.raises(overread.StillWaiting):
        client.wait(ruling.handoff, timeout=6)

    assert client.read_handoff(ruling.handoff).state == "waiting"
    assert Handoff.objects.get().state == "decided"
