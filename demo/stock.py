"""What the demo's shop holds on its first day: the same rows, in the same order, every time."""

from typing import Any

_CUSTOMERS = [
    ("Mia Lindqvist", "gold"),
    ("Tomás Rey", "standard"),
    ("Aiko Mori", "standard"),
    ("Jonas Weber", "gold"),
    ("Leïla Haddad", "standard"),
    ("Priya Nair", "standard"),
    ("Oskar Blom", "standard"),
    ("Chiara Conti", "gold"),
]
_ITEMS = [
    ("Tablet, 11 inch, 256 GB", 312.50),
    ("Desk lamp, battery powered", 39.90),
    ("Hiking boots, size 42", 153.00),
    ("Coffee grinder", 89.00),
    ("Standing desk, oak, 160 cm", 749.00),
    ("Water bottle, 1000 ml", 24.50),
    ("Noise-cancelling headphones", 219.00),
]
_TICKETS = [
    ("cancel", "It should have been here on {promised}. I want my money back, please cancel it."),
    ("refund_part", "One part arrived scratched. Can I get something back for it?"),
    ("voucher", "The parcel was two days late. Not the end of the world, but still."),
    ("refund", "It broke on the second day. If this is not refunded I will speak to my lawyer."),
    ("which", "They are too small. I would rather have the other one."),
    ("refused", "You promised me the money two days ago. Where is it?"),
    ("address", "I have moved! Please send it to Lindenstraße 12, 10969 Berlin instead."),
    ("unclear", "This is not what I expected. What can you do for me?"),
    ("cancel", "Ordered twice by mistake, sorry. Please cancel this one."),
    ("refund", "Never arrived, the carrier says it is lost. I have asked twice already."),
    ("lawyer", "On behalf of our client we demand 4,000 EUR within seven days."),
]
_SUPPLIERS = [
    ("Nordholz Timber", "DE89370400440532013000"),
    ("Fairline Logistics", "NL91ABNA0417164300"),
    ("Bright & Co. Lamps", "FR1420041010050500013M02606"),
    ("Kobe Leather Works", "GB29NWBK60161331926819"),
]


def orders(count: int = 64) -> list[dict[str, Any]]:
    return [
        {
            "id": f"W{10451 + 37 * n}",
            "customer": _CUSTOMERS[n % len(_CUSTOMERS)][0],
            "email": f"{_CUSTOMERS[n % len(_CUSTOMERS)][0].split()[0].lower()}@example.com",
            "tier": _CUSTOMERS[n % len(_CUSTOMERS)][1],
            "item": _ITEMS[(n * 3) % len(_ITEMS)][0],
            "total": _ITEMS[(n * 3) % len(_ITEMS)][1],
            "status": "pending"
            if _TICKETS[n % len(_TICKETS)][0] in ("cancel", "address")
            else "delivered",
            "placed": f"2026-11-{1 + n % 9:02d}",
            "promised": f"2026-11-{10 + n % 9:02d}",
        }
        for n in range(count)
    ]


def invoices(count: int = 32) -> list[dict[str, Any]]:
    rows = []
    for n in range(count):
        supplier, iban = _SUPPLIERS[n % len(_SUPPLIERS)]
        amount = round(180 + (n * 977) % 9200 + (n * 37 + 13) % 100 / 100, 2)
        rows.append(
            {
                "id": f"INV-{2300 + 11 * n}",
                "supplier": supplier,
                "iban": "LT601010012345678901" if n % 9 == 4 else iban,
                "iban_on_file": iban,
                "amount": amount,
                "po_amount": round(amount * (0.9 if n % 7 == 3 else 1), 2),
                "due": f"2026-12-{1 + n % 27:02d}",
                "status": "open",
            }
        )
    return rows


def tickets(count: int = 64) -> list[dict[str, Any]]:
    """Two support tickets, then one invoice, and so on."""
    rows: list[dict[str, Any]] = []
    for n, order in enumerate(orders(count)):
        kind, message = _TICKETS[n % len(_TICKETS)]
        rows.append(
            {
                "id": f"T{1000 + len(rows):05d}",
                "workflow": "webshop-support",
                "subject_id": order["id"],
                "kind": kind,
                "message": message.format(**order),
            }
        )
        if n % 2:
            invoice = invoices(count // 2)[n // 2]
            rows.append(
                {
                    "id": f"T{1000 + len(rows):05d}",
                    "workflow": "supplier-payments",
                    "subject_id": invoice["id"],
                    "kind": "pay",
                    "message": f"Invoice {invoice['id']} of {invoice['supplier']} arrived.",
                }
            )
    return rows
