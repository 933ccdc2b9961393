"""People are told when something changes hands or is done: once, and only whom it concerns."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Client, User
from handoffs import answers, holding, moves
from handoffs.actors import POLICY, SYSTEM
from handoffs.models import Handoff, OutboxMessage, Run
from handoffs.states import Cause, RunState
from reviews import claims, decisions, notice_mails, notice_wishes, notices
from reviews.models import LogPlace, Notice
from reviews.notice_rules import Kind, kind_of
from reviews.wording import Choice
from tests import factories
from tests.factories import Shop
from tests.reviews.telling import let_time_pass, look, send, subjects, tell_queue, told
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _begun(shop: Shop) -> None:
    look()


@pytest.fixture
def lea(shop: Shop) -> User:
    return factories.UserFactory(
        email="lea@example.com", name="Lea", roles=["reviewer"], groups=[shop.leads]
    )


def wish(who: User, **changes: Any) -> None:
    how = {Kind(kind): said for kind, said in changes.pop("how", {}).items()}
    said = {"digest_hour": None, "wakes": True, "quiet": []} | changes
    notice_wishes.say(by=who, how=how, now=timezone.now(), **said)


def climb(handoff: Handoff) -> None:
    answers.escalate(
        handoff.id, round=1, reason="late", by=POLICY, now=timezone.now(), cause=Cause.TIMED_OUT
    )


def hand_up(handoff: Handoff, who: User) -> None:
    claims.pick(handoff.id, by=who, now=timezone.now())
    claims.mark_opened(handoff.id, by=who, now=timezone.now())
    decisions.escalate(handoff.id, by=who, reason="Over my head", now=timezone.now())


def answer(handoff: Handoff) -> None:
    said = answers.Said(verb=answers.Verb.REJECT, reason="no")
    answers.answer(handoff.id, round=1, said=said, by=SYSTEM, now=timezone.now())


def test_whoever_may_decide_it_now_is_told_when_it_climbs(
    shop: Shop, bot: Client, ann: User, lea: User
) -> None:
    handoff = put(shop, bot)
    climb(handoff)
    look()
    send()

    assert told(lea) == ["transferred"]
    assert told(ann) == []
    [subject] = subjects(lea)
    assert subject == "Handed to your team: Refund 312.50 USD for order #W5744371?"


def test_each_notice_is_made_once_however_often_the_log_is_read(
    shop: Shop, bot: Client, lea: User
) -> None:
    climb(put(shop, bot))
    look()
    LogPlace.objects.update(upto=0, gaps=[])
    look()
    send()
    LogPlace.objects.update(upto=0, gaps=[])
    look()
    send()

    assert told(lea) == ["transferred"]
    assert len(subjects(lea)) == 1


def test_what_comes_new_is_told_only_where_somebody_wants_it(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    wish(ben, how={"arrived": "at_once"})
    put(shop, bot)
    look()

    assert told(ann) == []
    assert told(ben) == ["arrived"]


def test_a_queue_says_how_its_people_are_told_and_each_person_has_the_last_word(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    tell_queue(shop.queue, arrived="digest")
    wish(ben, how={"arrived": "none"})
    put(shop, bot)
    look()

    assert told(ann) == ["arrived"]
    assert Notice.objects.get(recipient=ann).digest
    assert told(ben) == []


def test_a_queue_that_somebody_wants_quiet_is_quiet(shop: Shop, bot: Client, ann: User) -> None:
    tell_queue(shop.queue, arrived="at_once")
    wish(ann, quiet=[shop.queue.pk])
    put(shop, bot)
    look()

    assert told(ann) == []


def test_nobody_without_authority_is_told(shop: Shop, bot: Client, ann: User) -> None:
    tell_queue(shop.queue, arrived="at_once")
    other = factories.make_team("strangers")
    factories.let_work(other, shop.queue)
    stranger = factories.UserFactory(roles=["reviewer"], groups=[other])
    asker = factories.UserFactory(email="kim@example.com", roles=["reviewer"], groups=[shop.team])
    gone = factories.UserFactory(roles=["reviewer"], groups=[shop.team], is_active=False)
    auditor = factories.UserFactory(roles=["auditor"], groups=[shop.team])
    handoff = put(shop, bot)
    Run.objects.filter(id=handoff.run_id).update(requester={"email": "Kim@example.com"})
    look()

    assert told(ann) == ["arrived"]
    for somebody in (stranger, asker, gone, auditor):
        assert told(somebody) == [], somebody


def test_whoever_passed_it_on_is_told_how_it_ended(
    shop: Shop, bot: Client, ann: User, lea: User
) -> None:
    handoff = put(shop, bot)
    hand_up(handoff, ann)
    look()
    send()
    answer(handoff)
    look()
    let_time_pass()
    send()

    assert told(ann) == ["completed"]
    assert told(lea) == ["transferred", "completed"]
    mail = OutboxMessage.objects.get(mail_to=ann.email).payload["text"]
    assert "Approval in Retail support that you passed on" in mail
    assert "Refund 312.50" not in mail
    assert handoff.id not in mail
    assert "Rejected" in mail


def test_whoever_decided_is_not_told_that_it_is_decided_but_that_the_run_is_done(
    shop: Shop, bot: Client, ann: User, settings: Any
) -> None:
    handoff = put(shop, bot, safeguards={"undo_seconds": 0})
    claims.pick(handoff.id, by=ann, now=timezone.now())
    claims.mark_opened(handoff.id, by=ann, now=timezone.now())
    choice = Choice(verb="approve", reason="", message="")
    decisions.decide(handoff.id, by=ann, choice=choice, now=timezone.now())
    look()
    assert told(ann) == []

    for state in (RunState.RESUMING, RunState.RUNNING, RunState.COMPLETED):
        moves.move_run(handoff.run_id, state, by=SYSTEM, cause=Cause.COMPLETED)
    look()
    let_time_pass()
    send()

    assert told(ann) == ["completed"]
    assert subjects(ann) == ["Done: Refund 312.50 USD for order #W5744371?"]
    mail = OutboxMessage.objects.get(mail_to=ann.email, event="notice.digest")
    assert "The agent has finished." in mail.payload["text"]


def test_what_is_over_by_the_time_it_is_due_is_not_told(shop: Shop, bot: Client, lea: User) -> None:
    handoff = put(shop, bot)
    climb(handoff)
    look()
    answer(handoff)
    send()

    assert Notice.objects.get(recipient=lea, kind="transferred").ended_because == "over"
    assert subjects(lea) == []


def test_whoever_lost_their_team_meanwhile_is_not_told(shop: Shop, bot: Client, lea: User) -> None:
    climb(put(shop, bot))
    look()
    lea.groups.clear()
    send()

    assert Notice.objects.get(recipient=lea).ended_because == "not_theirs"
    assert subjects(lea) == []


def test_the_past_is_told_to_nobody(shop: Shop, bot: Client, lea: User) -> None:
    LogPlace.objects.all().delete()
    climb(put(shop, bot))
    look()

    assert told(lea) == []


def test_what_an_outage_kept_is_gathered(
    shop: Shop, bot: Client, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    climb(put(shop, bot))
    monkeypatch.setattr(notices, "LATE", timedelta(seconds=-1))
    look()

    made = Notice.objects.get(recipient=lea)
    assert made.digest
    assert made.due_at > timezone.now()


def test_nobody_is_mailed_in_a_storm(
    shop: Shop, bot: Client, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_mails, "MOST_AT_ONCE", 2)
    for _ in range(4):
        climb(put(shop, bot))
        look()
        send()

    assert len(subjects(lea)) == 2
    assert Notice.objects.filter(recipient=lea, ended_at=None, digest=True).count() == 2
    let_time_pass()
    send()
    assert subjects(lea)[-1] == "2 were handed to your team"


def test_several_at_once_are_one_mail(shop: Shop, bot: Client, lea: User) -> None:
    for _ in range(3):
        climb(put(shop, bot))
    look()

    # lea and the stand-in
    assert send() == 2
    assert subjects(lea) == ["3 were handed to your team"]


def test_what_is_taken_back_or_held_changes_no_hands(
    shop: Shop, bot: Client, ann: User, lea: User
) -> None:
    tell_queue(shop.queue, transferred="at_once", arrived="at_once")
    handoff = put(shop, bot)
    look()
    with transaction.atomic():
        holding.hold(moves.lock_handoff(handoff.id), seconds=600, by=POLICY, now=timezone.now())
    look()

    assert told(ann) == ["arrived"]


@pytest.mark.parametrize(
    ("before", "after", "cause", "kind"),
    [
        ("", "waiting", "proposed", Kind.ARRIVED),
        ("answered", "waiting", "stale", Kind.ARRIVED),
        ("waiting", "waiting", "escalated", Kind.TRANSFERRED),
        ("waiting", "waiting", "sent_on", Kind.TRANSFERRED),
        ("waiting", "waiting", "timed_out", Kind.TRANSFERRED),
        ("waiting", "answered", "answered", Kind.COMPLETED),
        ("waiting", "withdrawn", "withdrawn", Kind.COMPLETED),
        ("waiting", "decided", "decided", None),
        ("decided", "waiting", "taken_back", None),
        ("waiting", "needs_information", "information_asked", None),
        ("needs_information", "waiting", "information_given", None),
    ],
)
def test_what_each_move_of_a_handoff_tells(
    before: str, after: str, cause: str, kind: Kind | None
) -> None:
    assert kind_of(of_run=False, before=before, after=after, cause=cause) is kind
    assert kind_of(of_run=True, before=before, after=after, cause=cause) is None
