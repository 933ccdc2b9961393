"""What the demo agent asks when it does not know how to go on: no action to approve yet."""

from typing import Any

from demo.shop import Shop

Question = tuple[str, Any]


def question(shop: Shop, ticket: dict[str, Any]) -> Question | None:
    """Return the kind of handoff and its brief, or None where the ticket has a plan."""
    ask = _QUESTIONS.get(ticket["kind"])
    return ask(shop.order(ticket["subject_id"])) if ask else None


def _facts(order: dict[str, Any]) -> list[dict[str, Any]]:
    source = f"orders/{order['id']}"
    return [
        {"label": "Order", "value": order["id"], "kind": "id", "source": source},
        {"label": "Item", "value": order["item"], "source": source},
        {"label": "Order total", "value": f"{order['total']:.2f} EUR", "kind": "money",
         "source": source},
        {"label": "Customer", "value": f"{order['customer']} ({order['tier']})", "kind": "person",
         "source": "customers"},
    ]  # fmt: skip


def _which(order: dict[str, Any]) -> Question:
    return "ambiguity", {
        "ask": f"Does {order['customer']} want another size or the money back?",
        "summary": "“The other one” can be read both ways.",
        "facts": _facts(order),
        "steps": [
            "Read the ticket",
            f"Read order {order['id']}",
            "Asked back, no answer for a day",
        ],
        "options": [
            {"id": "swap", "label": "Send another size", "consequence": "It leaves tomorrow"},
            {"id": "money", "label": "Refund it", "consequence": "I ask for approval then"},
        ],
        "on_answer": {"answer": "I do what you write", "reframe": "I ask the customer that"},
    }


def _refused(order: dict[str, Any]) -> Question:
    amount = {"amount": f"{order['total']:.2f}", "currency": "EUR"}
    return "recovery", {
        "ask": f"The refund of {order['total']:.2f} EUR to {order['customer']} was refused. "
        "How should I go on?",
        "summary": "The payment provider answers: card expired.",
        "facts": [
            *_facts(order),
            {"label": "Error", "value": "card_expired: this card ended last month",
             "source": "payments"},
        ],
        "steps": ["Approved by policy", "Tried the refund twice, five minutes apart"],
        "recovery": {
            "tool": "payments.refund",
            "input": {"order_id": order["id"], "amount": amount, "to": "card", "notify": True},
            "input_schema": {
                "type": "object",
                "properties": {
                    "order_id": {"type": "string", "title": "Order"},
                    "amount": {
                        "type": "object",
                        "title": "Amount",
                        "properties": {
                            "amount": {"type": "string", "pattern": "^[0-9]+[.][0-9]{2}$"},
                            "currency": {"type": "string", "enum": ["EUR"]},
                        },
                        "required": ["amount", "currency"],
                    },
                    "to": {"enum": ["card", "bank account", "voucher"], "title": "To"},
                    "notify": {"type": "boolean", "title": "Tell the customer"},
                },
                "required": ["order_id", "amount", "to"],
            },
            "tools": [
                {"id": "bank", "label": "Bank transfer", "consequence": "takes two days"},
                {"id": "desk", "label": "The finance desk", "consequence": "by hand, tomorrow"},
            ],
            "routes": [{"id": "voucher", "label": "Offer a voucher instead"}],
            "scope": [
                {"id": "refund", "label": "The refund"},
                {"id": "stock", "label": "Booking the item back in"},
                {"id": "mail", "label": "The mail to the customer"},
            ],
        },
    }  # fmt: skip


def _lawyer(order: dict[str, Any]) -> Question:
    return "takeover", {
        "ask": f"A lawyer writes for {order['customer']}. Who takes it?",
        "summary": "I do not answer lawyers.",
        "facts": _facts(order),
        "flags": [{"label": "Letter from a lawyer", "severity": "high"}],
        "steps": ["Read the ticket", "Stopped"],
        "on_answer": {"hand_back": "I go on with what you leave me"},
    }


_QUESTIONS = {"which": _which, "refused": _refused, "lawyer": _lawyer}
