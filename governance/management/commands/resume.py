"""The way back for when the web is down."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.errors import DomainError
from governance import by_hand, stopping
from handoffs import standstill
from handoffs.models import Stop


class Command(BaseCommand):
    requires_system_checks = ()
    help = (
        "Let a stopped workflow, or everything, go on. It asks for the same as the page: a reason, "
        "and somebody who may. Exit code 1: it was refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        by_hand.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if not (options["workflow"] or options["everything"]):
            raise CommandError("Name a workflow, or say --everything. Nothing was changed.")
        by, workflow, reason = by_hand.asked(options)
        stop = Stop.objects.filter(workflow=workflow, ended_at=None).first()
        if stop is None:
            raise CommandError(
                "It is not stopped by itself. Nothing was changed. See what is: manage.py stop"
            )
        try:
            ended = stopping.let_go(stop.id, reason=reason, by=by, now=timezone.now())
        except DomainError as refusal:
            raise CommandError(refusal.message) from None
        over = standstill.over(workflow.pk) if workflow else None
        with_all = " It still stands: everything is stopped as well." if over else ""
        self.stdout.write(f"{standstill.named(ended)} goes on.{with_all}")
