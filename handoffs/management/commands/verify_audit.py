"""Whether the audit log is what it was when it was written."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from handoffs import audit
from handoffs.audit import Head

BROKEN, LATE = 1, 3


def _anchor(text: str) -> Head:
    seq, _, hash = text.partition(":")
    if not seq.isdigit() or len(hash) != 64:
        raise ArgumentTypeError(f"{text!r} is not NUMBER:HASH with 64 hexadecimal digits")
    return Head(int(seq), hash.lower())


class Command(BaseCommand):
    requires_system_checks = ()
    help = (
        "Recompute the chain over the audit log. Exit code 0: it holds. 1: it does not, and the "
        "first entry that does not is named. 3: it holds, but entries wait too long for their seal."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--anchor",
            type=_anchor,
            action="append",
            default=[],
            metavar="NUMBER:HASH",
            help="A link kept elsewhere, as in a receipt or an earlier run's last line.",
        )
        parser.add_argument(
            "--late",
            type=int,
            default=60,
            metavar="SECONDS",
            help="How long an entry may wait for its seal (60).",
        )

    def handle(self, *args: Any, anchor: list[Head], late: int, **options: Any) -> None:
        report = audit.verify(anchors=tuple(anchor))
        if report.broken:
            raise CommandError(
                f"{report.broken} Before it, {report.sealed} entries hold. Keep the database as it "
                "is and compare it with a backup.",
                returncode=BROKEN,
            )
        self.stdout.write(f"{report.sealed} entries hold, {report.unsealed} are not yet sealed.")
        self.stdout.write(f"head {report.head.seq}:{report.head.hash}")
        since = report.unsealed_since
        if since and timezone.now() - since > timedelta(seconds=late):
            raise CommandError(
                f"An entry waits for its seal since {since:%Y-%m-%d %H:%M:%S} UTC. Until it is "
                "sealed it could be changed unseen. See that the worker and beat run.",
                returncode=LATE,
            )
