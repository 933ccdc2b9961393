"""When a cohort's next test comes in, and of what kind: evenly, and so that nobody can foresee it.

A cohort's reviews are counted as they are taken, in stretches of 1 / rate. In each stretch a keyed
draw names one review; after that one a test comes in. Whoever does not know the secret cannot tell
which; whoever does can check every draw. A stretch that passed without its test, in a surge say,
stays without: what was missed is not made up for. That some will be spared is reckoned with.
"""

import hmac
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from statistics import NormalDist

from reviews import meeting

USUAL_RATE, LEAST_RATE, MOST_RATE = 0.02, 0.01, 0.05
# beyond what an owner may set: a workflow on trial, say, and never more
CAP = 0.10
# a surge: so much more came in the last hour than in such an hour usually does
SURGE = 1.5
# below so many in an hour a busy one is luck
_SURGE_FROM = 10
FULL = 0.8
OLDEST = 0.5

_PURPOSE = b"overread blind tests\0"
_STEPS = 1 << 53
# what lies so many reviews of one person back is not lately; and how finely that is reckoned
_FAR, _PARTS = 30, 20
# among more people the next one comes to anybody
_MANY = 50.0


class Off(StrEnum):
    """Why no test comes in now."""

    NO_NOTICE = "Staff have not been told yet."
    SWITCHED_OFF = "The owner has switched tests off."
    STOPPED = "The workflow is stopped."
    INCIDENT = "An incident is open."
    SURGE = "More comes in than usual."
    BEHIND = "What waits has waited for too long already."
    FULL = "The queue is nearly full."


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is known of the queue where a test would stand. What is not known is a reason."""

    noticed: bool
    switched_on: bool
    stopped: bool
    incident: bool
    # that came within the last hour, and usually do in such an hour; None: no past to say it by
    came: int
    usual: float | None
    # of what waits longest: the part of its time that is over
    oldest: float
    # the part of its places that is taken; None: it has no limit
    taken: float | None


def off(now: Situation) -> Off | None:
    """Return the first reason why no test comes in, or None."""
    reasons = (
        (not now.noticed, Off.NO_NOTICE),
        (not now.switched_on, Off.SWITCHED_OFF),
        (now.stopped, Off.STOPPED),
        (now.incident, Off.INCIDENT),
        (_surges(now), Off.SURGE),
        (now.oldest > OLDEST, Off.BEHIND),
        (now.taken is not None and now.taken > FULL, Off.FULL),
    )
    return next((reason for holds, reason in reasons if holds), None)


def _surges(now: Situation) -> bool:
    if now.came < _SURGE_FROM:
        return False
    return now.usual is None or now.came > SURGE * now.usual


def check_rate(rate: float) -> float:
    """Return the rate, or raise ValueError where it is no share that anybody may set."""
    if not 0 < rate <= CAP:
        raise ValueError(f"{rate} is not within 0 and {CAP}")
    return rate


def let_in(rate: float, people: float) -> float:
    """Return the share of reviews after which a test comes in, so that `rate` of them is met.

    Whoever met one lately is spared, and then nobody meets it. The more people share the reviews,
    the likelier the next one comes to somebody who is.
    """
    return _let_in(check_rate(rate), round(min(people, _MANY), 1))


@lru_cache(maxsize=512)
def _let_in(rate: float, people: float) -> float:
    share, before = rate, 0.0
    while abs(share / (before or 1) - 1) > 1e-4:
        share, before = min(CAP, rate / (1 - spared(share, people))), share
    return share


def spared(share: float, people: float) -> float:
    """Return how many of the tests that come in are withdrawn, as their reviewer met one lately.

    The one before came so many reviews ago, the one before that so many more; each was met by
    this one of `people`, who since then had their part of the reviews.
    """
    apart, lately, back = 1 / share, 0.0, 1
    while (back - 1) * apart < _FAR * people:
        since = ((back - 1 + step / _PARTS) * apart for step in range(1, 2 * _PARTS))
        weights = (min(step, 2 * _PARTS - step) / _PARTS**2 for step in range(1, 2 * _PARTS))
        few = zip(since, weights, strict=True)
        lately += sum(weight * _had_few(reviews, people) for reviews, weight in few) / people
        back += 1
    return lately / (1 + lately)


def _had_few(reviews: float, people: float) -> float:
    """Return how likely one of them had fewer than it takes of these reviews."""
    mean, spread = reviews / people, math.sqrt(reviews / people * (1 - 1 / people) + 1e-9)
    return NormalDist(mean, spread).cdf(meeting.BETWEEN - 0.5)


def stretch(reviews: int, rate: float) -> int:
    """Return which stretch the review with this number, from 1, lies in."""
    # the last whose first review is not beyond this one; floats may be one off
    guess = math.floor((reviews - 1) * check_rate(rate))
    return next(one for one in (guess + 1, guess, guess - 1) if first(one, rate) <= reviews)


def first(number: int, rate: float) -> int:
    """Return the first review of a stretch; where 1 / rate is no whole number they alternate."""
    return math.ceil(number / check_rate(rate) - 1e-9) + 1


def drawn(secret: bytes, cohort: str, number: int, rate: float) -> int:
    """Return the review of this stretch after which a test comes in."""
    begins, ends = first(number, rate), first(number + 1, rate)
    return begins + int(place(secret, cohort, "when", str(number)) * (ends - begins))


def due(secret: bytes, cohort: str, *, reviews: int, rate: float, done: int | None) -> int | None:
    """Return the stretch that a test is due for now; None: none is.

    `reviews` were taken so far, and `done` is the last stretch that had its test.
    """
    if reviews < 1:
        return None
    number = stretch(reviews, rate)
    if done is not None and number <= done:
        return None
    return number if drawn(secret, cohort, number, rate) <= reviews else None


@dataclass(frozen=True, order=True)
class Block:
    """What tests are balanced by: the kind of fault, how hard it is, and which way it harms."""

    kind: str
    difficulty: str
    harm: str


def choose(
    secret: bytes, cohort: str, number: int, *, met: Mapping[Block, int], stock: Collection[Block]
) -> Block | None:
    """Return the block in stock that was met least; of several a keyed draw says which.

    Kinds come first: a kind with one difficulty in stock is met as often as one with three.
    """
    if not stock:
        return None
    kinds: dict[str, int] = {}
    for block in set(stock) | set(met):
        kinds[block.kind] = kinds.get(block.kind, 0) + met.get(block, 0)

    def rank(block: Block) -> tuple[int, int, float]:
        lot = place(secret, cohort, "which", f"{number}", *_words(block))
        return kinds[block.kind], met.get(block, 0), lot

    return min(set(stock), key=rank)


def _words(block: Block) -> tuple[str, str, str]:
    return block.kind, block.difficulty, block.harm


def place(secret: bytes, *words: str) -> float:
    """Return where these words fall between 0 and 1; lengths keep them apart."""
    told = b"".join(len(word.encode()).to_bytes(4, "big") + word.encode() for word in words)
    digest = hmac.digest(secret, _PURPOSE + told, "sha256")
    return (int.from_bytes(digest[:8], "big") >> 11) / _STEPS
