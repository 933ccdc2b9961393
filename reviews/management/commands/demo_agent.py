import json
from pathlib import Path
from typing import Any

import overread
from django.conf import settings
from django.core.management.base import BaseCommand

from demo.agent import Agent, restock
from demo.shop import Shop


class Command(BaseCommand):
    """Run the demo agent until it is stopped. It speaks HTTP like any other agent."""

    help = "Work through the demo shop's tickets, ask, wait, and go on when answered."

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.DATA_DIR)
        told = json.loads((folder / "demo.json").read_text())
        shop = Shop(folder / "demo" / "shop.sqlite3")
        restock(shop)
        client = overread.Client(told["url"], told["api_key"])
        Agent(client, shop, self._say).work()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
