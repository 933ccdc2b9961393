"""The token that a page carries: which opening of it this is, and which beat comes next.

The server signs it, so no beat is invented, taken to another handoff or sent for another person;
each is good once, so none is replayed. What a beat counts is the database's to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core import signing

from handoffs import briefs
from reviews import spec

_SALT = "overread.reading"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A page's own place: the claim, the opening under it, the next beat, and how long to read."""

    claim: int
    visit: int
    beat: int = 0
    needed: int = 0


def token(place: Place) -> str:
    said = (place.claim, place.visit, place.beat, place.needed)
    return signing.Signer(salt=_SALT).sign(".".join(map(str, said)))


def place(token: str) -> Place | None:
    """Return what we signed; None for anything else."""
    try:
        said = signing.Signer(salt=_SALT).unsign(token)
    except signing.BadSignature:
        return None
    claim, visit, beat, needed = map(int, said.split("."))
    return Place(claim=claim, visit=visit, beat=beat, needed=needed)


def words(brief: Mapping[str, Any], safeguards: Mapping[str, Any]) -> int:
    """Count what this version of the brief gives to read; 0 where its length does not matter.

    A version of a brief never changes, so its count does not either. What is withheld is not
    counted: the seconds on the page would tell of it.
    """
    return 0 if spec.read(safeguards).words_per_minute is None else briefs.words_to_read(brief)
