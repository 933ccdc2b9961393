"""A condition survives its form: whatever a map holds comes back as it was."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.admin import map_conditions as form
from governance.admin import map_vocabulary
from governance.admin.map_conditions import Group, Leaf, Raw, Unfinished
from governance.admin.map_vocabulary import COMPARISONS, Kind
from handoffs import conditions
from tests.handoffs import strategies

SCHEMAS = {
    "refund": {
        "properties": {
            "amount": {"type": "number", "title": "Amount"},
            "currency": {"type": "string", "enum": ["EUR", "USD"]},
            "urgent": {"type": "boolean"},
            "tags": {"type": "array"},
            "order": {"properties": {"note": {"type": "string"}}},
        }
    },
    "cancel": {"properties": {"amount": {"type": "string"}}},
}
WORDS = map_vocabulary.vocabulary(SCHEMAS, ["values.amount"])

# what no field can hold as it is: line ends, blanks at the edges, commas, hidden characters
texts = st.text('aé,"\\\r\n \t\u2028\u202e\x85', min_size=1, max_size=6)
awkward = st.one_of(
    st.builds(
        lambda op, value: {"signal": "sentiment", "op": op, "value": value},
        st.sampled_from(["in", "contains_any"]),
        st.lists(texts, min_size=1, max_size=3),
    ),
    st.builds(lambda value: {"signal": "values.x", "op": "==", "value": value}, texts),
    st.builds(
        lambda names, value: {"fields": names, "op": "contains_any", "value": value},
        st.lists(st.sampled_from(["input.text", "arguments.note", "brief.ask"]), min_size=1),
        st.lists(texts, min_size=1, max_size=3),
    ),
    st.just({"signal": "sentiment", "op": "contains_any", "list": "legal-words"}),
)
trees = st.recursive(
    strategies.leaves | awkward,
    lambda inner: (
        st.builds(lambda item: {"not": item}, inner)
        | st.builds(lambda items: {"all": items}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda items: {"any": items}, st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=10,
)


def written(tree: dict[str, Any]) -> str:
    """Compare as texts: 1, 1.0 and true are different values of a map."""
    return json.dumps(tree, sort_keys=True)


def as_a_browser_sends(group: Group) -> dict[str, str]:
    """Line ends become CRLF on the way, and an input of one line has none."""
    sent = {}
    for name, value in form.fields(group):
        plain = value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
        sent[name] = plain
    return sent


@given(trees)
def test_any_condition_comes_back_from_its_form_as_it_was(tree: dict[str, Any]) -> None:
    back = form.to_json(form.from_post(as_a_browser_sends(form.from_json(tree))))

    assert written(back) == written(tree)


@given(trees)
def test_following_the_vocabulary_changes_nothing_that_was_not_chosen_anew(
    tree: dict[str, Any],
) -> None:
    group = form.from_json(tree)
    sent = as_a_browser_sends(group)
    sent |= {name[:-6] + "for": sent[name] for name in sent if name.endswith("signal")}

    assert written(form.to_json(form.from_post(sent, WORDS))) == written(tree)


@given(trees, st.lists(st.sampled_from(["add:", "group:", "add:0", "up:1", "down:0", "remove:9"])))
def test_no_button_breaks_the_form(tree: dict[str, Any], pressed: list[str]) -> None:
    group = form.from_json(tree)

    for button in pressed:
        group = form.from_post(as_a_browser_sends(form.act(group, button)))

    assert isinstance(group, Group)


def test_the_order_of_keys_in_the_database_makes_no_difference() -> None:
    (leaf,) = form.from_json({"value": 0.7, "op": "<", "signal": "confidence"}).items

    assert isinstance(leaf, Leaf)


def test_two_levels_have_fields_and_what_is_deeper_is_json() -> None:
    low = {"signal": "confidence", "op": "<", "value": 0.7}
    deep = {"any": [{"all": [low]}, low]}

    group = form.from_json({"all": [low, deep]})

    inner = group.items[1]
    assert isinstance(group.items[0], Leaf)
    assert isinstance(inner, Group)
    assert isinstance(inner.items[0], Raw)
    assert isinstance(inner.items[1], Leaf)


@pytest.mark.parametrize(("button", "order"), [("up:1", "bac"), ("down:1", "acb"), ("up:0", "abc")])
def test_conditions_move_one_place(button: str, order: str) -> None:
    group = Group(items=tuple(Leaf(signal=name) for name in "abc"))

    moved = form.act(group, button)

    assert "".join(item.signal for item in moved.items if isinstance(item, Leaf)) == order


def test_adding_to_the_only_condition_makes_a_group_of_it() -> None:
    one = form.from_json({"signal": "confidence", "op": "<", "value": 0.7})

    two = form.act(one, "add:")

    assert one.bare
    assert not two.bare
    assert len(two.items) == 2


@pytest.mark.parametrize(
    ("leaf", "says"),
    [
        (Leaf(), "Choose what"),
        (Leaf(signal="values."), "Choose what"),
        (Leaf(signal="confidence"), "Choose how"),
        (Leaf(signal="confidence", op="<"), "Say what"),
        (Leaf(signal="confidence", op="<", value="much", read_as="number"), "“much” is not"),
        (Leaf(signal="values.vip", op="==", value="maybe", read_as="truth"), "yes or no"),
    ],
)
def test_what_is_unfinished_is_named_where_it_is(leaf: Leaf, says: str) -> None:
    with pytest.raises(Unfinished, match=says) as raised:
        form.to_json(Group(items=(Leaf(signal="retries", op="missing"), leaf)))

    assert raised.value.path == (1,)


def test_a_new_signal_brings_its_own_comparisons_and_kind() -> None:
    sent = {
        "when.0.is": "leaf",
        "when.0.signal": "arguments.amount",
        "when.0.for": "sentiment",
        "when.0.op": "contains_any",
        "when.0.value": "200",
    }
    only_refund = map_vocabulary.vocabulary({"refund": SCHEMAS["refund"]})

    (leaf,) = form.from_post(sent, only_refund).items

    assert leaf == Leaf(signal="arguments.amount", op=">", value="200", read_as="number")


def test_the_place_of_a_refusal_is_the_item_it_speaks_of() -> None:
    bad = {"signal": "confidence", "op": "<", "value": 85}
    good = {"missing": "retries"}
    tree = {"all": [good, {"any": [good, bad]}]}
    with pytest.raises(conditions.PolicyError) as raised:
        conditions.parse(tree)

    assert form.place(form.from_json(tree), raised.value.path) == (1, 1)


class TestVocabulary:
    def test_arguments_are_offered_with_the_type_of_their_schema(self) -> None:
        kinds = {
            name: WORDS.find(f"arguments.{name}").kind for name in SCHEMAS["refund"]["properties"]
        }

        assert kinds | {"order": WORDS.find("arguments.order.note").kind} == {
            "amount": Kind.OPEN,
            "currency": Kind.CHOICE,
            "urgent": Kind.TRUTH,
            "tags": Kind.LIST,
            "order": Kind.TEXT,
        }

    def test_every_comparison_offered_is_one_that_policy_takes(self) -> None:
        samples = {"number": "0.5", "text": "gold", "truth": "yes"}
        read_as_of = {Kind.NUMBER: "number", Kind.CLOCK: "number", Kind.TRUTH: "truth"}
        for _, names in WORDS.groups:
            for name in names:
                if name.is_prefix:
                    continue
                for op, _ in COMPARISONS[name.kind]:
                    read_as = read_as_of.get(name.kind, "text")
                    if name.kind is Kind.OPEN and op in ("<", "<=", ">", ">="):
                        read_as = "number"
                    value = samples[read_as]
                    if name.name == "time.weekday":
                        value = "monday"
                    elif name.choices:
                        value = name.choices[0]
                    leaf = Leaf(signal=name.name, op=op, value=value, read_as=read_as)
                    conditions.parse(form.to_json(leaf))
