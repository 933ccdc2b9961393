from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from governance import dry_runs
from governance.pages import ladder
from handoffs.models import Workflow


class Command(BaseCommand):
    """Let what came in the last days wait once more, on a ladder with other times."""

    help = "Try a ladder on last month; nothing is stored and nobody is asked."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workflow", help="its slug")
        parser.add_argument("--row", help="number of the row; default: the first in force")
        parser.add_argument("--levels", help="time of each level, as 2h,1h; default: as it stands")
        parser.add_argument("--urgent", help="urgent so long before, as 15m")
        parser.add_argument("--hours", action="store_true", help="count in opening hours")
        parser.add_argument("--days", type=int, default=dry_runs.DAYS)

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        workflow = Workflow.objects.filter(slug=options["workflow"]).first()
        if workflow is None:
            raise CommandError(f"There is no workflow {options['workflow']}.")
        rows = dry_runs.rows(workflow, now=now)
        row = next((one for one in rows if options["row"] in (None, str(one.pk))), None)
        if row is None:
            known = ", ".join(str(one.pk) for one in rows) or "none"
            raise CommandError(f"No such row is in force. There are: {known}.")
        proposed = dry_runs.as_it_stands(row)
        if options["levels"]:
            typed = {"levels": options["levels"], "urgent": options["urgent"] or "15m"}
            try:
                proposed = ladder.read(typed | ({"hours": "on"} if options["hours"] else {}))
            except ladder.Unreadable as refused:
                raise CommandError(str(refused)) from None
        result = ladder.show(dry_runs.run(row, proposed, now=now, days=options["days"]))
        self.stdout.write(f"{ladder.in_words(proposed)}\n{result.sentence}\n")
        for line in result.lines:
            self.stdout.write(
                f"{line.label}: did {line.happened} · as it stands {line.standing} · "
                f"this ladder {line.proposed} · not known {line.unknown}"
            )
        for note in result.notes:
            self.stdout.write(note)
