"""The pages of a map's life, as a browser without scripts meets them."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from governance import maps, starters
from handoffs import actors
from handoffs.actors import Actor
from handoffs.models import RiskTierMap
from tests import factories
from tests.governance.browsing import browser_of, forms, send
from tests.people import Agent

pytestmark = pytest.mark.django_db
BASE = "/admin/handoffs/risktiermap"
LATE_NIGHT = {
    "id": "unsure",
    "tier": "soft_review",
    "when": {"signal": "confidence", "op": "<", "value": 0.7},
    "because": "The agent is unsure",
}


@pytest.fixture
def draft(shop: factories.Shop, mia: User) -> RiskTierMap:
    return drafted(shop, mia)


def drafted(shop: factories.Shop, by: User, **changes: Any) -> RiskTierMap:
    body = {**factories.map_body(), **changes}
    return maps.draft(shop.workflow, body, base=shop.map, by=acting(by), author=by, now=right_now())


def acting(user: User) -> Actor:
    return actors.person_actor(user.pk, "manager")


def right_now() -> Any:
    return timezone.now()


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def address(map: RiskTierMap, page: str = "change/") -> str:
    return f"{BASE}/{map.pk}/{page}"


def rule_ids(map: RiskTierMap) -> list[str]:
    map.refresh_from_db()
    return [rule["id"] for rule in map.body["rules"]]


def rules_of(map: RiskTierMap) -> list[dict[str, Any]]:
    map.refresh_from_db()
    rules: list[dict[str, Any]] = map.body["rules"]
    return rules


PAGES = ["change/", "signing/", "cases/", "json/"]
OF_DRAFT = ["rules/add/", "rules/of/large-refund/", "frame/", "lists/add/", "cases/add/"]


class TestWhoMayWhat:
    @pytest.mark.parametrize("page", PAGES)
    @pytest.mark.parametrize("role", [Role.AUDITOR, Role.PRODUCT_SIGNER, Role.WORKFLOW_OWNER])
    def test_auditors_signers_and_owners_read(
        self, draft: RiskTierMap, role: Role, page: str
    ) -> None:
        reader = factories.UserFactory(roles=[role], is_staff=True)

        assert browser_of(reader).get(address(draft, page)).status_code == 200

    @pytest.mark.parametrize("page", OF_DRAFT)
    def test_who_does_not_manage_does_not_edit(
        self, draft: RiskTierMap, olga: User, page: str
    ) -> None:
        browser = browser_of(olga)

        assert browser.get(address(draft, page)).status_code == 403
        assert browser.post(address(draft, page), {"do": "save"}).status_code == 403

    @pytest.mark.parametrize("page", [*PAGES, *OF_DRAFT])
    def test_who_has_nothing_to_do_in_the_admin_is_not_let_in(
        self, draft: RiskTierMap, ann: User, page: str
    ) -> None:
        assert browser_of(ann).get(address(draft, page)).status_code == 302

    @pytest.mark.parametrize("page", OF_DRAFT)
    def test_what_is_published_is_not_edited(
        self, mia: User, shop: factories.Shop, page: str
    ) -> None:
        assert browser_of(mia).get(address(shop.map, page)).status_code == 403

    def test_an_owner_edits_maps_of_their_own_workflow_only(
        self, shop: factories.Shop, mia: User, draft: RiskTierMap
    ) -> None:
        owner = factories.UserFactory(roles=[Role.WORKFLOW_OWNER], is_staff=True)
        assert browser_of(owner).get(address(draft, "rules/add/")).status_code == 403

        shop.workflow.owner = owner
        shop.workflow.save(update_fields=["owner"])

        assert browser_of(owner).get(address(draft, "rules/add/")).status_code == 200

    def test_a_map_that_does_not_exist_is_not_found(self, mia: User, shop: factories.Shop) -> None:
        assert browser_of(mia).get(f"{BASE}/99999/change/").status_code == 404
        assert browser_of(mia).get(f"{BASE}/of/99999/").status_code == 404


class TestReading:
    def test_rules_are_sentences(self, mia: User, draft: RiskTierMap) -> None:
        said = text(browser_of(mia).get(address(draft)))

        assert "<b>If</b> action type is “refund_order” and amount is at least 200" in said
        assert "because</b> Refund of 200.00 or more." in said
        assert "If not given: fires." in said

    def test_the_page_says_whose_signature_is_awaited(
        self, mia: User, shop: factories.Shop, draft: RiskTierMap
    ) -> None:
        asked(shop, "compliance", "engineering")

        said = text(browser_of(mia).get(address(draft)))

        assert "Waits for: compliance, engineering" in said

    def test_a_finding_stands_at_the_rule_it_is_about(
        self, mia: User, shop: factories.Shop
    ) -> None:
        weaker = {**factories.map_body()["rules"][1], "id": "also-legal", "tier": "notify"}
        draft = drafted(shop, mia, rules=[*factories.map_body()["rules"], weaker])

        page = text(browser_of(mia).get(address(draft)))

        rule = page.split('id="rule-also-legal"')[1].split("</li>")[0]
        assert "also-legal" in rule.split("rule-foot")[0].split('class="said"')[1]

    def test_a_body_that_policy_cannot_read_is_shown_with_the_reason(
        self, mia: User, draft: RiskTierMap
    ) -> None:
        RiskTierMap.objects.filter(pk=draft.pk).update(body={"default": "whenever"}, edition=2)

        for page in PAGES:
            assert browser_of(mia).get(address(draft, page)).status_code == 200
        assert "Policy cannot read this map" in text(browser_of(mia).get(address(draft)))

    @pytest.mark.parametrize("page", PAGES)
    def test_the_number_of_queries_does_not_grow_with_the_rules(
        self, mia: User, shop: factories.Shop, page: str
    ) -> None:
        browser = browser_of(mia)
        counts = []
        for number in (10, 20):
            rules = [
                {**LATE_NIGHT, "id": f"rule-{at}", "because": f"Reason {at}"}
                for at in range(number)
            ]
            draft = drafted(shop, mia, rules=rules)
            browser.get(address(draft, page))
            with CaptureQueriesContext(connection) as asked_for:
                browser.get(address(draft, page))
            counts.append(len(asked_for))

        assert counts[0] == counts[1]

    def test_the_number_of_queries_does_not_grow_with_the_versions(
        self, mia: User, shop: factories.Shop
    ) -> None:
        browser = browser_of(mia)
        counts = []
        for _ in range(2):
            for _ in range(10):
                drafted(shop, mia)
            for page in (f"{BASE}/", f"{BASE}/of/{shop.workflow.pk}/"):
                browser.get(page)
                with CaptureQueriesContext(connection) as asked_for:
                    assert browser.get(page).status_code == 200
                counts.append(len(asked_for))

        assert counts[:2] == counts[2:]


class TestStarting:
    def path(self, shop: factories.Shop) -> str:
        return f"{BASE}/of/{shop.workflow.pk}/start/"

    def test_a_draft_starts_from_what_is_in_force_unless_said_otherwise(
        self, mia: User, shop: factories.Shop
    ) -> None:
        browser = browser_of(mia)

        response = send(browser, browser.get(self.path(shop)), self.path(shop))

        made = RiskTierMap.objects.get(version=2)
        assert response.url == address(made)
        assert (made.base, made.author, made.state) == (shop.map, mia, "draft")
        assert rule_ids(made) == rule_ids(shop.map)

    def test_an_empty_one_asks_about_everything(self, mia: User, shop: factories.Shop) -> None:
        browser_of(mia).post(self.path(shop), {"source": "empty:"})

        made = RiskTierMap.objects.get(version=2)
        assert (made.body["default"], made.body["rules"]) == ("hard_approval", [])

    @pytest.mark.parametrize("name", starters.names())
    def test_every_starter_map_is_offered_and_can_be_opened(
        self, mia: User, shop: factories.Shop, name: str
    ) -> None:
        browser = browser_of(mia)
        assert f'value="starter:{name}"' in text(browser.get(self.path(shop)))

        browser.post(self.path(shop), {"source": f"starter:{name}"})

        made = RiskTierMap.objects.get(version=2)
        assert made.body["rules"]
        for page in PAGES:
            assert browser.get(address(made, page)).status_code == 200
        for rule in made.body["rules"]:
            path = address(made, f"rules/of/{rule['id']}/")
            response = send(browser, browser.get(path), path, do="save")
            assert response.status_code == 302, text(response)
        before = starters.load(name).body["rules"]
        assert [maps.normalised({**made.body, "rules": [rule]}) for rule in rules_of(made)] == [
            maps.normalised({**made.body, "rules": [rule]}) for rule in before
        ]

    def test_who_does_not_manage_starts_none(self, olga: User, shop: factories.Shop) -> None:
        assert browser_of(olga).post(self.path(shop), {"source": "empty:"}).status_code == 403
        assert RiskTierMap.objects.count() == 1

    @pytest.mark.parametrize("source", ["version:9", "version:x", "starter:none", "version:"])
    def test_what_is_not_offered_is_not_found(
        self, mia: User, shop: factories.Shop, source: str
    ) -> None:
        assert browser_of(mia).post(self.path(shop), {"source": source}).status_code == 404


class TestRules:
    def test_a_rule_is_built_step_by_step(self, mia: User, draft: RiskTierMap) -> None:
        browser, path = browser_of(mia), address(draft, "rules/add/")
        page = browser.get(path)
        page = send(browser, page, path, **{"when.0.signal": "confidence", "do": "choose"})
        page = send(browser, page, path, **{"when.0.op": "<", "when.0.value": "0.7", "do": "add:"})
        page = send(browser, page, path, **{"when.1.signal": "flags", "do": "choose"})
        page = send(browser, page, path, **{"when.1.value": "vip\r\nlegal_threat", "do": "group:"})
        page = send(browser, page, path, **{"when.2.0.signal": "impact", "do": "choose"})
        typed = {"tier": "soft_review", "because": "The agent is unsure", "do": "save"}

        response = send(browser, page, path, **typed)

        assert response.status_code == 302, text(response)
        draft.refresh_from_db()
        assert draft.edition == 2
        assert draft.body["rules"][-1] == {
            "id": "the-agent-is-unsure",
            "tier": "soft_review",
            "when": {
                "all": [
                    {"signal": "confidence", "op": "<", "value": 0.7},
                    {"signal": "flags", "op": "contains_any", "value": ["vip", "legal_threat"]},
                    {"any": [{"signal": "impact", "op": "==", "value": "low"}]},
                ]
            },
            "because": "The agent is unsure",
            "if_missing": "fires",
        }

    def test_opening_and_saving_a_rule_changes_nothing(self, mia: User, draft: RiskTierMap) -> None:
        browser, path = browser_of(mia), address(draft, "rules/of/large-refund/")
        before = maps.normalised(draft.body)

        send(browser, browser.get(path), path, do="save")

        draft.refresh_from_db()
        assert maps.normalised(draft.body) == before

    def test_what_is_deeper_than_the_fields_is_kept(self, mia: User, shop: factories.Shop) -> None:
        low = {"signal": "confidence", "op": "<", "value": 0.7}
        deep = {"all": [low, {"any": [low, {"all": [low, {"not": {"missing": "sentiment"}}]}]}]}
        draft = drafted(shop, mia, rules=[{**LATE_NIGHT, "when": deep}])
        browser, path = browser_of(mia), address(draft, "rules/of/unsure/")

        page = browser.get(path)
        assert "Nested deeper than the fields show" in text(page)
        send(browser, page, path, because="Deep", do="save")

        draft.refresh_from_db()
        assert draft.body["rules"][0]["when"] == deep
        assert draft.body["rules"][0]["because"] == "Deep"

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"when.0.signal": ""}, "Choose what is compared."),
            ({"when.0.value": "85"}, "confidence lies in 0 to 1"),
            ({"when.0.value": "much"}, "“much” is not a number"),
            ({"because": "No {placeholder}"}, "One plain sentence"),
            ({"because": "", "id": "a"}, "One plain sentence"),
            ({"id": "legal-threat"}, "There is a rule legal-threat already"),
            ({"id": "No Name!"}, "Small letters, digits and hyphens"),
            ({"tier": "whenever"}, "One of autonomous"),
        ],
    )
    def test_what_does_not_fit_is_said_and_kept(
        self, mia: User, shop: factories.Shop, typed: dict[str, str], said: str
    ) -> None:
        draft = drafted(shop, mia, rules=[*factories.map_body()["rules"], LATE_NIGHT])
        browser, path = browser_of(mia), address(draft, "rules/of/unsure/")

        response = send(browser, browser.get(path), path, **(typed | {"do": "save"}))

        assert response.status_code == 422
        assert said in text(response)
        draft.refresh_from_db()
        assert draft.edition == 1

    def test_a_renamed_rule_keeps_its_place_and_its_cases(
        self, mia: User, draft: RiskTierMap
    ) -> None:
        case = {"name": "a", "action_type": "cancel_order", "tier": "hard_approval"}
        kept = [{**case, "rules": ["large-refund"]}]
        RiskTierMap.objects.filter(pk=draft.pk).update(cases=kept, edition=2)
        browser, path = browser_of(mia), address(draft, "rules/of/large-refund/")

        send(browser, browser.get(path), path, id="big-refund", do="save")

        assert rule_ids(draft) == ["big-refund", "legal-threat"]
        assert draft.cases[0]["rules"] == ["big-refund"]

    def test_a_rule_is_moved_by_a_button_and_by_its_new_place(
        self, mia: User, draft: RiskTierMap
    ) -> None:
        browser = browser_of(mia)
        moving = {"do": "down:large-refund"}

        send(browser, browser.get(address(draft)), address(draft, "order/"), **moving)
        assert rule_ids(draft) == ["legal-threat", "large-refund"]

        dragged = {"order": "large-refund legal-threat"}
        send(browser, browser.get(address(draft)), address(draft, "order/"), **dragged)
        assert rule_ids(draft) == ["large-refund", "legal-threat"]

    def test_a_rule_is_removed(self, mia: User, draft: RiskTierMap) -> None:
        browser = browser_of(mia)
        page = browser.get(address(draft, "rules/of/large-refund/"))

        send(browser, page, address(draft, "rules/of/large-refund/remove/"))

        assert rule_ids(draft) == ["legal-threat"]

    def test_scripts_get_only_the_conditions(self, mia: User, draft: RiskTierMap) -> None:
        browser, path = browser_of(mia), address(draft, "rules/add/")
        sent = forms(browser.get(path))[path] | {"when.0.signal": "time.hour", "do": "choose"}

        response = browser.post(path, sent, headers={"HX-Request": "true"})

        assert response["HX-Trigger-After-Swap"] == "builder-changed"
        assert "<h1" not in text(response)
        assert "when.0.signal" in text(response)


class TestTwoAtOnce:
    def test_both_are_shown_and_nothing_typed_is_lost(self, mia: User, draft: RiskTierMap) -> None:
        browser, path = browser_of(mia), address(draft, "rules/of/large-refund/")
        page = browser.get(path)
        theirs = {**draft.body, "rules": [*draft.body["rules"], LATE_NIGHT]}
        maps.edit(draft, body=theirs, cases=[], edition=1, by=acting(mia), now=right_now())

        refused = send(browser, page, path, because="My own words", do="save")

        assert refused.status_code == 409
        assert "Rule unsure is new" in text(refused)
        assert 'value="My own words"' in text(refused)
        assert rule_ids(draft)[-1] == "unsure"
        assert draft.edition == 2

        again = send(browser, refused, path, do="save")

        assert again.status_code == 302
        assert rule_ids(draft) == ["large-refund", "legal-threat", "unsure"]
        assert draft.body["rules"][0]["because"] == "My own words"

    @pytest.mark.parametrize("page", ["frame/", "json/", "cases/add/"])
    def test_every_page_names_the_edition_it_was_made_of(
        self, mia: User, draft: RiskTierMap, page: str
    ) -> None:
        browser, path = browser_of(mia), address(draft, page)
        shown = browser.get(path)
        maps.edit(draft, body=draft.body, cases=[], edition=1, by=acting(mia), now=right_now())

        typed = {"name": "One", "tier": "autonomous", "action_type": "cancel_order"}
        filled = {"a/order_id": "1"} | typed if page.startswith("cases") else {}
        response = send(browser, shown, path, do="save", **filled)

        assert response.status_code == 409, text(response)
        draft.refresh_from_db()
        assert draft.edition == 2

    def test_a_page_that_names_no_edition_saves_nothing(
        self, mia: User, draft: RiskTierMap
    ) -> None:
        browser_of(mia).post(address(draft, "order/"), {"do": "down:large-refund"})

        assert rule_ids(draft) == ["large-refund", "legal-threat"]


class TestParts:
    def test_the_floors_are_edited_as_a_square(self, mia: User, draft: RiskTierMap) -> None:
        browser, path = browser_of(mia), address(draft, "frame/")
        typed = {"default": "notify", "high_reversible": "hard_approval", "do": "save"}

        response = send(browser, browser.get(path), path, **typed)

        assert response.status_code == 302, text(response)
        draft.refresh_from_db()
        assert draft.body["default"] == "notify"
        assert draft.body["floors"]["high"]["reversible"] == "hard_approval"

    def test_a_word_list_is_written_a_line_each_and_rules_follow_its_name(
        self, mia: User, draft: RiskTierMap
    ) -> None:
        browser, path = browser_of(mia), address(draft, "lists/add/")
        typed = {"name": "legal-words", "entries": "sue\r\n\r\n Anwalt \r\nsue", "do": "save"}
        response = send(browser, browser.get(path), path, **typed)
        assert response.status_code == 302, text(response)
        self.mention(browser, draft)

        path = address(draft, "lists/legal-words/")
        page = browser.get(path)
        assert "Used by they-mention-lawyers" in text(page)
        send(browser, page, path, name="law", do="save")

        draft.refresh_from_db()
        assert draft.body["lists"] == {"law": {"kind": "keywords", "entries": ["sue", "Anwalt"]}}
        assert draft.body["rules"][-1]["when"] == {
            "fields": ["brief.ask", "input.text"],
            "op": "contains_any",
            "list": "law",
        }
        kept = browser.post(address(draft, "lists/law/remove/"), {"edition": draft.edition})
        assert kept.status_code == 302
        draft.refresh_from_db()
        assert "law" in draft.body["lists"]

    def mention(self, browser: Browser, draft: RiskTierMap) -> None:
        """Add a rule that looks for the words in two fields."""
        path = address(draft, "rules/add/")
        page = browser.get(path)
        page = send(browser, page, path, **{"when.0.signal": "brief.ask", "do": "choose"})
        page = send(browser, page, path, **{"when.0.op": "contains_any", "do": "choose"})
        chosen = {"when.0.list": "legal-words", "when.0.also": "input.text"}
        typed = chosen | {"because": "They mention lawyers", "do": "save"}
        response = send(browser, page, path, **typed)
        assert response.status_code == 302, text(response)

    @pytest.mark.parametrize(
        ("rules", "reason"),
        [
            ("[", "line 1"),
            ('{"default": "notify", "rules": {}}', "A list of at most"),
            ('{"default": "notify", "rules": [{"id": "a"}]}', "Rule a: because is missing"),
            ('{"default": "notify", "rules": [7]}', "Rule 1: An object belongs here"),
            (json.dumps({"default": "notify", "rules": [{**LATE_NIGHT, "when": {}}]}), "Rule unsu"),
            ('{"default": "notify", "default": "notify"}', "twice"),
            ("[" * 20_000, "deep"),
            ("7", "A map is an object"),
        ],
    )
    def test_json_that_cannot_be_read_is_refused_in_words(
        self, mia: User, draft: RiskTierMap, rules: str, reason: str
    ) -> None:
        response = browser_of(mia).post(
            address(draft, "json/"), {"body": rules, "edition": "1", "do": "save"}
        )

        assert response.status_code == 422
        assert reason in text(response)
        draft.refresh_from_db()
        assert draft.edition == 1

    def test_json_is_edited_as_a_whole(self, mia: User, draft: RiskTierMap) -> None:
        browser, path = browser_of(mia), address(draft, "json/")
        body = json.dumps({**factories.map_body(), "rules": [LATE_NIGHT]})

        send(browser, browser.get(path), path, body=body, do="save")

        assert rule_ids(draft) == ["unsure"]


class TestCases:
    def add(self, browser: Browser, draft: RiskTierMap, **typed: Any) -> Any:
        path = address(draft, "cases/add/")
        page = send(browser, browser.get(path), path, action_type="refund_order", do="type")
        filled = {
            "name": "A large refund",
            "a/order_id": "1",
            "a/amount": "300",
            "a/currency": "EUR",
        }
        filled |= {"values": 'amount: 300\r\ncode: "0042"', "s.flags": "vip\r\ngold", "do": "save"}
        return send(browser, page, path, **(filled | typed))

    def test_a_case_is_written_in_a_form(self, mia: User, draft: RiskTierMap) -> None:
        typed = {"tier": "hard_approval", "rules": ["large-refund"], "s.confidence": "0.9"}

        response = self.add(browser_of(mia), draft, **typed)

        assert response.status_code == 302, text(response)
        draft.refresh_from_db()
        (case,) = draft.cases
        assert case["arguments"] == {"order_id": "1", "amount": 300, "currency": "EUR"}
        assert case["signals"] == {
            "confidence": 0.9,
            "flags": ["vip", "gold"],
            "values": {"amount": 300, "code": "0042"},
        }
        assert (case["tier"], case["rules"]) == ("hard_approval", ["large-refund"])

    def test_a_case_that_fails_says_why(self, mia: User, draft: RiskTierMap) -> None:
        browser = browser_of(mia)
        self.add(browser, draft, tier="autonomous", rules=[])

        said = text(browser.get(address(draft, "cases/")))

        assert 'data-passed="false"' in said
        assert "it expects autonomous and gets hard approval" in said
        assert "1 of 1 cases fail" in text(browser.get(address(draft)))

    def test_opening_and_saving_a_case_changes_nothing(self, mia: User, draft: RiskTierMap) -> None:
        browser = browser_of(mia)
        send(browser, browser.get(address(draft, "cases/")), address(draft, "cases/suggest/"))
        draft.refresh_from_db()
        before = draft.cases
        assert before

        for number in range(len(before)):
            path = address(draft, f"cases/{number}/")
            response = send(browser, browser.get(path), path, do="save")
            assert response.status_code == 302, text(response)

        draft.refresh_from_db()
        assert draft.cases == before

    def test_suggested_cases_pass_and_cover_every_rule(self, mia: User, draft: RiskTierMap) -> None:
        browser = browser_of(mia)
        assert "No case makes rule large-refund fire" in text(browser.get(address(draft, "cases/")))

        send(browser, browser.get(address(draft, "cases/")), address(draft, "cases/suggest/"))

        said = text(browser.get(address(draft, "cases/")))
        assert "Every rule is shown on both its sides" in said
        assert 'data-passed="false"' not in said

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"a/amount": "many"}, "A number"),
            ({"s.confidence": "7"}, "7 is outside 0 to 1"),
            ({"s.retries": "often"}, "A whole number belongs here"),
            ({"values": "amount 300"}, "a name, a colon and a value"),
            ({"at": "tomorrow"}, "This is not a time"),
            ({"name": " "}, "name is missing"),
        ],
    )
    def test_what_does_not_fit_is_said_and_kept(
        self, mia: User, draft: RiskTierMap, typed: dict[str, str], said: str
    ) -> None:
        response = self.add(browser_of(mia), draft, **typed)

        assert response.status_code == 422
        assert said in text(response)
        draft.refresh_from_db()
        assert draft.cases == []

    def test_the_expectation_is_taken_from_what_the_map_says(
        self, mia: User, draft: RiskTierMap
    ) -> None:
        response = self.add(browser_of(mia), draft, do="rule")

        sent = forms(response)[address(draft, "cases/add/")]
        assert (sent["tier"], sent["rules"]) == (["hard_approval"], ["large-refund"])

    def test_a_failing_case_is_let_expect_what_the_map_does(
        self, mia: User, draft: RiskTierMap
    ) -> None:
        browser = browser_of(mia)
        self.add(browser, draft, tier="autonomous", rules=[])

        page = browser.get(address(draft, "cases/"))
        send(browser, page, address(draft, "cases/0/accept/"))

        draft.refresh_from_db()
        assert (draft.cases[0]["tier"], draft.cases[0]["rules"]) == (
            "hard_approval",
            ["large-refund"],
        )

    def test_a_case_is_removed(self, mia: User, draft: RiskTierMap) -> None:
        browser = browser_of(mia)
        self.add(browser, draft)
        page = browser.get(address(draft, "cases/0/"))

        send(browser, page, address(draft, "cases/0/remove/"))

        draft.refresh_from_db()
        assert draft.cases == []


def asked(shop: factories.Shop, *seats: str) -> None:
    shop.workflow.sign_offs = list(seats)
    shop.workflow.save(update_fields=["sign_offs"])


def signer(seat: str) -> User:
    return factories.UserFactory(name=f"Signer for {seat}", roles=[f"{seat}_signer"], is_staff=True)


class TestSigning:
    @pytest.fixture(autouse=True)
    def _covered(self, shop: factories.Shop, mia: User, draft: RiskTierMap) -> None:
        asked(shop, "product", "compliance")
        browser = browser_of(mia)
        send(browser, browser.get(address(draft, "cases/")), address(draft, "cases/suggest/"))
        draft.refresh_from_db()

    def sign(self, user: User, draft: RiskTierMap) -> Any:
        browser = browser_of(user)
        return send(browser, browser.get(address(draft, "signing/")), address(draft, "sign/"))

    def test_signed_by_all_who_are_asked_it_is_published_by_a_button(
        self, mia: User, draft: RiskTierMap
    ) -> None:
        for seat in ("product", "compliance"):
            assert "It cannot be published yet" in text(
                browser_of(mia).get(address(draft, "signing/"))
            )
            self.sign(signer(seat), draft)
        browser = browser_of(mia)

        response = send(
            browser, browser.get(address(draft, "signing/")), address(draft, "publish/")
        )

        assert response.status_code == 302
        draft.refresh_from_db()
        assert (draft.state, draft.published_by) == ("published", mia)

    def test_it_is_published_for_later(self, mia: User, draft: RiskTierMap) -> None:
        for seat in ("product", "compliance"):
            self.sign(signer(seat), draft)
        browser, page = browser_of(mia), address(draft, "signing/")

        typed = {"effective_at": "2099-01-31T12:00"}
        send(browser, browser.get(page), address(draft, "publish/"), **typed)

        draft.refresh_from_db()
        assert f"{draft.effective_at:%Y-%m-%d %H:%M}" == "2099-01-31 12:00"
        assert "scheduled" in text(browser.get(address(draft)))

    def test_only_who_holds_a_seat_has_its_button(self, mia: User, draft: RiskTierMap) -> None:
        page = browser_of(mia).get(address(draft, "signing/"))
        assert address(draft, "sign/") not in forms(page)

        page = browser_of(signer("compliance")).get(address(draft, "signing/"))

        assert "Sign for compliance" in text(page)
        assert "Sign for product" not in text(page)

    def test_what_was_not_seen_is_not_signed(
        self, mia: User, shop: factories.Shop, draft: RiskTierMap
    ) -> None:
        browser = browser_of(signer("product"))
        page = browser.get(address(draft, "signing/"))
        kept = {"body": draft.body, "cases": []}
        maps.edit(draft, **kept, edition=draft.edition, by=acting(mia), now=right_now())
        seen = str(draft.edition)

        send(browser, page, address(draft, "sign/"))
        # not even by a form that names the edition, but another content
        send(browser, page, address(draft, "sign/"), edition=seen)

        assert not any(seat.valid for seat in maps.signatures(draft))

    def test_the_page_shows_what_changes_right_above_the_button(
        self, mia: User, draft: RiskTierMap
    ) -> None:
        body = {**draft.body, "rules": [*draft.body["rules"], LATE_NIGHT]}
        kept = {"body": body, "cases": draft.cases}
        maps.edit(draft, **kept, edition=draft.edition, by=acting(mia), now=right_now())

        said = text(browser_of(signer("product")).get(address(draft, "signing/")))

        assert said.index("Rule unsure is new") < said.index("Sign for product")

    def test_a_signature_is_taken_back(self, draft: RiskTierMap) -> None:
        who = signer("product")
        self.sign(who, draft)
        assert any(seat.valid for seat in maps.signatures(draft))
        browser = browser_of(who)

        send(browser, browser.get(address(draft, "signing/")), address(draft, "withdraw/"))

        assert not any(seat.valid for seat in maps.signatures(draft))

    def test_publishing_without_signatures_is_refused_in_words(
        self, mia: User, shop: factories.Shop, draft: RiskTierMap
    ) -> None:
        response = browser_of(mia).post(address(draft, "publish/"), follow=True)

        assert "Product has not signed yet" in text(response)
        assert RiskTierMap.objects.in_force().get() == shop.map

    def test_only_seats_that_are_asked_stand_on_the_page(
        self, mia: User, draft: RiskTierMap
    ) -> None:
        said = text(browser_of(mia).get(address(draft)))

        assert "Compliance" in said and "Engineering" not in said

    def test_a_map_from_a_file_says_where_it_was_signed(
        self, mia: User, shop: factories.Shop
    ) -> None:
        said = text(browser_of(mia).get(address(shop.map)))

        assert "signed where the file lives" in said
        assert "not signed yet" not in said

    def test_a_signer_does_not_publish(self, draft: RiskTierMap) -> None:
        assert browser_of(signer("product")).post(address(draft, "publish/")).status_code == 403
        assert browser_of(signer("product")).post(address(draft, "retire/")).status_code == 403

    @pytest.mark.parametrize(
        ("typed", "kept"), [("2030-01-31", "2030-01-31"), ("", "None"), ("31st", "None")]
    )
    def test_a_review_date_is_set_by_who_manages(
        self, mia: User, draft: RiskTierMap, typed: str, kept: str
    ) -> None:
        browser, page = browser_of(mia), address(draft)

        send(browser, browser.get(page), address(draft, "review/"), review_on=typed)

        draft.refresh_from_db()
        assert str(draft.review_on) == kept
        assert browser_of(signer("product")).post(address(draft, "review/")).status_code == 403

    def test_a_draft_is_discarded(self, mia: User, draft: RiskTierMap) -> None:
        browser = browser_of(mia)

        send(browser, browser.get(address(draft)), address(draft, "retire/"), why="Not needed")

        draft.refresh_from_db()
        assert draft.state == "retired"


class TestChanges:
    def test_any_two_versions_are_compared_in_sentences(
        self, mia: User, shop: factories.Shop
    ) -> None:
        drafted(shop, mia, rules=[LATE_NIGHT])
        path = f"{BASE}/of/{shop.workflow.pk}/changes/"

        forward = text(browser_of(mia).get(path, {"from": 1, "to": 2}))
        backward = text(browser_of(mia).get(path, {"from": 2, "to": 1}))

        assert "Rule unsure is new" in forward
        assert "Rule unsure is gone" in backward
        same = text(browser_of(mia).get(path, {"from": 2, "to": 2}))
        assert "Nothing: the two say the same." in same
        assert browser_of(mia).get(path, {"from": 1, "to": 9}).status_code == 404


class TestWould:
    @pytest.fixture
    def proposed(self, shop: factories.Shop, agent: Agent) -> None:
        for confidence in (0.5, 0.6, 0.9):
            run = agent.post("/runs", factories.run_payload()).json()["id"]
            signals = {"confidence": confidence}
            made = factories.small_proposal_payload(run, signals=signals)
            assert agent.post("/proposals", made).status_code == 200

    def test_the_panel_counts_what_would_be_ruled_otherwise(
        self, mia: User, draft: RiskTierMap, proposed: None
    ) -> None:
        browser, path = browser_of(mia), address(draft, "rules/add/")
        page = browser.get(path)
        typed = {"when.0.signal": "confidence", "when.0.op": "<", "when.0.value": "0.7"}
        typed |= {"tier": "hard_approval", "because": "Unsure"}
        sent = forms(page)[path] | typed

        live = text(browser.post(f"{path}would/", sent))
        plain = text(browser.post(path, sent | {"do": "look"}))

        said = "Of the last 3 proposals, 2 would have gone up and 0 down: 2 more would have been"
        assert said in live
        assert said in plain
        assert "/admin/handoffs/proposal/" in live
        draft.refresh_from_db()
        assert draft.edition == 1

    def test_an_unfinished_rule_is_waited_for(
        self, mia: User, draft: RiskTierMap, proposed: None
    ) -> None:
        browser, path = browser_of(mia), address(draft, "rules/add/")

        live = text(browser.post(f"{path}would/", forms(browser.get(path))[path]))

        assert "As soon as the condition is complete" in live

    def test_who_may_not_read_records_gets_no_links(
        self, shop: factories.Shop, draft: RiskTierMap, proposed: None
    ) -> None:
        owner = factories.UserFactory(roles=[Role.WORKFLOW_OWNER], is_staff=True)
        shop.workflow.owner = owner
        shop.workflow.save(update_fields=["owner"])
        RiskTierMap.objects.filter(pk=draft.pk).update(body={"default": "hard_stop"}, edition=2)

        said = text(browser_of(owner).get(address(draft)))

        assert "3 would have gone up" in said
        assert "/admin/handoffs/proposal/" not in said
