"""What binds a workflow, for everyone signed in, and the same for the agents."""

import html
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from handoffs import in_force
from handoffs.models import ActionType, LadderStep, MatrixRow, Queue, RiskTierMap
from tests import factories
from tests.factories import Shop
from tests.people import Agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(ann: User) -> Browser:
    browser = Browser()
    browser.force_login(ann)
    return browser


def text(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def page(browser: Browser) -> str:
    return text(browser.get(reverse("governance:workflow", args=["retail-support"])))


@pytest.mark.parametrize("role", [[], *[[role] for role in Role]])
def test_everyone_signed_in_reads_it(shop: Shop, role: list[Role]) -> None:
    browser = Browser()
    browser.force_login(factories.UserFactory(roles=role))

    codes = {
        browser.get(reverse(f"governance:{name}", args=args)).status_code
        for name, args in (
            ("index", []),
            ("workflow", ["retail-support"]),
            ("what-happens", ["retail-support"]),
            ("traceability", []),
        )
    }

    assert codes == {200}


def test_the_page_and_the_agents_read_the_same(shop: Shop, agent: Agent, browser: Browser) -> None:
    told = agent.get("/governance?workflow=retail-support").json()
    map = agent.get("/maps/retail-support").json()
    shown = page(browser)

    assert told["digest"] in shown
    assert map["digest"] in shown
    assert f"Version {map['version']}, in force since" in shown
    for rule in map["rules"]:
        tier = rule["tier"].replace("_", " ")
        plain = re.sub(r"</?(b|strong)>", "", shown)
        assert f"If {rule['when']} then {tier}, because {rule['because']}." in plain
    for row in told["rows"]:
        assert row["role"] in shown
        assert row["deadline_in_words"] in shown
        for step in row["ladder"]:
            assert step["role"] in shown
    for queue in told["queues"]:
        assert queue["name"] in shown
        assert f">{queue['depth_limit']}</td>" in shown


CHANGES = [
    lambda shop: Queue.objects.filter(pk=shop.queue.pk).update(depth_limit=7),
    lambda shop: MatrixRow.objects.filter(pk=shop.row.pk).update(deadline_seconds=60),
    lambda shop: MatrixRow.objects.filter(pk=shop.row.pk).update(safeguards={"reason": "always"}),
    lambda shop: LadderStep.objects.update(seconds=61),
    lambda shop: factories.MatrixRowFactory(
        workflow=shop.workflow, kind="recovery", role=shop.team, queue=shop.queue
    ),
    lambda shop: _supersede(shop),
]


def _supersede(shop: Shop) -> None:
    now = timezone.now()
    RiskTierMap.objects.filter(pk=shop.map.pk).update(superseded_at=now)
    RiskTierMap.objects.create(
        workflow=shop.workflow,
        version=2,
        state="published",
        body={"default": "notify"},
        published_at=now,
        effective_at=now,
    )


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_binds_an_agent_moves_the_digest_and_the_etag(
    shop: Shop, agent: Agent, change: Any
) -> None:
    before = agent.get("/governance?workflow=retail-support")

    change(shop)
    after = agent.get("/governance?workflow=retail-support", **{"If-None-Match": before["ETag"]})

    assert after.status_code == 200
    assert after.json()["digest"] != before.json()["digest"]


def test_what_binds_nobody_leaves_the_digest(shop: Shop, agent: Agent) -> None:
    before = agent.get("/governance?workflow=retail-support")
    unchanged = agent.get(
        "/governance?workflow=retail-support", **{"If-None-Match": before["ETag"]}
    )
    type(shop.workflow).objects.filter(pk=shop.workflow.pk).update(purpose="Said otherwise")

    after = agent.get("/governance?workflow=retail-support")

    assert unchanged.status_code == 304
    assert after.json()["digest"] == before.json()["digest"]


def test_a_workflow_without_owner_and_past_its_date_says_so(shop: Shop, browser: Browser) -> None:
    type(shop.workflow).objects.filter(pk=shop.workflow.pk).update(review_on=date(2020, 1, 1))

    shown = page(browser)

    assert '<span data-state="late">nobody</span>' in shown
    assert "1 Jan 2020, overdue" in shown


def test_a_gap_stands_where_it_is(shop: Shop, browser: Browser) -> None:
    MatrixRow.objects.filter(pk=shop.row.pk).update(action_type=shop.cancel_order)

    shown = page(browser)

    assert "Nobody has authority over refund_order at hard approval" in shown
    assert '<strong data-state="late">nobody</strong>' in shown


def test_without_a_map_it_says_that_nothing_rules(shop: Shop, browser: Browser) -> None:
    factories.WorkflowFactory(slug="bare")

    shown = text(browser.get(reverse("governance:workflow", args=["bare"])))

    assert "No map is in force" in shown
    assert "Nothing can come up that asks for a person" in shown


def test_what_agents_and_managers_wrote_is_text(shop: Shop, browser: Browser) -> None:
    type(shop.workflow).objects.filter(pk=shop.workflow.pk).update(purpose="<script>x</script>")

    raw = browser.get(reverse("governance:workflow", args=["retail-support"])).content.decode()

    assert "<script>x</script>" not in raw


def test_more_of_everything_takes_no_more_queries(shop: Shop, browser: Browser) -> None:
    def count(path: str) -> int:
        browser.get(path)
        with CaptureQueriesContext(connection) as queries:
            browser.get(path)
        return len(queries)

    paths = [reverse("governance:index"), reverse("governance:workflow", args=["retail-support"])]
    before = [count(path) for path in paths]
    for number in range(6):
        queue = factories.QueueFactory()
        action = factories.ActionTypeFactory(
            workflow=shop.workflow, name=f"more_{number}", arguments_schema=factories.CANCEL_SCHEMA
        )
        row = factories.MatrixRowFactory(
            workflow=shop.workflow, action_type=action, role=shop.team, queue=queue
        )
        LadderStep.objects.create(
            row=row, level=2, role=shop.leads, queue=shop.leads_queue, seconds=60
        )
        factories.WorkflowFactory(slug=f"other-{number}")
    assert ActionType.objects.count() > 6

    assert [count(path) for path in paths] == before


def test_the_digest_says_what_and_not_when_or_by_which_number(shop: Shop) -> None:
    now = timezone.now()
    before = in_force.of(shop.workflow, now).digest
    MatrixRow.objects.filter(pk=shop.row.pk).update(effective_from=now - timedelta(days=9))

    assert in_force.of(shop.workflow, now).digest == before


def test_no_such_workflow_is_not_found(browser: Browser, db: None) -> None:
    for name in ("workflow", "what-happens"):
        assert browser.get(reverse(f"governance:{name}", args=["nothing"])).status_code == 404
