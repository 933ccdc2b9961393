"""What blind tests showed, in words: what was caught, at which prevalence, and what is proven."""

from datetime import date

from governance.estimates import percent
from oversight.blind_tests import pooling
from oversight.counted.summary import Summary
from oversight.counted.tested import Tested
from oversight.counted.totals import Figures
from oversight.pages.lines import NOT_ENOUGH, Line, of_share
from oversight.statistics import cells, detection, known, shares
from oversight.statistics.detection import Detection

_UNTESTED = "The one figure that would say whether oversight works; below, what it takes."
_ACROSS = "across all teams"
_WORDS = {"team": "Team", "kind": "Fault", "difficulty": "Difficulty", "harm": "Harm"}


def caught(found: Summary) -> Line:
    """Say first what everything else is read by."""
    tested = found.tested
    what = "Wrong ones caught" if found.subject.workflow else f"Wrong ones caught, {_ACROSS}"
    if not tested.now.of and not tested.before.of:
        untested = "no blind tests are run" if not tested.is_on else "none were told yet"
        return Line(what=what, now=f"{NOT_ENOUGH}: {untested}", before=NOT_ENOUGH,
                    means=_UNTESTED)  # fmt: skip
    return of_share(what, tested.now, tested.before, _prevalence(found))


def across(found: Summary) -> list[Line]:
    """Say of one workflow what was caught in all: first where little is told of it by itself."""
    tested = found.tested
    if found.subject.workflow is None or not tested.everywhere.of:
        return []
    return [
        of_share(f"Caught {_ACROSS}", tested.everywhere, tested.everywhere_before,
                 "Of every workflow, those teams too that are told of only together with others.")
    ]  # fmt: skip


def is_told(tested: Tested) -> bool:
    """Tell whether enough was told to speak of by itself."""
    return tested.now.of >= shares.ENOUGH


def _prevalence(found: Summary) -> str:
    tests, of = found.tested.tests, "Of the whole workflow. " if found.subject.is_part else ""
    if tests is None or not tests.of or not tests.count:
        return f"{of}In blind tests, at tested prevalence: where less is wrong, less is caught."
    return (
        f"In blind tests, at tested prevalence: {percent(tests.share)} of reviews were one. "
        "Where less is wrong, less is caught."
    )


def evidence(tested: Tested) -> list[Line]:
    """Say what is proven though it is looked at every day."""
    if not tested.lots:
        return []
    lots = "1 lot" if tested.lots == 1 else f"{tested.lots} lots"
    since = f"{lots} of tests told in {tested.year}, however often one looks."
    least = f"at least {percent(tested.at_least)}, on average" if tested.at_least else "nothing yet"
    fell = f"since {_week(tested.fallen_in)}" if tested.fallen_in else "not shown"
    return [
        Line(what="Proven to be caught", now=least, before="", means=f"By {since}"),
        Line(what="Proven that more than one in ten is missed", now=fell, before="",
             means=f"A bet against it stands at {_stake(tested.fallen.now)} times its stake; "
             "20 times is proof."),
    ]  # fmt: skip


def _stake(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def _week(day: date) -> str:
    return f"the week of {day:%-d %b %Y}"


def by_what(found: Summary) -> list[Line]:
    """Say what was caught of each kind of fault, where that tells of nobody."""
    beside = across(found) if is_told(found.tested) else []
    return beside + [
        of_share(f"{_WORDS[one.what]}: {one.word.replace('_', ' ')}", one.caught,
                 type(one.caught)(0, 0), "")
        for one in found.tested.groups
    ]  # fmt: skip


def reveal(now: Figures, before: Figures) -> list[Line]:
    """Say what the recommendation did to those who judged before they saw it."""
    found, earlier = now.switches, before.switches
    return [
        of_share("Changed after the reveal", now.changed, before.changed,
                 "Of those who judged before they saw the recommendation."),
        of_share("Judged otherwise, then did as recommended", now.gave_in, before.gave_in,
                 "Well advised or talked into it: without an audit nobody knows."),
        of_share("Agreed, then did otherwise", now.turned, before.turned,
                 "Something in the recommendation made them doubt."),
        of_share("Put right by good advice", found.helpful, earlier.helpful,
                 "Of actions that an audit found right, and they had judged wrong."),
        of_share("Talked out of being right", found.harmful, earlier.harmful,
                 "Of actions that an audit found wrong, and they had judged so."),
    ]  # fmt: skip


def sensitivity(tested: Tested, now: Figures) -> list[Line]:
    """Say how well wrong is told from right, and how readily people object; or what is missing."""
    exactly = known.detection(tested.now.count, tested.now.of, now.known)
    if exactly.is_enough:
        return _sensitivity(exactly, least="")
    # some overrides were of wrong ones: objections to right ones are at most so many
    overridden = now.overridden
    at_least = Detection(hits=tested.now.count, signals=tested.now.of,
                         false_alarms=overridden.count, noises=overridden.of)  # fmt: skip
    if at_least.is_enough:
        return _sensitivity(at_least, least="at least ")
    missing = (
        f"It takes {detection.ENOUGH_SIGNALS} tests and {detection.ENOUGH_NOISES} decisions; "
        f"there are {tested.now.of} and {overridden.of:,}."
    )
    return [Line(what="Told wrong from right, d′", now=NOT_ENOUGH, before="", means=missing)]


def _sensitivity(found: Detection, *, least: str) -> list[Line]:
    low, high = found.interval()
    basis = (
        "What was overridden counts as right: some of it was not."
        if least
        else "Beside actions that an audit found right."
    )
    return [
        Line(what="Told wrong from right, d′",
             now=f"{least}{found.sensitivity.d_prime:.2f} (95 %: {low:.2f} to {high:.2f})",
             before="", means=f"0 is guessing, 2 is good. {basis}"),
        Line(what="How much it takes to object, c",
             now=f"{least}{found.sensitivity.criterion:.2f}",
             before="", means="Below 0 people object readily, above 0 when they are sure."),
    ]  # fmt: skip


def why_untold(tested: Tested) -> str:
    """Say once, for every reason alike, why tests that were met are not shown."""
    if not tested.is_on and not tested.lots:
        return ""
    return (
        f"Tests are told together, once at least {cells.PEOPLE} people met at least "
        f"{cells.TESTS}, none of them more than {percent(cells.SHARE)}, and some were caught and "
        "some were not. Lots in which all were caught wait, so the share is rather too low. "
        f"{together()}"
    )


def together() -> str:
    """Say when a team that can't be told of by itself is told of with others."""
    return (
        f"Where too little may be told of a team for {pooling.WITH_ITS_WORKFLOW} weeks, it is told "
        f"together with the other teams of its workflow, and after {pooling.WITH_THE_HOUSE} with "
        f"all teams: of at least {cells.PEOPLE_ACROSS_TEAMS} people, and each test once."
    )


def missing_of(tested: Tested) -> str:
    """Say what a candidate for doing without asking lacks."""
    if tested.now.of < shares.ENOUGH:
        return "whether wrong ones would be seen: no blind tests were told"
    least = percent(tested.now.interval[0])
    return f"more certainty that wrong ones are seen: at least {least} are"
