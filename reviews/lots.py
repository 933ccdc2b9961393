"""What a cohort's tests showed since it was last told: counts, sealed, and of nobody.

A lot is one row of one size, encrypted with a key that comes of the server's secret and is in no
dump. It holds, for each kind of test, how many were met and caught, and how many each person met:
people under names that are made for lots alone, so that whoever is in two teams is one. Which test
was whose is nowhere. Once it is told it begins empty.
"""

import hmac
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# enough for some 300 people and every kind of test; a lot's size says nothing of what is in it
SIZE = 32 * 1024
_NONCE = 12
_PURPOSE, _NAMES = b"overread blind lots\0", b"overread names in lots\0"


class LotUnreadable(ValueError):
    """It was sealed with another key, for another cohort, or changed."""


class LotFull(ValueError):
    """More people or kinds than a lot holds: it has to be told or emptied first."""


@dataclass(frozen=True, kw_only=True)
class Count:
    """Tests of one kind: how many were caught, and how many each person met."""

    caught: int = 0
    people: Mapping[str, int] = field(default_factory=dict)

    @property
    def tests(self) -> int:
        return sum(self.people.values())


@dataclass(frozen=True, kw_only=True)
class Lot:
    """`salt` makes its names of people; `counts` go by kind, difficulty and harm.

    `held` are those before that were of many and all one way, by kind: caught, and how many.
    `since` are the outcomes since the chart was looked at last, in order, and `met` who made them;
    `score` is where the chart stood then.
    """

    salt: str
    counts: Mapping[str, Count] = field(default_factory=dict)
    held: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    score: float = 0.0
    since: tuple[bool, ...] = ()
    met: Mapping[str, int] = field(default_factory=dict)

    @property
    def tests(self) -> int:
        return sum(count.tests for count in self.counts.values())

    @property
    def people(self) -> frozenset[str]:
        return frozenset(name for count in self.counts.values() for name in count.people)


def empty(*, score: float = 0.0) -> Lot:
    return Lot(salt=os.urandom(16).hex(), score=score)


def add(lot: Lot, *, person: int, kind: str, caught: bool) -> Lot:
    """Count one test that this person met."""
    name = _name(lot, person)
    before = lot.counts.get(kind, Count())
    count = Count(caught=before.caught + caught, people=_more(before.people, name))
    return replace(
        lot,
        counts={**lot.counts, kind: count},
        since=(*lot.since, caught),
        met=_more(lot.met, name),
    )


def named(lot: Lot, *, salt: str) -> Lot:
    """Return the lot with these names for whoever comes; where somebody is in it, with its own."""
    return lot if lot.counts or lot.met else replace(lot, salt=salt)


def together(found: Iterable[Lot]) -> Lot:
    """Return the sums of several lots as one, in which each person is one; without their charts.

    Their names have to be the same: raises ValueError where they are not.
    """
    lots = list(found)
    (salt,) = {lot.salt for lot in lots}
    kinds = {kind for lot in lots for kind in lot.counts}
    held = {kind for lot in lots for kind in lot.held}
    return Lot(
        salt=salt,
        counts={kind: _added(lot.counts.get(kind, Count()) for lot in lots) for kind in kinds},
        held={kind: _sum(lot.held.get(kind, (0, 0)) for lot in lots) for kind in held},
    )


def _added(counts: Iterable[Count]) -> Count:
    caught, people = 0, Counter[str]()
    for count in counts:
        caught += count.caught
        people.update(count.people)
    return Count(caught=caught, people=dict(people))


def _sum(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    caught, tests = zip(*pairs, strict=True)
    return sum(caught), sum(tests)


def looked_at(lot: Lot, *, score: float) -> Lot:
    """Return the lot with its chart moved up to now; the counts stay."""
    return replace(lot, score=score, since=(), met={})


def emptied(lot: Lot) -> Lot:
    """Return the lot without what could not be told; sums that are of nobody are told one day."""
    return replace(empty(score=lot.score), held=lot.held)


def begun_anew(lot: Lot) -> Lot:
    """Return the lot once it was told: its counts are gone.

    What the chart was not looked at for is still to be looked at, by the names that it has here:
    under others somebody would count as two.
    """
    if not lot.since:
        return empty(score=lot.score)
    return replace(lot, counts={}, held={})


def held_back(lot: Lot) -> Lot:
    """Return the lot with its counts put by, as it was of many, and all one way.

    That it was not told says so. What comes now has to be of many by itself, or the first miss
    after weeks without one would be of whoever was tested since.
    """
    held = {
        kind: _sum([lot.held.get(kind, (0, 0)), (count.caught, count.tests)])
        for kind in lot.counts.keys() | lot.held.keys()
        for count in [lot.counts.get(kind, Count())]
    }
    return replace(lot, counts={}, held=held)


def _more(people: Mapping[str, int], name: str) -> dict[str, int]:
    return {**people, name: people.get(name, 0) + 1}


def _name(lot: Lot, person: int) -> str:
    return hmac.digest(bytes.fromhex(lot.salt), str(person).encode(), "sha256")[:9].hex()


def seal(lot: Lot, *, cohort: str, secret: str) -> bytes:
    """Encrypt a lot, anew each time; of one cohort, and readable in no other's place."""
    text = json.dumps(_plain(lot), separators=(",", ":")).encode()
    if len(text) > SIZE:
        raise LotFull
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_key(secret)).encrypt(nonce, text.ljust(SIZE), cohort.encode())


def unseal(sealed: bytes, *, cohort: str, secrets: Iterable[str]) -> Lot:
    """Read a lot with the server's present secret or one before; raises LotUnreadable."""
    nonce, rest = sealed[:_NONCE], sealed[_NONCE:]
    for secret in secrets:
        try:
            text = AESGCM(_key(secret)).decrypt(nonce, rest, cohort.encode())
        except InvalidTag:
            continue
        return _lot(json.loads(text))
    raise LotUnreadable


def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), _PURPOSE, "sha256")


def salt(secret: str) -> str:
    """Return what makes names of people in every lot of this server."""
    return hmac.digest(secret.encode(), _NAMES, "sha256")[:16].hex()


def _plain(lot: Lot) -> dict[str, Any]:
    # sorted: the order in which people came is not kept either
    return {
        "salt": lot.salt,
        "score": lot.score,
        "since": [int(one) for one in lot.since],
        "met": dict(sorted(lot.met.items())),
        "held": {kind: list(sums) for kind, sums in sorted(lot.held.items())},
        "counts": {
            kind: [count.caught, dict(sorted(count.people.items()))]
            for kind, count in sorted(lot.counts.items())
        },
    }


def _lot(plain: Mapping[str, Any]) -> Lot:
    counts = {
        kind: Count(caught=caught, people=people)
        for kind, (caught, people) in plain["counts"].items()
    }
    return Lot(
        salt=plain["salt"],
        score=plain["score"],
        since=tuple(map(bool, plain["since"])),
        met=plain["met"],
        counts=counts,
        held={kind: (caught, tests) for kind, (caught, tests) in plain["held"].items()},
    )
