"""Make copies with a fault, as tests are made, and let classifiers try to tell them."""

import hmac
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
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
class Seen:
    """Copies and real ones as classifiers see them; of each copy which original it is of.

    `unfit` says why no copy could be made of other right ones: sentence, how many.
    """

    copies: Sequence[Look]
    reals: Sequence[Look]
    sources: Sequence[int]
    asked: int
    unfit: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A certificate; `draws` says of which originals tests may be made, and how often of each."""

    certificate: Certificate
    draws: Mapping[str, float]
    unfit: tuple[tuple[str, int], ...]


def prove(
    fault: Fault, originals: Sequence[Original], *, key: bytes, now: datetime, seed: int = 1
) -> Proof:
    """Hold copies of the right ones against all of them."""
    seen = look(fault, originals, key=key, now=now)
    found = blindness.certify(seen.copies, seen.reals, seed=seed, sources=seen.sources)
    draws = {originals[at].id: found.draws[at] for at in set(seen.sources) if found.draws}
    return Proof(certificate=found, draws=draws, unfit=seen.unfit)


def look(fault: Fault, originals: Sequence[Original], *, key: bytes, now: datetime) -> Seen:
    """Make copies of the right ones, and look at them and at all of them."""
    names = guises.names(one.material.brief for one in originals)
    usual = realism.usual(one.material.body for one in originals)
    unfit, copied, sources = Counter[str](), list[Look](), list[int]()
    for at, one in enumerate(originals):
        try:
            made = list(_copies(fault, one, key, names, usual, now)) if one.right else []
        except Unusable as why:
            unfit[str(why)] += 1
            continue
        copied += [looks.of_copy(copy, fault, of=one.run, stands=now.date()) for copy in made]
        sources += [at] * len(made)
    return Seen(
        copies=copied,
        reals=[
            looks.of_real(one.material, fault, of=one.run, opened=one.opened.date())
            for one in originals
        ],
        sources=sources,
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
