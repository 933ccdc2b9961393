"""Measure certificates of blindness on recorded proposals by the same code that renews them."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from oversight.blind_tests import recorded
from oversight.blind_tests.recorded import Measured
from oversight.statistics.blindness import Certificate


class Command(BaseCommand):
    help = "Say how well copies with each fault could be told from recorded proposals."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("faults", type=Path, help="faults as they are stored, a JSON list")
        parser.add_argument("proposals", type=Path, help="proposals, a JSON object a line")
        parser.add_argument("truth", type=Path, help="of each whether it was right, likewise")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            faults = recorded.faults(_read(options["faults"]))
            proposals, truth = (_read(options[name]) for name in ("proposals", "truth"))
            found = list(recorded.originals(proposals.splitlines(), truth.splitlines(), now=now))
        except (ValueError, KeyError, TypeError) as wrong:
            raise CommandError(f"These files can't be read: {wrong}") from wrong
        for fault in faults:
            self.stdout.write(_report(recorded.measure(fault, found, now=now)))
            self.stdout.flush()


def _read(path: Path) -> str:
    if not path.is_file():
        raise CommandError(f"There is no file {path}.")
    return path.read_text(encoding="utf-8")


def _report(found: Measured) -> str:
    of = found.certificate
    said = {
        "sources": f"{of.sources} runs of {found.asked} right ones, beside {of.reals} real ones",
        "certificate": _bound(of),
        "  if sources were drawn evenly": _bound(found.even),
        "  beside the sources alone": _bound(found.beside_sources),
        "what tells": ", ".join(name for name, _ in of.worst.telling[:3]) or "nothing known",
        "can't be copied": "; ".join(f"{why} ({many})" for why, many in found.unfit) or "none",
    }
    lines = "\n".join(f"  {name}: {value}" for name, value in said.items())
    return f"{found.fault.name}\n{lines}\n"


def _bound(found: Certificate) -> str:
    if not found.guesses[0].telling:
        return "too few"
    state = "holds" if found.holds else "told apart" if found.is_told_apart else "uncertain"
    worst = found.worst
    return f"{state}, at most {worst.upper:.3f} by {worst.by} (AUC {worst.auc:.3f})"
