"""Recorded traffic, end to end: replayed over HTTP, decided in a browser, resumed by the client.

OVERREAD_RECORDED names a folder with more recordings (one JSON object a line: key, run, proposal);
each of them is put through the same.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, cycle
from pathlib import Path

import httpx
import overread
import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from accounts.roles import Role
from handoffs.models import Answer, Handoff, Run
from tests import factories
from tests.database import Databases
from tests.e2e import recorded
from tests.e2e.conftest import picture
from tests.flows import processes

pytestmark = pytest.mark.slow
Open = Callable[..., Page]

# so many runs are over in the end; one that asked for more is over when all of it is decided
ENOUGH, MOST = 4, 40


@pytest.fixture(scope="module")
def served(databases: Databases) -> Iterator[str]:
    with processes.web_and_wait() as url:
        yield url


@pytest.fixture
def server(committed_db: Databases, served: str) -> str:
    """Let the browser look at the server that the agents speak to."""
    return served


@pytest.fixture
def client(server: str, bot_key: str) -> Iterator[overread.Client]:
    http = httpx.Client(trust_env=False)
    with overread.Client(server, bot_key, http=http) as client:
        yield client


@contextmanager
def going_on(client: overread.Client, workflow: str) -> Iterator[list[overread.Answer]]:
    """Take up what is answered, as the agent's own worker would, and end the run."""
    seen: list[overread.Answer] = []

    def go_on(work: overread.Work) -> None:
        seen.extend(work.answers)
        work.acknowledge()
        client.complete_run(work.run)

    worker = overread.ResumptionWorker(client, [workflow], go_on, name="recorded")
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield seen
    finally:
        worker.stop()
        thread.join(30)
    assert not thread.is_alive()


class Reviewer:
    """Someone at the desk who answers what comes, one way after the other."""

    def __init__(self, page: Page, client: overread.Client) -> None:
        self.page, self.client = page, client
        self.bad: list[str] = []
        ways = [self.ask, self.approve, self.edit, self.reject]
        self.ways = chain(ways, cycle(ways[1:]))
        page.on("response", lambda got: self._note(got.status, got.url))

    def _note(self, status: int, url: str) -> None:
        if status == 404 or status >= 500:
            self.bad.append(f"{status} {url}")

    def begins(self) -> None:
        self.page.get_by_role("button", name="Take the next one").click()

    def answers(self) -> None:
        """Answer the one that is open; the next of the queue comes by itself."""
        self.page.wait_for_url("**/handoffs/ho_*")
        expect(self.page.locator("h1")).to_be_visible()
        next(self.ways)(self.page.url.rpartition("/")[2])

    def ask(self, handoff: str) -> None:
        self.page.locator("#words").fill("Which of the two did the customer mean?")
        self._press("ask_information", handoff)
        self.client.give_information(
            self.client.read_handoff(handoff), message=f"The first. {recorded.ATTACK}"
        )

    def approve(self, handoff: str) -> None:
        self._press("approve", handoff)

    def reject(self, handoff: str) -> None:
        self.page.locator("#words").fill("Ask the customer first, then propose it again.")
        self._press("reject", handoff)

    def edit(self, handoff: str) -> None:
        self.page.get_by_role("link", name="Change it, then approve").click()
        self.page.wait_for_url("**/as/approve_with_edits")  # from here on its scripts are there
        self._change(self.page.locator("#edit"))
        button = self.page.get_by_role("button", name="Approve with 1 change")
        expect(button).to_be_visible()
        self._sends(button, handoff)

    @staticmethod
    def _change(form: Locator) -> None:
        """Change the first thing that can be: a number by one, else a text."""
        number = form.locator("input[inputmode]").first
        if number.count():
            number.fill(f"{float(number.input_value() or 0) + 1:g}")
        else:
            text = form.locator("input:not([type]), textarea").first
            text.fill(f"{text.input_value()} (checked)")

    def _press(self, verb: str, handoff: str) -> None:
        self._sends(self.page.locator(f"#decision [value={verb}]").first, handoff)

    def _sends(self, button: Locator, handoff: str) -> None:
        button.click()
        self.page.wait_for_url(lambda url: handoff not in url)
        expect(self.page.get_by_role("status").first).to_be_visible()


@pytest.mark.parametrize(
    "recording", [None, *recorded.named()], ids=lambda path: path.stem if path else "own"
)
def test_recorded_proposals_are_decided_in_a_browser_and_their_runs_go_on(
    recording: Path | None,
    server: str,
    client: overread.Client,
    open_as: Open,
    bot_key: str,
    tmp_path: Path,
) -> None:
    path = recording or recorded.written(tmp_path)
    recorded.replay_all(path, server, bot_key)
    ann = member_of("recorded reviewers")
    reviewer = Reviewer(open_as(ann, "/"), client)

    with going_on(client, "recorded") as seen:
        reviewer.begins()
        for _ in range(MOST):
            reviewer.answers()
            if len(runs_over()) >= ENOUGH:
                break
        over = runs_over()
        processes.until(lambda: completed(over) == over)

    assert len(over) >= ENOUGH
    assert {client.read_run(run).state for run in over} == {overread.RunState.COMPLETED}
    assert_each_was_told_what_was_decided(seen, over)
    for handoff in Handoff.objects.filter(run__in=over):
        page_says_it_is_over(reviewer.page, handoff)
    assert_all_others_are_listed(reviewer.page, open_as(ann, "/"))
    assert reviewer.bad == []
    picture(reviewer.page, f"recorded-{path.stem}")


def member_of(team: str) -> User:
    group = Group.objects.get(name=team)
    return factories.UserFactory(name="Ann", roles=[Role.REVIEWER], groups=[group])


def runs_over() -> set[str]:
    """Name the runs of which everything is decided."""
    asked = set(Answer.objects.values_list("handoff__run", flat=True))
    open_ones = Handoff.objects.exclude(state="answered").values_list("run", flat=True)
    return asked - set(open_ones)


def completed(runs: set[str]) -> set[str]:
    return set(Run.objects.filter(id__in=runs, state="COMPLETED").values_list("id", flat=True))


def assert_each_was_told_what_was_decided(seen: list[overread.Answer], over: set[str]) -> None:
    """The agent got each answer of these runs once, with exactly the approved arguments."""
    given = Answer.objects.filter(handoff__run__in=over)
    told = {answer.id: answer for answer in seen}
    assert len(told) == len(seen) and set(told) >= {answer.id for answer in given}
    assert {answer.verb for answer in given} == {"approve", "approve_with_edits", "reject"}
    for answer in given:
        proposal = Handoff.objects.get(id=answer.handoff_id).proposal
        assert proposal is not None
        arguments = told[answer.id].arguments
        match answer.verb:
            case "approve":
                assert arguments == json.loads(proposal.arguments)
            case "approve_with_edits":
                assert arguments and arguments != json.loads(proposal.arguments)


def page_says_it_is_over(page: Page, handoff: Handoff) -> None:
    page.goto(reverse("reviews:handoff", args=[handoff.id]))
    expect(page.locator(".outcome")).to_contain_text("The run is finished.")


def assert_all_others_are_listed(page: Page, desk: Page) -> None:
    """Whatever waits is in its queue's list; the desk counts it."""
    waiting = set(Handoff.objects.filter(state="waiting").values_list("id", flat=True))
    listed: set[str] = set()
    page.goto(reverse("reviews:queue", args=["recorded"]))
    while True:
        hrefs = page.locator(".row-ask").evaluate_all("links => links.map(link => link.href)")
        listed |= {href.rpartition("/")[2] for href in hrefs}
        later = page.get_by_role("link", name="Later ones")
        if not later.count():
            break
        later.click()
    assert listed == waiting
    expect(desk.locator(".depth")).to_have_text(str(len(waiting)))
