"""Answers that are more than words: what each form takes, refuses and tells the run."""

from typing import Any

import pytest

from accounts.errors import DomainError
from handoffs import argument_schema
from handoffs.answers import Said
from handoffs.states import HandoffKind, Verb
from reviews import safeguards, surfaces, verbs, wording
from reviews.errors import FormIncomplete, NothingLeftOut, TextMissing, VerbNotOffered
from reviews.surfaces import Ground
from reviews.wording import Choice

TOOLS = [{"id": "bank", "label": "Bank transfer", "consequence": "takes two days"}]
SCOPE = [{"id": "refund", "label": "The refund"}, {"id": "mail", "label": "The mail"}]
INPUT = {"order": {"id": "W1", "lines": [1, 2]}, "amount": 5}
RICH = Ground(
    brief={"recovery": {"input": INPUT, "tools": TOOLS, "routes": TOOLS, "scope": SCOPE}},
    task={"objective": "Refund it", "constraints": ["be kind"], "risk_tolerance": "low"},
    input={"text": "hello"},
)
BARE = Ground(brief={})
TASK = {"objective": "Refund it", "risk_tolerance": "low", "success": "Kim has the money"}


def say(kind: HandoffKind, verb: Verb, ground: Ground = RICH, **said: Any) -> Said:
    offered = verbs.offered(
        kind=kind,
        tier=None,
        escalates=False,
        title="",
        arguments={},
        brief=ground.brief,
        patchable=ground.patchable is not None,
    )
    choice = Choice(verb=verb, **said)
    return wording.said(
        choice, offered=offered, brief=ground.brief, action=None, arguments=None, ground=ground
    )


@pytest.mark.parametrize("ground", [RICH, BARE])
@pytest.mark.parametrize("verb", sorted(verbs.FORMS - {Verb.APPROVE_WITH_EDITS}))
def test_every_form_is_a_schema_that_can_be_checked(verb: Verb, ground: Ground) -> None:
    form = surfaces.surface(verb, ground)

    assert form is not None or (verb, ground) == (Verb.PATCH_INPUT, BARE)
    if form is not None:
        argument_schema.compile(form.schema)
        assert form.heading


@pytest.mark.parametrize("verb", sorted(set(Verb) - verbs.FORMS))
def test_where_words_are_enough_there_is_no_form(verb: Verb) -> None:
    assert surfaces.surface(verb, RICH) is None


class TestTaskDefinition:
    def test_the_task_is_told_with_what_changed(self) -> None:
        told = say(HandoffKind.TASK_DEFINITION, Verb.DEFINE, details=TASK | {"constraints": []})

        assert told.details == {"task": TASK}
        assert told.edits == [
            {"path": "task.constraints", "before": ["be kind"], "after": None},
            {"path": "task.success", "before": None, "after": "Kim has the money"},
        ]

    @pytest.mark.parametrize("lacking", ["objective", "risk_tolerance", "success"])
    def test_a_task_lacks_nothing(self, lacking: str) -> None:
        with pytest.raises(FormIncomplete) as refused:
            say(HandoffKind.TASK_DEFINITION, Verb.DEFINE, details=TASK | {lacking: "  "})

        assert refused.value.fields

    def test_another_tolerance_is_refused(self) -> None:
        with pytest.raises(FormIncomplete):
            say(HandoffKind.TASK_DEFINITION, Verb.DEFINE, details=TASK | {"risk_tolerance": "any"})

    def test_more_than_a_task_is_refused(self) -> None:
        with pytest.raises(FormIncomplete):
            say(HandoffKind.TASK_DEFINITION, Verb.DEFINE, details=TASK | {"budget": "1"})

    def test_what_the_agent_sent_is_not_enough_by_itself(self) -> None:
        with pytest.raises(FormIncomplete):
            say(HandoffKind.TASK_DEFINITION, Verb.DEFINE)


class TestRecovery:
    def test_a_mended_input_is_bound_like_arguments(self) -> None:
        mended = INPUT | {"amount": 6}

        told = say(HandoffKind.RECOVERY, Verb.PATCH_INPUT, details=mended)

        assert (told.verb, told.arguments) == (Verb.PATCH_INPUT, mended)
        assert told.edits == [{"path": "input.amount", "before": 5, "after": 6}]

    def test_an_input_that_was_not_changed_is_tried_again(self) -> None:
        told = say(HandoffKind.RECOVERY, Verb.PATCH_INPUT, details=INPUT | {})

        assert (told.verb, told.arguments, told.edits) == (Verb.RETRY, None, [])

    def test_spaces_in_an_input_are_part_of_it(self) -> None:
        ground = Ground(brief={}, input={"text": " hello "})

        told = say(HandoffKind.RECOVERY, Verb.PATCH_INPUT, ground, details={"text": " hello  "})

        assert told.arguments == {"text": " hello  "}

    @pytest.mark.parametrize("amount", ["five", 2**60])
    def test_an_input_off_its_schema_or_beyond_a_signature_is_refused(self, amount: Any) -> None:
        schema = {"type": "object", "properties": {"amount": {"type": "number"}}}
        ground = Ground(brief={"recovery": {"input": INPUT, "input_schema": schema}})

        with pytest.raises(FormIncomplete) as refused:
            say(HandoffKind.RECOVERY, Verb.PATCH_INPUT, ground, details=INPUT | {"amount": amount})

        assert refused.value.fields[0].path == "details.amount"

    def test_without_any_input_there_is_nothing_to_mend(self) -> None:
        with pytest.raises(VerbNotOffered):
            say(HandoffKind.RECOVERY, Verb.PATCH_INPUT, BARE, details={"a": 1})

    @pytest.mark.parametrize(("verb", "name"), [("switch_tool", "tool"), ("reroute", "route")])
    def test_another_tool_or_route_is_one_of_those_there_are(self, verb: str, name: str) -> None:
        given = {name: "bank", "instruction": " slowly "}

        told = say(HandoffKind.RECOVERY, Verb(verb), details=given)

        assert (told.details, told.message) == ({name: "bank"}, "slowly")
        with pytest.raises(FormIncomplete):
            say(HandoffKind.RECOVERY, Verb(verb), details={name: "cash"})
        with pytest.raises(FormIncomplete):
            say(HandoffKind.RECOVERY, Verb(verb))

    @pytest.mark.parametrize("verb", ["switch_tool", "reroute", "narrow_scope"])
    def test_where_the_agent_names_none_words_say_which(self, verb: str) -> None:
        told = say(HandoffKind.RECOVERY, Verb(verb), BARE, details={"instruction": "By hand"})

        assert (told.details, told.message) == ({}, "By hand")
        with pytest.raises(FormIncomplete):
            say(HandoffKind.RECOVERY, Verb(verb), BARE)

    def test_a_narrowed_task_says_what_stays_and_what_goes(self) -> None:
        told = say(HandoffKind.RECOVERY, Verb.NARROW_SCOPE, details={"keep": ["refund"]})

        assert told.details == {"keep": ["refund"], "leave_out": ["mail"]}

    @pytest.mark.parametrize(
        ("keep", "refusal"),
        [
            (["refund", "mail"], NothingLeftOut),
            ([], FormIncomplete),
            (["something"], FormIncomplete),
        ],
    )
    def test_narrower_is_some_of_it(self, keep: list[str], refusal: type[DomainError]) -> None:
        with pytest.raises(refusal):
            say(HandoffKind.RECOVERY, Verb.NARROW_SCOPE, details={"keep": keep})


class TestTakeover:
    def test_handing_back_says_what_is_done_and_what_is_left(self) -> None:
        both = {"done": "Called Kim", "left": "Send the voucher"}

        told = say(HandoffKind.TAKEOVER, Verb.HAND_BACK, details=both)

        assert (told.details, told.message) == (both, "Send the voucher")

    @pytest.mark.parametrize("lacking", ["done", "left"])
    def test_handing_back_without_either_is_refused(self, lacking: str) -> None:
        both = {"done": "Called Kim", "left": "Send the voucher"}

        with pytest.raises(FormIncomplete):
            say(HandoffKind.TAKEOVER, Verb.HAND_BACK, details=both | {lacking: " "})

    def test_finishing_by_hand_may_say_what_was_done(self) -> None:
        told = say(HandoffKind.TAKEOVER, Verb.TAKE_OVER, details={"done": "Paid", "told": ""})

        assert told.details == {"done": "Paid"}
        assert say(HandoffKind.TAKEOVER, Verb.TAKE_OVER).details == {}


class TestAmbiguity:
    @pytest.mark.parametrize("verb", [Verb.REFRAME, Verb.ANSWER])
    def test_an_answer_or_another_question_is_in_words(self, verb: Verb) -> None:
        told = say(HandoffKind.AMBIGUITY, verb, message="Which of the two is meant?")

        assert told.message == "Which of the two is meant?"
        with pytest.raises(TextMissing):
            say(HandoffKind.AMBIGUITY, verb)

    def test_uncertainty_is_accepted_with_or_without_words(self) -> None:
        assert say(HandoffKind.AMBIGUITY, Verb.ACCEPT_UNCERTAINTY).message == ""


@pytest.mark.parametrize("kind", [HandoffKind.AMBIGUITY, HandoffKind.APPROVAL])
@pytest.mark.parametrize("verb", [Verb.DEFINE, Verb.STOP, Verb.HAND_BACK, Verb.NARROW_SCOPE])
def test_the_answers_of_one_kind_are_refused_for_another(kind: HandoffKind, verb: Verb) -> None:
    with pytest.raises(VerbNotOffered):
        say(kind, verb, details={})


@pytest.mark.parametrize(("verb", "needed"), [("stop", True), ("retry", False), ("reject", True)])
def test_stopping_a_run_takes_a_reason_as_refusing_does(verb: str, needed: bool) -> None:
    assert safeguards.needs_reason({"reason": "on_reject"}, verb) is needed
