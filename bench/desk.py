"""The desk with 1,000 and with 100,000 waiting: each page alone, and thirty reviewers at once.

Pages come over HTTP from two web processes, signed in, with forms and no scripts. "Alone" is the
time of one request on a quiet server; "thirty" is what thirty people see who never stop to think,
so it is mostly the wait for one of the two processes.
"""

import threading
import time
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from bench import ground
from bench.reviewer import Reviewer, sign_in
from reviews import search_index

SIZES = (1_000, 100_000)
PEOPLE = 30
SECONDS = 10
PAGES = ("desk", "queue", "take", "handoff", "draft", "decide", "search", "search, rare")


def run() -> None:
    places = {size: ground.place(f"desk-{size}") for size in SIZES}
    for size, place in places.items():
        ground.add_waiting(place, size)
        place.queue.pick_allowed = True
        place.queue.save()
    while search_index.note_new(now=timezone.now()):
        pass
    with ground.web() as port:
        base = f"http://127.0.0.1:{port}"
        alone = {n: Reviewer(sign_in(place.reviewer), base) for n, place in places.items()}
        for size, reviewer in alone.items():
            _work(reviewer, places[size], 5)
            reviewer.took.clear()
        for _ in range(ground.ROUNDS):
            for size, reviewer in alone.items():
                _work(reviewer, places[size], 12)
        many = _together(places[SIZES[-1]], base)
    for name in PAGES:
        few, lots = (ground.p95(alone[size].took[name]) for size in SIZES)
        print(
            f"{name:>12}  alone p95 {few:.1f} ms with 1,000, {lots:.1f} ms with 100,000"
            f"   × {lots / few:.2f}"
        )
    spent = [ms for one in many for times in one.took.values() for ms in times]
    decided = sum(len(one.took["decide"]) for one in many)
    print(
        f"{PEOPLE} at once: {len(spent) / SECONDS:.0f} answers a second, {decided / SECONDS:.0f} "
        f"decisions a second, p95 {ground.p95(spent):.0f} ms with the wait for a process"
    )


def _work(reviewer: Reviewer, place: ground.Place, times: int) -> None:
    """Do what a reviewer does, so many times."""
    for number in range(times):
        reviewer.get(f"/queues/{place.queue.slug}", "queue")
        reviewer.get("/search", "search", words="refund")
        reviewer.get("/search", "search, rare", words=f"w{number + 1}")
        handoff = reviewer.take()
        assert handoff is not None
        reviewer.write(handoff, "Checked the order.")
        answer = reviewer.decide(handoff, "approve", "Checked the order.")
        assert answer.status_code == 302, answer.text[:500]


def _together(place: ground.Place, base: str) -> list[Reviewer]:
    people = [Reviewer(sign_in(_person(place, number)), base) for number in range(PEOPLE)]
    until = time.monotonic() + SECONDS

    def work(reviewer: Reviewer) -> None:
        while time.monotonic() < until:
            handoff = reviewer.take()
            if handoff is not None:
                reviewer.write(handoff, "Checked the order.")
                reviewer.decide(handoff, "approve", "Checked the order.")

    threads = [threading.Thread(target=work, args=[one]) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timedelta(minutes=2).total_seconds())
    return people


def _person(place: ground.Place, number: int) -> User:
    person, _ = User.objects.get_or_create(
        email=f"{place.queue.slug}-{number}@bench.example",
        defaults={"name": f"Reviewer {number}", "roles": [Role.REVIEWER.value]},
    )
    person.groups.add(place.team)
    return person
