import json
import sys
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from governance import replay, workflow_files
from handoffs.actors import SYSTEM
from handoffs.models import Workflow


class Command(BaseCommand):
    """Send recorded proposals through the HTTP API and show what policy made of them."""

    help = "Replay a JSONL file of recorded proposals through the real HTTP API."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--workflow", required=True, help="slug of the workflow to use")
        parser.add_argument("--rate", type=float, help="lines per second; as fast as it goes")
        parser.add_argument("--limit", type=int, help="only the first so many lines")
        parser.add_argument(
            "--create",
            action="store_true",
            help="make the workflow from the file when it is missing: a person approves all",
        )
        parser.add_argument("--team", help="who reviews a created workflow: <workflow> reviewers")
        parser.add_argument("--url", help="default: the running ./run")
        parser.add_argument("--key", help="an agent key; default: the demo's")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["workflow"]
        try:
            records = list(replay.lines(options["file"]))[: options["limit"]]
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from None
        if not Workflow.objects.filter(slug=slug).exists():
            if not options["create"]:
                raise CommandError(f"There is no workflow {slug}. Add --create to make it.")
            team = options["team"] or f"{slug} reviewers"
            text = replay.cautious_workflow(slug, team, records)
            workflow_files.load(text, by=SYSTEM, now=timezone.now(), launch=True)
            self.stdout.write(f"Made {slug}: every action asks the {team}.")
        url, key = self._where(options)
        tally = replay.Tally()
        try:
            with httpx.Client(
                base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30
            ) as http:
                replay.send(
                    http,
                    records,
                    workflow=slug,
                    rate=options["rate"],
                    tally=tally,
                    progress=lambda tally: self._progress(tally.sent, len(records)),
                )
        except httpx.HTTPError as error:
            raise CommandError(
                f"{url} stopped answering after {tally.sent} of {len(records)} lines ({error}). "
                "What was sent before is kept. Start it with ./run and replay the file again: "
                "nobody is asked twice."
            ) from None
        self._table(tally)

    def _where(self, options: dict[str, Any]) -> tuple[str, str]:
        if options["url"] and options["key"]:
            return options["url"], options["key"]
        path = Path(settings.DATA_DIR) / "demo.json"
        if not path.exists():
            raise CommandError("No instance is running here. Give --url and --key.")
        told = json.loads(path.read_text())
        return options["url"] or told["url"], options["key"] or told["api_key"]

    def _progress(self, sent: int, total: int) -> None:
        if sys.stderr.isatty() and (sent % 5 == 0 or sent == total):
            filled = 40 * sent // max(1, total)
            bar = "█" * filled + "·" * (40 - filled)
            self.stderr.write(f"\r{bar} {sent}/{total}", ending="\n" if sent == total else "")

    def _table(self, tally: replay.Tally) -> None:
        rows = [("tier " + name, count) for name, count in tally.tiers.most_common()]
        rows += [("queue " + name, count) for name, count in tally.queues.most_common()]
        rows += [("refused " + why, count) for why, count in tally.refusals.most_common()]
        width = max((len(name) for name, _ in rows), default=10)
        for name, count in rows:
            self.stdout.write(f"{name:<{width}}  {count:>6}")
        self.stdout.write(
            f"{tally.sent} lines · median {tally.quantile(0.5):.0f} ms · "
            f"p95 {tally.quantile(replay.SLOWEST_SHOWN):.0f} ms"
        )
