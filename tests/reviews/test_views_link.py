"""A link from a mail, as whoever opens it meets it: people, scanners, forgers, latecomers."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Client, User
from handoffs import answers
from handoffs.actors import SYSTEM, person_actor
from handoffs.models import Answer, AuditEntry, Handoff, OutboxMessage, Queue
from handoffs.states import HandoffKind
from reviews import claims, decisions, links
from reviews.models import ApproverLink, Claim, Decision, Draft, EvidenceOpened
from reviews.wording import Choice
from tests import factories
from tests.factories import Shop
from tests.handoffs.postbox import Postbox, postbox
from tests.reviews.approving import (
    answer,
    approver,
    go_in,
    mailed,
    put_by_email,
    send_mails,
)
from tests.reviews.waiting import let_lease_run_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox(settings) as box:
        yield box


@pytest.fixture
def zoe(shop: Shop) -> User:
    return approver(shop)


@pytest.fixture
def handoff(shop: Shop, bot: Client) -> Handoff:
    return put_by_email(shop, bot)


@pytest.fixture
def path(box: Postbox, handoff: Handoff, zoe: User) -> str:
    return mailed(box, handoff, zoe)[0]


@pytest.fixture
def link(path: str) -> ApproverLink:
    return ApproverLink.objects.get()


def untouched() -> None:
    """Nothing was taken, seen as evidence, written or decided."""
    for model in (Decision, Answer, Claim, Draft, EvidenceOpened):
        assert not model.objects.exists(), model


def test_a_person_answers_from_a_mail_without_an_account_page(
    path: str, link: ApproverLink, handoff: Handoff
) -> None:
    browser = Browser()

    door = browser.get(path)
    assert door.status_code == 200
    assert "I am Zoe Marin" in door.content.decode()
    go_in(path, browser)
    brief = browser.get(f"/links/at/{link.id}")
    assert "Refund 312.50 USD for order #W5744371?" in brief.content.decode()
    response = answer(browser, link, "approve")

    done = browser.get(response["Location"])
    assert done.status_code == 200
    assert "You approved this at" in done.content.decode()
    stored = Answer.objects.get(handoff=handoff)
    assert (stored.verb, stored.role) == ("approve", "refund approvers")
    assert '"amount":312.5' in (stored.arguments or "")
    link.refresh_from_db()
    assert link.ended_because == "used"


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_scanner_may_look_as_often_as_it_likes(
    path: str, link: ApproverLink, method: str
) -> None:
    before = ApproverLink.objects.values().get()

    for number in range(10):
        agent = f"scanner/{number}"
        browser = Browser(headers={"user-agent": agent}, REMOTE_ADDR=f"192.0.2.{number}")
        assert getattr(browser, method)(path).status_code == 200

    untouched()
    assert ApproverLink.objects.values().get() == before


def test_a_scanner_that_posts_the_form_as_it_is_goes_nowhere(path: str) -> None:
    browser = Browser()

    for _ in range(5):
        response = browser.post(path, {})
        assert response.status_code == 422
        assert "Tick the box to go on. Nothing was opened." in response.content.decode()

    untouched()


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_no_other_method_is_one(path: str, method: str) -> None:
    assert getattr(Browser(), method)(path).status_code == 405
    untouched()


def test_posting_the_answers_untouched_sends_nothing(
    path: str, link: ApproverLink, handoff: Handoff
) -> None:
    browser = go_in(path)

    for place in ("choose", "decide"):
        response = browser.post(f"/links/at/{link.id}/{place}", {"words": ""})
        assert response.status_code == 422, place

    assert not Decision.objects.exists()
    assert (
        "Nothing is chosen yet"
        in browser.post(f"/links/at/{link.id}/choose", {"words": ""}).content.decode()
    )


def test_nothing_is_chosen_before_somebody_chooses(path: str, link: ApproverLink) -> None:
    page = go_in(path).get(f"/links/at/{link.id}").content.decode()

    assert page.count('type="radio" name="answer"') >= 3
    assert " checked" not in page


def test_choosing_alone_sends_nothing(path: str, link: ApproverLink) -> None:
    browser = go_in(path)

    response = browser.post(f"/links/at/{link.id}/choose", {"answer": "approve", "words": "Fine"})

    assert "Send this answer?" in response.content.decode()
    assert not Decision.objects.exists()
    assert Draft.objects.get().body["reason"] == "Fine"


def test_the_forms_want_their_token(path: str, link: ApproverLink) -> None:
    browser = Browser(enforce_csrf_checks=True)

    assert browser.post(path, {"me": "yes"}).status_code == 403
    untouched()


def test_who_only_knows_the_links_name_is_not_in(path: str, link: ApproverLink) -> None:
    stranger = Browser()

    for place in ("", "/desk"):
        response = stranger.get(f"/links/at/{link.id}{place}")
        assert response.status_code in (302, 403)
        assert "Refund" not in response.content.decode()
    for place in ("open", "choose", "decide", "evidence", "draft", "renew", "beat", "leave"):
        response = stranger.post(
            f"/links/at/{link.id}/{place}", {"answer": "approve", "words": "x", "evidence": "p"}
        )
        assert response.status_code == 403, place

    untouched()


@pytest.mark.parametrize(
    "forged",
    ["x", "A" * 43, "../admin", "%00", "a" * 5000, "ünïcode", "' or 1=1 --", "{{7*7}}", "at"],
)
def test_a_forged_link_has_a_page_that_says_so(path: str, forged: str) -> None:
    response = Browser().get(f"/links/{forged}")

    assert response.status_code == 404
    if "/" not in forged:
        page = response.content.decode()
        assert "This link does not open" in page
        assert "Open it from the mail again" in page
    untouched()


def test_a_token_with_one_letter_changed_opens_nothing(path: str) -> None:
    for place in range(len("/links/"), len(path)):
        other = "A" if path[place] != "A" else "B"
        assert Browser().get(path[:place] + other + path[place + 1 :]).status_code == 404


def test_what_the_database_holds_opens_nothing(path: str, link: ApproverLink) -> None:
    mark = OutboxMessage.objects.get().payload["secret"]["mark"]

    for known in (link.token_digest, mark, link.id):
        assert Browser().get(f"/links/{known}").status_code == 404


def test_a_used_link_says_so_and_answers_no_second_time(
    path: str, link: ApproverLink, handoff: Handoff
) -> None:
    browser = go_in(path)
    answer(browser, link, "reject", "Paid twice already, see the order.")

    for again in (browser, Browser()):
        response = again.get(path)
        page = response.content.decode()
        assert response.status_code == 410
        assert "You answered this already" in page
        assert "You rejected this at" in page
    response = browser.post(f"/links/at/{link.id}/decide", {"answer": "approve", "words": ""})

    assert response.status_code == 410
    assert Decision.objects.count() == 1
    assert Answer.objects.get().verb == "reject"


def test_a_link_that_ran_out_says_so(shop: Shop, bot: Client, box: Postbox, zoe: User) -> None:
    handoff = put_by_email(shop, bot, due_in=0.6)
    path, link = mailed(box, handoff, zoe)
    browser = go_in(path)
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_sleep(greatest(0, extract(epoch from %s - clock_timestamp())))",
            [link.expires_at],
        )

    for response in (
        browser.get(path),
        browser.get(f"/links/at/{link.id}"),
        browser.post(f"/links/at/{link.id}/decide", {"answer": "approve", "words": ""}),
    ):
        assert response.status_code == 410
        assert "This link has run out" in response.content.decode()
    assert not Decision.objects.exists()


def test_the_databases_clock_says_what_has_run_out(
    path: str, link: ApproverLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: link.expires_at + timedelta(days=3))

    assert links.get(link.id).standing == "live"


def test_a_revoked_link_says_so(path: str, link: ApproverLink, mia: User) -> None:
    browser = go_in(path)

    assert links.revoke([link.id], by=mia, now=timezone.now()) == 1

    for response in (
        Browser().get(path),
        browser.get(f"/links/at/{link.id}"),
        browser.post(f"/links/at/{link.id}/decide", {"answer": "approve", "words": ""}),
    ):
        assert response.status_code == 410
        assert "This link was taken back" in response.content.decode()
    assert not Decision.objects.exists()
    assert links.revoke([link.id], by=mia, now=timezone.now()) == 0


def test_another_level_makes_a_link_old(
    path: str, link: ApproverLink, handoff: Handoff, ann: User
) -> None:
    browser = go_in(path)
    answers.escalate(
        handoff.id, round=1, reason="?", by=person_actor(ann.pk, "x"), now=timezone.now()
    )

    for response in (
        Browser().get(path),
        browser.post(f"/links/at/{link.id}/decide", {"answer": "approve", "words": ""}),
    ):
        assert response.status_code == 410
        assert "There is something newer than this link" in response.content.decode()
    assert not Decision.objects.exists()


def test_a_changed_brief_makes_a_link_old_and_brings_another(
    path: str, link: ApproverLink, handoff: Handoff, zoe: User, ann: User, box: Postbox
) -> None:
    claims.pick(handoff.id, by=ann, now=timezone.now())
    decisions.ask_information(handoff.id, by=ann, question="Since when?", now=timezone.now())
    waits = Browser().get(path)
    answers.give_information(
        handoff.id,
        facts=[{"label": "Late since", "value": "2026-02-28"}],
        evidence=[],
        message="Since the 28th.",
        by=SYSTEM,
        now=timezone.now(),
    )

    response = Browser().get(path)
    newer, newer_link = mailed(box, handoff, zoe)

    assert waits.status_code == 410
    assert "This waits for the agent" in waits.content.decode()
    assert response.status_code == 410
    assert "There is something newer than this link" in response.content.decode()
    assert newer != path
    assert newer_link.brief_version == 2
    assert Browser().get(newer).status_code == 200


def test_a_link_to_what_somebody_else_answered_says_who_and_when(
    path: str, link: ApproverLink, handoff: Handoff, ann: User
) -> None:
    claims.pick(handoff.id, by=ann, now=timezone.now())
    decisions.decide(handoff.id, by=ann, choice=Choice(verb="approve"), now=timezone.now())

    response = Browser().get(path)

    page = response.content.decode()
    assert response.status_code == 410
    assert "This is already answered" in page
    assert "Ann (refund approvers) approved this at" in page
    assert "312.50" not in page


def test_a_withdrawn_question_says_so(path: str, handoff: Handoff) -> None:
    answers.withdraw(handoff.id, reason="paid", by=SYSTEM, now=timezone.now())

    response = Browser().get(path)

    assert response.status_code == 410
    assert "The agent no longer asks this" in response.content.decode()


def test_somebody_else_who_is_signed_in_does_not_use_it(
    path: str, link: ApproverLink, ann: User
) -> None:
    browser = Browser()
    browser.force_login(ann)

    for response in (
        browser.get(path),
        browser.post(path, {"me": "yes"}),
        browser.get(f"/links/at/{link.id}"),
        browser.post(f"/links/at/{link.id}/decide", {"answer": "approve", "words": ""}),
    ):
        assert response.status_code == 403
        assert "This link was made for somebody else" in response.content.decode()
    untouched()


def test_whoever_no_longer_decides_holds_a_link_to_nothing(
    path: str, link: ApproverLink, zoe: User, shop: Shop
) -> None:
    browser = go_in(path)
    zoe.groups.remove(shop.team)

    for response in (
        Browser().get(path),
        browser.get(f"/links/at/{link.id}"),
        browser.post(f"/links/at/{link.id}/decide", {"answer": "approve", "words": ""}),
    ):
        assert response.status_code in (403, 410)
        assert "312.50" not in response.content.decode()
    assert not Decision.objects.exists()


def test_a_deactivated_person_holds_a_link_to_nothing(
    path: str, link: ApproverLink, zoe: User
) -> None:
    browser = go_in(path)
    User.objects.filter(id=zoe.id).update(is_active=False)

    assert Browser().get(path).status_code in (403, 410)
    response = browser.post(f"/links/at/{link.id}/decide", {"answer": "approve", "words": ""})
    assert response.status_code in (403, 410)
    assert not Decision.objects.exists()


def test_a_link_in_an_old_mailbox_is_none(path: str, zoe: User) -> None:
    User.objects.filter(id=zoe.id).update(email="zoe.new@example.com")

    response = Browser().get(path)

    assert response.status_code == 410
    assert "This link was taken back" in response.content.decode()


def test_what_a_colleague_has_is_left_to_them(path: str, handoff: Handoff, ann: User) -> None:
    claims.pick(handoff.id, by=ann, now=timezone.now())

    response = Browser().post(path, {"me": "yes"})

    assert response.status_code == 409
    assert "took this at" in response.content.decode()
    assert Claim.objects.get().reviewer == ann


def test_a_queue_without_picking_lets_in_whom_the_mail_asked(
    path: str, handoff: Handoff, zoe: User
) -> None:
    Queue.objects.filter(id=handoff.queue_id).update(pick_allowed=False)

    go_in(path)

    assert Claim.objects.get().reviewer == zoe


def test_a_lease_that_ran_out_is_taken_again_without_a_new_link(
    path: str, link: ApproverLink, handoff: Handoff
) -> None:
    browser = go_in(path)
    let_lease_run_out(handoff)

    late = browser.post(f"/links/at/{link.id}/decide", {"answer": "approve", "words": "Read it."})
    assert late.status_code == 409
    link.refresh_from_db()
    assert link.ended_at is None
    assert Draft.objects.get().body["reason"] == "Read it."
    door = browser.get(f"/links/at/{link.id}")
    assert "Read the brief" in door.content.decode()
    assert "I am Zoe" not in door.content.decode()
    browser.post(f"/links/at/{link.id}/open")

    assert answer(browser, link, "approve").status_code == 302


def test_every_page_behind_a_link_keeps_it_to_itself(path: str, link: ApproverLink) -> None:
    browser = go_in(path)

    for place in (path, f"/links/at/{link.id}", "/links/unknown"):
        response = browser.get(place)
        assert response["Referrer-Policy"] == "same-origin"
        assert "noindex" in response["X-Robots-Tag"]
        assert "no-store" in response["Cache-Control"]
        assert response["X-Frame-Options"] == "DENY"


def test_the_session_that_opened_a_link_is_a_new_one(path: str) -> None:
    browser = Browser()
    session = browser.session
    session["planted"] = True
    session.save()
    planted = session.session_key

    go_in(path, browser)

    assert browser.cookies["session"].value != planted


def test_opening_a_link_signs_nobody_in(path: str, link: ApproverLink) -> None:
    browser = go_in(path)

    for place in ("/", "/governance/", f"/handoffs/{link.handoff_id}", "/admin/"):
        assert browser.get(place).status_code == 302, place


def test_asking_the_agent_uses_the_link_up(path: str, link: ApproverLink, handoff: Handoff) -> None:
    browser = go_in(path)

    assert answer(browser, link, "ask_information", "Since when is it late?").status_code == 302

    handoff.refresh_from_db()
    assert handoff.state == "needs_information"
    link.refresh_from_db()
    assert link.ended_because == "used"


def test_handing_up_from_a_link(path: str, link: ApproverLink, handoff: Handoff) -> None:
    assert answer(go_in(path), link, "escalate", "Above my limit.").status_code == 302

    handoff.refresh_from_db()
    assert handoff.level == 2


def test_an_option_is_an_answer_of_its_own(
    shop: Shop, bot: Client, box: Postbox, zoe: User
) -> None:
    options = [
        {"id": "again", "label": "Send a new one", "consequence": "With Kim in two days"},
        {"id": "voucher", "label": "Offer 30 USD", "consequence": "The order stays open"},
    ]
    handoff = put_by_email(shop, bot, brief=factories.brief_payload(options=options))
    path, link = mailed(box, handoff, zoe)
    browser = go_in(path)

    assert 'value="choose:voucher"' in browser.get(f"/links/at/{link.id}").content.decode()
    answer(browser, link, "choose:voucher")

    assert Answer.objects.get().option == "voucher"


def test_an_answer_that_is_not_offered_is_none(path: str, link: ApproverLink) -> None:
    browser = go_in(path)

    for verb in ("approve_with_edits", "take_over", "roll_back", "choose:nothing", "nonsense"):
        typed = {"answer": verb, "words": "x y z"}
        assert browser.post(f"/links/at/{link.id}/choose", typed).status_code == 422, verb
    for verb in ("take_over", "roll_back", "choose:nothing", "nonsense"):
        typed = {"answer": verb, "words": "x y z"}
        assert browser.post(f"/links/at/{link.id}/decide", typed).status_code == 422, verb
    assert not Decision.objects.exists()


def test_an_opening_and_an_answer_are_in_the_log(path: str, link: ApproverLink) -> None:
    answer(go_in(path), link, "approve")

    said = AuditEntry.objects.filter(action__startswith="link.").order_by("id")
    assert [entry.action for entry in said] == ["link.mailed", "link.opened", "link.used"]
    assert {entry.subject for entry in said} == {link.handoff_id}
    assert path.rpartition("/")[2] not in str(AuditEntry.objects.values_list("body", flat=True))


def test_no_log_line_names_a_token(path: str, caplog: pytest.LogCaptureFixture) -> None:
    token = path.rpartition("/")[2]
    with caplog.at_level("INFO", logger="reviews"):
        Browser().get(path)
        Browser().get("/links/" + "Z" * 43)
        Browser().post(path, {})

    assert [record.action for record in caplog.records if hasattr(record, "action")] == [
        "link.unknown"
    ]
    assert not [record for record in caplog.records if token in str(vars(record))]


# --- what needs more than the link


@pytest.mark.parametrize("email", ["sign_in", "step_up"])
def test_above_the_lowest_a_link_shows_nothing_before_somebody_signs_in(
    shop: Shop, bot: Client, box: Postbox, zoe: User, email: str
) -> None:
    path, link = mailed(box, put_by_email(shop, bot, email), zoe)
    browser = Browser()

    for response in (browser.get(path), browser.post(path, {"me": "yes"})):
        page = response.content.decode()
        assert response.status_code == 200
        assert "312.50" not in page and "Refund" not in page and "Zoe" not in page
        assert f"/accounts/login/?next=/links/at/{link.id}" in page
    assert browser.get(f"/links/at/{link.id}").status_code == 302
    assert browser.post(f"/links/at/{link.id}/open").status_code == 302
    untouched()


def sign_in(browser: Browser, user: User, **more: str) -> Any:
    return browser.post(
        "/accounts/login/", {"login": user.email, "password": factories.PASSWORD, **more}
    )


def test_a_link_to_sign_in_by_leads_to_the_brief(
    shop: Shop, bot: Client, box: Postbox, zoe: User
) -> None:
    path, link = mailed(box, put_by_email(shop, bot, "sign_in"), zoe)
    browser = Browser()

    there = sign_in(browser, zoe, next=f"/links/at/{link.id}")
    assert there["Location"] == f"/links/at/{link.id}"
    door = browser.get(f"/links/at/{link.id}")
    assert "Refund 312.50 USD" in door.content.decode()
    assert not Claim.objects.exists()
    browser.post(f"/links/at/{link.id}/open")

    assert answer(browser, link, "approve").status_code == 302
    assert Answer.objects.get().verb == "approve"


def age_the_sign_in(browser: Browser, seconds: int) -> None:
    session = browser.session
    for one in session["account_authentication_methods"]:
        one["at"] -= seconds
    session.save()


def test_the_gravest_asks_again_who_it_is_before_opening_and_before_answering(
    shop: Shop, bot: Client, box: Postbox, zoe: User
) -> None:
    path, link = mailed(box, put_by_email(shop, bot, "step_up"), zoe)
    browser = Browser()
    sign_in(browser, zoe)
    age_the_sign_in(browser, 301)

    early = browser.post(f"/links/at/{link.id}/open")
    assert early["Location"] == f"/accounts/reauthenticate/?next=%2Flinks%2Fat%2F{link.id}"
    assert not Claim.objects.exists()
    again = browser.post(early["Location"], {"password": factories.PASSWORD})
    assert again["Location"] == f"/links/at/{link.id}"
    assert browser.post(f"/links/at/{link.id}/open")["Location"] == f"/links/at/{link.id}"
    age_the_sign_in(browser, 301)
    late = browser.post(f"/links/at/{link.id}/decide", {"answer": "approve", "words": ""})

    assert late["Location"].startswith("/accounts/reauthenticate/")
    assert not Decision.objects.exists()
    browser.post(late["Location"], {"password": "wrong"})
    assert not Decision.objects.exists()
    browser.post(late["Location"], {"password": factories.PASSWORD})
    assert answer(browser, link, "approve").status_code == 302


@pytest.mark.parametrize(
    "changes",
    [
        {"safeguards": {"withhold_recommendation": True}},
        {"kind": HandoffKind.TASK_DEFINITION},
        {"kind": HandoffKind.RECOVERY},
    ],
)
def test_what_takes_more_than_a_choice_leads_to_the_desk_after_signing_in(
    shop: Shop, bot: Client, box: Postbox, zoe: User, changes: Any
) -> None:
    handoff = put_by_email(shop, bot, "yes", **changes)
    path, link = mailed(box, handoff, zoe)
    browser = Browser()

    assert "I am Zoe" not in browser.get(path).content.decode()
    sign_in(browser, zoe)
    response = browser.post(f"/links/at/{link.id}/open")

    assert response["Location"] == f"/handoffs/{handoff.id}"
    assert Claim.objects.get().reviewer == zoe
    for place in ("choose", "decide"):
        sent = browser.post(f"/links/at/{link.id}/{place}", {"answer": "approve", "words": ""})
        assert sent["Location"] == f"/handoffs/{handoff.id}"
    assert not Decision.objects.exists()


# --- safeguards hold here as at the desk


def guarded(
    shop: Shop, bot: Client, box: Postbox, zoe: User, **changes: Any
) -> tuple[Browser, ApproverLink]:
    path, link = mailed(box, put_by_email(shop, bot, **changes), zoe)
    return go_in(path), link


def test_the_minimum_reading_time_holds_for_a_link(
    shop: Shop, bot: Client, box: Postbox, zoe: User
) -> None:
    browser, link = guarded(shop, bot, box, zoe, safeguards={"minimum_seconds": 30})
    browser.get(f"/links/at/{link.id}")

    response = answer(browser, link, "approve")

    assert response.status_code == 422
    assert "seconds of reading" in response.content.decode()
    assert not Decision.objects.exists()
    link.refresh_from_db()
    assert link.ended_at is None


def test_looking_at_the_door_is_no_reading(
    shop: Shop, bot: Client, box: Postbox, zoe: User
) -> None:
    handoff = put_by_email(shop, bot, safeguards={"minimum_seconds": 1})
    path, link = mailed(box, handoff, zoe)
    for _ in range(3):
        Browser().get(path)
    with connection.cursor() as cursor:
        cursor.execute("select pg_sleep(1.1)")

    response = answer(go_in(path), link, "approve")

    assert response.status_code == 422


def test_evidence_has_to_be_opened_behind_a_link_too(
    shop: Shop, bot: Client, box: Postbox, zoe: User
) -> None:
    evidence = [{"id": "p", "title": "Policy", "snippet": "three days", "must_open": True}]
    browser, link = guarded(shop, bot, box, zoe, brief=factories.brief_payload(evidence=evidence))
    page = browser.get(f"/links/at/{link.id}").content.decode()
    assert "three days" not in page

    assert answer(browser, link, "approve").status_code == 422
    opened = browser.post(f"/links/at/{link.id}/evidence", {"evidence": "p"})
    assert opened["Location"] == f"/links/at/{link.id}"
    assert "three days" in browser.get(f"/links/at/{link.id}").content.decode()

    assert answer(browser, link, "approve").status_code == 302


def test_a_reason_is_asked_behind_a_link_too(
    shop: Shop, bot: Client, box: Postbox, zoe: User
) -> None:
    browser, link = guarded(shop, bot, box, zoe, safeguards={"reason": "always"})

    refused = answer(browser, link, "approve", "aaaaaaaaaa")
    assert refused.status_code == 422
    assert 'value="approve" required checked' in refused.content.decode()

    assert answer(browser, link, "approve", "The carrier lost it, I asked them.").status_code == 302


def test_what_was_checked_is_asked_behind_a_link_too(
    shop: Shop, bot: Client, box: Postbox, zoe: User
) -> None:
    browser, link = guarded(shop, bot, box, zoe, safeguards={"challenge": "always"})
    reason = "I compared the carrier's note with the order, and the parcel is lost."
    stated = {
        "checked_own": "the carrier's own tracking page",
        "wrong_if_own": "the parcel turns up at the neighbour",
    }

    bare = answer(browser, link, "approve", reason)
    assert bare.status_code == 422
    typed = {"answer": "approve", "words": reason, **stated}
    sure = browser.post(f"/links/at/{link.id}/choose", typed).content.decode()
    for name in stated:
        assert f'type="hidden" name="{name}"' in sure
    response = browser.post(f"/links/at/{link.id}/decide", typed)

    assert response.status_code == 302
    assert Decision.objects.get().verb == "approve"


def test_the_source_is_one_click_away_behind_a_link_too(path: str, link: ApproverLink) -> None:
    browser = go_in(path)

    page = browser.get(f"/links/at/{link.id}/source").content.decode()

    assert "Everything as it was sent" in page
    assert f'href="/links/at/{link.id}"' in page
    assert "Signed-in devices" not in page


def test_nobody_decides_their_own_request_by_link(
    shop: Shop, bot: Client, box: Postbox, zoe: User
) -> None:
    handoff = put_by_email(shop, bot)
    handoff.run.requester = {"name": "Zoe", "email": "ZOE@example.com"}
    handoff.run.save(update_fields=["requester"])

    send_mails(box)

    assert box.mails == []
    assert ApproverLink.objects.get().ended_because == "not_theirs"


def test_reading_beats_of_a_link_are_counted_for_its_person(path: str, link: ApproverLink) -> None:
    browser = go_in(path)
    page = browser.get(f"/links/at/{link.id}")
    token = page.context["page"].keeping.token

    beat = browser.post(f"/links/at/{link.id}/beat", {"looking": "1", "token": token})
    renewed = browser.post(
        f"/links/at/{link.id}/renew", {"token": token}, headers={"hx-request": "true"}
    )
    kept = browser.post(f"/links/at/{link.id}/draft", {"words": "half a thought"})
    left = browser.post(f"/links/at/{link.id}/leave", {"token": token})

    assert [one.status_code for one in (beat, renewed, kept, left)] == [200, 200, 200, 204]
    assert Draft.objects.get().body["reason"] == "half a thought"
    assert browser.get("/").status_code == 302, "it signed nobody in"


def test_giving_back_keeps_the_link(path: str, link: ApproverLink, ann: User) -> None:
    browser = go_in(path)

    browser.post(f"/links/at/{link.id}/give-back")
    claims.pick(link.handoff_id, by=ann, now=timezone.now())
    claims.give_back(link.handoff_id, by=ann, now=timezone.now())

    assert browser.get(path).status_code == 302
    browser.post(f"/links/at/{link.id}/open")
    assert answer(browser, link, "approve").status_code == 302


# --- taking it back


def undo(browser: Browser, link: ApproverLink) -> Any:
    return browser.post(f"/links/at/{link.id}/undo")


def test_an_answer_from_a_link_can_be_taken_back_and_given_again(
    shop: Shop, bot: Client, box: Postbox, zoe: User
) -> None:
    browser, link = guarded(shop, bot, box, zoe, safeguards={"undo_seconds": 600})
    sent = answer(browser, link, "reject", "Paid twice, see the order.")
    done = browser.get(sent["Location"]).content.decode()
    assert "Rejected." in done and "Undo" in done
    assert not Answer.objects.exists()
    assert Browser().post(f"/links/at/{link.id}/undo").status_code == 403

    back = undo(browser, link)

    assert back["Location"] == f"/links/at/{link.id}"
    page = browser.get(back["Location"]).content.decode()
    assert "Paid twice, see the order." in page
    assert undo(browser, link).status_code == 302, "a second click finds it done"
    link.refresh_from_db()
    assert link.ended_at is None
    assert answer(browser, link, "approve").status_code == 302
    assert Decision.objects.filter(undone_at=None).get().verb == "approve"


def test_what_the_agent_was_told_is_not_taken_back(
    path: str, link: ApproverLink, handoff: Handoff
) -> None:
    browser = go_in(path)
    answer(browser, link, "approve")

    response = undo(browser, link)

    assert response.status_code == 409
    link.refresh_from_db()
    assert link.ended_because == "used"
    assert Answer.objects.get().verb == "approve"


def test_while_it_may_be_taken_back_the_link_answers_nothing_else(
    shop: Shop, bot: Client, box: Postbox, zoe: User
) -> None:
    browser, link = guarded(shop, bot, box, zoe, safeguards={"undo_seconds": 600})
    answer(browser, link, "approve")

    typed = {"answer": "reject", "words": "No, it is not ours to pay."}
    assert browser.post(f"/links/at/{link.id}/decide", typed).status_code == 410
    assert Decision.objects.get().verb == "approve"
