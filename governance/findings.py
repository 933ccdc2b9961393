"""Turn the counts of a backtest into what a manager reads: figures, intervals, sentences; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from governance import estimates, tally, tradeoff
from governance.estimates import Share, percent
from governance.tally import OfType, Tally
from governance.trial import Trial
from handoffs.policy import DEFAULT, FLOOR, NO_ROLLBACK
from handoffs.states import Tier

_STANDING = {
    FLOOR: "the floor of its impact and reversibility",
    DEFAULT: "the default of the map",
    NO_ROLLBACK: "it cannot be undone, so approval comes first",
}
_WEEK = timedelta(weeks=1)
NO_TRUTH, ANSWERS, FILE = "none", "answers", "file"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was asked for, as far as the findings speak of it."""

    truth_from: str = NO_TRUTH
    length: timedelta | None = None
    # seconds and decisions by action type; what is not in it is assumed
    handling: Mapping[str, tuple[float, int]] | None = None
    assumed_seconds: float = 180.0
    truth_unread: int = 0
    # rules read briefs, which are kept only where somebody was asked
    reads_briefs: bool = False
    # what the draft is compared with
    then: str = "then"


def of(counted: Tally, trial: Trial, asked: Asked) -> dict[str, Any]:
    """Write the result of a backtest as JSON."""
    types = [_type(name, one, asked) for name, one in sorted(counted.types.items())]
    rates, hours = _rates(counted), _hours(types, counted, asked)
    truth = _truth(counted, asked)
    return {
        "proposals": counted.count,
        "compared": counted.compared,
        "headlines": [*_headlines(counted, asked), *hours["sentences"], *truth["sentences"]],
        "remarks": _remarks(counted, asked),
        "rates": rates,
        "hours": hours,
        "truth": truth,
        "tiers": _tiers(counted),
        "types": types,
        "examples": _examples(counted),
        "rules": _rules(counted, trial),
        "curves": curves(counted, trial),
        "unread": {"count": counted.unread, "named": counted.named},
        "unknown_types": dict(counted.unknown_types),
    }


def _sum(counted: Tally, name: str) -> int:
    return sum(int(getattr(one, name)) for one in counted.types.values())


def _rates(counted: Tally) -> dict[str, Any]:
    now = Share(_sum(counted, "asked_now"), counted.count)
    then = Share(_sum(counted, "asked_then"), counted.compared)
    return {
        "now": now.to_json(),
        "then": then.to_json() if counted.compared else None,
        "sentence": estimates.against_the_band(now),
    }


def _headlines(counted: Tally, asked: Asked) -> list[str]:
    now = Share(_sum(counted, "asked_now"), counted.count)
    if not counted.count:
        return ["There was no proposal to try the map on, so nothing can be said about it."]
    said = [f"Of {counted.count:,} proposals the draft would ask a person about {now}."]
    if counted.compared:
        newly, spared = _sum(counted, "newly_asked"), _sum(counted, "no_longer_asked")
        then, past = _sum(counted, "asked_then"), asked.then == Asked.then
        was = "was" if past else "is"
        said.append(
            f"It {was} {percent(then / counted.compared)} {asked.then}. {newly:,} would be asked "
            f"about that nobody {was} asked about {asked.then}, and {spared:,} the other way round."
            if newly or spared
            else f"Exactly the same proposals {'were' if past else 'are'} asked about {asked.then}."
        )
    said.append(estimates.against_the_band(now))
    return said


def _type(name: str, one: OfType, asked: Asked) -> dict[str, Any]:
    measured = (asked.handling or {}).get(name)
    seconds, decisions = measured or (asked.assumed_seconds, 0)
    return {
        "name": name,
        **vars(one),
        "seconds": seconds,
        "decisions": decisions,
        "hours_then": one.asked_then * seconds / 3600,
        "hours_now": one.asked_now * seconds / 3600,
    }


def _hours(types: list[dict[str, Any]], counted: Tally, asked: Asked) -> dict[str, Any]:
    now = sum(one["hours_now"] for one in types)
    then = sum(one["hours_then"] for one in types) if counted.compared else None
    used = [one for one in types if one["asked_now"] or one["asked_then"]]
    guessed = [one["name"] for one in used if not one["decisions"]]
    weeks = asked.length / _WEEK if asked.length else 0
    return {
        "now": now,
        "then": then,
        "weeks": weeks,
        "assumed": guessed,
        "sentences": [
            sentence
            for sentence in (
                _hours_sentence(now, then, weeks, asked.then) if counted.count else "",
                _handling_sentence(used, guessed, asked),
            )
            if sentence
        ],
    }


def _hours_sentence(now: float, then: float | None, weeks: float, than: str) -> str:
    said = f"Reviewers would spend {_hours_said(now)} on it"
    if then is not None:
        more = now - then
        side = "more" if more >= 0 else "less"
        said += f", {_hours_said(abs(more))} {side} than {than}"
        if weeks >= 1:
            said += f", which is {_hours_said(abs(more) / weeks)} {side} a week"
    return f"{said}."


def _hours_said(hours: float) -> str:
    if hours and hours < 1:
        return f"{60 * hours:.0f} minutes" if hours >= 1 / 60 else "under a minute"
    return f"{hours:,.1f} hours" if hours else "no time"


def _handling_sentence(used: list[dict[str, Any]], guessed: list[str], asked: Asked) -> str:
    if not used:
        return ""
    minutes = f"{asked.assumed_seconds / 60:g} minutes"
    if len(guessed) == len(used):
        return f"That assumes {minutes} for each, because too few decisions were measured of late."
    if not guessed:
        return "That is at the median handling time measured for each action type."
    return (
        f"That is at the measured median handling time; {minutes} are assumed for "
        f"{_list(guessed)}, where too few decisions were measured."
    )


def _list(names: list[str], most: int = 4) -> str:
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} others"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _truth(counted: Tally, asked: Asked) -> dict[str, Any]:
    rights, wrongs = tally.total(counted.truth.values())
    passed = {side: 0 for side in ("then", "now")}
    compared = asked_right = 0
    for key, (right, wrong) in counted.truth.items():
        then, _, now = key.partition(">")
        passed["now"] += wrong if now == "0" else 0
        passed["then"] += wrong if then == "0" else 0
        compared += wrong if then else 0
        asked_right += right if now == "1" else 0
    now_share, then_share = Share(passed["now"], wrongs), Share(passed["then"], compared)
    goes_out = Share(passed["now"], passed["now"] + rights - asked_right)
    return {
        "from": asked.truth_from,
        "known": rights + wrongs,
        "wrong": wrongs,
        "passed_now": now_share.to_json(),
        "passed_then": then_share.to_json() if compared else None,
        "wrong_out": goes_out.to_json(),
        "asked_right": asked_right,
        "sentences": _truth_sentences(asked, rights, wrongs, now_share, goes_out),
    }


def _truth_sentences(
    asked: Asked, rights: int, wrongs: int, passed: Share, goes_out: Share
) -> list[str]:
    if asked.truth_from == NO_TRUTH or rights + wrongs == 0:
        return [
            "Which of these actions were wrong is not known, so what the draft lets through "
            "cannot be judged here."
        ]
    known = rights + wrongs
    if asked.truth_from == ANSWERS:
        return [
            f"Of {wrongs:,} actions that people rejected, edited or rolled back then, {passed} "
            "would pass without anybody being asked.",
            f"That is known only of the {known:,} that a person decided: what nobody looked at "
            "then nobody can judge now.",
        ]
    return [
        _passing(wrongs, passed, goes_out),
        f"The truth is known of {known:,} proposals; intervals take them as independent, and "
        "several of one run are less telling than as many of different runs.",
    ]


def _passing(wrongs: int, passed: Share, goes_out: Share) -> str:
    if not wrongs:
        return "None of the actions whose truth is known was wrong, so none could pass."
    said = (
        f"Of {wrongs:,} actions known to be wrong, {passed} would pass without anybody being asked"
    )
    if not goes_out.of:
        return f"{said}; nothing would go out unasked."
    return f"{said}; of what goes out unasked, {goes_out} would be wrong."


def _remarks(counted: Tally, asked: Asked) -> list[str]:
    said = []
    if counted.unread:
        lines = ", ".join(f"line {line}: {why.rstrip('.')}" for line, why in counted.named[:3])
        said.append(f"{_lines(counted.unread)} could not be read and not counted ({lines}).")
    if counted.unknown_types:
        missing = sum(counted.unknown_types.values())
        names = _list(sorted(counted.unknown_types))
        said.append(
            f"{missing:,} proposals are of action types that the workflow does not have ({names}) "
            "and are not counted."
        )
    if asked.reads_briefs:
        said.append(
            "Rules of this map read the brief. Briefs are kept only of what a person was asked "
            "about, so for the others these rules did what they do when it is missing."
        )
    if asked.truth_unread:
        said.append(f"{_lines(asked.truth_unread)} of the truth could not be read.")
    return said


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count:,} lines"


def _tiers(counted: Tally) -> list[dict[str, Any]]:
    """Write one row for each tier then; the first is of what was not ruled then."""
    rows = []
    for then in ("", *(tier.value for tier in Tier)):
        row = {now.value: counted.tiers.get(f"{then}>{now}", 0) for now in Tier}
        if then or any(row.values()):
            rows.append({"then": then, "now": row, "count": sum(row.values())})
    return rows


def _examples(counted: Tally) -> dict[str, list[dict[str, Any]]]:
    return {
        kind: [
            {"type": name, "id": id, "line": line, "then": then, "now": now, "rules": rules}
            for name, kept in sorted(by_type.items())
            for _, id, line, then, now, rules in kept
        ]
        for kind, by_type in counted.examples.items()
    }


def _rules(counted: Tally, trial: Trial) -> list[dict[str, Any]]:
    """List every rule with how often it fired, those that never did included."""
    known = {rule.id: (rule.tier.value, rule.because) for rule in trial.risk_map.rules}
    known |= {name: ("", why) for name, why in _STANDING.items() if counted.rules.get(name)}
    return [
        {
            "id": id,
            "tier": tier,
            "because": because,
            "fired": counted.rules.get(id, 0),
            "share": Share(counted.rules.get(id, 0), counted.count).share,
        }
        for id, (tier, because) in known.items()
    ]


def curves(counted: Tally, trial: Trial) -> list[dict[str, Any]]:
    """Write the trade-off over what the policy can see, in the two orders it gives."""
    last = len(trial.steps)
    weights = {rank: (right, wrong) for rank, (right, wrong) in counted.by_weight.items()}
    # the first step asks first
    stepped = {last - step: (right, wrong) for step, (right, wrong) in counted.by_step.items()}
    return [
        _curve("weight", "By tier and number of rules fired", weights, weight_label),
        _curve(
            "step",
            "Rule by rule, the strictest first",
            stepped,
            lambda rank: _step_label(trial.steps, last - rank),
        ),
    ]


def _curve(name: str, title: str, cells: Any, label: Any) -> dict[str, Any]:
    points = tradeoff.curve(cells, label)
    return {
        "name": name,
        "title": title,
        "sentence": tradeoff.against_chance(cells),
        "ranking": estimates.ranking(cells),
        "points": [point.to_json() for point in points],
    }


def weight_label(rank: int) -> str:
    """Say what a weight stands for: hard approval, by 2 of the 3 rules that fired."""
    tier, rest = divmod(rank, 1_000_000)
    deciding, fired = divmod(rest, 1000)
    name = tuple(Tier)[tier].replace("_", " ")
    rules = "no rule" if not fired else "1 rule" if fired == 1 else f"{fired} rules"
    if fired and not deciding:
        return f"{name} by the floor, {rules} below it"
    return f"{name}, {f'{deciding} of ' if deciding < fired else ''}{rules}"


def _step_label(steps: tuple[str, ...], step: int) -> str:
    if step >= len(steps):
        return "everything else"
    return f"+ {_STANDING.get(steps[step], steps[step])}"
