"""The surface of each kind in a real browser: seen, reached by keys, and worked without scripts."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from handoffs.models import Answer, Handoff, Run
from handoffs.states import HandoffKind
from reviews import claims, comments
from tests.e2e.test_pages import Open, check
from tests.factories import Shop
from tests.reviews.waiting import put

AMBIGUITY = {
    "ask": "Which of the two orders does Kim mean?",
    "summary": "Kim writes “my order”; two are open.",
    "facts": [
        {"label": "Open orders", "value": "#W5744371 and #W5744372", "source": "orders"},
        {"label": "Ordered last", "value": "2026-11-17", "kind": "date", "source": "orders"},
    ],
    "options": [
        {"id": "a", "label": "The tablet, #W5744371", "consequence": "I refund 312.50 USD"},
        {"id": "b", "label": "The cover, #W5744372", "consequence": "I refund 19.00 USD"},
    ],
    "steps": ["Looked up Kim's orders", "Asked Kim, no answer for two days"],
}
RECOVERY: dict[str, Any] = {
    "ask": "The payment provider refused the refund of 312.50 USD. How should I go on?",
    "summary": "Refused with “card expired” at 09:12.",
    "facts": [
        {"label": "Error", "value": "card_expired: the card ended 2026-10", "source": "payments"},
        {"label": "Next step", "value": "Refund the order, then write to Kim"},
    ],
    "steps": ["Cancelled the order", "Tried the refund twice"],
    "recovery": {
        "tool": "payments.refund",
        "input": {
            "order_id": "#W5744371",
            "amount": {"amount": "312.50", "currency": "USD"},
            "refund_on": "2026-11-21",
            "notify": True,
            "lines": [
                {"sku": "8384507844", "quantity": 1, "reason": "late"},
                {"sku": "1231210099", "quantity": 2, "reason": "late"},
            ],
            "note": "Refunded because the delivery was four days late. We are sorry for that.",
            "tags": ["late", "gold"],
            "meta": [[1, "x"]],
        },
        "input_schema": {
            "type": "object",
            "x-order": ["order_id", "amount", "refund_on", "notify", "lines", "note", "tags"],
            "properties": {
                "order_id": {"type": "string", "title": "Order", "minLength": 2},
                "amount": {
                    "type": "object",
                    "title": "Amount",
                    "properties": {
                        "amount": {"type": "string", "pattern": "^[0-9]+[.][0-9]{2}$"},
                        "currency": {"enum": ["EUR", "USD"]},
                    },
                    "required": ["amount", "currency"],
                },
                "refund_on": {"type": "string", "format": "date", "title": "On"},
                "notify": {"type": "boolean", "title": "Tell Kim"},
                "lines": {
                    "type": "array",
                    "title": "Lines",
                    "items": {
                        "type": "object",
                        "properties": {
                            "sku": {"type": "string", "title": "Article"},
                            "quantity": {"type": "integer", "title": "How many", "minimum": 1},
                            "reason": {"enum": ["late", "broken", "other"], "title": "Why"},
                        },
                        "required": ["sku", "quantity"],
                    },
                },
                "note": {"type": "string", "maxLength": 2000, "title": "Note to Kim"},
                "tags": {"type": "array", "items": {"type": "string"}, "title": "Tags"},
            },
            "required": ["order_id", "amount"],
        },
        "tools": [
            {"id": "bank", "label": "Bank transfer", "consequence": "takes two days"},
            {"id": "paypal", "label": "PayPal"},
        ],
        "routes": [{"id": "voucher", "label": "Offer a voucher instead"}],
        "scope": [
            {"id": "refund", "label": "The refund"},
            {"id": "mail", "label": "The mail to Kim"},
            {"id": "stock", "label": "Booking the tablet back in"},
        ],
    },
}
TASK = {"ask": "What should be done for ticket-4521?", "summary": "", "facts": []}
TAKEOVER = {
    "ask": "Kim's lawyer writes: 4,000 USD or court. Who takes it?",
    "summary": "Policy stops the agent here.",
    "facts": [{"label": "Deadline set", "value": "2026-11-28", "kind": "date"}],
    "steps": ["Read the letter", "Stopped"],
}
SURFACES = {
    "ambiguity": (HandoffKind.AMBIGUITY, AMBIGUITY, []),
    "recovery": (
        HandoffKind.RECOVERY,
        RECOVERY,
        ["patch_input", "switch_tool", "narrow_scope", "add_context"],
    ),
    "task": (HandoffKind.TASK_DEFINITION, TASK, ["define"]),
    "takeover": (HandoffKind.TAKEOVER, TAKEOVER, ["hand_back", "take_over", "ask_colleague"]),
}


def path(name: str, *args: Any) -> str:
    return reverse(f"reviews:{name}", args=args)


@pytest.fixture
def hold(shop: Shop, bot: Client, ann: User) -> Any:
    def make(kind: HandoffKind, brief: dict[str, Any]) -> Handoff:
        handoff = put(shop, bot, kind=kind, proposal=None, tier="", brief=brief)
        task = {"objective": "Find out what happened and make it good", "constraints": ["Be kind"]}
        Run.objects.filter(id=handoff.run_id).update(
            requester={"name": "Kim Li"}, task=task, input={"text": "Where is my tablet?"}
        )
        claims.pick(handoff.id, by=ann, now=timezone.now())
        return handoff

    return make


@pytest.mark.parametrize("name", SURFACES)
def test_the_surface_of_a_kind(open_as: Open, hold: Any, ann: User, ben: User, name: str) -> None:
    kind, brief, forms = SURFACES[name]
    handoff = hold(kind, brief)
    comments.add(handoff.id, by=ben, text="Kim called me about this at noon.", now=timezone.now())
    page = open_as(ann, path("handoff", handoff.id))

    check(page, f"surface-{name}")
    for verb in forms:
        page.goto(path("fill-in", handoff.id, verb))
        check(page, f"surface-{name}-{verb}")


def test_more_ways_unfold(open_as: Open, hold: Any, ann: User) -> None:
    handoff = hold(HandoffKind.AMBIGUITY, AMBIGUITY)
    page = open_as(ann, path("handoff", handoff.id))

    page.keyboard.press("m")
    expect(page.get_by_role("link", name="Ask a colleague")).to_be_visible()

    check(page, "surface-more-ways")


def test_an_input_is_mended_without_scripts(open_as: Open, hold: Any, ann: User) -> None:
    handoff = hold(HandoffKind.RECOVERY, RECOVERY)
    page = open_as(ann, path("handoff", handoff.id), scripts=False)

    page.get_by_role("link", name="Mend the input").click()
    page.get_by_label("Order").fill("#W5744372")
    page.get_by_role("button", name="Add to Lines").click()
    page.get_by_label("Article").nth(2).fill("777")
    page.get_by_label("How many").nth(2).fill("3")
    page.get_by_label("Take this one out").nth(0).check()
    page.get_by_role("button", name="See what changes").click()
    expect(page.get_by_text("777")).to_be_visible()
    page.get_by_role("button", name="Mend the input, then try again").click()
    page.wait_for_url(f"**{path('desk')}")

    answer = Answer.objects.filter(handoff=handoff).first() or handoff.heldanswer.said
    said = str(getattr(answer, "arguments", answer))
    assert "#W5744372" in said
    assert '"sku":"777"' in said or "'sku': '777'" in said
    assert "8384507844" not in said


def test_enter_in_a_field_sends_nothing_and_adds_no_row(
    open_as: Open, hold: Any, ann: User
) -> None:
    handoff = hold(HandoffKind.RECOVERY, RECOVERY)
    page = open_as(ann, path("fill-in", handoff.id, "patch_input"), scripts=False)

    page.get_by_label("Order").fill("#W1")
    page.get_by_label("Order").press("Enter")

    expect(page.get_by_label("Article")).to_have_count(2)
    expect(page.get_by_label("Order")).to_have_value("#W1")
    assert not Answer.objects.exists()


def test_what_is_typed_comes_back_after_a_crash(open_as: Open, hold: Any, ann: User) -> None:
    handoff = hold(HandoffKind.TAKEOVER, TAKEOVER)
    page: Page = open_as(ann, path("fill-in", handoff.id, "hand_back"))
    with page.expect_response(lambda answer: answer.url.endswith("/as/hand_back")):
        page.get_by_label("What you did").press_sequentially("Called the lawyer")
    page.close()

    again = open_as(ann, path("fill-in", handoff.id, "hand_back"))

    expect(again.get_by_label("What you did")).to_have_value("Called the lawyer")
