import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from governance import proofs
from governance.proofs import Budget, Undecided
from governance.situations import Situation
from handoffs import policy
from handoffs.signals import ActionType
from handoffs.states import Impact, Reversibility
from tests.handoffs import strategies

REFUND = ActionType(name="refund", impact=Impact.HIGH, reversibility=Reversibility.REVERSIBLE)


def a_map(*whens: dict[str, Any], if_missing: str = "fires", tier: str = "hard_approval") -> Any:
    return policy.parse_map(
        {
            "default": "autonomous",
            "rules": [
                {
                    "id": f"rule-{index}",
                    "tier": tier,
                    "when": when,
                    "because": "Reason",
                    "if_missing": if_missing,
                }
                for index, when in enumerate(whens)
            ],
        }
    )


def compare(signal: str, op: str, value: object) -> dict[str, Any]:
    return {"signal": signal, "op": op, "value": value}


@given(strategies.maps(), strategies.action_types, strategies.signal_sets, strategies.objects)
def test_what_is_proved_to_be_impossible_never_happens(
    body: dict[str, Any], action_type: ActionType, signals: Any, arguments: dict[str, Any]
) -> None:
    risk_map = policy.parse_map(body)
    ruling = policy.evaluate(risk_map, action_type.with_arguments(arguments), signals)
    fired = {one.id for one in ruling.fired}

    for goal in proofs.goals(risk_map):
        happened = goal if goal.rule.id in fired else goal.opposite
        try:
            found = proofs.find([happened], Situation(action_type), Budget())
        except Undecided:
            continue
        assert found is not None, "it just happened"


@given(strategies.maps(), strategies.action_types, st.data())
def test_what_is_found_meets_its_goals(
    body: dict[str, Any], action_type: ActionType, data: st.DataObject
) -> None:
    risk_map = policy.parse_map(body)
    goals = [g if data.draw(st.booleans()) else g.opposite for g in proofs.goals(risk_map)]
    try:
        found = proofs.find(goals, Situation(action_type), Budget())
    except Undecided:
        return
    if found is not None:
        fired = {one.id for one in found.ruling(risk_map).fired}
        for goal in goals:
            assert (goal.rule.id in fired) is goal.fires


def test_budget_bounds_the_search() -> None:
    choices = [
        {"any": [compare(f"values.a{i}", ">", 1), compare("values.b", "==", f"x{i}")]}
        for i in range(30)
    ]
    risk_map = a_map({"all": [*choices, compare("values.c", ">", 2), compare("values.c", "<", 1)]})
    budget = Budget(200)

    (goal,) = proofs.goals(risk_map)
    with contextlib.suppress(Undecided):
        proofs.find([goal], Situation(REFUND), budget)

    assert budget.left >= -1
