"""Every process of the main job is killed with -9 once at each step; the run ends right anyway.

The places are read from the code, so that a new failpoint is tested from its first day.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Client, User
from handoffs import audit, failpoints, release
from handoffs.models import (
    Answer,
    Handoff,
    HeldAnswer,
    MatrixRow,
    OutboxMessage,
    Proposal,
    Resumption,
    Run,
    Transition,
    WebhookEndpoint,
)
from handoffs.states import HANDOFF_TRANSITIONS, RUN_TRANSITIONS, HandoffState, RunState
from reviews.models import Decision
from tests import factories, walks
from tests.database import Databases
from tests.flows import desk, material, processes
from tests.flows.processes import Program
from tests.handoffs.receiver import Receiver, receiving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
# which process comes to a failpoint, by the module that it is in, or else by its own name
PROCESS = {
    "answers.before_commit": "desk",
    "answers.after_commit": "desk",
    "release.before_answer": "releaser",
    "release.before_release_commit": "releaser",
    "release.after_release": "releaser",
    "agent": "agent",
    "idempotency": "web",
    "stops": "presser",
    "intake": "web",
    "lots": "web",
    "resumptions": "web",
    "decisions": "desk",
    "release": "desk",
    "undo": "desk",
    "answers": "releaser",
    "runs": "releaser",
    "audit": "keeper",
    "outbox": "keeper",
    # no parts of this story: see test_judging_, test_afterwards_ and test_sweep_crashes
    "judgements": "judge",
    # one person decides in it; what several decide is one transaction as well
    "seats": "judge",
    "stepping_in": "presser",
    # see test_assigning_crashes
    "assigning": "assigner",
    "ladder": "sweeper",
    "silences": "sweeper",
    "audits": "watcher",
    "detection": "watcher",
    "findings": "watcher",
    # see test_notice_crashes
    "notices": "teller",
    "notice_mails": "teller",
    "notice_posts": "teller",
}
# reached only where a decision is told at once
AT_ONCE = {"answers.before_commit", "answers.after_commit"}


def role_of(point: str) -> str:
    return PROCESS.get(point) or PROCESS[point.split(".")[0]]


AGENT_STEPS = failpoints.names_in(ROOT / "tests" / "flows")
OUR_STEPS = [
    step
    for step in failpoints.names_in(ROOT / "handoffs", ROOT / "reviews")
    if role_of(step) not in ("watcher", "judge", "presser", "sweeper", "assigner", "teller")
]


@pytest.fixture(scope="module")
def unarmed(databases: Databases) -> Iterator[str]:
    with processes.web() as url:
        yield url


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def endpoint(bot: Client, receiver: Receiver) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(
        client=bot, url=receiver.url + "/hook", secret="whsec_" + "c2VjcmV0" * 4
    )


class Story:
    """One refund, from proposal to effect, with one place that is deadly once."""

    def __init__(self, point: str, place: Path) -> None:
        self.role = role_of(point)
        self.mark = place / "reached"
        self.shop = place / "shop.sqlite"
        self.armed = {"OVERREAD_FAILPOINT": point, "OVERREAD_FAILPOINT_MARK": str(self.mark)}
        with sqlite3.connect(self.shop) as effects:
            effects.execute("create table refund (answer text primary key, amount real)")

    def arms(self, role: str) -> dict[str, str]:
        return self.armed if self.role == role else {}

    def happens(self, url: str, key: str, reviewer: User) -> None:
        """Start everyone, start again who dies, until the agent is through."""
        agent = Program("agent", url, key, str(self.shop), armed=self.arms("agent"))
        others: list[Program] = []
        if self.role == "desk":
            others.append(Program("desk", reviewer.email, armed=self.armed))
        if self.role == "releaser":
            others.append(Program("releaser", armed=self.armed))
        try:
            processes.until(lambda: self._goes_on(agent, others, reviewer))
        finally:
            for program in (agent, *others):
                program.end()

    def _goes_on(self, agent: Program, others: list[Program], reviewer: User) -> bool:
        deaths = agent.deaths
        through = agent.ended()
        if agent.deaths > deaths:
            lease_runs_out()
        ended = all(one.ended() for one in others)
        if self.role != "desk" and not desk.decide_next(reviewer):
            return False
        if Decision.objects.count() == 2:
            the_window_passes()
        if self.role != "releaser":
            release.release_due(now=timezone.now())
        return through and ended

    def is_told_and_sealed(self) -> None:
        """Do the clock's work as a process that dies over it, and a second time after it."""
        keeper = Program("keeper", armed=self.armed)
        try:
            processes.until(lambda: self._keeper_ended(keeper))
        finally:
            keeper.end()

    @staticmethod
    def _keeper_ended(keeper: Program) -> bool:
        deaths = keeper.deaths
        ended = keeper.ended()
        if keeper.deaths > deaths:
            messages_fall_due()
        return ended

    def effects(self) -> list[tuple[str, float]]:
        with sqlite3.connect(self.shop) as effects:
            return effects.execute("select answer, amount from refund").fetchall()


def lease_runs_out() -> None:
    """Move the end of a dead holder's lease into the past, as if its time had passed."""
    Resumption.objects.filter(state="leased").update(lease_expires_at=timezone.now())


def the_window_passes() -> None:
    """The same for the time in which a decision can be taken back."""
    HeldAnswer.objects.update(release_at=timezone.now())


def messages_fall_due() -> None:
    """The same for messages that somebody died over."""
    OutboxMessage.objects.filter(state="pending").update(next_attempt_at=timezone.now())


@pytest.mark.parametrize("point", [*AGENT_STEPS, *OUR_STEPS])
def test_killed_at(
    point: str,
    committed_db: Databases,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    shop: factories.Shop,
    ann: User,
    bot: Client,
    bot_key: str,
    receiver: Receiver,
    endpoint: WebhookEndpoint,
) -> None:
    MatrixRow.objects.update(safeguards={"undo_seconds": 0 if point in AT_ONCE else 600})
    story = Story(point, tmp_path)
    if story.role == "web":
        if point.startswith("intake."):
            # the web process has not read its policy then, and leaves the proposal to Django
            walks.start_run(shop, bot, external_id=material.EXTERNAL_ID)
        with processes.web(story.armed) as url:
            story.happens(url, bot_key, ann)
    else:
        story.happens(request.getfixturevalue("unarmed"), bot_key, ann)
    if story.role == "keeper":
        story.is_told_and_sealed()
        assert_everything_was_told(receiver)

    assert story.mark.exists(), f"nothing ever comes to {point}"
    assert_ended_right(story)


def assert_ended_right(story: Story) -> None:
    run, answer = Run.objects.get(), Answer.objects.get()
    assert run.state == RunState.COMPLETED
    assert (Proposal.objects.count(), Handoff.objects.count()) == (1, 1)
    assert Resumption.objects.get().state == "resumed"
    assert story.effects() == [(answer.id, 312.5)]
    assert_moves_were_legal(run)
    # a transaction that runs elsewhere on the same server holds the sealer up for a moment
    processes.until(lambda: audit.seal() == 0 and audit.verify().unsealed == 0)
    assert audit.verify().broken == ""


def assert_moves_were_legal(run: Run) -> None:
    """Every move is in the table, without a gap from the first version to the present one."""
    for handoff, states, table, last in (
        (None, RunState, RUN_TRANSITIONS, run.version),
        (
            Handoff.objects.get().id,
            HandoffState,
            HANDOFF_TRANSITIONS,
            Handoff.objects.get().version,
        ),
    ):
        moves = list(Transition.objects.filter(run=run, handoff_id=handoff).order_by("version"))
        assert [move.version for move in moves] == list(range(1, last + 1))
        for before, move in zip([None, *moves], moves, strict=False):
            assert move.from_state == (before.to_state if before else "")
            origin = states(move.from_state) if before else None
            assert states(move.to_state) in table[origin]


def assert_everything_was_told(receiver: Receiver) -> None:
    """Each message arrived; one that its sender died over arrived again under the same id."""
    ids = Counter(message.id for message in receiver.received)
    assert set(ids) == set(OutboxMessage.objects.values_list("id", flat=True))
    assert not OutboxMessage.objects.exclude(state="delivered").exists()
