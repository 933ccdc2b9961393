"""What changes from one version of a risk tier map to another, in sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from handoffs import canonical, conditions
from handoffs.conditions import WordList
from handoffs.policy import IfMissing, RiskMap, Rule
from handoffs.states import Impact, Reversibility, Tier

# of a list, so that a sentence stays one
_SHOWN = 10


class Kind(StrEnum):
    """What a change is about."""

    DEFAULT = "default"
    FLOOR = "floor"
    ADDED = "rule_added"
    REMOVED = "rule_removed"
    CHANGED = "rule_changed"
    ORDER = "order"
    LIST = "list"
    TIME_ZONE = "time_zone"


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
    parts = (_default, _floors, _time_zone, _lists, _rules, _order)
    return [change for part in parts for change in part(old, new)]


def _first(new: RiskMap) -> Iterator[Change]:
    yield Change(kind=Kind.DEFAULT, sentence=f"Every action starts at {_say(new.default)}.")
    for name, cell in _CELLS.items():
        floor = _say(getattr(new.floors, cell))
        yield Change(kind=Kind.FLOOR, sentence=f"What is {name} never goes below {floor}.")
    if new.time_zone != "UTC":
        yield Change(kind=Kind.TIME_ZONE, sentence=f"Hours and days are those of {new.time_zone}.")
    yield from map(_new_list, new.lists.items())
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


def _time_zone(old: RiskMap, new: RiskMap) -> Iterator[Change]:
    if old.time_zone != new.time_zone:
        yield Change(
            kind=Kind.TIME_ZONE,
            sentence=f"Hours and days are those of {new.time_zone}; before, of {old.time_zone}.",
        )


def _lists(old: RiskMap, new: RiskMap) -> Iterator[Change]:
    for name in old.lists:
        if name not in new.lists:
            yield Change(kind=Kind.LIST, sentence=f"The list {name} is gone.")
    for name, after in new.lists.items():
        before = old.lists.get(name)
        if before is None:
            yield _new_list((name, after))
        elif before != after:
            yield Change(
                kind=Kind.LIST, sentence=f"The list {name} {_changed_list(before, after)}."
            )


def _new_list(named: tuple[str, WordList]) -> Change:
    name, made = named
    sentence = f"The list {name} is new, {made.kind}: {_some(made.entries)}."
    return Change(kind=Kind.LIST, sentence=sentence)


def _changed_list(before: WordList, after: WordList) -> str:
    said = []
    gained = [entry for entry in after.entries if entry not in before.entries]
    lost = [entry for entry in before.entries if entry not in after.entries]
    if before.kind is not after.kind:
        said.append(f"holds {after.kind} instead of {before.kind}")
    if gained:
        said.append(f"gains {_some(gained)}")
    if lost:
        said.append(f"loses {_some(lost)}")
    return " and ".join(said) or "stands in another order, which changes no ruling"


def _some(entries: Sequence[str]) -> str:
    shown = ", ".join(f"“{entry}”" for entry in entries[:_SHOWN])
    more = len(entries) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


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
