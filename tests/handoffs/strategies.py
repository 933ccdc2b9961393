"""Hypothesis strategies for conditions, maps, signals and actions."""

from typing import Any

from hypothesis import strategies as st

from handoffs.signals import CATALOGUE, Action, ActionType, Signals, Type
from handoffs.states import Impact, Reversibility, Tier

# a short alphabet with what breaks readers; the whole of Unicode takes seconds to prepare
NASTY = 'aZ09 "\\/\n\t\x01\x7f\x80ß€\u200b\u202e\ufb33\uffff\U0001f600.:,[]{}-e'
FLAGS = ["legal_threat", "watchlist", "new_payee", "vip"]
WORDS = ["gold", "silver", "frustrated", "lawyer up", "refund"]
NAMES = ["refund", "cancel_order", "wire"]
OPEN_NAMES = ["values.amount", "arguments.amount", "arguments.order.note", "values.region"]

flags = st.lists(st.sampled_from(FLAGS), max_size=3).map(tuple)
shares = st.floats(0, 1) | st.integers(0, 1)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(NASTY, max_size=8)
    | st.sampled_from([*WORDS, "200.00", "-1", "1e5", "٣"])
)
# whatever agents may send, well formed or not
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["amount", "order", "note", "region"]), inner, max_size=3)
    ),
    max_leaves=6,
)
objects = st.dictionaries(
    st.sampled_from(["amount", "order", "note", "region"]), anything, max_size=4
)

signal_sets = st.builds(
    Signals,
    confidence=st.none() | shares,
    risk_score=st.none() | shares,
    ood_score=st.none() | shares,
    flags=st.none() | flags,
    missing_fields=st.none() | flags,
    conflicts=st.none() | flags,
    retries=st.none() | st.integers(0, 9),
    sentiment=st.none() | st.sampled_from(["", " ", *WORDS]),
    customer_tier=st.none() | st.sampled_from(WORDS),
    options_count=st.none() | st.integers(0, 9),
    values=objects,
)
action_types = st.builds(
    ActionType,
    name=st.sampled_from(NAMES),
    impact=st.sampled_from(Impact),
    reversibility=st.sampled_from(Reversibility),
)
actions = st.builds(Action, type=action_types, arguments=objects)


def _leaf(name: str) -> st.SearchStrategy[dict[str, Any]]:
    expected = CATALOGUE.get(name)
    kind = expected.type if expected else Type.OPEN
    words = list(expected.choices) if expected and expected.choices else [*WORDS, *NAMES]
    is_share = expected is not None and expected.high == 1
    numbers = st.floats(0.01, 0.99) if is_share else st.integers(1, 500)
    forms = []
    if kind in (Type.NUMBER, Type.COUNT, Type.OPEN):
        forms.append((st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), numbers))
        forms.append((st.just("in"), st.lists(numbers, min_size=1, max_size=3)))
    if kind in (Type.TEXT, Type.OPEN):
        text = st.sampled_from(words)
        forms.append((st.sampled_from(["==", "!="]), text))
        forms.append((st.sampled_from(["in", "contains_any"]), st.lists(text, min_size=1)))
    if kind is Type.OPEN:
        forms.append((st.sampled_from(["==", "!="]), st.booleans()))
    if kind is Type.LIST:
        forms.append((st.just("contains_any"), st.lists(st.sampled_from(FLAGS), min_size=1)))
    compared = st.one_of(
        [
            st.fixed_dictionaries({"signal": st.just(name), "op": op, "value": value})
            for op, value in forms
        ]
    )
    return compared | st.just({"missing": name})


leaves = st.one_of([_leaf(name) for name in [*CATALOGUE, *OPEN_NAMES]])
conditions = st.recursive(
    leaves,
    lambda inner: (
        st.builds(lambda item: {"not": item}, inner)
        | st.builds(lambda items: {"all": items}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda items: {"any": items}, st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=8,
)


def rules(when: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    rule = st.fixed_dictionaries(
        {"tier": st.sampled_from([tier.value for tier in Tier]), "when": when},
        optional={"if_missing": st.sampled_from(["fires", "does_not_fire"])},
    )
    return st.lists(rule, max_size=5).map(
        lambda made: [
            {"id": f"rule-{index}", "because": f"Reason {index}", **one}
            for index, one in enumerate(made)
        ]
    )


tiers = st.sampled_from([tier.value for tier in Tier])
floors = st.fixed_dictionaries(
    {},
    optional={
        impact.value: st.fixed_dictionaries({}, optional={r.value: tiers for r in Reversibility})
        for impact in Impact
    },
)


def maps(
    when: st.SearchStrategy[dict[str, Any]] = conditions,
) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"default": tiers, "rules": rules(when), "floors": floors})
