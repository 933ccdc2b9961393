"""Blind tests come in after reviews that were drawn, and go again."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import Client, User
from handoffs import stops
from handoffs.actors import person_actor
from handoffs.models import (
    AuditEntry,
    Handoff,
    MatrixRow,
    Proposal,
    Queue,
    QueueDepth,
    Run,
)
from handoffs.states import AtLimit, HandoffState, RunState, Verb
from handoffs.stops import Presser
from oversight.blind_tests import cohorts, making, sources, sowing
from oversight.blind_tests.faults import Difficulty, Edit, Harm, How, Kind
from oversight.blind_tests.material import Material
from oversight.blind_tests.written import Written
from oversight.models import (
    Cohort,
    FaultCertificate,
    LibraryFault,
    Programme,
    SpentPair,
    Sprout,
)
from oversight.statistics import pacing
from reviews import claims, plants
from reviews.caught import Wrong
from reviews.models import Comment, EvidenceOpened, Plant
from tests import factories, walks
from tests.oversight import sown
from tests.oversight.sown import Desk

pytestmark = pytest.mark.django_db
now = timezone.now


@pytest.fixture
def desk(shop: factories.Shop, bot: Client, bot_key: str, mia: User, ann: User) -> Desk:
    """A team that is tested once in ten reviews, and a past to make tests of."""
    return sown.desk(shop, bot, bot_key, owner=mia, reviewer=ann)


def standing() -> Plant:
    return Plant.objects.select_related("handoff", "run").get(handoff__isnull=False)


# When


def test_it_comes_after_the_review_that_was_drawn_and_not_before(desk: Desk) -> None:
    drawn = pacing.drawn(cohorts.secret(), "retail-support / refund approvers#1", 0, 0.1)
    for _ in range(drawn - 1):
        desk.review()
        sowing.sow(now=now())
    assert not Plant.objects.exists()

    desk.review()
    sowing.sow(now=now())

    assert Plant.objects.count() == 1


def test_one_comes_in_each_stretch(desk: Desk) -> None:
    for _ in range(50):
        desk.review()
        sowing.sow(now=now())

    assert Plant.objects.count() == 5


def test_who_else_looks_or_looks_again_adds_none(desk: Desk) -> None:
    desk.review(10)

    for _ in range(3):
        sowing.sow(now=now())

    assert Plant.objects.count() == Run.objects.filter(client__stands_for__isnull=False).count()
    assert Plant.objects.count() == 1


def test_a_review_counts_once_however_often_it_changes_hands(desk: Desk, ben: User) -> None:
    handoff = desk.review()
    claims.pick(handoff.id, by=ben, now=now())
    cohorts.count(now=now())

    assert Cohort.objects.get().reviews == 1


def test_tests_and_what_no_test_could_have_been_are_not_counted(desk: Desk) -> None:
    test = desk.test().handoff
    assert test is not None
    before = Cohort.objects.get().reviews
    sown.had(test, desk.reviewer)
    several = {"safeguards": {"approvers": 2}}
    for other in ({"level": 2}, several, {"kind": "exception"}, {"tier": "hard_stop"}):
        Handoff.objects.filter(id=desk.review().id).update(**other)
    desk.review()
    cohorts.count(now=now())

    assert Cohort.objects.get().reviews == before + 1


def test_it_comes_in_where_the_last_of_its_reviews_was(desk: Desk) -> None:
    """Whichever queue has the lower number."""
    other = factories.QueueFactory()
    for last in (other, desk.shop.queue, other):
        for queue in (desk.shop.queue, other, last):
            Handoff.objects.filter(id=desk.review().id).update(queue=queue)
        cohorts.count(now=now())

        assert Cohort.objects.get().queue == last


def test_another_rate_counts_anew_and_draws_others(desk: Desk) -> None:
    desk.review(12)
    cohorts.count(now=now())
    before = Cohort.objects.get()
    Programme.objects.update(rate=0.05)
    desk.review()
    cohorts.count(now=now())

    after = Cohort.objects.get()
    assert (before.reviews, after.reviews, after.done) == (12, 1, None)
    assert cohorts.key(before) != cohorts.key(after)


# How


def test_it_asks_where_and_as_real_ones_do(desk: Desk) -> None:
    real = desk.review(10)
    sowing.sow(now=now())
    sprout = Sprout.objects.get()
    sowing.ask_due(now=sprout.asks_at)

    test = standing().handoff
    assert test is not None
    for name in ("workflow_id", "queue_id", "role_id", "kind", "tier", "level", "state", "fallback",
                 "deadline_seconds", "safeguards", "terms", "ladder", "blocking"):  # fmt: skip
        assert getattr(test, name) == getattr(real, name), name
    assert test.run.state == RunState.PAUSED_PENDING_HUMAN.value
    assert test.run.checkpoint.version == 1
    assert not Sprout.objects.exists()


def test_its_agent_waits_for_it_where_the_sources_did(desk: Desk) -> None:
    desk.spoil(blocking=False)
    handoff = desk.test().handoff

    assert handoff is not None and not handoff.blocking


def test_it_begins_a_while_before_it_asks(desk: Desk) -> None:
    sown.due(desk)
    desk.real_ones_take(timedelta(minutes=7))
    at = now()
    sowing.begin_due(now=at)

    wait = (Sprout.objects.get().asks_at - at).total_seconds()
    assert wait == pytest.approx(7 * 60, abs=5)
    assert sowing.ask_due(now=at + timedelta(minutes=6)) == 0
    assert sowing.ask_due(now=at + timedelta(minutes=8)) == 1


def test_what_it_says_is_wrong_and_of_nobody_real(desk: Desk) -> None:
    plant = desk.test()

    handoff = plant.handoff
    assert handoff is not None and handoff.proposal is not None
    brief = handoff.briefs.get().body
    amount = json.loads(handoff.proposal.arguments)["amount"]
    total = float(brief["facts"][1]["value"].split()[0])
    assert amount == 10 * total == handoff.proposal.signals["values"]["amount"]
    said = json.dumps([brief, handoff.run.input, handoff.run.requester])
    for one in desk.past:
        other = one.briefs.get().body["facts"]
        assert other[0]["value"] not in said
    assert set(handoff.run.requester or {}) == {"name", "locale"}


def test_whoever_would_know_it_is_kept_with_it(desk: Desk, ben: User, mia: User) -> None:
    reader, writer = factories.UserFactory(), factories.UserFactory()
    for one in desk.past:
        sown.had(one, ben)
        EvidenceOpened.objects.create(handoff=one, reviewer=reader, evidence_id="policy")
        Comment.objects.create(handoff=one, round=1, author=writer, text="Is it lost?")
    plant = desk.test()

    fault = desk.fault
    assert {ben.pk, mia.pk, reader.pk, writer.pk, fault.author_id} <= set(plant.known_to)
    assert {one.by_id for one in fault.approvals.all()} <= set(plant.known_to)


def test_a_source_and_a_fault_meet_once(desk: Desk) -> None:
    for _ in range(len(desk.past) + 2):
        sown.due(desk)
        sowing.begin_due(now=now())

    assert Plant.objects.count() == len(desk.past) == SpentPair.objects.count()
    assert len(set(Run.objects.values_list("external_id", flat=True))) == Run.objects.count()


def test_nothing_of_a_source_is_in_the_spent_pairs(desk: Desk) -> None:
    desk.test()

    kept = SpentPair.objects.get().digest
    assert all(one.id not in kept for one in desk.past)
    assert len(kept) == 64


@pytest.mark.parametrize(
    "spoil",
    [
        lambda desk: desk.spoil(level=2),
        lambda desk: desk.spoil(round=2),
        lambda desk: Proposal.objects.update(outcome="rolled_back"),
        lambda desk: Run.objects.update(task={"objective": "Mend it"}),
        lambda desk: desk.agents_go_on(),
        lambda desk: desk.briefs_are_added_to(),
        lambda desk: desk.spoil(queue=factories.QueueFactory()),
        lambda desk: desk.spoil(role=Group.objects.create(name="others")),
        lambda desk: desk.questions_are_asked(),
        lambda desk: desk.requesters_say_more(),
        lambda desk: desk.more_is_proposed_before(),
    ],
)
def test_only_what_was_approved_as_it_came_and_stayed_so_is_a_source(
    desk: Desk, spoil: Callable[[Desk], Any]
) -> None:
    sown.due(desk)
    spoil(desk)
    sown.due(desk)
    sowing.begin_due(now=now())

    assert not Plant.objects.exists()


def test_what_was_refused_is_no_source(desk: Desk) -> None:
    desk.spoil(level=2)
    walks.say(desk.review(), Verb.REJECT)
    sown.due(desk)
    sowing.begin_due(now=now())

    assert not Plant.objects.exists()


def test_no_test_is_made_of_a_test(desk: Desk) -> None:
    """Nobody can approve one; but what stood once is in the same tables."""
    desk.test()
    desk.spoil(level=2)
    cohort = sown.due(desk)
    desk.real_ones_take(timedelta(seconds=3))

    names = set(sources.recent_names(cohort.workflow_id, now=now()))
    assert Plant.objects.get().run.external_id not in names
    assert len(sources.delays(cohort.workflow_id, "refund_order", now=now())) == len(names)


# When not


def test_off_it_is_not_made_up_for(desk: Desk) -> None:
    Queue.objects.update(depth_limit=1)
    sown.due(desk)
    sowing.begin_due(now=now())
    Queue.objects.update(depth_limit=200)
    sowing.begin_due(now=now())

    assert not Plant.objects.exists()
    assert Cohort.objects.get().done is not None


def test_switched_off_nothing_is_counted_and_nothing_asks(desk: Desk) -> None:
    sown.due(desk)
    sowing.begin_due(now=now())
    reviews = Cohort.objects.get().reviews
    Programme.objects.update(on=False)
    desk.review()
    cohorts.count(now=now())

    assert sowing.ask_due(now=now() + timedelta(minutes=1)) == 0
    assert reviews == Cohort.objects.get().reviews
    assert not Sprout.objects.exists()
    assert Plant.objects.get().ended


def stop(shop: factories.Shop, by: User) -> Any:
    presser = Presser(by=person_actor(by.pk, "manager"), user=by)
    return stops.stop(shop.workflow, reason="It pays twice.", presser=presser, now=now())


def test_a_stop_takes_out_what_stands(desk: Desk, ann: User, mia: User) -> None:
    plant = desk.test()
    claims.pick(plant.handoff_id or "", by=ann, now=now())
    stop(desk.shop, mia)

    sowing.take_out(now=now())

    plant.refresh_from_db()
    assert plant.ended
    assert Handoff.objects.get(id=plant.handoff_id).state == HandoffState.WITHDRAWN.value


def test_a_queue_that_is_full_keeps_it_out_and_pauses_nothing(desk: Desk) -> None:
    MatrixRow.objects.filter(pk=desk.shop.row.pk).update(at_limit=AtLimit.PAUSE.value)
    sown.due(desk)
    sowing.begin_due(now=now())
    Queue.objects.update(depth_limit=0)
    QueueDepth.objects.update(quota=0)

    sowing.ask_due(now=now() + timedelta(minutes=1))

    assert not Handoff.objects.filter(run__client__stands_for__isnull=False).exists()
    assert Plant.objects.get().ended
    assert not Sprout.objects.exists()


def test_another_queue_than_the_reviews_were_in_keeps_it_out(desk: Desk) -> None:
    sown.due(desk)
    sowing.begin_due(now=now())
    MatrixRow.objects.filter(pk=desk.shop.row.pk).update(
        queue=desk.shop.leads_queue, role=desk.shop.leads
    )

    sowing.ask_due(now=now() + timedelta(minutes=1))

    assert not Plant.objects.filter(handoff__isnull=False).exists()
    assert Plant.objects.get().ended


def test_another_team_than_reviewed_keeps_it_out(desk: Desk) -> None:
    sown.due(desk)
    sowing.begin_due(now=now())
    MatrixRow.objects.filter(pk=desk.shop.row.pk).update(role=desk.shop.leads)

    sowing.ask_due(now=now() + timedelta(minutes=1))

    assert not Plant.objects.filter(handoff__isnull=False).exists()
    assert Plant.objects.get().ended


def test_what_is_asked_in_another_way_meanwhile_keeps_it_out(desk: Desk) -> None:
    sown.due(desk)
    sowing.begin_due(now=now())
    Sprout.objects.update(tier="hard_stop")

    assert sowing.ask_due(now=Sprout.objects.get().asks_at) == 0
    assert Plant.objects.get().ended


def test_where_several_decide_it_is_kept_out(desk: Desk) -> None:
    sown.due(desk)
    sowing.begin_due(now=now())
    MatrixRow.objects.filter(pk=desk.shop.row.pk).update(safeguards={"approvers": 2})

    sowing.ask_due(now=now() + timedelta(minutes=1))

    assert not Plant.objects.filter(handoff__isnull=False).exists()


def test_after_an_outage_nothing_asks_that_was_to_ask_long_ago(desk: Desk) -> None:
    sown.due(desk)
    sowing.begin_due(now=now())

    assert sowing.ask_due(now=now() + timedelta(minutes=40)) == 0
    assert Plant.objects.get().ended


# Half its time


def half(plant: Plant, part: float) -> datetime:
    handoff = plant.handoff
    assert handoff is not None
    return handoff.counted_from + (handoff.deadline_at - handoff.counted_from) * part


def test_it_is_taken_out_at_half_its_time(desk: Desk) -> None:
    plant = desk.test()
    Queue.objects.update(depth_limit=0)
    desk.never_busy()

    assert sowing.take_out(now=half(plant, 0.49)) == 0
    assert sowing.take_out(now=half(plant, 0.51)) == 1
    assert sowing.take_out(now=half(plant, 0.51)) == 0
    assert Handoff.objects.get(id=plant.handoff_id).state == HandoffState.WITHDRAWN.value


def test_in_somebodys_hands_it_may_stay_a_little_longer(desk: Desk, ann: User) -> None:
    plant = desk.test()
    desk.never_busy()
    claims.pick(plant.handoff_id or "", by=ann, now=now())

    assert sowing.take_out(now=half(plant, 0.7)) == 0
    assert sowing.take_out(now=half(plant, 0.76)) == 1


@pytest.mark.parametrize("held", [True, False])
def test_where_people_are_behind_only_what_somebody_has_stays(
    desk: Desk, ann: User, held: bool
) -> None:
    plant = desk.test()
    desk.never_busy()
    if held:
        claims.pick(plant.handoff_id or "", by=ann, now=now())
    Queue.objects.update(depth_limit=1)

    assert sowing.take_out(now=now()) == (0 if held else 1)


def test_it_goes_by_its_agents_name_as_agents_do(desk: Desk) -> None:
    plant = desk.test()
    desk.never_busy()
    sowing.take_out(now=half(plant, 0.6))

    last = AuditEntry.objects.filter(subject=plant.run_id).order_by("-id")[0]
    assert last.actor.startswith("bot (")


# What fails for one


def test_what_fails_for_one_keeps_nobody_else_and_is_not_tried_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sown.due(desk)
    tried: Iterator[int] = iter(range(10))

    def broken(*_: Any, **__: Any) -> None:
        next(tried)
        raise RuntimeError("a source that nobody thought of")

    monkeypatch.setattr(making, "make", broken)
    sowing.begin_due(now=now())
    sowing.begin_due(now=now())

    assert next(tried) == 1
    assert Cohort.objects.get().done is not None


def test_a_test_that_cannot_ask_goes_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sown.due(desk)
    sowing.begin_due(now=now())

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("nobody thought of it")

    monkeypatch.setattr(plants, "stand", broken)
    sowing.ask_due(now=now() + timedelta(minutes=1))

    assert Plant.objects.get().ended
    assert not Sprout.objects.exists()


def test_a_fault_without_a_certificate_that_holds_makes_none(desk: Desk) -> None:
    FaultCertificate.objects.update(state=FaultCertificate.State.UNCERTAIN)
    sown.due(desk)
    sowing.begin_due(now=now())

    assert not Plant.objects.exists()


# Among how many


def test_more_come_in_where_more_share_the_reviews_and_are_spared(desk: Desk, ben: User) -> None:
    Programme.objects.update(rate=0.02)
    for person in [ben, *(factories.UserFactory() for _ in range(7))]:
        desk.reviewer = person
        desk.review(2)
    cohorts.count(now=now())
    alone = Cohort.objects.get()
    assert alone.let_in == pacing.let_in(0.02, 1)

    sown.due(desk)
    sowing.begin_due(now=now())

    shared = Cohort.objects.get()
    assert shared.let_in == pytest.approx(pacing.let_in(0.02, 8), rel=0.01)
    assert (shared.epoch, shared.reviews, shared.done) == (alone.epoch + 1, 0, None)
    assert Plant.objects.count() == 1


def test_nearly_as_many_as_before_change_nothing(desk: Desk) -> None:
    for _ in range(3):
        sown.due(desk)
        sowing.begin_due(now=now())

    assert Cohort.objects.get().epoch == 1


def test_one_who_does_most_of_it_is_hardly_shared(desk: Desk, ben: User) -> None:
    desk.review(18)
    given_back = desk.review()
    desk.reviewer = ben
    desk.review()
    sown.had(given_back, ben)
    cohorts.count(now=now())

    assert cohorts._people(Cohort.objects.get()) == pytest.approx(1.1, abs=0.01)


# By hand


def by_hand(desk: Desk) -> int:
    brief = sown.brief("#W9911223", "Ada Moss", 80.0)
    brief["facts"].append({"label": "Status", "value": "refunded already", "kind": "text"})
    test = Written(
        name="Refunded already",
        kind=Kind.STALE_FACT,
        difficulty=Difficulty.HARD,
        harm=Harm.ALLOWS,
        material=Material(
            action_type="refund_order",
            kind="approval",
            body={
                "arguments": {"order_id": "#W9911223", "amount": 480.0, "currency": "USD"},
                "brief": brief,
                "input": {"text": "Where is #W9911223?"},
            },
        ),
        wrong=Wrong(verb=Verb.APPROVE),
        shown_at=("brief", "facts", "Status"),
        right="Refuse it.",
        told="The order was refunded already.",
    )
    return sown.by_hand(desk.shop.workflow, test).pk


def test_one_by_hand_stands_as_it_was_written_and_once(desk: Desk) -> None:
    LibraryFault.objects.update(state="retired", retired_because="Not today.")
    row = by_hand(desk)
    plant = desk.test()

    handoff = plant.handoff
    assert handoff is not None and handoff.proposal is not None
    assert handoff.briefs.get().body["facts"][-1]["value"] == "refunded already"
    assert handoff.run.external_id.startswith("ticket-")
    assert plant.kind == "stale fact|hard|wrongly allows"
    assert plant.told["where"] == "In the facts, beside “Status”."
    assert LibraryFault.objects.get(pk=row).state == "retired"
    sown.due(desk)
    sowing.begin_due(now=now())
    assert Plant.objects.count() == 1


def test_kinds_take_turns(desk: Desk) -> None:
    other = replace(
        sown.AMOUNT,
        name="Another order",
        kind=Kind.WRONG_ENTITY,
        difficulty=Difficulty.HARD,
        edits=(Edit(at=("arguments", "order_id"), how=How.TRANSPOSE),),
        shown_at=("brief", "facts", "Order"),
    )
    sown.stock(desk.shop.workflow, other)
    met = {desk.test().kind.partition("|")[0]}

    for number in range(20):
        turn = making.Turn(cohort=Cohort.objects.get(), number=number, now=now())
        assert next(making._chosen(turn)).said.kind.value not in met
