"""Why someone may or may not."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from governance import access
from handoffs.errors import NotFound

NO, UNKNOWN = 1, 2


class Command(BaseCommand):
    requires_system_checks = ()
    help = (
        "Say what a person may do with a queue, a workflow, a handoff or a run, and every step of "
        "why. Exit code 0: they may. 1: they may not. 2: no such person or thing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="the person's e-mail address")
        parser.add_argument(
            "thing", metavar="OBJECT", help="queue:SLUG, workflow:SLUG, handoff:ID or run:ID"
        )
        parser.add_argument(
            "--may",
            metavar="CAPABILITY",
            help="only this one, as it is named below: see, work, decide, lead, own, …",
        )

    def handle(self, *args: Any, user: str, thing: str, may: str | None, **options: Any) -> None:
        person = User.objects.filter(email=user.lower()).first()
        if person is None:
            raise CommandError(f"Nobody here has the address {user}.", returncode=UNKNOWN)
        try:
            explained = access.explain(person, thing)
        except NotFound as refused:
            raise CommandError(refused.message, returncode=UNKNOWN) from None
        shown = [one for one in explained.verdicts if may in (None, one.capability)]
        if not shown:
            known = ", ".join(dict.fromkeys(one.capability for one in explained.verdicts))
            raise CommandError(f"{thing} knows {known}, not {may}.", returncode=UNKNOWN)
        self.stdout.write(f"{explained.person}, {thing}")
        for verdict in shown:
            word = "may" if verdict.allowed else "may not"
            self.stdout.write(f"\n{verdict.capability}: {word} {verdict.means}")
            for step in verdict.steps:
                self.stdout.write(f"  {'✓' if step.holds else '✗'} {step.says}")
        if not any(verdict.allowed for verdict in shown):
            raise SystemExit(NO)
