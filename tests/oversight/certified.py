"""A past that copies can be made of, and faults that two people have approved."""

import random
from typing import Any

from accounts.models import Client, User
from handoffs.models import Handoff
from oversight.blind_tests import fault_files
from oversight.blind_tests.faults import Difficulty, Edit, Fault, Harm, How, Kind
from oversight.models import FaultApproval, LibraryFault
from tests import factories, walks

# a little more: no larger than other amounts are
SLIGHT = Fault(
    name="A little more than the order was",
    kind=Kind.WRONG_AMOUNT,
    difficulty=Difficulty.HARD,
    harm=Harm.ALLOWS,
    action_type="refund_order",
    edits=(Edit(at=("arguments", "amount"), how=How.SCALE, value=1.03),),
    shown_at=("brief", "facts", "Order total"),
    told="The order was for less than the refund.",
)
WORDS = (
    *("lamp", "chair", "table", "kettle", "blanket", "parcel", "colour"),
    *("late", "broken", "wrong", "missing", "twice", "again"),
)


def settled(
    shop: factories.Shop, bot: Client, bot_key: str, *, count: int = 48, seed: int = 1
) -> list[Handoff]:
    """Let so many refunds be approved, each of another order, amount and trouble."""
    chance = random.Random(seed)
    return [_settle(shop, bot, bot_key, chance) for _ in range(count)]


def _settle(shop: factories.Shop, bot: Client, bot_key: str, chance: random.Random) -> Handoff:
    amount = round(chance.uniform(20, 400), 2)
    arguments: dict[str, Any] = {
        "order_id": f"#W{chance.randint(1000000, 9999999)}", "amount": amount, "currency": "USD",
    }  # fmt: skip
    brief = factories.brief_payload(
        ask=f"Refund {amount:.2f} USD for order {arguments['order_id']}?",
        summary=f"The customer says: {' '.join(chance.sample(WORDS, 4))}.",
        facts=[{"label": "Order total", "value": f"{amount:.2f} USD", "kind": "money"}],
        evidence=[],
    )
    handoff = walks.waiting(shop, bot, bot_key, arguments=arguments, brief=brief)
    walks.say(handoff, arguments=arguments)
    return handoff


def in_library(shop: factories.Shop, fault: Fault, author: User, *readers: User) -> LibraryFault:
    """Put a fault into the library, approved by its readers; with none it is a draft."""
    body = fault_files.write(fault)
    digest = fault_files.digest(body)
    row = LibraryFault.objects.create(
        workflow=shop.workflow, name=fault.name, body=body, digest=digest, author=author
    )
    for reader in readers:
        FaultApproval.objects.create(fault=row, by=reader, digest=digest)
    if readers:
        LibraryFault.objects.filter(pk=row.pk).update(state=LibraryFault.State.APPROVED)
        row.refresh_from_db()
    return row
