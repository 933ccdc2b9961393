"""Measure recorded trials of people with advice by the same code that measures teams."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oversight.statistics import trials
from oversight.statistics.speeds import Rapid
from oversight.statistics.trials import Recorded


class Command(BaseCommand):
    help = "Say catch rate, switches, d′ and times of trials recorded as JSON lines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, nargs="+", help="files of one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        for path in options["path"]:
            if not path.is_file():
                raise CommandError(f"There is no file {path}. Name files of JSON lines.")
            with path.open(encoding="utf-8") as lines:
                try:
                    found = trials.measure(lines)
                except (ValueError, KeyError) as wrong:
                    raise CommandError(f"{path} has no trials that can be read: {wrong}") from wrong
            self.stdout.write(f"{path.name}\n{_report(found)}\n")


def _report(found: Recorded) -> str:
    counted = found.switches
    said = {
        "trials": f"{found.trials:,} of {found.people} people; {found.left_out:,} checks left out",
        "right before advice": counted.right_before,
        "advice right": counted.advice_right,
        "right after advice": counted.right_after,
        "right before → after, ties broken by lot": _by_lot(found.by_lot),
        "weight on advice": _number(found.weight_on_advice),
        "helpful switches (wrong first, well advised)": counted.helpful,
        "harmful switches (right first, badly advised)": counted.harmful,
        "wrong advice caught": counted.caught,
        "  if other people had been there": _span(found.caught_by_person),
        "agreed with wrong advice": counted.agreed_with_wrong,
        "right advice challenged": counted.challenged_right,
        "overridden in all": counted.overridden,
        "  as e·s + (1−e)·f": f"{counted.expected_override:.4f}",
        "d′ and criterion": _sensitivity(found),
        "seconds before advice, p10 p50 p90": _times(found.before_quantiles, found.before),
        "seconds after advice, p10 p50 p90": _times(found.after_quantiles, found.after),
    }
    return "\n".join(f"  {name}: {value}" for name, value in said.items())


def _sensitivity(found: Recorded) -> str:
    if not found.detection.is_enough:
        return "not enough data"
    low, high = found.detection.interval()
    both = found.detection.sensitivity
    return f"{both.d_prime:.3f} ({low:.3f} to {high:.3f}), {both.criterion:.3f}"


def _by_lot(shares: tuple[float, float] | None) -> str:
    return "not told" if shares is None else f"{shares[0]:.3f} → {shares[1]:.3f}"


def _number(value: float | None) -> str:
    return "not told" if value is None else f"{value:.3f}"


def _span(span: tuple[float, float] | None) -> str:
    return "not enough people" if span is None else f"{span[0]:.3f} to {span[1]:.3f}"


def _times(quantiles: tuple[float, float, float] | None, rapid: Rapid | None) -> str:
    if quantiles is None or rapid is None:
        return "not measured"
    tenth, half, nine = quantiles
    rule = "a tenth of the mean" if rapid.mixture is None else "a mixture"
    return (
        f"{tenth:.1f} {half:.1f} {nine:.1f}; below {rapid.cut:.2f} s, by {rule}: "
        f"{rapid.share:.1%} of {rapid.of:,.0f}"
    )
