"""Days and weeks as they are counted, against plain SQL and against what really happened."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from accounts.models import Client, User
from handoffs.models import Handoff, Queue
from oversight.counted import days, weeks
from oversight.counted.weeks import Part, Scope
from oversight.models import FigureDay, FigureWeek, ProposalDay
from oversight.statistics import bins
from tests import factories
from tests.factories import Shop
from tests.oversight import pasts
from tests.oversight.pasts import Past, Said
from tests.walks import start_run

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
# the Sunday on which Berlin's clocks go on by an hour
SUNDAY = datetime(2026, 3, 29, tzinfo=UTC)
NOW = SUNDAY + timedelta(days=3)

_CAUSED = "exists (select from handoffs_transition t where t.handoff_id = h.id and t.cause = '{}')"
_BY_PERSON = (
    "h.state = 'answered' and exists (select from handoffs_answer a "
    "where a.handoff_id = h.id and a.by_kind = 'person')"
)
_OBJECTED = (
    f"{_CAUSED.format('information_asked')} or {_CAUSED.format('escalated')} or "
    f"{_CAUSED.format('sent_on')} or exists (select from reviews_decision d where "
    "d.handoff_id = h.id and d.undone_at is null and d.verb not in ('approve', 'confirm'))"
)
# what a day says, each asked for by itself and as plainly as can be; {cell} is one cell's handoffs
PLAIN = {
    "came": "select count(*) from {cell}",
    "open": "select count(*) from {cell} where state not in ('answered', 'withdrawn')",
    "by_people": "select count(*) from {cell} where state = 'answered' and exists (select from "
    "handoffs_answer a where a.handoff_id = h.id and a.by_kind = 'person')",
    "by_policy": "select count(*) from {cell} where state = 'answered' and exists (select from "
    "handoffs_answer a where a.handoff_id = h.id and a.by_kind = 'policy')",
    "withdrawn": "select count(*) from {cell} where state = 'withdrawn'",
    "late": "select count(*) from {cell} where exists (select from handoffs_transition t "
    "where t.handoff_id = h.id and t.cause = 'timed_out')",
    "escalated": "select count(*) from {cell} where exists (select from handoffs_transition t "
    "where t.handoff_id = h.id and t.cause = 'escalated')",
    "asked": "select count(*) from {cell} where exists (select from handoffs_transition t "
    "where t.handoff_id = h.id and t.cause = 'information_asked')",
    "decisions": "select count(*) from {cell} join reviews_decision d on d.handoff_id = h.id "
    "where d.undone_at is null",
    "taken_back": "select count(*) from {cell} join reviews_decision d on d.handoff_id = h.id "
    "where d.undone_at is not null",
    "overridden": "select count(*) from {cell} join reviews_decision d on d.handoff_id = h.id "
    "where d.undone_at is null and d.verb not in ('approve', 'confirm')",
    "changed": "select count(*) from {cell} join reviews_decision d on d.handoff_id = h.id "
    "where d.undone_at is null and d.changed_after_reveal",
    "judged": "select count(*) from {cell} join reviews_decision d on d.handoff_id = h.id "
    "where d.undone_at is null and d.judgement_id is not null",
    "approvals": "select count(*) from {cell} join reviews_decision d on d.handoff_id = h.id "
    "where d.undone_at is null",
    "gave_in": "select count(*) from {cell} join reviews_decision d on d.handoff_id = h.id join "
    "reviews_judgement j on j.id = d.judgement_id where d.undone_at is null "
    "and j.verb in ('reject', 'approve_with_edits') and d.verb in ('approve', 'confirm')",
    "against": "select count(*) from {cell} join reviews_decision d on d.handoff_id = h.id join "
    "reviews_judgement j on j.id = d.judgement_id where d.undone_at is null "
    "and j.verb in ('reject', 'approve_with_edits')",
    "turned": "select count(*) from {cell} join reviews_decision d on d.handoff_id = h.id join "
    "reviews_judgement j on j.id = d.judgement_id where d.undone_at is null "
    "and j.verb in ('approve', 'confirm') and d.verb in ('reject', 'approve_with_edits')",
    "agreed": "select count(*) from {cell} join reviews_decision d on d.handoff_id = h.id join "
    "reviews_judgement j on j.id = d.judgement_id where d.undone_at is null "
    "and j.verb in ('approve', 'confirm')",
    "taken": "select count(*) from {cell} where exists (select from "
    "reviews_claim c where c.handoff_id = h.id)",
    "resisted": "select count(*) from {cell} where exists (select from "
    "reviews_claim c where c.handoff_id = h.id and c.ended_because = 'given_back')",
    "at_once": f"select count(*) from {{cell}} where {_BY_PERSON} and h.round = 1 "
    f"and not {_CAUSED.format('information_asked')}",
    "acted": f"select count(*) from {{cell}} where {_OBJECTED} or exists (select from "
    "reviews_decision d where d.handoff_id = h.id and d.undone_at is null)",
    "challenged": f"select count(*) from {{cell}} where {_OBJECTED}",
    "settled": f"select count(*) from {{cell}} where {_BY_PERSON}",
    "untouched": f"select count(*) from {{cell}} where {_BY_PERSON} and h.round = 1 and not "
    f"({_OBJECTED}) and not exists (select from reviews_claim c where c.handoff_id = h.id and "
    "c.ended_because = 'given_back') and exists (select from handoffs_answer a "
    "where a.handoff_id = h.id and a.verb in ('approve', 'confirm'))",
}  # fmt: skip
CELL = (
    "handoffs_handoff h join handoffs_proposal p on p.id = h.proposal_id where h.queue_id = %s "
    "and h.kind = %s and h.tier = %s and p.action_type = %s and h.opened_at >= %s "
    "and h.opened_at < %s"
)

OF_ACTIONS = (
    "approvals", "overridden", "gave_in", "against", "turned", "agreed", "acted", "challenged",
    "settled", "untouched",
)  # fmt: skip


@pytest.fixture
def places(shop: Shop) -> list[Queue]:
    return [shop.queue, factories.QueueFactory(slug="berlin", time_zone="Europe/Berlin")]


@pytest.fixture
def people(shop: Shop) -> list[User]:
    return [factories.UserFactory(groups=[shop.team]) for _ in range(6)]


def plainly(name: str, day: FigureDay) -> int:
    """Ask for one figure of one cell between two midnights of its queue."""
    zone = ZoneInfo(day.queue.time_zone)
    bounds = [
        datetime(one.year, one.month, one.day, tzinfo=zone)
        for one in (day.day, day.day + timedelta(days=1))
    ]
    cell = f"(select h.* from {CELL}) h"
    with connection.cursor() as cursor:
        cursor.execute(
            PLAIN[name].format(cell=cell),
            [day.queue_id, day.kind, day.tier, day.action_type, *bounds],
        )
        found = int(cursor.fetchone()[0])
    return found if day.kind == "approval" or name not in OF_ACTIONS else 0


_SAID = st.builds(
    Said,
    person=st.integers(0, 5),
    verb=st.sampled_from(["approve", "reject", "approve_with_edits", "confirm"]),
    judged=st.sampled_from(["approve", "confirm", "reject"]),
    seconds=st.floats(0.05, 4000),
    undone=st.booleans(),
    changed=st.sampled_from([None, True, False]),
)
_PASTS = st.builds(
    Past,
    # around two midnights in two zones, and the hour that Berlin leaves out
    came_at=st.integers(-27 * 60, 27 * 60).map(lambda minutes: SUNDAY + timedelta(minutes=minutes)),
    queue=st.integers(0, 1),
    action=st.sampled_from(["refund_order", "cancel_order"]),
    tier=st.sampled_from(["hard_approval", "soft_review"]),
    late=st.booleans(),
    escalated=st.booleans(),
    asked_for=st.sampled_from([None, 30.0, 7200.0]),
    ends=st.sampled_from(["person", "policy", "withdrawn", ""]),
    after=st.floats(1, 90_000),
    said=st.lists(_SAID, max_size=2, unique_by=lambda said: said.person).map(tuple),
    given_back=st.booleans(),
    audited=st.sampled_from(["", "", "confirm", "wrong"]),
)


@settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(st.tuples(_PASTS, st.booleans()), min_size=1, max_size=4))
def test_figures_equal_plain_sql_also_when_it_happens_later(
    shop: Shop, bot: Client, places: list[Queue], people: list[User],
    history: list[tuple[Past, bool]],
) -> None:  # fmt: skip
    with transaction.atomic():
        run = start_run(shop, bot)
        stored = [(pasts.put(shop, run, places, people, one), one, soon) for one, soon in history]
        for handoff, one, soon in stored:
            if soon:
                pasts.go_on(handoff, people, one)
        days.count(now=NOW)
        _assert_plain(history)
        for handoff, one, soon in stored:
            if not soon:
                pasts.go_on(handoff, people, one)
        days.count(now=NOW + timedelta(hours=1))
        _assert_plain(history)
        _assert_times(history)
        told = Counter[str]()
        for day in FigureDay.objects.all():
            told.update(day.known)
        assert told == pasts.known_plainly([one for one, _ in history])
        transaction.set_rollback(True)


def _assert_plain(history: list[tuple[Past, bool]]) -> None:
    found = list(FigureDay.objects.select_related("queue"))
    audits = Handoff.objects.filter(kind="audit").count()
    assert sum(day.came for day in found) == len(history) + audits
    for day in found:
        for name in PLAIN:
            assert getattr(day, name) == plainly(name, day), (name, str(day))
    for name in weeks.COUNTS:
        total = sum(getattr(day, name) for day in found)
        for scope in Scope:
            added = sum(getattr(one, name) for one in FigureWeek.objects.filter(scope=scope))
            assert added == total, (name, scope)


def _assert_times(history: list[tuple[Past, bool]]) -> None:
    """Every time is in the bin that Python puts it in."""
    looked = Counter(
        bins.of(said.seconds) for one, _ in history for said in one.said if not said.undone
    )
    answered = Counter(
        bins.of(1 + (one.asked_for or 0) + one.after) for one, _ in history if one.ends == "person"
    )
    # an audit here is answered as it comes
    audits = [one for one, _ in history if one.audited]
    answered[bins.of(0)] += len(audits)
    found: dict[str, Counter[str]] = {}
    for day in FigureDay.objects.all():
        for what, counted in day.times.items():
            found.setdefault(what, Counter()).update(counted)
    for what, expected in (("review", looked), ("response", answered)):
        assert _nearly(found.get(what, Counter()), expected), what
    # the clock of the database stamps every move, so of these the number is known
    ended = [one for one, _ in history if one.ends]
    assert found.get("waiting", Counter()).total() == len(ended) + len(audits)
    asked = [one for one in ended if one.asked_for is not None]
    assert found.get("needs_information", Counter()).total() == len(asked)


def _nearly(found: Counter[str], known: Counter[str]) -> bool:
    """A time on the edge of two bins may be in either: it came through floating point."""
    one, two = (sorted(int(name) for name in counted.elements()) for counted in (found, known))
    return len(one) == len(two) and all(abs(a - b) <= 1 for a, b in zip(one, two, strict=True))


def test_a_day_is_a_day_of_its_queue(
    shop: Shop, bot: Client, places: list[Queue], people: list[User]
) -> None:
    run = start_run(shop, bot)
    # 23:30 on Saturday in UTC is half past midnight on Sunday in Berlin, 22:30 on Sunday is Monday
    for hours in (-0.5, 21.5, 22.5):
        for queue in (0, 1):
            pasts.put(shop, run, places, people, Past(SUNDAY + timedelta(hours=hours), queue=queue))
    days.count(now=NOW)
    found = {(one.queue.slug, one.day): one.came for one in FigureDay.objects.all()}
    saturday, sunday, monday = (date(2026, 3, day) for day in (28, 29, 30))
    assert found == {
        (shop.queue.slug, saturday): 1, (shop.queue.slug, sunday): 2,
        ("berlin", sunday): 2, ("berlin", monday): 1,
    }  # fmt: skip
    # and so is its week
    assert set(FigureWeek.objects.filter(scope="all").values_list("monday", "came")) == {
        (date(2026, 3, 23), 5), (monday, 1),
    }  # fmt: skip


def test_nothing_new_counts_nothing_and_a_second_count_changes_nothing(
    shop: Shop, bot: Client, places: list[Queue], people: list[User]
) -> None:
    one = Past(SUNDAY)
    handoff = pasts.put(shop, start_run(shop, bot), places, people, one)
    pasts.go_on(handoff, people, one)
    assert days.count(now=NOW) > 0
    before = list(FigureDay.objects.values())
    assert days.count(now=NOW) == 0
    days.recount([date(2026, 3, 29)])
    after = list(FigureDay.objects.values())
    assert [{**row, "id": 0} for row in before] == [{**row, "id": 0} for row in after]


def test_who_takes_it_or_is_the_first_of_two_to_decide_counts_at_once(
    shop: Shop, bot: Client, places: list[Queue], people: list[User]
) -> None:
    """Neither moves the handoff: nothing of it is in the log of moves."""
    days.count(now=NOW)
    handoff = pasts.put(shop, start_run(shop, bot), places, people, Past(SUNDAY))
    days.count(now=NOW)
    before = FigureDay.objects.get()
    assert (before.decisions, before.taken) == (0, 0)

    pasts.say_first(handoff, people[1], Said(1, "reject"))
    days.count(now=NOW)

    day = FigureDay.objects.get()
    assert (day.decisions, day.taken, day.resisted, day.open) == (1, 1, 1, 1)


def test_where_it_came_to_counts_not_where_it_is(
    shop: Shop, bot: Client, places: list[Queue], people: list[User]
) -> None:
    handoff = pasts.put(shop, start_run(shop, bot), places, people, Past(SUNDAY))
    pasts.say_first(handoff, people[1], Said(1, "reject"))
    pasts.send_on(handoff, places[1])
    days.count(now=NOW)
    day = FigureDay.objects.get()
    assert day.queue == shop.queue and day.sent_on == 1
    assert [cell[1] for cell in weeks._who(date(2026, 3, 23))] == [shop.queue.pk]


def test_proposals_are_counted_whether_or_not_anybody_was_asked(
    shop: Shop, bot: Client, places: list[Queue], people: list[User]
) -> None:
    run = start_run(shop, bot)
    for tier in ("autonomous", "autonomous", "hard_approval"):
        handoff = pasts.put(shop, run, places, people, Past(NOW, tier="hard_approval"))
        type(handoff.proposal).objects.filter(pk=handoff.proposal_id).update(tier=tier)
    days.count(now=NOW)
    found = dict(ProposalDay.objects.values_list("tier", "proposed"))
    assert found == {"autonomous": 2, "hard_approval": 1}


def who(*counts: int) -> Counter[int]:
    return Counter(dict(enumerate(counts)))


W, V = Part(Scope.WORKFLOW, 1, ""), Part(Scope.WORKFLOW, 2, "")
A, B, C = (Part(Scope.QUEUE, 1, key) for key in "abc")
ALL = Part(Scope.ALL, None, "")


def test_five_people_twenty_decisions_and_nobody_most_of_them() -> None:
    for people, is_told in (
        (who(4, 4, 4, 4, 4), True), (who(5, 5, 5, 5), False), (who(4, 4, 4, 4, 3), False),
        (who(8, 3, 3, 3, 3), True), (who(9, 3, 3, 3, 2), False),
    ):  # fmt: skip
        assert (W in weeks.tellable({W: people})) is is_told


def test_a_whole_less_its_parts_tells_of_nobody() -> None:
    big, small = who(9, 9, 9, 9, 9), who(3)
    told = weeks.tellable({W: big + small, A: big, B: small})
    assert told == {W}
    # what is left over of two that are held back is enough
    other = Counter({number: 5 for number in range(10, 16)})
    told = weeks.tellable({W: big + other + small, A: big, B: other, C: small})
    assert told == {W, A}
    # and nothing is left over where all are told
    assert weeks.tellable({W: big + other, A: big, B: other}) == {W, A, B}


def test_a_queue_and_an_action_type_do_not_leave_one_decision_over() -> None:
    """Each is told by itself; 31 less 30 would be what Ann decided in the other queue."""
    many, others, ann = who(6, 6, 6, 6, 6), Counter(dict.fromkeys(range(10, 16), 5)), who(1)
    cells = {
        (1, 1, "soft_review", "refund_order", "approval"): many,
        (1, 2, "soft_review", "refund_order", "approval"): ann,
        (1, 2, "soft_review", "cancel_order", "approval"): others,
    }
    queues = {Part(Scope.QUEUE, 1, "1"), Part(Scope.QUEUE, 1, "2")}
    actions = {Part(Scope.ACTION, 1, "refund_order"), Part(Scope.ACTION, 1, "cancel_order")}

    told = weeks.tellable_together(cells)

    assert W in told and ALL in told
    assert not (told & queues and told & actions), told
    assert told & (queues | actions)
    # where nobody decided across, all are told
    del cells[1, 2, "soft_review", "refund_order", "approval"]
    assert weeks.tellable_together(cells) >= queues | actions


def test_of_a_workflow_that_is_held_back_no_part_is_told() -> None:
    big, small = who(9, 9, 9, 9, 9), who(3)
    found = weeks.tellable({ALL: big + small, W: big, V: small, A: big})
    assert found == {ALL}


def test_who_decided_is_stored_nowhere(
    shop: Shop, bot: Client, places: list[Queue], people: list[User]
) -> None:
    """Neither a column nor anything in the JSON of a figure has to do with a person."""
    for model in (FigureDay, FigureWeek, ProposalDay):
        names = {one.name for one in model._meta.get_fields()}
        related = {one.related_model for one in model._meta.get_fields() if one.is_relation}
        assert User not in related
        assert not {name for name in names if "person" in name or "review" in name}
    one = Past(SUNDAY, said=(Said(2, "reject"),))
    pasts.go_on(pasts.put(shop, start_run(shop, bot), places, people, one), people, one)
    days.count(now=NOW)
    day = FigureDay.objects.get()
    assert day.verbs == {"reject": 1}
    assert set(day.times) <= {"response", "review", "waiting", "needs_information"}


def test_a_week_is_told_once_enough_people_decided(
    shop: Shop, bot: Client, places: list[Queue], people: list[User]
) -> None:
    run = start_run(shop, bot)
    history = [Past(SUNDAY + timedelta(minutes=n), said=(Said(n % 5),)) for n in range(20)]
    for one in history[:19]:
        pasts.go_on(pasts.put(shop, run, places, people, one), people, one)
    days.count(now=NOW)
    assert not FigureWeek.objects.filter(told=True).exists()
    pasts.go_on(pasts.put(shop, run, places, people, history[19]), people, history[19])
    days.count(now=NOW)
    assert FigureWeek.objects.filter(told=True).count() == len(Scope)
    week: Any = FigureWeek.objects.get(scope="all")
    assert week.decisions == 20 and week.times["review"] == {bins.of(40): 20}
