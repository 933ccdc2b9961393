"""What advice did to those who had judged first: taken when good, resisted when bad.

Overriding often is no sign of care and seldom none of trust: it depends on how often the advice
is wrong. These figures are what can be told apart where the truth is known.
"""

from collections.abc import Iterable
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
    known = list(trials)
    led_well = [one for one in known if one.advice_right is True and one.before_right is False]
    led_badly = [one for one in known if one.advice_right is False and one.before_right is True]
    good = [one for one in known if one.advice_right is True]
    bad = [one for one in known if one.advice_right is False]
    return Switches(
        helpful=_share(one.after_right for one in led_well),
        resisted=_share(one.after_right for one in led_badly),
        caught=_not(one.followed for one in bad),
        challenged_right=_not(one.followed for one in good),
        overridden=_not(one.followed for one in [*good, *bad]),
        right_before=_share(one.before_right for one in known),
        right_after=_share(one.after_right for one in known),
        advice_right=_share(one.advice_right for one in known if one.followed is not None),
    )


def _share(said: Iterable[bool | None]) -> Share:
    known = [one for one in said if one is not None]
    return Share(sum(known), len(known))


def _not(said: Iterable[bool | None]) -> Share:
    return _rest(_share(said))


def _rest(share: Share) -> Share:
    return Share(share.of - share.count, share.of)
