"""What the commands share by which somebody stops and lets go on without a browser."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from accounts.models import User
from handoffs import standstill
from handoffs.models import Workflow


def add_arguments(parser: ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("workflow", nargs="?", metavar="WORKFLOW", help="Its short name.")
    what.add_argument("--everything", action="store_true", help="Every workflow.")
    parser.add_argument("--by", metavar="EMAIL", help="Whose account does it; it is recorded.")
    parser.add_argument("--reason", default="", help="Why; owners, the desk and agents read it.")


def asked(options: Mapping[str, Any]) -> tuple[User, Workflow | None, str]:
    """Read who does what and why, or say what is missing."""
    by = User.objects.filter(email__iexact=options["by"] or "", is_active=True).first()
    if by is None:
        raise CommandError(
            "Nobody who may sign in has this e-mail address. Nothing was changed. Say --by EMAIL."
        )
    if options["everything"]:
        return by, None, options["reason"]
    workflow = Workflow.objects.filter(slug=options["workflow"]).first()
    if workflow is None:
        known = ", ".join(Workflow.objects.order_by("slug").values_list("slug", flat=True)[:20])
        raise CommandError(f"There is no such workflow. Nothing was changed. There are: {known}.")
    return by, workflow, options["reason"]


def again(workflow: Workflow | None) -> str:
    return workflow.slug if workflow else "--everything"


def standing() -> list[str]:
    """Say what is stopped, line by line."""
    return [
        f"{standstill.named(stop)}: {'drill' if stop.drill else 'stopped'} since "
        f"{stop.stopped_at:%Y-%m-%d %H:%M:%S} UTC by "
        f"{stop.stopped_by.email if stop.stopped_by else stop.stopped_role}"
        f"{'' if stop.settled_at else ', something is still under way'}: "
        f"{standstill.shown(stop.reason)}"
        for stop in standstill.live()
    ] or ["Nothing is stopped."]
