"""Facts in their types: what the agent says, and what exactly it wants to do, side by side."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reviews.pages.lookup import Lookup
from reviews.pages.text import marked
from reviews.pages.values import Value, label, structure, value

# 4.0 is 4
FRACTION = re.compile(r"-?\d+\.\d+")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """`name` is the argument's own name where the fact is one, `label` what people read."""

    label: str
    value: Value
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class FactGroup:
    """Facts from one source; `title` is what their labels had in common.

    `exact` ones are not the agent's words: they are the stored arguments, which it acts on. Those
    `aside` are about another thing of the kind that is acted on.
    """

    title: str
    source: str
    facts: tuple[Fact, ...]
    exact: bool = False
    aside: bool = False


def fact_groups(
    facts: Iterable[Mapping[str, Any]], arguments: Iterable[Fact] = ()
) -> tuple[FactGroup, ...]:
    """Gather facts by source; one that only repeats an argument is shown as that argument.

    What the action is about comes first: then the groups that name what it acts on, then the rest,
    each as the agent ordered them.
    """
    exact = {label(fact.name).casefold(): fact for fact in arguments}
    repeated: dict[str, Fact] = {}
    gathered: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        name = marked(fact.get("label", ""))
        found = exact.get(name.casefold())
        if found is not None and _repeats(fact.get("value"), found.value):
            repeated[found.name] = found
            continue
        head, colon, tail = name.partition(": ")
        title, name = (head, tail) if colon and tail else ("", name)
        shown = value(fact.get("value"), str(fact.get("kind") or "text"))
        source = marked(fact.get("source") or "")
        gathered.setdefault((title, source), []).append(Fact(label=label(name), value=shown))
    groups = [
        FactGroup(title=title, source=source, facts=tuple(group))
        for (title, source), group in gathered.items()
    ]
    acted_on = {text for fact in exact.values() for text in _ids(fact.value)}
    groups = _nearest_first(groups, acted_on)
    acting = tuple(fact for fact in exact.values() if fact.name in repeated)
    first = [FactGroup(title="", source="", facts=acting, exact=True)] if acting else []
    return (*first, *groups)


def _nearest_first(groups: list[FactGroup], acted_on: set[str]) -> list[FactGroup]:
    """Put what the action is about first; others of the same kind, another order, stand aside."""
    near = [one for one in groups if acted_on & {*one.title.split(), *one.source.split("/")}]
    kinds = {one.title.split()[0] for one in near if one.title.split()}
    rest = [
        replace(one, aside=bool(one.title.split()) and one.title.split()[0] in kinds)
        for one in groups
        if one not in near
    ]
    return [*near, *sorted(rest, key=lambda one: one.aside)]


def arguments_view(
    arguments: Mapping[str, Any],
    schema: Mapping[str, Any],
    *,
    facts: Iterable[Mapping[str, Any]],
    known: Lookup,
) -> tuple[Fact, ...]:
    """Show exactly what the agent will do, under the schema's titles.

    Storing loses the order: first as the agent's facts have it, then what is required.
    """
    named = schema.get("properties") or {}
    as_fact = {str(fact.get("label", "")).casefold(): fact for fact in facts}
    keys = in_order(arguments, schema, list(as_fact))
    now = known.now(arguments)
    shown = []
    for key in keys:
        told = as_fact.get(label(key).casefold(), {})
        argument = _in_order(arguments[key], structure(told.get("value")))
        typed = value(argument, _kind(named.get(key, {}), told, argument))
        found = known.annotate(typed)
        if note := now.get(key) or known.origin(found):
            found = replace(found, note=note.text, note_source=note.source)
        title = marked(named.get(key, {}).get("title") or label(key))
        shown.append(Fact(label=title, value=replace(found, sent=_plain(arguments[key])), name=key))
    return tuple(shown)


def in_order(
    arguments: Iterable[str], schema: Mapping[str, Any], told: Iterable[str] = ()
) -> list[str]:
    """Order argument names as people would tell them; JSON objects in the database have none."""
    places: dict[str, int] = {}
    for place, name in enumerate([*told, *schema.get("required", ())]):
        places.setdefault(label(name).casefold(), place)
    return sorted(arguments, key=lambda name: places.get(label(name).casefold(), len(places)))


def _in_order(argument: Any, like: Any) -> Any:
    """Put an argument's keys in the order in which the agent told the same thing as a fact."""
    if isinstance(argument, dict) and isinstance(like, dict):
        keys = [*(key for key in like if key in argument), *(key for key in argument)]
        return {key: _in_order(argument[key], like.get(key)) for key in dict.fromkeys(keys)}
    if isinstance(argument, list) and isinstance(like, list) and like:
        return [_in_order(item, like[0]) for item in argument]
    return argument


def _kind(schema: Mapping[str, Any], told: Mapping[str, Any], argument: Any) -> str:
    """Return the declared type: by the schema, else as the agent calls the same fact."""
    declared = {"date": "date", "date-time": "date", "time": "time", "uri": "link"}.get(
        str(schema.get("format"))
    )
    same = not isinstance(argument, dict | list) and str(told.get("value")) == str(argument)
    return declared or (str(told.get("kind") or "text") if same else "text")


def _repeats(raw: Any, argument: Value) -> bool:
    """Tell whether a fact says no more than the argument of its name, or only its beginning."""
    cut = value(raw).cut or str(raw).endswith("…")
    return cut or _plain(raw) == argument.sent


def _plain(raw: Any) -> str:
    """Print a value so that the same JSON is the same text, however it was sent."""
    found = structure(raw)
    if found is None:
        text = str(raw).strip().casefold()
        return text.rstrip("0").rstrip(".") if FRACTION.fullmatch(text) else text
    return json.dumps(found, sort_keys=True, ensure_ascii=False).casefold()


def _ids(found: Value) -> set[str]:
    """Return every id in a value: what the action is about."""
    own = {found.text} if found.kind == "id" else set()
    inner = [*found.items, *(item for _, item in found.pairs)]
    return own.union(*(_ids(item) for item in inner))
