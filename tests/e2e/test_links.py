"""A link from a mail in a real browser: what a scanner does with it, and what a person does."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from config import mailbox
from handoffs.models import Answer, Handoff
from reviews.models import ApproverLink, Claim, Decision, Draft, EvidenceOpened
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.e2e.material import RICH, SCHEMA_ARGUMENTS
from tests.factories import PASSWORD, Shop
from tests.handoffs.postbox import Postbox, postbox
from tests.reviews.approving import approver, mailed, put_by_email, send_mails

Open = Callable[..., Page]
SIZES = [(1440, "light"), (1440, "dark"), (768, "light"), (360, "light"), (360, "dark")]


@pytest.fixture
def box(settings: Any, server: str) -> Iterator[Postbox]:
    settings.PUBLIC_URL = server
    with postbox(settings) as box:
        yield box


@pytest.fixture
def zoe(shop: Shop) -> User:
    return approver(shop)


def put_rich(shop: Shop, bot: Client, email: str = "yes", **changes: Any) -> Handoff:
    return put_by_email(shop, bot, email, brief=RICH, arguments=SCHEMA_ARGUMENTS, **changes)


def post_every_form(page: Page) -> int:
    """Submit each form as it stands, past the browser's own checks, as a scanner does."""
    count = page.locator("form").count()
    for number in range(count):
        # whichever button one would press, and none at all
        for press in (True, False):
            before = page.url
            page.evaluate(
                """([number, press]) => {
                    const form = document.forms[number];
                    if (!form) return;
                    form.noValidate = true;
                    const button = press && form.querySelector("button");
                    button ? form.requestSubmit(button) : form.submit();
                }""",
                [number, press],
            )
            page.wait_for_load_state("networkidle")
            page.goto(before)
    return count


def test_a_scanner_with_scripts_that_posts_every_form_decides_nothing(
    open_as: Open, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    path, _ = mailed(box, put_rich(shop, bot), zoe)
    page = open_as(None, path)

    for _ in range(3):
        assert post_every_form(page) >= 1

    assert "Read the brief" in page.inner_text("main")
    for model in (Decision, Answer, Claim, Draft, EvidenceOpened):
        assert not model.objects.exists(), model
    assert ApproverLink.objects.get().ended_because == ""


def test_even_behind_the_door_no_untouched_form_answers(
    open_as: Open, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    """A person went in; then everything on the page is posted as it is."""
    handoff = put_rich(shop, bot)
    path, link = mailed(box, handoff, zoe)
    page = open_as(None, path)
    page.get_by_label("I am Zoe Marin").check()
    page.get_by_role("button", name="Read the brief").click()
    page.wait_for_url(f"**/links/at/{link.id}")

    assert post_every_form(page) >= 3

    assert not Decision.objects.exists()
    assert not Answer.objects.exists()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_person_answers_from_a_mail(
    open_as: Open, shop: Shop, bot: Client, zoe: User, box: Postbox, scripts: bool
) -> None:
    handoff = put_rich(shop, bot)
    path, _ = mailed(box, handoff, zoe)
    page = open_as(None, path, width=360, scripts=scripts)

    page.get_by_label("I am Zoe Marin").check()
    page.get_by_role("button", name="Read the brief").click()
    page.get_by_role("button", name="Refund policy, section 3").click()
    expect(page.locator("#evidence-1")).to_contain_text("three days late")
    page.get_by_role("radio", name="Reject").check()
    page.locator("#words").fill("The parcel is at the neighbour's, the carrier says.")
    page.get_by_role("button", name="Look at it once more").click()
    expect(page.locator("blockquote")).to_contain_text("at the neighbour")
    assert not Decision.objects.exists()
    page.get_by_role("button", name="Send it").click()

    expect(page.locator("h1")).to_contain_text("Sent.")
    stored = Answer.objects.get(handoff=handoff)
    assert (stored.verb, stored.role) == ("reject", "refund approvers")
    assert "at the neighbour" in stored.reason


def test_a_person_goes_in_by_keys_alone(
    open_as: Open, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    path, link = mailed(box, put_by_email(shop, bot), zoe)
    page = open_as(None, path)

    page.get_by_label("I am Zoe Marin").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/links/at/{link.id}")
    page.locator("[name=answer]").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Send it").focus()
    page.keyboard.press("Enter")

    page.wait_for_url("**/done")
    assert Answer.objects.get().verb == "approve"


def test_a_graver_one_is_answered_after_signing_in(
    open_as: Open, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    path, link = mailed(box, put_by_email(shop, bot, "step_up"), zoe)
    page = open_as(None, path)

    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Email").fill(zoe.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"**/links/at/{link.id}")
    page.get_by_role("button", name="Read the brief").click()
    page.get_by_role("radio", name="Approve").check()
    page.get_by_role("button", name="Look at it once more").click()
    page.get_by_role("button", name="Send it").click()

    page.wait_for_url("**/done")
    assert Answer.objects.get().verb == "approve"


@pytest.mark.parametrize(("width", "theme"), SIZES)
def test_pages_behind_a_link_fit_and_can_be_read(
    open_as: Open,
    shop: Shop,
    bot: Client,
    zoe: User,
    box: Postbox,
    width: int,
    theme: str,
) -> None:
    path, _ = mailed(box, put_rich(shop, bot, safeguards={"undo_seconds": 600}), zoe)
    graver, _ = mailed(box, put_rich(shop, bot, "sign_in"), zoe)
    page = open_as(None, path, width=width, theme=theme)

    def look(name: str) -> None:
        assert_fits(page)
        assert_accessible(page)
        picture(page, f"link-{name}-{width}-{theme}")

    look("door")
    page.get_by_label("I am Zoe Marin").check()
    page.get_by_role("button", name="Read the brief").click()
    page.get_by_role("button", name="Refund policy, section 3").click()
    expect(page.locator("#evidence-1")).to_contain_text("three days late")
    look("brief")
    page.get_by_role("radio", name="Approve").check()
    page.get_by_role("button", name="Look at it once more").click()
    expect(page.locator("h1")).to_contain_text("Send this answer?")
    look("sure")
    page.get_by_role("button", name="Send it").click()
    page.wait_for_url("**/done")
    look("done")
    page.goto(path)
    look("used")
    page.goto("/links/nothing")
    look("unknown")
    page.goto(graver)
    look("sign-in")


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (360, "dark"), (360, "light")])
def test_the_mail_can_be_read_in_a_narrow_and_in_a_dark_window(
    open_as: Open,
    shop: Shop,
    bot: Client,
    zoe: User,
    settings: Any,
    tmp_path: Any,
    box: Postbox,
    width: int,
    theme: str,
) -> None:
    settings.EMAIL_BACKEND, settings.MAILBOX = "config.mailbox.Folder", True
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    put_rich(shop, bot)
    send_mails(box)
    page = open_as(None, "/dev/mail", width=width, theme=theme)
    assert mailbox.is_shown()
    assert_fits(page)
    page.get_by_role("link", name="Decide by").click()
    frame = page.frame_locator("iframe")
    expect(frame.locator("h1")).to_contain_text("Refund 312.50 USD")
    assert_fits(page)
    picture(page, f"link-mail-{width}-{theme}")

    with page.context.expect_page() as opened:
        frame.get_by_role("link", name="Read the brief and answer").click()
    door = opened.value
    expect(door.locator("h1")).to_contain_text("Refund 312.50 USD")
