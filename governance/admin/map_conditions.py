"""A condition as a form: two levels of groups in fields, whatever is deeper kept as JSON.

`from_json`, `fields`, `from_post` and `to_json` in turn give the tree one began with. What the
fields could not carry (depth, a line break inside a keyword) is carried as JSON text instead, so
that a map which came from a file loses nothing by being edited here.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from governance.admin.map_vocabulary import COMPARISONS, Kind, Vocabulary
from handoffs import strict_json
from handoffs.strict_json import JsonRefused

ROOT = "when"
SEVERAL = ("in", "contains_any")
JOINS = ("all", "any", "none", "not-all")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_ITEM = re.compile(rf"{ROOT}((?:\.\d{{1,6}}){{1,2}})\.is")

Path = tuple[int, ...]


class Unfinished(ValueError):
    """A form that does not say a condition yet, with the item and what it lacks."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """One comparison as it is typed; `read_as` tells 200 from “200”."""

    signal: str = ""
    op: str = ""
    value: str = ""
    read_as: str = "text"
    list: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Raw:
    """A condition that has no fields here, as JSON."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """Conditions joined; a bare one stands for its only item alone."""

    join: str = "all"
    items: tuple["Item", ...] = ()
    bare: bool = False


Item = Leaf | Raw | Group
EMPTY = Group(bare=True, items=(Leaf(),))


def from_json(tree: Mapping[str, Any]) -> Group:
    """Read a condition into the form's state."""
    group = _group(tree, depth=1)
    return group if group is not None else Group(bare=True, items=(_item(tree, depth=2),))


def _group(tree: Any, depth: int) -> Group | None:
    join = "all"
    if isinstance(tree, Mapping) and set(tree) == {"not"}:
        tree, join = tree["not"], "none"
    if not isinstance(tree, Mapping) or set(tree) not in ({"all"}, {"any"}):
        return None
    (key,) = tree
    joins = {("all", "all"): "all", ("any", "all"): "any", ("any", "none"): "none"}
    return Group(
        join=joins.get((key, join), "not-all"),
        items=tuple(_item(one, depth + 1) for one in tree[key]),
    )


def _item(tree: Any, depth: int) -> Item:
    if depth == 2:
        group = _group(tree, depth)
        if group is not None:
            return group
    leaf = _leaf(tree)
    return leaf if leaf is not None and _survives(leaf, tree) else _raw(tree)


def _raw(tree: Any) -> Raw:
    # escaped, so that no browser changes a line end or drops half a character
    return Raw(text=json.dumps(tree))


def _leaf(tree: Any) -> Leaf | None:
    if not isinstance(tree, Mapping):
        return None
    keys = set(tree)
    if keys == {"missing"}:
        return Leaf(signal=str(tree["missing"]), op="missing")
    if keys == {"not"}:
        inner = _leaf(tree["not"])
        if inner is None or inner.op.startswith("not:") or inner.op == "given":
            return None
        return replace(inner, op="given" if inner.op == "missing" else f"not:{inner.op}")
    if not {"op"} < keys <= {"signal", "fields", "op", "value", "list"}:
        return None
    names = tree.get("fields") or [tree.get("signal")]
    shown = tree.get("value")
    listed = shown if isinstance(shown, list) else [shown]
    return Leaf(
        signal=str(names[0]),
        also=tuple(str(name) for name in names[1:]),
        op=str(tree["op"]),
        list=str(tree.get("list", "")),
        value="" if shown is None else "\n".join(map(_shown, listed)),
        read_as="text" if shown is None else _read_as(listed[0] if listed else ""),
    )


def _survives(leaf: Leaf, tree: Any) -> bool:
    """Tell whether the fields of a browser bring a comparison back exactly, kinds included."""
    try:
        # as texts: 1, 1.0 and True are different values here, and the order of keys is none
        return _canonical(to_json(_posted(leaf))) == _canonical(tree)
    except (Unfinished, ValueError):
        return False


def _canonical(tree: Any) -> str:
    return json.dumps(tree, sort_keys=True)


def _posted(leaf: Leaf) -> Leaf:
    if any("," in name or name != name.strip() for name in (leaf.signal, *leaf.also)):
        raise Unfinished((), "A name with a comma.")
    between = "\n" if leaf.op.removeprefix("not:") in SEVERAL else ""
    return replace(leaf, value=between.join(re.split("\r\n|\r|\n", leaf.value)))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value)


def _read_as(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    return "text" if isinstance(value, str) else "number"


def to_json(item: Item, path: Path = ()) -> dict[str, Any]:
    """Write the state as the map keeps it, or raise Unfinished naming what lacks where."""
    match item:
        case Leaf():
            return _leaf_json(item, path)
        case Raw(text=text):
            return _raw_json(text, path)
    if item.bare and len(item.items) == 1:
        return to_json(item.items[0], (*path, 0))
    if not item.items:
        raise Unfinished(path, "A group holds at least one condition. Add one, or remove it.")
    inner = [to_json(one, (*path, index)) for index, one in enumerate(item.items)]
    joined = {"all" if item.join in ("all", "not-all") else "any": inner}
    return {"not": joined} if item.join in ("none", "not-all") else joined


def _raw_json(text: str, path: Path) -> dict[str, Any]:
    try:
        read = strict_json.parse(text.encode())
    except (JsonRefused, UnicodeEncodeError) as refused:
        raise Unfinished(path, str(refused)) from None
    if not isinstance(read, dict):
        raise Unfinished(path, "A condition is an object in JSON.")
    return read


def _leaf_json(leaf: Leaf, path: Path) -> dict[str, Any]:
    if not leaf.signal or leaf.signal.endswith("."):
        raise Unfinished(path, "Choose what is compared.")
    if not leaf.op:
        raise Unfinished(path, "Choose how it is compared.")
    negated = leaf.op.startswith("not:") or leaf.op == "given"
    op = "missing" if leaf.op == "given" else leaf.op.removeprefix("not:")
    if op == "missing":
        said: dict[str, Any] = {"missing": leaf.signal}
    elif leaf.also:
        said = {"fields": [leaf.signal, *leaf.also], "op": op, **_compared(leaf, op, path)}
    else:
        said = {"signal": leaf.signal, "op": op, **_compared(leaf, op, path)}
    return {"not": said} if negated else said


def _compared(leaf: Leaf, op: str, path: Path) -> dict[str, Any]:
    if leaf.list and op in SEVERAL:
        return {"list": leaf.list}
    if op not in SEVERAL:
        return {"value": _scalar(leaf.value.strip(), leaf.read_as, path)}
    lines = [line.strip() for line in leaf.value.replace("\r\n", "\n").split("\n")]
    return {"value": [_scalar(line, leaf.read_as, path) for line in lines if line]}


def _scalar(text: str, read_as: str, path: Path) -> Any:
    if not text:
        raise Unfinished(path, "Say what it is compared with.")
    if read_as == "truth":
        if text not in ("yes", "no"):
            raise Unfinished(path, "Choose yes or no.")
        return text == "yes"
    if read_as != "number":
        return text
    if not _NUMBER.fullmatch(text):
        raise Unfinished(path, f"“{text:.40}” is not a number. Write it as 200 or 0.75.")
    return json.loads(text) if _is_plain(text) else float(text)


def _is_plain(text: str) -> bool:
    return not re.match(r"-?0\d", text)


def fields(group: Group) -> Iterator[tuple[str, str]]:
    """Give the fields, in the order of the page, that stand for a state."""
    yield f"{ROOT}.join", group.join
    yield f"{ROOT}.bare", "1" if group.bare else ""
    yield from _item_fields(group.items, ROOT)


def _item_fields(items: Sequence[Item], prefix: str) -> Iterator[tuple[str, str]]:
    for index, item in enumerate(items):
        at = f"{prefix}.{index}"
        match item:
            case Leaf():
                yield f"{at}.is", "leaf"
                yield f"{at}.signal", item.signal
                yield f"{at}.op", item.op
                yield f"{at}.value", item.value
                yield f"{at}.as", item.read_as
                yield f"{at}.list", item.list
                yield f"{at}.also", ", ".join(item.also)
            case Raw():
                yield f"{at}.is", "raw"
                yield f"{at}.json", item.text
            case Group():
                yield f"{at}.is", "group"
                yield f"{at}.join", item.join
                yield from _item_fields(item.items, at)


def from_post(posted: Mapping[str, str], vocabulary: Vocabulary | None = None) -> Group:
    """Read the fields; items stand in the order in which the page sent them."""
    places = [match[1][1:] for name in posted if (match := _ITEM.fullmatch(name))]
    top = [at for at in places if "." not in at]
    items: list[Item] = []
    for at in top:
        inner = [one for one in places if one.startswith(f"{at}.")]
        items.append(_read_item(posted, at, inner, vocabulary))
    return Group(
        join=_join(posted.get(f"{ROOT}.join", "")),
        items=tuple(items),
        bare=bool(posted.get(f"{ROOT}.bare")) and len(items) == 1,
    )


def _read_item(
    posted: Mapping[str, str], at: str, inner: Iterable[str], vocabulary: Vocabulary | None
) -> Item:
    def typed(name: str) -> str:
        return posted.get(f"{ROOT}.{at}.{name}", "")

    if typed("is") == "raw":
        return Raw(text=typed("json"))
    if typed("is") == "group":
        items = tuple(_read_item(posted, one, (), vocabulary) for one in inner)
        return Group(join=_join(typed("join")), items=items)
    signal = typed("signal")
    if signal.endswith(".") and typed("rest").strip():
        signal += typed("rest").strip()
    leaf = Leaf(
        signal=signal,
        op=typed("op"),
        value=typed("value").replace("\r\n", "\n"),
        read_as=typed("as") or "text",
        list=typed("list"),
        also=tuple(name.strip() for name in typed("also").split(",") if name.strip()),
    )
    if vocabulary is None or signal == typed("for"):
        return leaf
    return _fitted(leaf, vocabulary)


def _fitted(leaf: Leaf, vocabulary: Vocabulary) -> Leaf:
    """Follow a newly chosen signal: a comparison that does not fit it is chosen anew."""
    kind = vocabulary.find(leaf.signal).kind
    offered = [op for op, _ in COMPARISONS[kind]]
    read_as = {Kind.NUMBER: "number", Kind.CLOCK: "number", Kind.TRUTH: "truth"}.get(kind, "text")
    if kind is Kind.OPEN:
        read_as = "number" if _NUMBER.fullmatch(leaf.value.strip()) else leaf.read_as
    op = leaf.op if leaf.op in offered else (offered[0] if leaf.signal else "")
    return replace(leaf, op=op, read_as=read_as)


def _join(text: str) -> str:
    return text if text in JOINS else "all"


def path_of(text: str) -> Path:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def act(group: Group, do: str) -> Group:
    """Carry out one button: `add:2`, `group:`, `remove:2.1`, `up:0`, `down:0`."""
    verb, _, at = do.partition(":")
    path = path_of(at)
    match verb:
        case "add":
            return _with_items(group, path, lambda items: (*items, Leaf()))
        case "group":
            added = Group(join="any", items=(Leaf(),))
            return _with_items(group, (), lambda items: (*items, added))
        case "remove" if path:
            return _with_items(group, path[:-1], lambda items: _without(items, path[-1]))
        case "up" | "down" if path:
            by = -1 if verb == "up" else 1
            return _with_items(group, path[:-1], lambda items: _moved(items, path[-1], by))
    return group


def _with_items(group: Group, path: Path, change: Any) -> Group:
    if not path:
        items = change(group.items)
        return replace(group, items=items, bare=group.bare and len(items) == 1)
    index = path[0]
    if index >= len(group.items) or not isinstance(inner := group.items[index], Group):
        return group
    changed = replace(inner, items=change(inner.items))
    return replace(group, items=(*group.items[:index], changed, *group.items[index + 1 :]))


def _without(items: tuple[Item, ...], index: int) -> tuple[Item, ...]:
    return items[:index] + items[index + 1 :]


def _moved(items: tuple[Item, ...], index: int, by: int) -> tuple[Item, ...]:
    to = index + by
    if not 0 <= to < len(items) or not 0 <= index < len(items):
        return items
    rest = _without(items, index)
    return (*rest[:to], items[index], *rest[to:])


def place(group: Group, dotted: str) -> Path:
    """Find the item that a path of the policy language leads to: `when.all.2.value` → (2,)."""
    steps = dotted.split(".")
    for last in ("value", "fields", "signal", "op", "missing", "list"):
        if last in steps:
            steps = steps[: steps.index(last)]
    numbers = tuple(int(step) for step in steps if step.isdigit())
    if group.bare and len(group.items) == 1:
        numbers = (0, *numbers)
    path: Path = ()
    here: Item = group
    for number in numbers:
        if not isinstance(here, Group) or number >= len(here.items):
            break
        path, here = (*path, number), here.items[number]
    return path
