import json
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError

from governance import estimates, findings, flight, recorded, recordings, tally
from governance.estimates import Share
from governance.tally import Tally
from governance.trial import Trial, action_types
from handoffs import policy
from handoffs.models import Workflow
from handoffs.policy import PolicyError
from handoffs.signals import ActionType
from handoffs.states import Impact, Reversibility

BLOCK = 1024 * 1024


class Command(BaseCommand):
    """Print what a map would do with recorded proposals, and what its attention buys."""

    help = "Fly a map over JSONL files: share escalated against wrong actions let through."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="+", type=Path, help="recorded proposals, JSONL")
        parser.add_argument("--truth", nargs="+", type=Path, default=[], help="what was right")
        ruled = parser.add_mutually_exclusive_group(required=True)
        ruled.add_argument("--workflow", help="slug: its newest draft, or what is in force")
        ruled.add_argument(
            "--map",
            nargs="+",
            type=Path,
            help="workflow files, each for the file that bears its name; or a starter, or a map",
        )
        parser.add_argument("--json", action="store_true", help="print everything, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        known = recordings.truths(_blocks(*options["truth"])) if options["truth"] else None
        wrong = known.wrong if known else {}
        results = {}
        for file in options["file"]:
            trial, types = self._policy(file, options)
            counted = flight.over(_blocks(file), trial, types, wrong)
            asked = findings.Asked(truth_from=findings.FILE if known else findings.NO_TRUTH)
            results[_domain(file)] = findings.of(counted, trial, asked)
            if not options["json"]:
                self._print(_domain(file), counted, results[_domain(file)])
        if options["json"]:
            self.stdout.write(json.dumps(results, indent=2, ensure_ascii=False))
        elif known and known.unread_count:
            self.stderr.write(f"{known.unread_count} lines of the truth could not be read.")

    def _policy(
        self, file: Path, options: dict[str, Any]
    ) -> tuple[Trial, Mapping[str, ActionType]]:
        try:
            if options["workflow"]:
                return _of_workflow(options["workflow"])
            return _of_files(options["map"], file)
        except (PolicyError, yaml.YAMLError) as error:
            raise CommandError(f"The map cannot be read: {error}") from None

    def _print(self, domain: str, counted: Tally, result: dict[str, Any]) -> None:
        rights, wrongs = tally.total(counted.truth.values())
        self.stdout.write(
            f"\n{domain}: {counted.count:,} proposals; the truth is known of {rights + wrongs:,}, "
            f"wrong are {Share(wrongs, rights + wrongs)}"
        )
        for sentence in (*result["headlines"], *result["remarks"]):
            self.stdout.write(f"  {sentence}")
        for curve in result["curves"]:
            self.stdout.write(f"\n  {curve['title']}. {curve['sentence']}")
            self._table(curve["points"])

    def _table(self, points: list[dict[str, Any]]) -> None:
        head = ("asked", "wrong let through", "by chance", "wrong in what goes out", "cut-off")
        rows = [head, *map(_cells, points)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write(f"    {'  '.join(cells).rstrip()}")


def _cells(point: dict[str, Any]) -> tuple[str, ...]:
    return (
        estimates.percent(point["asked"]["share"]),
        _interval(point["passed"]),
        f"{estimates.percent(point['chance'])}{' *' if point['beats_chance'] else ''}",
        _interval(point["wrong_out"]),
        point["cut"],
    )


def _interval(share: dict[str, Any]) -> str:
    if not share["of"]:
        return "none"
    low, high = estimates.percent(share["low"]), estimates.percent(share["high"])
    return f"{estimates.percent(share['share'])} ({share['count']}/{share['of']}; {low} to {high})"


def _domain(file: Path) -> str:
    return file.name.partition(".")[0]


def _blocks(*files: Path) -> Iterator[bytes]:
    for path in files:
        try:
            with path.open("rb") as file:
                while block := file.read(BLOCK):
                    yield block
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
        # a file need not end its last line; an empty one is passed over
        yield b"\n"


def _of_workflow(slug: str) -> tuple[Trial, Mapping[str, ActionType]]:
    workflow = Workflow.objects.filter(slug=slug).first()
    if workflow is None:
        raise CommandError(f"There is no workflow {slug}.")
    newest = workflow.maps.order_by("-version").first()
    if newest is None:
        raise CommandError(f"{slug} has no map. Draft one first.")
    return Trial(policy.parse_map(newest.body)), recorded.action_types(workflow)


def _of_files(maps: list[Path], file: Path) -> tuple[Trial, Mapping[str, ActionType]]:
    """Take the workflow file that `file` is named after; one bare map serves every file."""
    for path in maps:
        text = b"".join(_blocks(path)).decode(errors="replace")
        data = yaml.safe_load(text)
        if not isinstance(data, dict):
            raise CommandError(f"{path} holds no map.")
        if "workflow" not in data:  # a starter has its map under a name, a bare one is a map
            return Trial(policy.parse_map(data.get("map", data))), _cautious(file)
        if len(maps) == 1 or data.get("workflow") == _domain(file):
            return Trial(policy.parse_map(data.get("map"))), _described(path, data)
    raise CommandError(f"None of the maps is for {_domain(file)}: name its workflow so.")


def _described(path: Path, data: dict[str, Any]) -> Mapping[str, ActionType]:
    """Read what a workflow file says of its action types; the rest may still be unfinished."""
    try:
        said = data["action_types"].items()
        return action_types({name: (one["impact"], one["reversibility"]) for name, one in said})
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CommandError(
            f"{path} does not say the impact and reversibility of its action types."
        ) from None


def _cautious(file: Path) -> Mapping[str, ActionType]:
    """Take every action for weighty and final, as nobody has said otherwise."""
    return {
        name: ActionType(name=name, impact=Impact.HIGH, reversibility=Reversibility.IRREVERSIBLE)
        for name in recordings.types_named(_blocks(file))
    }
