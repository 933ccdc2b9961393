"""A team that approves refunds, its blind tests switched on, and a past to make them of."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from django.contrib.auth.models import Group
from django.test import Client as Browser
from django.utils import timezone

from accounts import keys
from accounts.models import Client, User
from accounts.roles import Role
from governance import workflow_files
from handoffs import answers, ids
from handoffs.actors import SYSTEM, person_actor
from handoffs.models import Handoff, Queue, Workflow
from handoffs.saying import Said
from handoffs.states import Verb
from oversight.blind_tests import library
from oversight.blind_tests.faults import Difficulty, Edit, Fault, Harm, How, Kind
from oversight.models import FaultCertificate, Programme, QueueHour

SLUG, TEAM = "refund-desk", "refund desk"
_WORKFLOW = f"""
workflow: {SLUG}
name: Refund desk
queues:
  {SLUG}: {{name: Refunds, teams: [{TEAM}]}}
action_types:
  refund_order:
    title: Refund an order
    impact: high
    reversibility: irreversible
    arguments:
      type: object
      properties:
        order_id: {{type: string}}
        amount: {{type: number}}
        currency: {{type: string}}
      additionalProperties: false
map:
  default: hard_approval
matrix:
  - action_type: refund_order
    role: {TEAM}
    queue: {SLUG}
    deadline: 2d
    urgent: 1h
    fallback: reject
    safeguards: {{evidence: none, reason: never, undo_seconds: 0}}
"""
_GIVEN = ("Lea", "Kim", "Omar", "Ines", "Paul", "Nora", "Ravi", "Yuki", "Tom", "Ada")
_FAMILY = ("Brandt", "Li", "Haddad", "Costa", "Weber", "Lind", "Rao", "Mori", "Hale", "Novak")
# how many times as much is asked for: each makes a test of every source
_TIMES = (10, 5, 3, 4, 8, 2)
_PAST_DAYS = 80


@dataclass(frozen=True, kw_only=True)
class Scene:
    workflow: Workflow
    queue: Queue
    people: list[User]
    owner: User
    key: str
    rate: float

    @property
    def cohort(self) -> str:
        return f"{SLUG} / {TEAM}"


def build(*, people: int, rate: float, past: int) -> Scene:
    """Set the scene; `past` refunds were approved lately, of which tests can be made."""
    now = timezone.now()
    team = Group.objects.get_or_create(name=TEAM)[0]
    reviewers = [_person(f"reviewer-{number}", Role.REVIEWER) for number in range(people)]
    for one in reviewers:
        one.groups.add(team)
    workflow_files.load(_WORKFLOW, by=SYSTEM, now=now, launch=True)
    owner = _person("owner", Role.WORKFLOW_OWNER)
    Workflow.objects.filter(slug=SLUG).update(owner=owner)
    workflow = Workflow.objects.get(slug=SLUG)
    client = Client.objects.get_or_create(name="Refund agent")[0]
    scene = Scene(
        workflow=workflow,
        queue=Queue.objects.get(slug=SLUG),
        people=reviewers,
        owner=owner,
        key=keys.issue(client, workflows=[SLUG], by=None, now=now).raw,
        rate=rate,
    )
    _switch_on(scene, now)
    _let_it_be_busy(scene, now)
    _live_through(scene, past)
    _stock(scene, now)
    return scene


def _person(name: str, role: Role) -> User:
    found, _ = User.objects.get_or_create(
        email=f"{name}@drill.example",
        defaults={"name": name.capitalize(), "roles": [role.value]},
    )
    return found


def _switch_on(scene: Scene, now: datetime) -> None:
    Programme.objects.create(
        workflow=scene.workflow, on=True, rate=scene.rate,
        notice="Some of what you review is a test.", noticed_at=now, noticed_by=scene.owner,
        consulted="The works council agreed.",
    )  # fmt: skip


def _stock(scene: Scene, now: datetime) -> None:
    """Write faults into the library as an owner, and approve them as two who sign maps."""
    answered = Handoff.objects.filter(workflow=scene.workflow, state="answered")
    draws = dict.fromkeys(answered.values_list("pk", flat=True), 1.0)
    signers = [_person(f"signer-{number}", Role.COMPLIANCE_SIGNER) for number in range(2)]
    for times in _TIMES:
        row = library.write(scene.workflow, _fault(times), by=scene.owner, now=now)
        for one in signers:
            library.approve(row, digest=row.digest, by=one, now=now)
        # whether tests can be told is measured elsewhere, of hundreds of copies
        FaultCertificate.objects.create(
            fault=row, digest=row.digest, state=FaultCertificate.State.HOLDS, sources=600,
            copies=600, reals=600, auc=0.5, upper=0.54, draws=draws,
        )  # fmt: skip


def _fault(times: int) -> Fault:
    return Fault(
        name=f"{times} times the amount",
        kind=Kind.WRONG_AMOUNT,
        difficulty=Difficulty.EASY if times > 4 else Difficulty.MEDIUM,
        harm=Harm.ALLOWS,
        action_type="refund_order",
        edits=(Edit(at=("arguments", "amount"), how=How.SCALE, value=times),),
        shown_at=("brief", "facts", "Order total"),
        told="The order was for less than the refund.",
    )


def _let_it_be_busy(scene: Scene, now: datetime) -> None:
    """Let as much as comes in a day of the drill be usual in an hour: none of it is a surge."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    QueueHour.objects.bulk_create(
        QueueHour(queue=scene.queue, starts_at=hour - timedelta(hours=back), came=1_000_000)
        for back in range(-2, 24 * 14)
    )


def _live_through(scene: Scene, past: int) -> None:
    """Let so many refunds have been asked for and approved over the last months."""
    agent = Agent(scene)
    for number in range(past):
        ago = timedelta(days=_PAST_DAYS * (past - number) / past + 3)
        with made(timezone.now() - ago):
            handoff_id = agent.ask()
            handoff = Handoff.objects.get(id=handoff_id)
            said = Said(verb=Verb.APPROVE, arguments=agent.arguments)
            by = person_actor(scene.owner.pk, TEAM)
            answers.answer(handoff_id, round=handoff.round, said=said, by=by, now=timezone.now())


@contextmanager
def made(at: datetime) -> Iterator[None]:
    """Let ids say that this is when they were made."""
    behind = time.time() - at.timestamp()
    with mock.patch.object(ids, "time") as clock:
        clock.time = lambda: time.time() - behind
        yield


class Agent:
    """Asks for refunds; `arguments` are those of the last."""

    def __init__(self, scene: Scene, http: Any = None, *, first: int = 1) -> None:
        self.http = http or Browser()
        self.headers = {"Authorization": f"Bearer {scene.key}"}
        self.number = first - 1
        self.arguments: dict[str, Any] = {}

    def ask(self) -> str:
        """Ask for one more; return its handoff."""
        self.number += 1
        number = self.number
        order = f"#W57{number:05d}"
        name = f"{_GIVEN[number % 10]} {_FAMILY[number // 10 % 10]}"
        amount = 20.5 + number * 7 % 400
        run = self._post(
            "/runs",
            {"workflow": SLUG, "external_id": f"ticket-{number}",
             "input": {"text": f"Where is {order}?"}},
        )  # fmt: skip
        self.arguments = {"order_id": order, "amount": amount, "currency": "USD"}
        ruling = self._post(
            "/proposals",
            {
                "run": run["id"], "action_type": "refund_order", "arguments": self.arguments,
                "signals": {"confidence": 0.9, "values": {"amount": amount}},
                "brief": _brief(order, name, amount), "checkpoint": {}, "blocking": True,
            },
        )  # fmt: skip
        return str(ruling["handoff"]["id"])

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        path, text = f"/api/v1{path}", json.dumps(body)
        if isinstance(self.http, Browser):
            answer: Any = self.http.post(
                path, data=text, content_type="application/json", headers=self.headers
            )
        else:
            headers = {**self.headers, "Content-Type": "application/json"}
            answer = self.http.post(path, content=text, headers=headers)
        assert answer.status_code == 201, answer.content
        return answer.json()


def _brief(order: str, name: str, amount: float) -> dict[str, Any]:
    return {
        "ask": f"Refund {amount:.2f} USD for order {order}?",
        "summary": f"{name} waits for order {order}.",
        "facts": [
            {"label": "Order", "value": order, "kind": "id", "source": "orders"},
            {"label": "Order total", "value": f"{amount:.2f} USD", "kind": "money",
             "source": "orders"},
            {"label": "Customer", "value": name, "kind": "person", "source": "crm"},
        ],
        "recommendation": {"answer": "approve", "rationale": "Within policy."},
    }  # fmt: skip
