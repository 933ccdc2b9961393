"""Backtests against ruling by hand; cancelled, broken off, doubled, bad, empty."""

import json
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Client, User
from governance import backtests, recorded, turns, uploads
from governance.backtests import File
from governance.errors import BadPeriod, FileTooLarge
from governance.models import Backtest, BacktestChunk
from handoffs import policy, signals
from handoffs.actors import SYSTEM
from handoffs.models import AuditEntry, Proposal, RiskTierMap
from handoffs.states import ASKED_TIERS, Verb
from tests import factories, walks
from tests.governance import history
from tests.governance.history import START

pytestmark = pytest.mark.django_db
UNTIL = START + timedelta(days=7)


@pytest.fixture
def draft(shop: factories.Shop) -> RiskTierMap:
    history.add_type(shop)
    return RiskTierMap.objects.create(workflow=shop.workflow, version=2, body=history.draft_body())


@pytest.fixture
def ask(draft: RiskTierMap, mia: User) -> Callable[..., Backtest]:
    def asked(**changes: Any) -> Backtest:
        given = {"since": START, "until": UNTIL, **changes}
        return backtests.over_period(draft, by=SYSTEM, user=mia, now=timezone.now(), **given)

    return asked


@pytest.fixture
def send(draft: RiskTierMap, mia: User) -> Callable[..., Backtest]:
    def sent(lines: bytes, truth: bytes | None = None) -> Backtest:
        return backtests.over_file(
            draft,
            proposals=File("cases.jsonl", lambda: [lines[:500], lines[500:]]),
            truth=File("truth.jsonl", lambda: [truth]) if truth is not None else None,
            by=SYSTEM,
            user=mia,
            now=timezone.now(),
        )

    return sent


def finished(backtest: Backtest) -> Backtest:
    for _ in range(500):
        backtest.refresh_from_db()
        if not backtest.is_open:
            return backtest
        turns.work(now=timezone.now())
    raise AssertionError(f"{backtest.state} after 500 turns")


def by_hand(made: list[Proposal], draft: RiskTierMap) -> Counter[tuple[str, str]]:
    risk_map = policy.parse_map(draft.body)
    types = recorded.action_types(draft.workflow)
    ruled: Counter[tuple[str, str]] = Counter()
    for one in made:
        action = types[one.action_type].with_arguments(json.loads(one.arguments))
        ruling = policy.evaluate(risk_map, action, signals.from_json(one.signals))
        ruled[one.tier, ruling.tier.value] += 1
    return ruled


def cells(result: dict[str, Any]) -> Counter[tuple[str, str]]:
    return Counter(
        {
            (row["then"], now): count
            for row in result["tiers"]
            for now, count in row["now"].items()
            if count
        }
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_random_history_is_ruled_as_by_hand(
    shop: factories.Shop,
    bot: Client,
    draft: RiskTierMap,
    ask: Callable[..., Backtest],
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorded, "PAGE", 13)
    made = history.record(shop, bot, 120, seed=seed)

    done = finished(ask())

    expected = by_hand(made, draft)
    assert done.state == "done", done.why
    assert cells(done.result) == expected
    assert (done.progress, done.total, done.checkpoint) == (120, 120, {})
    asked = sum(count for (_, now), count in expected.items() if now in ASKED_TIERS)
    assert done.result["rates"]["now"]["count"] == asked
    newly = sum(
        count
        for (then, now), count in expected.items()
        if now in ASKED_TIERS and then not in ASKED_TIERS
    )
    assert sum(one["newly_asked"] for one in done.result["types"]) == newly


def test_turn_by_turn_it_comes_to_the_same(
    shop: factories.Shop,
    bot: Client,
    ask: Callable[..., Backtest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history.record(shop, bot, 100)
    in_one = finished(ask())
    monkeypatch.setattr(recorded, "PAGE", 9)
    monkeypatch.setattr(turns, "TURN_SECONDS", 0)
    monkeypatch.setattr(turns, "SAVE_SECONDS", 0)

    in_many = finished(ask())

    assert in_many.epoch > 10
    assert in_many.result == in_one.result


def test_an_empty_period_is_said_to_be_empty(ask: Callable[..., Backtest]) -> None:
    done = finished(ask(since=START - timedelta(days=90), until=START - timedelta(days=80)))

    assert done.state == "done"
    assert done.result["proposals"] == 0
    assert "no proposal" in done.result["headlines"][0]


def test_a_period_that_ends_before_it_begins_is_refused(ask: Callable[..., Backtest]) -> None:
    with pytest.raises(BadPeriod):
        ask(since=UNTIL, until=START)
    assert not Backtest.objects.exists()


def test_the_same_question_is_asked_once_at_a_time(
    shop: factories.Shop, bot: Client, ask: Callable[..., Backtest]
) -> None:
    history.record(shop, bot, 10)
    first = ask()

    assert ask().pk == first.pk
    assert ask(until=UNTIL + timedelta(days=1)).pk != first.pk
    finished(first)
    assert ask().pk != first.pk


def test_one_at_a_time_runs_in_a_workflow(ask: Callable[..., Backtest]) -> None:
    first, second = ask(), ask(until=UNTIL + timedelta(days=1))
    Backtest.objects.filter(pk=first.pk).update(state="running")

    with pytest.raises(IntegrityError, match="backtest_one_running"), transaction.atomic():
        Backtest.objects.filter(pk=second.pk).update(state="running")

    assert turns.work(now=timezone.now()) == first.pk
    assert turns.work(now=timezone.now()) == second.pk
    assert turns.work(now=timezone.now()) is None


def test_the_map_that_was_asked_about_is_tried_also_when_the_draft_changes(
    shop: factories.Shop, bot: Client, draft: RiskTierMap, ask: Callable[..., Backtest]
) -> None:
    made = history.record(shop, bot, 40)
    asked = ask()
    RiskTierMap.objects.filter(pk=draft.pk).update(body={"default": "hard_stop"}, edition=2)

    assert cells(finished(asked).result) == by_hand(made, draft)


def test_cancelled_it_stops_before_it_writes_again(
    shop: factories.Shop,
    bot: Client,
    ask: Callable[..., Backtest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history.record(shop, bot, 100)
    monkeypatch.setattr(recorded, "PAGE", 10)
    monkeypatch.setattr(turns, "SAVE_SECONDS", 0)
    asked, pages = ask(), []

    def cancel_at_the_third(name: str) -> None:
        if name == "backtests.after_page":
            pages.append(name)
            if len(pages) == 3:
                assert backtests.cancel(asked, by=SYSTEM, now=timezone.now())

    monkeypatch.setattr(turns, "failpoint", cancel_at_the_third)
    turns.work(now=timezone.now())

    asked.refresh_from_db()
    assert (asked.state, asked.result, len(pages)) == ("cancelled", None, 3)
    assert turns.work(now=timezone.now()) is None
    assert not backtests.cancel(asked, by=SYSTEM, now=timezone.now())


def test_cancelled_at_the_last_moment_it_stays_cancelled(
    shop: factories.Shop,
    bot: Client,
    ask: Callable[..., Backtest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history.record(shop, bot, 10)
    asked = ask()

    def cancel_before_the_end(name: str) -> None:
        if name == "backtests.before_done":
            backtests.cancel(asked, by=SYSTEM, now=timezone.now())

    monkeypatch.setattr(turns, "failpoint", cancel_before_the_end)
    turns.work(now=timezone.now())

    asked.refresh_from_db()
    assert (asked.state, asked.result) == ("cancelled", None)


def test_a_worker_that_was_overtaken_writes_nothing(
    shop: factories.Shop,
    bot: Client,
    ask: Callable[..., Backtest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lock went with a lost connection: another goes on while the first still computes."""
    made = history.record(shop, bot, 60)
    monkeypatch.setattr(recorded, "PAGE", 10)
    monkeypatch.setattr(turns, "SAVE_SECONDS", 0)
    asked = ask()
    late = turns._take(timezone.now())
    assert late is not None
    in_time = turns._take(timezone.now())
    assert in_time is not None and in_time.epoch == late.epoch + 1

    turns._turn(late)

    asked.refresh_from_db()
    assert (asked.state, asked.progress) == ("running", 0)
    turns._turn(in_time)
    asked.refresh_from_db()
    assert asked.state == "done"
    assert sum(cells(asked.result).values()) == len(made)
    turns._turn(late)
    again = Backtest.objects.get(pk=asked.pk)
    assert (again.result, again.ended_at) == (asked.result, asked.ended_at)


def test_what_breaks_off_again_and_again_fails_and_says_so(
    shop: factories.Shop,
    bot: Client,
    ask: Callable[..., Backtest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history.record(shop, bot, 10)
    asked = ask()

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(turns.Trial, "rule", broken)
    for _ in range(turns.MAX_ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            turns.work(now=timezone.now())
    turns.work(now=timezone.now())

    asked.refresh_from_db()
    assert asked.state == "failed"
    assert "broke off 3 times after 0 proposals" in asked.why


def test_a_period_with_too_much_in_it_fails_with_the_limit(
    shop: factories.Shop,
    bot: Client,
    ask: Callable[..., Backtest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history.record(shop, bot, 30)
    monkeypatch.setattr(turns, "MAX_PROPOSALS", 20)

    done = finished(ask())

    assert done.state == "failed" and "more than 20 proposals" in done.why


def test_what_people_answered_is_the_truth_of_a_period(
    shop: factories.Shop, bot: Client, bot_key: str, ask: Callable[..., Backtest]
) -> None:
    for verb in (Verb.REJECT, Verb.APPROVE, Verb.REJECT):
        walks.say(walks.waiting(shop, bot, bot_key), verb, reason="Because")
    walks.waiting(shop, bot, bot_key)

    now = timezone.now()
    done = finished(ask(since=now - timedelta(hours=1), until=now + timedelta(hours=1)))

    truth = done.result["truth"]
    assert (truth["from"], truth["known"], truth["wrong"]) == ("answers", 3, 2)
    assert truth["passed_now"]["count"] == 0 and truth["passed_then"]["count"] == 0
    assert any("nobody can judge" in one for one in truth["sentences"])


def test_a_file_is_compared_with_the_map_in_force_and_with_its_truth(
    send: Callable[..., Backtest], shop: factories.Shop, draft: RiskTierMap
) -> None:
    lines = history.lines(200)
    truth = history.truth([one["key"] for one in lines])

    done = finished(send(history.jsonl(lines), history.jsonl(truth)))

    assert done.state == "done", done.why
    maps = [policy.parse_map(one.body) for one in (shop.map, draft)]
    types = recorded.action_types(shop.workflow)
    expected: Counter[tuple[str, str]] = Counter()
    wrong_passed = 0
    wrong = {one["key"] for one in truth if one["is_correct"] is False}
    for line in lines:
        proposal = line["proposal"]
        action = types[proposal["action_type"]].with_arguments(proposal["arguments"])
        given = signals.from_json(proposal["signals"])
        then, now = (policy.evaluate(one, action, given).tier for one in maps)
        expected[then.value, now.value] += 1
        wrong_passed += line["key"] in wrong and now not in ASKED_TIERS
    assert cells(done.result) == expected
    assert done.result["truth"]["wrong"] == len(wrong)
    assert done.result["truth"]["passed_now"]["count"] == wrong_passed
    assert not BacktestChunk.objects.exists()


def test_shuffled_truth_changes_no_tier(send: Callable[..., Backtest]) -> None:
    """What decides never reads what turned out true."""
    lines = history.lines(150)
    truth = history.truth([one["key"] for one in lines], seed=1)
    said = [one["is_correct"] for one in truth]
    random.Random(2).shuffle(said)
    shuffled = [{**one, "is_correct": new} for one, new in zip(truth, said, strict=True)]

    results = [
        finished(send(history.jsonl(lines), known)).result
        for known in (history.jsonl(truth), history.jsonl(shuffled), None)
    ]

    for part in ("tiers", "rules", "rates", "proposals", "hours"):
        assert results[0][part] == results[1][part] == results[2][part]
    changes = [
        {kind: kept for kind, kept in one["examples"].items() if kind != "wrong_passed"}
        for one in results
    ]
    assert changes[0] == changes[1] == changes[2]
    assert results[0]["curves"] != results[1]["curves"]


def test_bad_lines_are_counted_and_named_and_the_rest_is_ruled(
    send: Callable[..., Backtest],
) -> None:
    good = history.jsonl(history.lines(5))
    bad = b'\n{"key": "x"\n[]\n\xff\xfe\n{"key": "n", "proposal": {"action_type": "rocket"}}\n'

    done = finished(send(good + bad, b"nonsense\n"))

    assert done.state == "done"
    assert done.result["proposals"] == 5
    assert done.result["unread"]["count"] == 3
    assert [line for line, _ in done.result["unread"]["named"]] == [7, 8, 9]
    assert done.result["unknown_types"] == {"rocket": 1}
    assert any("1 line of the truth" in one for one in done.result["remarks"])


def test_a_file_that_is_none_at_all_is_done_with_nothing(send: Callable[..., Backtest]) -> None:
    done = finished(send(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50))

    assert (done.state, done.result["proposals"]) == ("done", 0)
    assert done.result["unread"]["count"] > 0
    assert finished(send(b"")).result["proposals"] == 0


def test_a_file_goes_on_at_its_line(
    send: Callable[..., Backtest], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = history.jsonl(history.lines(90))
    in_one = finished(send(lines))
    monkeypatch.setattr(turns, "TURN_SECONDS", 0)
    monkeypatch.setattr(turns, "SAVE_SECONDS", 0)
    monkeypatch.setattr(uploads, "_PART", 700)

    in_many = finished(send(lines))

    assert in_many.epoch >= 90
    assert in_many.result == in_one.result


def test_too_large_a_file_is_refused_and_nothing_is_kept(
    send: Callable[..., Backtest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_PROPOSALS_BYTES", 1000)

    with pytest.raises(FileTooLarge):
        send(history.jsonl(history.lines(50)))

    assert not Backtest.objects.exists() and not BacktestChunk.objects.exists()


def test_a_file_is_kept_for_a_day_at_most(send: Callable[..., Backtest]) -> None:
    asked = send(history.jsonl(history.lines(3)))
    late = timezone.now() + timedelta(days=1, minutes=1)

    turns.work(now=late)

    asked.refresh_from_db()
    assert asked.state == "failed" and "kept for a day" in asked.why
    assert not BacktestChunk.objects.exists()


def test_the_log_says_who_asked_and_what_came_of_it(ask: Callable[..., Backtest]) -> None:
    finished(ask())
    backtests.cancel(ask(), by=SYSTEM, now=timezone.now())

    said = AuditEntry.objects.filter(action__startswith="backtest.").order_by("id")
    assert [one.action for one in said] == [
        *("backtest.asked", "backtest.done", "backtest.asked", "backtest.cancelled"),
    ]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_history(
    shop: factories.Shop,
    bot: Client,
    ask: Callable[..., Backtest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # so many pages that the driver, which remembers a hundred statements, remembers no more
    monkeypatch.setattr(recorded, "PAGE", 20)
    peaks = []
    for count, start in (
        (2000, START),
        (2000, START + timedelta(days=1)),
        (6000, START + timedelta(days=2)),
    ):
        history.record(shop, bot, count, start=start, every=timedelta(seconds=1), seed=count)
        asked = ask(since=start, until=start + timedelta(hours=20))
        tracemalloc.start()
        finished(asked)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert Backtest.objects.get(pk=asked.pk).progress == count

    # the first one is only warming up; one proposal, held, would be more than a thousand bytes
    assert peaks[2] - peaks[1] < 400 * (6000 - 2000)
