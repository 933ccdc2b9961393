"""Give a copy of a handoff other names, numbers and dates, so that it leads back to nothing.

Whoever remembers the original, or searches for its order number, must not find that it was decided
already. Every name, id and address becomes another of the same shape, the same one everywhere, also
within records and labels; dates move together and never into the future, so that lately stays
lately. Amounts to the cent become others near them, and what added up adds up; round ones stay.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from oversight.blind_tests import dates, material, namings, sums
from oversight.blind_tests.material import Material
from oversight.statistics import pacing

# An address; what an order, an invoice, an account is called: letters, then two digits or more, or
# capitals with one; five digits; a telephone number. "24h" and "500ml" are neither.
_ID = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w.,])(?:#|(?=[A-Za-z]))(?=(?:[A-Za-z_-]*\d){2})[\w-]+"
    r"|(?<![\w.,])(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{5,}(?![\w])"
    r"|(?<![\w.,])#?\d{5,}(?![\w]|[.,]\d)"
    r"|(?<![\w.,-])\+?\d{2,4}(?:[ -]\d{2,4}){2,}(?![\w-])"
)
# what stands in a record under such a name is an id, also if it does not look like one
_OF_ID = re.compile(r"(?:^|_)(?:id|ids|no|number|ref|reference|code|account|iban)$")
_RECORD = re.compile(r"""["'](\w+)["']\s*:\s*["']([\w#-]{4,40})["']""")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_STREETS = "Street|St|Avenue|Ave|Road|Rd|Drive|Dr|Lane|Ln|Way|Boulevard|Blvd|Court|Place"
_HOUSE = re.compile(rf"\b\d{{2,5}}(?= (?:[A-Z][a-z]+ ){{1,3}}(?:{_STREETS})\b)")
_LETTERS, _CAPITALS, _DIGITS = "abcdefghjkmnpqrstuvwxyz", "ABCDEFGHJKMNPQRSTUVWXYZ", "0123456789"
# addresses of an office, not of a person
_OFFICES = frozenset({
    "info", "support", "sales", "office", "service", "orders", "order", "team", "admin", "help",
    "hello", "contact", "billing", "hr", "mail", "noreply", "reply", "no", "news", "security",
    "accounts", "invoice", "invoices", "payments",
})  # fmt: skip
# with fewer than these to take, usual ones are taken too
_ENOUGH = 12
_CHOICE = 3
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
    # of dates that do not say it
    year: int = 2026


def days_between(then: datetime, now: datetime, body: Mapping[str, Any]) -> int:
    """Return by how many days to move, never into the future; by whole weeks if it names days."""
    weeks = any(dates.names_weekday(text) for text in material.texts(body))
    return dates.between(then, now, weeks=weeks)


def weeks_between(then: date, now: date) -> int:
    """Return how many days to move by: whole weeks, no more than have passed."""
    return (now - then).days // 7 * 7


def disguise(source: Material, guise: Guise) -> Material:
    """Return the copy. Raises ValueError where there is no other name or id to take."""
    people = _people(source.body, guise)
    others = {word: _reshaped(word, guise, people) for word in sorted(_ids(source.body))}
    ids, names = _exchange(others, folded=True), _exchange(_ways(people))
    becomes = sums.others(source.body, pacing.place(guise.key, "sums"))

    def told(value: Any) -> Any:
        if not isinstance(value, str):
            other = others.get(str(value)) if type(value) is int else None
            return sums.change_number(value, becomes) if other is None else int(other)
        value = sums.change(value, becomes)
        value = _HOUSE.sub(lambda hit: _drawn(hit[0], guise.key, hit[0]), names(ids(value)))
        return dates.move(value, guise.days, guise.year)

    return source.with_body(_changed(source.body, told, ids))


Told = Callable[[Any], Any]
# a workflow's own words, in which a record may be named
_NAMED, _KEPT = frozenset({"label", "id"}), frozenset({"kind", "severity"})


def _changed(body: Any, told: Told, ids: Callable[[str], str]) -> Any:
    if isinstance(body, Mapping):
        return {key: _changed_one(str(key), one, told, ids) for key, one in body.items()}
    if isinstance(body, list | tuple):
        return [_changed(one, told, ids) for one in body]
    return body if body is None else told(body)


def _changed_one(key: str, one: Any, told: Told, ids: Callable[[str], str]) -> Any:
    if isinstance(one, str) and key in _KEPT:
        return one
    return ids(one) if isinstance(one, str) and key in _NAMED else _changed(one, told, ids)


def _exchange(others: Mapping[str, str], *, folded: bool = False) -> Callable[[str], str]:
    """Return what puts each word's other in its place, the longest first."""
    if not others:
        return lambda text: text
    if folded:
        # of "#W12" and "#w12" the first says how it is written
        ordered = sorted(others.items(), reverse=True)
        return _exchange_folded({old.casefold(): new for old, new in ordered})
    words = "|".join(map(re.escape, sorted(others, key=len, reverse=True)))
    known = re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])")
    return lambda text: known.sub(lambda hit: others[hit[0]], text)


def _exchange_folded(others: Mapping[str, str]) -> Callable[[str], str]:
    words = "|".join(map(re.escape, sorted(others, key=len, reverse=True)))
    known = re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])", re.IGNORECASE)
    return lambda text: known.sub(lambda hit: _cased(hit[0], others[hit[0].casefold()]), text)


def _ways(people: Mapping[str, str]) -> dict[str, str]:
    """Write names as names are: "Price" is one where Mr Price is meant, and "price" is none."""
    found: dict[str, str] = {}
    for word, name in people.items():
        found |= {word.capitalize(): name, word.upper(): name.upper()}
        # "McLean" keeps its capitals
        if not word.islower():
            found.setdefault(word, name)
    return found


def _people(body: Mapping[str, Any], guise: Guise) -> dict[str, str]:
    """Pair each word of a name with another; who is called alike, with the same."""
    found = namings.find(body)
    taken = {name.word.casefold() for name in found}
    others: dict[str, str] = {}
    for name in found:
        other = _name(name.word, guise, taken, family=name.family)
        taken.add(other.casefold())
        others[name.word] = other
    return others


def _name(word: str, guise: Guise, taken: set[str], *, family: bool) -> str:
    names = guise.family_names if family else guise.given_names
    others = [one for one in names if one.casefold() not in taken]
    if not others:
        raise ValueError("There are no names to take.")
    # as long, where there is a choice: texts stay as long as they were
    alike = [one for one in others if abs(len(one) - len(word)) <= 1]
    fit = alike if len(alike) >= _CHOICE else others
    return fit[int(pacing.place(guise.key, "name", word.casefold()) * len(fit))]


def names(bodies: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the given and the family names in these briefs: those that are called so here."""
    given, family = set[str](), set[str]()
    for body in bodies:
        for name in namings.find({"brief": body}):
            word = name.word.capitalize() if name.word.islower() else name.word
            (family if name.family else given).add(word)
    few = len(given) < _ENOUGH or len(family) < _ENOUGH
    usual = (_GIVEN, _FAMILY) if few else ((), ())
    return tuple(sorted({*given, *usual[0]})), tuple(sorted({*family, *usual[1]}))


def _ids(body: Mapping[str, Any]) -> set[str]:
    """Return what names one thing. A sum of money does not, whatever it looks like."""
    found, numbers = set[str](), set[str]()
    for path, value in material.leaves(body):
        # what parts of a brief are called is seen by nobody, and may have an id of something in it
        if path[-1] in _KEPT or (path[0] == "brief" and path[-1] == "id"):
            continue
        if isinstance(value, str):
            found |= _ids_in(path, value)
        elif type(value) is int and value >= 10_000 and _names_a_thing(path):
            found.add(str(value))
        else:
            numbers.update(material.spellings(value))
    for fact in (body.get("brief") or {}).get("facts") or []:
        if fact.get("kind") in ("money", "number"):
            numbers.update(re.findall(r"[\d.,]*\d", str(fact.get("value", ""))))
    return found - numbers


def _ids_in(path: material.Path, text: str) -> set[str]:
    bare = _LINK.sub(" ", dates.without(text))
    found = {*_ID.findall(bare)}
    records = [(label, value) for label, value in _RECORD.findall(bare) if _OF_ID.search(label)]
    if _names_a_thing(path) and path[0] != "brief":
        records.append(("", text))
    for _, value in records:
        if re.fullmatch(r"[\w#-]{4,40}", value) and _looks_drawn(value):
            found.add(value)
    return found


def _looks_drawn(value: str) -> bool:
    """Tell an id from a word or a small number: "UXQABC" and "a81f" from "economy" and 13."""
    if value.isdigit() or not any(one.isdigit() for one in value):
        return len(value) > 4 and (value.isdigit() or value.isupper())
    return True


def _names_a_thing(path: material.Path) -> bool:
    """Tell an order's number from a sum of money by what it is called."""
    last = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
    return bool(_OF_ID.search(last))


def _reshaped(word: str, guise: Guise, people: Mapping[str, str]) -> str:
    """Return another of the same shape: digits for digits; an address by its person's new name."""
    if "@" in word:
        name, _, host = word.partition("@")
        return f"{_local(name, guise, people)}@{host}"
    first = next((at for at, one in enumerate(word) if one.isdigit()), 0)
    # what leads an id is its kind ("ORD-"), or whose it is
    lead = _renamed(word[:first], people)
    if word.isdigit() and len(word) == 5:
        # the first three say where a letter goes: a town stays where it is
        return word[:3] + _drawn(word[3:], guise.key, word)
    return lead + _drawn(word[first:], guise.key, word)


def _renamed(text: str, people: Mapping[str, str]) -> str:
    folded = {old.casefold(): new for old, new in people.items()}
    return namings.PARTS.sub(
        lambda hit: _cased(hit[0], folded.get(hit[0].casefold(), hit[0])), text
    )


def _cased(written: str, new: str) -> str:
    return new.lower() if written.islower() else new


def _local(name: str, guise: Guise, people: Mapping[str, str]) -> str:
    """Return the other name in an address; that of an office stays."""
    parts = namings.PARTS.findall(name)
    if any(part.casefold() in _OFFICES for part in parts):
        return name
    folded, taken = (
        {old.casefold(): new for old, new in people.items()},
        set(map(str.casefold, people)),
    )
    for number, part in enumerate(parts):
        if part.casefold() not in folded:
            folded[part.casefold()] = _name(part, guise, taken, family=number > 0)
    said = namings.PARTS.sub(lambda hit: _cased(hit[0], folded[hit[0].casefold()]), name)
    return re.sub(r"\d+", lambda hit: _drawn(hit[0], guise.key, name), said)


def _drawn(text: str, key: bytes, of: str) -> str:
    """Draw another of this shape; one time in a million it would be what it was."""
    for again in range(20):
        made = [
            _like(character, pacing.place(key, "id", of.casefold(), f"{at}/{again}"), leads=at == 0)
            for at, character in enumerate(text)
        ]
        if "".join(made) != text:
            return "".join(made)
    raise ValueError("There is no other id to take.")


def _like(character: str, place: float, *, leads: bool) -> str:
    if character.isdigit():
        pool = _DIGITS[1:] if leads and character != "0" else _DIGITS
    elif character.isalpha() and character.isascii():
        pool = _CAPITALS if character.isupper() else _LETTERS
    else:
        return character
    return pool[int(place * len(pool))]
