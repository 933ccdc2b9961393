"""A blind test stands like any other, reaches no agent, and leaves no trace of a person."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Client, User
from handoffs import actors, answers, release, resumptions
from handoffs.errors import QueueFull
from handoffs.models import (
    Answer,
    AuditEntry,
    Handoff,
    HeldAnswer,
    MatrixRow,
    OutboxMessage,
    Queue,
    Resumption,
    Run,
    WebhookEndpoint,
    WorkflowPressure,
)
from handoffs.rulings import Proposed
from handoffs.saying import Said
from handoffs.states import AtLimit, HandoffState, RunState, Verb
from reviews import claims, decisions, lots, plants
from reviews.caught import Wrong
from reviews.models import Claim, Decision, Draft, Judgement, Plant, SealedLot, TestsMet
from reviews.plants import Sown
from tests import factories, walks
from tests.people import Agent
from tests.reviews.judging import WITHHOLD, commit

pytestmark = pytest.mark.django_db
now = timezone.now
PERSON = actors.person_actor(1, "refund approvers")
SECRET = "the server's secret of this test"
COHORT = "retail-support / refund approvers"
SOWN = Sown(
    cohort=COHORT,
    kind="wrong amount|easy|wrongly allows",
    wrong=Wrong(verb=Verb.APPROVE, values=((("amount",), 3125.0),)),
    told={"what": "The order was for 312.50 USD."},
    known_to=(),
)


@pytest.fixture(autouse=True)
def _secret(settings: Any) -> None:
    settings.SECRET_KEY = SECRET


@pytest.fixture
def plant(shop: factories.Shop, bot: Client, bot_key: str) -> Plant:
    """A test that stands in the queue of refunds."""
    begun = begin(shop, bot)
    stand(shop, begun)
    begun.refresh_from_db()
    return begun


def begin(shop: factories.Shop, bot: Client, **changes: Any) -> Plant:
    return plants.begin(
        shop.workflow,
        SOWN,
        client=bot,
        external_id=factories.external_id(),
        input={"text": "It never came"},
        now=now(),
        **changes,
    )


def stand(shop: factories.Shop, plant: Plant) -> str:
    payload = factories.proposal_payload(plant.run_id)
    payload["arguments"]["amount"] = 3125.0
    return plants.stand(
        plant,
        Proposed(**{**payload, "checkpoint": None}),
        queue_id=shop.queue.pk,
        now=now(),
    )


def taken(plant: Plant, by: User) -> Claim:
    assert plant.handoff_id is not None
    claims.pick(plant.handoff_id, by=by, now=now())
    claims.mark_opened(plant.handoff_id, by=by, now=now())
    return Claim.objects.get(handoff=plant.handoff_id, reviewer=by)


def lot() -> lots.Lot:
    row = SealedLot.objects.get(cohort=COHORT)
    return lots.unseal(bytes(row.sealed), cohort=COHORT, secrets=[SECRET])


# It stands


def test_it_stands_as_a_handoff_of_its_clients_name(plant: Plant, bot: Client) -> None:
    handoff = Handoff.objects.select_related("run__client").get(id=plant.handoff_id)

    assert handoff.state == HandoffState.WAITING.value
    assert handoff.run.state == RunState.PAUSED_PENDING_HUMAN.value
    assert str(handoff.run.client) == str(bot)
    assert handoff.run.client_id != bot.pk


def test_who_did_it_is_written_as_for_a_real_one(
    plant: Plant, shop: factories.Shop, bot: Client, bot_key: str
) -> None:
    real = walks.waiting(shop, bot, bot_key)
    prefix = ApiKey.objects.get(client=bot).prefix

    mine = AuditEntry.objects.filter(subject=plant.handoff_id).values_list("actor", "action")
    theirs = AuditEntry.objects.filter(subject=real.id).values_list("actor", "action")
    assert list(mine) == list(theirs)
    assert mine[0][0] == f"bot ({prefix}…)"


def test_where_there_is_no_room_it_stays_out_and_pauses_nothing(
    shop: factories.Shop, bot: Client, bot_key: str
) -> None:
    Queue.objects.filter(id=shop.queue.pk).update(depth_limit=1)
    MatrixRow.objects.filter(pk=shop.row.pk).update(at_limit=AtLimit.PAUSE.value)
    walks.waiting(shop, bot, bot_key)
    begun = begin(shop, bot)

    with pytest.raises(QueueFull):
        stand(shop, begun)
    assert not Handoff.objects.filter(run=begun.run_id).exists()
    assert not WorkflowPressure.objects.filter(paused_since__isnull=False).exists()


# It reaches no agent


def reaches_nobody() -> Any:
    return pytest.raises(IntegrityError, match="a blind test reaches nobody")


@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.REJECT, Verb.TAKE_OVER, Verb.REDIRECT])
def test_no_answer_is_ever_stored(plant: Plant, verb: Verb) -> None:
    arguments = {"amount": 3125.0} if verb is Verb.APPROVE else None

    with reaches_nobody(), transaction.atomic():
        answers.answer(
            plant.handoff_id or "",
            round=1,
            said=Said(verb=verb, arguments=arguments),
            by=PERSON,
            now=now(),
        )
    assert not Answer.objects.filter(handoff=plant.handoff_id).exists()
    assert Handoff.objects.get(id=plant.handoff_id).state == HandoffState.WAITING.value


def test_no_answer_is_held_for_later(plant: Plant) -> None:
    with reaches_nobody(), transaction.atomic():
        release.settle(
            plant.handoff_id or "",
            round=1,
            said=Said(verb=Verb.REJECT),
            by=PERSON,
            seconds=10,
            now=now(),
        )
    assert not HeldAnswer.objects.exists()


def test_a_decision_that_nobody_stopped_comes_to_nothing(
    plant: Plant, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The defence in depth: the desk's own door left open, the database keeps it shut."""
    taken(plant, ann)
    monkeypatch.setattr(plants, "meet", lambda *args, **kwargs: None)

    with reaches_nobody(), transaction.atomic():
        decisions.decide(
            plant.handoff_id or "",
            by=ann,
            choice=decisions.Choice(verb="approve", reason="It is within policy."),
            now=now(),
        )
    assert not Decision.objects.exists()


def test_it_has_no_turn_to_go_on(plant: Plant, shop: factories.Shop, bot: Client) -> None:
    run = plant.run

    with reaches_nobody(), transaction.atomic():
        Resumption.objects.create(run=run, workflow_id=run.workflow_id, pause=run.pause)
    assert walks.lease(shop, bot) is None
    assert (
        resumptions.claim(
            workflow_ids=[shop.workflow.pk],
            client_id=run.client_id,
            worker="w",
            lease_seconds=60,
            by=actors.client_actor("bot", ""),
            now=now(),
        )
        is None
    )


def test_the_house_gets_no_key_and_no_endpoint(plant: Plant, mia: User) -> None:
    client = plant.run.client

    with pytest.raises(IntegrityError, match="told nothing"), transaction.atomic():
        keys.issue(client, workflows=["*"], by=mia, now=now())
    with pytest.raises(IntegrityError, match="told nothing"), transaction.atomic():
        WebhookEndpoint.objects.create(client=client, url="https://a.example/", secret="x")


def test_no_key_or_endpoint_is_moved_over_to_the_house(
    plant: Plant, bot_key: str, bot: Client
) -> None:
    with pytest.raises(IntegrityError, match="told nothing"), transaction.atomic():
        ApiKey.objects.filter(client=bot).update(client=plant.run.client)


def test_nothing_is_told_of_it_even_at_a_real_clients_endpoint(plant: Plant, bot: Client) -> None:
    endpoint = WebhookEndpoint.objects.create(client=bot, url="https://a.example/", secret="x")

    with reaches_nobody(), transaction.atomic():
        OutboxMessage.objects.create(
            endpoint=endpoint, event="handoff.answered", payload={"run": plant.run_id}
        )


def test_it_stands_and_ends_without_a_word_to_anybody(plant: Plant, bot: Client) -> None:
    WebhookEndpoint.objects.create(client=bot, url="https://a.example/", secret="x")

    plants.end(plant, now=now())

    assert not OutboxMessage.objects.exists()
    assert not Resumption.objects.exists()


@pytest.mark.parametrize("path", ["/handoffs/{handoff}", "/runs/{run}"])
def test_no_agent_can_read_it(plant: Plant, agent: Agent, path: str) -> None:
    found = agent.get(path.format(handoff=plant.handoff_id, run=plant.run_id))

    assert found.status_code == 404


def test_an_agent_that_comes_to_its_external_id_has_the_name_and_hears_nothing(
    plant: Plant, agent: Agent, bot: Client
) -> None:
    """What is made up may be called as something to come: then the real one goes first."""
    name = plant.run.external_id
    payload = factories.run_payload(external_id=name)

    first, again = agent.post("/runs", payload), agent.post("/runs", payload)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"] != plant.run_id
    assert Run.objects.get(external_id=name).client_id == bot.pk
    plant.run.refresh_from_db()
    assert plant.run.external_id != name
    assert plant.run.state == RunState.PAUSED_PENDING_HUMAN.value


def test_of_another_client_the_name_is_not_given_up(
    shop: factories.Shop, bot: Client, bot_key: str, mia: User
) -> None:
    other = factories.ClientFactory(name="other")
    theirs = walks.start_run(shop, other)
    payload = factories.run_payload(external_id=theirs.external_id)

    assert Agent(bot_key).post("/runs", payload).status_code == 404


# Nothing becomes one, and none becomes real


def test_a_real_run_is_never_made_a_test(shop: factories.Shop, bot: Client, bot_key: str) -> None:
    real = walks.waiting(shop, bot, bot_key)

    with pytest.raises(IntegrityError, match="only what is made"), transaction.atomic():
        Plant.objects.create(run=real.run, cohort="c", kind="k", wrong={}, told={})


@pytest.mark.parametrize("reach", [{"email": "kim@example.com"}, {"phone": "+49 30 1"}, {"x": 1}])
def test_who_waits_for_a_test_has_a_name_and_cannot_be_reached(
    shop: factories.Shop, bot: Client, reach: dict[str, Any]
) -> None:
    named = begin(shop, bot, requester={"name": "Ada Moss", "locale": "en"})
    assert named.run.requester == {"name": "Ada Moss", "locale": "en"}

    with pytest.raises(IntegrityError, match="only what is made"), transaction.atomic():
        begin(shop, bot, requester={"name": "Ada Moss", **reach})


def test_a_client_is_never_made_the_house_nor_the_house_a_client(plant: Plant, bot: Client) -> None:
    other = factories.ClientFactory(name="other")

    for one, to in ((bot, other), (plant.run.client, None)):
        with pytest.raises(IntegrityError, match="is settled"), transaction.atomic():
            Client.objects.filter(pk=one.pk).update(stands_for=to)


@pytest.mark.parametrize("change", [{"kind": "x"}, {"cohort": "x"}, {"handoff": None}])
def test_a_test_stays_what_it_is(plant: Plant, change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="stays one"), transaction.atomic():
        Plant.objects.filter(pk=plant.pk).update(**change)
    with pytest.raises(IntegrityError, match="stays one"), transaction.atomic():
        Plant.objects.filter(pk=plant.pk).delete()


def test_a_test_takes_no_other_runs_handoff(
    shop: factories.Shop, bot: Client, bot_key: str
) -> None:
    begun, real = begin(shop, bot), walks.waiting(shop, bot, bot_key)

    with pytest.raises(IntegrityError, match="stays one"), transaction.atomic():
        Plant.objects.filter(pk=begun.pk).update(handoff=real)


# Nobody's trace


@pytest.mark.parametrize(
    ("said", "caught"),
    [
        (Said(verb=Verb.APPROVE, arguments={"amount": 3125.0}), False),
        (Said(verb=Verb.APPROVE_WITH_EDITS, arguments={"amount": 312.5}), True),
        (Said(verb=Verb.REJECT), True),
    ],
)
def test_scoring_counts_with_many_and_keeps_nothing(
    plant: Plant, ann: User, said: Said, caught: bool
) -> None:
    claim = taken(plant, ann)
    Draft.objects.create(handoff_id=plant.handoff_id, reviewer=ann, body={"reason": "hm"})

    disclosed = plants.score(plant, said, by=ann, claim=claim, day=now())

    assert (disclosed.caught, disclosed.told) == (caught, SOWN.told)
    assert [one.caught for one in lot().counts.values()] == [int(caught)]
    for model in (Claim, Draft, Judgement, Decision):
        assert not model.objects.filter(handoff=plant.handoff_id).exists()  # type: ignore[attr-defined]
    plant.refresh_from_db()
    assert (plant.ended, plant.wrong, plant.told) == (True, None, None)
    assert Handoff.objects.get(id=plant.handoff_id).state == HandoffState.WITHDRAWN.value


def test_a_judgement_of_a_test_goes_and_of_a_real_one_stays(
    plant: Plant, shop: factories.Shop, bot: Client, bot_key: str, ann: User
) -> None:
    Handoff.objects.filter(id=plant.handoff_id).update(safeguards=WITHHOLD)
    claim = taken(plant, ann)
    commit(Handoff.objects.get(id=plant.handoff_id), by=ann)
    plants.score(plant, Said(verb=Verb.REJECT), by=ann, claim=claim, day=now())
    assert not Judgement.objects.exists()

    real = walks.waiting(shop, bot, bot_key)
    Handoff.objects.filter(id=real.id).update(safeguards=WITHHOLD)
    claims.pick(real.id, by=ann, now=now())
    claims.mark_opened(real.id, by=ann, now=now())
    commit(Handoff.objects.get(id=real.id), by=ann)
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        Judgement.objects.all().delete()


def test_their_next_claim_has_the_number_that_was_freed(
    plant: Plant, shop: factories.Shop, bot: Client, bot_key: str, ann: User
) -> None:
    claim = taken(plant, ann)
    plants.score(plant, Said(verb=Verb.REJECT), by=ann, claim=claim, day=now())
    real = walks.waiting(shop, bot, bot_key)

    claims.pick(real.id, by=ann, now=now())

    assert Claim.objects.get(handoff=real.id).number == claim.number


def test_the_log_says_who_claimed_it_and_nothing_of_what_they_said(plant: Plant, ann: User) -> None:
    claim = taken(plant, ann)
    plants.score(plant, Said(verb=Verb.REJECT), by=ann, claim=claim, day=now())

    kept = AuditEntry.objects.filter(subject__in=[plant.handoff_id, plant.run_id])
    hers = kept.filter(actor=f"user {ann.pk}").values_list("action", flat=True)
    assert list(hers) == ["handoff.claimed"]
    assert not any(b"user" in bytes(one.body) for one in kept)


def test_caught_and_missed_leave_rows_of_the_same_shape(
    shop: factories.Shop, bot: Client, bot_key: str, ann: User, ben: User
) -> None:
    """A dump after a catch and one after a miss differ in ids, times and the sealed bytes only."""
    shapes = []
    for person, verb in ((ann, Verb.APPROVE), (ben, Verb.REJECT)):
        SealedLot.objects.all().delete()
        one = begin(shop, bot)
        stand(shop, one)
        one.refresh_from_db()
        arguments = {"amount": 3125.0} if verb is Verb.APPROVE else None
        said = Said(verb=verb, arguments=arguments)
        claim = taken(one, person)
        plants.score(one, said, by=person, claim=claim, day=now())
        shapes.append(_shape(one, person))

    assert shapes[0] == shapes[1]


def _shape(plant: Plant, person: User) -> Any:
    run = Run.objects.get(id=plant.run_id)
    transitions = run.transitions.order_by("id").values_list(
        "from_state", "to_state", "actor_kind", "actor", "cause"
    )
    audit = AuditEntry.objects.filter(subject__in=[plant.run_id, plant.handoff_id])
    met = TestsMet.objects.get(person=person)
    return (
        list(transitions),
        list(audit.order_by("id").values_list("actor_kind", "action")),
        (run.state, run.version, run.open_blocking, run.error, run.output),
        (met.times, met.last_claim),
        len(SealedLot.objects.get().sealed),
    )


def test_the_tables_that_know_results_point_at_nobody() -> None:
    """From a lot no key leads anywhere; and no table leads to a lot."""
    assert [field.name for field in SealedLot._meta.get_fields()] == ["cohort", "sealed"]
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_constraint where contype = 'f' and "
            "'reviews_sealedlot'::regclass in (conrelid, confrelid)"
        )
        assert cursor.fetchone()[0] == 0


def test_what_is_told_is_in_no_row_once_it_was_told(plant: Plant, ann: User) -> None:
    claim = taken(plant, ann)
    plants.score(plant, Said(verb=Verb.REJECT), by=ann, claim=claim, day=now())

    assert not Plant.objects.filter(told__isnull=False).exists()
    assert json.dumps(SOWN.told) not in json.dumps(list(Plant.objects.values_list("kind")))
