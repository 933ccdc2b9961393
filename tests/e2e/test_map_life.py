"""A map's life in a browser: drafted from the keyboard, tested, signed by three, obeyed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from handoffs.models import RiskTierMap
from tests import factories
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.people import Agent

Open = Callable[..., Page]
BASE = "/admin/handoffs/risktiermap"
SEATS = ("product", "compliance", "engineering")


@pytest.fixture
def asked(shop: factories.Shop) -> factories.Shop:
    """A workflow that asks three people before a map is published."""
    shop.workflow.sign_offs = list(SEATS)
    shop.workflow.save(update_fields=["sign_offs"])
    return shop


@pytest.fixture
def signers(asked: factories.Shop) -> list[User]:
    return [
        factories.UserFactory(name=f"Sam {seat}", roles=[f"{seat}_signer"], is_staff=True)
        for seat in SEATS
    ]


def propose(agent: Agent, confidence: float) -> str:
    """Propose what needed nobody so far, and return the tier it is given."""
    run = agent.post("/runs", factories.run_payload()).json()["id"]
    made = factories.small_proposal_payload(run, signals={"confidence": confidence})
    made |= {"brief": factories.brief_payload(), "checkpoint": {"step": 1}}
    tier: str = agent.post("/proposals", made).json()["tier"]
    return tier


def start_a_draft(open_as: Open, mia: User, shop: factories.Shop, **how: object) -> Page:
    page = open_as(mia, f"{BASE}/of/{shop.workflow.pk}/start/", **how)
    page.get_by_role("button", name="Start the draft").click()
    expect(page.get_by_text("Version 2 is begun as a draft")).to_be_visible()
    return page


def test_a_manager_drafts_three_sign_and_the_next_proposal_obeys(
    open_as: Open, mia: User, asked: factories.Shop, signers: list[User], agent: Agent
) -> None:
    assert propose(agent, 0.5) == "autonomous"
    page = start_a_draft(open_as, mia, asked)

    add_a_rule_by_keyboard(page)
    page.get_by_role("link", name="Look at the cases").click()
    page.get_by_role("button", name="Suggest cases").click()
    expect(page.get_by_text("Every rule is shown on both its sides")).to_be_visible()
    look_at_what_fails_and_expect_it(page)
    address = page.url.replace("/cases/", "/signing/")
    for signer in signers:
        theirs = open_as(signer, address)
        expect(theirs.get_by_text("Rule the-agent-is-unsure is new")).to_be_visible()
        theirs.get_by_role("button", name="Sign for").click()
        expect(theirs.get_by_text("Signed.")).to_be_visible()
    page.goto(address)
    page.get_by_role("button", name="Publish version 2").click()

    expect(page.get_by_text("Published: it rules from now on")).to_be_visible()
    assert RiskTierMap.objects.in_force().get().version == 2
    assert propose(agent, 0.5) == "hard_approval"
    assert propose(agent, 0.9) == "autonomous"


def look_at_what_fails_and_expect_it(page: Page) -> None:
    """Cases of the version before give no confidence, so that the new rule fires on them."""
    failing = page.locator("[data-passed=false]")
    for left in range(failing.count(), 0, -1):
        expect(failing).to_have_count(left)
        expect(failing.first).to_contain_text("the-agent-is-unsure should not fire and does")
        failing.first.get_by_role("button", name="This is right now").click()
    expect(failing).to_have_count(0)


def add_a_rule_by_keyboard(page: Page) -> None:
    """Reach and use every control with keys alone."""
    page.get_by_role("link", name="Add a rule").focus()
    page.keyboard.press("Enter")
    signal = page.get_by_label("What is compared")
    signal.focus()
    page.keyboard.type("confidence")
    page.keyboard.press("Tab")
    comparison = page.get_by_label("How it is compared")
    expect(comparison).to_have_value(">")
    comparison.focus()
    page.keyboard.type("is below")
    expect(comparison).to_have_value("<")
    page.get_by_label("Number", exact=True).focus()
    page.keyboard.type("0.7")
    expect(page.get_by_text("1 would have gone up and 0 down")).to_be_visible()
    page.get_by_label("Because").focus()
    page.keyboard.type("The agent is unsure")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Rule the-agent-is-unsure is saved in the draft")).to_be_visible()


def test_without_scripts_a_rule_is_built_and_a_group_added(
    open_as: Open, mia: User, asked: factories.Shop
) -> None:
    page = start_a_draft(open_as, mia, asked, scripts=False, width=360)
    page.get_by_role("link", name="Add a rule").click()

    page.get_by_label("What is compared").select_option("arguments.amount")
    page.get_by_role("button", name="Show what fits").click()
    page.get_by_label("How it is compared").select_option(">=")
    page.get_by_label("Number", exact=True).fill("1000")
    page.get_by_role("button", name="Add a group of conditions").click()
    group = page.get_by_role("group", name="Group 2 of 2")
    group.get_by_label("What is compared").select_option("flags")
    group.get_by_role("button", name="Show what fits").click()
    page.get_by_label("Values, one a line").fill("vip\nnew_customer")
    page.get_by_label("Because").fill("A thousand, or someone who matters")
    page.get_by_label("Short name").fill("thousand")
    page.get_by_role("button", name="Save the rule").last.click()

    expect(page.get_by_text("Rule thousand is saved in the draft")).to_be_visible()
    rule = RiskTierMap.objects.get(version=2).body["rules"][-1]
    assert rule["when"] == {
        "all": [
            {"signal": "arguments.amount", "op": ">=", "value": 1000},
            {"any": [{"signal": "flags", "op": "contains_any", "value": ["vip", "new_customer"]}]},
        ]
    }


def test_rules_are_dragged_and_moved_by_buttons(
    open_as: Open, mia: User, asked: factories.Shop
) -> None:
    page = start_a_draft(open_as, mia, asked)

    page.locator("#rule-legal-threat").drag_to(
        page.locator("#rule-large-refund"), target_position={"x": 40, "y": 4}
    )
    expect(page.locator(".rule").first).to_have_id("rule-legal-threat")
    page.wait_for_function("document.querySelector('[name=edition]').value === '2'")
    assert order() == ["legal-threat", "large-refund"]

    page.get_by_role("button", name="Move rule legal-threat down").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".rule").first).to_have_id("rule-large-refund")
    assert order() == ["large-refund", "legal-threat"]


def order() -> list[str]:
    return [rule["id"] for rule in RiskTierMap.objects.get(version=2).body["rules"]]


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (360, "dark")])
def test_every_page_fits_and_can_be_read_by_everyone(
    open_as: Open,
    mia: User,
    asked: factories.Shop,
    signers: list[User],
    agent: Agent,
    width: int,
    theme: str,
) -> None:
    propose(agent, 0.5)
    page = start_a_draft(open_as, mia, asked, width=width, theme=theme)
    add_a_rule_by_keyboard(page)
    page.get_by_role("link", name="Look at the cases").click()
    page.get_by_role("button", name="Suggest cases").click()
    draft = RiskTierMap.objects.get(version=2)
    pages = {
        "map": f"{BASE}/{draft.pk}/change/",
        "rule": f"{BASE}/{draft.pk}/rules/of/large-refund/",
        "new-rule": f"{BASE}/{draft.pk}/rules/add/",
        "frame": f"{BASE}/{draft.pk}/frame/",
        "word-list": f"{BASE}/{draft.pk}/lists/add/",
        "json": f"{BASE}/{draft.pk}/json/",
        "cases": f"{BASE}/{draft.pk}/cases/",
        "case": f"{BASE}/{draft.pk}/cases/0/",
        "signing": f"{BASE}/{draft.pk}/signing/",
        "maps": f"{BASE}/",
        "versions": f"{BASE}/of/{asked.workflow.pk}/",
        "changes": f"{BASE}/of/{asked.workflow.pk}/changes/?from=1&to=2",
        "start": f"{BASE}/of/{asked.workflow.pk}/start/",
        "in-force": f"{BASE}/{asked.map.pk}/change/",
    }
    for name, address in pages.items():
        page.goto(address)
        picture(page, f"map-{name}-{width}-{theme}")
        assert_fits(page)
        assert_accessible(page)
