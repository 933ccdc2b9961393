"""A deterministic agent: it answers tickets, asks where policy says so, stops, and is resumed.

Begin and go on are separate, and nothing is kept in memory between them: the process may die
anywhere and start again days later.
"""

import itertools
import time
from collections.abc import Callable
from typing import Any

import overread

from demo import plans, stock
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
            if ruling.act != "proceed_tentatively":
                self._client.complete_run(run, {"said": detail})
        self._shop.mark(ticket["id"], ruling.act)

    def go_on(self, turn: overread.Resumption) -> None:
        """Do what was approved, exactly and once, then acknowledge and finish the run.

        The effect is keyed by the answer: a second attempt after a crash finds it done.
        """
        said = []
        for answer in turn.answers:
            if answer.verb not in _RELEASING:
                said.append(f"{answer.verb}: {answer.reason or answer.message or 'no reason'}")
                continue
            arguments = dict(answer.arguments or {})
            if overread.digest(arguments) != answer.arguments_digest:
                raise overread.ArgumentsMismatch(
                    approved=str(answer.arguments_digest), about_to_run=overread.digest(arguments)
                )
            stale = self._stale(turn, answer, arguments)
            if stale:
                self._client.acknowledge_stale(turn, stale)
                self._say(f"{turn.run.external_id}: changed meanwhile, asked again")
                return
            said.append(self._do(str(answer.action_type), arguments, key=answer.id))
            self._client.report_outcome(str(answer.proposal), "done", said[-1])
        self._client.acknowledge(turn)
        self._client.complete_run(turn.run, {"said": said})
        self._say(f"{turn.run.external_id}: {'; '.join(said)}")

    def _stale(
        self, turn: overread.Resumption, answer: overread.Answer, arguments: dict[str, Any]
    ) -> list[overread.Change]:
        """Re-check the world, unless this very answer was carried out before a crash."""
        if any(effect["key"] == answer.id for effect in self._shop.effects()):
            return []
        expected = [{"name": one.name, "value": one.value} for one in turn.preconditions]
        return [
            overread.Change(name=name, expected=before, found=now)
            for name, before, now in plans.changed(self._shop, arguments, expected)
        ]

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
            if run.state == "RUNNING" and ticket["answered"] == "wait":
                self._client.complete_run(run, {"said": "finished after a restart"})

    def work(self, *, open_at_most: int = 24, pause_seconds: float = 20.0) -> None:
        """Go on with what was answered; begin a new ticket now and then while few wait."""
        begun, next_ticket_at = 0, 0.0
        while True:
            turn = self._client.claim(WORKFLOWS, worker="demo-agent")
            if turn:
                self.go_on(turn)
                begun = max(0, begun - 1)
                continue
            ticket = self._shop.next_ticket() if begun < open_at_most else None
            if ticket and (begun < 12 or time.monotonic() >= next_ticket_at):
                self.begin(ticket)
                begun += 1
                next_ticket_at = time.monotonic() + pause_seconds
            else:
                self._client.wait_for_turn(turn, seconds=5)


def restock(shop: Shop) -> None:
    """Fill the shop as it is on its first day; what is there already stays as it is."""
    for table, rows in itertools.chain(
        [("orders", stock.orders()), ("invoices", stock.invoices()), ("tickets", stock.tickets())]
    ):
        shop.stock(table, rows)
