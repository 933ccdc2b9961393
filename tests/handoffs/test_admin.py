"""The boundary in the admin: managers configure, owners theirs, auditors look."""

import json
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts.models import Client, User
from handoffs import queues
from handoffs.admin.base import EstimatingPaginator
from handoffs.models import (
    ActionType,
    AuditEntry,
    MatrixRow,
    OutboxMessage,
    Queue,
    Run,
    WebhookEndpoint,
    Workflow,
)
from tests import factories, walks

CONFIGURED = ["workflow", "queue", "risktiermap", "webhookendpoint"]
RECORDS = ["run", "proposal", "handoff", "resumption", "transition", "outboxmessage", "auditentry"]


def browser_of(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


@pytest.fixture
def owen(database: None) -> User:
    """Owns the shop's workflow and no other."""
    return factories.UserFactory(name="Owen", roles=["workflow_owner"], is_staff=True)


def owned(shop: factories.Shop, owen: User) -> Workflow:
    Workflow.objects.filter(pk=shop.workflow.pk).update(owner=owen)
    shop.workflow.refresh_from_db()
    return shop.workflow


def form_of(browser: Browser, path: str) -> dict[str, Any]:
    """Return what the page would send if someone pressed save and changed nothing."""
    page = browser.get(path)
    assert page.status_code == 200, page.status_code
    sent: dict[str, Any] = {}
    forms = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.initial_forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is True:
                sent[bound.html_name] = "on"
            elif value is not None and value is not False:
                sent[bound.html_name] = (
                    [one.pk if hasattr(one, "pk") else one for one in value]
                    if isinstance(value, list | tuple)
                    else value
                )
    return sent


def one_of_each(shop: factories.Shop, bot: Client, bot_key: str) -> None:
    """Walk a run far enough that every list of records has a row."""
    WebhookEndpoint.objects.create(client=bot, url="https://agents.example/hook", secret="x")
    walks.say(walks.waiting(shop, bot, bot_key))


def errors(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


class TestWhoMayWhat:
    @pytest.mark.parametrize("model", CONFIGURED)
    def test_managers_configure_and_auditors_look(
        self, mia: User, olga: User, shop: factories.Shop, model: str
    ) -> None:
        for user, adds in ((mia, 200), (olga, 403)):
            browser = browser_of(user)
            assert browser.get(f"/admin/handoffs/{model}/").status_code == 200
            assert browser.get(f"/admin/handoffs/{model}/add/").status_code == adds

    @pytest.mark.parametrize("model", RECORDS)
    @pytest.mark.parametrize("who", ["mia", "olga"])
    def test_records_are_looked_at_and_never_touched(
        self, request: pytest.FixtureRequest, who: str, model: str, shop: factories.Shop
    ) -> None:
        browser = browser_of(request.getfixturevalue(who))

        assert browser.get(f"/admin/handoffs/{model}/").status_code == 200
        assert browser.get(f"/admin/handoffs/{model}/add/").status_code == 403

    @pytest.mark.parametrize("model", RECORDS)
    def test_owners_do_not_read_records(self, owen: User, model: str) -> None:
        assert browser_of(owen).get(f"/admin/handoffs/{model}/").status_code == 403

    def test_an_auditor_cannot_save_what_they_see(self, olga: User, shop: factories.Shop) -> None:
        path = f"/admin/handoffs/workflow/{shop.workflow.pk}/change/"

        assert browser_of(olga).get(path).status_code == 200
        assert browser_of(olga).post(path, {"name": "Changed"}).status_code == 403

    def test_an_owner_changes_their_own_workflow_and_no_other(
        self, owen: User, shop: factories.Shop
    ) -> None:
        other = factories.launch_shop(slug="other-shop").workflow
        mine = owned(shop, owen)
        browser = browser_of(owen)

        path = f"/admin/handoffs/workflow/{mine.pk}/change/"
        response = browser.post(path, form_of(browser, path) | {"name": "Mine"})

        assert response.status_code == 302
        mine.refresh_from_db()
        assert mine.name == "Mine"
        theirs = f"/admin/handoffs/workflow/{other.pk}/change/"
        assert browser.post(theirs, {"name": "Mine too"}).status_code == 403

    def test_an_owner_does_not_give_the_workflow_away(
        self, owen: User, mia: User, shop: factories.Shop
    ) -> None:
        mine = owned(shop, owen)
        browser = browser_of(owen)
        path = f"/admin/handoffs/workflow/{mine.pk}/change/"

        browser.post(path, form_of(browser, path) | {"owner": mia.pk})

        mine.refresh_from_db()
        assert mine.owner == owen

    def test_a_manager_says_who_must_sign_maps_and_the_owner_does_not(
        self, owen: User, mia: User, shop: factories.Shop
    ) -> None:
        """Whoever drafts the policy of a workflow does not take away who must agree to it."""
        mine = owned(shop, owen)
        path = f"/admin/handoffs/workflow/{mine.pk}/change/"
        guarded = {"sign_offs": ["compliance", "product"], "four_eyes": "on"}

        manager = browser_of(mia)
        manager.post(path, form_of(manager, path) | guarded)
        mine.refresh_from_db()
        assert (sorted(mine.sign_offs), mine.four_eyes) == (["compliance", "product"], True)

        owner = browser_of(owen)
        response = owner.post(path, form_of(owner, path) | {"sign_offs": [], "four_eyes": ""})
        assert response.status_code == 302
        mine.refresh_from_db()
        assert (len(mine.sign_offs), mine.four_eyes) == (2, True)

    @pytest.mark.parametrize("model", sorted({*CONFIGURED, *RECORDS} - {"risktiermap"}))
    def test_no_state_is_a_field_of_any_form(
        self, mia: User, shop: factories.Shop, bot: Client, bot_key: str, model: str
    ) -> None:
        one_of_each(shop, bot, bot_key)
        browser = browser_of(mia)
        page = browser.get(f"/admin/handoffs/{model}/")
        result = page.context["cl"].result_list

        changed = browser.get(f"/admin/handoffs/{model}/{quote(result[0].pk)}/change/")

        fields = changed.context["adminform"].form.fields
        never = {"state", "launched_at", "version", "round", "level", "answered_at", "revision"}
        assert not never & set(fields)


class TestWorkflows:
    def path(self, shop: factories.Shop) -> str:
        return f"/admin/handoffs/workflow/{shop.workflow.pk}/change/"

    def test_saving_what_is_there_changes_nothing(self, mia: User, shop: factories.Shop) -> None:
        browser = browser_of(mia)
        kinds = (Workflow, ActionType, MatrixRow)
        shop.row.safeguards = {"minimum_seconds": 5}
        shop.row.save()
        before = [list(kind.objects.values()) for kind in (ActionType, MatrixRow)]

        response = browser.post(self.path(shop), form_of(browser, self.path(shop)))

        assert response.status_code == 302
        assert [list(kind.objects.values()) for kind in kinds[1:]] == before
        assert not AuditEntry.objects.filter(action="workflow.changed").exists()

    def test_a_change_is_in_the_log_with_all_that_then_holds(
        self, mia: User, shop: factories.Shop
    ) -> None:
        browser = browser_of(mia)
        sent = form_of(browser, self.path(shop)) | {"purpose": "Refunds, kindly"}

        assert browser.post(self.path(shop), sent).status_code == 302

        entry = AuditEntry.objects.get(action="workflow.changed")
        assert (entry.subject, entry.actor) == ("retail-support", f"user {mia.pk}")
        body = json.loads(bytes(entry.body))
        assert body["after"]["purpose"] == "Refunds, kindly"
        assert body["changes"]

    def test_a_new_workflow_gets_its_parts_in_the_second_step(self, mia: User) -> None:
        browser = browser_of(mia)

        response = browser.post(
            "/admin/handoffs/workflow/add/",
            {"name": "Loans", "slug": "loans", "requester_sees": "role"},
            follow=True,
        )

        assert response.status_code == 200
        workflow = Workflow.objects.get(slug="loans")
        assert workflow.launched_at is None
        page = browser.get(f"/admin/handoffs/workflow/{workflow.pk}/change/")
        assert len(page.context["inline_admin_formsets"]) == 1

    def test_an_action_type_with_a_bad_schema_is_refused_in_words(
        self, mia: User, shop: factories.Shop
    ) -> None:
        browser = browser_of(mia)
        sent = form_of(browser, self.path(shop))

        for schema in ("{", '{"type": "thing"}', '{"a": 1, "a": 2}', "[" * 10_000):
            response = browser.post(
                self.path(shop), sent | {"action_types-0-arguments_schema": schema}
            )
            assert "errorlist" in errors(response)

    def test_launching_with_gaps_names_each_and_saves_nothing(
        self, mia: User, shop: factories.Shop
    ) -> None:
        Workflow.objects.update(launched_at=None)
        MatrixRow.objects.update(tier="hard_stop")
        browser = browser_of(mia)
        sent = form_of(browser, self.path(shop)) | {"name": "Renamed"}

        response = browser.post(self.path(shop), sent | {"_launch": "1"})

        said = errors(response)
        assert "Nobody has authority over refund_order" in said
        assert 'value="Renamed"' in said
        assert Workflow.objects.get(name="Retail support").launched_at is None

    def test_launching_without_gaps_opens_it(self, mia: User, shop: factories.Shop) -> None:
        Workflow.objects.update(launched_at=None)
        browser = browser_of(mia)
        assert "Save and launch" in browser.get(self.path(shop)).content.decode()

        response = browser.post(
            self.path(shop), form_of(browser, self.path(shop)) | {"_launch": "1"}
        )

        assert response.status_code == 302
        assert Workflow.objects.get().launched_at
        assert "Save and launch" not in browser.get(self.path(shop)).content.decode()
        entry = AuditEntry.objects.get(action="workflow.launched")
        assert entry.actor == f"user {mia.pk}"

    def test_what_is_missing_is_on_the_page(self, mia: User, shop: factories.Shop) -> None:
        User.objects.filter(name="Stand-in").delete()

        page = errors(browser_of(mia).get(self.path(shop)))

        assert "Nobody holds the role refund approvers" in page


class TestQueues:
    def test_teams_are_given_and_taken(
        self, mia: User, shop: factories.Shop, refund_approvers: Group
    ) -> None:
        payers = factories.make_team("payers")
        browser = browser_of(mia)
        path = f"/admin/handoffs/queue/{shop.queue.pk}/change/"
        assert form_of(browser, path)["teams"] == [refund_approvers.pk]

        response = browser.post(path, form_of(browser, path) | {"teams": [payers.pk]})

        assert response.status_code == 302
        assert queues.teams(shop.queue) == [payers]
        entry = AuditEntry.objects.get(action="queue.level_given")
        assert json.loads(bytes(entry.body)) == {"team": "payers", "level": "work"}
        assert AuditEntry.objects.filter(action="queue.level_taken_back").count() == 1

    def test_a_new_queue_has_its_teams_from_the_start(
        self, mia: User, refund_approvers: Group
    ) -> None:
        response = browser_of(mia).post(
            "/admin/handoffs/queue/add/",
            {
                "name": "Returns",
                "slug": "returns",
                "depth_limit": 20,
                "lease_seconds": 120,
                "teams": [refund_approvers.pk],
            },
        )

        assert response.status_code == 302
        queue = Queue.objects.get(slug="returns")
        assert queues.teams(queue) == [refund_approvers]
        assert queue.depths.count() == 16

    def test_owners_of_one_workflow_do_not_change_what_all_share(
        self, owen: User, shop: factories.Shop
    ) -> None:
        path = f"/admin/handoffs/queue/{shop.queue.pk}/change/"

        assert browser_of(owen).get(path).status_code == 200
        assert browser_of(owen).post(path, {"name": "Mine"}).status_code == 403

    def test_limits_and_overflow_are_set_and_logged(self, mia: User, shop: factories.Shop) -> None:
        browser = browser_of(mia)
        path = f"/admin/handoffs/queue/{shop.queue.pk}/change/"
        limits = {"work_minutes_limit": 240, "overflow_queue": shop.leads_queue.pk}

        response = browser.post(path, form_of(browser, path) | limits)

        assert response.status_code == 302
        queue = Queue.objects.get(pk=shop.queue.pk)
        assert (queue.work_minutes_limit, queue.overflow_queue) == (240, shop.leads_queue)
        said = bytes(AuditEntry.objects.get(action="queue.changed").body)
        assert json.loads(said)["overflow_queue"] == "refunds-leads"

    def test_overflow_that_would_come_back_is_refused(
        self, mia: User, shop: factories.Shop
    ) -> None:
        browser = browser_of(mia)
        Queue.objects.filter(pk=shop.leads_queue.pk).update(overflow_queue=shop.queue)
        for one in (shop.queue, shop.leads_queue):
            path = f"/admin/handoffs/queue/{shop.queue.pk}/change/"

            response = browser.post(path, form_of(browser, path) | {"overflow_queue": one.pk})

            assert "Overflow would come back to" in response.content.decode()
        assert Queue.objects.get(pk=shop.queue.pk).overflow_queue is None

    def test_saving_what_is_there_is_not_logged(self, mia: User, shop: factories.Shop) -> None:
        browser = browser_of(mia)
        path = f"/admin/handoffs/queue/{shop.queue.pk}/change/"

        browser.post(path, form_of(browser, path))

        assert not AuditEntry.objects.filter(subject="refunds").exists()


class TestEndpoints:
    add = "/admin/handoffs/webhookendpoint/add/"
    url = "https://agents.example/hook"

    def test_a_new_endpoint_shows_its_secret_once(self, mia: User, bot: Client) -> None:
        browser = browser_of(mia)

        response = browser.post(
            self.add, {"client": bot.pk, "url": self.url, "events": ["handoff.answered"]}
        )

        endpoint = WebhookEndpoint.objects.get()
        assert endpoint.secret in response.content.decode()
        assert "no-store" in response["Cache-Control"]
        assert (endpoint.events, endpoint.enabled) == (["handoff.answered"], True)
        for page in ("", f"{endpoint.pk}/change/"):
            shown = browser.get(f"/admin/handoffs/webhookendpoint/{page}").content.decode()
            assert endpoint.secret not in shown
        entry = AuditEntry.objects.get(action="endpoint.added")
        assert endpoint.secret.encode() not in bytes(entry.body)

    @pytest.mark.parametrize(
        "url",
        ["http://agents.example/x", "https://u:p@agents.example/", "ftp://x", "not an address"],
    )
    def test_an_address_that_would_not_be_posted_to_is_refused_at_once(
        self, mia: User, bot: Client, url: str
    ) -> None:
        response = browser_of(mia).post(self.add, {"client": bot.pk, "url": url})

        assert "errorlist" in errors(response)
        assert not WebhookEndpoint.objects.exists()

    def test_rotating_keeps_the_old_secret_until_it_is_ended(self, mia: User, bot: Client) -> None:
        browser = browser_of(mia)
        browser.post(self.add, {"client": bot.pk, "url": self.url})
        endpoint = WebhookEndpoint.objects.get()
        old, path = endpoint.secret, "/admin/handoffs/webhookendpoint/"

        shown = browser.post(path, {"action": "rotate", "_selected_action": [endpoint.pk]})

        endpoint.refresh_from_db()
        assert endpoint.old_secret == old != endpoint.secret
        assert endpoint.secret in shown.content.decode()
        browser.post(path, {"action": "end_rotation", "_selected_action": [endpoint.pk]})
        endpoint.refresh_from_db()
        assert endpoint.old_secret == ""

    def test_switching_on_again_forgets_why_it_was_off(self, mia: User, bot: Client) -> None:
        endpoint = WebhookEndpoint.objects.create(
            client=bot,
            url=self.url,
            secret="x",
            enabled=False,
            disabled_because="It answered 410 Gone.",
        )

        browser_of(mia).post(
            f"/admin/handoffs/webhookendpoint/{endpoint.pk}/change/",
            {"url": self.url, "events": [], "enabled": "on"},
        )

        endpoint.refresh_from_db()
        assert (endpoint.enabled, endpoint.disabled_because) == (True, "")


class TestRecords:
    def test_a_list_takes_as_many_queries_for_twenty_as_for_ten(
        self, mia: User, shop: factories.Shop, bot: Client, bot_key: str
    ) -> None:
        browser = browser_of(mia)
        counts: dict[str, list[int]] = {model: [] for model in RECORDS}
        for _ in range(2):
            for _ in range(10):
                walks.say(walks.waiting(shop, bot, bot_key))
            for model in RECORDS:
                with CaptureQueriesContext(connection) as made:
                    assert browser.get(f"/admin/handoffs/{model}/").status_code == 200
                counts[model].append(len(made))

        assert {model: first for model, (first, _) in counts.items()} == {
            model: second for model, (_, second) in counts.items()
        }

    @pytest.mark.parametrize("model", RECORDS)
    def test_a_list_never_counts_the_whole_table(
        self, mia: User, shop: factories.Shop, bot: Client, bot_key: str, model: str
    ) -> None:
        walks.waiting(shop, bot, bot_key)
        browser = browser_of(mia)

        with CaptureQueriesContext(connection) as made:
            browser.get(f"/admin/handoffs/{model}/")

        counted = [one["sql"] for one in made if "COUNT(" in one["sql"]]
        assert all("LIMIT" in sql for sql in counted)

    @pytest.mark.parametrize("model", RECORDS)
    def test_each_page_shows_one_record(
        self, mia: User, shop: factories.Shop, bot: Client, bot_key: str, model: str
    ) -> None:
        one_of_each(shop, bot, bot_key)
        browser = browser_of(mia)
        rows = browser.get(f"/admin/handoffs/{model}/").context["cl"].result_list

        assert (
            browser.get(f"/admin/handoffs/{model}/{quote(rows[0].pk)}/change/").status_code == 200
        )
        assert (
            browser.post(f"/admin/handoffs/{model}/{quote(rows[0].pk)}/change/").status_code == 403
        )
        assert (
            browser.post(f"/admin/handoffs/{model}/{quote(rows[0].pk)}/delete/").status_code == 403
        )

    def test_records_are_found_by_their_exact_id_through_an_index(
        self, mia: User, shop: factories.Shop, bot: Client, bot_key: str
    ) -> None:
        handoff = walks.waiting(shop, bot, bot_key)
        walks.waiting(shop, bot, bot_key)
        browser = browser_of(mia)

        by_run = browser.get(f"/admin/handoffs/handoff/?q={handoff.run_id}")
        by_part = browser.get(f"/admin/handoffs/handoff/?q={handoff.run_id[:10]}")

        assert [one.pk for one in by_run.context["cl"].result_list] == [handoff.pk]
        assert not by_part.context["cl"].result_list

    def test_a_dead_letter_is_sent_again_by_managers_only(
        self, mia: User, olga: User, shop: factories.Shop, bot: Client, bot_key: str
    ) -> None:
        one_of_each(shop, bot, bot_key)
        message = OutboxMessage.objects.order_by("pk").first()
        assert message
        OutboxMessage.objects.filter(pk=message.pk).update(state="dead", attempts=12)
        act = {"action": "send_again", "_selected_action": [message.pk]}

        browser_of(olga).post("/admin/handoffs/outboxmessage/", act)
        message.refresh_from_db()
        assert message.state == "dead"
        browser_of(mia).post("/admin/handoffs/outboxmessage/", act)

        message.refresh_from_db()
        assert (message.state, message.attempts) == ("pending", 0)
        entry = AuditEntry.objects.get(action="message.sent_again")
        assert entry.subject == message.pk

    def test_what_was_delivered_is_not_sent_again(
        self, mia: User, shop: factories.Shop, bot: Client, bot_key: str
    ) -> None:
        one_of_each(shop, bot, bot_key)
        OutboxMessage.objects.update(state="delivered")
        chosen = list(OutboxMessage.objects.values_list("pk", flat=True))

        browser_of(mia).post(
            "/admin/handoffs/outboxmessage/", {"action": "send_again", "_selected_action": chosen}
        )

        assert not OutboxMessage.objects.exclude(state="delivered").exists()

    def test_agents_text_cannot_be_markup(
        self, mia: User, shop: factories.Shop, bot: Client, bot_key: str
    ) -> None:
        handoff = walks.waiting(
            shop, bot, bot_key, brief=factories.brief_payload(summary="<script>alert(1)</script>")
        )

        page = browser_of(mia).get(f"/admin/handoffs/handoff/{quote(handoff.pk)}/change/")

        assert "<script>alert(1)" not in page.content.decode()
        assert "&lt;script&gt;alert(1)" in page.content.decode()

    def test_a_big_table_is_estimated(
        self, shop: factories.Shop, bot: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(5):
            walks.start_run(shop, bot)
        assert EstimatingPaginator(Run.objects.order_by("pk"), 2).count == 5
        monkeypatch.setattr(EstimatingPaginator, "EXACT", 3)
        with connection.cursor() as cursor:
            cursor.execute("select reltuples from pg_class where relname = 'handoffs_run'")
            (estimate,) = cursor.fetchone()

        assert EstimatingPaginator(Run.objects.order_by("pk"), 2).count == max(3, int(estimate))
