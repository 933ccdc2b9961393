from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

import demo
from demo import faults, history, people
from governance import workflow_files
from handoffs.actors import SYSTEM
from handoffs.models import Workflow


class Command(BaseCommand):
    """Seed the demo: people, a key, two launched workflows, a past. Repeating changes nothing."""

    help = "Bring the demo's people, key, workflows and history into being and write demo.json."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        written = people.settle(now=now)
        for file in sorted((Path(demo.__file__).parent / "workflows").glob("*.yaml")):
            # a workflow that a manager has changed since stays changed
            if not Workflow.objects.filter(slug=file.stem, launched_at__isnull=False).exists():
                workflow_files.load(file.read_text(), by=SYSTEM, now=now, launch=True)
        faults.settle(now=now)
        history.simulate()
        self.stdout.write(f"How to sign in: {written}")
