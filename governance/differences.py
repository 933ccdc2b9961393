"""What changes from one version of a risk tier map to another, in sentences."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from handoffs import canonical, conditions
from handoffs.policy import IfMissing, RiskMap, Rule
from handoffs.states import Impact, Reversibility, Tier


class Kind(StrEnum):
    """What a change is about."""

    DEFAULT = "default"
    FLOOR = "floor"
    ADDED = "rule_added"
    REMOVED = "rule_removed"
    CHANGED = "rule_changed"
    ORDER = "order"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change; `rule` is empty for what concerns the whole map."""

    kind: Kind
    rule: str = ""
    sentence: str


def between(old: RiskMap | None, new: RiskMap) -> list[Change]:
    """Say what changes from `old`, if there is one, to `new`; empty when nothing does."""
    if old is None:
        return [*_first(new)]
    return [*_default(old, new), *_floors(old, new), *_rules(old, new), *_order(old, new)]


def _first(new: RiskMap) -> Iterator[Change]:
    yield Change(kind=Kind.DEFAULT, sentence=f"Every action starts at {_say(new.default)}.")
    for name, cell in _CELLS.items():
        floor = _say(getattr(new.floors, cell))
        yield Change(kind=Kind.FLOOR, sentence=f"What is {name} never goes below {floor}.")
    yield from map(_added, new.rules)


def _default(old: RiskMap, new: RiskMap) -> Iterator[Change]:
    if old.default is not new.default:
        yield Change(
            kind=Kind.DEFAULT,
            sentence=f"Every action starts at {_say(new.default)}; before, at {_say(old.default)}.",
        )


_CELLS = {
    f"of {impact} impact and {kind}": f"{impact}_{kind}"
    for impact in Impact
    for kind in Reversibility
}


def _floors(old: RiskMap, new: RiskMap) -> Iterator[Change]:
    for name, cell in _CELLS.items():
        before, after = getattr(old.floors, cell), getattr(new.floors, cell)
        if before is not after:
            yield Change(
                kind=Kind.FLOOR,
                sentence=f"What is {name} never goes below {_say(after)}; before, {_say(before)}.",
            )


def _rules(old: RiskMap, new: RiskMap) -> Iterator[Change]:
    before = {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    for rule in old.rules:
        if rule.id not in after:
            sentence = f"Rule {rule.id} is gone. It was: {_whole(rule)}"
            yield Change(kind=Kind.REMOVED, rule=rule.id, sentence=sentence)
    for rule in new.rules:
        if rule.id not in before:
            yield _added(rule)
        else:
            for said in _changed(before[rule.id], rule):
                sentence = f"Rule {rule.id} {said}"
                yield Change(kind=Kind.CHANGED, rule=rule.id, sentence=sentence)


def _added(rule: Rule) -> Change:
    return Change(kind=Kind.ADDED, rule=rule.id, sentence=f"Rule {rule.id} is new: {_whole(rule)}")


def _whole(rule: Rule) -> str:
    missing = "" if rule.if_missing is IfMissing.FIRES else f" {_MISSING[rule.if_missing]}"
    return (
        f"if {conditions.in_words(rule.when)}, then {_say(rule.tier)}, because: "
        f"{rule.because.rstrip('.')}.{missing}"
    )


_MISSING = {
    IfMissing.FIRES: "When what it reads is not given, it fires.",
    IfMissing.DOES_NOT_FIRE: "When what it reads is not given, it does not fire.",
}


def _changed(old: Rule, new: Rule) -> Iterator[str]:
    if old.tier is not new.tier:
        yield f"asks for {_say(new.tier)}; before, for {_say(old.tier)}."
    if _written(old) != _written(new):
        before, after = conditions.in_words(old.when), conditions.in_words(new.when)
        if before == after:
            yield f"is written differently and still says: {after}."
        else:
            yield f"fires when {after}; before, when {before}."
    if old.because != new.because:
        yield f"gives as its reason “{new.because}”; before, “{old.because}”."
    if old.if_missing is not new.if_missing:
        yield f"changes what silence means. {_MISSING[new.if_missing]} Before, it was the opposite."


def _written(rule: Rule) -> Any:
    return canonical.encode(conditions.to_json(rule.when))


def _order(old: RiskMap, new: RiskMap) -> Iterator[Change]:
    before = [rule.id for rule in old.rules]
    after = [rule.id for rule in new.rules]
    stayed = set(before) & set(after)
    if [id for id in before if id in stayed] != [id for id in after if id in stayed]:
        yield Change(
            kind=Kind.ORDER,
            sentence="The rules stand in another order, which changes no ruling.",
        )


def _say(tier: Tier) -> str:
    return tier.replace("_", " ")
