"""A receipt proves an answer to anyone who has the public keys."""

import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey
from stub_server import KEY, Fault, Stub, digest

import overread

KEYS = OKPKey.generate_key("Ed25519", {"kid": "2026-07"})
OTHERS = OKPKey.generate_key("Ed25519", {"kid": "2026-07"})
JWKS = {"keys": [KEYS.as_dict(private=False)]}
ARGUMENTS = {"order_id": "#W5744371"}


def sign(key: OKPKey = KEYS, **changes: Any) -> str:
    claims = {
        "handoff": "ho_1",
        "run": "run_ticket-1",
        "action_type": "cancel_order",
        "arguments_digest": digest(ARGUMENTS),
        "verb": "approve",
        "role": "refund approver",
        "approvers": 1,
        "answered_at": "2026-07-01T10:00:00Z",
        **changes,
    }
    header = {"alg": "Ed25519", "kid": "2026-07"}
    return jws.serialize_compact(header, json.dumps(claims).encode(), key, algorithms=["Ed25519"])


def test_a_receipt_is_verified_offline() -> None:
    proven = overread.verify_receipt(sign(), JWKS, handoff="ho_1", arguments=ARGUMENTS)

    assert (proven.verb, proven.role, proven.approvers) == ("approve", "refund approver", 1)


@pytest.mark.parametrize(
    ("receipt", "asked"),
    [
        (sign(OTHERS), {}),
        (sign()[:-6] + "AAAAAA", {}),
        (sign().replace(".", "", 1), {}),
        ("", {}),
        (sign(), {"handoff": "ho_2"}),
        (sign(), {"arguments": {"order_id": "#W1"}}),
    ],
)
def test_a_receipt_that_proves_something_else_is_refused(
    receipt: str, asked: dict[str, Any]
) -> None:
    with pytest.raises(overread.ReceiptInvalid):
        overread.verify_receipt(receipt, JWKS, **asked)


def test_a_receipt_that_names_another_algorithm_is_refused_even_if_well_signed() -> None:
    header = {"alg": "EdDSA", "kid": "2026-07"}
    with pytest.warns(SecurityWarning):
        named_otherwise = jws.serialize_compact(header, b"{}", KEYS, algorithms=["EdDSA"])

    with pytest.raises(overread.ReceiptInvalid):
        overread.verify_receipt(named_otherwise, JWKS)


def test_receipt_and_keys_are_fetched(server: Stub) -> None:
    server.faults.append(Fault("/.well-known/", (200, {}, JWKS)))

    with overread.Client(server.url, KEY) as client:
        assert client.receipt("ho_1") == "a.b.c"
        assert client.jwks() == JWKS


@pytest.mark.parametrize(
    "receipt",
    [
        None,
        sign(OTHERS),
        sign(verb="approve_with_edits"),
        sign(action_type="refund_order"),
        sign(handoff="ho_2"),
        sign(arguments_digest=digest({"order_id": "#W1"})),
    ],
)
def test_a_gate_that_demands_proof_runs_only_on_a_valid_receipt(
    server: Stub, client: overread.Client, run: overread.Run, receipt: str | None
) -> None:
    ran: list[str] = []

    @overread.gate("cancel_order", client=client, run=run, jwks=JWKS, block=False)
    def cancel(order_id: str) -> None:
        ran.append(order_id)

    for wanted, given in ((overread.ReceiptInvalid, receipt), (None, sign(handoff="ho_2"))):
        with pytest.raises(overread.Paused) as caught:
            cancel(**ARGUMENTS)
        server.answer(caught.value.handoff.id, "approve", receipt=given)
        if wanted is None:
            cancel.resume(caught.value)
            continue
        with pytest.raises(wanted):
            cancel.resume(caught.value)
        assert ran == []
    assert ran == ["#W5744371"]
