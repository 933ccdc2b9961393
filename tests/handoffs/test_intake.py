import json

import pytest

from accounts.models import ApiKey
from handoffs import intake
from handoffs.errors import (
    ArgumentsOffSchema,
    IdempotencyMismatch,
    IllegalTransition,
    MissingContext,
    NoAuthority,
    NotFound,
    NotLaunched,
    QueueFull,
    UnknownActionType,
    WorkflowNotYours,
)
from handoffs.models import (
    AuditEntry,
    Brief,
    Checkpoint,
    Handoff,
    IdempotencyRecord,
    MatrixRow,
    OutboxMessage,
    Proposal,
    Queue,
    QueueDepth,
    Run,
    Transition,
    Workflow,
)
from tests import factories, walks


@pytest.fixture(autouse=True)
def _database(database: None) -> None:
    """Let a test choose: its own transaction, or `committed_db`."""


def stored() -> list[int]:
    models = (Proposal, Handoff, Brief, Checkpoint, Transition, AuditEntry, IdempotencyRecord)
    return [model.objects.count() for model in models]


def test_a_refund_above_the_limit_stops_its_run_for_the_right_team(shop, bot, bot_key):
    run = walks.start_run(shop, bot)

    told = walks.propose(bot_key, run)

    body = json.loads(told.body)
    handoff = Handoff.objects.get(id=body["handoff"]["id"])
    assert (told.status, body["tier"], body["act"]) == (201, "hard_approval", "wait")
    assert "large-refund" in {rule["id"] for rule in body["rules"]}
    assert all(rule["because"] for rule in body["rules"])
    assert (handoff.queue, handoff.role, handoff.state) == (shop.queue, shop.team, "waiting")
    assert Run.objects.get(id=run.id).state == "PAUSED_PENDING_HUMAN"


def test_the_pause_leaves_everything_that_resuming_needs(shop, bot, bot_key):
    run = walks.start_run(shop, bot)

    walks.propose(bot_key, run)

    handoff = Handoff.objects.get(run=run)
    assert Checkpoint.objects.get(run=run).body == '{"step": 3}'
    assert handoff.briefs.get().body["ask"] == factories.brief_payload()["ask"]
    assert (handoff.deadline_at - handoff.opened_at).total_seconds() == pytest.approx(
        shop.row.deadline_seconds, abs=1
    )
    assert list(
        Transition.objects.filter(run=run).order_by("id").values_list("to_state", flat=True)
    ) == ["RUNNING", "waiting", "PAUSED_PENDING_HUMAN"]


def test_a_small_thing_needs_nobody_and_is_recorded_all_the_same(shop, bot, bot_key):
    run = walks.start_run(shop, bot)
    payload = factories.small_proposal_payload(run.id)

    told = intake.propose(walks.look(bot_key, run), intake.Proposed(**payload), keyed=None)

    assert (told.status, json.loads(told.body)["act"]) == (200, "proceed")
    assert Proposal.objects.get(run=run).tier == "autonomous"
    assert not Handoff.objects.exists()
    assert Run.objects.get(id=run.id).state == "RUNNING"


def test_a_dry_run_tells_the_same_and_stores_nothing(shop, bot, bot_key):
    run = walks.start_run(shop, bot)
    before = stored()

    told = intake.dry_run(walks.look(bot_key, run), walks.proposed(run))

    assert stored() == before
    real = json.loads(walks.propose(bot_key, run).body)
    dry = json.loads(told.body)
    assert [dry[name] for name in ("tier", "act", "rules", "map", "arguments_digest")] == [
        real[name] for name in ("tier", "act", "rules", "map", "arguments_digest")
    ]


def test_the_same_key_and_body_is_answered_as_the_first_time(shop, bot, bot_key):
    run = walks.start_run(shop, bot)
    keyed = intake.Keyed("k1", "fingerprint")

    first = intake.propose(walks.look(bot_key, run, "k1"), walks.proposed(run), keyed=keyed)
    again = intake.propose(walks.look(bot_key, run, "k1"), walks.proposed(run), keyed=keyed)

    assert (again.body, again.status, again.replayed) == (first.body, first.status, True)
    assert Handoff.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(shop, bot, bot_key):
    run = walks.start_run(shop, bot)
    intake.propose(
        walks.look(bot_key, run, "k1"), walks.proposed(run), keyed=intake.Keyed("k1", "one")
    )

    with pytest.raises(IdempotencyMismatch):
        intake.propose(
            walks.look(bot_key, run, "k1"), walks.proposed(run), keyed=intake.Keyed("k1", "two")
        )


def test_the_loser_of_a_race_for_one_key_is_told_the_winners_answer(
    committed_db, shop, bot, bot_key
):
    run = walks.start_run(shop, bot)
    keyed = intake.Keyed("k1", "fingerprint")
    late = walks.look(bot_key, run, "k1")
    first = intake.propose(walks.look(bot_key, run, "k1"), walks.proposed(run), keyed=keyed)

    told = intake.propose(late, walks.proposed(run), keyed=keyed)

    assert (told.body, told.replayed) == (first.body, True)
    assert Proposal.objects.count() == 1


REFUSALS = [
    ({"action_type": "fly_to_the_moon"}, UnknownActionType, "action_type"),
    ({"arguments": {"order_id": 7}}, ArgumentsOffSchema, "arguments"),
    ({"brief": factories.brief_payload(facts=[])}, MissingContext, "brief.facts"),
    ({"brief": factories.brief_payload(ask="")}, MissingContext, "brief.ask"),
]


@pytest.mark.parametrize(("changes", "refusal", "path"), REFUSALS)
def test_what_is_refused_leaves_nothing(shop, bot, bot_key, changes, refusal, path):
    run = walks.start_run(shop, bot)
    before = stored()

    with pytest.raises(refusal) as refused:
        walks.propose(bot_key, run, **changes)

    assert any(field.path.startswith(path) for field in refused.value.fields)
    assert stored() == before
    assert Run.objects.get(id=run.id).state == "RUNNING"


def test_a_run_of_another_client_is_not_there(shop, bot, bot_key):
    stranger = factories.ClientFactory(name="stranger")
    run = walks.start_run(shop, stranger)

    with pytest.raises(NotFound):
        walks.propose(bot_key, run)


def test_a_key_without_the_workflow_is_refused(shop, bot, bot_key):
    run = walks.start_run(shop, bot)
    ApiKey.objects.update(workflows=["another"])

    with pytest.raises(WorkflowNotYours):
        walks.propose(bot_key, run)


def test_a_workflow_that_is_not_launched_takes_nothing(shop, bot, bot_key):
    run = walks.start_run(shop, bot)
    Workflow.objects.update(launched_at=None)

    with pytest.raises(NotLaunched):
        walks.propose(bot_key, run)


def test_without_a_matrix_row_nobody_is_asked_and_nothing_waits(shop, bot, bot_key):
    run = walks.start_run(shop, bot)
    MatrixRow.objects.all().delete()

    with pytest.raises(NoAuthority):
        walks.propose(bot_key, run)
    assert not Proposal.objects.exists()


def test_a_full_queue_slows_the_agent_down(shop, bot, bot_key):
    Queue.objects.filter(id=shop.queue.id).update(depth_limit=1)
    walks.waiting(shop, bot, bot_key)
    run = walks.start_run(shop, bot)

    with pytest.raises(QueueFull) as refused:
        walks.propose(bot_key, run)

    assert refused.value.retry_after
    assert Handoff.objects.count() == 1


def test_a_finished_run_takes_no_proposals(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    walks.say(handoff)

    with pytest.raises(IllegalTransition):
        walks.propose(bot_key, handoff.run)


def test_a_changed_matrix_is_in_force_with_the_next_proposal(shop, bot, bot_key):
    walks.waiting(shop, bot, bot_key)
    MatrixRow.objects.update(queue=shop.leads_queue)

    handoff = walks.waiting(shop, bot, bot_key)

    assert handoff.queue == shop.leads_queue


def test_depth_follows_what_waits(shop, bot, bot_key):
    def depth() -> int:
        return sum(QueueDepth.objects.filter(queue=shop.queue).values_list("waiting", flat=True))

    first = walks.waiting(shop, bot, bot_key)
    walks.waiting(shop, bot, bot_key)
    assert depth() == 2

    walks.say(first)
    assert depth() == 1


def test_endpoints_are_told_in_the_same_transaction(shop, bot, bot_key):
    bot.endpoints.create(url="https://agent.example/hook", secret="whsec_x")
    handoff = walks.waiting(shop, bot, bot_key)

    walks.say(handoff)

    assert set(OutboxMessage.objects.values_list("event", flat=True)) == {
        "handoff.answered",
        "run.state_changed",
    }
