"""What a person says binds the agent once, or nothing of it does."""

import json
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Client, User
from handoffs import actors, answers, resumptions
from handoffs.errors import NoHigherLevel, NotFound
from handoffs.models import Answer, AuditEntry, Handoff, Resumption, Run
from handoffs.states import HandoffKind, Tier
from reviews import claims, decisions
from reviews.decisions import Choice
from reviews.errors import (
    ClaimLost,
    EditsOffSchema,
    MayNotDecide,
    NoAuthorityHere,
    SafeguardUnmet,
    TextMissing,
    VerbNotOffered,
)
from reviews.models import Claim, Decision, Draft
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import ARGUMENTS, let_lease_run_out, put

pytestmark = pytest.mark.django_db
REASON = "The order was never late, I checked the tracking."


def hold(handoff: Handoff, person: User) -> Handoff:
    claims.pick(handoff.id, by=person, now=timezone.now())
    return handoff


def decide(handoff: Handoff, by: User, verb: str = "approve", **choice: Any) -> Decision:
    return decisions.decide(
        handoff.id, by=by, choice=Choice(verb=verb, **choice), now=timezone.now()
    )


def test_approving_binds_exactly_what_was_proposed(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(put(shop, bot), ann)

    decision = decide(handoff, ann)

    answer = Answer.objects.get()
    assert (answer.verb, answer.role, answer.by_kind) == ("approve", "refund approvers", "person")
    assert json.loads(answer.arguments or "") == ARGUMENTS
    assert answer.arguments_digest.startswith("sha-256=")
    assert (decision.verb, decision.reviewer, decision.round) == ("approve", ann, 1)
    assert decision.arguments == answer.arguments
    assert Claim.objects.get().ended_because == "decided"
    handoff.refresh_from_db()
    assert handoff.state == "answered"
    assert Run.objects.get().state == "HUMAN_RESPONDED"
    assert Resumption.objects.get().state == "ready"


def test_the_answer_and_its_log_name_the_role_and_never_the_person(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)

    decide(handoff, ann)

    entry = AuditEntry.objects.get(action="handoff.answered")
    assert entry.actor == f"user {ann.id}"
    assert b"Ann" not in bytes(entry.body)


def test_deciding_takes_the_draft_away(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(put(shop, bot), ann)
    decisions.save_draft(handoff.id, by=ann, body={"reason": "hm"}, now=timezone.now())

    decide(handoff, ann)

    assert not Draft.objects.exists()


def test_edits_are_checked_bound_and_listed(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(put(shop, bot), ann)
    edited = ARGUMENTS | {"amount": 120, "note": "Half of it"}

    decide(handoff, ann, "approve_with_edits", arguments=edited)

    answer = Answer.objects.get()
    assert answer.verb == "approve_with_edits"
    assert json.loads(answer.arguments or "") == edited
    assert answer.edits == [
        {"path": "arguments.amount", "before": 312.5, "after": 120},
        {"path": "arguments.note", "before": None, "after": "Half of it"},
    ]


@pytest.mark.parametrize(
    "change",
    [{"amount": "a lot"}, {"amount": -1}, {"currency": "XYZ"}, {"colour": "red"}],
    ids=str,
)
def test_edits_off_the_schema_are_refused_and_kept(
    shop: Shop, bot: Client, ann: User, change: dict[str, Any]
) -> None:
    handoff = hold(put(shop, bot), ann)

    with pytest.raises(EditsOffSchema) as refused:
        decide(handoff, ann, "approve_with_edits", arguments=ARGUMENTS | change)

    assert all(field.path.startswith("arguments") for field in refused.value.fields)
    assert not Answer.objects.exists() and not Decision.objects.exists()
    assert Draft.objects.get().body["arguments"] == ARGUMENTS | change
    assert Claim.objects.get().ended_at is None


def test_edits_that_change_nothing_are_a_plain_approval(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(put(shop, bot), ann)

    decide(handoff, ann, "approve_with_edits", arguments=dict(ARGUMENTS))

    assert (Answer.objects.get().verb, Answer.objects.get().edits) == ("approve", [])


def test_an_edited_draft_goes_along_as_an_edit(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(put(shop, bot), ann)

    decide(handoff, ann, draft="Dear Kim, sorry for the wait.")

    answer = Answer.objects.get()
    assert (answer.verb, answer.draft) == ("approve_with_edits", "Dear Kim, sorry for the wait.")
    assert [edit["path"] for edit in answer.edits] == ["draft"]
    assert json.loads(answer.arguments or "") == ARGUMENTS


def test_a_draft_that_only_went_through_the_browser_is_no_edit(
    shop: Shop, bot: Client, ann: User
) -> None:
    brief = factories.brief_payload(draft={"kind": "text", "body": "Dear Kim,\nhello"})
    handoff = hold(put(shop, bot, brief=brief), ann)

    decide(handoff, ann, draft="Dear Kim,\r\nhello")

    assert (Answer.objects.get().verb, Answer.objects.get().draft) == ("approve", None)


def test_arguments_sent_along_with_a_plain_approval_are_not_what_is_bound(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)

    decide(handoff, ann, arguments=ARGUMENTS | {"amount": 9999})

    assert json.loads(Answer.objects.get().arguments or "") == ARGUMENTS


OPTIONS = [
    {"id": "full", "label": "All of it", "consequence": "Money leaves", "arguments": ARGUMENTS},
    {"id": "voucher", "label": "A voucher", "consequence": "A code is sent"},
]


def test_choosing_binds_the_options_arguments(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(put(shop, bot, brief=factories.brief_payload(options=OPTIONS)), ann)

    decide(handoff, ann, "choose", option="full")

    answer = Answer.objects.get()
    assert (answer.verb, answer.option) == ("choose", "full")
    assert json.loads(answer.arguments or "") == ARGUMENTS


def test_choosing_an_option_without_arguments_releases_none(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot, brief=factories.brief_payload(options=OPTIONS)), ann)

    decide(handoff, ann, "choose", option="voucher")

    assert (Answer.objects.get().option, Answer.objects.get().arguments) == ("voucher", None)


@pytest.mark.parametrize("option", ["third", None])
def test_an_option_that_was_not_offered_is_refused(
    shop: Shop, bot: Client, ann: User, option: str | None
) -> None:
    handoff = hold(put(shop, bot, brief=factories.brief_payload(options=OPTIONS)), ann)

    with pytest.raises(VerbNotOffered):
        decide(handoff, ann, "choose", option=option)


@pytest.mark.parametrize(
    ("kind", "tier", "verb"),
    [
        (HandoffKind.APPROVAL, Tier.HARD_APPROVAL, "confirm"),
        (HandoffKind.APPROVAL, Tier.HARD_APPROVAL, "take_over"),
        (HandoffKind.APPROVAL, Tier.SOFT_REVIEW, "approve"),
        (HandoffKind.TAKEOVER, Tier.HARD_STOP, "approve"),
        (HandoffKind.SIGN_OFF, Tier.HARD_APPROVAL, "choose"),
        (HandoffKind.APPROVAL, Tier.HARD_APPROVAL, "escalate"),
        (HandoffKind.APPROVAL, Tier.HARD_APPROVAL, "no such verb"),
    ],
)
def test_a_verb_that_is_not_offered_is_refused(
    shop: Shop, bot: Client, ann: User, kind: HandoffKind, tier: Tier, verb: str
) -> None:
    handoff = hold(put(shop, bot, kind=kind, tier=tier), ann)

    with pytest.raises(VerbNotOffered):
        decide(handoff, ann, verb)
    assert not Answer.objects.exists()


def test_a_hard_stop_can_be_taken_over(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(put(shop, bot, kind=HandoffKind.TAKEOVER, tier=Tier.HARD_STOP), ann)

    decide(handoff, ann, "take_over")

    assert (Run.objects.get().state, Run.objects.get().cause) == ("FAILED", "transferred")


def test_a_redirection_needs_its_words(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(put(shop, bot, kind=HandoffKind.TAKEOVER, tier=Tier.HARD_STOP), ann)

    with pytest.raises(TextMissing):
        decide(handoff, ann, "redirect", message="  ")

    decide(handoff, ann, "redirect", message="Offer a voucher instead.")
    assert Answer.objects.get().message == "Offer a voucher instead."


def test_rejecting_needs_a_reason_and_lists_what_is_missing(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)

    with pytest.raises(SafeguardUnmet) as refused:
        decide(handoff, ann, "reject", reason="")
    assert [one.code for one in refused.value.unmet] == ["reason_missing"]

    decide(handoff, ann, "reject", reason=REASON)
    assert (Answer.objects.get().reason, Answer.objects.get().arguments) == (REASON, None)


def test_every_unmet_safeguard_is_listed_at_once(shop: Shop, bot: Client, ann: User) -> None:
    brief = factories.brief_payload()
    brief["evidence"][0]["must_open"] = True
    spec = {"minimum_seconds": 30, "reason": "always", "evidence": "must_open"}
    handoff = hold(put(shop, bot, brief=brief, safeguards=spec), ann)

    with pytest.raises(SafeguardUnmet) as refused:
        decide(handoff, ann)

    assert [one.code for one in refused.value.unmet] == [
        "minimum_time",
        "evidence",
        "reason_missing",
    ]
    assert not Decision.objects.exists()


def test_reading_time_runs_from_the_first_opening_under_this_claim(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot, safeguards={"minimum_seconds": 3600}), ann)
    claims.mark_opened(handoff.id, by=ann, now=timezone.now())

    with pytest.raises(SafeguardUnmet) as refused:
        decide(handoff, ann)

    assert 3590 <= (refused.value.unmet[0].seconds or 0) <= 3600


def test_giving_back_and_taking_again_starts_the_reading_time_anew(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot, safeguards={"minimum_seconds": 3600}), ann)
    claims.mark_opened(handoff.id, by=ann, now=timezone.now())
    claims.give_back(handoff.id, by=ann, now=timezone.now())

    hold(handoff, ann)

    assert Claim.objects.get(ended_at=None).opened_at is None
    with pytest.raises(SafeguardUnmet):
        decide(handoff, ann)


def test_what_a_colleague_opened_does_not_count_for_me(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    brief = factories.brief_payload()
    brief["evidence"][0]["must_open"] = True
    handoff = put(shop, bot, brief=brief)
    decisions.open_evidence(handoff.id, "policy", by=ann, now=timezone.now())
    hold(handoff, ben)

    with pytest.raises(SafeguardUnmet):
        decide(handoff, ben)
    decisions.open_evidence(handoff.id, "policy", by=ben, now=timezone.now())
    decide(handoff, ben)

    assert Answer.objects.exists()


def test_evidence_that_is_not_in_the_brief_is_not_found(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot)

    with pytest.raises(NotFound):
        decisions.open_evidence(handoff.id, "made up", by=ann, now=timezone.now())


def test_a_claim_that_ran_out_cannot_decide_and_keeps_the_text(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)
    let_lease_run_out(handoff)

    with pytest.raises(ClaimLost, match="what you wrote is kept"):
        decide(handoff, ann, "reject", reason=REASON)

    assert not Answer.objects.exists() and not Decision.objects.exists()
    assert Draft.objects.get().body == {"verb": "reject", "reason": REASON}


def test_without_a_claim_nothing_is_decided(shop: Shop, bot: Client, ann: User, ben: User) -> None:
    handoff = hold(put(shop, bot), ben)

    with pytest.raises(ClaimLost):
        decide(handoff, ann)
    assert not Answer.objects.exists()


def test_the_loser_reads_who_decided_what_and_when_and_keeps_the_text(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    handoff = hold(put(shop, bot), ann)
    let_lease_run_out(handoff)
    hold(handoff, ben)
    decide(handoff, ben)

    with pytest.raises(ClaimLost) as lost:
        decide(handoff, ann, "reject", reason=REASON)

    conflict = lost.value.conflict
    assert conflict is not None
    assert (conflict.person, conflict.role, conflict.what) == (
        "Ben",
        "refund approvers",
        "approved this",
    )
    assert conflict.at == Answer.objects.get().answered_at
    assert Draft.objects.get(reviewer=ann).body["reason"] == REASON
    assert Answer.objects.count() == 1


def test_a_second_click_on_my_own_answer_says_so_and_changes_nothing(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)
    decide(handoff, ann)

    with pytest.raises(ClaimLost, match="You approved this"):
        decide(handoff, ann)

    assert Answer.objects.count() == 1
    assert not Draft.objects.exists()


def test_deciding_what_was_withdrawn_says_so(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(put(shop, bot), ann)
    agent = actors.client_actor("bot", "ovr_1234")
    answers.withdraw(handoff.id, reason="done by phone", by=agent, now=timezone.now())

    with pytest.raises(ClaimLost, match="bot withdrew this question"):
        decide(handoff, ann, "reject", reason=REASON)

    assert not Answer.objects.exists()
    assert Draft.objects.get().body["reason"] == REASON


def test_deciding_what_climbed_meanwhile_says_so_and_names_nobody_of_the_other_queue(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)
    answers.escalate(handoff.id, round=1, reason="late", by=actors.POLICY, now=timezone.now())

    with pytest.raises(ClaimLost, match="handed this up") as lost:
        decide(handoff, ann, "reject", reason=REASON)

    assert lost.value.conflict is not None and lost.value.conflict.person == ""
    assert Draft.objects.get().body["reason"] == REASON


def test_authority_that_was_taken_away_meanwhile_is_gone(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    handoff = hold(put(shop, bot), ann)
    factories.let_work(factories.make_team("watchers"), shop.queue)
    ann.groups.set([factories.make_team("watchers")])
    with pytest.raises(NoAuthorityHere):
        decide(handoff, ann)

    ann.groups.clear()
    with pytest.raises(NotFound):
        decide(handoff, ann)

    User.objects.filter(id=ann.id).update(is_active=False)
    with pytest.raises(MayNotDecide):
        decide(handoff, ann)
    assert not Answer.objects.exists()


def test_a_stranger_finds_nothing_and_leaves_nothing(shop: Shop, bot: Client, ann: User) -> None:
    stranger = factories.UserFactory(roles=["reviewer"])
    handoff = hold(put(shop, bot), ann)

    for attempt in (
        lambda: decide(handoff, stranger),
        lambda: decisions.save_draft(handoff.id, by=stranger, body={"a": 1}, now=timezone.now()),
        lambda: decisions.open_evidence(handoff.id, "policy", by=stranger, now=timezone.now()),
        lambda: claims.renew(handoff.id, by=stranger, now=timezone.now()),
        lambda: decisions.ask_information(
            handoff.id, by=stranger, question="?", now=timezone.now()
        ),
        lambda: decisions.escalate(handoff.id, by=stranger, reason="", now=timezone.now()),
        lambda: decisions.decide(
            "ho_nothing", by=ann, choice=Choice(verb="approve"), now=timezone.now()
        ),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert not Draft.objects.exists()


def test_asking_for_information_leaves_the_desk_and_keeps_the_draft(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)
    decisions.save_draft(handoff.id, by=ann, body={"reason": "so far"}, now=timezone.now())

    decisions.ask_information(handoff.id, by=ann, question="Which carrier?", now=timezone.now())

    handoff.refresh_from_db()
    assert handoff.state == "needs_information"
    assert handoff.questions.get().question == "Which carrier?"
    assert Claim.objects.get().ended_because == "asked"
    assert Draft.objects.get().body == {"reason": "so far"}


def test_an_empty_question_is_not_asked(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(put(shop, bot), ann)

    with pytest.raises(TextMissing):
        decisions.ask_information(handoff.id, by=ann, question=" ", now=timezone.now())
    assert Claim.objects.get().ended_at is None


def test_escalating_moves_it_to_the_next_level(shop: Shop, bot: Client, ann: User) -> None:
    handoff = hold(put(shop, bot), ann)

    moved = decisions.escalate(handoff.id, by=ann, reason="Above me", now=timezone.now())

    assert (moved.level, moved.queue, moved.role) == (2, shop.leads_queue, shop.leads)
    assert Claim.objects.get().ended_because == "escalated"


def test_escalating_where_nobody_is_above_is_refused_and_the_claim_stays(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot, ladder=[]), ann)

    with pytest.raises(NoHigherLevel):
        decisions.escalate(handoff.id, by=ann, reason="Above me", now=timezone.now())

    assert Claim.objects.get().ended_at is None
    assert Draft.objects.get().body == {"reason": "Above me"}


def test_drafts_grow_field_by_field_and_outlive_the_claim(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)
    decisions.save_draft(handoff.id, by=ann, body={"reason": "one"}, now=timezone.now())
    let_lease_run_out(handoff)

    decisions.save_draft(handoff.id, by=ann, body={"message": "two"}, now=timezone.now())

    assert Draft.objects.get().body == {"reason": "one", "message": "two"}


def test_what_no_database_can_store_is_taken_out_of_what_was_typed(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)

    decide(handoff, ann, "reject", reason=f"{REASON}\0 \ud800")

    assert Answer.objects.get().reason == f"{REASON} ?"


def test_a_stale_approval_can_be_decided_again_in_its_next_round(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(put(shop, bot), ann)
    decide(handoff, ann)
    answers_before = Answer.objects.count()
    from_stale(handoff)

    hold(handoff, ann)
    decide(handoff, ann, "reject", reason=REASON)

    assert Answer.objects.count() == answers_before + 1
    assert list(Decision.objects.order_by("round").values_list("round", "verb")) == [
        (1, "approve"),
        (2, "reject"),
    ]


def from_stale(handoff: Handoff) -> None:
    """Reopen the handoff as an agent does that finds the world changed."""
    by = actors.client_actor("bot", "ovr_1234")
    lease = resumptions.claim(
        workflow_ids=[handoff.workflow_id],
        client_id=handoff.run.client_id,
        worker="w",
        lease_seconds=60,
        by=by,
        now=timezone.now(),
    )
    assert lease is not None
    resumptions.acknowledge_stale(
        lease.resumption.id,
        token=lease.token,
        changed=[{"name": "order_status", "expected": "pending", "found": "delivered"}],
        by=by,
        now=timezone.now(),
    )
