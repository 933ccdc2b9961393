"""The page about capacity: who reads it, what it says, and the same as CSV and JSON."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from accounts.roles import Role
from handoffs import grants
from handoffs.actors import SYSTEM
from handoffs.models import Queue
from handoffs.verdicts import Level
from oversight.models import Forecast, QueueFigures, QueueHour
from oversight.queues import hours
from tests import factories
from tests.factories import Shop

pytestmark = pytest.mark.django_db
NOW = hours.start(timezone.now())


def get(user: User, address: str, **query: Any) -> tuple[int, str]:
    browser = Browser()
    browser.force_login(user)
    answer = browser.get(address, query)
    return answer.status_code, answer.getvalue().decode()


def of(queue: Queue, form: str = "") -> str:
    return reverse(f"oversight:capacity{form}", args=[queue.slug])


def have_history(queue: Queue, *, came: int = 60, hands: float = 3.0) -> None:
    """Three weeks in which as many came in each hour, with as many hands at it."""
    QueueHour.objects.bulk_create(
        QueueHour(
            queue=queue, starts_at=NOW - number * hours.HOUR, came=came, taken=came,
            wait_seconds=came * 90, in_time=came, samples=2, hands=2 * hands,
        )
        # from the hour that may begin while this runs
        for number in range(3 * 168 + 1)
    )  # fmt: skip
    QueueFigures.objects.create(
        queue=queue, measured_at=NOW, handling_seconds=240, handling_spread=0.8, handled=900,
        deadline_seconds=900, escalated_share=0.12,
    )  # fmt: skip


def say(queue: Queue, hours_ago: int, low: float, high: float) -> None:
    Forecast.objects.create(
        queue=queue, starts_at=NOW - hours_ago * hours.HOUR,
        made_at=NOW - (hours_ago * hours.HOUR + timedelta(minutes=10)), came=60, hands=3,
        wait_seconds=(low + high) / 2, wait_low=low, wait_high=high,
        in_time=0.99, in_time_low=0.95, in_time_high=1,
    )  # fmt: skip


def test_only_whoever_leads_the_queue_reads_it(
    shop: Shop, mia: User, ann: User, olga: User
) -> None:
    lead = factories.UserFactory(roles=[Role.WORKFLOW_OWNER], groups=[shop.leads])
    # a level without the role that may use it
    merely = factories.UserFactory(roles=[Role.REVIEWER], groups=[shop.leads])
    grants.give(shop.queue, team=shop.leads, level=Level.LEAD, by=SYSTEM, now=NOW)
    for form in ("", "-csv", "-json"):
        found = [get(user, of(shop.queue, form))[0] for user in (mia, lead, merely, ann, olga)]
        assert found == [200, 200, 403, 403, 403]
    assert get(mia, reverse("oversight:capacity", args=["nothing"]))[0] == 404

    index = reverse("oversight:index")
    assert of(shop.queue) in get(lead, index)[1]
    assert of(shop.leads_queue) not in get(lead, index)[1]
    assert of(shop.leads_queue) in get(mia, index)[1]
    assert all("You lead no queue" in get(user, index)[1] for user in (ann, merely))


def test_what_is_measured_is_drawn_and_listed(shop: Shop, mia: User) -> None:
    have_history(shop.queue)

    _, page = get(mia, of(shop.queue), day="1")

    assert page.count('class="bar come"') == 24 and page.count('class="there"') == 24
    assert "4.0 min" in page and "measured over 900 handoffs" in page
    # four of sixty an hour need five at least, and three are there
    assert page.count("3.0, too few") == 24
    assert "grows without end" in page
    assert "as now: 12\xa0% of what is proposed" in page
    assert "168 hours of the week have fewer people than they need" in page


def test_one_fewer_and_one_more(shop: Shop, mia: User) -> None:
    have_history(shop.queue, hands=5)
    found = json.loads(get(mia, of(shop.queue, "-json"))[1])

    assert [one["people"] for one in found["one_fewer_one_more"]] == [4, 5, 6]
    fewer, these, more = found["one_fewer_one_more"]
    assert fewer["wait_seconds"] is None
    assert these["wait_seconds"] == pytest.approx(133, abs=2)
    assert more["wait_seconds"] == pytest.approx(34, abs=2)
    assert len(found["hours"]) == 168 and found["handling_seconds"]["source"] == "measured"
    needed = found["busiest"]["needed"]
    assert needed == 6 and found["person_hours"] == 168 * needed


def test_other_figures_can_be_tried(shop: Shop, mia: User) -> None:
    have_history(shop.queue)
    typed = {"arrivals": "30", "handling": "10", "deadline": "60", "people": "9", "target": "99"}

    _, page = get(mia, of(shop.queue), **typed)
    found = json.loads(get(mia, of(shop.queue, "-json"), **typed)[1])

    assert "as you typed" in page and 'value="30"' in page
    assert found["busiest"]["arrivals"] == 30 and found["busiest"]["people"] == 9
    assert found["handling_seconds"] == {"value": 600.0, "source": "typed"}
    assert found["target"] == 0.99
    # and the downloads are of the same
    assert "plan.csv" not in page and "queues/refunds.csv?arrivals=30&amp;" in page


def test_what_cannot_be_read_is_said_and_not_reckoned_with(shop: Shop, mia: User) -> None:
    status, page = get(mia, of(shop.queue), arrivals="many", people="-1", day="9", handling="nan")
    assert status == 200
    assert page.count("field-error") == 3
    assert get(mia, reverse("oversight:plan"), handling="1e999")[0] == 200


def test_before_launch_it_is_planned_from_assumptions(ann: User) -> None:
    plan = reverse("oversight:plan")
    status, page = get(ann, plan, arrivals="60", handling="4", deadline="15")
    found = json.loads(get(ann, reverse("oversight:plan-json"), arrivals="60", handling="4")[1])

    assert status == 200 and "A queue that is not there yet" in page
    assert [one["people"] for one in found["one_fewer_one_more"]] == [4, 5, 6]
    assert found["forecasts"] == [] and found["queue"] is None
    assert get(ann, plan)[0] == 200


def test_a_new_queue_says_what_it_assumes(shop: Shop, mia: User) -> None:
    _, page = get(mia, of(shop.queue))
    assert "assumed: measured time is told once five people worked here" in page
    # the deadline is the matrix row's
    assert "4 h" in page
    assert "Nothing was said yet" in page


def test_where_nothing_came_nothing_is_reckoned(shop: Shop, mia: User) -> None:
    _, page = get(mia, of(shop.queue))
    assert "Nothing has been counted here yet" in page and "nobody is at it" in page
    # nobody needed and all in time would be said of nothing
    assert "<table" not in page and 'class="assumptions" open' in page
    _, page = get(mia, reverse("oversight:plan"))
    assert "Say what you expect to come" in page and "<table" not in page
    _, page = get(mia, of(shop.queue), arrivals="5")
    assert "Nothing has been counted here yet" not in page and page.count("<table") == 3


def test_a_closed_day_has_no_hours(mia: User) -> None:
    queue = factories.QueueFactory(hours={"monday": ["09:00-12:00"]})
    _, monday = get(mia, of(queue), day="0", arrivals="5")
    _, tuesday = get(mia, of(queue), day="1", arrivals="5")
    assert monday.count('class="bar come"') == 3
    assert "The queue is closed on this day" in tuesday


def test_what_was_said_stands_beside_what_it_came_to(shop: Shop, mia: User) -> None:
    have_history(shop.queue)
    say(shop.queue, 5, 60, 120)
    say(shop.queue, 4, 10, 20)
    # of this one somebody may still be late
    say(shop.queue, 3, 60, 120)
    QueueHour.objects.filter(starts_at=NOW - 3 * hours.HOUR).update(undecided=1)

    _, page = get(mia, of(shop.queue))
    found = json.loads(get(mia, of(shop.queue, "-json"))[1])

    assert "inside what was said in 1 of 2 hours" in page
    assert page.count('class="whisker"') == 2 and page.count("data-outside") == 1
    assert [one["wait_seconds"]["inside"] for one in found["forecasts"]] == [True, False]
    assert found["forecasts"][0]["wait_seconds"]["came_to"] == 90
    assert "1 of 2" in get(mia, reverse("oversight:index"))[1]


def test_the_week_as_csv(shop: Shop, mia: User) -> None:
    have_history(shop.queue)
    rows = list(csv.DictReader(io.StringIO(get(mia, of(shop.queue, "-csv"))[1])))

    assert len(rows) == 168
    assert rows[0]["weekday"] == "monday" and rows[0]["hour"] == "0"
    assert float(rows[0]["arrivals"]) == 60 and rows[0]["needed"] == "6"
    # without an end there is no figure
    assert rows[0]["wait_seconds"] == ""


def test_a_hostile_name_stays_text(mia: User, bot: Client) -> None:
    queue = factories.QueueFactory(slug="hostile", name="<script>alert(1)</script>")
    assert "<script>alert(1)" not in get(mia, of(queue))[1]


def test_the_page_asks_as_much_for_many_hours_as_for_few(
    shop: Shop, mia: User, django_assert_max_num_queries: Any
) -> None:
    have_history(shop.queue)
    for number in range(1, 40):
        say(shop.queue, number, 60, 120)
    browser = Browser()
    browser.force_login(mia)
    with django_assert_max_num_queries(20):
        browser.get(of(shop.queue))
