"""Undoing what a person rolled back afterwards: once told, as often as it is told."""

import pytest
from stub_server import Stub

import overread


@pytest.fixture
def done(server: Stub, client: overread.Client) -> str:
    """A handoff about an action that has been taken."""
    server.act = "proceed_tentatively"
    run = client.start_run("retail-support", "ticket-1")
    client.propose(run, "cancel_order", {"order_id": "#W1"}, brief={"ask": "Cancel #W1?"})
    return "ho_1"


def event(handoff: str, type: str = "action.roll_back") -> dict[str, object]:
    return {"type": type, "data": {"handoff": handoff, "proposal": "prop_1"}}


def test_a_roll_back_is_undone_and_reported(
    server: Stub, client: overread.Client, done: str
) -> None:
    server.answer(done, "roll_back", reason="Not theirs", arguments=None)
    undone: list[overread.Handoff] = []
    listener = overread.RollBacks(client, undone.append)

    assert listener.hear(event(done))
    assert listener.hear(event(done))

    assert [one.arguments for one in undone] == [{"order_id": "#W1"}] * 2
    assert {one.answer.id for one in undone if one.answer} == {"ans_1"}
    assert {one["status"] for one in server.outcomes} == {"rolled_back"}


@pytest.mark.parametrize("verb", ["confirm", "wrong"])
def test_what_stays_is_left_alone(
    server: Stub, client: overread.Client, done: str, verb: str
) -> None:
    server.answer(done, verb, reason="Not theirs")
    listener = overread.RollBacks(client, lambda handoff: pytest.fail("It was to stay."))

    assert not listener.hear(event(done))
    assert not server.outcomes


def test_other_events_and_open_questions_are_none_of_its_business(
    server: Stub, client: overread.Client, done: str
) -> None:
    listener = overread.RollBacks(client, lambda handoff: pytest.fail("Nobody rolled it back."))

    assert not listener.hear(event(done, "handoff.answered"))
    assert not listener.look_at(done)


def test_an_undoing_that_fails_is_not_reported_as_done(
    server: Stub, client: overread.Client, done: str
) -> None:
    server.answer(done, "roll_back", reason="Not theirs")

    def fail(handoff: overread.Handoff) -> None:
        raise RuntimeError("the shop is closed")

    with pytest.raises(RuntimeError):
        overread.RollBacks(client, fail).hear(event(done))
    assert not server.outcomes
