"""Which rule, which capability, which proof: as a document, a table or data."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from governance import traceability


class Command(BaseCommand):
    requires_system_checks = ()
    help = "Write which clause is served by which capability, where the proof is, what is missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=["md", "csv", "json"], default="md")

    def handle(self, *args: Any, format: str, **options: Any) -> None:
        found = traceability.read()
        if format == "json":
            text = json.dumps(traceability.as_json(found), indent=2, ensure_ascii=False) + "\n"
        else:
            write = traceability.as_csv if format == "csv" else traceability.as_markdown
            text = write(found)
        self.stdout.write(text, ending="")
