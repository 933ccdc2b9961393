"""What a person sees: their queues, what waits, one handoff in full, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import Client, User
from accounts.roles import Role
from handoffs import actors, answers
from handoffs.errors import NotFound
from handoffs.models import Checkpoint
from reviews import claims, decisions, desk
from reviews.decisions import Choice
from tests import factories
from tests.factories import Shop
from tests.reviews.judging import commit
from tests.reviews.waiting import ARGUMENTS, let_lease_run_out, put

pytestmark = pytest.mark.django_db


def queries(call: Any) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        call()
    return len(captured)


def test_the_overview_shows_only_the_queues_a_person_works(
    shop: Shop, bot: Client, ann: User
) -> None:
    put(shop, bot)

    overview = desk.overview(ann, now())

    assert [(card.slug, card.waiting) for card in overview.queues] == [("refunds", 1)]
    assert overview.held == []


def test_a_queue_says_how_long_and_how_urgent(shop: Shop, bot: Client, ann: User) -> None:
    put(shop, bot, due_in=7200, opened_at=now() - timedelta(hours=3))
    urgent = put(shop, bot, due_in=600)

    card = desk.overview(ann, now()).queues[0]

    assert card.waiting == 2
    assert card.next_deadline_at == urgent.deadline_at
    assert card.oldest_opened_at is not None
    assert now() - card.oldest_opened_at > timedelta(hours=2)


def test_the_nearest_deadline_is_of_what_this_person_could_take(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    put(shop, bot, due_in=60, role=shop.leads)
    put(shop, bot, due_in=120)
    claims.take_next(by=ben, now=now())
    free = put(shop, bot, due_in=3600)

    card = desk.overview(ann, now()).queues[0]

    assert card.next_deadline_at == free.deadline_at
    assert card.waiting == 3


def test_an_empty_queue_says_so(shop: Shop, ann: User) -> None:
    card = desk.overview(ann, now()).queues[0]

    assert (card.waiting, card.oldest_opened_at, card.next_deadline_at) == (0, None, None)


def test_the_overview_shows_what_i_hold_until_it_ends(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot)
    claims.take_next(by=ann, now=now())

    held = desk.overview(ann, now()).held
    assert [(row.id, row.queue) for row in held] == [(handoff.id, "Refunds")]
    assert held[0].ask == factories.brief_payload()["ask"]

    let_lease_run_out(handoff)
    assert desk.overview(ann, now()).held == []


def test_the_overview_costs_the_same_for_ten_and_twenty(shop: Shop, bot: Client, ann: User) -> None:
    for _ in range(10):
        put(shop, bot)
    claims.pick(put(shop, bot).id, by=ann, now=now())
    ten = queries(lambda: desk.overview(ann, now()))

    for number in range(10):
        put(shop, bot)
        queue = factories.QueueFactory(slug=f"more-{number}")
        factories.let_work(shop.team, queue)
    claims.pick(put(shop, bot).id, by=ann, now=now())

    assert queries(lambda: desk.overview(ann, now())) == ten == 2


def test_no_page_counts_the_handoffs(shop: Shop, bot: Client, ann: User) -> None:
    put(shop, bot)

    with CaptureQueriesContext(connection) as captured:
        desk.overview(ann, now())
        desk.rows(ann, "refunds")

    assert not [query for query in captured if "count(" in query["sql"].lower()]


def test_rows_come_in_the_order_they_are_due_with_their_ask(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    later, first = put(shop, bot, due_in=3600), put(shop, bot, due_in=60)
    claims.take_next(by=ben, now=now())

    page = desk.rows(ann, "refunds")

    assert [row.id for row in page.rows] == [first.id, later.id]
    assert page.rows[0].ask == "Refund 312.50 USD for order #W5744371?"
    assert [(row.claimed, row.mine) for row in page.rows] == [(True, False), (False, False)]
    assert page.after is None


def test_pages_continue_where_the_last_one_ended(shop: Shop, bot: Client, ann: User) -> None:
    deadline = now() + timedelta(hours=1)
    ids = sorted(put(shop, bot, deadline_at=deadline).id for _ in range(5))

    seen, after = [], None
    for _ in range(3):
        page = desk.rows(ann, "refunds", after=after, limit=2)
        seen += [row.id for row in page.rows]
        after = page.after

    assert seen == ids
    assert after is None


def test_rows_cost_the_same_for_ten_and_twenty(shop: Shop, bot: Client, ann: User) -> None:
    for _ in range(10):
        put(shop, bot)
    ten = queries(lambda: desk.rows(ann, "refunds"))
    for _ in range(10):
        put(shop, bot)

    assert queries(lambda: desk.rows(ann, "refunds")) == ten == 3


def test_rows_leave_out_what_another_team_decides(shop: Shop, bot: Client, ann: User) -> None:
    put(shop, bot, role=shop.leads)

    assert desk.rows(ann, "refunds").rows == []


@pytest.mark.parametrize("after", ["nonsense", "AAAA", "MjAyNg==", "é", "aGVsbG8gd29ybGQ="])
def test_a_place_that_was_never_given_out_is_not_found(shop: Shop, ann: User, after: str) -> None:
    with pytest.raises(NotFound):
        desk.rows(ann, "refunds", after=after)


def test_a_queue_where_nobody_chooses_has_no_list(shop: Shop, bot: Client, ann: User) -> None:
    shop.queue.pick_allowed = False
    shop.queue.save()

    with pytest.raises(NotFound):
        desk.rows(ann, "refunds")


def test_a_queue_that_is_not_theirs_is_not_found(shop: Shop, ann: User) -> None:
    for slug in ("refunds-leads", "no-such-queue"):
        with pytest.raises(NotFound):
            desk.rows(ann, slug)


def test_a_handoff_comes_with_everything_its_page_needs(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot)
    claims.take_next(by=ann, now=now())
    claims.mark_opened(handoff.id, by=ann, now=now())
    decisions.save_draft(handoff.id, by=ann, body={"reason": "so far"}, now=now())
    decisions.open_evidence(handoff.id, "policy", by=ann, now=now())

    detail = desk.handoff(ann, handoff.id, now())

    assert detail.brief == factories.brief_payload()
    assert detail.proposal is not None and detail.proposal.arguments == ARGUMENTS
    assert detail.title == "Refund {amount} {currency} for order {order_id}"
    assert detail.schema["properties"]["amount"]["title"] == "Amount"
    assert detail.proposal.rules[0]["because"] == "Refund of 200.00"
    assert detail.claim is not None and detail.seen.read_seconds is not None
    assert detail.may_decide and not detail.withheld
    assert detail.draft == {"reason": "so far"}
    assert detail.opened == {"policy"}
    assert [move.to_state for move in detail.history] == ["waiting"]
    assert (detail.answer, detail.decided_by, detail.held_by) == (None, "", "")


def test_a_colleague_sees_who_holds_it(shop: Shop, bot: Client, ann: User, ben: User) -> None:
    handoff = put(shop, bot)
    claims.take_next(by=ben, now=now())

    detail = desk.handoff(ann, handoff.id, now())

    assert (detail.claim, detail.held_by) == (None, "Ben")


def test_a_decided_handoff_shows_the_answer_and_who_gave_it(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    handoff = put(shop, bot)
    claims.take_next(by=ben, now=now())
    decisions.decide(handoff.id, by=ben, choice=Choice(verb="approve"), now=now())

    detail = desk.handoff(ann, handoff.id, now())

    assert detail.answer is not None and detail.answer.verb == "approve"
    assert detail.decided_by == "Ben"


def test_a_question_and_its_answer_are_shown_with_the_new_facts(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot)
    claims.take_next(by=ann, now=now())
    decisions.ask_information(handoff.id, by=ann, question="Which carrier?", now=now())
    answers.give_information(
        handoff.id,
        facts=[{"label": "Carrier", "value": "DHL", "kind": "text"}],
        evidence=[],
        message="It was DHL.",
        by=actors.client_actor("bot", "ovr_1"),
        now=now(),
    )

    detail = desk.handoff(ann, handoff.id, now())

    assert [(q.question, q.message) for q in detail.questions] == [
        ("Which carrier?", "It was DHL.")
    ]
    assert detail.brief["facts"][-1]["label"] == "Carrier"
    assert detail.brief_version == 2


def test_a_handoff_costs_the_same_whatever_happened_to_it(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot)
    desk.handoff(ann, handoff.id, now())  # Django reads its content types once a process
    fresh = queries(lambda: desk.handoff(ann, handoff.id, now()))
    for number in range(3):
        claims.pick(handoff.id, by=ann, now=now())
        decisions.ask_information(handoff.id, by=ann, question=f"{number}?", now=now())
        answers.give_information(
            handoff.id, facts=[], evidence=[], message="", by=actors.SYSTEM, now=now()
        )

    assert queries(lambda: desk.handoff(ann, handoff.id, now())) == fresh
    assert fresh <= 20


def test_what_is_withheld_is_nowhere_until_one_has_judged(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot, safeguards={"withhold_recommendation": True})
    Checkpoint.objects.create(run=handoff.run, body='{"thought": "Within policy"}')
    claims.take_next(by=ann, now=now())

    before = desk.handoff(ann, handoff.id, now())
    told = repr({**vars(before), "handoff": None, "answer": None})
    commit(handoff, by=ann)
    after = desk.handoff(ann, handoff.id, now())

    assert before.withheld and not after.withheld
    assert (before.checkpoint, after.checkpoint) == (None, '{"thought": "Within policy"}')
    assert {"recommendation", "confidence"}.isdisjoint(before.brief)
    assert "Within policy" not in told and "0.85" not in told
    assert after.brief["recommendation"]["rationale"] == "Within policy section 3."


@pytest.mark.parametrize("role", list(Role))
def test_only_deciding_roles_have_a_desk(shop: Shop, bot: Client, role: Role) -> None:
    handoff = put(shop, bot)
    person = factories.UserFactory(roles=[role.value], groups=[shop.team])

    if role in (Role.REVIEWER, Role.APPROVER):
        assert desk.overview(person, now()).queues
        assert desk.handoff(person, handoff.id, now()).handoff.id == handoff.id
        return
    assert desk.overview(person, now()) == desk.Overview(queues=[], held=[], decides=False)
    with pytest.raises(NotFound):
        desk.handoff(person, handoff.id, now())
    with pytest.raises(NotFound):
        desk.rows(person, "refunds")


def test_guessing_an_id_of_another_team_finds_nothing(shop: Shop, bot: Client, ann: User) -> None:
    theirs = put(shop, bot, queue=shop.leads_queue, role=shop.leads)

    for guess in (theirs.id, "ho_nothing", ""):
        with pytest.raises(NotFound):
            desk.handoff(ann, guess, now())


def test_what_is_urgent_stands_before_what_is_due_earlier(
    shop: Shop, bot: Client, ann: User
) -> None:
    soon, urgent = put(shop, bot, due_in=600), put(shop, bot, due_in=3600, urgent_since=now())
    latest = put(shop, bot, due_in=5400, urgent_since=now())

    first = desk.rows(ann, shop.queue.slug, limit=1)
    others = desk.rows(ann, shop.queue.slug, after=first.after)

    assert [row.id for row in first.rows] == [urgent.id]
    assert [(row.id, row.urgent) for row in others.rows] == [(latest.id, True), (soon.id, False)]
    assert desk.overview(ann, now()).queues[0].urgent
