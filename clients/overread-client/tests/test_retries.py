"""The client tries again when that can help, and only then."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest
from stub_server import KEY, Fault, Stub

import overread
from overread import http

SLOW: tuple[int, dict[str, str], dict[str, object]] = (
    429,
    {"Retry-After": "7"},
    {"code": "queue_full", "status": 429, "detail": "Slow down."},
)


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(server: Stub, clock: Clock) -> Iterator[Callable[..., overread.Client]]:
    http = httpx.Client(trust_env=False, verify=False)

    def make(**options: float) -> overread.Client:
        return overread.Client(
            server.url,
            KEY,
            http=http,
            sleep=clock.sleep,
            clock=clock,
            random=lambda: 0.5,
            deadline=options.get("deadline", 60.0),
        )

    yield make
    http.close()


@pytest.mark.parametrize(
    ("status", "code"), [(429, "queue_full"), (503, "overloaded"), (409, "in_progress")]
)
def test_retry_after_is_honoured_and_never_undercut(
    server: Stub, clock: Clock, make: Callable[..., overread.Client], status: int, code: str
) -> None:
    server.faults += [Fault("/pressure", (status, {"Retry-After": "7"}, {"code": code}))] * 2

    assert make().pressure("retail-support").level == "open"
    assert clock.naps == [7.5, 7.5]


def test_a_crowd_that_was_told_the_same_time_comes_back_spread_out() -> None:
    backoff = overread.Backoff()

    assert backoff.delay(1, 7, lambda: 0.0) == 7
    assert backoff.delay(1, 7, lambda: 1.0) == 8
    assert backoff.delay(1, 300, lambda: 1.0) == 330


def test_without_advice_the_pauses_grow_to_a_ceiling_and_are_jittered() -> None:
    backoff = overread.Backoff(first=1, longest=10, factor=2)

    assert [backoff.delay(n, None, lambda: 1.0) for n in (1, 2, 3, 4, 5, 5000)] == [
        1,
        2,
        4,
        8,
        10,
        10,
    ]
    assert backoff.delay(3, None, lambda: 0.25) == 1


def test_retry_after_may_be_a_date() -> None:
    now = datetime(2026, 7, 1, 12, tzinfo=UTC)
    later = format_datetime(now.replace(minute=1), usegmt=True)

    assert http.retry_after(later, now) == 60
    assert http.retry_after(format_datetime(now.replace(hour=1), usegmt=True), now) == 0
    assert http.retry_after("soon", now) is None
    assert http.retry_after(None, now) is None


def test_a_lost_answer_is_asked_for_again_with_the_same_key_and_body(
    server: Stub, make: Callable[..., overread.Client]
) -> None:
    client = make()
    run = client.start_run("retail-support", "ticket-1")
    server.faults += [Fault("/proposals"), Fault("/proposals", after=True)]

    ruling = client.propose(run, "cancel_order", {"order_id": "#1"})

    sent = server.calls("/proposals")
    assert len(sent) == 3
    assert len({one.headers["idempotency-key"] for one in sent}) == 1
    assert sent[0].body == sent[1].body == sent[2].body
    assert ruling.replayed and len(server.handoffs) == 1


def test_two_calls_never_share_a_key(server: Stub, make: Callable[..., overread.Client]) -> None:
    client = make()
    run = client.start_run("retail-support", "ticket-1")

    client.propose(run, "cancel_order", {"order_id": "#1"})
    client.propose(run, "cancel_order", {"order_id": "#1"})

    assert len(server.handoffs) == 2


def test_nothing_listening_is_unreachable_when_the_deadline_is_over(clock: Clock) -> None:
    client = overread.Client(
        "http://127.0.0.1:9", KEY, sleep=clock.sleep, clock=clock, random=lambda: 1.0
    )

    with client, pytest.raises(overread.Unreachable) as caught:
        client.pressure("retail-support")

    assert clock.now - 1000 < 60
    assert clock.naps[:4] == [0.25, 0.5, 1.0, 2.0]
    assert "Gave up after" in caught.value.__notes__[0]


def test_the_deadline_ends_the_tries_with_the_server_s_own_words(
    server: Stub, clock: Clock, make: Callable[..., overread.Client]
) -> None:
    server.faults += [Fault("/pressure", SLOW)] * 9

    with pytest.raises(overread.SlowDown) as caught:
        make(deadline=20.0).pressure("retail-support")

    assert clock.naps == [7.5, 7.5]
    assert (caught.value.retry_after, caught.value.code) == (7, "queue_full")


def test_a_deadline_of_its_own_does_not_change_the_client(
    server: Stub, clock: Clock, make: Callable[..., overread.Client]
) -> None:
    client = make()
    server.faults += [Fault("/pressure", SLOW)] * 2

    with pytest.raises(overread.SlowDown):
        client.with_deadline(5).pressure("retail-support")
    assert clock.naps == []
    assert client.pressure("retail-support").level == "open"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 500])
def test_what_waiting_cannot_help_is_not_tried_again(
    server: Stub, clock: Clock, make: Callable[..., overread.Client], status: int
) -> None:
    server.faults.append(Fault("/pressure", (status, {"Retry-After": "1"}, {"code": "no"})))

    with pytest.raises(overread.Problem):
        make().pressure("retail-support")
    assert clock.naps == []


def test_a_version_conflict_after_a_lost_answer_says_that_it_may_be_our_own(
    server: Stub, make: Callable[..., overread.Client]
) -> None:
    client = make()
    run = client.start_run("retail-support", "ticket-1")
    first = client.save_checkpoint(run, {"step": 1})
    server.faults.append(Fault("/checkpoint", after=True))

    with pytest.raises(overread.PreconditionFailed) as caught:
        client.save_checkpoint(run, {"step": 2}, version=first.version)

    assert "may be your own" in caught.value.__notes__[0]
