"""How the demo agent answers a ticket: plain rules, no model behind them, the same every time."""

from dataclasses import dataclass, field
from typing import Any

from demo.shop import Shop


@dataclass(frozen=True)
class Plan:
    """What the agent wants to do and what it tells the person who may have to decide."""

    action_type: str
    arguments: dict[str, Any]
    brief: Any
    signals: Any = None
    preconditions: list[Any] = field(default_factory=list)


def plan(shop: Shop, ticket: dict[str, Any]) -> Plan:
    """Read what the ticket is about and say what should be done."""
    if ticket["kind"] == "pay":
        return of_invoice(shop.invoice(ticket["subject_id"]))
    return of_order(shop.order(ticket["subject_id"]), ticket)


def of_order(order: dict[str, Any], ticket: dict[str, Any]) -> Plan:
    return _PLANS[ticket["kind"]](order, ticket)


def _money(amount: float) -> str:
    return f"{amount:.2f} EUR"


def _order_brief(order: dict[str, Any], ticket: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "facts": [
            {
                "label": "Order total",
                "value": _money(order["total"]),
                "kind": "money",
                "source": f"orders/{order['id']}",
            },
            {
                "label": "Item",
                "value": order["item"],
                "kind": "text",
                "source": f"orders/{order['id']}",
            },
            {
                "label": "Status",
                "value": order["status"],
                "kind": "text",
                "source": f"orders/{order['id']}",
            },
            {
                "label": "Promised for",
                "value": order["promised"],
                "kind": "date",
                "source": f"orders/{order['id']}",
            },
            {
                "label": "Customer",
                "value": f"{order['customer']} ({order['tier']})",
                "kind": "person",
                "source": "customers",
            },
        ],
        "flags": [],
        "steps": [
            "Read the ticket",
            "Looked up the customer",
            f"Read order {order['id']}",
            "Checked the returns policy",
        ],
        "evidence": [
            {
                "id": "ticket",
                "title": f"Ticket {ticket['id']}",
                "snippet": ticket["message"],
                "source": "support inbox",
            },
            {
                "id": "policy",
                "title": "Returns policy, section 3",
                "snippet": "Orders that have not left the warehouse can be cancelled at no cost. "
                "Faulty goods are refunded in full within 24 months, late ones by voucher.",
                "source": "policy store",
            },
        ],
        "options": [],
        **more,
    }


def _signals(order: dict[str, Any], confidence: float, **more: Any) -> dict[str, Any]:
    return {
        "confidence": confidence,
        "customer_tier": order["tier"],
        "flags": [],
        "retries": 0,
        "options_count": 1,
        **more,
    }


def _status(order: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": "status", "value": order["status"]},
        {"name": "refunded", "value": order["refunded"]},
    ]


def _cancel(order: dict[str, Any], ticket: dict[str, Any]) -> Plan:
    first = order["customer"].split()[0]
    return Plan(
        "cancel_order",
        {"order_id": order["id"], "reason": "no longer needed"},
        _order_brief(
            order,
            ticket,
            ask=f"Cancel order {order['id']} and refund {_money(order['total'])} to "
            f"{order['customer']}?",
            summary="The order has not left the warehouse and the customer wants it cancelled.",
            draft={
                "kind": "text",
                "body": f"Dear {first},\n\nyour order {order['id']} is "
                f"cancelled. {_money(order['total'])} will be back with you within three "
                "working days.\n\nKind regards",
            },
            recommendation={
                "answer": "approve",
                "rationale": "Not shipped yet; section 3 allows it.",
            },
            confidence={"value": 0.93, "basis": "rule based"},
            on_answer={
                "approve": f"The order is cancelled, {_money(order['total'])} goes back",
                "reject": f"{first} is asked for other wishes",
            },
        ),
        _signals(order, 0.93, values={"amount": order["total"]}),
        _status(order),
    )


def _refund(order: dict[str, Any], ticket: dict[str, Any]) -> Plan:
    legal = "lawyer" in ticket["message"]
    first = order["customer"].split()[0]
    brief = _order_brief(
        order,
        ticket,
        ask=f"Refund {_money(order['total'])} for order {order['id']} to {order['customer']}?",
        summary="The customer reports a faulty or lost delivery and asks for all of the money.",
        draft={
            "kind": "text",
            "body": f"Dear {first},\n\nwe are sorry. {_money(order['total'])} "
            f"for order {order['id']} is on its way to you.\n\nKind regards",
        },
        recommendation={"answer": "approve", "rationale": "Section 3: faulty goods in full."},
        confidence={"value": 0.78, "basis": "rule based"},
        on_answer={
            "approve": f"{_money(order['total'])} leaves today and {first} is told",
            "reject": f"{first} is offered a repair instead",
        },
    )
    brief["evidence"][1]["must_open"] = True
    if legal:
        brief["flags"] = [{"label": "Customer mentions legal action", "severity": "high"}]
    return Plan(
        "refund_order",
        {"order_id": order["id"], "amount": order["total"], "reason": "faulty or lost"},
        brief,
        _signals(
            order,
            0.78,
            flags=["legal_threat"] if legal else [],
            retries=2 if "twice" in ticket["message"] else 0,
            sentiment="frustrated" if legal else "neutral",
            values={"amount": order["total"]},
        ),
        _status(order),
    )


def _refund_part(order: dict[str, Any], ticket: dict[str, Any]) -> Plan:
    part = round(order["total"] * 0.15, 2)
    return Plan(
        "refund_order",
        {"order_id": order["id"], "amount": part, "reason": "one part scratched"},
        _order_brief(
            order,
            ticket,
            ask=f"Refund {_money(part)} of order {order['id']} to {order['customer']}?",
            summary="One part is scratched; the customer keeps the goods.",
            recommendation={"answer": "approve", "rationale": "15 % is usual for a scratch."},
            confidence={"value": 0.71, "basis": "rule based"},
            on_answer={
                "approve": f"{_money(part)} leaves today",
                "reject": "The customer is asked for a photo",
            },
        ),
        _signals(order, 0.71, values={"amount": part}),
        _status(order),
    )


def _voucher(order: dict[str, Any], ticket: dict[str, Any]) -> Plan:
    return Plan(
        "send_voucher",
        {"order_id": order["id"], "amount": 10.0},
        _order_brief(
            order,
            ticket,
            ask=f"Send {order['customer']} a voucher over 10.00 EUR?",
            summary="Two days late; a voucher is what the policy gives.",
        ),
        _signals(order, 0.97, values={"amount": 10.0}),
    )


def _address(order: dict[str, Any], ticket: dict[str, Any]) -> Plan:
    return Plan(
        "change_address",
        {
            "order_id": order["id"],
            "address": {
                "street": "Lindenstraße 12",
                "postcode": "10969",
                "city": "Berlin",
                "country": "DE",
            },
        },
        _order_brief(
            order,
            ticket,
            ask=f"Send order {order['id']} to Lindenstraße 12, Berlin instead?",
            summary="The customer has moved; the parcel has not left yet.",
        ),
        _signals(order, 0.88),
        _status(order),
    )


def _unclear(order: dict[str, Any], ticket: dict[str, Any]) -> Plan:
    full, part = order["total"], round(order["total"] * 0.3, 2)
    return Plan(
        "refund_order",
        {"order_id": order["id"], "amount": part, "reason": "not as expected"},
        _order_brief(
            order,
            ticket,
            ask=f"What should {order['customer']} be offered for order {order['id']}?",
            summary="The customer is unhappy and does not say what would help.",
            options=[
                {
                    "id": "part",
                    "label": f"Refund {_money(part)}, goods stay",
                    "consequence": f"{_money(part)} leaves today",
                    "arguments": {
                        "order_id": order["id"],
                        "amount": part,
                        "reason": "not as expected",
                    },
                },
                {
                    "id": "full",
                    "label": f"Refund {_money(full)}, goods come back",
                    "consequence": f"{_money(full)} leaves today; a return label is sent",
                    "arguments": {
                        "order_id": order["id"],
                        "amount": full,
                        "reason": "not as expected",
                    },
                },
            ],
            confidence={"value": 0.52, "basis": "rule based"},
        ),
        _signals(order, 0.52, options_count=2, values={"amount": part}),
        _status(order),
    )


def of_invoice(invoice: dict[str, Any]) -> Plan:
    new_iban = invoice["iban"] != invoice["iban_on_file"]
    off_order = invoice["amount"] != invoice["po_amount"]
    source = f"invoices/{invoice['id']}"
    flags = [{"label": "Bank details differ from those on file", "severity": "high"}] * new_iban
    flags += [{"label": "Amount differs from the purchase order", "severity": "medium"}] * off_order
    return Plan(
        "pay_invoice",
        {"invoice_id": invoice["id"], "iban": invoice["iban"], "amount": invoice["amount"]},
        {
            "ask": f"Pay {_money(invoice['amount'])} to {invoice['supplier']} for {invoice['id']}?",
            "summary": "The invoice was matched with its purchase order.",
            "facts": [
                {
                    "label": "Amount",
                    "value": _money(invoice["amount"]),
                    "kind": "money",
                    "source": source,
                },
                {
                    "label": "Purchase order",
                    "value": _money(invoice["po_amount"]),
                    "kind": "money",
                    "source": f"orders of {invoice['supplier']}",
                },
                {"label": "Account", "value": invoice["iban"], "kind": "id", "source": source},
                {
                    "label": "Account on file",
                    "value": invoice["iban_on_file"],
                    "kind": "id",
                    "source": "suppliers",
                },
                {"label": "Due", "value": invoice["due"], "kind": "date", "source": source},
            ],
            "flags": flags,
            "steps": ["Read the invoice", "Found the purchase order", "Compared bank details"],
            "evidence": [
                {
                    "id": "invoice",
                    "title": f"Invoice {invoice['id']}",
                    "must_open": True,
                    "snippet": f"{invoice['supplier']} · {_money(invoice['amount'])} · "
                    f"{invoice['iban']} · due {invoice['due']}",
                    "source": "invoice inbox",
                },
                {
                    "id": "supplier",
                    "title": f"Supplier record of {invoice['supplier']}",
                    "snippet": f"Account on file since 2019: {invoice['iban_on_file']}",
                    "source": "suppliers",
                },
            ],
            "recommendation": {"answer": "approve", "rationale": "Invoice and order match."},
            "confidence": {"value": 0.64 if new_iban else 0.9, "basis": "rule based"},
            "on_answer": {
                "approve": f"{_money(invoice['amount'])} leaves with today's run",
                "reject": "The supplier is asked; nothing is paid",
            },
        },
        {
            "confidence": 0.64 if new_iban else 0.9,
            "options_count": 1,
            "retries": 0,
            "flags": ["new_bank_details"] * new_iban + ["amount_differs"] * off_order,
            "values": {"amount": invoice["amount"]},
        },
        [{"name": "status", "value": invoice["status"]}],
    )


_PLANS = {
    "cancel": _cancel,
    "refund": _refund,
    "refund_part": _refund_part,
    "voucher": _voucher,
    "address": _address,
    "unclear": _unclear,
}
