"""Export, import and validate workflows as files."""

import difflib
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.errors import DomainError
from governance import starters, workflow_files, workflow_schema
from governance.workflow_schema import BadFile
from handoffs.actors import SYSTEM
from handoffs.models import Workflow


class Command(BaseCommand):
    help = "Keep a workflow's policy in one readable YAML file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        export = verbs.add_parser("export", help="write a workflow as a file")
        export.add_argument("slug")
        export.add_argument("-o", "--output", help="where to; without it, to the screen")
        load = verbs.add_parser("import", help="make a workflow what a file says")
        load.add_argument("file")
        load.add_argument("--launch", action="store_true", help="and open it to proposals")
        load.add_argument("--dry-run", action="store_true", help="show the changes, change nothing")
        verbs.add_parser("validate", help="say what is wrong with a file").add_argument("file")
        begin = verbs.add_parser("starters", help="list the maps to start from, or print one")
        begin.add_argument("name", nargs="?")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        if verb == "export":
            self.export(options["slug"], options["output"])
            return
        if verb == "starters":
            self.starters(options["name"])
            return
        try:
            if verb == "import":
                self.load(options["file"], launch=options["launch"], dry_run=options["dry_run"])
            else:
                self.validate(options["file"])
        except BadFile as refused:
            lines = [f"{options['file']}:{p.line}: {p.message}" for p in refused.problems]
            raise CommandError("\n".join([*lines, "Nothing was changed."])) from None
        except DomainError as refused:
            sentences = [refused.message, *(field.message for field in refused.fields)]
            raise CommandError("\n".join(sentences)) from None

    def export(self, slug: str, output: str | None) -> None:
        workflow = Workflow.objects.filter(slug=slug).first()
        if workflow is None:
            known = ", ".join(Workflow.objects.order_by("slug").values_list("slug", flat=True))
            raise CommandError(f"There is no workflow {slug}. There are: {known or 'none yet'}.")
        text = workflow_files.export(workflow)
        if output is None:
            self.stdout.write(text, ending="")
            return
        Path(output).write_text(text, encoding="utf-8")

    def load(self, file: str, *, launch: bool, dry_run: bool) -> None:
        loaded = workflow_files.load(
            _text(file),
            by=SYSTEM,
            now=timezone.now(),
            launch=launch,
            staffed=True,
            dry_run=dry_run,
        )
        changes = difflib.unified_diff(
            loaded.before.splitlines(), loaded.after.splitlines(), "now", file, lineterm=""
        )
        for line in changes:
            self.stdout.write(line)
        said = "would be" if dry_run else "is"
        if loaded.before == loaded.after:
            said = "already was"
        slug, left = loaded.workflow.slug, loaded.draft
        if left is None:
            self.stdout.write(f"{slug} {said} what {file} says.")
            return
        self.stdout.write(
            f"{slug} {said} what {file} says, but for its map: version {left.version} is a draft "
            "until it is signed and published in the admin."
        )
        for sentence in loaded.awaited:
            self.stdout.write(f"  {sentence}")

    def starters(self, name: str | None) -> None:
        if name is None:
            for one in starters.names():
                self.stdout.write(f"{one:16}{starters.load(one).says}")
        elif name in starters.names():
            self.stdout.write(starters.text(name), ending="")
        else:
            known = ", ".join(starters.names())
            raise CommandError(f"There is no starter map {name}. There are: {known}.")

    def validate(self, file: str) -> None:
        found = workflow_schema.read(_text(file))
        self.stdout.write(
            f"{file} holds: {found.workflow}, {len(found.action_types)} action types, "
            f"{len(found.map.get('rules', []))} rules, {len(found.cases)} cases, "
            f"{len(found.matrix)} rows of the matrix."
        )


def _text(file: str) -> str:
    """Read the file, or what is piped in for -."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise CommandError(f"{file}:{line}: This is not UTF-8. Nothing was changed.") from None
