"""What was typed into a form over arguments, read back into them.

The arguments are changed in place, never rebuilt: what nobody touched keeps its exact value and
type, and what the schema does not know stays.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from handoffs import argument_schema, canonical, strict_json
from reviews.forms.fields import OUT, Field, fields, joined, members, row_count, text_of
from reviews.forms.shapes import Shape, resolved, shape, shown, type_of
from reviews.pages.changes import MISSING

__all__ = ["Field", "Reading", "fields", "read"]


@dataclass(kw_only=True)
class Reading:
    """What was typed, read back into arguments; `errors` are by field name."""

    arguments: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)


def read(
    schema: Mapping[str, Any], arguments: Mapping[str, Any], typed: Mapping[str, str]
) -> Reading:
    """Read what was typed; what was not touched keeps its exact value and type."""
    reader = _Reader(root=schema, typed=typed)
    into = deepcopy(dict(arguments))
    known, _ = resolved(schema, schema)
    reader.members("a", known, into, depth=0)
    reading = Reading(arguments=into, errors=reader.errors)
    if not reading.errors:
        for path, message in _problems(schema, into):
            reading.errors.setdefault(joined("a", *path.split(".")) if path else "a", message)
    return reading


def _problems(schema: Mapping[str, Any], arguments: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Find what the schema refuses, and numbers that no signature could hold."""
    for finding in argument_schema.compile(schema).check(arguments, path="a"):
        yield finding.path.partition(".")[2], finding.message
    try:
        canonical.encode(arguments)
    except canonical.NotCanonical as error:
        yield error.path, error.message


@dataclass(kw_only=True)
class _Reader:
    root: Mapping[str, Any]
    typed: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def members(
        self, name: str, schema: Mapping[str, Any], into: dict[str, Any], depth: int
    ) -> None:
        for key, one in members(schema, into).items():
            before = into.get(key, MISSING)
            made = shape(one, before, root=self.root, depth=depth + 1)
            try:
                after = self.one(joined(name, key), made, before, depth + 1)
            except ValueError as problem:
                self.errors[joined(name, key)] = str(problem)
                continue
            if after is MISSING:
                into.pop(key, None)
            else:
                into[key] = after

    def one(self, name: str, made: Shape, before: Any, depth: int) -> Any:
        match made.kind:
            case "fixed":
                return before
            case "group" | "money":
                into = {} if not isinstance(before, dict) else before
                self.members(name, made.schema, into, depth)
                return into if into or before is not MISSING else MISSING
            case "rows" if name not in self.typed:
                return self._rows(name, made, before, depth)
            case "checks":
                return self._checks(name, made, before)
            case "boolean":
                on = self.typed.get(name) == "on"
                return before if on == (before is True) else on
        if name not in self.typed:
            return before
        return _text("json" if made.kind == "rows" else made.kind, made, before, self.typed[name])

    def _rows(self, name: str, made: Shape, before: Any, depth: int) -> Any:
        """Read rows that were there and rows that were added; an added one left empty is none."""
        given = before if isinstance(before, list) else []
        items, _ = resolved(made.items, self.root)
        kept = []
        for at in range(row_count(name, len(given), self.typed)):
            row = given[at] if at < len(given) else {}
            if self.typed.get(joined(name, at) + OUT):
                continue
            self.members(joined(name, at), items, row, depth + 1)
            if row or at < len(given):
                kept.append(row)
        return kept if kept or before is not MISSING else MISSING

    def _checks(self, name: str, made: Shape, before: Any) -> Any:
        if name not in self.typed:
            return before
        given = before if isinstance(before, list) else []
        ticked = [
            one
            for at, (one, _) in enumerate(made.choices)
            if self.typed.get(joined(name, at)) == "on"
        ]
        # in the order they were in, then what was added
        after = [one for one in given if one in ticked]
        after += [one for one in ticked if one not in given]
        return after if after or before is not MISSING else MISSING


def _text(kind: str, made: Shape, before: Any, typed: str) -> Any:
    text = _lines(typed)
    if text == _lines(text_of(kind, before)):
        return before
    match kind:
        case "lines":
            return _read_lines(made, before, text)
        case "json":
            return _read_json(text)
        case "enum":
            return _chosen(made, text)
    if text == "" and kind not in ("string", "long"):
        return None if made.nullable else MISSING
    if text == "" and before is MISSING:
        return MISSING
    return _scalar(kind, text)


def _lines(text: str) -> str:
    """Compare as browsers send: every line break a CRLF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read_lines(made: Shape, before: Any, text: str) -> Any:
    known = {shown(one): one for one in ([] if before is MISSING else before)}
    kinds = {type_of(one) for one in known.values()}
    kind = made.items.get("type") or (kinds.pop() if len(kinds) == 1 else "number")
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines and before is MISSING:
        return MISSING
    return [known[line] if line in known else _scalar(str(kind), line) for line in lines]


def _read_json(text: str) -> Any:
    if not text.strip():
        return MISSING
    try:
        return strict_json.parse(text.encode("utf-8", "replace"))
    except strict_json.JsonRefused as refused:
        where = f"Line {refused.line}: " if refused.line else ""
        raise ValueError(f"{where}{refused.message}") from None


def _chosen(made: Shape, text: str) -> Any:
    if text == "":
        return None if made.nullable else MISSING
    found = [one for one, _ in made.choices if shown(one) == text]
    if not found:
        raise ValueError("Choose one of the values.")
    return found[0]


def _scalar(kind: str, text: str) -> Any:
    """Read one typed text as its kind; the message says what would be right."""
    if kind not in ("boolean", "integer", "number"):
        return text
    if kind == "boolean":
        if text not in ("yes", "no"):
            raise ValueError("Write yes or no.")
        return text == "yes"
    try:
        return int(text)
    except ValueError:
        if kind == "integer":
            raise ValueError("A whole number, in digits.") from None
    try:
        number = float(text.strip())
    except ValueError:
        raise ValueError("A number, with a point before the decimals.") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("A number, with a point before the decimals.")
    return number
