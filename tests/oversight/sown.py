"""A workflow whose blind tests are on, with a past to make them of, and people who review."""

from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Client, User
from handoffs import ids
from handoffs.models import (
    Brief,
    Checkpoint,
    Handoff,
    Proposal,
    Queue,
    RequesterWord,
    Run,
    Workflow,
)
from handoffs.states import Verb
from oversight.blind_tests import cohorts, fault_files, sowing, written_files
from oversight.blind_tests.faults import Difficulty, Edit, Fault, Harm, How, Kind
from oversight.blind_tests.written import Written
from oversight.models import (
    Cohort,
    FaultApproval,
    FaultCertificate,
    LibraryFault,
    Programme,
    QueueHour,
    Sprout,
)
from reviews.models import Claim, Plant
from tests import factories, walks

now = timezone.now
AMOUNT = Fault(
    name="Ten times the amount",
    kind=Kind.WRONG_AMOUNT,
    difficulty=Difficulty.EASY,
    harm=Harm.ALLOWS,
    action_type="refund_order",
    edits=(Edit(at=("arguments", "amount"), how=How.SCALE, value=10),),
    shown_at=("brief", "facts", "Order total"),
    told="The order was for less than the refund.",
)


def turn_on(workflow: Workflow, *, by: User, rate: float = 0.02) -> Programme:
    """Record that staff were told, and switch tests on."""
    return Programme.objects.create(
        workflow=workflow, on=True, rate=rate, notice="Some of what you review is a test.",
        noticed_at=now(), noticed_by=by, consulted="The works council agreed.",
    )  # fmt: skip


def stock(workflow: Workflow, fault: Fault = AMOUNT) -> LibraryFault:
    """Put a fault into the library that two others approved and nothing tells apart.

    Tests are made of what was answered so far.
    """
    answered = Handoff.objects.filter(workflow=workflow, state="answered")
    draws = dict.fromkeys(answered.values_list("pk", flat=True), 1.0)
    row = _approved(workflow, fault.name, fault_files.write(fault))
    FaultCertificate.objects.create(
        fault=row, digest=row.digest, state=FaultCertificate.State.HOLDS, sources=200, copies=600,
        reals=600, auc=0.5, upper=0.54, by="", telling=[], unfit={}, draws=draws,
    )  # fmt: skip
    return row


def by_hand(workflow: Workflow, test: Written) -> LibraryFault:
    """Put a test by hand into the library that two others approved."""
    return _approved(workflow, test.name, written_files.write(test))


def _approved(workflow: Workflow, name: str, body: dict[str, Any]) -> LibraryFault:
    author, *others = (factories.UserFactory() for _ in range(3))
    digest = fault_files.digest(body)
    row = LibraryFault.objects.create(
        workflow=workflow, name=name, body=body, digest=digest, author=author
    )
    for one in others:
        FaultApproval.objects.create(fault=row, by=one, digest=digest)
    LibraryFault.objects.filter(pk=row.pk).update(state=LibraryFault.State.APPROVED)
    row.refresh_from_db()
    return row


def brief(order: str, name: str, amount: float) -> dict[str, Any]:
    """What a refund's agent says; nothing in it leads outside."""
    return {
        "ask": f"Refund {amount:.2f} USD for order {order}?",
        "summary": f"{name} waits for order {order}.",
        "facts": [
            {"label": "Order", "value": order, "kind": "id", "source": "orders"},
            {
                "label": "Order total",
                "value": f"{amount:.2f} USD",
                "kind": "money",
                "source": "orders",
            },
            {"label": "Customer", "value": name, "kind": "person", "source": "crm"},
        ],
        "recommendation": {"answer": "approve", "rationale": "Within policy."},
    }


NAMES = ("Lea Brandt", "Kim Li", "Omar Haddad", "Ines Costa", "Paul Weber", "Nora Lind")


def ask(shop: factories.Shop, bot: Client, bot_key: str, number: int = 0) -> Handoff:
    """A refund that waits for its approval."""
    order, name = f"#W57{number:05d}", NAMES[number % len(NAMES)]
    amount = 312.5 + number
    run = walks.start_run(shop, bot, input={"text": f"Where is {order}?"})
    walks.propose(
        bot_key, run, brief=brief(order, name, amount),
        arguments={"order_id": order, "amount": amount, "currency": "USD"},
        signals={"confidence": 0.9, "values": {"amount": amount}},
    )  # fmt: skip
    return Handoff.objects.get(run=run)


def past(shop: factories.Shop, bot: Client, bot_key: str, count: int = 6) -> list[Handoff]:
    """Refunds that were approved."""
    made = [ask(shop, bot, bot_key, number) for number in range(count)]
    for one in made:
        arguments = {
            "order_id": one.briefs.get().body["facts"][0]["value"],
            "amount": float(one.briefs.get().body["facts"][1]["value"].split()[0]),
            "currency": "USD",
        }
        walks.say(one, Verb.APPROVE, arguments=arguments)
    return made


RATE = 0.1


@dataclass
class Desk:
    """A shop whose team reviews; `past` are the sources that tests can be made of."""

    shop: factories.Shop
    bot: Client
    bot_key: str
    reviewer: User
    fault: LibraryFault
    past: list[Handoff]
    asked: int = 100

    def review(self, times: int = 1) -> Handoff:
        """Let the reviewer take so many real ones, and put them back; return the last."""
        for _ in range(times):
            self.asked += 1
            handoff = ask(self.shop, self.bot, self.bot_key, self.asked)
            had(handoff, self.reviewer)
        handoff.refresh_from_db()
        return handoff

    def test(self) -> Plant:
        """Let a test stand."""
        due(self)
        sowing.begin_due(now=now())
        sowing.ask_due(now=Sprout.objects.get().asks_at)
        return Plant.objects.select_related("handoff__run", "handoff__proposal").get(ended=False)

    def real_ones_take(self, time: timedelta) -> None:
        """Let every real run have asked so long after it began."""
        for run in Run.objects.filter(client=self.bot):
            opened = Handoff.objects.get(run=run).opened_at
            Run.objects.filter(id=run.id).update(created_at=opened - time)

    def spoil(self, **changes: Any) -> None:
        """Let every source be something else."""
        for one in self.past:
            Handoff.objects.filter(id=one.id).update(**changes)

    def agents_go_on(self) -> None:
        """Let the agents of all sources have kept a later state."""
        Checkpoint.objects.update(version=2, saved_at=now() + timedelta(seconds=1))

    def briefs_are_added_to(self) -> None:
        for one in self.past:
            brief = one.briefs.get()
            Brief.objects.create(handoff=one, version=2, body=brief.body, digest=brief.digest)

    def questions_are_asked(self) -> None:
        for one in self.past:
            one.questions.create(question="Is it lost?", asked_role="refunds", answered_at=now())

    def requesters_say_more(self) -> None:
        for one in self.past:
            RequesterWord.objects.create(run=one.run, number=1, kind="information", text="Hurry.")

    def more_is_proposed_before(self) -> None:
        """Let each run have asked for something else first."""
        for one in self.past:
            assert one.proposal is not None
            earlier = Proposal.objects.get(pk=one.proposal.pk)
            earlier.pk = ids.at("prop", one.run.created_at - timedelta(hours=1))
            earlier.save(force_insert=True)

    def never_busy(self) -> None:
        """Let no other reason than time take a test out."""
        Queue.objects.update(depth_limit=10_000)
        ends_at = now() + timedelta(days=300)
        plain = Handoff.objects.filter(run__client=self.bot, state="waiting")
        plain.update(deadline_at=ends_at, urgent_at=ends_at, next_at=ends_at)


def desk(shop: factories.Shop, bot: Client, bot_key: str, *, owner: User, reviewer: User) -> Desk:
    turn_on(shop.workflow, by=owner, rate=RATE)
    made = past(shop, bot, bot_key)
    fault = stock(shop.workflow)
    busy(shop)
    cohorts.count(now=now())
    return Desk(shop=shop, bot=bot, bot_key=bot_key, reviewer=reviewer, fault=fault, past=made)


def had(handoff: Handoff, person: User) -> None:
    """Let this person have taken it and given it back."""
    Claim.objects.create(
        handoff=handoff,
        reviewer=person,
        turn=Claim.objects.filter(handoff=handoff).count() + 1,
        number=Claim.objects.filter(reviewer=person).count() + 1,
        level=handoff.level,
        round=handoff.round,
        expires_at=now() + timedelta(minutes=5),
        ended_at=now(),
        ended_because=Claim.Ended.GIVEN_BACK,
    )


def due(desk: Desk, *, ahead: int = 0) -> Cohort:
    """Let a test be due for the next stretch of the team, also so many reviews later."""
    if not Cohort.objects.exists():
        desk.review()
        cohorts.count(now=now())
    cohort = Cohort.objects.get()
    while not (_is_due(cohort, cohort.reviews) and _is_due(cohort, cohort.reviews + ahead)):
        cohort.reviews += 1
    cohort.save()
    return cohort


def _is_due(cohort: Cohort, reviews: int) -> bool:
    then = copy(cohort)
    then.reviews = reviews
    return cohorts.due(then) is not None


def busy(shop: factories.Shop, *, an_hour: int = 60) -> None:
    """Let the queue be used to so many, in any hour."""
    hours = timezone.now().replace(minute=0, second=0, microsecond=0)
    QueueHour.objects.bulk_create(
        QueueHour(queue=shop.queue, starts_at=hours - timedelta(hours=back), came=an_hour)
        for back in range(1, 24 * 14)
    )
