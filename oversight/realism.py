"""Can this copy stand beside real ones without standing out, and without leading back?"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from oversight import material
from oversight.faults import Made
from oversight.material import Material

_OUT = re.compile(r"https?://|www\.", re.IGNORECASE)
_TELLING = re.compile(
    r"\b(?:blind test|this is a test|test case|planted|dummy|fake|lorem ipsum)\b", re.IGNORECASE
)
# eight words in a row that are neither the workflow's usual ones nor this copy's alone
_ROW = 8
_USUAL = 3
# a date, a sum or an id is one word
_WORDS = re.compile(r"[^\W_]+(?:[.,'’-][^\W_]+)*")


def unfit_source(source: Material, *, house_hosts: Collection[str] = ()) -> list[str]:
    """Say why nothing can be made of this handoff."""
    found = []
    if source.kind != "approval":
        found.append("Only approvals are tested so far.")
    if _leads_out(source.body, house_hosts):
        found.append("It links outside: whoever follows the link finds nothing there.")
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
    shared = (_rows(made.material.body) & _rows(source.body)) - set(usual)
    if shared:
        found.append(f"It repeats its original: “{min(shared)}”.")
    return found


def tells(shown: Material) -> bool:
    """Tell whether it has words by which somebody knows what it is."""
    return any(_TELLING.search(text) for text in material.texts(shown.body))


def _leads_out(body: Mapping[str, Any], house_hosts: Collection[str]) -> bool:
    for text in material.texts(body):
        for hit in _OUT.finditer(text):
            host = re.split(r"[/:?#\s]", text[hit.end() :], maxsplit=1)[0].casefold()
            if host not in house_hosts:
                return True
    return False


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
    """Return each eight words in a row; of many briefs, what all of them say."""
    return _rows(body)


def _rows(body: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for text in material.texts(body):
        words = [word.casefold() for word in _WORDS.findall(text)]
        found.update(" ".join(words[at : at + _ROW]) for at in range(len(words) - _ROW + 1))
    return found
