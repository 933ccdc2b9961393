"""What a reviewer's hands do: keys only, no scripts, a lost lease, a hostile brief."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from handoffs.models import Answer, Handoff
from reviews import claims
from reviews.models import Claim, Draft
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.e2e.material import RICH, SCHEMA_ARGUMENTS
from tests.factories import PASSWORD, Shop, brief_payload
from tests.reviews.waiting import put

Open = Callable[..., Page]


def path(name: str, *args: Any) -> str:
    return reverse(f"reviews:{name}", args=args)


def take(handoff: Handoff, by: User) -> Handoff:
    claims.pick(handoff.id, by=by, now=timezone.now())
    return handoff


def test_a_batch_is_decided_by_keys_alone(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    first = put(shop, bot, brief=RICH, arguments=SCHEMA_ARGUMENTS, due_in=600)
    second = put(shop, bot, due_in=1200)
    page = open_as(ann, path("desk"))

    page.keyboard.press("n")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path('handoff', first.id)}")
    page.keyboard.press("o")
    expect(page.locator("#still-needed li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#evidence-1")).to_contain_text("three days late")
    expect(page.locator("#still-needed li")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.locator("[value=approve]").first).to_be_focused()
    page.keyboard.press("Enter")

    page.wait_for_url(f"**{path('handoff', second.id)}")
    expect(page.get_by_role("status").first).to_contain_text("Approved. The agent goes on.")
    expect(page.locator("h1")).to_be_focused()
    page.keyboard.press("w")
    page.keyboard.type("The parcel was handed over on Monday.")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path('desk')}")
    assert [answer.verb for answer in Answer.objects.order_by("answered_at")] == [
        "approve",
        "reject",
    ]


def test_a_stray_key_decides_nothing(open_as: Open, shop: Shop, bot: Client, ann: User) -> None:
    handoff = take(put(shop, bot), ann)
    page = open_as(ann, path("handoff", handoff.id))

    for key in "aercitub":
        page.keyboard.press(key)

    assert not Answer.objects.exists()


def test_keys_are_listed_and_can_be_turned_off(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = take(put(shop, bot), ann)
    page = open_as(ann, path("handoff", handoff.id))

    page.keyboard.press("?")
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("Reject and return to the agent")
    picture(page, "keys-1440", full=False)
    assert_accessible(page)
    sheet.get_by_label("Use these keys in this browser").uncheck()
    sheet.get_by_role("button", name="Close").click()
    page.keyboard.press("a")

    expect(page.locator("[value=approve]").first).not_to_be_focused()


def test_a_number_marks_an_option(open_as: Open, shop: Shop, bot: Client, ann: User) -> None:
    handoff = take(put(shop, bot, brief=RICH | {"evidence": []}), ann)
    page = open_as(ann, path("handoff", handoff.id))

    page.keyboard.press("3")
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path('desk')}")

    assert Answer.objects.get().option == "voucher"


CONTROLS = "a[href], button, input:not([type=hidden]), textarea, select, summary"


@pytest.mark.parametrize("name", [("handoff",), ("fill-in", "approve_with_edits")])
def test_every_control_is_reached_by_tab(
    open_as: Open, shop: Shop, bot: Client, ann: User, name: tuple[str, ...]
) -> None:
    handoff = take(put(shop, bot, brief=RICH, arguments=SCHEMA_ARGUMENTS), ann)
    page = open_as(ann, path(name[0], handoff.id, *name[1:]))
    page.evaluate(
        """controls => { window.missed = new Set([...document.querySelectorAll(controls)]
            .filter(node => node.checkVisibility() && node.type !== 'radio'));
            document.addEventListener('focusin', event => missed.delete(event.target)) }""",
        CONTROLS,
    )

    for _ in range(80):
        page.keyboard.press("Tab")

    assert page.evaluate("[...missed].map(node => node.outerHTML.slice(0, 200))") == []


def test_everything_works_without_scripts(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot, brief=RICH, arguments=SCHEMA_ARGUMENTS)
    page = open_as(None, "/", scripts=False)

    page.get_by_label("Email").fill("ann@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Take the next one").click()
    page.get_by_role("button", name="Refund policy, section 3").click()
    expect(page.locator("#evidence-1")).to_contain_text("three days late")
    page.get_by_role("link", name="Change it, then approve").click()
    page.get_by_label("Amount").fill("300")
    page.get_by_role("button", name="See what changes").click()
    page.get_by_role("button", name="Approve with 1 change").click()

    expect(page.get_by_role("status").first).to_contain_text("Approved with your changes.")
    assert '"amount":300' in (Answer.objects.get(handoff=handoff).arguments or "")


def test_what_is_typed_is_kept_while_typing(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = take(put(shop, bot), ann)
    page = open_as(ann, path("handoff", handoff.id))

    page.locator("#words").press_sequentially("half a thought")
    expect(page.locator("#draft-saved")).to_contain_text("Kept at")

    assert Draft.objects.get(handoff=handoff).body["reason"] == "half a thought"


def test_changes_are_shown_while_typing(open_as: Open, shop: Shop, bot: Client, ann: User) -> None:
    handoff = take(put(shop, bot), ann)
    page = open_as(ann, path("fill-in", handoff.id, "approve_with_edits"))

    page.get_by_label("Amount").fill("300")

    expect(page.locator("#changes")).to_contain_text("Approve with 1 change")
    page.get_by_role("button", name="Approve with 1 change").click()
    page.wait_for_url(f"**{path('desk')}")


def test_the_lease_is_renewed_while_the_page_is_open_and_its_loss_is_said(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = take(put(shop, bot), ann)
    page = open_as(ann, path("handoff", handoff.id))
    before = Claim.objects.get(handoff=handoff).expires_at

    with page.expect_response("**/renew"):
        page.evaluate("htmx.trigger('#renew', 'renew')")
    renewed = Claim.objects.get(handoff=handoff).expires_at
    claims.give_back(handoff.id, by=ann, now=timezone.now())
    page.evaluate("htmx.trigger('#renew', 'renew')")

    assert renewed > before
    expect(page.get_by_role("alert")).to_contain_text("no longer yours")
    assert_fits(page)


def test_a_hostile_brief_can_do_nothing(open_as: Open, shop: Shop, bot: Client, ann: User) -> None:
    attack = (
        '<script>alert(1)</script><img src="https://evil.example/p.png" onerror="alert(2)">'
        "<style>.rail{display:none}</style><form action=//evil.example><input></form>"
        "[x](javascript:alert(3)) ![](https://evil.example/q.png) \u202edesrever\u202c a\u200bb "
    )
    long = "W" * 3000
    handoff = take(
        put(
            shop,
            bot,
            brief=brief_payload(
                ask=attack[:140] + "?",
                summary=attack + long,
                facts=[{"label": attack, "value": attack + long, "source": attack}],
                flags=[{"label": attack, "severity": "high"}],
                steps=[attack, long],
                evidence=[{"id": attack[:50], "title": attack, "snippet": attack + long}],
                draft={"kind": "markdown", "body": attack + "\n\n[hid]: https://a.example 'x'"},
                options=[{"id": "x", "label": attack, "consequence": attack}],
                on_answer={"approve": attack},
            ),
        ),
        ann,
    )
    page = open_as(ann, "/", width=360)
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(path("handoff", handoff.id))
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.wait_for_load_state("networkidle")

    assert alerts == []
    assert not [url for url in asked if "evil.example" in url]
    assert page.locator("article form[action*=evil], article script, article img").count() == 0
    expect(page.locator(".rail")).to_be_visible()
    assert "⟦U+202E⟧desrever" in page.inner_text("article")
    assert "characters are not shown" in page.inner_text("article")
    assert_fits(page)
    picture(page, "hostile-360")


def test_text_from_right_to_left_reads_so(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    ask = "إلغاء الطلب #W5744371 وإعادة 312.50 USD؟"
    handoff = take(put(shop, bot, brief=brief_payload(ask=ask)), ann)
    page = open_as(ann, path("handoff", handoff.id))

    assert page.locator("h1").evaluate("node => getComputedStyle(node).direction") == "rtl"
    picture(page, "right-to-left", full=False)
