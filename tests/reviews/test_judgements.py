"""An answer is committed before the machine's is shown, stays, and comes before the decision."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Client, User
from handoffs import actors, answers
from handoffs.models import Answer, AuditEntry, Brief, Handoff
from reviews import claims, decisions, desk, judgements, undo
from reviews.errors import (
    AlreadyJudged,
    ClaimLost,
    NothingWithheld,
    SafeguardUnmet,
    VerbNotOffered,
)
from reviews.models import Decision, Draft, Judgement
from reviews.visibility import Phase
from reviews.wording import Choice
from tests.factories import Shop, brief_payload
from tests.reviews.judging import WHY, WITHHOLD, commit
from tests.reviews.waiting import let_lease_run_out, put

pytestmark = pytest.mark.django_db
now = timezone.now
OPTIONS = [
    {"id": "refund", "label": "Refund 312.50 USD", "consequence": "Money leaves today"},
    {"id": "again", "label": "Send a new tablet"},
]


@pytest.fixture
def withheld(shop: Shop, bot: Client, ann: User) -> Handoff:
    """A handoff with a withheld recommendation, which ann holds."""
    return hold(shop, bot, ann)


def hold(shop: Shop, bot: Client, person: User, **changes: Any) -> Handoff:
    safeguards = {**WITHHOLD, "undo_seconds": 0, **changes.pop("safeguards", {})}
    handoff = put(shop, bot, safeguards=safeguards, **changes)
    claims.pick(handoff.id, by=person, now=now())
    claims.mark_opened(handoff.id, by=person, now=now())
    return handoff


def decide(handoff: Handoff, by: User, verb: str = "approve", **words: Any) -> Decision:
    choice = Choice(verb=verb, **words)
    return decisions.decide(handoff.id, by=by, choice=choice, now=now())


def phase(handoff: Handoff, reader: User) -> Phase:
    return desk.handoff(reader, handoff.id, now()).phase


def give_information(handoff: Handoff, by: User) -> None:
    """Ask the agent, and have it answer with a new version of the brief."""
    decisions.ask_information(handoff.id, by=by, question="Which carrier?", now=now())
    answers.give_information(
        handoff.id,
        facts=[{"label": "Carrier", "value": "DHL", "kind": "text"}],
        evidence=[],
        message="It was DHL.",
        by=actors.client_actor("bot", "ovr_1"),
        now=now(),
    )
    claims.pick(handoff.id, by=by, now=now())


def test_a_judgement_says_what_how_sure_why_and_on_which_brief(
    withheld: Handoff, ann: User
) -> None:
    judgement = commit(withheld, by=ann, verb="reject", confidence=2)

    assert (judgement.verb, judgement.option, judgement.reason) == ("reject", None, WHY)
    assert judgement.get_confidence_display() == "unsure"
    assert (judgement.round, judgement.brief_version, judgement.informed) == (1, 1, False)
    assert judgement.reviewer == ann


def test_nobody_decides_before_they_have_judged(withheld: Handoff, ann: User) -> None:
    for verb in ("approve", "reject", "approve_with_edits", "choose"):
        with pytest.raises(SafeguardUnmet) as refused:
            decide(withheld, ann, verb, reason=WHY, option="refund")
        assert [one.code for one in refused.value.unmet] == ["judgement"]
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("judged", "decided", "changed"),
    [("approve", "approve", False), ("reject", "approve", True), ("approve", "reject", True)],
)
def test_both_are_kept_with_whether_the_reveal_changed_it(
    withheld: Handoff, ann: User, judged: str, decided: str, changed: bool
) -> None:
    judgement = commit(withheld, by=ann, verb=judged)

    decision = decide(withheld, ann, decided, reason=WHY)

    assert (decision.judgement, decision.changed_after_reveal) == (judgement, changed)


def test_where_nothing_is_withheld_a_decision_has_no_judgement(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot)
    claims.pick(handoff.id, by=ann, now=now())

    with pytest.raises(NothingWithheld):
        commit(handoff, by=ann)
    decision = decide(handoff, ann)

    assert (decision.judgement, decision.changed_after_reveal) == (None, None)


def test_an_option_is_committed_under_the_name_it_was_shown(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(shop, bot, ann, brief=brief_payload(options=OPTIONS))
    shown = desk.handoff(ann, handoff.id, now()).brief["options"]

    with pytest.raises(VerbNotOffered):
        judgements.commit(
            handoff.id,
            by=ann,
            choice=Choice(verb="choose", option="again", reason=WHY),
            confidence=3,
            now=now(),
        )
    again = next(one["id"] for one in shown if one["label"] == "Send a new tablet")
    judgement = judgements.commit(
        handoff.id,
        by=ann,
        choice=Choice(verb="choose", option=again, reason=WHY),
        confidence=3,
        now=now(),
    )
    decision = decide(handoff, ann, "choose", option="again")

    assert judgement.option == "again"
    assert decision.changed_after_reveal is False


def test_another_option_than_the_one_judged_is_a_change(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(shop, bot, ann, brief=brief_payload(options=OPTIONS))
    commit(handoff, by=ann, verb="choose", option="again")

    assert decide(handoff, ann, "choose", option="refund").changed_after_reveal is True


@pytest.mark.parametrize("verb", ["ask_information", "escalate", "fly", "confirm"])
def test_what_is_no_answer_here_is_not_committed(withheld: Handoff, ann: User, verb: str) -> None:
    with pytest.raises(VerbNotOffered):
        commit(withheld, by=ann, verb=verb)


def test_everything_that_is_missing_is_said_at_once_and_the_text_is_kept(
    shop: Shop, bot: Client, ann: User
) -> None:
    item = {"id": "p", "title": "Policy", "snippet": "Only 30 days.", "must_open": True}
    handoff = hold(
        shop,
        bot,
        ann,
        safeguards={"minimum_seconds": 30, "evidence": "must_open"},
        brief=brief_payload(evidence=[item]),
    )

    with pytest.raises(SafeguardUnmet) as refused:
        commit(handoff, by=ann, verb="", confidence=None, reason="Hm.")

    assert [one.code for one in refused.value.unmet] == [
        "answer",
        "minimum_time",
        "evidence",
        "reason_short",
        "confidence",
    ]
    assert not Judgement.objects.exists()
    assert Draft.objects.get(handoff=handoff).body["reason"] == "Hm."


@pytest.mark.parametrize("confidence", [0, 6, -1, None])
def test_how_sure_is_one_of_five_words(
    withheld: Handoff, ann: User, confidence: int | None
) -> None:
    with pytest.raises(SafeguardUnmet) as refused:
        commit(withheld, by=ann, confidence=confidence)

    assert [one.code for one in refused.value.unmet] == ["confidence"]


@pytest.mark.parametrize("reason", ["", "   ", "aaaaaaaaaaaaaa", "1234567890123"])
def test_agreeing_takes_a_reason_too(withheld: Handoff, ann: User, reason: str) -> None:
    with pytest.raises(SafeguardUnmet):
        commit(withheld, by=ann, reason=reason)


def test_the_first_judgement_stays(withheld: Handoff, ann: User) -> None:
    first = commit(withheld, by=ann, verb="reject")

    with pytest.raises(AlreadyJudged):
        commit(withheld, by=ann, verb="approve")

    assert Judgement.objects.get() == first


def test_only_who_holds_it_judges(withheld: Handoff, ann: User, ben: User) -> None:
    with pytest.raises(ClaimLost):
        commit(withheld, by=ben)
    let_lease_run_out(withheld)
    with pytest.raises(ClaimLost):
        commit(withheld, by=ann)
    assert not Judgement.objects.exists()


def test_giving_it_back_and_taking_it_again_keeps_the_judgement(
    withheld: Handoff, ann: User
) -> None:
    commit(withheld, by=ann)
    claims.give_back(withheld.id, by=ann, now=now())
    claims.pick(withheld.id, by=ann, now=now())

    assert phase(withheld, ann) is Phase.REVEALED


def test_a_judgement_reveals_to_nobody_else(withheld: Handoff, ann: User, ben: User) -> None:
    commit(withheld, by=ann)

    detail = desk.handoff(ben, withheld.id, now())

    assert (phase(withheld, ann), detail.phase) == (Phase.REVEALED, Phase.BEFORE_JUDGEMENT)
    assert (detail.judgement, detail.judgements) == (None, [])


def test_a_new_version_of_the_brief_is_judged_anew_and_knowingly(
    withheld: Handoff, ann: User
) -> None:
    first = commit(withheld, by=ann, verb="reject")
    give_information(withheld, ann)

    assert phase(withheld, ann) is Phase.BEFORE_JUDGEMENT
    with pytest.raises(SafeguardUnmet):
        decide(withheld, ann)
    second = commit(withheld, by=ann)

    assert (first.informed, second.informed, second.brief_version) == (False, True, 2)
    assert decide(withheld, ann).judgement == second


def test_a_new_round_is_judged_anew(withheld: Handoff, ann: User) -> None:
    commit(withheld, by=ann)
    decide(withheld, ann)
    handoff = Handoff.objects.select_related("run").get(id=withheld.id)
    with transaction.atomic():
        answers.reopen(handoff, pause=1, facts=[], by=actors.SYSTEM)
    claims.pick(handoff.id, by=ann, now=now())

    with pytest.raises(SafeguardUnmet):
        decide(handoff, ann)

    judgement = commit(handoff, by=ann)
    assert (judgement.round, judgement.informed) == (2, True)


def test_after_an_answer_everybody_may_have_seen_the_reveal(
    withheld: Handoff, ann: User, ben: User
) -> None:
    commit(withheld, by=ann)
    decide(withheld, ann)
    handoff = Handoff.objects.select_related("run").get(id=withheld.id)
    with transaction.atomic():
        answers.reopen(handoff, pause=1, facts=[], by=actors.SYSTEM)
    claims.pick(handoff.id, by=ben, now=now())

    assert commit(handoff, by=ben).informed


def test_taking_a_decision_back_leaves_the_judgement(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(shop, bot, ann, safeguards={"undo_seconds": 60})
    judgement = commit(handoff, by=ann, verb="reject")
    first = decide(handoff, ann)
    undo.take_back(handoff.id, by=ann, now=now())

    second = decide(handoff, ann, "reject", reason=WHY)

    assert first.judgement == second.judgement == judgement
    assert (first.changed_after_reveal, second.changed_after_reveal) == (True, False)
    assert Judgement.objects.get() == judgement


def test_once_it_is_answered_everybody_reads_what_was_judged(
    withheld: Handoff, ann: User, ben: User
) -> None:
    judgement = commit(withheld, by=ann)
    decide(withheld, ann)

    detail = desk.handoff(ben, withheld.id, now())

    assert detail.phase is Phase.REVEALED
    assert detail.judgements == [judgement]


def test_the_log_keeps_that_it_was_judged_and_not_what(withheld: Handoff, ann: User) -> None:
    judgement = commit(withheld, by=ann, verb="reject")

    entry = AuditEntry.objects.get(action="handoff.judged")

    said = json.loads(bytes(entry.body))
    assert (entry.subject, said["judgement"]) == (withheld.id, judgement.id)
    assert set(said) == {"judgement", "brief_version", "digest"}


def stored(judgement: Judgement) -> dict[str, Any]:
    return Judgement.objects.values().get(id=judgement.id)


def test_no_way_past_the_operation_changes_a_judgement(withheld: Handoff, ann: User) -> None:
    judgement = commit(withheld, by=ann)
    before = stored(judgement)

    for change in ({"verb": "reject"}, {"reason": "Else."}, {"committed_at": now()}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Judgement.objects.filter(id=judgement.id).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Judgement.objects.filter(id=judgement.id).delete()

    assert stored(judgement) == before


def raw(handoff: Handoff, by: User, **changes: Any) -> Judgement:
    """Write a judgement past the operation."""
    values: dict[str, Any] = {
        "handoff": handoff,
        "round": 1,
        "brief_version": 1,
        "reviewer": by,
        "verb": "approve",
        "confidence": 3,
        "reason": WHY,
    }
    with transaction.atomic():
        return Judgement.objects.create(**values | changes)


def test_the_time_of_a_judgement_is_the_databases(withheld: Handoff, ann: User) -> None:
    judgement = raw(withheld, ann, committed_at=now() - timedelta(days=1), informed=True)

    recent = Judgement.objects.filter(committed_at__gt=Now() - timedelta(minutes=1), informed=False)
    assert recent.get() == judgement


@pytest.mark.parametrize(
    "changes",
    [
        {"round": 2},
        {"brief_version": 2},
        {"confidence": 6},
        {"verb": "choose"},
        {"option": "refund"},
    ],
)
def test_a_judgement_of_what_is_not_asked_is_refused_by_the_database(
    withheld: Handoff, ann: User, changes: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError):
        raw(withheld, ann, **changes)


def test_no_judgement_is_added_once_it_is_answered(withheld: Handoff, ann: User, ben: User) -> None:
    commit(withheld, by=ann)
    decide(withheld, ann)

    with pytest.raises(IntegrityError):
        raw(withheld, ben)


def test_the_database_stores_no_decision_without_its_own_judgement(
    withheld: Handoff, shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    own, bens = commit(withheld, by=ann), raw(withheld, ben)
    other = commit(hold(shop, bot, ann), by=ann)
    claim = claims.pick(withheld.id, by=ann, now=now())
    values = {
        "handoff": withheld,
        "round": 1,
        "reviewer": ann,
        "claim": claim,
        "verb": "approve",
        "brief_version": 1,
        "opened_at": now(),
    }

    for judgement in (None, bens, other):
        changed = None if judgement is None else False
        with pytest.raises(IntegrityError, match="nothing was judged"), transaction.atomic():
            Decision.objects.create(**values, judgement=judgement, changed_after_reveal=changed)
    Brief.objects.create(handoff=withheld, version=2, body=brief_payload(), digest="sha-256=")
    with pytest.raises(IntegrityError, match="nothing was judged"), transaction.atomic():
        Decision.objects.create(
            **{**values, "brief_version": 2}, judgement=own, changed_after_reveal=False
        )


def ask(handoff: Handoff, by: User) -> bool:
    return judgements.ask_second_reader(handoff.id, by=by, now=now())


def test_a_second_reader_is_asked_only_by_who_has_judged(withheld: Handoff, ann: User) -> None:
    with pytest.raises(SafeguardUnmet):
        ask(withheld, ann)
    commit(withheld, by=ann)

    assert (ask(withheld, ann), ask(withheld, ann)) == (True, False)
    withheld.refresh_from_db()
    assert withheld.safeguards["approvers"] == 2


def test_where_nothing_is_withheld_nobody_is_asked(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot)
    claims.pick(handoff.id, by=ann, now=now())

    with pytest.raises(NothingWithheld):
        ask(handoff, ann)


def test_the_second_reader_judges_blind_as_well(withheld: Handoff, ann: User, ben: User) -> None:
    commit(withheld, by=ann, verb="reject")
    ask(withheld, ann)
    decide(withheld, ann, "reject", reason=WHY)
    claims.pick(withheld.id, by=ben, now=now())
    before = desk.handoff(ben, withheld.id, now())

    with pytest.raises(SafeguardUnmet):
        decide(withheld, ben, "reject", reason=WHY)
    commit(withheld, by=ben, verb="reject", reason="The signature on the list is Kim's own.")
    decide(withheld, ben, "reject", reason="The signature on the list is Kim's own.")

    assert (before.phase, before.judgements) == (Phase.BEFORE_JUDGEMENT, [])
    assert "recommendation" not in before.brief
    assert Answer.objects.get().verb == "reject"
    assert Decision.objects.filter(judgement__isnull=False).count() == 2
