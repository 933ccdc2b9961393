"""Hypothesis strategies for conditions, maps, signals and actions."""

from datetime import UTC
from typing import Any

from hypothesis import strategies as st

from handoffs.signals import CATALOGUE, Action, ActionType, Signals, Type
from handoffs.states import Impact, Reversibility, Tier

# a short alphabet with what breaks readers; the whole of Unicode takes seconds to prepare
NASTY = 'aZ09 "\\/\n\t\x01\x7f\x80ß€\u200b\u202e\ufb33\uffff\U0001f600.:,[]{}-e'
FLAGS = ["legal_threat", "watchlist", "new_payee", "vip"]
WORDS = ["gold", "silver", "frustrated", "lawyer up", "refund"]
NAMES = ["refund", "cancel_order", "wire"]
OPEN_NAMES = [
    "values.amount", "arguments.amount", "arguments.order.note", "values.region", "input.note",
]  # fmt: skip
LISTS = {
    "legal-words": {"kind": "keywords", "entries": ["Lawyer up", "lawyer", "refund"]},
    "watched": {"kind": "watchlist", "entries": ["GOLD", "200.00", "lawyer up"]},
    "more-watched": {"kind": "watchlist", "entries": ["silver", "gold"]},
}

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
moments = st.datetimes(timezones=st.just(UTC))
briefs = st.fixed_dictionaries(
    {},
    optional={
        "ask": anything,
        "summary": anything,
        "draft": anything | st.builds(lambda body: {"body": body}, anything),
    },
)
actions = st.builds(
    Action,
    type=action_types,
    arguments=objects,
    at=st.none() | moments,
    first_seen=st.none() | st.booleans(),
    input=st.none() | objects,
    brief=st.none() | briefs,
)


def _leaf(name: str) -> st.SearchStrategy[dict[str, Any]]:
    expected = CATALOGUE.get(name)
    kind = expected.type if expected else Type.OPEN
    words = list(expected.choices) if expected and expected.choices else [*WORDS, *NAMES]
    high = expected.high if expected else None
    numbers = st.floats(0.01, high - 0.01) if high else st.integers(1, 500)
    forms = []
    if kind in (Type.NUMBER, Type.COUNT, Type.OPEN):
        forms.append((st.sampled_from(["<", "<=", ">", ">="]), numbers))
    if kind in (Type.NUMBER, Type.COUNT, Type.OPEN) and not (expected and expected.runs_on):
        forms.append((st.sampled_from(["==", "!="]), numbers))
        forms.append((st.just("in"), st.lists(numbers, min_size=1, max_size=3)))
    if kind in (Type.TEXT, Type.OPEN):
        text = st.sampled_from(words)
        forms.append((st.sampled_from(["==", "!="]), text))
        forms.append((st.sampled_from(["in", "contains_any"]), st.lists(text, min_size=1)))
    if kind in (Type.OPEN, Type.TRUTH):
        forms.append((st.sampled_from(["==", "!="]), st.booleans()))
    if kind is Type.LIST:
        forms.append((st.just("contains_any"), st.lists(st.sampled_from(FLAGS), min_size=1)))
    compared = st.one_of(
        [
            st.fixed_dictionaries({"signal": st.just(name), "op": op, "value": value})
            for op, value in forms
        ]
    )
    listed = (
        st.sampled_from(
            [
                {"signal": name, "op": "contains_any", "list": "legal-words"},
                {"signal": name, "op": "in", "list": "watched"},
                {"signal": name, "op": "in", "list": "more-watched"},
            ]
        )
        if kind is Type.OPEN or (kind is Type.TEXT and not (expected and expected.choices))
        else st.nothing()
    )
    return compared | listed | st.just({"missing": name})


_TEXTS = ["sentiment", "brief.ask", "input.note", "arguments.order.note"]
_fields = st.lists(st.sampled_from(_TEXTS), min_size=1, max_size=3, unique=True)
any_field = st.fixed_dictionaries(
    {"fields": _fields, "op": st.just("contains_any"), "list": st.just("legal-words")}
) | st.fixed_dictionaries(
    {"fields": _fields, "op": st.sampled_from(["==", "!="]), "value": st.sampled_from(WORDS)}
)
leaves = st.one_of([_leaf(name) for name in [*CATALOGUE, *OPEN_NAMES]]) | any_field
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
    return st.fixed_dictionaries(
        {
            "default": tiers,
            "rules": rules(when),
            "floors": floors,
            "lists": st.just(LISTS),
            "time_zone": st.sampled_from(["UTC", "Asia/Kathmandu"]),
        }
    )
