"""One brief with everything in it, for pictures and for hands."""

from typing import Any

SCHEMA_ARGUMENTS = {
    "order_id": "#W5744371",
    "amount": 312.5,
    "currency": "USD",
    "note": "Refunded in full, we are sorry.",
}
RICH: dict[str, Any] = {
    "request": "Where is my tablet? It was promised for the 28th. This is the third time I ask. "
    "I want my money back, or you will hear from my lawyer.",
    "transcript": "user: Where is my tablet?\nassistant: Let me look.\n"
    "user: I want my money back, or you will hear from my lawyer.\n"
    "assistant: I can cancel the order and refund it. A colleague has to agree first.",
    "ask": "Refund 312.50 USD for order #W5744371 to Kim Li?",
    "summary": "The order is four days late; the customer asked twice for a refund.",
    "facts": [
        {"label": "Order total", "value": "312.50 USD", "kind": "money", "source": "orders"},
        {"label": "Placed", "value": "2026-02-22", "kind": "date", "source": "orders"},
        {"label": "Promised", "value": "2026-02-28", "kind": "date", "source": "orders"},
        {"label": "Status", "value": "in transit", "source": "orders"},
        {"label": "Customer", "value": "gold, 4 years", "source": "customers"},
        {"label": "Refunds this year", "value": "1 of 40.00 USD", "source": "customers"},
        {"label": "E-mail", "value": "kim@example.com", "source": "customers"},
    ],
    "flags": [
        {"label": "Customer mentions legal action", "severity": "high"},
        {"label": "Third message in four days", "severity": "medium"},
    ],
    "steps": [
        'Found the customer ({"email": "kim@example.com"})',
        'Read the order ({"order_id": "#W5744371"})',
        "Asked the carrier",
        "Checked the refund policy",
    ],
    "evidence": [
        {
            "id": "policy",
            "title": "Refund policy, section 3",
            "url": "https://shop.example/policy#3",
            "snippet": "An order more than three days late is refunded in full when asked for.",
            "source": "policy store",
            "must_open": True,
        },
        {
            "id": "order",
            "title": "Order #W5744371",
            "snippet": '{"order_id": "#W5744371", "status": "in transit", "carrier": "Norpost",'
            ' "items": [{"name": "Tablet", "item_id": "8384507844", "price": 312.5}]}',
            "source": "orders",
        },
    ],
    "draft": {
        "kind": "markdown",
        "body": "Dear Kim,\n\nyour tablet should have been with you on 28 February, and it is not. "
        "We have **cancelled the order** and 312.50 USD are on their way back to your card.\n\n"
        "We are sorry for the trouble.",
    },
    "options": [
        {"id": "refund", "label": "Refund 312.50 USD", "consequence": "Money leaves today"},
        {"id": "again", "label": "Send a new tablet", "consequence": "With Kim in two days"},
        {"id": "voucher", "label": "Offer 30 USD", "consequence": "The order stays open"},
    ],
    "recommendation": {
        "answer": "approve",
        "rationale": "Within policy section 3; the carrier has not seen the parcel since the 26th.",
    },
    "confidence": {"value": 0.85, "basis": "self-reported"},
    "on_answer": {
        "approve": "The money leaves today and Kim is told",
        "reject": "I offer Kim a new tablet or a voucher",
    },
}
