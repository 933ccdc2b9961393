"""No figure, export, detector or draw has a blind test in it, while it stands and afterwards.

Each is asked three times: before, with a test, and with a real one, which has to show.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from accounts.models import Client, User
from governance import dry_runs, recorded, sampling
from handoffs import audit, audits, detection, stop_figures
from handoffs.actors import client_actor
from handoffs.models import ActionHistory, Proposal, QueueRate, Run, Stop
from oversight.counted import days
from oversight.models import Arrival, FigureDay, FigureWeek, ProposalDay, QueueFigures
from oversight.queues import arrivals, figures
from reviews import expectations, feedback, measures, plants, rates
from reviews.models import BriefMeasure, Expectation, SummaryEdit
from tests import walks
from tests.factories import Shop
from tests.handoffs import afterwards
from tests.reviews import planting
from tests.walks import start_run

pytestmark = pytest.mark.django_db


def _today() -> Any:
    return now().date()


def _noted(shop: Shop) -> Any:
    arrivals.note_new(now=now())
    return Arrival.objects.count()


def _days(shop: Shop) -> Any:
    days.recount([_today()])
    return list(FigureDay.objects.values_list("came", "withdrawn")), _weeks()


def _weeks() -> Any:
    return sorted(FigureWeek.objects.values_list("scope", "came", "open"))


def _days_as_they_move(shop: Shop) -> Any:
    days.count(now=now())
    return list(FigureDay.objects.values_list("came", "withdrawn")), _weeks()


def _proposed(shop: Shop) -> Any:
    days.recount([_today()])
    days._count_proposals(now(), first=False)
    return sum(ProposalDay.objects.values_list("proposed", flat=True))


def _arrivals_per_hour(shop: Shop) -> Any:
    rates.measure(now=now())
    return QueueRate.objects.get(queue=shop.queue).arrivals_per_hour


def _measured(shop: Shop) -> Any:
    measures.measure_new(now=now())
    return BriefMeasure.objects.count()


def _span() -> dict[str, Any]:
    return {"since": now() - timedelta(hours=1), "until": now() + timedelta(hours=1)}


def _recorded(shop: Shop) -> Any:
    return len(list(recorded.proposals(shop.workflow, **_span())))


def _counted(shop: Shop) -> Any:
    return recorded.count(shop.workflow.pk, **_span(), most=100)


def _latest(shop: Shop) -> Any:
    types = recorded.action_types(shop.workflow)
    return len(recorded.latest(shop.workflow.pk, types, most=100).recorded)


def _tried_on(shop: Shop) -> Any:
    shop.row.refresh_from_db()
    found = dry_runs.run(shop.row, dry_runs.as_it_stands(shop.row), now=now())
    return found.questions


@pytest.mark.parametrize(
    "count",
    [
        _noted,
        _days,
        _days_as_they_move,
        _proposed,
        _arrivals_per_hour,
        _measured,
        _recorded,
        _counted,
        _latest,
        _tried_on,
    ],
)
def test_a_test_is_not_counted_and_a_real_one_is(
    shop: Shop, bot: Client, bot_key: str, count: Callable[[Shop], Any]
) -> None:
    walks.waiting(shop, bot, bot_key)
    before = count(shop)

    plant = planting.planted(shop, bot)
    assert count(shop) == before
    plants.end(plant, now=now())
    assert count(shop) == before

    walks.waiting(shop, bot, bot_key)
    assert count(shop) != before


def test_what_needs_a_person_is_a_share_of_what_clients_proposed(
    shop: Shop, bot: Client, bot_key: str
) -> None:
    walks.waiting(shop, bot, bot_key)
    afterwards.act(bot_key, start_run(shop, bot))

    def share() -> Any:
        arrivals.note_new(now=now())
        figures.measure(now=now())
        return QueueFigures.objects.get(queue=shop.queue).escalated_share

    assert share() == 0.5
    planting.planted(shop, bot)
    assert share() == 0.5


# what tests never are in, written past the door all the same


def _raw(run: Run, **changes: Any) -> str:
    id = afterwards.stored(run, afterwards.USUAL, ago=7200)
    Proposal.objects.filter(id=id).update(**changes)
    return id


def test_the_detector_learns_nothing_of_one(shop: Shop, bot: Client) -> None:
    _raw(planting.house_run(shop, bot))
    assert detection.look(now=now()) == 0
    assert not ActionHistory.objects.exists()

    _raw(start_run(shop, bot))
    assert detection.look(now=now()) == 1


def test_none_is_drawn_for_an_audit(shop: Shop, bot: Client) -> None:
    drawn = {"audit_drawn": True, "outcome": "done", "audit_share": 1}
    _raw(planting.house_run(shop, bot), **drawn)
    assert audits.open_due(now=now()) == 0
    assert sum(one.drawn for one in sampling.panel(shop.workflow, now=now())) == 0

    _raw(start_run(shop, bot), **drawn)
    assert audits.open_due(now=now()) == 1
    assert sum(one.drawn for one in sampling.panel(shop.workflow, now=now())) == 1


def test_what_was_told_of_one_is_no_promise(shop: Shop, bot: Client, bot_key: str) -> None:
    def tell(handoff_id: str | None) -> None:
        then = now() - timedelta(minutes=5)
        Expectation.objects.create(
            handoff_id=handoff_id, workflow=shop.workflow, round=1, ahead=0,
            median_at=then, by_at=then, confidence=80, told_at=then - timedelta(minutes=5),
        )  # fmt: skip

    tell(planting.planted(shop, bot).handoff_id)
    assert expectations.weeks(shop.workflow.pk) == []

    tell(walks.waiting(shop, bot, bot_key).id)
    assert [one.told for one in expectations.weeks(shop.workflow.pk)] == [1]


def test_a_stop_let_nothing_through_that_is_one(shop: Shop, bot: Client, ann: User) -> None:
    then = now() - timedelta(minutes=1)
    runs = planting.house_run(shop, bot), start_run(shop, bot)
    stop = Stop.objects.create(
        workflow=shop.workflow, reason="x", stopped_by=ann, stopped_role="x", settled_at=then
    )
    by = client_actor("bot", "x")
    audit.record(by=by, action="workflow.stopped", subject=stop.id, body={})

    audit.record(by=by, action="run.started", subject=runs[0].id, body={})
    assert stop_figures.of(stop).let_through == {}

    audit.record(by=by, action="run.started", subject=runs[1].id, body={})
    assert stop_figures.of(stop).let_through == {"runs started": 1}


def test_a_summary_mended_in_one_is_no_example(
    shop: Shop, bot: Client, bot_key: str, ann: User
) -> None:
    def mend(handoff_id: str | None) -> None:
        SummaryEdit.objects.create(
            handoff_id=handoff_id, brief_version=1, before="a", after="b", editor=ann
        )

    mend(planting.planted(shop, bot).handoff_id)
    assert feedback.count(shop.workflow) == 0
    assert list(feedback.export(shop.workflow)) == []

    mend(walks.waiting(shop, bot, bot_key).id)
    assert feedback.count(shop.workflow) == 1
    assert len(list(feedback.export(shop.workflow))) == 1


def test_figures_do_not_begin_with_one(shop: Shop, bot: Client, bot_key: str) -> None:
    """Before the first real handoff a page may show demo history: a test must not end it."""
    planting.planted(shop, bot)
    assert days._since_anything_came(now()) == set()

    walks.waiting(shop, bot, bot_key)
    assert _today() in days._since_anything_came(now())
