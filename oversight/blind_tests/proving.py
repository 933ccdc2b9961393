"""Make copies with a fault, as tests are made, and let classifiers try to tell them."""

import hmac
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from oversight.blind_tests import copies, guises, looks, realism
from oversight.blind_tests.faults import Fault, Made, Unusable
from oversight.blind_tests.guises import Guise
from oversight.blind_tests.material import Material
from oversight.statistics import blindness
from oversight.statistics.blindness import Certificate, Look

# of one source, each under another guise
COPIES = 3


@dataclass(frozen=True, kw_only=True)
class Original:
    """A real handoff of the fault's action type; `right` says that a test may be made of it."""

    id: str
    # those of one run share their words: none of them is a stranger to the others
    run: str
    opened: datetime
    material: Material
    right: bool


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A certificate, and why no copy could be made of other sources: sentence, how many.

    `beside_sources` is the same against the sources alone: it is the copying that tells there, and
    not which handoffs were taken for it.
    """

    certificate: Certificate
    beside_sources: Certificate
    asked: int
    unfit: tuple[tuple[str, int], ...]


def prove(
    fault: Fault, originals: Sequence[Original], *, key: bytes, now: datetime, seed: int = 1
) -> Proof:
    """Hold copies of the right ones against all of them."""
    names = guises.names(one.material.brief for one in originals)
    usual = realism.usual(one.material.body for one in originals)
    unfit, seen = Counter[str](), list[Look]()
    for one in originals:
        try:
            made = list(_copies(fault, one, key, names, usual, now)) if one.right else []
        except Unusable as why:
            unfit[str(why)] += 1
            continue
        seen += [looks.of_copy(copy, fault, of=one.run, stands=now.date()) for copy in made]
    reals = [
        looks.of_real(one.material, fault, of=one.run, opened=one.opened.date())
        for one in originals
    ]
    copied = {look.of for look in seen}
    sources = [look for look in reals if look.of in copied]
    return Proof(
        beside_sources=blindness.certify(seen, sources, seed=seed),
        certificate=blindness.certify(seen, reals, seed=seed),
        asked=sum(one.right for one in originals),
        unfit=tuple(unfit.most_common()),
    )


def _copies(
    fault: Fault,
    one: Original,
    key: bytes,
    names: tuple[Sequence[str], Sequence[str]],
    usual: Collection[str],
    now: datetime,
) -> Iterator[Made]:
    for number in range(COPIES):
        guise = Guise(
            key=hmac.digest(key, f"{one.id}:{number}".encode(), "sha256"),
            given_names=names[0],
            family_names=names[1],
            days=guises.days_between(one.opened, now, one.material.body),
            year=one.opened.year,
        )
        yield copies.copy(one.material, fault, guise, usual=usual)
