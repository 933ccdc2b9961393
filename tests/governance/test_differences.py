from typing import Any

from hypothesis import given

from governance import differences
from governance.differences import Kind
from handoffs import policy
from tests.handoffs import strategies

BODY: dict[str, Any] = {
    "default": "autonomous",
    "rules": [
        {
            "id": "large",
            "tier": "soft_review",
            "when": {"signal": "values.amount", "op": ">", "value": 100},
            "because": "Above 100",
        },
        {
            "id": "unsure",
            "tier": "hard_approval",
            "when": {"signal": "confidence", "op": "<", "value": 0.7},
            "because": "The agent is not sure",
        },
    ],
}


def said(**changes: Any) -> list[str]:
    new = policy.parse_map({**BODY, **changes}, version=2)
    return [one.sentence for one in differences.between(policy.parse_map(BODY, version=1), new)]


def large(**changes: Any) -> list[dict[str, Any]]:
    return [{**BODY["rules"][0], **changes}, BODY["rules"][1]]


@given(strategies.maps())
def test_version_does_not_differ_from_itself(body: dict[str, Any]) -> None:
    assert differences.between(policy.parse_map(body), policy.parse_map(body, version=7)) == []


@given(strategies.maps(), strategies.maps())
def test_maps_of_another_digest_differ_and_of_the_same_do_not(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    before, after = policy.parse_map(old), policy.parse_map(new)

    assert bool(differences.between(before, after)) is (before.digest != after.digest)


def test_each_change_is_a_sentence() -> None:
    assert said(default="notify") == ["Every action starts at notify; before, at autonomous."]
    assert said(floors={"low": {"reversible": "notify"}}) == [
        "What is of low impact and reversible never goes below notify; before, autonomous."
    ]
    assert said(rules=large(tier="hard_stop")) == [
        "Rule large asks for hard stop; before, for soft review."
    ]
    assert said(rules=large(because="A lot")) == [
        "Rule large gives as its reason “A lot”; before, “Above 100”."
    ]
    assert said(rules=large(if_missing="does_not_fire")) == [
        "Rule large changes what silence means. When what it reads is not given, it does not fire. "
        "Before, it was the opposite."
    ]
    assert said(rules=large(when={"signal": "values.amount", "op": ">", "value": 200})) == [
        "Rule large fires when amount is above 200; before, when amount is above 100."
    ]


def test_rules_that_come_and_go_are_told_whole() -> None:
    assert said(rules=BODY["rules"][1:]) == [
        "Rule large is gone. It was: if amount is above 100, then soft review, because: Above 100."
    ]
    assert said(rules=large(id="huge"))[1] == (
        "Rule huge is new: if amount is above 100, then soft review, because: Above 100."
    )


def test_another_order_is_said_to_change_nothing() -> None:
    (change,) = differences.between(
        policy.parse_map(BODY), policy.parse_map({**BODY, "rules": BODY["rules"][::-1]})
    )

    assert change.kind is Kind.ORDER
    assert "changes no ruling" in change.sentence


def test_first_version_is_told_whole() -> None:
    kinds = [one.kind for one in differences.between(None, policy.parse_map(BODY))]

    assert kinds == [Kind.DEFAULT, *[Kind.FLOOR] * 4, Kind.ADDED, Kind.ADDED]


def test_lists_and_time_zone_are_told() -> None:
    words = {"words": {"kind": "keywords", "entries": ["sue", "lawyer"]}}
    fewer = {"words": {"kind": "keywords", "entries": ["sue", "court"]}}
    turned = {"words": {"kind": "keywords", "entries": ["lawyer", "sue"]}}

    def between(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
        before, after = (policy.parse_map({**BODY, "lists": one}) for one in (old, new))
        return [one.sentence for one in differences.between(before, after)]

    assert said(time_zone="Europe/Berlin") == [
        "Hours and days are those of Europe/Berlin; before, of UTC."
    ]
    assert between({}, words) == ["The list words is new, keywords: “sue”, “lawyer”."]
    assert between(words, {}) == ["The list words is gone."]
    assert between(words, fewer) == ["The list words gains “court” and loses “lawyer”."]
    assert between(words, turned) == [
        "The list words stands in another order, which changes no ruling."
    ]
