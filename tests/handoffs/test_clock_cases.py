"""Twelve ways in which others' deadlines went wrong, each with the thread that tells of it.

Two of them are proven elsewhere: capacity that frees up (11) by what shares the load, and a day in
two parts as well (2) in test_business_time.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from handoffs import answers, calendars, clocks, deadlines, ladder, recounts, routing, silences, sla
from handoffs.actors import SYSTEM
from handoffs.models import Handoff, InformationRequest, MatrixRow, Queue, Recount, Rung
from handoffs.states import Verb
from tests import walks

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = {day: ["09:00-12:00", "13:00-17:00"] for day in calendars.WEEKDAYS[:5]}
now = timezone.now


def berlin(country: str = "", **holidays: str) -> calendars.Calendar:
    return calendars.read("Europe/Berlin", OFFICE, holidays, country)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def local(moment: datetime) -> str:
    return f"{moment.astimezone(BERLIN):%Y-%m-%d %H:%M:%S}"


# 1. opened outside hours, on a holiday, one second before closing
@pytest.mark.parametrize(
    ("opened", "due"),
    [
        ("2026-11-16 06:00", "2026-11-16 11:00:00"),
        ("2026-11-16 12:30", "2026-11-16 15:00:00"),
        ("2026-12-25 10:00", "2026-12-28 11:00:00"),
        ("2026-11-16 16:59:59", "2026-11-17 10:59:59"),
    ],
)
def test_1_it_is_opened_when_nobody_is_there(opened: str, due: str) -> None:
    assert local(sla.deadline(at(opened), 7200, berlin("DE"))) == due


# 2. glpi PR #22678: the earlier moment crosses the gap of the day as the deadline does
def test_2_what_comes_before_the_deadline_crosses_the_gap_too() -> None:
    deadline = deadlines.count(at("2026-11-16 11:30"), 7200, urgent_seconds=6000, calendar=berlin())

    assert local(deadline.urgent_at) == "2026-11-16 11:50:00"
    assert local(deadline.due_at) == "2026-11-16 14:30:00"
    later = deadlines.count(at("2026-11-16 11:30"), 7200, urgent_seconds=900, calendar=berlin())
    assert local(later.urgent_at) == "2026-11-16 14:15:00"


# 3. glpi #15429: an urgent time longer than the whole deadline
@pytest.mark.parametrize("urgent", [600, 601, 86_400])
def test_3_a_longer_urgent_time_does_not_fire_when_it_opens(urgent: int) -> None:
    opened = at("2026-11-16 10:00")

    deadline = deadlines.count(opened, 600, urgent_seconds=urgent, calendar=berlin())

    assert opened < deadline.urgent_at < deadline.due_at


# 4. erpnext #47172, helpdesk PR #2449: held up twice, once over a weekend, counted once
def test_4_two_pauses_one_over_a_weekend_count_once_and_in_its_hours() -> None:
    pauses = [
        (at("2026-11-20 11:00"), at("2026-11-20 14:00")),
        (at("2026-11-20 16:00"), at("2026-11-23 10:00")),
    ]

    due = sla.deadline(at("2026-11-20 10:00"), 4 * 3600, berlin(), pauses)

    # 10–11 and 14–16 on Friday, the last hour from Monday at ten on
    assert local(due) == "2026-11-23 11:00:00"
    overlapping = [*pauses, (at("2026-11-20 16:30"), at("2026-11-20 17:00"))]
    assert sla.deadline(at("2026-11-20 10:00"), 4 * 3600, berlin(), overlapping) == due


# 8. erpnext #38745: the clock changes while reviewer and owner are in different zones
@pytest.mark.parametrize(
    ("opened", "due"),
    [("2026-03-27 16:00", "2026-03-30 10:00:00"), ("2026-10-23 16:00", "2026-10-26 10:00:00")],
)
@pytest.mark.parametrize("seen_from", ["UTC", "America/New_York", "Asia/Kathmandu"])
def test_8_the_clock_changes_and_where_one_looks_from_does_not_matter(
    opened: str, due: str, seen_from: str
) -> None:
    start = at(opened).astimezone(ZoneInfo(seen_from))

    assert local(sla.deadline(start, 7200, berlin())) == due


# 12. zammad #390: what is said is what is counted
def test_12_the_words_end_in_the_deadline_with_pauses_and_holidays() -> None:
    pauses = [(at("2026-11-16 14:05"), at("2026-11-16 15:20"))]

    said = sla.derivation(at("2026-11-16 14:00"), 7200, berlin(), pauses)

    assert said == (
        "2 h of Mon–Fri 09:00–12:00 and 13:00–17:00 Berlin, paused 14:05–15:20 → Tue 09:15"
    )
    assert local(sla.deadline(at("2026-11-16 14:00"), 7200, berlin(), pauses)).endswith("09:15:00")
    christmas = sla.derivation(at("2026-12-24 16:00"), 7200, berlin("DE"))
    assert "without 25 Dec Christmas Day → Mon 10:00" in christmas
    region = sla.derivation(at("2027-01-05 16:00"), 7200, berlin("DE-BY"))
    assert "without 6 Jan Epiphany → Thu 10:00" in region


@pytest.mark.parametrize("code", ["XX", "DE-XX", "Germany", "DE-", "de", "../DE"])
def test_a_country_or_region_that_is_not_known_is_refused(code: str) -> None:
    with pytest.raises(calendars.CalendarRefused, match="are not known. Write a country such"):
        calendars.read("UTC", {}, {}, code)


pytestmark = pytest.mark.django_db


@pytest.fixture
def office(shop):
    """The shop's queue opens at hours in which it is open now and for the next hours."""
    opens = (now() - timedelta(hours=1)).astimezone(UTC)
    Queue.objects.filter(pk=shop.queue.pk).update(hours=around(opens, 6))
    MatrixRow.objects.filter(pk=shop.row.pk).update(business_time=True, deadline_seconds=3600)
    return shop


def around(opens: datetime, hours: int) -> dict[str, list[str]]:
    """Hours of UTC on every day, from that hour on, over midnight where it must be."""
    first, last = opens.hour, opens.hour + hours
    spans = [f"{first:02}:00-{min(last, 24):02}:00"]
    if last > 24:
        spans.append(f"00:00-{last - 24:02}:00")
    return dict.fromkeys(calendars.WEEKDAYS, spans)


# 5. the hours change while it waits: the deadline moves, what fired has fired
def test_5_changed_hours_move_the_deadline_and_refire_nothing(office, bot, bot_key):
    handoff = walks.waiting(office, bot, bot_key)
    Handoff.objects.filter(id=handoff.id).update(next_at=now())
    ladder.fire_overdue()
    assert Handoff.objects.get(id=handoff.id).urgent_since is not None

    tomorrow = around(now().astimezone(UTC) + timedelta(hours=12), 4)
    Queue.objects.filter(pk=office.queue.pk).update(hours=tomorrow)
    assert recounts.recount_due(now=now()) == 1

    moved = Handoff.objects.get(id=handoff.id)
    assert moved.deadline_at > handoff.deadline_at + timedelta(hours=8)
    assert (moved.urgent_since, moved.next_rung) == (None, "urgent")
    assert not Recount.objects.exists()
    Handoff.objects.filter(id=handoff.id).update(next_at=now())
    assert ladder.fire_overdue() == 1
    assert Rung.objects.filter(handoff=handoff).count() == 1
    assert recounts.recount_due(now=now()) == 0


def test_5_what_counts_by_the_clock_does_not_move(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    Queue.objects.filter(pk=shop.queue.pk).update(hours={"monday": ["09:00-10:00"]})

    assert recounts.recount_due(now=now()) == 0

    assert Handoff.objects.get(id=handoff.id).deadline_at == handoff.deadline_at


# 6. zammad #5177: the shorter time of another handoff does not end the longer one
def test_6_a_shorter_deadline_leaves_the_longer_one_alone(shop, bot, bot_key):
    long = walks.waiting(shop, bot, bot_key)
    short = walks.waiting(shop, bot, bot_key)
    walks.overdue(short)

    assert ladder.fire_overdue() == 1

    assert Handoff.objects.get(id=long.id).level == 1
    assert not Rung.objects.filter(handoff=long).exists()


# 7. zammad #3140: an answer comes between the sweep's look and its write
def test_7_an_answer_between_the_look_and_the_write_wins(shop, bot, bot_key, monkeypatch):
    handoff = walks.waiting(shop, bot, bot_key)
    walks.overdue(handoff, ladder=[])
    write = silences.fire

    def answer_first(due, *, now):
        walks.say(Handoff.objects.get(id=handoff.id))
        return write(due, now=now)

    monkeypatch.setattr(silences, "fire", answer_first)

    assert ladder.fire_overdue() == 0
    assert [one.verb for one in handoff.answers.all()] == [Verb.APPROVE.value]
    assert not Rung.objects.exists()


def test_7_what_moved_between_the_look_and_the_write_is_not_fired(shop, bot, bot_key, monkeypatch):
    handoff = walks.waiting(shop, bot, bot_key)
    walks.overdue(handoff)
    write = silences.fire

    def take_on_first(due, *, now):
        routing.allow_until(handoff.id, round=1, seconds=7200, by=walks.APPROVER, now=now)
        return write(due, now=now)

    monkeypatch.setattr(silences, "fire", take_on_first)

    assert ladder.fire_overdue() == 0
    assert Handoff.objects.get(id=handoff.id).level == 1


# 9. zammad #4432: what tells people keeps to their hours (see the notices); the ladder does not
def test_9_a_deadline_by_the_clock_climbs_at_night(shop, bot, bot_key):
    closed = {"monday": ["09:00-09:15"]}
    Queue.objects.filter(pk__in=[shop.queue.pk, shop.leads_queue.pk]).update(hours=closed)
    handoff = walks.waiting(shop, bot, bot_key)
    walks.overdue(handoff)

    assert ladder.fire_overdue() == 1
    assert Handoff.objects.get(id=handoff.id).level == 2


# 10. zammad #4245: an hour without a sweep, then one rung each, in order
def test_10_after_an_hour_without_a_sweep_each_has_one_rung_in_order(shop, bot, bot_key):
    handoffs = [walks.waiting(shop, bot, bot_key) for _ in range(3)]
    past = now() - timedelta(minutes=50)
    for minutes, handoff in enumerate(reversed(handoffs)):
        walks.overdue(handoff)
        due = past + timedelta(minutes=minutes)
        Handoff.objects.filter(id=handoff.id).update(next_at=due, deadline_at=due)

    assert [ladder.fire_overdue() for _ in range(2)] == [3, 0]

    fired = list(Rung.objects.order_by("id").values_list("handoff_id", flat=True))
    assert fired == [one.id for one in reversed(handoffs)]


def test_a_pause_moves_the_deadline_in_its_hours_and_is_said(office, bot, bot_key):
    handoff = walks.waiting(office, bot, bot_key)
    answers.ask_information(handoff.id, round=1, question="?", by=walks.APPROVER, now=now())
    asked = Handoff.objects.select_related("queue").get(id=handoff.id)
    assert "stopped while the agent is asked: " in clocks.derivation(asked, now=now())
    long_ago = now() - timedelta(minutes=30)
    InformationRequest.objects.update(asked_at=long_ago)
    Handoff.objects.update(counted_from=long_ago - timedelta(minutes=20))

    answers.give_information(handoff.id, facts=[], evidence=[], message="", by=SYSTEM, now=now())

    back = Handoff.objects.select_related("queue").get(id=handoff.id)
    assert back.deadline_at == clocks.read(back).due_at
    assert (back.deadline_at - now()).total_seconds() == pytest.approx(40 * 60, abs=5)
    said = clocks.derivation(back, now=now())
    assert f"paused {long_ago.astimezone(UTC):%H:%M}–" in said
    assert said.endswith(f"{back.deadline_at.astimezone(UTC):%H:%M}")


def test_sent_to_another_queue_what_is_left_counts_in_its_hours(office, bot, bot_key):
    Queue.objects.filter(pk=office.leads_queue.pk).update(
        hours=around(now().astimezone(UTC) + timedelta(hours=10), 8)
    )
    MatrixRow.objects.filter(pk=office.row.pk).update(
        send_to=[{"role": office.leads.name, "queue": office.leads_queue.slug}]
    )
    handoff = walks.waiting(office, bot, bot_key)
    Handoff.objects.update(counted_from=now() - timedelta(minutes=30))

    routing.send_on(
        handoff.id,
        round=1,
        queue=office.leads_queue.slug,
        role=office.leads.name,
        reason="theirs",
        by=walks.APPROVER,
        now=now(),
    )

    sent = Handoff.objects.select_related("queue").get(id=handoff.id)
    assert sent.counted_seconds == pytest.approx(1800, abs=5)
    assert sent.deadline_at - now() > timedelta(hours=9)
    assert sent.deadline_at == clocks.read(sent).due_at
