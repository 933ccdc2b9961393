"""Several people decide one handoff: who sits where, who is blind to whom, and what counts."""

import base64
import json
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.utils.timezone import now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import conflict_groups
from accounts.models import Client, ConflictGroup, User
from accounts.roles import Role
from handoffs import actors, answers, ladder
from handoffs.models import Answer, AuditEntry, Brief, Handoff, Workflow
from handoffs.states import HandoffKind, Tier
from reviews import claims, decisions, desk, panels, permissions, seats, spec
from reviews.decisions import Choice
from reviews.errors import AlreadyClaimed, AlreadyDecided, ClaimLost, HasAStake, NoAuthorityHere
from reviews.models import Decision
from tests import factories, walks
from tests.factories import Shop
from tests.reviews.waiting import let_lease_run_out, put

pytestmark = pytest.mark.django_db
AGENT = actors.client_actor("bot", "ovr_1234")
ARGUMENTS = {"order_id": "#W5744371", "amount": 100.0, "currency": "USD"}


@pytest.fixture
def compliance(shop: Shop) -> Group:
    team = factories.make_team("compliance")
    factories.let_work(team, shop.queue)
    return team


@pytest.fixture
def cleo(compliance: Group) -> User:
    return factories.UserFactory(
        email="cleo@example.com", name="Cleo", roles=[Role.REVIEWER], groups=[compliance]
    )


def reviewer(shop: Shop, name: str, *teams: Group) -> User:
    return factories.UserFactory(
        name=name, roles=[Role.REVIEWER], groups=list(teams or [shop.team])
    )


def two(shop: Shop, bot: Client, **guards: Any) -> Handoff:
    return put(shop, bot, safeguards={"approvers": 2, "evidence": "none", **guards})


def say(handoff: Handoff, person: User, verb: str = "approve", **more: Any) -> Decision:
    """Take a seat and decide from it."""
    claims.pick(handoff.id, by=person, now=now())
    more = {"reason": "As the policy has it."} | more
    choice = Choice(verb=verb, **more)
    return decisions.decide(handoff.id, by=person, choice=choice, now=now())


def state(handoff: Handoff) -> tuple[str, int]:
    handoff.refresh_from_db()
    return handoff.state, handoff.level


def receipt(answer: Answer) -> dict[str, Any]:
    body = answer.receipt.split(".")[1]
    claimed: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claimed


class TestAgreement:
    def test_it_waits_until_all_have_decided(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot)

        say(handoff, ann)

        assert state(handoff) == ("waiting", 1)
        assert not Answer.objects.exists()

    def test_two_who_agree_answer_with_both_their_roles_and_words(
        self, shop: Shop, bot: Client, ann: User, cleo: User
    ) -> None:
        handoff = two(shop, bot, seats=["compliance"])

        say(handoff, ann, reason="The order is late.")
        say(handoff, cleo, reason="Within section 3.")

        answer = Answer.objects.get()
        assert (answer.verb, answer.role) == ("approve", "compliance, refund approvers")
        assert (
            answer.reason == "compliance: Within section 3.\nrefund approvers: The order is late."
        )
        proven = receipt(answer)
        assert proven["approvers"] == 2
        assert proven["approver_roles"] == ["compliance", "refund approvers"]
        assert state(handoff) == ("answered", 1)

    def test_one_who_decides_alone_has_a_receipt_for_one(
        self, shop: Shop, bot: Client, ann: User
    ) -> None:
        say(put(shop, bot, safeguards={"undo_seconds": 0}), ann)

        proven = receipt(Answer.objects.get())
        assert (proven["approvers"], proven["approver_roles"]) == (1, ["refund approvers"])

    def test_the_same_edit_is_agreement_and_another_one_is_not(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        same, other = two(shop, bot), two(shop, bot)
        edit = {"verb": "approve_with_edits", "arguments": ARGUMENTS}

        say(same, ann, **edit)
        say(same, ben, **edit)
        say(other, ann, **edit)
        say(other, ben, **edit | {"arguments": {**ARGUMENTS, "amount": 90.0}})

        assert Answer.objects.get(handoff=same).verb == "approve_with_edits"
        assert Answer.objects.get(handoff=other).verb == "reject"

    def test_another_draft_is_no_agreement_and_another_line_break_is_none(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        same, other = two(shop, bot), two(shop, bot)

        say(same, ann, draft="Dear Kim,\r\nit leaves today.")
        say(same, ben, draft="Dear Kim,\nit leaves today.")
        say(other, ann, draft="Dear Kim,\nit leaves today.")
        say(other, ben, draft="Dear Kim,\nit leaves tomorrow.")

        assert Answer.objects.get(handoff=same).verb == "approve_with_edits"
        assert Answer.objects.get(handoff=other).verb == "reject"

    def test_other_words_for_the_same_are_agreement(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot)

        say(handoff, ann, "reject", reason="Too early for this.")
        say(handoff, ben, "reject", reason="The parcel is still on its way.")

        answer = Answer.objects.get()
        assert (answer.verb, answer.by_kind) == ("reject", "person")
        assert "Too early for this." in answer.reason and "on its way" in answer.reason

    def test_what_several_decided_is_final_at_once(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot, undo_seconds=30)

        say(handoff, ann)
        say(handoff, ben)

        assert state(handoff) == ("answered", 1)


class TestTies:
    def test_without_a_word_in_the_matrix_a_tie_is_a_no_by_policy(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot)

        say(handoff, ann)
        say(handoff, ben, "reject")

        answer = Answer.objects.get()
        assert (answer.verb, answer.by_kind) == ("reject", "policy")
        assert answer.arguments is None
        assert "did not agree" in answer.reason
        assert receipt(answer)["approvers"] == 0

    @pytest.mark.parametrize(
        ("tier", "kind", "verbs", "no"),
        [
            (Tier.SOFT_REVIEW, HandoffKind.APPROVAL, ("confirm", "roll_back"), "roll_back"),
            (Tier.HARD_STOP, HandoffKind.TAKEOVER, ("take_over", "redirect"), "reject"),
        ],
    )
    def test_each_question_has_its_own_no(
        self,
        shop: Shop,
        bot: Client,
        ann: User,
        ben: User,
        tier: Tier,
        kind: HandoffKind,
        verbs: tuple[str, str],
        no: str,
    ) -> None:
        guards = {"approvers": 2, "evidence": "none"}
        handoff = put(shop, bot, tier=tier, kind=kind, safeguards=guards)

        say(handoff, ann, verbs[0], message="Wait for the parcel.")
        say(handoff, ben, verbs[1], message="Wait for the parcel.")

        assert Answer.objects.get().verb == no

    def test_a_tie_goes_up_and_one_person_above_decides_knowing_both(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot, tie_break="escalate")
        lead = reviewer(shop, "Lea", shop.leads, shop.team)
        factories.let_work(shop.leads, shop.queue)

        say(handoff, ann)
        say(handoff, ben, "reject")

        assert state(handoff) == ("waiting", 2)
        assert not Answer.objects.exists()
        seen = desk.handoff(lead, handoff.id, now()).panel
        assert seen is not None
        assert [one.verb for one in seen.shown] == ["approve", "reject"]

        claim = claims.take_next(by=lead, now=now())
        assert claim is not None and claim.seat == 3
        choice = Choice(verb="approve")
        decisions.decide(handoff.id, by=lead, choice=choice, now=now())
        proven = receipt(Answer.objects.get())
        assert (proven["verb"], proven["approvers"]) == ("approve", 2)
        assert proven["approver_roles"] == [shop.leads.name, shop.team.name]

    def test_those_who_did_not_agree_are_not_asked_again_above(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot, tie_break="escalate")
        ann.groups.add(shop.leads)
        say(handoff, ann)
        say(handoff, ben, "reject")

        assert claims.take_next(by=ann, now=now()) is None

    def test_where_nobody_is_above_a_tie_that_should_go_up_is_a_no(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        guards = {"approvers": 2, "evidence": "none", "tie_break": "escalate"}
        handoff = put(shop, bot, ladder=[], safeguards=guards)

        say(handoff, ann)
        say(handoff, ben, "reject")

        assert Answer.objects.get().verb == "reject"

    @pytest.mark.parametrize(
        ("said", "verb", "approvers"),
        [
            (("approve", "reject", "approve"), "approve", 2),
            (("reject", "reject", "approve"), "reject", 2),
            (("approve", "approve", "approve"), "approve", 3),
        ],
    )
    def test_most_of_them_win_where_the_matrix_says_so(
        self,
        shop: Shop,
        bot: Client,
        ann: User,
        ben: User,
        said: tuple[str, ...],
        verb: str,
        approvers: int,
    ) -> None:
        handoff = two(shop, bot, approvers=3, tie_break="majority")

        for person, word in zip((ann, ben, reviewer(shop, "Cid")), said, strict=True):
            say(handoff, person, word)

        answer = Answer.objects.get()
        assert (answer.verb, receipt(answer)["approvers"]) == (verb, approvers)

    def test_three_who_say_three_things_have_no_majority(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot, approvers=3, tie_break="majority")
        edit = {"verb": "approve_with_edits", "arguments": ARGUMENTS}

        say(handoff, ann)
        say(handoff, ben, "reject")
        say(handoff, reviewer(shop, "Cid"), **edit)

        assert (Answer.objects.get().verb, Answer.objects.get().by_kind) == ("reject", "policy")

    def test_nobody_answering_never_approves_what_takes_two(
        self, shop: Shop, bot: Client, ann: User
    ) -> None:
        guards = {"approvers": 2, "evidence": "none"}
        cancel = put(shop, bot, ladder=[], fallback="approve", safeguards=guards)
        cancel.proposal.action_type = "cancel_order"  # type: ignore[union-attr]
        cancel.proposal.save(update_fields=["action_type"])  # type: ignore[union-attr]
        say(cancel, ann, "reject")
        walks.overdue(cancel)

        ladder.fire_overdue()

        assert Answer.objects.get().verb == "reject"


class TestWhoMaySit:
    def test_nobody_decides_twice(self, shop: Shop, bot: Client, ann: User) -> None:
        handoff = two(shop, bot)
        say(handoff, ann)

        assert claims.take_next(by=ann, now=now()) is None
        with pytest.raises(AlreadyDecided):
            claims.pick(handoff.id, by=ann, now=now())
        with pytest.raises(ClaimLost, match="You decided this"):
            decisions.decide(handoff.id, by=ann, choice=Choice(verb="approve"), now=now())
        assert Decision.objects.count() == 1

    def test_two_may_read_it_at_the_same_time_and_a_third_may_not(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot)

        first = claims.take_next(by=ann, now=now())
        second = claims.take_next(by=ben, now=now())

        assert first is not None and second is not None
        assert [first.seat, second.seat] == [1, 2]
        third = reviewer(shop, "Cid")
        assert claims.take_next(by=third, now=now()) is None
        with pytest.raises(AlreadyClaimed):
            claims.pick(handoff.id, by=third, now=now())

    def test_what_one_holds_is_handed_back_to_them_and_not_a_second_seat(
        self, shop: Shop, bot: Client, ann: User
    ) -> None:
        two(shop, bot)
        first = claims.take_next(by=ann, now=now())

        again = claims.take_next(by=ann, now=now())

        assert first is not None and again is not None
        assert first.id == again.id

    def test_a_seat_given_back_is_free_again(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot)
        claims.take_next(by=ann, now=now())
        say(handoff, ben)
        claims.give_back(handoff.id, by=ann, now=now())

        assert (claim := claims.take_next(by=reviewer(shop, "Cid"), now=now())) is not None
        assert claim.seat == 1

    def test_a_seat_whose_lease_ran_out_goes_to_the_next(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot)
        say(handoff, ann)
        claims.take_next(by=ben, now=now())
        let_lease_run_out(handoff)

        assert (claim := claims.take_next(by=reviewer(shop, "Cid"), now=now())) is not None
        assert claim.seat == 2

    def test_a_named_seat_is_for_its_team_alone(
        self, shop: Shop, bot: Client, ann: User, ben: User, cleo: User
    ) -> None:
        handoff = two(shop, bot, seats=["compliance"])

        say(handoff, ann)

        assert claims.take_next(by=ben, now=now()) is None
        with pytest.raises(NoAuthorityHere):
            claims.pick(handoff.id, by=ben, now=now())
        assert (claim := claims.take_next(by=cleo, now=now())) is not None
        assert claim.seat == 1

    def test_one_named_seat_for_one_approver_is_not_for_the_team_with_authority(
        self, shop: Shop, bot: Client, ann: User, cleo: User
    ) -> None:
        guards = {"approvers": 1, "seats": ["compliance"], "evidence": "none"}
        handoff = put(shop, bot, safeguards=guards)

        assert claims.take_next(by=ann, now=now()) is None
        say(handoff, cleo)

        assert Answer.objects.get().role == "compliance"

    def test_a_team_that_is_gone_leaves_its_seat_to_nobody(
        self, shop: Shop, bot: Client, ann: User
    ) -> None:
        handoff = two(shop, bot, seats=["nobody any more"])
        say(handoff, ann)

        assert claims.take_next(by=reviewer(shop, "Cid"), now=now()) is None

    def test_who_loses_the_team_between_taking_and_deciding_decides_nothing(
        self, shop: Shop, bot: Client, cleo: User, compliance: Group
    ) -> None:
        handoff = two(shop, bot, seats=["compliance"])
        claims.take_next(by=cleo, now=now())
        cleo.groups.remove(compliance)
        cleo.groups.add(shop.team)

        with pytest.raises(NoAuthorityHere):
            decisions.decide(handoff.id, by=cleo, choice=Choice(verb="approve"), now=now())

    def test_who_asked_for_it_decides_nothing_nor_does_their_kin(
        self, shop: Shop, bot: Client, ann: User, ben: User, mia: User
    ) -> None:
        handoff = put(shop, bot)
        handoff.run.requester = {"name": "Ann", "email": "ANN@example.com"}
        handoff.run.save(update_fields=["requester"])
        conflict_groups.make("Ann twice", people=[ann, ben], by=mia, now=now())

        assert claims.take_next(by=ann, now=now()) is None
        assert claims.take_next(by=ben, now=now()) is None
        for person in (ann, ben):
            with pytest.raises(Exception, match="asked for this"):
                claims.pick(handoff.id, by=person, now=now())

    def test_only_one_of_a_conflict_group_decides_or_holds_a_seat(
        self, shop: Shop, bot: Client, ann: User, ben: User, mia: User
    ) -> None:
        held, decided = two(shop, bot), two(shop, bot)
        conflict_groups.make("Ann twice", people=[ann, ben], by=mia, now=now())
        say(decided, ann)
        claims.pick(held.id, by=ann, now=now())

        assert claims.take_next(by=ben, now=now()) is None
        with pytest.raises(AlreadyDecided):
            claims.pick(decided.id, by=ben, now=now())
        with pytest.raises(AlreadyClaimed):
            claims.pick(held.id, by=ben, now=now())

    def test_a_conflict_that_becomes_known_while_both_hold_seats_stops_the_second(
        self, shop: Shop, bot: Client, ann: User, ben: User, mia: User
    ) -> None:
        handoff = two(shop, bot)
        claims.take_next(by=ann, now=now())
        claims.take_next(by=ben, now=now())
        conflict_groups.make("Ann twice", people=[ann, ben], by=mia, now=now())

        decisions.decide(handoff.id, by=ann, choice=Choice(verb="approve"), now=now())

        with pytest.raises(AlreadyDecided):
            decisions.decide(handoff.id, by=ben, choice=Choice(verb="approve"), now=now())

    def test_the_workflows_owner_decides_alone_and_never_as_one_of_several(
        self, shop: Shop, bot: Client, ann: User, ben: User, mia: User
    ) -> None:
        Workflow.objects.filter(pk=shop.workflow.pk).update(owner=ann)
        conflict_groups.make("Ann and hers", people=[ann, ben], by=mia, now=now())
        several = two(shop, bot)

        for person in (ann, ben):
            assert claims.take_next(by=person, now=now()) is None
            with pytest.raises(HasAStake):
                claims.pick(several.id, by=person, now=now())
        alone = put(shop, bot)
        assert (claim := claims.take_next(by=ann, now=now())) is not None
        assert claim.handoff_id == alone.id

    def test_who_defined_the_task_is_not_one_of_several_who_decide_its_actions(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        task = put(shop, bot, kind=HandoffKind.TASK_DEFINITION, tier=Tier.HARD_APPROVAL)
        several = two(shop, bot)
        Handoff.objects.filter(id=several.id).update(run=task.run)
        claims.pick(task.id, by=ann, now=now())
        Decision.objects.create(
            handoff=task, round=1, reviewer=ann, claim=task.claims.get(), verb="answer",
            brief_version=1, opened_at=now(),
        )  # fmt: skip
        claims.give_back(task.id, by=ann, now=now())

        with pytest.raises(HasAStake):
            claims.pick(several.id, by=ann, now=now())
        assert claims.pick(several.id, by=ben, now=now())


class TestBlind:
    def test_until_all_have_decided_nobody_is_told_what_was_said(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot)
        say(handoff, ann, "reject", reason="A secret reason.")

        for person in (ann, ben):
            seen = desk.handoff(person, handoff.id, now())
            assert seen.panel is not None
            assert (seen.panel.shown, seen.decided_by, seen.answer) == ((), "", None)
        log = b"".join(bytes(entry.body) for entry in AuditEntry.objects.all())
        assert b"reject" not in log and b"secret" not in log

    def test_afterwards_everybody_who_sees_it_reads_who_said_what(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot)
        say(handoff, ann, "reject")
        say(handoff, ben)

        seen = desk.handoff(ann, handoff.id, now()).panel
        assert seen is not None
        assert [(one.person, one.verb) for one in seen.shown] == [
            ("Ann", "reject"),
            ("Ben", "approve"),
        ]
        noted = json.loads(bytes(AuditEntry.objects.get(action="handoff.all_decided").body))
        assert [one["verb"] for one in noted["decisions"]] == ["reject", "approve"]

    def test_what_was_said_of_an_older_brief_does_not_count(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot)
        say(handoff, ann)
        claims.pick(handoff.id, by=ben, now=now())
        decisions.ask_information(handoff.id, by=ben, question="Which order?", now=now())
        answers.give_information(
            handoff.id,
            facts=[{"label": "Other order", "value": "#W2"}],
            evidence=[],
            message="",
            by=AGENT,
            now=now(),
        )

        say(handoff, ben)
        assert state(handoff) == ("waiting", 1)
        say(handoff, ann)

        assert state(handoff) == ("answered", 1)
        assert receipt(Answer.objects.get())["approvers"] == 2
        assert Decision.objects.filter(undone_at=None).count() == 2

    def test_the_list_shows_how_many_decided_and_not_what_one_decided_oneself(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot)
        say(handoff, ann)

        assert desk.rows(ann, shop.queue.slug).rows == []
        (row,) = desk.rows(ben, shop.queue.slug).rows
        assert (row.id, row.approvers, row.decided, row.claimed) == (handoff.id, 2, 1, False)

    def test_a_row_is_taken_only_when_every_seat_for_the_reader_is(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = two(shop, bot)
        third = reviewer(shop, "Cid")
        claims.pick(handoff.id, by=ann, now=now())

        assert [row.claimed for row in desk.rows(third, shop.queue.slug).rows] == [False]
        assert [row.mine for row in desk.rows(ann, shop.queue.slug).rows] == [True]
        claims.pick(handoff.id, by=ben, now=now())
        assert [row.claimed for row in desk.rows(third, shop.queue.slug).rows] == [True]
        assert desk.handoff(third, handoff.id, now()).held_by in ("Ann", "Ben")


class TestSecondReader:
    def test_a_second_reader_decides_blind_and_a_difference_goes_up(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        handoff = put(shop, bot, safeguards={"evidence": "none"})
        claims.pick(handoff.id, by=ann, now=now())

        assert seats.ask_second_reader(handoff.id, by=ann, now=now()) is True
        assert seats.ask_second_reader(handoff.id, by=ann, now=now()) is False
        decisions.decide(handoff.id, by=ann, choice=Choice(verb="approve"), now=now())
        assert state(handoff) == ("waiting", 1)
        say(handoff, ben, "reject")

        assert state(handoff) == ("waiting", 2)

    def test_only_who_holds_it_asks(self, shop: Shop, bot: Client, ann: User) -> None:
        handoff = put(shop, bot)

        with pytest.raises(ClaimLost):
            seats.ask_second_reader(handoff.id, by=ann, now=now())


@pytest.mark.parametrize(
    "said",
    [
        {}, {"approvers": 1}, {"approvers": 2}, {"approvers": 5}, {"approvers": 6},
        {"approvers": 0}, {"approvers": None}, {"approvers": "2"}, {"approvers": True},
        {"approvers": False}, {"approvers": 2.7}, {"approvers": -1}, {"approvers": []},
        {"approvers": 1e300}, {"seats": ["a"]}, {"seats": ["a", "b", "c"], "approvers": 2},
        {"seats": "a"}, {"seats": None}, {"seats": [1]}, {"seats": [], "approvers": 3},
    ],
    ids=str,
)  # fmt: skip
def test_the_database_counts_approvers_as_the_rules_do(db: None, said: dict[str, Any]) -> None:
    guards = spec.read(said)
    with connection.cursor() as cursor:
        cursor.execute(
            "select overread_approvers(%(said)s::jsonb), overread_one_decides(%(said)s::jsonb)",
            {"said": json.dumps(said)},
        )
        found = cursor.fetchone()

    assert found == (panels.asked(guards), not panels.several(guards))


class Undo(Exception):
    """Takes back what one example put into the database."""


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    approvers=st.integers(1, 3),
    named=st.booleans(),
    teams=st.sets(st.sampled_from(["refund approvers", "compliance"])),
    others=st.lists(st.sampled_from(["decided", "holds"]), max_size=3),
    first_in=st.sampled_from(["refund approvers", "compliance"]),
    kin=st.sampled_from([None, "requester", "owner", "decider", "nobody"]),
    role=st.sampled_from(["requester", "owner", "decided", None]),
    new_brief=st.booleans(),
)
def test_taking_listing_and_the_verdict_say_the_same(
    shop: Shop,
    bot: Client,
    compliance: Group,
    approvers: int,
    named: bool,
    teams: set[str],
    others: list[str],
    first_in: str,
    kin: str | None,
    role: str | None,
    new_brief: bool,
) -> None:
    try:
        with transaction.atomic():
            guards = {"approvers": approvers, "evidence": "none"}
            handoff = put(shop, bot, safeguards={**guards, "seats": ["compliance"] * named})
            who = reviewer(shop, "Who", *map(factories.make_team, teams))
            if not teams:
                who.groups.set([])
            double = reviewer(shop, "Double", shop.team, compliance)
            _others(shop, handoff, others, first_in, double if kin == "decider" else None)
            if kin is not None:
                factories_group(who, double)
            _stake(handoff, who if role in ("requester", "owner") else double, role or kin)
            if role == "decided" and passes(handoff, who):
                say(handoff, who)
            if new_brief:
                brief = handoff.briefs.get()
                Brief.objects.create(
                    handoff=handoff, version=2, body=brief.body, digest=brief.digest
                )
            handoff = Handoff.objects.get(id=handoff.id)
            if handoff.state == "waiting":
                _compare(shop, handoff, who)
            raise Undo
    except Undo:
        pass


def _others(
    shop: Shop, handoff: Handoff, what: list[str], first_in: str, double: User | None
) -> None:
    for place, does in enumerate(what):
        team = factories.make_team(first_in) if place == 0 else shop.team
        person = double if double and place == 0 else reviewer(shop, f"Other {place}", team)
        if not passes(handoff, person):
            continue
        if does == "decided":
            say(handoff, person)
        else:
            claims.pick(handoff.id, by=person, now=now())


def factories_group(*people: User) -> None:
    ConflictGroup.objects.create(name="As one").people.set(people)


def _stake(handoff: Handoff, person: User, what: str | None) -> None:
    if what == "requester":
        handoff.run.requester = {"name": "Them", "email": person.email.upper()}
        handoff.run.save(update_fields=["requester"])
    if what == "owner":
        Workflow.objects.filter(pk=handoff.workflow_id).update(owner=person)


def passes(handoff: Handoff, person: User) -> bool:
    """Ask the statement that leases a seat, and take it back."""
    try:
        with transaction.atomic():
            if claims.take_next(by=person, now=now()) is None:
                return False
            raise Undo
    except Undo:
        return True


def _compare(shop: Shop, handoff: Handoff, who: User) -> None:
    current = User.objects.get(pk=who.pk)
    verdict = permissions.decides(current, Handoff.objects.get(id=handoff.id))
    shown = desk.rows(current, shop.queue.slug).rows if current.groups.exists() else []
    listed = [row for row in shown if row.id == handoff.id]
    assert verdict.allowed is bool(listed)
    takes = passes(handoff, current)
    if takes:
        assert verdict.allowed
    if listed:
        assert takes is not listed[0].claimed
