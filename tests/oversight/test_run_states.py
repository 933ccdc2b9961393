"""How long runs stood still, counted from what happened to them; and illegal moves by day."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs import moves, resumptions, runs
from handoffs.actors import SYSTEM
from handoffs.errors import IllegalTransition
from handoffs.models import RefusedDay, Workflow
from oversight.counted import days
from oversight.models import FigureDay
from tests import factories, walks
from tests.factories import Shop

pytestmark = pytest.mark.django_db
# the pauses of each handoff's own action, by the words of the log
_PAUSES = """
select opened.handoff_id, count(*) from handoffs_transition opened
join handoffs_transition paused on paused.id = opened.id + 1 and paused.handoff_id is null
    and paused.to_state = 'PAUSED_PENDING_HUMAN' where opened.version = 1 group by 1
"""
PAUSED, ANSWERED, GOING_ON = "paused_pending_human", "human_responded", "resuming"


def times() -> dict[str, int]:
    day = FigureDay.objects.get(kind="approval")
    return {what: sum(counted.values()) for what, counted in day.times.items()}


def test_a_run_that_moves_later_is_counted_then(shop: Shop, bot: Client, bot_key: str) -> None:
    handoff = walks.waiting(shop, bot, bot_key)
    days.count(now=timezone.now())
    assert PAUSED not in times()
    walks.say(handoff)
    assert days.count(now=timezone.now()) > 0
    assert times()[PAUSED] == 1 and ANSWERED not in times()
    # from here on only the run moves, and the handoff does not
    lease = walks.lease(shop, bot)
    assert lease is not None
    assert days.count(now=timezone.now()) > 0
    assert times()[ANSWERED] == 1 and GOING_ON not in times()
    resumptions.acknowledge_resumed(
        lease.resumption.id, token=lease.token, by=SYSTEM, now=timezone.now()
    )
    days.count(now=timezone.now())
    assert (times()[PAUSED], times()[ANSWERED], times()[GOING_ON]) == (1, 1, 1)


def test_each_pause_belongs_to_the_handoff_it_was_for(
    shop: Shop, bot: Client, bot_key: str
) -> None:
    run = walks.start_run(shop, bot)
    for number in range(2):
        walks.propose(bot_key, run)
        walks.say(run.handoffs.select_related("run", "proposal").get(state="waiting"))
        lease = walks.lease(shop, bot)
        assert lease is not None, number
        now = timezone.now()
        resumptions.acknowledge_resumed(lease.resumption.id, token=lease.token, by=SYSTEM, now=now)
    days.count(now=timezone.now())
    assert times()[PAUSED] == times()[ANSWERED] == times()[GOING_ON] == 2
    with connection.cursor() as cursor:
        cursor.execute(_PAUSES)
        assert [pauses for _, pauses in cursor.fetchall()] == [1, 1]


def test_confirming_what_was_done_is_no_override(shop: Shop, bot: Client, bot_key: str) -> None:
    """A soft review is agreed with by confirming it."""
    handoff = walks.waiting(shop, bot, bot_key)
    team = shop.team
    person = factories.UserFactory(groups=[team])
    from_page = {"opened_at": handoff.opened_at, "decided_at": timezone.now()}
    _decide(handoff, person, "confirm", **from_page)
    days.recount([timezone.now().date()])
    day = FigureDay.objects.get(kind="approval")
    assert (day.approvals, day.overridden, day.challenged, day.acted) == (1, 0, 0, 1)


def _decide(handoff: Any, person: User, verb: str, **when: Any) -> None:
    claim = handoff.claims.model.objects.create(
        handoff=handoff, reviewer=person, turn=1, number=1, level=1, round=1,
        taken_at=when["opened_at"], expires_at=when["decided_at"], ended_at=when["decided_at"],
        ended_because="decided",
    )  # fmt: skip
    handoff.decisions.model.objects.create(
        handoff=handoff, round=1, reviewer=person, claim=claim, verb=verb, brief_version=1, **when
    )


def refused(shop: Shop, bot: Client, times: int) -> None:
    run = walks.start_run(shop, bot)
    runs.stop(run.id, reason="drill", by=SYSTEM, now=timezone.now())
    for _ in range(times):
        with pytest.raises(IllegalTransition) as said:
            runs.complete(run.id, output=None, by=SYSTEM, now=timezone.now())
        moves.count_refusal(said.value)


def test_illegal_moves_are_of_a_workflow_and_a_day(shop: Shop, bot: Client, mia: User) -> None:
    elsewhere = factories.launch_shop(slug="other")
    refused(shop, bot, 3)
    refused(elsewhere, bot, 1)
    found = dict(RefusedDay.objects.values_list("workflow__slug", "times"))
    assert found == {shop.workflow.slug: 3, "other": 1}
    # they are told of the week they were tried in
    week = timedelta(weeks=1)
    RefusedDay.objects.update(day=timezone.now().date() - week)
    before = timezone.now().date() - 5 * week
    RefusedDay.objects.create(workflow=shop.workflow, day=before, times=7)
    Workflow.objects.update(launched_at=timezone.now() - 20 * week)
    browser = Browser()
    browser.force_login(mia)
    for address, now, earlier in (
        (reverse("oversight:workflow-json", args=[shop.workflow.slug]), 3, 7),
        (reverse("oversight:workflow-json", args=["other"]), 1, 0),
        (reverse("oversight:all-json"), 4, 7),
    ):
        told = browser.get(address, {"weeks": "4"}).json()
        rows = [one for one in told["figures"] if one["figure"] == "moves_refused"]
        assert [one["value"] for one in rows] == [now, earlier], address
