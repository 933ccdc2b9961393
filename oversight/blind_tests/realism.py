"""Can this copy stand beside real ones without standing out, and without leading back?"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from oversight.blind_tests import material
from oversight.blind_tests.faults import Made
from oversight.blind_tests.material import Material

_LINK = re.compile(r"(?:https?://|www\.)[^\s\"'<>\\)\]}]+", re.IGNORECASE)
# an address that names a page of everybody's, not one thing: a host, and words
_PLAIN = re.compile(r"^(?:https?://)?[\w.-]+(?:/(?:[a-z]{1,20}(?:[._-][a-z]{1,20})*)?)*$")
_TELLING = re.compile(
    r"\b(?:blind test|this is a test|test case|planted|dummy|fake|lorem ipsum)\b", re.IGNORECASE
)
# what a search is given: so many words of what it finds by, or a field as a whole
_ROW = 8
# so many briefs say it: it leads to none of them
_USUAL = 3
# two words are said by many, unless they are somebody's name
_FEW = 2
# a date, a sum or an id is one word
_WORDS = re.compile(r"[^\W_]+(?:[.,'’-][^\W_]+)*")


def unfit_source(source: Material, *, house_hosts: Collection[str] = ()) -> list[str]:
    """Say why nothing can be made of this handoff."""
    found = []
    if source.kind != "approval":
        found.append("Only approvals are tested so far.")
    if _leads_out(source.body, house_hosts):
        found.append("It links outside, to one thing that is not the copy's.")
    brief = source.body.get("brief") or {}
    if not brief.get("facts") and not brief.get("evidence"):
        found.append("It has nothing that the action could be checked against.")
    return found


def unfit(made: Made, source: Material, *, usual: Collection[str] = ()) -> list[str]:
    """Say why this copy can't stand in a queue. `usual` are rows of words that many briefs have."""
    found = []
    if tells(made.material):
        found.append("It says what it is.")
    if _shape(made.material.body) - _shape(source.body):
        found.append("It has parts that its original has not.")
    if _links(made.material.body) - _links(source.body):
        found.append("A link of it leads to nothing.")
    if (_rows(made.material.body) & _rows(source.body)) - set(usual):
        found.append("What it says leads back to its original.")
    return found


def tells(shown: Material) -> bool:
    """Tell whether it has words by which somebody knows what it is."""
    return any(_TELLING.search(text) for text in material.texts(shown.body))


def _leads_out(body: Mapping[str, Any], house_hosts: Collection[str]) -> bool:
    return any(not _PLAIN.match(link) and _host(link) not in house_hosts for link in _links(body))


def _host(link: str) -> str:
    return re.split(r"[/:?#]", re.sub(r"^https?://", "", link, flags=re.IGNORECASE))[0].casefold()


def _links(body: Mapping[str, Any]) -> set[str]:
    found = (link for text in material.texts(body) for link in _LINK.findall(text))
    return {link.rstrip(".,;:!?*`_") for link in found}


def _shape(body: Mapping[str, Any]) -> set[tuple[str, ...]]:
    """Return which fields there are, whatever their number in a list."""
    return {
        tuple(step for step in path if isinstance(step, str))
        for path, _ in material.leaves(body, material.WORLD[:-1])
    }


def usual(bodies: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the rows of words that several of these have."""
    said = Counter(row for body in bodies for row in _rows(body))
    return frozenset(row for row, times in said.items() if times >= _USUAL)


def rows(body: Mapping[str, Any]) -> set[str]:
    """Return what somebody might search for to find this again; of many, what all of them say.

    Only what search finds by: the ask, arguments, facts, flags, and what evidence is called. Who
    has read the rest does not meet it.
    """
    return _rows(body)


_FOUND_BY: Mapping[str, tuple[str, ...]] = {
    "facts": ("value",),
    "flags": ("label",),
    "evidence": ("title", "source"),
}


def _findable(body: Mapping[str, Any]) -> Iterator[str]:
    brief = body.get("brief") or {}
    yield str(brief.get("ask") or "")
    for part, names in _FOUND_BY.items():
        for one in brief.get(part) or ():
            yield from (str(one.get(name) or "") for name in names)
    yield from material.texts(body, (("arguments",),))


def _rows(body: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for text in _findable(body):
        # which step it was, or how many: that is of many
        said = [word for word in _WORDS.findall(text) if not _SMALL.match(word)]
        words = [word.casefold() for word in said]
        if len(words) <= _ROW and (
            len(words) > _FEW
            or any(map(_names_one, words))
            or len(words) == _FEW
            and all(map(_is_capital, said))
        ):
            found.add(" ".join(words))
        found.update(" ".join(words[at : at + _ROW]) for at in range(len(words) - _ROW + 1))
    return {row for row in found if not _ROUND.match(row)}


_SMALL = re.compile(r"^\d{1,2}$")
_ROUND = re.compile(r"^\d{1,6}(?:[.,]0{1,2})?(?: (?:usd|eur|gbp|chf))?$")


def _is_capital(word: str) -> bool:
    """Tell whether it is written as names are."""
    return word[:1].isupper()


def _names_one(word: str) -> bool:
    digits = sum(map(str.isdigit, word))
    return digits > 4 or (digits > 1 and any(map(str.isalpha, word)))
