"""Whatever a person does with a blind test ends it: as docs/blind-tests.md says, act by act."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Client, User
from accounts.roles import Role
from handoffs import canonical, ladder, levels, overflow, recounts, stops
from handoffs.actors import person_actor
from handoffs.errors import (
    IllegalTransition,
    NoHigherLevel,
    NotSentThere,
    ReasonMissing,
    StandsStill,
)
from handoffs.models import (
    Answer,
    AuditEntry,
    Brief,
    Handoff,
    HeldAnswer,
    InformationRequest,
    OutboxMessage,
    Queue,
)
from handoffs.rulings import Proposed
from handoffs.states import HandoffState, RunState
from reviews import (
    claims,
    comments,
    decisions,
    feedback,
    interventions,
    judgements,
    lots,
    passing,
    plants,
    search_index,
)
from reviews.disclosed import WasATest
from reviews.errors import (
    ClaimLost,
    HandsFull,
    SafeguardUnmet,
    TextMissing,
)
from reviews.models import (
    Claim,
    Comment,
    Decision,
    Draft,
    EvidenceOpened,
    Judgement,
    Plant,
    SealedLot,
    SearchEntry,
    SummaryEdit,
    TestsMet,
)
from tests import factories, walks
from tests.factories import Shop
from tests.reviews.judging import WITHHOLD, commit
from tests.reviews.planting import COHORT, begin, planted
from tests.reviews.waiting import let_lease_run_out, put

pytestmark = pytest.mark.django_db
WRONG = {"arguments": {**factories.proposal_payload("")["arguments"], "amount": 3125.0}}
TOLD = "The order was for 312.50 USD."


@pytest.fixture
def plant(shop: Shop, bot: Client, bot_key: str, ann: User) -> Plant:
    """A test that ann has taken and opened."""
    found = planted(shop, bot, **WRONG)
    claims.pick(str(found.handoff_id), by=ann, now=now())
    claims.mark_opened(str(found.handoff_id), by=ann, now=now())
    return found


@pytest.fixture
def carl(shop: Shop) -> User:
    return factories.UserFactory(name="Carl", roles=[Role.REVIEWER], groups=[shop.team])


def url(name: str, plant: Plant, *more: str) -> str:
    return reverse(f"reviews:{name}", args=[plant.handoff_id, *more])


def counted() -> list[tuple[int, int]]:
    """Tests and catches of each kind in the cohort's lot."""
    row = SealedLot.objects.filter(cohort=COHORT).first()
    if row is None:
        return []
    lot = lots.unseal(bytes(row.sealed), cohort=COHORT, secrets=[settings.SECRET_KEY])
    return [(one.tests, one.caught) for one in lot.counts.values()]


def fill(desk: Browser, plant: Plant, way: str, **typed: str) -> Any:
    said = {f"a/{name}": text for name, text in typed.items()}
    looked = desk.post(url("fill-in", plant, way), said)
    seen = looked.context["page"].seen
    return desk.post(
        url("send", plant, way), said | {"seen": seen, "words": typed.get("words", "")}
    )


def check_over(plant: Plant, *, met: int = 1) -> None:
    """It ended, went nowhere, and nothing of anybody is left of it."""
    plant.refresh_from_db()
    handoff = Handoff.objects.select_related("run").get(id=plant.handoff_id)
    assert plant.ended
    assert handoff.state == HandoffState.WITHDRAWN.value
    assert handoff.run.state == RunState.FAILED.value
    left = (Claim, Decision, Draft, Comment, EvidenceOpened, Judgement, SummaryEdit)
    for model in left:
        assert not model.objects.filter(handoff=handoff.id).exists(), model  # type: ignore[attr-defined]
    for told in (Answer, HeldAnswer, InformationRequest):
        assert not told.objects.exists(), told  # type: ignore[attr-defined]
    assert not OutboxMessage.objects.exists()
    assert Brief.objects.filter(handoff=handoff.id).count() == 1
    assert sum(TestsMet.objects.values_list("times", flat=True)) == met


def check_disclosed(answer: Any, plant: Plant) -> str:
    page = str(answer.content.decode())
    assert answer.status_code == 200
    assert "That was a blind test" in page
    assert TOLD in page
    assert answer["Cache-Control"] == "no-store"
    assert str(plant.handoff_id) not in page and plant.run_id not in page
    return page


# Answers


@pytest.mark.parametrize(("verb", "caught"), [("approve", 0), ("reject", 1), ("redirect", 1)])
def test_an_answer_is_counted_with_many_and_disclosed_at_once(
    desk: Browser, plant: Plant, verb: str, caught: int
) -> None:
    typed = {"verb": verb, "words": "The order says 312.50.", "queue": "refunds"}

    page = check_disclosed(desk.post(url("decide", plant), typed), plant)

    check_over(plant)
    assert counted() == [(1, caught)]
    assert ("kept it from going ahead" in page) == bool(caught)


def test_the_page_is_the_same_but_for_one_sentence_whether_it_was_caught(
    shop: Shop, bot: Client, bot_key: str, ann: User, desk: Browser
) -> None:
    pages = []
    for verb in ("approve", "reject"):
        TestsMet.objects.all().delete()
        one = planted(shop, bot, **WRONG)
        claims.pick(str(one.handoff_id), by=ann, now=now())
        answer = desk.post(url("decide", one), {"verb": verb, "words": "It is too much."})
        pages.append(str(answer.content.decode()))

    one, other = ([*filter(None, map(str.strip, page.splitlines()))] for page in pages)
    differing = [
        (a, b)
        for a, b in zip(one, other, strict=True)
        if a != b
        and "<!-- " not in a + b
        and "csrf" not in a + b
        and "nonce" not in a + b
        and "data-now" not in a + b
    ]
    assert len(differing) == 1
    assert all("Your answer" in line for line in differing[0])


def test_an_answer_with_changes_is_judged_by_what_it_mends(desk: Browser, plant: Plant) -> None:
    typed = {"amount": "312.5", "currency": "USD", "order_id": "#W5744371"}

    check_disclosed(fill(desk, plant, "approve_with_edits", **typed), plant)

    check_over(plant)
    assert counted() == [(1, 1)]


def test_there_is_nothing_to_take_back(desk: Browser, plant: Plant) -> None:
    desk.post(url("decide", plant), {"verb": "approve"})

    again = desk.post(url("undo", plant))

    assert again.status_code in (404, 409)
    assert "Undo" not in str(desk.get(reverse("reviews:desk")).content.decode())
    check_over(plant)


def test_what_is_missing_is_refused_as_ever_and_ends_nothing(desk: Browser, plant: Plant) -> None:
    Handoff.objects.filter(id=plant.handoff_id).update(safeguards={"minimum_seconds": 600})

    early = desk.post(url("decide", plant), {"verb": "approve", "words": "Fine."})

    assert early.status_code == 422
    assert not Plant.objects.get(pk=plant.pk).ended
    assert Draft.objects.filter(handoff=plant.handoff_id).exists()


def test_nothing_is_answered_while_the_workflow_is_stopped(
    plant: Plant, shop: Shop, ann: User, mia: User
) -> None:
    presser = stops.Presser(by=person_actor(mia.pk, "manager"))
    stops.stop(shop.workflow, reason="An incident", presser=presser, now=now())

    with pytest.raises(StandsStill):
        decisions.decide(
            str(plant.handoff_id), by=ann, choice=decisions.Choice(verb="approve"), now=now()
        )
    with pytest.raises(StandsStill):
        decisions.ask_information(str(plant.handoff_id), by=ann, question="Which?", now=now())
    assert not Plant.objects.get(pk=plant.pk).ended


# Passed on


def test_asking_the_agent_is_a_catch_and_goes_nowhere(desk: Browser, plant: Plant) -> None:
    check_disclosed(desk.post(url("ask", plant), {"words": "Why ten times as much?"}), plant)

    check_over(plant)
    assert counted() == [(1, 1)]


def test_handing_it_up_is_a_catch_and_goes_nowhere(desk: Browser, plant: Plant) -> None:
    check_disclosed(desk.post(url("hand-up", plant), {"words": "Too much for me."}), plant)

    check_over(plant)
    assert counted() == [(1, 1)]


def test_a_question_without_words_ends_nothing(plant: Plant, ann: User) -> None:
    with pytest.raises(TextMissing):
        decisions.ask_information(str(plant.handoff_id), by=ann, question=" ", now=now())
    assert not Plant.objects.get(pk=plant.pk).ended


def test_where_nobody_is_above_it_is_refused_as_ever(plant: Plant, ann: User) -> None:
    """Otherwise whoever tries this on everything finds the tests without answering any."""
    Handoff.objects.filter(id=plant.handoff_id).update(ladder=[])

    with pytest.raises(NoHigherLevel):
        decisions.escalate(str(plant.handoff_id), by=ann, reason="Up", now=now())
    assert not Plant.objects.get(pk=plant.pk).ended
    assert counted() == []


@pytest.fixture
def risk(plant: Plant) -> Queue:
    team = factories.make_team("risk analysts")
    queue = factories.QueueFactory(slug="risk", name="Risk")
    factories.let_work(team, queue)
    level = {
        "level": 1, "queue_id": queue.pk, "queue": queue.slug, "queue_name": queue.name,
        "role_id": team.pk, "role": team.name, "seconds": 3600, "required_context": [],
    }  # fmt: skip
    Handoff.objects.filter(id=plant.handoff_id).update(ladder=[level])
    return queue


def test_sending_it_to_another_queue_is_a_catch(
    desk: Browser, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = levels.Place(queue_id=plant.handoff.queue_id, queue="risk", queue_name="Risk",
                         role_id=plant.handoff.role_id, role="risk analysts")  # fmt: skip
    monkeypatch.setattr("handoffs.queries.places", lambda handoff: [place])

    answer = fill(desk, plant, "send_on", place="risk:risk analysts", note="Looks odd.")

    check_disclosed(answer, plant)
    check_over(plant)
    assert counted() == [(1, 1)]


def test_a_place_that_is_not_named_is_refused_as_ever(plant: Plant, ann: User) -> None:
    with pytest.raises(NotSentThere):
        passing.send_on(
            str(plant.handoff_id), by=ann, place="nowhere:nobody", note="There", now=now()
        )
    assert not Plant.objects.get(pk=plant.pk).ended


# To a colleague


def test_handing_it_to_a_colleague_costs_them_nothing(
    desk: Browser, plant: Plant, carl: User
) -> None:
    answer = fill(desk, plant, "hand_over", colleague=str(carl.pk), note="Yours?")

    page = check_disclosed(answer, plant)
    assert "not counted" in page
    check_over(plant)
    assert counted() == []


def test_a_colleague_whose_hands_are_full_is_refused_as_ever(
    plant: Plant, shop: Shop, bot: Client, ann: User, carl: User
) -> None:
    for _ in range(claims.OPEN_CLAIMS):
        claims.pick(put(shop, bot).id, by=carl, now=now())

    with pytest.raises(HandsFull):
        passing.hand_over(
            str(plant.handoff_id), by=ann, colleague=carl.pk, note="Yours?", now=now()
        )
    assert not Plant.objects.get(pk=plant.pk).ended


def test_asking_a_colleague_by_name_costs_them_nothing(
    desk: Browser, plant: Plant, carl: User
) -> None:
    answer = fill(desk, plant, "ask_colleague", colleague=str(carl.pk), question="Seen this?")

    check_disclosed(answer, plant)
    check_over(plant)
    assert counted() == []


def test_asking_for_a_second_reader_costs_nobody_anything(
    desk: Browser, plant: Plant, ann: User
) -> None:
    Handoff.objects.filter(id=plant.handoff_id).update(safeguards=WITHHOLD)
    commit(Handoff.objects.get(id=plant.handoff_id), by=ann)

    check_disclosed(desk.post(url("second-reader", plant)), plant)

    check_over(plant)
    assert counted() == []


def test_a_second_reader_is_not_asked_before_one_has_judged(plant: Plant, ann: User) -> None:
    Handoff.objects.filter(id=plant.handoff_id).update(safeguards=WITHHOLD)

    with pytest.raises(SafeguardUnmet):
        judgements.ask_second_reader(str(plant.handoff_id), by=ann, now=now())
    assert not Plant.objects.get(pk=plant.pk).ended


# Let go


def test_given_back_it_waits_for_the_next_as_anything_else(
    desk: Browser, plant: Plant, shop: Shop, bot: Client
) -> None:
    """Gone, it would have told that it was one, and that ten reviews without any lie ahead."""
    real = put(shop, bot)
    claims.pick(real.id, by=User.objects.get(name="Ann"), now=now())

    mine = desk.post(url("give-back", plant))
    theirs = desk.post(reverse("reviews:give-back", args=[real.id]))
    claims.end_stale(now())

    assert (mine.status_code, mine["Location"]) == (theirs.status_code, theirs["Location"])
    assert [*mine.headers] == [*theirs.headers]
    for one in (str(plant.handoff_id), real.id):
        assert Handoff.objects.get(id=one).state == HandoffState.WAITING.value
        assert Claim.objects.get(handoff=one).ended_because == Claim.Ended.GIVEN_BACK
        said = AuditEntry.objects.filter(subject=one).values_list("action", flat=True)
        assert "handoff.given_back" in said
    assert not Plant.objects.get(pk=plant.pk).ended
    assert counted() == []


def test_given_back_it_counts_against_their_limit_once(desk: Browser, plant: Plant) -> None:
    desk.post(url("give-back", plant))
    for _ in range(3):
        claims.end_stale(now())

    assert [one.times for one in TestsMet.objects.all()] == [1]
    plants.withdraw(str(plant.handoff_id), now=now())
    check_over(plant)


def test_given_back_with_a_note_the_next_one_reads_it_and_nothing_of_it_is_kept(
    desk: Browser, plant: Plant
) -> None:
    answer = fill(desk, plant, "return_with_note", note="Not for me.")

    assert answer.status_code == 302
    assert Comment.objects.get(handoff=plant.handoff_id).text == "Not for me."
    plants.withdraw(str(plant.handoff_id), now=now())
    check_over(plant)


def test_a_test_that_ran_out_in_somebodys_hands_waits_for_the_next(plant: Plant, ann: User) -> None:
    let_lease_run_out(Handoff.objects.get(id=plant.handoff_id))

    claims.end_stale(now())

    assert not Plant.objects.get(pk=plant.pk).ended
    assert TestsMet.objects.get(person=ann).times == 1
    assert counted() == []


def test_one_that_nobody_opened_is_not_counted_as_met(
    shop: Shop, bot: Client, bot_key: str, ann: User
) -> None:
    found = planted(shop, bot, **WRONG)
    claims.pick(str(found.handoff_id), by=ann, now=now())
    let_lease_run_out(Handoff.objects.get(id=found.handoff_id))

    claims.end_stale(now())

    check_over(found, met=0)


def test_one_that_still_waits_for_somebody_stays(
    shop: Shop, bot: Client, bot_key: str, plant: Plant
) -> None:
    other = planted(shop, bot, **WRONG)

    claims.end_stale(now())

    assert not Plant.objects.filter(pk__in=[plant.pk, other.pk], ended=True).exists()


# Late


@pytest.mark.parametrize("name", ["decide", "ask", "hand-up", "judge", "renew"])
def test_whoever_comes_late_is_told_what_any_latecomer_is(
    desk: Browser, plant: Plant, name: str
) -> None:
    plants.withdraw(str(plant.handoff_id), now=now())

    late = desk.post(url(name, plant), {"verb": "approve", "words": "Yes"})

    assert late.status_code == 409
    assert "blind" not in str(late.content.decode())
    assert "stopped the run" in str(late.content.decode())


def test_a_second_click_is_refused_and_discloses_nothing_again(desk: Browser, plant: Plant) -> None:
    desk.post(url("decide", plant), {"verb": "approve"})

    again = desk.post(url("decide", plant), {"verb": "approve"})

    assert again.status_code == 409
    assert TOLD not in str(again.content.decode())
    assert counted() == [(1, 0)]


def test_who_never_had_it_learns_nothing_by_answering(
    plant: Plant, carl: User, client: Browser
) -> None:
    client.force_login(carl)

    answer = client.post(url("decide", plant), {"verb": "reject", "words": "No"})

    assert answer.status_code == 409
    assert not Plant.objects.get(pk=plant.pk).ended


# Nothing of it is stored


def test_the_disclosure_is_stored_nowhere_and_has_no_address(desk: Browser, plant: Plant) -> None:
    desk.post(url("decide", plant), {"verb": "reject", "words": "The order says 312.50."})

    for path in ("", reverse("reviews:session"), url("handoff", plant)):
        page = desk.get(path or reverse("reviews:desk"), follow=True)
        assert TOLD not in str(page.content.decode())
        assert "blind test" not in str(page.content.decode())
    for session in Session.objects.all():
        assert TOLD not in str(session.get_decoded())


def test_a_judgement_of_a_test_leaves_nothing_in_the_log_to_check_a_guess_against(
    plant: Plant, ann: User
) -> None:
    """The log has a digest of what somebody judged: of few verbs, so it could be guessed."""
    Handoff.objects.filter(id=plant.handoff_id).update(safeguards=WITHHOLD)
    commit(Handoff.objects.get(id=plant.handoff_id), by=ann)
    other = Judgement.objects.get()

    entry = AuditEntry.objects.get(subject=plant.handoff_id, action="handoff.judged")
    said = {
        "verb": other.verb,
        "option": other.option,
        "confidence": other.confidence,
        "reason": other.reason,
    }
    assert canonical.digest(said).encode() not in bytes(entry.body)


def test_an_exception_that_is_no_refusal_carries_what_is_told(plant: Plant, ann: User) -> None:
    with pytest.raises(WasATest) as told:
        decisions.decide(
            str(plant.handoff_id), by=ann, choice=decisions.Choice(verb="approve"), now=now()
        )
    assert told.value.disclosed.told == {"what": TOLD}
    with pytest.raises(ClaimLost):
        decisions.decide(
            str(plant.handoff_id), by=ann, choice=decisions.Choice(verb="approve"), now=now()
        )


# What is left at it


def test_all_that_somebody_leaves_at_it_goes_with_their_claim(
    plant: Plant, ann: User, desk: Browser
) -> None:
    handoff = str(plant.handoff_id)
    words = "The real amount is 312.50"
    decisions.save_draft(handoff, by=ann, body={"reason": words}, now=now())
    comments.add(handoff, by=ann, text=words, now=now())
    feedback.edit_summary(handoff, text=words, by=ann, now=now())
    passing.add_context(handoff, by=ann, added=_added(words), now=now())
    search_index.note_new(now=now())
    evidence = Brief.objects.filter(handoff=handoff).latest("version").body["evidence"]
    decisions.open_evidence(handoff, evidence[0]["id"], by=ann, now=now())

    desk.post(url("decide", plant), {"verb": "reject", "words": words})

    check_over(plant)
    log = b"".join(bytes(one.body) for one in AuditEntry.objects.all())
    assert words.encode() not in log
    assert not SearchEntry.objects.filter(handoff=handoff).exists()


def _added(words: str) -> dict[str, Any]:
    return {"facts": [{"label": "Called the shop", "value": words, "kind": "text"}]}


def test_of_what_was_added_the_log_says_the_same(
    plant: Plant, shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    """Which version it is: of a real one that stays, and a receipt has its digest."""
    real = put(shop, bot)
    claims.pick(real.id, by=ben, now=now())
    bodies = []
    for handoff, person in ((str(plant.handoff_id), ann), (real.id, ben)):
        added = passing.add_context(handoff, by=person, added=_added("She agrees"), now=now())
        entry = AuditEntry.objects.get(subject=handoff, action="handoff.context_added")
        bodies.append(bytes(entry.body))
        assert (added.version, added.body["facts"][0]["value"]) == (2, "She agrees")

    assert bodies == [b'{"version":2}'] * 2


def test_what_comes_late_to_it_is_not_kept(plant: Plant, ann: User, desk: Browser) -> None:
    """A draft on its way while they decide would be left, with their name on it."""
    evidence = Brief.objects.get(handoff=plant.handoff_id).body["evidence"]
    desk.post(url("decide", plant), {"verb": "approve"})

    decisions.save_draft(str(plant.handoff_id), by=ann, body={"reason": "late"}, now=now())
    decisions.open_evidence(str(plant.handoff_id), evidence[0]["id"], by=ann, now=now())

    check_over(plant)


# Interference


def test_whoever_stops_its_run_finds_that_its_agent_just_did(plant: Plant, ann: User) -> None:
    with pytest.raises(IllegalTransition):
        interventions.stop(plant.run_id, reason="Ten times too much", by=ann, now=now())

    check_over(plant)
    log = AuditEntry.objects.filter(subject=plant.run_id, action="run.stopped").get()
    assert log.actor.startswith("bot")
    assert b"Ten times" not in bytes(log.body)
    assert counted() == []


def test_whoever_steps_in_finds_that_its_agent_just_ended_it(plant: Plant, ann: User) -> None:
    with pytest.raises(IllegalTransition, match="nothing left to step into"):
        interventions.step_in(plant.run_id, reason="Let me look", by=ann, now=now())

    check_over(plant)


def test_stepping_in_without_a_reason_is_refused_and_ends_nothing(plant: Plant, ann: User) -> None:
    with pytest.raises(ReasonMissing):
        interventions.step_in(plant.run_id, reason=" ", by=ann, now=now())
    assert not Plant.objects.get(pk=plant.pk).ended


def test_a_test_whose_run_was_ended_before_it_asked_does_not_come_to_stand(
    shop: Shop, bot: Client, bot_key: str
) -> None:
    begun = begin(shop, bot)
    plants.end_run(begun.run_id, now=now())

    with pytest.raises(plants.NoPlace):
        plants.stand(
            begun, Proposed(**(factories.proposal_payload(begun.run_id) | {"checkpoint": None})),
            queue_id=shop.queue.pk, now=now(),
        )  # fmt: skip


# The clock


def due(plant: Plant, **changes: Any) -> None:
    past = now() - timedelta(hours=1)
    Handoff.objects.filter(id=plant.handoff_id).update(next_at=past, **changes)


def test_the_clock_passes_it_over_and_it_is_withdrawn(
    plant: Plant, shop: Shop, bot: Client, bot_key: str
) -> None:
    """One that the database refuses to time out would keep a whole lot of real ones from it."""
    real = walks.waiting(shop, bot, bot_key)
    walks.overdue(real)
    past = now() - timedelta(hours=1)
    due(plant, deadline_at=past, urgent_at=past, next_rung="deadline")

    ladder.fire_overdue()
    assert Handoff.objects.get(id=real.id).level == 2
    assert Handoff.objects.get(id=plant.handoff_id).level == 1
    claims.end_stale(now())

    check_over(plant)


def test_it_becomes_urgent_for_nobody(plant: Plant) -> None:
    due(plant)

    ladder.fire_overdue()
    claims.end_stale(now())

    assert Handoff.objects.get(id=plant.handoff_id).urgent_since is None
    check_over(plant)


def test_a_full_queue_sends_on_real_ones_and_no_tests(
    plant: Plant, shop: Shop, bot: Client
) -> None:
    plants.withdraw(str(plant.handoff_id), now=now())
    other = planted(shop, bot, **WRONG)
    real = [put(shop, bot) for _ in range(3)]
    elsewhere = factories.QueueFactory(slug="more")
    Queue.objects.filter(pk=shop.queue.pk).update(depth_limit=1, overflow_queue=elsewhere)

    moved = overflow.to_overflow(most=10)

    assert moved and set(moved) <= {one.id for one in real}
    assert other.handoff_id not in moved


def test_hours_that_change_move_no_test(plant: Plant, shop: Shop) -> None:
    Handoff.objects.filter(id=plant.handoff_id).update(terms={"business_time": True})
    before = Handoff.objects.get(id=plant.handoff_id).deadline_at
    Queue.objects.filter(pk=shop.queue.pk).update(hours={"monday": ["09:00-10:00"]})

    recounts.recount_due(now=now())

    assert Handoff.objects.get(id=plant.handoff_id).deadline_at == before
