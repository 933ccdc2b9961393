"""Thirty people at one queue: nothing is decided twice, and nothing that was written is lost.

They work by pages and forms over HTTP, on a recording of our own and on every file in the folder
that OVERREAD_RECORDED names. Some give back, some close the laptop, some press twice.
"""

import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from accounts.models import Client, User
from accounts.roles import Role
from bench.reviewer import Reviewer, sign_in
from handoffs.models import Answer, Handoff
from handoffs.states import HandoffState
from reviews.models import Claim, Decision, Draft
from tests import factories
from tests.database import Databases
from tests.e2e import recorded
from tests.flows import processes

pytestmark = pytest.mark.slow
PEOPLE = 30
TIMES_AS_MUCH = 4


@dataclass
class Person:
    """One of the thirty; `wrote` holds the last words that the server said it has.

    What comes first to some of them they give back, so that luck does not say whether any is.
    """

    user: User
    session: str
    base: str
    wrote: dict[str, str] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    broken: list[BaseException] = field(default_factory=list)
    first: bool = True

    def works(self, over: threading.Event) -> None:
        """Go on until told that it is over; what breaks is kept for the test to see."""
        chance = random.Random(self.user.email)
        while not over.is_set():
            desk = Reviewer(self.session, self.base)
            try:
                while not over.is_set() and self._handles_one(desk, chance):
                    pass
            except BaseException as broken:
                self.broken.append(broken)
                return
            finally:
                self.statuses += desk.statuses
                desk.http.close()
            over.wait(0.05)

    def _handles_one(self, desk: Reviewer, chance: random.Random) -> bool:
        """Handle what comes next; False when nothing does, or the laptop is closed."""
        handoff = desk.take()
        if handoff is None:
            return False
        first, self.first = self.first, False
        words = f"{self.user.name} compared {handoff} with the order, {chance.random()}"
        desk.read(handoff)
        if desk.write(handoff, words):
            self.wrote[handoff] = words
        match chance.random():
            case low if low < 0.1 or (first and self.user.name.endswith("7")):
                desk.post(f"/handoffs/{handoff}/give-back", "give back")
            case low if low < 0.2:
                return False
            case low if low < 0.4:
                for verb in ("approve", "reject"):
                    desk.decide(handoff, verb, words)
            case _:
                desk.decide(handoff, chance.choice(["approve", "reject"]), words)
        return True


@pytest.mark.parametrize(
    "recording", [None, *recorded.named()], ids=lambda path: path.stem if path else "own"
)
def test_nothing_is_decided_twice_and_no_words_are_lost(
    recording: Path | None, committed_db: Databases, bot: Client, bot_key: str, tmp_path: Path
) -> None:
    with processes.web() as url:
        recorded.replay_all(recording or recorded.written(tmp_path, TIMES_AS_MUCH), url, bot_key)
        asked = set(Handoff.objects.values_list("id", flat=True))
        people = [Person(user, sign_in(user), url) for user in thirty()]

        all_work(people)

    assert [one.broken for one in people if one.broken] == []
    assert Counter(status // 100 for one in people for status in one.statuses).keys() <= {2, 3, 4}
    assert 404 not in {status for one in people for status in one.statuses}
    assert Counter(Decision.objects.values_list("handoff", flat=True)) == Counter(asked)
    assert Counter(Answer.objects.values_list("handoff", flat=True)) == Counter(asked)
    assert_no_words_are_lost(people)


def thirty() -> list[User]:
    team = Group.objects.get(name="recorded reviewers")
    return [
        factories.UserFactory(name=f"Reviewer {n}", roles=[Role.REVIEWER], groups=[team])
        for n in range(PEOPLE)
    ]


def all_work(people: list[Person]) -> None:
    """Let them work until everything is answered; a closed laptop's lease runs out meanwhile."""
    over = threading.Event()
    threads = [threading.Thread(target=one.works, args=[over]) for one in people]
    for thread in threads:
        thread.start()
    try:
        processes.until(_all_answered, seconds=240)
    finally:
        over.set()
        for thread in threads:
            thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


def _all_answered() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "update reviews_claim set expires_at = clock_timestamp() - interval '1 second' "
            "where ended_at is null and taken_at < clock_timestamp() - interval '2 seconds'"
        )
    return not Handoff.objects.exclude(state=HandoffState.ANSWERED.value).exists()


def assert_no_words_are_lost(people: list[Person]) -> None:
    """What somebody wrote stands in their decision, or else still in their draft."""
    decided = {(d.handoff_id, d.reviewer_id): d.reason for d in Decision.objects.all()}
    kept = {(d.handoff_id, d.reviewer_id): d.body["reason"] for d in Draft.objects.all()}
    wrote = {(h, one.user.id): words for one in people for h, words in one.wrote.items()}

    assert wrote
    assert {key: decided.get(key, kept.get(key)) for key in wrote} == wrote
    assert Claim.objects.filter(ended_because=Claim.Ended.GIVEN_BACK).exists()
