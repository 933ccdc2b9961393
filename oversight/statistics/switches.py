"""What advice did to those who had judged first: taken when good, resisted when bad.

Overriding often is no sign of care and seldom none of trust: it depends on how often the advice
is wrong. These figures are what can be told apart where the truth is known.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from governance.estimates import Share


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One judgement before the advice was shown, and one after.

    None: it had no single answer, as where two were held for equally likely. It counts nowhere.
    """

    before_right: bool | None
    advice_right: bool | None
    after_right: bool | None
    # the last word was what was advised
    followed: bool | None


@dataclass(frozen=True, kw_only=True)
class Switches:
    # wrong at first, well advised: right in the end (RAIR)
    helpful: Share
    # right at first, badly advised: still right in the end (RSR)
    resisted: Share
    # badly advised: the last word was not the advice
    caught: Share
    # well advised: the last word was not the advice
    challenged_right: Share
    overridden: Share
    right_before: Share
    right_after: Share
    advice_right: Share

    @property
    def harmful(self) -> Share:
        """Return how many were right at first and let themselves be talked out of it."""
        return _rest(self.resisted)

    @property
    def agreed_with_wrong(self) -> Share:
        return _rest(self.caught)

    @property
    def expected_override(self) -> float:
        """Return e·s + (1−e)·f: what the override rate is made of."""
        wrong = 1 - self.advice_right.share
        return override(wrong, self.caught.share, self.challenged_right.share)


def override(wrong: float, caught: float, challenged_right: float) -> float:
    return wrong * caught + (1 - wrong) * challenged_right


def count(trials: Iterable[Trial]) -> Switches:
    return weigh(Counter(trials))


def weigh(known: Mapping[Trial, int]) -> Switches:
    """Count trials, each so many times."""
    led_well = _those(known, lambda one: one.advice_right is True and one.before_right is False)
    led_badly = _those(known, lambda one: one.advice_right is False and one.before_right is True)
    good = _those(known, lambda one: one.advice_right is True)
    bad = _those(known, lambda one: one.advice_right is False)
    return Switches(
        helpful=_share(led_well, lambda one: one.after_right),
        resisted=_share(led_badly, lambda one: one.after_right),
        caught=_rest(_share(bad, lambda one: one.followed)),
        challenged_right=_rest(_share(good, lambda one: one.followed)),
        overridden=_rest(_share({**good, **bad}, lambda one: one.followed)),
        right_before=_share(known, lambda one: one.before_right),
        right_after=_share(known, lambda one: one.after_right),
        advice_right=_share(
            _those(known, lambda one: one.followed is not None), lambda one: one.advice_right
        ),
    )


_Trials = Mapping[Trial, int]


def _those(known: _Trials, which: Callable[[Trial], bool]) -> dict[Trial, int]:
    return {one: many for one, many in known.items() if which(one)}


def _share(known: _Trials, said: Callable[[Trial], bool | None]) -> Share:
    answers = [(said(one), many) for one, many in known.items()]
    return Share(
        sum(many for answer, many in answers if answer),
        sum(many for answer, many in answers if answer is not None),
    )


def _rest(share: Share) -> Share:
    return Share(share.of - share.count, share.of)
