"""Everything that stands against what a map says, whoever signed it: pure, in sentences."""

from collections.abc import Sequence
from typing import Any

from governance import case, cases, lint
from handoffs import policy
from handoffs.policy import PolicyError, RiskMap
from handoffs.signals import ActionType

# a shadowed rule changes nothing and harms nobody; these say something else than they mean
BLOCKING = frozenset({"contradicts", "never_fires", "unknown_argument"})


def blocking(risk_map: RiskMap, action_types: Sequence[ActionType], listed: Any) -> list[str]:
    """Say what keeps a map with these cases from being published."""
    wrong = policy.problems(risk_map, action_types)
    found = lint.findings(risk_map, action_types)
    wrong += [one.sentence for one in found if one.kind in BLOCKING]
    try:
        made = case.parse_all(listed)
    except PolicyError as error:
        return [*dict.fromkeys(wrong), str(error)]
    results = [cases.check(risk_map, action_types, one) for one in made]
    wrong += [result.sentence for result in results if not result.passed]
    never = {rule for one in found if one.kind == "never_fires" for rule in one.rules}
    wrong += [
        sentence
        for sentence in cases.uncovered(risk_map, action_types, made)
        if not any(sentence.startswith(f"Rule {rule} can never fire") for rule in never)
    ]
    return [*dict.fromkeys(wrong)]


def warnings(risk_map: RiskMap, action_types: Sequence[ActionType]) -> list[str]:
    """Name what is worth knowing when a draft is saved, and does not keep it from being used."""
    found = lint.findings(risk_map, action_types)
    return [one.sentence for one in found if one.kind not in BLOCKING]
