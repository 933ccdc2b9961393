import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoffs import authority
from handoffs.authority import Row
from handoffs.states import ASKED_TIERS, Fallback, HandoffKind, Tier
from tests.handoffs import strategies

APPROVAL, TAKEOVER = HandoffKind.APPROVAL, HandoffKind.TAKEOVER
HARD, STOP = Tier.HARD_APPROVAL, Tier.HARD_STOP


def row(
    id: str,
    action_type: str | None = None,
    kind: HandoffKind | None = None,
    tier: Tier | None = None,
    **more: Any,
) -> Row:
    return Row(
        id=id,
        action_type=action_type,
        kind=kind,
        tier=tier,
        role="refund approver",
        queue="refunds",
        deadline_seconds=3600,
        fallback=Fallback.REJECT,
        **more,
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

    assert chosen(made, action_type, kind, tier) == chosen(shuffled, action_type, kind, tier)


def test_every_tier_that_opens_a_handoff_has_a_kind() -> None:
    assert set(authority.KIND_OF) == ASKED_TIERS
