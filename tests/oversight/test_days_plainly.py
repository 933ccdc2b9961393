"""Figures of days and weeks against plain SQL, where the clock is against them.

Midnight in zones far from UTC, the hour that autumn brings twice, and what happens to a handoff
after its day was counted: taken back, reopened, sent on, answered at last.
"""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from accounts.models import Client, User
from handoffs.models import Handoff, Queue
from oversight.counted import days, weeks
from oversight.counted.weeks import Scope
from oversight.models import FigureDay, FigureWeek, ProposalDay
from oversight.statistics import bins
from tests import factories
from tests.factories import Shop
from tests.oversight import pasts
from tests.oversight.pasts import Past, Said
from tests.walks import start_run

pytestmark = pytest.mark.django_db
# Berlin's clocks go back at 01:00 UTC; it is Sunday there, and the end of a week
SUNDAY = datetime(2026, 10, 25, tzinfo=UTC)
NOW = SUNDAY + timedelta(days=3)
ZONES = ("Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kathmandu")

# of one queue between two moments: every handoff that came, with what is asked of it
PLAIN = {
    "came": "select count(*) from came h",
    "in_time": "select count(*) from came h where state = 'answered' and exists (select from "
    "handoffs_answer a where a.handoff_id = h.id and a.round = h.round and a.by_kind = 'person') "
    "and not exists (select from handoffs_transition t where t.handoff_id = h.id "
    "and t.cause = 'timed_out')",
    "sent_on": "select count(*) from came h where exists (select from handoffs_transition t "
    "where t.handoff_id = h.id and t.cause = 'sent_on')",
    "reopened": "select count(*) from came h where round > 1",
    "decisions": "select count(*) from came h join reviews_decision d on d.handoff_id = h.id "
    "where d.undone_at is null",
    "taken_back": "select count(*) from came h join reviews_decision d on d.handoff_id = h.id "
    "where d.undone_at is not null",
    "approvals": "select count(*) from came h join reviews_decision d on d.handoff_id = h.id "
    "where d.undone_at is null and h.kind = 'approval'",
    "overridden": "select count(*) from came h join reviews_decision d on d.handoff_id = h.id "
    "where d.undone_at is null and h.kind = 'approval' and d.verb <> 'approve'",
    "edited": "select count(*) from came h join reviews_decision d on d.handoff_id = h.id "
    "where d.undone_at is null and h.kind = 'approval' and d.verb = 'approve_with_edits'",
}  # fmt: skip
VERBS = (
    "select d.verb, count(*) from came h join reviews_decision d on d.handoff_id = h.id "
    "where d.undone_at is null group by d.verb"
)
RESPONSE = (
    "select percentile_disc(%s) within group (order by extract(epoch from answered_at - opened_at))"
    " from came h where state = 'answered' and exists (select from handoffs_answer a "
    "where a.handoff_id = h.id and a.round = h.round and a.by_kind = 'person')"
)
# where it came to: what was sent on later waits somewhere else
CAME = (
    "with came as (select h.* from handoffs_handoff h join oversight_arrival a on "
    "a.handoff_id = h.id where a.queue_id = %s and h.opened_at >= %s and h.opened_at < %s) "
)


@pytest.fixture
def places(shop: Shop) -> list[Queue]:
    return [factories.QueueFactory(slug=zone[-5:].lower(), time_zone=zone) for zone in ZONES]


@pytest.fixture
def people(shop: Shop) -> list[User]:
    return [factories.UserFactory(groups=[shop.team]) for _ in range(6)]


def asked(query: str, queue: Queue, since: date, until: date, *also: object) -> list[Any]:
    """Ask plainly of what came to a queue between two midnights of its own clock."""
    zone = ZoneInfo(queue.time_zone)
    bounds = [datetime.combine(day, time(), zone) for day in (since, until)]
    with connection.cursor() as cursor:
        cursor.execute(CAME + query, [queue.pk, *bounds, *also])
        return cursor.fetchall()


_SAID = st.builds(
    Said,
    person=st.integers(0, 5),
    verb=st.sampled_from(["approve", "reject", "approve_with_edits"]),
    undone=st.booleans(),
)
_PASTS = st.builds(
    Past,
    # around every zone's midnights and the hour that comes twice
    came_at=st.one_of(
        st.integers(-27 * 60, 27 * 60), st.integers(-30, 120), st.sampled_from([-1, 0, 59, 60, 61])
    ).map(lambda minutes: SUNDAY + timedelta(minutes=minutes)),
    queue=st.integers(0, len(ZONES) - 1),
    action=st.sampled_from(["refund_order", "cancel_order"]),
    tier=st.sampled_from(["hard_approval", "soft_review"]),
    late=st.booleans(),
    ends=st.sampled_from(["person", "policy", "withdrawn", ""]),
    after=st.floats(1, 90_000),
    said=st.lists(_SAID, max_size=2, unique_by=lambda said: said.person).map(tuple),
)
# what happens once the day was counted
_LATER = st.sampled_from(["", "taken back", "sent on", "reopened", "answered anew"])


@settings(max_examples=15, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(st.tuples(_PASTS, _LATER), min_size=1, max_size=5))
def test_figures_equal_plain_sql_by_every_clock_and_after_what_came_later(
    shop: Shop, bot: Client, places: list[Queue], people: list[User],
    history: list[tuple[Past, str]],
) -> None:  # fmt: skip
    with transaction.atomic():
        run = start_run(shop, bot)
        stored = []
        for one, later in history:
            handoff = pasts.put(shop, run, places, people, one)
            pasts.go_on(handoff, people, one)
            stored.append((handoff, later))
        days.count(now=NOW)
        _assert_days_and_weeks(places)
        for handoff, later in stored:
            _go_on(handoff, later, places)
        days.count(now=NOW + timedelta(hours=1))
        _assert_days_and_weeks(places)
        transaction.set_rollback(True)


def _go_on(handoff: Handoff, later: str, places: list[Queue]) -> None:
    handoff.refresh_from_db()
    if later == "taken back":
        pasts.take_back(handoff)
    elif later == "sent on" and handoff.state == "waiting":
        pasts.send_on(handoff, places[0])
    elif later:
        pasts.reopen(handoff, answered=later == "answered anew")


def _assert_days_and_weeks(places: list[Queue]) -> None:
    found = list(FigureDay.objects.order_by("queue_id", "day"))
    for (queue_id, day), cells in groupby(found, key=lambda one: (one.queue_id, one.day)):
        _assert_same(list(cells), _of(places, queue_id), day, day + timedelta(days=1))
    told = FigureWeek.objects.filter(scope=Scope.QUEUE)
    for week in told:
        queue = _of(places, int(week.key))
        _assert_same([week], queue, week.monday, week.monday + timedelta(days=7))
    # nothing is in no day, or in two
    assert sum(day.came for day in found) == Handoff.objects.count()
    assert sum(week.came for week in told) == Handoff.objects.count()


def _assert_same(
    cells: list[FigureDay] | list[FigureWeek], queue: Queue, since: date, until: date
) -> None:
    place = (queue.slug, str(since))
    for name, query in PLAIN.items():
        ((known,),) = asked(query, queue, since, until)
        assert sum(getattr(one, name) for one in cells) == known, (name, place)
    verbs, times = Counter[str](), dict[str, int]()
    for one in cells:
        verbs.update(one.verbs)
        bins.add(times, one.times.get("response", {}))
    assert verbs == Counter(dict(asked(VERBS, queue, since, until))), place
    for share in (0.1, 0.5, 0.9):
        ((known,),) = asked(RESPONSE, queue, since, until, share)
        shown = bins.quantile(times, share)
        # each bin is a tenth longer than the last, and its middle stands for it
        assert shown == (None if known is None else pytest.approx(float(known), rel=0.055)), place


def _of(places: list[Queue], pk: int) -> Queue:
    return next(one for one in places if one.pk == pk)


def test_a_day_of_25_hours_holds_them_all_and_the_next_begins_at_its_own_midnight(
    shop: Shop, bot: Client, places: list[Queue], people: list[User]
) -> None:
    run = start_run(shop, bot)
    # from Sunday's midnight in Berlin, 22:00 UTC, every half hour until Monday's, 23:00 UTC
    begins = SUNDAY - timedelta(hours=2)
    for number in range(-1, 51):
        came = begins + timedelta(minutes=30 * number)
        pasts.put(shop, run, places, people, Past(came))
    days.count(now=NOW)
    found = dict(FigureDay.objects.values_list("day", "came"))
    assert found == {date(2026, 10, 24): 1, date(2026, 10, 25): 50, date(2026, 10, 26): 1}
    assert dict(FigureWeek.objects.filter(scope="all").values_list("monday", "came")) == {
        date(2026, 10, 19): 51, date(2026, 10, 26): 1,
    }  # fmt: skip


@settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(st.tuples(st.integers(-90, 90), st.sampled_from(["autonomous", "hard_approval"]))))
def test_proposals_of_a_day_equal_plain_sql(
    shop: Shop, bot: Client, places: list[Queue], people: list[User], came: list[tuple[int, str]]
) -> None:
    """Around midnight in UTC: a proposal that needs nobody has no queue, and so no other clock."""
    with transaction.atomic():
        run = start_run(shop, bot)
        for minutes, tier in came:
            one = Past(SUNDAY + timedelta(minutes=minutes), tier=tier)
            pasts.put(shop, run, places, people, one)
        days.count(now=SUNDAY + timedelta(hours=2))
        with connection.cursor() as cursor:
            cursor.execute(
                "select tier, date_trunc('day', created_at at time zone 'UTC')::date, count(*) "
                "from handoffs_proposal group by 1, 2"
            )
            known = sorted(cursor.fetchall())
        found = ProposalDay.objects.values_list("tier", "day", "proposed")
        assert sorted(found) == known
        transaction.set_rollback(True)


@pytest.mark.parametrize("also", [-1, 0])
def test_a_week_is_told_by_plain_sql_of_who_decided(
    shop: Shop, bot: Client, places: list[Queue], people: list[User], *, also: int
) -> None:
    """Of what came between two Mondays of the queue: five people, twenty times, none above 40 %."""
    run = start_run(shop, bot)
    kiritimati = places[1]
    # its Monday begins at 10:00 UTC on Sunday
    begins = SUNDAY + timedelta(hours=10)
    for number in range(25 + also):
        came = begins + timedelta(minutes=number - 4)
        # the first of each week is taken back: it is nobody's decision
        one = Past(came, queue=1, said=(Said(number % 5, undone=number in (0, 4)),))
        pasts.go_on(pasts.put(shop, run, places, people, one), people, one)
    days.count(now=NOW)
    for week in FigureWeek.objects.filter(scope=Scope.QUEUE):
        told = asked(
            "select count(distinct d.reviewer_id) >= 5 and count(*) >= 20 from came h "
            "join reviews_decision d on d.handoff_id = h.id where d.undone_at is null",
            kiritimati, week.monday, week.monday + timedelta(days=7),
        )  # fmt: skip
        assert week.told == told[0][0]
    assert list(
        FigureWeek.objects.filter(scope=Scope.QUEUE).order_by("monday").values_list("told", "came")
    ) == [(False, 4), (also == 0, 21 + also)]


def test_weeks_begin_on_monday_whatever_the_day() -> None:
    for number in range(14):
        day = date(2026, 10, 19) + timedelta(days=number)
        assert weeks.monday(day) == date(2026, 10, 19) + timedelta(weeks=number // 7)
