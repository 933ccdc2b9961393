"""What pages over a map have in common: its head, its rules as sentences, what is wrong."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance import differences, lint, maps
from governance.admin import map_changes, map_door, map_words
from governance.differences import Change
from handoffs import conditions, policy
from handoffs.models import RiskTierMap
from handoffs.policy import PolicyError, RiskMap
from handoffs.signals import ActionType
from handoffs.states import Impact, Reversibility

_RULE = re.compile(r"\b[Rr]ules? ([a-z0-9][a-z0-9-]*)")


@dataclass(frozen=True, kw_only=True)
class Head:
    """What every page over a map begins with."""

    pk: int
    workflow: str
    version: int
    standing: str
    tone: str
    edition: int
    url: str
    versions_url: str
    editable: bool

    @property
    def name(self) -> str:
        return f"{self.workflow}, version {self.version}"


@dataclass(frozen=True, kw_only=True)
class RuleLine:
    """One rule as a sentence; `said` says in plain words what is wrong with it."""

    id: str
    when: str
    tier: str
    tier_name: str
    because: str
    if_missing: str
    url: str
    said: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Floor:
    impact: str
    reversibility: str
    tier: str
    tier_name: str


@dataclass(frozen=True, kw_only=True)
class WordList:
    name: str
    kind: str
    entries: tuple[str, ...]
    url: str

    @property
    def first(self) -> tuple[str, ...]:
        return self.entries[:8]

    @property
    def more(self) -> int:
        return max(0, len(self.entries) - 8)


def head(request: Any, map: RiskTierMap, now: datetime) -> Head:
    words, tone = map_words.standing(maps.standing(map, now))
    return Head(
        pk=map.pk,
        workflow=map.workflow.name,
        version=map.version,
        standing=words,
        tone=tone,
        edition=map.edition,
        url=map_door.url("change", map.pk),
        versions_url=map_door.url("versions", map.workflow_id),
        editable=map_door.is_editable(request, map),
    )


def read(map: RiskTierMap) -> tuple[RiskMap | None, str]:
    """Return the map as policy reads it, or why it cannot."""
    try:
        return policy.parse_map(map.body, version=map.version), ""
    except PolicyError as error:
        return None, in_words(error, map.body)


def in_words(error: PolicyError, body: Mapping[str, Any]) -> str:
    """Say which rule a path leads to, by its name where it has one: `Rule large-fee, when.op: `."""
    parts = error.path.split(".")
    kept = map_changes.rules(body) if isinstance(body.get("rules"), list) else []
    if len(parts) < 2 or parts[0] != "rules" or int(parts[1]) >= len(kept):
        return f"{error.path}: {error.reason}" if error.path else error.reason
    rule = kept[int(parts[1])]
    name = rule.get("id") if isinstance(rule, dict) else None
    rest = ".".join(parts[2:])
    return f"Rule {name or int(parts[1]) + 1}{', ' + rest if rest else ''}: {error.reason}"


def rule_lines(
    map: RiskTierMap, risk_map: RiskMap, said: Mapping[str, Sequence[str]]
) -> tuple[RuleLine, ...]:
    return tuple(
        RuleLine(
            id=rule.id,
            when=conditions.in_words(rule.when),
            tier=map_words.TIERS[rule.tier],
            tier_name=rule.tier.value,
            because=rule.because,
            if_missing=map_words.IF_MISSING[rule.if_missing],
            url=map_door.url("rule", map.pk, rule.id),
            said=tuple(said.get(rule.id, ())),
        )
        for rule in risk_map.rules
    )


def findings(
    risk_map: RiskMap, types: Sequence[ActionType], problems: Sequence[str]
) -> tuple[dict[str, list[str]], list[str]]:
    """Put every sentence where it belongs: to the rules it names, or to the whole map."""
    names = {rule.id for rule in risk_map.rules}
    at: dict[str, list[str]] = defaultdict(list)
    whole: list[str] = []
    for finding in lint.findings(risk_map, types):
        # what changes nothing is the first it names; of a contradiction both are shown
        both = finding.kind is lint.Kind.CONTRADICTS
        for name in finding.rules if both else finding.rules[:1]:
            at[name].append(finding.sentence)
    linted = {sentence for sentences in at.values() for sentence in sentences}
    for sentence in dict.fromkeys(problems):
        if sentence in linted:
            continue
        named = [name for name in _RULE.findall(sentence) if name in names]
        if named:
            at[named[0]].append(sentence)
        else:
            whole.append(sentence)
    return at, whole


def floors(risk_map: RiskMap) -> tuple[Floor, ...]:
    return tuple(
        Floor(
            impact=impact.value,
            reversibility=kind.value,
            tier=map_words.TIERS[getattr(risk_map.floors, f"{impact}_{kind}")],
            tier_name=getattr(risk_map.floors, f"{impact}_{kind}").value,
        )
        for impact in Impact
        for kind in Reversibility
    )


def word_lists(map: RiskTierMap) -> tuple[WordList, ...]:
    return tuple(
        WordList(
            name=name,
            kind=str(one.get("kind", "keywords")),
            entries=tuple(map_changes.entries(one)),
            url=map_door.url("list", map.pk, name),
        )
        for name, one in sorted((map.body.get("lists") or {}).items())
    )


def changes(old: RiskMap | None, new: RiskMap) -> list[Change]:
    return differences.between(old, new)


def in_force(map: RiskTierMap, now: datetime) -> RiskTierMap | None:
    """Return the version that rules at this moment, if another one does."""
    return map.workflow.maps.in_force(now).exclude(pk=map.pk).first()
