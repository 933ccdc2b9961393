"""The stop buttons: who may press them, what they say, how one comes back."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from governance import stopping
from handoffs import actors, grants, stop_figures, stops
from handoffs.models import AuditEntry, Stop
from handoffs.verdicts import Level
from tests import factories, walks

pytestmark = pytest.mark.django_db
now = timezone.now


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def text(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def press(browser: Browser, workflow: str = "retail-support", **more: str) -> Any:
    return browser.post("/stops/press", {"workflow": workflow, "reason": "It refunds twice"} | more)


def test_every_form_is_one_that_is_accepted(shop, mia, db):
    """The test client lets forged forms pass, a browser does not."""
    browser = signed_in(mia)
    press(browser)
    shown = browser.get("/stops/").content.decode()

    assert shown.count("<form") > 2
    assert shown.count('method="post"') == shown.count("csrfmiddlewaretoken")


@pytest.fixture
def olaf(shop) -> User:
    owner = factories.UserFactory(name="Olaf", roles=[Role.WORKFLOW_OWNER])
    shop.workflow.owner = owner
    shop.workflow.save()
    return owner


@pytest.fixture
def lena(shop, mia) -> User:
    """Leads the workflow by her team, and does not own it."""
    team = Group.objects.create(name="leads of retail")
    by = actors.person_actor(mia.pk, "manager")
    grants.give(shop.workflow, team=team, level=Level.LEAD, by=by, now=now())
    return factories.UserFactory(name="Lena", roles=[Role.WORKFLOW_OWNER], groups=[team])


class TestWho:
    def test_whoever_leads_may_stop_and_whoever_owns_may_let_go(self, shop, olaf, lena, mia, ann):
        stopped = stopping.stop(
            shop.workflow, reason="x", drill_seconds=None, by=lena, now=now()
        )  # fmt: skip
        pages = {
            user.name: signed_in(user).post(f"/stops/{stopped.id}/go-on", {"reason": "y"})
            for user in (lena, ann, olaf)
        }

        assert {name: page.status_code for name, page in pages.items()} == {
            "Lena": 403, "Ann": 403, "Olaf": 302
        }  # fmt: skip
        assert Stop.objects.get().ended_by == olaf

    def test_only_managers_stop_everything(self, shop, olaf, mia, ann, olga):
        codes = [press(signed_in(user), "").status_code for user in (ann, olga, olaf, mia)]

        assert codes == [403, 403, 403, 302]
        assert Stop.objects.get().workflow is None

    def test_owners_of_others_may_not(self, shop, olaf):
        other = factories.launch_shop(slug="payments")

        assert press(signed_in(olaf), other.workflow.slug).status_code == 403
        assert not Stop.objects.exists()

    def test_everyone_signed_in_reads_it_and_only_some_get_buttons(self, shop, olaf, ann):
        page = text(signed_in(ann).get("/stops/"))
        owners = text(signed_in(olaf).get("/stops/"))

        assert "Retail support goes on" in page.replace('</strong> <span class="tag">', " ")
        assert "Stop Retail support now" not in page
        assert "Stop Retail support now" in owners
        assert "Stop everything now" not in owners


class TestPage:
    def test_from_the_button_to_going_on(self, shop, mia):
        browser = signed_in(mia)

        said = text(browser.post(
            "/stops/press", {"workflow": "retail-support", "reason": "It refunds twice"},
            follow=True,
        ))  # fmt: skip
        assert "Retail support is stopped." in said
        assert "Nothing was under way any more after" in said
        assert "Stopped by Mia (manager)" in said and "It refunds twice" in said

        stopped = Stop.objects.get()
        said = text(browser.post(f"/stops/{stopped.id}/go-on", {"reason": "Mended"}, follow=True))

        assert "Retail support goes on." in said
        assert "Nothing is stopped." in said
        assert "Mended" in said

    def test_without_a_reason_it_says_so_where_it_was_pressed(self, shop, mia):
        refused = press(signed_in(mia), reason="  ")

        assert refused.status_code == 422
        assert 'id="error-retail-support"' in text(refused)
        assert not Stop.objects.exists()

    def test_somebody_was_faster(self, shop, mia):
        press(signed_in(mia))

        refused = press(signed_in(mia), reason="mine")

        assert refused.status_code == 409
        assert "It is stopped already." in text(refused)

    def test_a_stop_that_nobody_knows_is_not_there(self, shop, mia):
        assert signed_in(mia).post("/stops/stop_x/go-on", {"reason": "y"}).status_code == 404
        assert signed_in(mia).get("/stops/stop_x").status_code == 404

    def test_a_reason_is_text_and_nothing_else(self, shop, mia):
        press(signed_in(mia), reason="<script>alert(1)</script>")

        page = signed_in(mia).get("/stops/").content.decode()

        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page

    def test_every_page_says_what_is_stopped(self, shop, mia, ann):
        assert "is stopped" not in text(signed_in(ann).get("/"))
        press(signed_in(mia))

        for user, address in ((ann, "/"), (mia, "/governance/")):
            said = text(signed_in(user).get(address))
            assert "Retail support is stopped" in said and "It refunds twice" in said


class TestRecord:
    def test_a_drill_is_measured_and_kept(self, shop, mia, bot, agent):
        run = walks.start_run(shop, bot)
        press(signed_in(mia), drill="60")
        agent.post("/proposals", factories.small_proposal_payload(run.id))
        stopped = Stop.objects.get()
        assert stopped.drill and "drill" in text(signed_in(mia).get("/stops/"))

        Stop.objects.update(ends_by_itself_at=now())
        stops.tend(now=now())

        stopped.refresh_from_db()
        assert stopped.figures["let_through"] == {}
        assert stopped.figures["settled_after"] >= 0
        (heard,) = stopped.figures["heard"]
        assert (heard["client"], heard["refused"]) == ("bot", 1)
        page = text(signed_in(mia).get(f"/stops/{stopped.id}"))
        assert "Nothing: no run started" in page
        assert "refused 1 time" in page
        assert "The drill is over." in page

    def test_what_got_through_is_counted(self, shop, mia, bot, bot_key, monkeypatch):
        """Were the look at the door and the one in the statement both missing, it would show."""
        run = walks.start_run(shop, bot)
        press(signed_in(mia))
        Stop.objects.update(settled_at=now() - timedelta(minutes=5))
        live = Stop.objects.get()
        Stop.objects.update(ended_at=now(), end_reason="hidden")
        walks.propose(bot_key, run)
        Stop.objects.update(ended_at=None, end_reason="")

        assert stop_figures.of(live).let_through == {"questions taken in": 1}
        assert AuditEntry.objects.filter(action="workflow.stopped").count() == 1
