"""Measure what others recorded of people who judged before and after advice, line by line of JSON.

Each line says `before_correct`, `ai_correct`, `after_correct`, `followed`, and where it is known
`participant`, `rt_before_ms`, `rt_after_ms`, `weight_on_advice` and `attention_check`. Null: no
single answer. Where people said how likely they held each of A, B, C … (`before_p`, `after_p`),
`truth` says which it was.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from oversight.statistics import detection, speeds, switches
from oversight.statistics.detection import Detection
from oversight.statistics.speeds import Rapid
from oversight.statistics.switches import Switches, Trial

SEED = 6


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One study, as the product measures its own teams."""

    trials: int
    people: int
    left_out: int
    switches: Switches
    detection: Detection
    # of the share of wrong advice not followed, if other people like these had been there
    caught_by_person: tuple[float, float] | None
    before: Rapid | None
    after: Rapid | None
    # right before and after if ties were broken by lot, as some studies report it
    by_lot: tuple[float, float] | None
    weight_on_advice: float | None
    # p10, p50, p90 in seconds
    before_quantiles: tuple[float, float, float] | None
    after_quantiles: tuple[float, float, float] | None


def read(lines: Iterable[str]) -> tuple[list[dict[str, Any]], int]:
    """Return the trials, and how many attention checks were left out."""
    found = [json.loads(line) for line in lines if line.strip()]
    kept = [one for one in found if not one.get("attention_check")]
    return kept, len(found) - len(kept)


def measure(lines: Iterable[str]) -> Recorded:
    kept, left_out = read(lines)
    trials = [
        Trial(
            before_right=one["before_correct"],
            advice_right=one["ai_correct"],
            after_right=one["after_correct"],
            followed=one["followed"],
        )
        for one in kept
    ]
    counted = switches.count(trials)
    before, after = _seconds(kept, "rt_before_ms"), _seconds(kept, "rt_after_ms")
    return Recorded(
        trials=len(trials),
        people=len({one.get("participant") for one in kept}),
        left_out=left_out,
        switches=counted,
        detection=Detection(
            hits=counted.caught.count,
            signals=counted.caught.of,
            false_alarms=counted.challenged_right.count,
            noises=counted.challenged_right.of,
        ),
        caught_by_person=_by_person(kept),
        by_lot=_by_lot(kept),
        weight_on_advice=_weight(kept),
        before=speeds.rapid(before) if before else None,
        after=speeds.rapid(after) if after else None,
        before_quantiles=_quantiles(before),
        after_quantiles=_quantiles(after),
    )


def _by_person(kept: Sequence[dict[str, Any]]) -> tuple[float, float] | None:
    people: dict[str, list[bool]] = defaultdict(list)
    for one in kept:
        if one["ai_correct"] is False and one["followed"] is not None:
            people[str(one.get("participant"))].append(not one["followed"])
    if len(people) < 2:
        return None

    def caught(drawn: Sequence[list[bool]]) -> float:
        return sum(map(sum, drawn)) / sum(map(len, drawn))

    return detection.by_person(list(people.values()), caught, seed=SEED, rounds=500)


def _by_lot(kept: Sequence[dict[str, Any]]) -> tuple[float, float] | None:
    told = [one for one in kept if one.get("before_p") and one.get("after_p")]
    if not told:
        return None
    before, after = (fmean(_luck(one[name], one["truth"]) for one in told)
                     for name in ("before_p", "after_p"))  # fmt: skip
    return before, after


def _luck(chances: Sequence[float], truth: str) -> float:
    """Return how likely the true one is drawn of those that were held for likeliest."""
    likeliest = [at for at, chance in enumerate(chances) if chance > max(chances) - 1e-9]
    return (ord(truth) - ord("A") in likeliest) / len(likeliest)


def _weight(kept: Sequence[dict[str, Any]]) -> float | None:
    told = [one["weight_on_advice"] for one in kept if one.get("weight_on_advice") is not None]
    return fmean(told) if told else None


def _seconds(kept: Sequence[dict[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(one[name] / 1000, 1.0) for one in kept if one.get(name)]


def _quantiles(times: Sequence[tuple[float, float]]) -> tuple[float, float, float] | None:
    if not times:
        return None
    ordered = sorted(seconds for seconds, _ in times)
    tenth, half, nine = (ordered[int(share * (len(ordered) - 1))] for share in (0.1, 0.5, 0.9))
    return tenth, half, nine
