"""What a reviewer sees and can say of an action that an agent took by itself."""

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Client, User
from handoffs import audits, ladder
from handoffs.models import Handoff, Run
from handoffs.states import HandoffKind, Tier
from reviews import claims, decisions, verbs
from reviews.errors import SafeguardUnmet, VerbNotOffered
from reviews.wording import Choice
from tests import walks
from tests.factories import Shop
from tests.handoffs.afterwards import drawn, let_undo, report

pytestmark = pytest.mark.django_db


@pytest.fixture
def audit(shop: Shop, bot: Client, bot_key: str, ann: User) -> Handoff:
    """An audit that ann holds, of an action that can be undone for an hour."""
    let_undo(shop)
    proposal = drawn(shop, bot, bot_key, brief={"summary": "<img src=x onerror=alert(1)>"})
    audits.open_due(now=timezone.now())
    found = Handoff.objects.get(proposal=proposal)
    claims.pick(found.id, by=ann, now=timezone.now())
    return found


def page(desk: Browser, audit: Handoff) -> str:
    return desk.get(f"/handoffs/{audit.id}").content.decode()


def close_window(audit: Handoff) -> None:
    Handoff.objects.filter(id=audit.id).update(
        roll_back_until=timezone.now() - timedelta(minutes=5)
    )


def decide(audit: Handoff, ann: User, verb: str, reason: str = "") -> None:
    choice = Choice(verb=verb, reason=reason)
    decisions.decide(audit.id, by=ann, choice=choice, now=timezone.now())


@pytest.mark.parametrize("kind", [HandoffKind.AUDIT, HandoffKind.EXCEPTION])
@pytest.mark.parametrize(("undoable", "more"), [(True, ["roll_back"]), (False, [])])
def test_the_answers_are_fine_wrong_and_while_it_can_be_roll_back(kind, undoable, more):
    offered = verbs.offered(
        kind=kind,
        tier=Tier.AUTONOMOUS,
        escalates=False,
        title="Cancel order {order_id}",
        arguments={"order_id": "#1"},
        brief={"on_answer": {"confirm": "The agent gets a raise"}, "options": [{"id": "x"}]},
        undoable=undoable,
    )

    assert [one.verb for one in offered] == ["confirm", "wrong", *more, "ask_information"]
    assert offered[0].label == "Fine as it is"
    assert [one.asks for one in offered[1:2]] == ["reason"]


def test_the_page_says_why_what_was_done_and_until_when_it_can_be_undone(desk, audit):
    Handoff.objects.filter(id=audit.id).update(ladder=[])
    shown = page(desk, audit)

    assert "Was this right? Cancel order #W5744371" in shown
    assert "100 % of what the agent does by itself is looked at afterwards" in shown
    assert "What the agent has done" in shown
    assert "already done, by itself" in shown
    assert "Can be undone" in shown
    assert f"{audit.roll_back_until:%H:%M}" in shown
    assert "it stays as it is" in shown
    assert "Roll back: Cancel order #W5744371" in shown
    assert "<img src=x" not in shown


def test_after_the_window_roll_back_is_not_offered_and_refused(desk, audit, ann):
    close_window(audit)

    shown = page(desk, audit)
    assert "Roll back:" not in shown
    assert "no longer" in shown

    sent = desk.post(
        f"/handoffs/{audit.id}/decide", {"verb": "roll_back", "words": "Not their order at all"}
    )
    assert sent.status_code == 422
    assert "can no longer be rolled back" in sent.content.decode()
    assert "Not their order at all" in sent.content.decode()
    assert Handoff.objects.get(id=audit.id).state == "waiting"


def test_an_action_without_a_window_offers_no_way_back(desk, audit, ann):
    Handoff.objects.filter(id=audit.id).update(roll_back_until=None)

    assert "not this type of action" in page(desk, audit)
    with pytest.raises(VerbNotOffered):
        decide(audit, ann, "roll_back", "It was not theirs at all")


def test_nothing_is_left_to_undo_of_what_failed(desk, audit):
    report(audit.proposal, "failed")

    shown = page(desk, audit)

    assert "nothing to undo" in shown
    assert "Roll back:" not in shown


@pytest.mark.parametrize("verb", ["wrong", "roll_back"])
def test_wrong_and_roll_back_need_a_reason(audit, ann, verb):
    with pytest.raises(SafeguardUnmet):
        decide(audit, ann, verb)


@pytest.mark.parametrize("verb", ["approve", "reject", "approve_with_edits", "answer"])
def test_what_is_done_cannot_be_approved_or_rejected(audit, ann, verb):
    with pytest.raises(VerbNotOffered):
        decide(audit, ann, verb, "As if it were still to come")


@pytest.mark.parametrize(
    ("verb", "heading", "told"),
    [
        ("confirm", "Confirmed", "What the agent did stays"),
        ("wrong", "Wrong", "Noted as wrong"),
        ("roll_back", "Rolled back", "The agent undoes it"),
    ],
)
def test_each_answer_is_kept_and_shown(desk, audit, verb, heading, told):
    sent = desk.post(
        f"/handoffs/{audit.id}/decide", {"verb": verb, "words": "That order was another's."}
    )

    assert sent.status_code == 302
    assert Handoff.objects.get(id=audit.id).answers.get().verb == verb
    assert told in desk.get("/").content.decode()
    assert heading in page(desk, audit)


def test_the_one_who_asked_for_the_task_hears_nothing_of_audits(client, audit):
    run = Run.objects.get(id=audit.run_id)

    told = client.get(f"/status/{run.status_token}").content.decode()

    assert audit.role.name not in told
    assert "Your request is being handled automatically." in told


def test_an_audit_nobody_answered_says_so(desk, audit):
    walks.overdue(audit, ladder=[])
    ladder.fire_overdue()

    shown = page(desk, audit)
    assert "Not looked at" in shown
    assert "nothing was judged and nothing was undone" in shown
