"""Buttons: verbs with their objects, each with a consequence and a key of its own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoffs.states import HandoffKind, Tier, Verb
from reviews import conflicts, verbs
from reviews.pages import rail, words

TITLE = "Refund {amount} {currency} for order {order_id}"
ARGUMENTS = {"amount": "120.00", "currency": "EUR", "order_id": "W1"}
OPTIONS = [
    {"id": "refund", "label": "Refund it", "consequence": "Money leaves today"},
    {"id": "voucher", "label": "Send a voucher"},
]


def offered(
    kind: HandoffKind = HandoffKind.APPROVAL,
    tier: Tier | None = Tier.HARD_APPROVAL,
    *,
    escalates: bool = True,
    title: str = TITLE,
    patchable: bool = True,
    **brief: Any,
) -> list[verbs.VerbOption]:
    return verbs.offered(
        kind=kind,
        tier=tier,
        escalates=escalates,
        title=title,
        arguments=ARGUMENTS,
        brief=brief,
        patchable=patchable,
    )


EXPECTED = {
    (HandoffKind.APPROVAL, Tier.HARD_APPROVAL): [
        "approve",
        "approve_with_edits",
        "reject",
        "redirect",
    ],
    (HandoffKind.APPROVAL, Tier.HARD_STOP): [
        "approve",
        "approve_with_edits",
        "reject",
        "redirect",
    ],
    (HandoffKind.APPROVAL, Tier.SOFT_REVIEW): ["confirm", "roll_back"],
    (HandoffKind.TAKEOVER, Tier.HARD_STOP): ["take_over", "hand_back", "redirect"],
    (HandoffKind.SIGN_OFF, None): ["approve", "reject"],
    (HandoffKind.EXCEPTION, None): ["answer", "reject"],
    (HandoffKind.AMBIGUITY, None): ["answer", "reframe", "accept_uncertainty", "reject"],
    (HandoffKind.RECOVERY, None): [
        "retry",
        "patch_input",
        "switch_tool",
        "reroute",
        "narrow_scope",
        "redirect",
        "stop",
    ],
    (HandoffKind.TASK_DEFINITION, None): ["define", "reject"],
    (HandoffKind.AUDIT, None): ["answer", "reject"],
}


def test_every_kind_has_its_surface() -> None:
    assert {kind for kind, _ in EXPECTED} == set(HandoffKind)


@pytest.mark.parametrize(("kind", "tier"), list(EXPECTED))
@pytest.mark.parametrize("escalates", [True, False])
def test_a_kind_offers_its_verbs(kind: HandoffKind, tier: Tier | None, escalates: bool) -> None:
    buttons = offered(kind, tier, escalates=escalates)

    ways_out = ["ask_information", "escalate"] if escalates else ["ask_information"]
    assert [button.verb for button in buttons] == EXPECTED[kind, tier] + ways_out
    assert [button.primary for button in buttons] == [True] + [False] * (len(buttons) - 1)


@pytest.mark.parametrize(("kind", "tier"), list(EXPECTED))
def test_every_button_has_a_key_of_its_own_and_a_consequence(
    kind: HandoffKind, tier: Tier | None
) -> None:
    buttons = offered(kind, tier, options=OPTIONS)

    keys = [button.key for button in buttons]
    assert len(set(keys)) == len(keys)
    assert all(button.consequence and button.label for button in buttons)


@pytest.mark.parametrize(
    ("kind", "tier", "chooses"),
    [
        (HandoffKind.APPROVAL, Tier.HARD_APPROVAL, True),
        (HandoffKind.AMBIGUITY, None, True),
        (HandoffKind.APPROVAL, Tier.SOFT_REVIEW, False),
        (HandoffKind.SIGN_OFF, None, False),
        (HandoffKind.TAKEOVER, Tier.HARD_STOP, False),
    ],
)
def test_options_are_buttons_where_one_may_choose(
    kind: HandoffKind, tier: Tier | None, chooses: bool
) -> None:
    chosen = [b for b in offered(kind, tier, options=OPTIONS) if b.verb == "choose"]

    expected = [
        ("refund", "Refund it", "Money leaves today", "1"),
        ("voucher", "Send a voucher", "The agent does what you chose.", "2"),
    ]
    shown = [(b.option, b.label, b.consequence, b.key) for b in chosen]
    assert shown == (expected if chooses else [])


def test_without_an_input_there_is_none_to_mend() -> None:
    without = offered(HandoffKind.RECOVERY, None, patchable=False)

    assert "patch_input" not in [button.verb for button in without]


@pytest.mark.parametrize("verb", sorted(set(Verb)))
def test_every_answer_has_words_for_the_page_and_for_the_record(verb: Verb) -> None:
    tables = (verbs._STATED, verbs._KEYS, rail.ICONS, rail.SHORT, rail.DONE, conflicts._SAID)

    assert all(table.get(verb) or verb == "choose" for table in tables)
    assert all(words.ANSWERED[verb])


@pytest.mark.parametrize(
    ("kind", "verb", "label", "consequence"),
    [
        ("sign_off", "reject", "Return it with a note", "The agent mends what you write, then"),
        ("ambiguity", "reject", "Do none of it", "The agent leaves it"),
        ("task_definition", "reject", "Do not start it", "The agent is told why and does not"),
        ("takeover", "take_over", "Finish by hand: Refund 120.00 EUR", "The agent's part ends."),
        ("approval", "reject", "Reject and return to the agent", "The agent does not do it"),
    ],
)
def test_a_kind_says_in_its_own_words_what_it_shares_with_others(
    kind: str, verb: str, label: str, consequence: str
) -> None:
    button = next(one for one in offered(HandoffKind(kind), None) if one.verb == verb)

    assert button.label.startswith(label)
    assert button.consequence.startswith(consequence)


def test_labels_name_what_is_done() -> None:
    assert offered()[0].label == "Refund 120.00 EUR for order W1"
    assert offered(tier=Tier.SOFT_REVIEW)[1].label == "Roll back: Refund 120.00 EUR for order W1"
    assert offered(HandoffKind.SIGN_OFF, None, title="")[0].label == "Sign off the result"


def test_the_agents_announcement_is_the_consequence_and_else_what_always_holds() -> None:
    buttons = offered(on_answer={"approve": "The money leaves today", "reject": "  "})

    assert buttons[0].consequence == "The money leaves today"
    reject = next(button for button in buttons if button.verb == "reject")
    assert reject.consequence == "The agent does not do it and is told your reason."


@pytest.mark.parametrize(
    ("title", "arguments", "label"),
    [
        ("Pay {amount}", {"amount": {"amount": "120.00", "currency": "EUR"}}, "Pay 120.00 EUR"),
        ("Pay {amount}", {"amount": 12.5}, "Pay 12.5"),
        ("Notify {notify}", {"notify": True}, "Notify yes"),
        ("Cancel {items}", {"items": ["a", "b"]}, "Cancel a, b"),
        ("Cancel {items}", {"items": list("abcde")}, "Cancel a, b, c …"),
        ("Cancel {items}", {"items": [{"id": 1}]}, "Cancel …"),
        ("Cancel {gone}", {}, "Cancel …"),
        ("Cancel {order}", {"order": None}, "Cancel …"),
        ("Cancel {order.__class__}", {"order": "W1"}, "Cancel {order.__class__}"),
        ("Cancel {order!r}", {"order": "W1"}, "Cancel {order!r}"),
        ("Cancel {order[0]}", {"order": "W1"}, "Cancel {order[0]}"),
        ("Cancel {order:>99999999}", {"order": "W1"}, "Cancel {order:>99999999}"),
        ("Cancel {a}", {"a": "{b}", "b": "secret"}, "Cancel {b}"),
        ("Cancel {a}", {"a": "W1\u202e9"}, "Cancel W1⟦U+202E⟧9"),
        ("Cancel {a}", {"a": "W\u200b1\n"}, "Cancel W⟦U+200B⟧1⟦U+000A⟧"),
        ("Cancel {a}", {"a": "x" * 99}, "Cancel " + "x" * 59 + "…"),
        ("{a}", {"a": {"amount": "1", "currency": 5}}, "…"),
    ],
)
def test_titles_are_filled_safely(title: str, arguments: dict[str, Any], label: str) -> None:
    assert verbs.fill(title, arguments) == label


@given(
    st.text(max_size=300),
    st.dictionaries(st.text(max_size=5), st.text(max_size=300) | st.integers() | st.none()),
)
def test_no_title_and_no_argument_makes_a_long_label_or_a_hidden_character(
    title: str, arguments: dict[str, Any]
) -> None:
    label = verbs.fill("Do {a} " + verbs.visible(title), arguments | {"a": title})

    assert len(label) <= 160
    assert verbs.visible(label) == label
