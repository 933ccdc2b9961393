"""Situations: all that one proposal brings to policy, flat, so that one value can be changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from handoffs import canonical, policy
from handoffs.evaluation import Facts
from handoffs.policy import RiskMap, Ruling
from handoffs.signals import CATALOGUE, WEEKDAYS, Action, ActionType, Signals

Path = tuple[str, ...]
ACTION_TYPE: Path = ("action_type",)
AT: Path = ("at",)
FIRST_SEEN: Path = ("first_seen",)
_SIGNALS = {one.name for one in fields(Signals)}
# what holds names of its own; of all others each is one value
NESTED = ("values", "arguments", "input", "brief")


@dataclass(frozen=True)
class Situation:
    """An action type and every value by its path: ("confidence",), ("arguments", "amount")."""

    type: ActionType
    values: Mapping[Path, Any] = field(default_factory=dict)
    zone: tzinfo = UTC

    def having(self, name: str, value: Any) -> "Situation":
        """Return the situation with another value behind a name; None takes it away.

        The time is one value: another hour is another moment of the same day.
        """
        if name.startswith("time."):
            name, value = "at", _moment(self.values.get(AT), self.zone, name, value)
        path = tuple(name.split("."))
        kept = {
            other: one
            for other, one in self.values.items()
            if other[: len(path)] != path and path[: len(other)] != other
        }
        if not _is_silence(path, value):
            kept[path] = value
        return replace(self, values=kept)

    def facts(self) -> Facts:
        return Facts(self.action(), self.signals(), self.zone)

    def ruling(self, risk_map: RiskMap) -> Ruling:
        return policy.evaluate(risk_map, self.action(), self.signals())

    def action(self) -> Action:
        return Action(
            type=self.type,
            arguments=self.nested("arguments"),
            at=self.values.get(AT),
            first_seen=self.values.get(FIRST_SEEN),
            input=self.nested("input") or None,
            brief=self.nested("brief") or None,
        )

    def signals(self) -> Signals:
        stated = {name: _frozen(value) for name, value in self.stated().items()}
        return Signals(**stated, values=self.nested("values"))

    def stated(self) -> dict[str, Any]:
        """Return the signals that are no open values, by name."""
        return {
            path[0]: value
            for path, value in self.values.items()
            if len(path) == 1 and path[0] in _SIGNALS
        }

    def nested(self, prefix: str) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for path, value in self.values.items():
            if path[0] == prefix and len(path) > 1:
                inner = tree
                for segment in path[1:-1]:
                    inner = inner.setdefault(segment, {})
                inner[path[-1]] = value
        return tree

    def items(self) -> dict[Path, str]:
        """Return every value, the action type among them, in a form that compares exactly."""
        spelled = {path: _spelled(value) for path, value in self.values.items()}
        return {ACTION_TYPE: self.type.name, **spelled}


def of(action_type: ActionType, given: Mapping[str, Any], zone: tzinfo = UTC) -> Situation:
    """Lay out what was given by name: signals, `arguments`, `values`, `input`, `brief`, `at`."""
    values = {
        path: value
        for name, whole in given.items()
        for path, value in (
            _leaves((name,), whole) if name in NESTED and whole is not None else [((name,), whole)]
        )
        if not _is_silence(path, value)
    }
    return Situation(action_type, values, zone)


def _moment(at: datetime | None, zone: tzinfo, name: str, value: Any) -> datetime | None:
    """Return the moment with another hour, or on another day of its week."""
    if value is None:
        return None
    local = at.astimezone(zone) if at else datetime(2030, 1, 9, 12, tzinfo=zone)
    if name == "time.weekday":
        return local + timedelta(days=WEEKDAYS.index(value) - local.weekday())
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(hours=value)


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping) and (value or len(path) == 1):
        for name, inner in value.items():
            yield from _leaves((*path, str(name)), inner)
    else:
        yield path, value


def _is_silence(path: Path, value: Any) -> bool:
    """Tell whether a value says no more than its absence does."""
    if value is None:
        return True
    expected = CATALOGUE.get(path[0]) if len(path) == 1 else None
    return expected is not None and not expected.unknown_when_missing and value in ((), [], 0)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _spelled(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    try:
        return canonical.encode(list(value) if isinstance(value, tuple) else value).decode()
    except canonical.NotCanonical:
        return repr(value)
