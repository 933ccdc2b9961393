"""The detector's job: every action looked at once, one exception a storm, so many an hour."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from handoffs import audits, detection, findings, ids
from handoffs.anomalies import Figure
from handoffs.models import (
    ActionHistory,
    Detector,
    DetectorCursor,
    Finding,
    Handoff,
    MatrixRow,
    Proposal,
    Run,
)
from tests import factories, walks
from tests.handoffs.afterwards import ODD, USUAL, sample_all
from tests.handoffs.afterwards import stored as act
from tests.reviews.racing import all_at_once


@pytest.fixture(autouse=True)
def _database(database: None) -> None:
    """Let a test choose: its own transaction, or `committed_db`."""


@pytest.fixture
def run(shop: factories.Shop, bot) -> Run:
    return walks.start_run(shop, bot)


def teach(run: Run, count: int = 300) -> None:
    """Let the detector know that this action always had the same reason."""
    for _ in range(count):
        act(run, USUAL, ago=7200)
    look()


def look(**changes: Any) -> int:
    return detection.look(now=timezone.now(), **changes)


def open_due() -> int:
    return findings.open_due(now=timezone.now())


def test_what_stands_out_is_asked_about_with_its_figure(run, shop):
    teach(run)
    odd = act(run, ODD)

    assert look() == 1
    assert open_due() == 1

    handoff = Handoff.objects.get(proposal=odd)
    assert (handoff.kind, handoff.tier, handoff.blocking) == ("exception", "autonomous", False)
    assert handoff.queue == shop.queue
    brief = handoff.briefs.get().body
    assert brief["stood_out"] == [
        "reason is “ordered by mistake”, which none of the last 300 cancel_order had; there were "
        "1 different ones."
    ]
    assert brief["facts"][0]["value"] == brief["stood_out"][0]
    assert Run.objects.get(id=run.id).state == "RUNNING"


def test_each_action_is_looked_at_once(run):
    teach(run, 120)
    assert ActionHistory.objects.get(action_type="cancel_order").total == 120

    assert look() == 0
    assert ActionHistory.objects.get(action_type="cancel_order").total == 120


def test_stretches_are_bounded_and_leave_nothing_out(run):
    for number in range(25):
        act(run, USUAL, ago=500 - number)

    assert [look(limit=10) for _ in range(4)] == [10, 10, 5, 0]
    assert ActionHistory.objects.get().total == 25


def test_what_may_still_be_coming_is_not_passed_over(run):
    """An id made before another can be committed after it, but not twenty seconds later."""
    act(run, USUAL, ago=30)
    act(run, USUAL, ago=5)

    assert look() == 1


def test_a_person_sees_the_asked_tiers_so_the_detector_does_not(run):
    act(run, USUAL, tier="hard_approval")

    assert look() == 1
    assert not ActionHistory.objects.exists()


def test_a_storm_opens_one_exception_and_is_counted(run):
    teach(run)
    for number in range(50):
        act(run, ODD, ago=300 - number)

    look()
    assert open_due() == 1

    # the value is known from then on; fifty in three ways would be three storms
    assert Finding.objects.count() == Handoff.objects.count() == 1


def note(run: Run, key: str, ago: float) -> None:
    """Let a figure stand out in an action of some seconds ago."""
    stored = Proposal.objects.get(id=act(run, USUAL, ago=ago))
    row = (stored.id, run.workflow_id, "cancel_order", "{}", "d", run.id, stored.created_at)
    figures = [Figure(f"number:cancel_order:{key}", f"{key} stood out.")]
    detection._note(detection._watched(run.workflow_id), detection._seen(row), figures)


def test_the_same_storm_goes_on_quietly_and_after_a_quiet_hour_it_is_another(run):
    for ago in (9000, 6000, 3000):
        note(run, "amount", ago)
    assert [(one.times, one.held_back) for one in Finding.objects.all()] == [(3, False)]

    note(run, "amount", -1200)
    assert Finding.objects.count() == 2


def test_an_hour_opens_so_many_and_the_next_says_what_it_held_back(run, shop):
    Detector.objects.create(workflow=shop.workflow, most_per_hour=2)
    now = timezone.now()
    into_the_hour = now.minute * 60 + now.second + now.microsecond / 1e6
    for number in range(6):
        note(run, f"amount {number}", into_the_hour + 3000 - number)

    assert open_due() == 2
    assert Finding.objects.filter(held_back=True).count() == 4

    note(run, "another", into_the_hour - 1)
    assert open_due() == 1
    last = Finding.objects.get(sentences=["another stood out."]).handoff
    said = {fact["label"]: fact["value"] for fact in last.briefs.get().body["facts"]}
    assert said["Not opened"].startswith("4 more")


def test_switched_off_it_learns_and_says_nothing(run, shop):
    Detector.objects.create(workflow=shop.workflow, enabled=False)
    teach(run)
    act(run, ODD)

    assert look() == 1
    assert not Finding.objects.exists()
    assert ActionHistory.objects.get().total == 301


def test_what_is_a_day_old_when_first_seen_is_only_learnt_from(run):
    teach(run, 120)
    DetectorCursor.objects.update(proposal=ids.at("prop", timezone.now() - timedelta(days=29)))
    ActionHistory.objects.all().delete()
    for _ in range(200):
        act(run, USUAL, ago=3 * 86400)
    act(run, ODD, ago=2 * 86400)

    look()

    assert not Finding.objects.exists()


def test_without_a_row_the_finding_waits_for_one(run, shop):
    MatrixRow.objects.filter(id=shop.row.pk).update(kind="approval")
    teach(run)
    act(run, ODD)
    look()

    assert open_due() == 0
    assert Finding.objects.get().handoff is None

    MatrixRow.objects.create(
        workflow=shop.workflow, kind="exception", role=shop.leads, queue=shop.leads_queue
    )
    assert open_due() == 1


def test_an_action_that_is_drawn_and_stands_out_is_asked_about_twice(run, shop):
    """Else the audits would lack just the odd ones, and their share would be of the ordinary."""
    sample_all(shop)
    teach(run)
    odd = act(run, ODD)
    Proposal.objects.filter(id=odd).update(audit_share=1, audit_drawn=True, outcome="done")
    look()
    open_due()
    audits.open_due(now=timezone.now())

    assert sorted(Handoff.objects.filter(proposal=odd).values_list("kind", flat=True)) == [
        "audit",
        "exception",
    ]


def test_two_detectors_at_once_look_at_everything_once(committed_db, run):
    for number in range(60):
        act(run, USUAL, ago=500 - number)

    all_at_once([look, look, look])
    look()

    assert ActionHistory.objects.get().total == 60


def test_two_openers_at_once_open_each_once(committed_db, run):
    teach(run)
    act(run, ODD)
    look()

    opened = [racer.result for racer in all_at_once([open_due, open_due, open_due])]

    assert sum(opened) == Handoff.objects.count() == 1


def test_a_crash_before_the_cursor_moves_repeats_the_stretch_whole(committed_db, run, monkeypatch):
    teach(run)
    act(run, ODD)

    def crash(name: str) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(detection, "failpoint", crash)
        with pytest.raises(RuntimeError):
            look()
    assert (Finding.objects.count(), ActionHistory.objects.get().total) == (0, 300)

    assert look() == 1
    assert (Finding.objects.count(), ActionHistory.objects.get().total) == (1, 301)


def test_what_an_agent_names_its_arguments_cannot_stop_the_detector(run):
    act(run, {"\x00": 1, "\u202e": "x\x00", "a" * 500: True, "deep": {"er": {"\ud83d\ude00": [1]}}})
    act(run, {"amount": 1e308, "n": -(10**400), "list": [{}], "nothing": None})

    assert look() == 2
    stored = ActionHistory.objects.get()
    assert stored.total == 2
