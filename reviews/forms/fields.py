"""The controls of a form over an action's arguments, made from its JSON Schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reviews.forms.shapes import Shape, raw, resolved, shape, shown, type_of
from reviews.pages.changes import MISSING
from reviews.pages.facts import in_order
from reviews.pages.text import marked
from reviews.pages.values import label as humanise

# name of the button that adds a row, and what a list says of itself: how many rows it shows
ADD = "~add"
ROWS = "~rows"
OUT = "~out"
MOST_ROWS = 100


@dataclass(frozen=True, kw_only=True)
class Field:
    """One control: `kind` picks the template's branch, `children` are a group's own fields.

    `choices` are value, label and whether it is chosen. `adds` says that a row can be added.
    """

    kind: str
    name: str
    label: str
    value: str = ""
    was: str = ""
    checked: bool = False
    choices: tuple[tuple[str, str, bool], ...] = ()
    hint: str = ""
    required: bool = False
    error: str = ""
    children: tuple["Field", ...] = ()
    adds: bool = False
    added: bool = False

    @property
    def id(self) -> str:
        return "f-" + "".join(c if c.isalnum() else f"-{ord(c)}-" for c in self.name)

    @property
    def compound(self) -> bool:
        return self.kind in ("group", "money", "rows", "row", "checks")


def joined(*parts: object) -> str:
    head, *others = (str(part) for part in parts)
    return "/".join([head, *(part.replace("~", "~0").replace("/", "~1") for part in others)])


def members(schema: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """Pair each property with its schema; what the schema does not name is taken as it is."""
    named = dict(schema.get("properties") or {})
    found = named | {key: {} for key in value if key not in named}
    # objects in the database have no order: a schema can say its own
    told = [key for key in schema.get("x-order", ()) if key in found]
    return {key: found[key] for key in dict.fromkeys([*told, *in_order(found, schema)])}


def row_count(name: str, given: int, typed: Mapping[str, str] | None) -> int:
    """Say how many rows the form shows: those that were there, and those that were added to it."""
    if typed is None:
        return given
    told = typed.get(name + ROWS, "")
    count = int(told) if told.isascii() and told.isdecimal() and len(told) < 4 else given
    return min(max(given, count + (typed.get(ADD) == name)), max(given, MOST_ROWS))


def fields(
    schema: Mapping[str, Any],
    arguments: Mapping[str, Any],
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    adds: bool = False,
) -> tuple[Field, ...]:
    """Return the form over `arguments`; with `typed`, as it was filled in.

    `adds`: the page can be sent back for another row.
    """
    maker = _Maker(root=schema, typed=typed, errors=errors or {}, adds=adds)
    known, _ = resolved(schema, schema)
    return maker.members("a", known, arguments, depth=0)


@dataclass(frozen=True, kw_only=True)
class _Maker:
    root: Mapping[str, Any]
    typed: Mapping[str, str] | None
    errors: Mapping[str, str]
    adds: bool

    def members(
        self, name: str, schema: Mapping[str, Any], value: Mapping[str, Any], depth: int
    ) -> tuple[Field, ...]:
        required = set(schema.get("required") or ())
        return tuple(
            self.one(
                joined(name, key),
                shape(one, value.get(key, MISSING), root=self.root, depth=depth + 1),
                value.get(key, MISSING),
                title=key,
                required=key in required,
                depth=depth + 1,
            )
            for key, one in members(schema, value).items()
        )

    def one(
        self, name: str, made: Shape, value: Any, *, title: str, required: bool, depth: int
    ) -> Field:
        kind = made.kind
        if kind == "rows" and not self.adds and value in (MISSING, []):
            kind = "json"
        text = text_of(kind, value) if self.typed is None else self.typed.get(name, "")
        return Field(
            kind=kind,
            name=name,
            label=marked(made.schema.get("title") or humanise(title)),
            value=marked(raw(value)) if kind == "fixed" else text,
            was=marked(text_of(kind, value)),
            checked=value is True if self.typed is None else text == "on",
            choices=self._choices(kind, made, name, value, text, required=required),
            hint=marked(made.schema.get("description") or ""),
            required=required and value != "" and not made.nullable,
            error=self.errors.get(name, ""),
            children=self._children(kind, name, made, value, depth),
            adds=kind == "rows" and self.adds,
        )

    def _choices(
        self, kind: str, made: Shape, name: str, value: Any, text: str, *, required: bool
    ) -> tuple[tuple[str, str, bool], ...]:
        if kind == "checks":
            return tuple(
                (joined(name, at), marked(said), self._ticked(joined(name, at), one, value))
                for at, (one, said) in enumerate(made.choices)
            )
        if kind != "enum":
            return ()
        options = [(shown(one), marked(said)) for one, said in made.choices]
        # what was proposed and is none of them stays a choice, or looking would change it
        if shown(value) and shown(value) not in dict(options):
            options.insert(0, (shown(value), marked(shown(value))))
        if not required or made.nullable or not shown(value):
            options.insert(0, ("", ""))
        return tuple((one, said, one == text) for one, said in options)

    def _ticked(self, name: str, one: Any, value: Any) -> bool:
        if self.typed is not None:
            return self.typed.get(name) == "on"
        return isinstance(value, list) and one in value

    def _children(
        self, kind: str, name: str, made: Shape, value: Any, depth: int
    ) -> tuple[Field, ...]:
        if kind in ("group", "money"):
            given = value if isinstance(value, dict) else {}
            return self.members(name, made.schema, given, depth)
        if kind != "rows":
            return ()
        rows = value if isinstance(value, list) else []
        items, _ = resolved(made.items, self.root)
        return tuple(
            Field(
                kind="row",
                name=joined(name, at),
                label=f"{at + 1}.",
                checked=bool(self.typed and self.typed.get(joined(name, at) + OUT)),
                children=self.members(
                    joined(name, at), items, rows[at] if at < len(rows) else {}, depth + 1
                ),
                added=at >= len(rows),
            )
            for at in range(row_count(name, len(rows), self.typed))
        )


def text_of(kind: str, value: Any) -> str:
    """Print a value as its control shows it."""
    if kind == "lines":
        return "\n".join(shown(item) for item in ([] if value is MISSING else value))
    if kind == "json":
        return raw(value)
    if kind in ("group", "money", "rows", "checks", "fixed") or type_of(value) in (
        "object",
        "array",
    ):
        return ""
    return shown(value)
