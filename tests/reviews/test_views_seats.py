"""What the desk shows of what several decide: how many have, never what, until all have."""

import re

import pytest
from django.test import Client as Browser
from django.utils.timezone import now

from accounts.models import Client, User
from accounts.roles import Role
from handoffs.models import Handoff
from reviews import claims
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
SECRET = "The parcel is still on its way."
# what differs between any two loads of one page
PASSING = re.compile(
    r'nonce="[^"]*"|[\w:.=-]{40,}|\d{4}-\d\d-\d\dT[0-9:.+]*|\d\d:\d\d|\d+ s\b|\d+ seconds?'
)


@pytest.fixture
def two(shop: Shop, bot: Client) -> Handoff:
    return put(shop, bot, safeguards={"approvers": 2, "evidence": "none"})


def browser(person: User) -> Browser:
    opened = Browser()
    opened.force_login(person)
    return opened


def page(person: User, handoff: Handoff) -> str:
    return browser(person).get(f"/handoffs/{handoff.id}").content.decode()


def say(person: User, handoff: Handoff, verb: str, reason: str = SECRET) -> str:
    claims.pick(handoff.id, by=person, now=now())
    answered = browser(person).post(
        f"/handoffs/{handoff.id}/decide", {"verb": verb, "words": reason}, follow=True
    )
    return answered.content.decode()


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_who_has_a_seat_reads_how_many_decide_and_for_which_team(two: Handoff, ann: User) -> None:
    claims.pick(two.id, by=ann, now=now())

    shown = plain(page(ann, two))

    assert "none of 2 has decided" in shown
    assert "you sit for refund approvers" in shown


def test_the_first_is_told_that_it_is_kept_and_not_that_the_agent_goes_on(
    two: Handoff, ann: User
) -> None:
    shown = plain(say(ann, two, "reject"))

    assert "Your answer is in. 1 of 2 has decided" in shown
    assert "Rejected" not in shown
    assert "You have decided" in plain(page(ann, two))


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_the_second_cannot_tell_what_the_first_said(
    shop: Shop, bot: Client, ann: User, ben: User, verb: str
) -> None:
    handoff = put(shop, bot, safeguards={"approvers": 2, "evidence": "none"})
    say(ann, handoff, verb)

    listed = browser(ben).get("/queues/refunds").content.decode()
    claims.pick(handoff.id, by=ben, now=now())
    shown = page(ben, handoff)

    assert "1 of 2 has decided" in plain(listed) and "1 of 2 has decided" in plain(shown)
    for html in (listed, shown):
        assert SECRET not in html
        assert "Ann" not in html


def test_the_page_is_the_same_byte_by_byte_whatever_the_first_said(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    shown = []
    for verb in ("approve", "reject"):
        handoff = put(shop, bot, safeguards={"approvers": 2, "evidence": "none"})
        say(ann, handoff, verb)
        claims.pick(handoff.id, by=ben, now=now())
        html = page(ben, handoff)
        for own in (handoff.id, handoff.run_id, handoff.run.external_id):
            html = html.replace(own, "OWN")
        shown.append(PASSING.sub("", html))
        claims.give_back(handoff.id, by=ben, now=now())

    differing = [pair for pair in zip(*map(str.splitlines, shown), strict=True) if len({*pair}) > 1]
    assert differing == []


def test_at_the_end_everybody_reads_who_said_what(two: Handoff, ann: User, ben: User) -> None:
    say(ann, two, "reject")
    flash = plain(say(ben, two, "reject", "Refunds are due after three days."))

    assert "All 2 agree, and the agent is told" in flash
    shown = plain(page(ann, two))
    assert "Ann (refund approvers) rejected this" in shown
    assert "Ben (refund approvers) rejected this" in shown
    assert shown.count(SECRET) == 1


def test_who_breaks_a_tie_reads_both_sides(shop: Shop, bot: Client, ann: User, ben: User) -> None:
    guards = {"approvers": 2, "evidence": "none", "tie_break": "escalate"}
    handoff = put(shop, bot, safeguards=guards)
    lea = factories.UserFactory(name="Lea", roles=[Role.REVIEWER], groups=[shop.leads])
    say(ann, handoff, "approve")
    assert "the next level decides" in plain(say(ben, handoff, "reject"))

    claims.take_next(by=lea, now=now())
    shown = plain(page(lea, handoff))

    assert "They did not agree" in shown and "you break the tie" in shown
    assert "Ann (refund approvers) approved this" in shown
    assert "Ben (refund approvers) rejected this" in shown


def test_the_record_in_the_admin_keeps_it_from_those_who_may_decide(
    two: Handoff, ann: User, ben: User, olga: User
) -> None:
    say(ann, two, "reject")
    for person, roles, sees in (
        (olga, [Role.AUDITOR], True),
        (olga, [Role.AUDITOR, Role.REVIEWER], False),
    ):
        person.roles = [role.value for role in roles]
        person.save(update_fields=["roles"])
        listed = browser(person).get("/admin/reviews/decision/").content.decode()
        assert (two.id in listed) is sees
    say(ben, two, "reject")
    assert two.id in browser(olga).get("/admin/reviews/decision/").content.decode()
