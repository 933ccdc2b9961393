"""The condition builder as the template draws it: each control with name, choices and error."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from governance.admin import map_conditions, map_words
from governance.admin.map_conditions import JOINS, ROOT, SEVERAL, Group, Item, Leaf, Path, Raw
from governance.admin.map_vocabulary import ALL_WORDS, COMPARISONS, Kind, Name, Vocabulary
from handoffs import conditions
from handoffs.conditions import PolicyError

Choice = tuple[str, str, bool]
_READ_AS = (("number", "a number"), ("text", "a text"), ("truth", "yes or no"))


@dataclass(frozen=True, kw_only=True)
class Control:
    """One item of the builder. `shape` picks the template's branch, `entry` the kind of value."""

    shape: str
    path: str
    number: int
    of: int
    error: str = ""
    groups: tuple[tuple[str, tuple[Choice, ...]], ...] = ()
    rest: bool = False
    signal: str = ""
    hint: str = ""
    comparisons: tuple[Choice, ...] = ()
    entry: str = ""
    value: str = ""
    values: tuple[Choice, ...] = ()
    read_as: str = ""
    readings: tuple[Choice, ...] = ()
    lists: tuple[Choice, ...] = ()
    listed: bool = False
    also: str = ""
    may_also: bool = False
    json: str = ""
    sentence: str = ""
    joins: tuple[Choice, ...] = ()
    items: tuple["Control", ...] = field(default=())

    @property
    def name(self) -> str:
        return f"{ROOT}.{self.path}"

    @property
    def id(self) -> str:
        return "c-" + self.path.replace(".", "-")


@dataclass(frozen=True, kw_only=True)
class Builder:
    joins: tuple[Choice, ...]
    bare: bool
    items: tuple[Control, ...]
    error: str = ""


def builder(
    group: Group,
    vocabulary: Vocabulary,
    *,
    lists: Mapping[str, str],
    errors: Mapping[Path, str],
) -> Builder:
    """Lay out a state; `lists` are the map's word lists with their kind."""
    drawer = _Drawer(vocabulary, lists, errors)
    return Builder(
        joins=_joins(group.join),
        bare=group.bare,
        items=tuple(drawer.items(group.items, ())),
        error=errors.get((), ""),
    )


def _joins(chosen: str) -> tuple[Choice, ...]:
    return tuple((one, map_words.JOINS[one], one == chosen) for one in JOINS)


@dataclass(frozen=True)
class _Drawer:
    vocabulary: Vocabulary
    lists: Mapping[str, str]
    errors: Mapping[Path, str]

    def items(self, items: Sequence[Item], path: Path) -> Iterator[Control]:
        for index, item in enumerate(items):
            at = (*path, index)
            common = {
                "path": ".".join(map(str, at)),
                "number": index + 1,
                "of": len(items),
                "error": self.errors.get(at, ""),
            }
            match item:
                case Leaf():
                    yield self._leaf(item, common)
                case Raw(text=text):
                    yield Control(shape="raw", json=text, sentence=_said(item), **common)  # type: ignore[arg-type]
                case Group():
                    inner = tuple(self.items(item.items, at))
                    joins = _joins(item.join)
                    yield Control(shape="group", joins=joins, items=inner, **common)  # type: ignore[arg-type]

    def _leaf(self, leaf: Leaf, common: Mapping[str, object]) -> Control:
        name = self.vocabulary.find(leaf.signal) if leaf.signal else None
        entry = _entry(leaf, name)
        base = leaf.op.removeprefix("not:")
        return Control(
            shape="leaf",
            groups=self._groups(leaf.signal),
            signal=leaf.signal,
            rest=leaf.signal.endswith("."),
            hint=name.hint if name else "",
            comparisons=_comparisons(leaf, name),
            entry=entry,
            value=leaf.value,
            values=_values(leaf, name) if entry in ("choice", "choices") else (),
            read_as=leaf.read_as,
            readings=_readings(leaf) if name and name.kind is Kind.OPEN and entry else (),
            lists=self._lists(leaf) if base in SEVERAL else (),
            listed=bool(leaf.list),
            also=", ".join(leaf.also),
            may_also=base == "contains_any" and name is not None and name.kind is not Kind.LIST,
            **common,  # type: ignore[arg-type]
        )

    def _groups(self, chosen: str) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
        drawn = [
            (title, tuple((one.name, one.label, one.name == chosen) for one in names))
            for title, names in self.vocabulary.groups
        ]
        offered = {one.name for _, names in self.vocabulary.groups for one in names}
        if chosen and chosen not in offered:
            drawn.append(("Named in this map", ((chosen, chosen, True),)))
        return tuple(drawn)

    def _lists(self, leaf: Leaf) -> tuple[Choice, ...]:
        fitting = "watchlist" if leaf.op.endswith("in") else "keywords"
        names = [name for name, kind in self.lists.items() if kind == fitting or name == leaf.list]
        return tuple((name, name, name == leaf.list) for name in names)


def _comparisons(leaf: Leaf, name: Name | None) -> tuple[Choice, ...]:
    offered = COMPARISONS[name.kind] if name else ()
    drawn = [(op, words, op == leaf.op) for op, words in offered]
    if leaf.op and leaf.op not in dict(offered):
        words = ALL_WORDS.get(leaf.op, leaf.op.replace("not:", "not: "))
        drawn.append((leaf.op, words, True))
    return tuple(drawn)


def _entry(leaf: Leaf, name: Name | None) -> str:
    """Pick how the value is entered: nothing, number, text, truth, choice, choices or lines."""
    if name is None or leaf.op in ("", "missing", "given"):
        return ""
    several = leaf.op.removeprefix("not:") in SEVERAL
    if name.choices:
        return "choices" if several else "choice"
    if several:
        return "lines"
    return leaf.read_as if leaf.read_as in ("number", "truth") else "text"


def _values(leaf: Leaf, name: Name | None) -> tuple[Choice, ...]:
    chosen = leaf.value.split("\n")
    offered = [*(name.choices if name else ())]
    offered += [one for one in chosen if one and one not in offered]
    return tuple((one, one.replace("_", " "), one in chosen) for one in offered)


def _readings(leaf: Leaf) -> tuple[Choice, ...]:
    return tuple((one, words, one == leaf.read_as) for one, words in _READ_AS)


def _said(raw: Raw) -> str:
    try:
        return conditions.in_words(conditions.parse(map_conditions.to_json(raw)))
    except (PolicyError, map_conditions.Unfinished):
        return ""
