"""What the crash tests' agent asks for; imports nothing, so that the agent starts fast."""

from typing import Any

EXTERNAL_ID = "ticket-1"
PROPOSAL: dict[str, Any] = {
    "action_type": "refund_order",
    "arguments": {"order_id": "#W5744371", "amount": 312.5, "currency": "USD"},
    "signals": {"confidence": 0.85, "values": {"amount": 312.5}},
    "brief": {
        "ask": "Refund 312.50 USD for order #W5744371?",
        "facts": [{"label": "Order total", "value": "312.50 USD", "kind": "money"}],
    },
    "checkpoint": {"step": 3},
}
