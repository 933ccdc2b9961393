"""People who review refunds by pages and forms: they compare what is asked with what the order was.

Whether something is a test they cannot know, and do not need to. Who reads finds what is wrong as
often as they are said to; who does not approves.
"""

import random
import re
from collections import Counter
from dataclasses import dataclass, field

from accounts.models import User
from bench.reviewer import Reviewer, sign_in

_ASKED = re.compile(r'id="ask"[^>]*>Refund ([\d.,]+) USD')
_TOTAL = re.compile(r'Order total</dt>\s*<dd><span class="money">([\d.,]+) ')


@dataclass
class Crew:
    """Everybody of the team; whoever is free next takes what is next, each as likely as any."""

    people: list[User]
    base: str
    chance: random.Random
    # how many of the wrong ones they find
    catches: float = 0.9
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.desks = [Reviewer(sign_in(one), self.base) for one in self.people]

    def close(self) -> None:
        for desk in self.desks:
            desk.http.close()

    def review(self) -> None:
        """Let somebody take the next one, read it and decide."""
        desk = self.chance.choice(self.desks)
        handoff = desk.take_next()
        assert handoff is not None, "Nothing was there to take."
        is_wrong = self._is_wrong(desk.page)
        finds = is_wrong and self.chance.random() < self.catches
        answer = desk.decide(handoff, "reject" if finds else "approve", "")
        assert answer.status_code < 400, answer.text[:2000]
        self.seen["reviews"] += 1
        self.seen["wrong"] += is_wrong
        self.seen["missed"] += is_wrong and not finds
        # whoever met a test is told at once, on the page that answers
        self.seen["told"] += answer.status_code == 200

    @staticmethod
    def _is_wrong(page: str) -> bool:
        asked, total = _ASKED.search(page), _TOTAL.search(page)
        assert asked and total, page[:3000]
        return asked[1] != total[1]
