"""The examples of docs/api are requests that are sent, in their order, and answered as written."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from handoffs import actors, answers
from handoffs.answers import Said
from handoffs.models import Handoff, MatrixRow
from handoffs.states import HandoffKind, Verb
from tests import factories
from tests.contracts.operations import all_operations
from tests.people import Agent

pytestmark = pytest.mark.django_db
FOLDER = Path(__file__).parent.parent.parent / "docs/api"
PAGES = sorted(page for page in FOLDER.glob("*.md") if "```json" in page.read_text())
REVIEWER = actors.person_actor(1, "refund approvers")
_STEP = re.compile(r"```json (\w+) (\S+) (\d+)\n(.*?)```|<!-- (.*?) -->", re.DOTALL)


class Reader:
    """Does what a page says, one step after the other."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.known: dict[str, str] = {}

    def fill(self, text: str) -> str:
        return re.sub(r"\{(run|proposal|handoff|resumption|token)\}", self._known, text)

    def _known(self, match: re.Match[str]) -> str:
        return self.known[match[1]]

    def send(self, method: str, path: str, status: str, body: str) -> None:
        send = {"POST": self.agent.post, "PUT": self.agent.put}[method]
        response = send(self.fill(path), self.fill(body).encode())

        assert response.status_code == int(status), response.content
        self.learn(path, response.json())

    def learn(self, path: str, told: dict) -> None:
        for prefix, name in (
            ("/runs", "run"),
            ("/proposals", "proposal"),
            ("/handoffs", "handoff"),
            ("/resumptions", "resumption"),
        ):
            if path.startswith(prefix) and told.get("id") and "acknowledge" not in path:
                self.known[name] = told["id"]
        if "token" in told.get("lease", {}):
            self.known["token"] = told["lease"]["token"]
        if path == "/proposals":
            self.known["handoff"] = told["handoff"]["id"]

    def run(self) -> None:
        self.learn("/runs", self.agent.post("/runs", factories.run_payload()).json())

    def ask_back(self) -> None:
        answers.ask_information(
            self.known["handoff"],
            round=1,
            question="When?",
            by=REVIEWER,
            now=timezone.now(),
        )

    def answered(self) -> None:
        self.run()
        body = factories.proposal_payload(self.known["run"])
        self.learn("/proposals", self.agent.post("/proposals", body).json())
        said = Said(verb=Verb.APPROVE, arguments=body["arguments"])
        answers.answer(self.known["handoff"], round=1, said=said, by=REVIEWER, now=timezone.now())

    def claimed(self) -> None:
        self.answered()
        body = {"workflows": ["retail-support"], "worker": "host-17"}
        self.learn("/resumptions", self.agent.post("/resumptions/claim", body).json())


STAGES = {
    "a run": Reader.run,
    "another run": Reader.run,
    "a person asks back": Reader.ask_back,
    "an answered proposal": Reader.answered,
    "an answered proposal, claimed": Reader.claimed,
}


def steps(page: Path) -> Iterator[re.Match[str]]:
    return _STEP.finditer(page.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_work_in_their_order(agent, shop, page):
    for kind in (HandoffKind.AMBIGUITY, HandoffKind.RECOVERY):
        MatrixRow.objects.create(
            workflow=shop.workflow, kind=kind.value, role=shop.team, queue=shop.queue
        )
    reader = Reader(agent)
    for step in steps(page):
        method, path, status, body, stage = step.groups()
        if stage:
            STAGES[stage](reader)
        else:
            json.loads(body)
            reader.send(method, path, status, body)
    assert reader.known
    assert Handoff.objects.count() >= (page.stem in ("proposals", "handoffs", "resumptions"))


def test_every_operation_with_a_body_has_an_example():
    shown = {
        (step[1], re.sub(r"\{(\w+)\}", r"{\1_id}", step[2]))
        for page in PAGES
        for step in steps(page)
        if step[1]
    }
    wanted = {
        (one.method, one.path.removeprefix("/api/v1")) for one in all_operations() if one.has_body
    }

    assert shown == wanted


def test_every_operation_is_named_on_some_page():
    text = "\n".join(page.read_text() for page in FOLDER.glob("*.md"))

    for one in all_operations():
        short = one.path.removeprefix("/api/v1").split("{")[0].rstrip("/")
        assert short in text, one.id
