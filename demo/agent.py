"""A deterministic agent: it answers tickets, asks where policy says so, stops, and is resumed.

Begin and go on are separate, and nothing is kept in memory between them: the process may die
anywhere and start again days later.
"""

import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

import overread

from demo import plans, questions, stock
from demo.shop import Refused, Shop

WORKFLOWS = ["webshop-support", "supplier-payments"]
_RELEASING = {"approve", "approve_with_edits", "choose", "confirm"}


class Agent:
    """Works through the shop's tickets over Overread's API."""

    def __init__(self, client: overread.Client, shop: Shop, say: Callable[[str], None]) -> None:
        self._client, self._shop, self._say = client, shop, say

    def begin(self, ticket: dict[str, Any]) -> None:
        """Start the ticket's run and ask for what the plan needs."""
        run = self._client.start_run(
            ticket["workflow"],
            ticket["id"],
            input={"text": ticket["message"], "about": ticket["subject_id"]},
            requester=self._requester(ticket),
        )
        if run.state != "RUNNING":
            self._shop.mark(ticket["id"], run.state)
            return
        if (asked := questions.question(self._shop, ticket)) is not None:
            kind, brief = asked
            checkpoint = {"ticket": ticket["id"], "action_type": None}
            key = f"{ticket['id']}-question"
            self._client.escalate(run, kind, brief, checkpoint=checkpoint, idempotency_key=key)
            self._say(f"{ticket['id']}: asked a person, {kind}")
            self._shop.mark(ticket["id"], "wait")
            return
        plan = plans.plan(self._shop, ticket)
        ruling = self._client.propose(
            run,
            plan.action_type,
            plan.arguments,
            signals=plan.signals,
            brief=plan.brief,
            checkpoint={"ticket": ticket["id"], "action_type": plan.action_type},
            preconditions=plan.preconditions,
            idempotency_key=f"{ticket['id']}-proposal",
        )
        self._say(f"{ticket['id']}: {plan.action_type} is {ruling.tier}: {ruling.act}")
        if ruling.act.startswith("proceed"):
            detail = self._do(plan.action_type, plan.arguments, key=str(ruling.id))
            self._client.report_outcome(str(ruling.id), "done", detail)
            self._client.complete_run(run, {"said": detail})
        tentative = ruling.handoff if ruling.act == "proceed_tentatively" else None
        self._shop.mark(ticket["id"], f"tentative {tentative.id}" if tentative else ruling.act)

    def go_on(self, work: overread.Work) -> None:
        """Do what was approved, exactly and once, then acknowledge and finish the run.

        The effect is keyed by the answer: a second attempt after a crash finds it done.
        """
        said = [self._carry_out(answer) for answer in work.answers]
        work.acknowledge()
        self._client.complete_run(work.run, {"said": said})
        self._shop.mark(str(work.run.external_id), "done")
        self._say(f"{work.run.external_id}: {'; '.join(said)}")

    def _carry_out(self, answer: overread.Answer) -> str:
        if answer.verb not in _RELEASING:
            said = answer.message or answer.reason or answer.details or "no reason given"
            return f"{answer.verb}: {said}"
        arguments = dict(answer.arguments or {})
        if overread.digest(arguments) != answer.arguments_digest:
            raise overread.ArgumentsMismatch(
                approved=str(answer.arguments_digest), about_to_run=overread.digest(arguments)
            )
        detail = self._do(str(answer.action_type), arguments, key=answer.id)
        self._client.report_outcome(str(answer.proposal), "done", detail)
        return detail

    def recheck(self, work: overread.Work) -> dict[str, Any]:
        """Say how the preconditions stand now; what this very answer changed still counts."""
        expected = {one.name: one.value for one in work.resumption.preconditions}
        done = {effect["key"] for effect in self._shop.effects()}
        if any(answer.id in done for answer in work.answers):
            return expected
        return {**expected, **self._shop.standing(work.checkpoint["ticket"])}

    def _do(self, action_type: str, arguments: dict[str, Any], *, key: str) -> str:
        try:
            return self._shop.do(action_type, arguments, key=key)
        except Refused as refused:
            return f"the shop refused: {refused}"

    def _requester(self, ticket: dict[str, Any]) -> overread.material.Requester | None:
        if ticket["workflow"] != "webshop-support":
            return None
        order = self._shop.order(ticket["subject_id"])
        return {"name": order["customer"], "email": order["email"], "locale": "en"}

    def recover(self) -> None:
        """Finish runs that were acknowledged and not completed when a process died."""
        for ticket in self._shop.begun():
            run = self._client.start_run(ticket["workflow"], ticket["id"])
            if run.state == "RUNNING":
                self._client.complete_run(run, {"said": "finished after a restart"})
            if run.state in ("RUNNING", "COMPLETED", "FAILED"):
                self._shop.mark(ticket["id"], "done")

    def look_after_tentative(self) -> None:
        """Undo what was done subject to review and was not confirmed."""
        for ticket, order_id, handoff_id in self._shop.tentative():
            answer = self._client.read_handoff(handoff_id).answer
            if answer is None:
                continue
            if answer.verb == "roll_back":
                undone = self._do("restore_address", {"order_id": order_id}, key=answer.id)
                self._say(f"{ticket}: {undone}")
            self._shop.mark(ticket, "done")

    def work(self, *, open_at_most: int = 24, seconds_between: float = 20.0) -> None:
        """Go on with what was answered; beside that, begin a ticket now and then."""
        self.recover()
        worker = overread.ResumptionWorker(
            self._client, WORKFLOWS, self.go_on, recheck=self.recheck, name="demo-agent"
        )
        threading.Thread(
            target=self._keep_beginning, args=[open_at_most, seconds_between], daemon=True
        ).start()
        worker.run()

    def _keep_beginning(self, open_at_most: int, seconds_between: float) -> None:
        """Begin a dozen tickets at once, then one at a time, while few are open."""
        for begun in itertools.count():
            ticket = self._shop.next_ticket()
            while ticket is None or self._shop.waiting() >= open_at_most:
                time.sleep(seconds_between)
                self.look_after_tentative()
                ticket = self._shop.next_ticket()
            try:
                self.begin(ticket)
            except overread.SlowDown as full:
                self._say(f"{ticket['id']}: {full}")
                time.sleep(full.retry_after or seconds_between)
            if begun >= 12:
                time.sleep(seconds_between)
                self.look_after_tentative()


def restock(shop: Shop) -> None:
    """Fill the shop as it is on its first day; what is there already stays as it is."""
    for table, rows in itertools.chain(
        [("orders", stock.orders()), ("invoices", stock.invoices()), ("tickets", stock.tickets())]
    ):
        shop.stock(table, rows)
