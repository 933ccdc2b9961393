"""The stop button for when the web is down."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.errors import DomainError
from governance import by_hand, stopping
from handoffs import standstill, stops


class Command(BaseCommand):
    requires_system_checks = ()
    help = (
        "Stop a workflow, or everything; without either say what is stopped. It does and asks for "
        "the same as the button: a reason, and somebody who may. Exit code 1: it was refused. "
        "3: it is stopped, and something that had begun before is still under way."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        by_hand.add_arguments(parser)
        parser.add_argument(
            "--drill",
            type=int,
            metavar="SECONDS",
            help="Stop in earnest, end by itself after so long (10 to 600), and be measured.",
        )

    def handle(self, *args: Any, drill: int | None, **options: Any) -> None:
        if not (options["workflow"] or options["everything"]):
            for line in by_hand.standing():
                self.stdout.write(line)
            return
        by, workflow, reason = by_hand.asked(options)
        try:
            stop = stopping.stop(
                workflow, reason=reason, drill_seconds=drill, by=by, now=timezone.now()
            )
        except DomainError as refusal:
            raise CommandError(refusal.message) from None
        named = standstill.named(stop)
        if stop.settled_at is None:
            raise CommandError(
                f"{named} is stopped. Something that had begun before it is still under way after "
                f"{stops.PATIENCE_SECONDS:g} s: look again with `manage.py stop`.",
                returncode=3,
            )
        took = (stop.settled_at - stop.stopped_at).total_seconds()
        self.stdout.write(
            f"{named} is stopped. Nothing was under way any more after {took:.3f} s. "
            f"It goes on with: manage.py resume {by_hand.again(workflow)} --by … --reason …"
        )
