import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoffs import authority, policy
from handoffs.authority import Row
from handoffs.signals import Action, ActionType, Signals
from handoffs.states import ASKED_TIERS, HandoffKind, Impact, Reversibility, Tier
from tests.handoffs import strategies

APPROVAL, TAKEOVER = HandoffKind.APPROVAL, HandoffKind.TAKEOVER
HARD, STOP = Tier.HARD_APPROVAL, Tier.HARD_STOP


def row(
    id: str,
    action_type: str | None = None,
    kind: HandoffKind | None = None,
    tier: Tier | None = None,
) -> Row:
    return Row(
        id=id,
        action_type=action_type,
        kind=kind,
        tier=tier,
        role="refund approver",
        queue="refunds",
        deadline_seconds=3600,
    )


def chosen(rows: list[Row], action_type: str | None = "refund", kind: HandoffKind = APPROVAL,
           tier: Tier | None = HARD) -> object:  # fmt: skip
    found = authority.choose(rows, action_type=action_type, kind=kind, tier=tier)
    return found.id if found else None


# from the most specific to the least
ORDER = [
    row("all three", "refund", APPROVAL, HARD),
    row("type and kind", "refund", APPROVAL),
    row("type and tier", "refund", None, HARD),
    row("type", "refund"),
    row("kind and tier", None, APPROVAL, HARD),
    row("kind", None, APPROVAL),
    row("tier", None, None, HARD),
    row("any"),
]


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(ORDER, 2)))
def test_more_specific_row_wins_in_either_order(first: Row, second: Row) -> None:
    assert chosen([first, second]) == first.id
    assert chosen([second, first]) == first.id


@pytest.mark.parametrize(
    "other",
    [
        row("other type", "cancel_order"),
        row("other kind", "refund", TAKEOVER),
        row("other tier", "refund", APPROVAL, STOP),
    ],
)
def test_row_that_names_something_else_does_not_cover(other: Row) -> None:
    assert chosen([other]) is None
    assert chosen([other, row("any")]) == "any"


def test_escalation_without_action_type_is_covered_by_rows_that_name_none() -> None:
    rows = [row("refunds", "refund"), row("takeovers", None, TAKEOVER)]

    assert chosen(rows, action_type=None, kind=TAKEOVER, tier=None) == "takeovers"
    assert chosen(rows[:1], action_type=None, kind=TAKEOVER, tier=None) is None


rows = st.builds(
    row,
    st.uuids().map(str),
    st.none() | st.sampled_from(strategies.NAMES),
    st.none() | st.sampled_from(HandoffKind),
    st.none() | st.sampled_from(Tier),
)


@given(
    st.lists(rows, unique_by=lambda one: one.named),
    st.none() | st.sampled_from(strategies.NAMES),
    st.sampled_from(HandoffKind),
    st.none() | st.sampled_from(Tier),
    st.randoms(),
)
def test_without_ambiguities_the_order_of_rows_never_matters(
    made: list[Row],
    action_type: str | None,
    kind: HandoffKind,
    tier: Tier | None,
    chance: random.Random,
) -> None:
    shuffled = chance.sample(made, len(made))

    assert authority.ambiguities(made) == []
    assert chosen(made, action_type, kind, tier) == chosen(shuffled, action_type, kind, tier)


def test_rows_that_name_the_same_are_ambiguous() -> None:
    made = [row("1", "refund", None, HARD), row("2", "refund", None, HARD), row("3"), row("4")]

    assert authority.ambiguities(made) == [
        "2 rows of the matrix stand for action type refund, tier hard approval: nobody could say "
        "which one holds. Keep one, or name more in the others.",
        "2 rows of the matrix stand for everything: nobody could say which one holds. Keep one, "
        "or name more in the others.",
    ]


REFUND = ActionType(name="refund", impact=Impact.HIGH, reversibility=Reversibility.IRREVERSIBLE)
LOOK_UP = ActionType(name="look_up", impact=Impact.LOW, reversibility=Reversibility.REVERSIBLE)
MAP = policy.parse_map(
    {
        "default": "autonomous",
        "rules": [
            {
                "id": "watchlist",
                "tier": "hard_stop",
                "because": "On the watchlist",
                "when": {"signal": "flags", "op": "contains_any", "value": ["watchlist"]},
            }
        ],
    }
)


def test_gap_is_a_sentence_naming_the_combination() -> None:
    found = authority.gaps([REFUND, LOOK_UP], MAP, [row("refunds", "refund", APPROVAL)])

    assert found == [
        "Nobody has authority over refund at hard stop: no row of the matrix covers action type "
        "refund, kind takeover, tier hard stop. Add one, or a wider one.",
        "Nobody has authority over look_up at hard stop: no row of the matrix covers action type "
        "look_up, kind takeover, tier hard stop. Add one, or a wider one.",
    ]


def test_row_for_everything_leaves_no_gap() -> None:
    assert authority.gaps([REFUND, LOOK_UP], MAP, [row("any")]) == []


def test_tiers_that_ask_nobody_need_no_row() -> None:
    quiet = policy.parse_map({"default": "notify"})

    assert authority.gaps([LOOK_UP], quiet, []) == []


def test_every_tier_that_opens_a_handoff_has_a_kind() -> None:
    assert set(authority.KIND_OF) == ASKED_TIERS


@given(strategies.maps(), strategies.actions, strategies.signal_sets, st.lists(rows, max_size=4))
def test_without_gaps_every_proposal_finds_its_row(
    data: dict[str, Any], action: Action, signals: Signals, made: list[Row]
) -> None:
    read = policy.parse_map(data)
    tier = policy.evaluate(read, action, signals).tier

    covered = tier not in ASKED_TIERS or authority.choose(
        made, action_type=action.type.name, kind=authority.KIND_OF[tier], tier=tier
    )

    assert covered or authority.gaps([action.type], read, made)
