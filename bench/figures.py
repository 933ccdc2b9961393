"""The page about oversight over a year in which 1,000,000 handoffs came: under 200 ms.

The year is stored as it is counted, in 60 kinds of handoffs a day; the page is answered by Django
in this process, signed in, with its template. Beside it: a page over four weeks, and how long one
week takes to be added up.
"""

import statistics
import time
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from bench import ground
from handoffs.models import Workflow
from oversight.counted import weeks
from oversight.models import FigureWeek

HANDOFFS, DAYS = 1_000_000, 364
QUEUES, TIERS, ACTIONS = 3, 2, 10
TIMES = 20
LIMIT_MS = 200

_DAYS = """
insert into oversight_figureday (workflow_id, queue_id, tier, action_type, kind, day, came, open,
    by_people, by_policy, withdrawn, in_time, late, escalated, sent_on, asked, reopened, taken,
    resisted, at_once, acted, challenged, settled, untouched, decisions, taken_back, approvals,
    overridden, edited, judged, changed, against, gave_in, agreed, turned, known, verbs, times)
select %(workflow)s, queue.id, 'tier_' || tier, 'action_' || action, 'approval',
    %(first)s::date + day, many, 0, many - 2, 1, 1, many - 3, 2, 1, 0, 1, 0, many - 1, 2, many - 3,
    many - 2, 5, many - 2, many - 8, many - 2, 0, many - 2, 3, 1, 10, 1, 2, 1, 8, 0,
    '{"right|nothing|with": 2, "wrong|with|with": 1}', '{"approve": 38, "reject": 3}',
    jsonb_build_object('review', spread.bins, 'response', spread.bins, 'waiting', spread.bins)
from generate_series(0, %(days)s - 1) day, generate_series(1, %(tiers)s) tier,
    generate_series(1, %(actions)s) action, unnest(%(queues)s::bigint[]) queue (id),
    lateral (select %(many)s + (day + action) %% 3 - 1 as many) of_day,
    lateral (select jsonb_object_agg(n, 1 + n %% 3) as bins
        from generate_series(10, 80, 2) n) spread
"""
_PROPOSALS = """
insert into oversight_proposalday (workflow_id, action_type, tier, day, proposed)
select %(workflow)s, 'action_' || action, tier, %(first)s::date + day, 500
from generate_series(0, %(days)s - 1) day, generate_series(1, %(actions)s) action,
    unnest(array['autonomous', 'notify', 'hard_approval']) tier
"""


_TOLD = """
insert into oversight_tally (workflow, team, week, kind, difficulty, harm, tests, caught)
select %(slug)s, 'team ' || team, %(first)s::date + 7 * week, '', '', '', 30, 26
from generate_series(0, 51) week, generate_series(1, 4) team
"""


def run() -> None:
    place = ground.place("figures")
    queues = [place.queue.id] + [
        ground.place(f"figures-{number}").queue.id for number in range(1, QUEUES)
    ]
    this = weeks.monday(datetime.now(UTC).date())
    first = this - timedelta(days=DAYS)
    # what was counted before a workflow was there would be demo history
    Workflow.objects.filter(pk=place.workflow.pk).update(
        launched_at=datetime.combine(first, datetime.min.time(), UTC) + timedelta(days=1)
    )
    cells = DAYS * QUEUES * TIERS * ACTIONS
    with connection.cursor() as cursor:
        params = {
            "workflow": place.workflow.id, "queues": queues, "tiers": TIERS, "actions": ACTIONS,
            "days": DAYS, "first": first, "many": round(HANDOFFS / cells),
        }  # fmt: skip
        cursor.execute(_DAYS, params)
        cursor.execute(_PROPOSALS, params)
        cursor.execute(_TOLD, {"slug": place.workflow.slug, "first": first})
    took = []
    for number in range(DAYS // 7):
        begun = time.perf_counter()
        weeks.recount(first + timedelta(weeks=number))
        took.append(1000 * (time.perf_counter() - begun))
    FigureWeek.objects.update(told=True)
    came = sum(FigureWeek.objects.filter(scope="all").values_list("came", flat=True))
    print(f"{came:,} handoffs in {cells:,} rows of days; a week added up in {_ms(took)}")
    manager, _ = User.objects.get_or_create(
        email="figures-manager@bench.example",
        defaults={"name": "Manager", "roles": [Role.MANAGER.value]},
    )
    browser = Client(SERVER_NAME="127.0.0.1")
    browser.force_login(manager)
    # naming them loads what a page takes, as a server does before it answers anybody
    everything = reverse("oversight:all")
    whole = reverse("oversight:workflow", args=[place.workflow.slug])
    for path in (everything, whole, f"{whole}action/action_1/"):
        for period in (4, 52):
            found = [_get(browser, f"{path}?weeks={period}") for _ in range(TIMES)]
            print(f"{path} over {period:>2} weeks: {_ms(found)}, at most {LIMIT_MS}")


def _get(browser: Client, address: str) -> float:
    begun = time.perf_counter()
    answer = browser.get(address)
    assert answer.status_code == 200, answer.status_code
    return 1000 * (time.perf_counter() - begun)


def _ms(times: list[float]) -> str:
    return f"median {statistics.median(times):.0f} ms, p95 {ground.p95(times):.0f} ms"
