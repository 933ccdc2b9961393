"""What one page of the editor changes in a map's body: pure, and everything else stays."""

from collections.abc import Mapping, Sequence
from typing import Any

Body = dict[str, Any]
Cases = list[dict[str, Any]]


def rules(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(body.get("rules") or [])


def rule(body: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    return next((one for one in rules(body) if one.get("id") == name), None)


def with_rule(body: Mapping[str, Any], made: dict[str, Any], *, was: str | None) -> Body:
    """Put a rule in the place of the one called `was`, or last."""
    kept = rules(body)
    places = [index for index, one in enumerate(kept) if one.get("id") == was]
    if places:
        kept[places[0]] = made
    else:
        kept.append(made)
    return {**body, "rules": kept}


def without_rule(body: Mapping[str, Any], name: str) -> Body:
    return {**body, "rules": [one for one in rules(body) if one.get("id") != name]}


def moved(body: Mapping[str, Any], name: str, by: int) -> Body:
    """Move a rule one place up (-1) or down (1); at the end of the list it stays."""
    names = [str(one.get("id")) for one in rules(body)]
    if name not in names:
        return dict(body)
    at = names.index(name)
    to = min(max(at + by, 0), len(names) - 1)
    names.insert(to, names.pop(at))
    return ordered(body, names)


def ordered(body: Mapping[str, Any], names: Sequence[str]) -> Body:
    """Put the rules into this order; rules that it does not name follow as they stood."""
    place = {name: index for index, name in enumerate(names)}
    kept = rules(body)
    return {**body, "rules": sorted(kept, key=lambda one: place.get(one.get("id"), len(place)))}


def renamed_in_cases(cases: Sequence[Mapping[str, Any]], was: str | None, name: str) -> Cases:
    """Let cases that expect a rule expect it by its new name."""
    return [
        {**case, "rules": [name if one == was else one for one in case.get("rules") or []]}
        if was in (case.get("rules") or [])
        else dict(case)
        for case in cases
    ]


def with_list(body: Mapping[str, Any], name: str, made: dict[str, Any], *, was: str | None) -> Body:
    """Put a word list under its name; rules that use it under the old one follow."""
    lists = dict(body.get("lists") or {})
    if was is not None and was != name:
        lists.pop(was, None)
    changed: Body = {**body, "lists": {**lists, name: made}}
    if was is not None and was != name:
        changed["rules"] = [
            {**one, "when": _renamed(one.get("when"), was, name)} for one in rules(body)
        ]
    return changed


def without_list(body: Mapping[str, Any], name: str) -> Body:
    lists = {key: one for key, one in (body.get("lists") or {}).items() if key != name}
    return {**body, "lists": lists}


def _renamed(condition: Any, was: str, name: str) -> Any:
    if isinstance(condition, list):
        return [_renamed(one, was, name) for one in condition]
    if not isinstance(condition, Mapping):
        return condition
    return {
        key: name if key == "list" and value == was else _renamed_in(key, value, was, name)
        for key, value in condition.items()
    }


def _renamed_in(key: str, value: Any, was: str, name: str) -> Any:
    return _renamed(value, was, name) if key in ("all", "any", "not") else value


def entries(listed: Mapping[str, Any]) -> list[str]:
    return [str(one) for one in listed.get("entries") or ()]


def using_list(body: Mapping[str, Any], name: str) -> list[str]:
    """Name the rules that look into a word list."""
    return [str(one.get("id")) for one in rules(body) if name in _lists_of(one.get("when"))]


def _lists_of(condition: Any) -> set[str]:
    if isinstance(condition, list):
        return set().union(*(_lists_of(one) for one in condition))
    if not isinstance(condition, Mapping):
        return set()
    inner = (condition.get(key) for key in ("all", "any", "not"))
    own = {str(condition["list"])} if "list" in condition else set()
    return own.union(*(_lists_of(one) for one in inner))


def names_read(body: Mapping[str, Any]) -> set[str]:
    """Collect every name that the rules read."""
    found: set[str] = set()
    waiting: list[Any] = [one.get("when") for one in rules(body)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, Mapping):
            found |= {one[key] for key in ("signal", "missing") if isinstance(one.get(key), str)}
            found |= {name for name in one.get("fields") or () if isinstance(name, str)}
            waiting += [one[key] for key in ("all", "any", "not") if key in one]
    return found


def with_cases(cases: Sequence[Mapping[str, Any]], made: Sequence[Mapping[str, Any]]) -> Cases:
    """Add cases; one of a name that is taken gets a number."""
    names = {str(case.get("name")) for case in cases}
    added = [dict(case) for case in cases]
    for case in made:
        name, number = str(case.get("name")), 2
        while name in names:
            name, number = f"{case.get('name')} ({number})", number + 1
        names.add(name)
        added.append({**case, "name": name})
    return added
