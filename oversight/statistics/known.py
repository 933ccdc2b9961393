"""Decisions on actions of which an audit said later whether they were right, as they are counted.

Each count has a name of three words: whether the action was right, what was judged before the
recommendation was shown (nothing where it was not withheld), and what was decided in the end.
"""

from collections import Counter
from collections.abc import Mapping

from oversight.statistics import switches
from oversight.statistics.detection import Detection
from oversight.statistics.switches import Switches, Trial

RIGHT, WRONG = "right", "wrong"
WITH, AGAINST, NOTHING = "with", "against", "nothing"
BETWEEN_WORDS = "|"

Known = Mapping[str, int]


def name(action: str, first: str, last: str) -> str:
    return BETWEEN_WORDS.join((action, first, last))


def count(known: Known) -> Switches:
    """Say what the recommendation did to those who judged first, and what was caught of all."""
    trials = Counter[Trial]()
    for words, many in known.items():
        trials[_trial(*words.split(BETWEEN_WORDS))] += many
    return switches.weigh(trials)


def _trial(action: str, first: str, last: str) -> Trial:
    is_right = action == RIGHT
    return Trial(
        before_right=None if first == NOTHING else (first == WITH) == is_right,
        advice_right=is_right,
        after_right=(last == WITH) == is_right,
        followed=last == WITH,
    )


def detection(caught: int, tests: int, known: Known) -> Detection:
    """Put what tests showed of wrong ones beside what audits showed of right ones."""
    right = count(known).challenged_right
    return Detection(hits=caught, signals=tests, false_alarms=right.count, noises=right.of)
