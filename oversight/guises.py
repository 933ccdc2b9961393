"""Give a copy of a handoff other names, numbers and dates, so that it leads back to nothing.

Whoever remembers the original, or searches for its order number, must not find that it was decided
already. Every name, id and address becomes another of the same shape, the same one everywhere;
dates move together, by whole weeks, so that last Tuesday stays a Tuesday and lately stays lately.
Amounts stay: their sums have to come out, and they name nobody.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from oversight import material, pacing
from oversight.material import Material

_DATE = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
# An address, or what an order, an invoice, an account is called: letters, then two digits or more,
# or five digits. "24h" and "500ml" are neither.
_ID = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w.,])(?:#|(?=[a-z]))(?=(?:[a-z_-]*\d){2})[\w-]+"
    r"|(?<![\w.,])#?\d{5,}(?![\w]|[.,]\d)",
    re.IGNORECASE,
)
_LETTERS, _CAPITALS, _DIGITS = "abcdefghjkmnpqrstuvwxyz", "ABCDEFGHJKMNPQRSTUVWXYZ", "0123456789"
_NAME_PARTS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# with fewer than these to take, usual ones are taken too
_ENOUGH = 12
_GIVEN = (
    "Alex", "Andrea", "Anna", "Carla", "Daniel", "David", "Elena", "Emma", "Eva", "Felix", "Hanna",
    "Ines", "Jan", "Julia", "Karim", "Laura", "Leo", "Lina", "Lucas", "Maria", "Mark", "Marta",
    "Mia", "Nina", "Nora", "Oliver", "Omar", "Paul", "Peter", "Robin", "Sara", "Simon", "Sofia",
    "Thomas", "Tim", "Vera",
)  # fmt: skip
_FAMILY = (
    "Adams", "Baker", "Becker", "Bell", "Costa", "Diaz", "Evans", "Fischer", "Garcia", "Hall",
    "Hansen", "Ivanova", "Jensen", "Keller", "Khan", "Kim", "Lang", "Lee", "Lopez", "Martin",
    "Meyer", "Moore", "Nguyen", "Novak", "Parker", "Petit", "Reed", "Rossi", "Santos", "Silva",
    "Singh", "Stone", "Walker", "Weber", "Wood", "Young",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Guise:
    """How one copy is disguised: by its key, with these names, so many days later."""

    key: bytes
    given_names: Sequence[str]
    family_names: Sequence[str]
    days: int


def weeks_between(then: date, now: date) -> int:
    """Return how many days to move by: whole weeks, the nearest to what has passed."""
    return round((now - then).days / 7) * 7


def disguise(source: Material, guise: Guise) -> Material:
    """Return the copy. Raises ValueError where there are no names to take."""
    other = _others(source.body, guise)
    ordered = sorted(other, key=len, reverse=True)
    words = "|".join(map(re.escape, ordered))
    known = re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])", re.IGNORECASE) if ordered else None
    folded = {old.casefold(): new for old, new in other.items()}

    def told(value: Any) -> Any:
        if not isinstance(value, str):
            return _number(value, folded)
        if known is not None:
            value = known.sub(lambda hit: _cased(hit[0], folded[hit[0].casefold()]), value)
        return _DATE.sub(lambda hit: _moved(hit[1], guise.days), value)

    # labels and ids of parts are the workflow's own words: only what is said is changed
    return source.with_body(_changed(source.body, told))


_KEPT = frozenset({"label", "kind", "severity", "id"})


def _changed(body: Any, told: Callable[[Any], Any]) -> Any:
    if isinstance(body, Mapping):
        return {
            key: one if key in _KEPT and isinstance(one, str) else _changed(one, told)
            for key, one in body.items()
        }
    if isinstance(body, list | tuple):
        return [_changed(one, told) for one in body]
    return body if body is None else told(body)


def _number(value: Any, folded: Mapping[str, str]) -> Any:
    """Give a number that is an id its other one too."""
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    other = folded.get(str(value))
    return int(other) if other is not None else value


def _cased(written: str, new: str) -> str:
    if written.isupper() and not new.isupper():
        return new.upper()
    return new.lower() if written.islower() else new


def _moved(written: str, days: int) -> str:
    try:
        return (date.fromisoformat(written) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return written


def _others(body: Mapping[str, Any], guise: Guise) -> dict[str, str]:
    """Name what leads back, and what stands in its place."""
    people, found = dict(_people(body, guise)), {}
    for word in _ids(body):
        found[word] = _reshaped(word, guise.key, people)
    return {**found, **people}


def names(bodies: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the given and the family names in these briefs: those that are called so here."""
    given, family = set[str](), set[str]()
    for body in bodies:
        for name in _names({"brief": body}):
            parts = [part for part in _NAME_PARTS.findall(name) if len(part) > 1]
            if len(parts) > 1:
                given.update(parts[:-1])
                family.add(parts[-1])
    few = len(given) < _ENOUGH or len(family) < _ENOUGH
    usual = (_GIVEN, _FAMILY) if few else ((), ())
    return tuple(sorted({*given, *usual[0]})), tuple(sorted({*family, *usual[1]}))


def _names(body: Mapping[str, Any]) -> Iterator[str]:
    """Return whom it names; in "Lea Brandt (gold)" what stands in brackets is no name."""
    for fact in (body.get("brief") or {}).get("facts") or []:
        if fact.get("kind") == "person":
            yield str(fact.get("value", "")).partition("(")[0]
    yield str((body.get("requester") or {}).get("name", ""))


def _people(body: Mapping[str, Any], guise: Guise) -> Iterator[tuple[str, str]]:
    """Pair each part of each person's name with another; who is called alike, with the same."""
    seen: set[str] = set()
    for name in _names(body):
        parts = _NAME_PARTS.findall(name)
        for number, part in enumerate(parts):
            if part.casefold() in seen or len(part) < 2:
                continue
            seen.add(part.casefold())
            last = number == len(parts) - 1 and number > 0
            yield part, _name(part, guise, guise.family_names if last else guise.given_names)


def _name(part: str, guise: Guise, names: Sequence[str]) -> str:
    fit = [one for one in names if one.casefold() != part.casefold()]
    if not fit:
        raise ValueError("There are no names to take.")
    return fit[int(pacing.place(guise.key, "name", part.casefold()) * len(fit))]


def _ids(body: Mapping[str, Any]) -> Iterator[str]:
    found, sums = set[str](), set[str]()
    for path, value in material.leaves(body):
        if path[-1] in _KEPT:
            continue
        if isinstance(value, str):
            found.update(_ID.findall(_DATE.sub(" ", value)))
        elif type(value) is int and value >= 10_000 and _names_a_thing(path):
            found.add(str(value))
        else:
            sums.update(material.spellings(value))
    for fact in (body.get("brief") or {}).get("facts") or []:
        if fact.get("kind") in ("money", "number"):
            sums.update(re.findall(r"[\d.,]*\d", str(fact.get("value", ""))))
    return iter(sorted(found - sums))


def _names_a_thing(path: material.Path) -> bool:
    """Tell an order's number from a sum of money by what it is called."""
    last = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
    return bool(re.search(r"(?:^|_)(?:id|ids|no|number|ref|reference|code|account)$", last))


def _reshaped(word: str, key: bytes, people: Mapping[str, str]) -> str:
    """Return another of the same shape: digits for digits; an address by its person's new name."""
    if "@" in word:
        name, _, host = word.partition("@")
        return f"{_local(name, key, people)}@{host}"
    # what leads an id is its kind ("ORD-"): only what comes after the first digit is another
    first = next(at for at, character in enumerate(word) if character.isdigit())
    return word[:first] + _drawn(word[first:], key, word)


def _local(name: str, key: bytes, people: Mapping[str, str]) -> str:
    folded = {old.casefold(): new for old, new in people.items()}
    known = _NAME_PARTS.sub(lambda hit: folded.get(hit[0].casefold(), hit[0]).lower(), name)
    return known if known != name.lower() else _drawn(name, key, name)


def _drawn(text: str, key: bytes, of: str) -> str:
    made = []
    for at, character in enumerate(text):
        place = pacing.place(key, "id", of.casefold(), str(at))
        made.append(_like(character, place, leads=at == 0))
    drawn = "".join(made)
    # one time in a million it is what it was
    return drawn if drawn != text else _drawn(text, key + b"again", of)


def _like(character: str, place: float, *, leads: bool) -> str:
    for pool in (_DIGITS[1:] if leads and character != "0" else _DIGITS, _LETTERS, _CAPITALS):
        if character in pool or (character.isdigit() and pool[0].isdigit()):
            return pool[int(place * len(pool))]
    return character
