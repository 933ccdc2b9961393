"""Blind tests as those see to them who answer for them: by keyboard, narrow, dark, no scripts."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from accounts.roles import Role
from oversight.blind_tests import library, programmes
from oversight.blind_tests.faults import Difficulty, Edit, Fault, Harm, How, Kind
from tests import factories, walks
from tests.e2e.conftest import assert_accessible, assert_fits, picture

Open = Callable[..., Page]
pytestmark = pytest.mark.slow
FACTS = [
    {"label": "Order", "value": "ORD-20417", "kind": "id", "source": "orders"},
    {"label": "Order total", "value": "312.50 USD", "kind": "money", "source": "orders"},
    {"label": "Status", "value": "delivered", "kind": "text", "source": "orders"},
    {"label": "Customer", "value": "Lea Brandt", "kind": "person", "source": "crm"},
]
FAULT = Fault(
    name="Twice the money back",
    kind=Kind.WRONG_AMOUNT,
    difficulty=Difficulty.EASY,
    harm=Harm.ALLOWS,
    action_type="refund_order",
    edits=(Edit(at=("arguments", "amount"), how=How.SCALE, value=2),),
    shown_at=("brief", "facts", "Order total", "value"),
    told="The refund was twice what the order cost.",
)


def _url(shop: factories.Shop, name: str, *more: object) -> str:
    return reverse(f"oversight:{name}", args=[shop.workflow.slug, *more])


def _pictures(page: Page, name: str) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (1440, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("window.scrollTo(0, 0)")
            picture(page, f"{name}-{width}-{theme}")
            assert_fits(page)
        assert_accessible(page)
    page.set_viewport_size({"width": 1440, "height": 900})


def _press(page: Page, name: str) -> None:
    """Reach a button by tabbing on from where one is, and press it."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText || ''").strip() == name:
            page.keyboard.press("Enter")
            return
    pytest.fail(f"{name} is not reached by the keyboard")


@pytest.fixture
def asked(shop: factories.Shop, bot: Client, bot_key: str) -> None:
    brief = factories.brief_payload(facts=FACTS, evidence=[], ask="Refund 312.50 USD to Brandt?")
    arguments = {"order_id": "ORD-20417", "amount": 312.5, "currency": "USD"}
    walks.waiting(shop, bot, bot_key, brief=brief, arguments=arguments)


def test_an_owner_tells_staff_and_switches_tests_on_by_keyboard(
    open_as: Open, shop: factories.Shop, mia: User
) -> None:
    page = open_as(mia, _url(shop, "tests"))
    expect(page.get_by_text("Off. Nobody has recorded that staff were told.")).to_be_visible()
    _pictures(page, "tests-off")

    # a rate is reckoned before it is kept
    slider = page.get_by_role("slider", name="Percent of reviews that are tests")
    before = page.locator("#tests-power").inner_text()
    slider.focus()
    for _ in range(4):
        slider.press("ArrowRight")
    expect(page.locator("#tests-power")).not_to_have_text(before)

    _press(page, "Keep the words")
    expect(page.get_by_text("The texts are kept.")).to_be_visible()
    told = page.get_by_label("When they were told")
    told.focus()
    told.fill(timezone.now().date().isoformat())
    page.keyboard.press("Tab")
    page.get_by_label("How they were told").focus()
    page.keyboard.type("By mail and in the meeting")
    page.keyboard.press("Tab")
    page.keyboard.type("The works council agreed on it today.")
    _press(page, "Record that they were told")
    expect(page.get_by_text("It is recorded that staff were told.")).to_be_visible()
    _press(page, "Switch tests on")
    expect(page.get_by_text("Tests are switched on.")).to_be_visible()
    assert programmes.of(shop.workflow).on
    _pictures(page, "tests-on")
    _press(page, "Switch tests off")
    expect(page.get_by_text("Tests are off. Nothing new comes in.")).to_be_visible()


def test_two_read_and_approve_a_fault_by_keyboard(
    open_as: Open, shop: factories.Shop, mia: User, asked: None
) -> None:
    row = library.write(shop.workflow, FAULT, by=mia, now=timezone.now())
    for number, role in enumerate((Role.PRODUCT_SIGNER, Role.COMPLIANCE_SIGNER)):
        person = factories.UserFactory(roles=[role])
        page = open_as(person, _url(shop, "fault", row.pk))
        if number == 0:
            _pictures(page, "fault")
            page.get_by_role("link", name="See it as the desk would show it").focus()
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", name="A preview")).to_be_visible()
            _pictures(page, "fault-preview")
            page.get_by_role("link", name="Back to the fault").focus()
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", name="Approve it")).to_be_visible()
        _press(page, "Approve this fault")
        page.wait_for_load_state()
    expect(page.get_by_text("it makes tests as soon as a certificate holds")).to_be_visible()
    page.goto(_url(shop, "faults"))
    _pictures(page, "library")
    row.refresh_from_db()
    assert row.state == "approved"


def test_a_fault_is_written_by_keyboard_and_refused_where_it_does_not_hold(
    open_as: Open, shop: factories.Shop, mia: User, asked: None
) -> None:
    page = open_as(mia, _url(shop, "fault-new") + "?action_type=refund_order")
    page.get_by_label("What it is called").focus()
    page.keyboard.type("Ten times too much")
    page.get_by_label("Type of action").last.select_option("refund_order")
    page.get_by_label("Kind of fault").select_option("wrong amount")
    page.get_by_label("Where", exact=True).first.fill("arguments › amount")
    page.get_by_label("What is done").first.select_option("scale")
    page.get_by_label("With what").first.fill("ten")
    page.get_by_label("Where somebody who looks can see it").fill(
        "brief › facts › Order total › value"
    )
    page.get_by_label("What its reviewer is told afterwards").fill("The order was for less.")
    _press(page, "Put it into the library")
    expect(page.get_by_text("This takes a number.")).to_be_visible()
    _pictures(page, "fault-new")

    page.get_by_label("With what").first.fill("10")
    _press(page, "Put it into the library")
    expect(page.get_by_text("tests could be made of 1")).to_be_visible()
    page.goto(_url(shop, "fault-by-hand"))
    _pictures(page, "fault-by-hand")


def test_without_scripts_all_of_it_is_forms(open_as: Open, shop: factories.Shop, mia: User) -> None:
    page = open_as(mia, _url(shop, "tests"), width=360, scripts=False)
    page.get_by_role("button", name="Switch tests on").click()
    expect(page.get_by_role("alert").first).to_contain_text("Nobody has recorded")
    page.get_by_label("Percent of reviews that are tests").fill("3")
    page.get_by_role("button", name="Keep this rate").click()
    expect(page.get_by_text("The rate is kept.")).to_be_visible()
    page.goto(_url(shop, "tests-notice"))
    expect(page.get_by_role("heading", name="Some handoffs will be tests")).to_be_visible()
    assert_fits(page)
