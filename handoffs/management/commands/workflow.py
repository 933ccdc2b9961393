import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.errors import DomainError
from handoffs import workflow_files, workflow_schema
from handoffs.actors import SYSTEM
from handoffs.models import Workflow


class Command(BaseCommand):
    """Keep a workflow in a file: export it, check a file, or make the workflow what a file says."""

    help = "Export, import or validate a workflow as one readable YAML file."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        export = verbs.add_parser("export", help="write a workflow as YAML")
        export.add_argument("slug")
        export.add_argument("-o", "--output", type=Path, help="a file; default: standard output")
        load = verbs.add_parser("import", help="make the workflow what the file says")
        load.add_argument("file", type=Path)
        load.add_argument("--launch", action="store_true", help="let agents use it")
        load.add_argument("--dry-run", action="store_true", help="check it all, change nothing")
        validate = verbs.add_parser("validate", help="check a file without a database")
        validate.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(options)
        except OSError as error:
            raise CommandError(str(error)) from None
        except workflow_schema.BadFile as refused:
            for problem in refused.problems:
                self.stderr.write(f"{options['file']}:{problem.line}: {problem.message}")
            raise CommandError("The file was refused. Nothing was changed.") from None
        except DomainError as refused:
            for field in refused.fields:
                self.stderr.write(f"{options['file']}: {field.message}")
            raise CommandError(refused.message) from None

    def _export(self, options: dict[str, Any]) -> None:
        workflow = Workflow.objects.filter(slug=options["slug"]).first()
        if workflow is None:
            raise CommandError(f"There is no workflow {options['slug']}.")
        text = workflow_files.export(workflow)
        if options["output"]:
            options["output"].write_text(text, encoding="utf-8")
        else:
            sys.stdout.write(text)

    def _import(self, options: dict[str, Any]) -> None:
        text = options["file"].read_text(encoding="utf-8")
        with transaction.atomic():
            workflow = workflow_files.load(
                text, by=SYSTEM, now=timezone.now(), launch=options["launch"]
            )
            transaction.set_rollback(options["dry_run"])
        said = "would be" if options["dry_run"] else "is"
        self.stdout.write(f"{workflow.slug} {said} as the file says.")

    def _validate(self, options: dict[str, Any]) -> None:
        file = workflow_schema.read(options["file"].read_text(encoding="utf-8"))
        self.stdout.write(f"{file.workflow}: nothing wrong with it.")
