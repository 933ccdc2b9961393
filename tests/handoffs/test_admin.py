"""The boundary in the admin: managers configure, owners theirs, auditors look."""

import json
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.test import Client as Browser

from accounts.models import Client, User
from handoffs.models import (
    ActionType,
    AuditEntry,
    MatrixRow,
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
        sent = form_of(browser, self.path(shop)) | {"rows-0-deadline": "30m"}

        assert browser.post(self.path(shop), sent).status_code == 302

        shop.row.refresh_from_db()
        assert shop.row.deadline_seconds == 1800
        entry = AuditEntry.objects.get(action="workflow.changed")
        assert (entry.subject, entry.actor) == ("retail-support", f"user {mia.pk}")
        body = json.loads(bytes(entry.body))
        assert body["after"]["matrix"][0]["deadline"] == "30m"
        assert body["changes"]

    def test_a_new_workflow_gets_its_parts_in_the_second_step(self, mia: User) -> None:
        browser = browser_of(mia)

        response = browser.post(
            "/admin/handoffs/workflow/add/", {"name": "Loans", "slug": "loans"}, follow=True
        )

        assert response.status_code == 200
        workflow = Workflow.objects.get(slug="loans")
        assert workflow.launched_at is None
        page = browser.get(f"/admin/handoffs/workflow/{workflow.pk}/change/")
        assert len(page.context["inline_admin_formsets"]) == 2

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

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"rows-0-deadline": "soon"}, "A time such as"),
            ({"rows-0-deadline": "0m"}, "A time such as"),
            ({"rows-0-escalate_queue": ""}, "Team and queue go together"),
            (
                {
                    "rows-0-escalate_queue": "",
                    "rows-0-escalate_role": "",
                    "rows-0-fallback": "escalate",
                },
                "It escalates",
            ),
            ({"rows-0-minimum_seconds": "-1"}, "greater than or equal to 0"),
        ],
    )
    def test_a_row_that_does_not_hold_is_refused_in_words(
        self, mia: User, shop: factories.Shop, changes: dict[str, str], reason: str
    ) -> None:
        browser = browser_of(mia)

        response = browser.post(self.path(shop), form_of(browser, self.path(shop)) | changes)

        assert reason in errors(response)

    def test_two_rows_for_the_same_are_refused(self, mia: User, shop: factories.Shop) -> None:
        browser = browser_of(mia)
        sent = form_of(browser, self.path(shop))
        again = {
            name.replace("rows-0", "rows-1"): value
            for name, value in sent.items()
            if name.startswith("rows-0") and not name.endswith("-id")
        }

        response = browser.post(self.path(shop), sent | again | {"rows-TOTAL_FORMS": 2})

        assert "Another row is for exactly the same" in errors(response)
        assert MatrixRow.objects.count() == 1

    def test_a_gap_in_a_launched_workflow_is_refused_and_what_was_typed_stays(
        self, mia: User, shop: factories.Shop
    ) -> None:
        browser = browser_of(mia)
        sent = form_of(browser, self.path(shop))

        response = browser.post(
            self.path(shop), sent | {"rows-0-tier": "hard_stop", "name": "Renamed"}
        )

        said = errors(response)
        assert "Nobody has authority over refund_order" in said
        assert 'value="Renamed"' in said
        shop.row.refresh_from_db()
        assert shop.row.tier is None
        assert not AuditEntry.objects.filter(action="workflow.changed").exists()

    def test_deleting_the_row_that_covers_is_refused(self, mia: User, shop: factories.Shop) -> None:
        browser = browser_of(mia)

        response = browser.post(
            self.path(shop), form_of(browser, self.path(shop)) | {"rows-0-DELETE": "on"}
        )

        assert "Nobody has authority" in errors(response)
        assert MatrixRow.objects.count() == 1

    def test_launching_with_gaps_names_each_and_saves_nothing(
        self, mia: User, shop: factories.Shop
    ) -> None:
        Workflow.objects.update(launched_at=None)
        browser = browser_of(mia)
        sent = form_of(browser, self.path(shop))

        response = browser.post(
            self.path(shop), sent | {"rows-0-tier": "hard_stop", "_launch": "1"}
        )

        assert "Nobody has authority over refund_order" in errors(response)
        assert Workflow.objects.get().launched_at is None

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
        page = errors(browser_of(mia).get(self.path(shop)))

        assert "Nobody among the refund approvers works the queue Refunds" in page

    def test_rows_only_name_action_types_of_the_workflow(
        self, mia: User, shop: factories.Shop
    ) -> None:
        other = factories.launch_shop(slug="other-shop")
        browser = browser_of(mia)

        response = browser.post(
            self.path(shop),
            form_of(browser, self.path(shop)) | {"rows-0-action_type": other.refund_order.pk},
        )

        assert "valid choice" in errors(response)
