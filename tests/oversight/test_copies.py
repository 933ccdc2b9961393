"""A copy agrees with itself, and its agent calls it as it calls its own."""

import re
from dataclasses import replace

import pytest

from oversight.blind_tests import copies
from oversight.blind_tests.faults import Unusable
from oversight.blind_tests.guises import Guise
from oversight.blind_tests.material import Material, find
from tests.oversight.blind_sources import REFUND, refund
from tests.oversight.test_faults import AMOUNT

GUISE = Guise(key=b"one copy", given_names=["Mara", "Ole"], family_names=["Voss", "Kern"], days=7)
USUAL: frozenset[str] = frozenset()


def source(**more: object) -> Material:
    found = refund()
    body = {
        **found.body,
        "signals": {"confidence": 0.9, "values": {"amount": 120.0}},
        "external_id": "ticket-20417",
        "requester": {"name": "Lea Brandt"},
        **more,
    }
    return found.with_body(body)


def test_what_it_measured_agrees_with_what_it_wants() -> None:
    made = copies.copy(source(), AMOUNT, GUISE)

    assert made.material.body["signals"]["values"]["amount"] == 1200.0
    assert made.material.body["signals"]["confidence"] == 0.9


def test_who_waits_is_who_it_is_about() -> None:
    body = copies.copy(source(), AMOUNT, GUISE).material.body

    customer = find(body, ("brief", "facts", "Customer", "value"))
    assert customer.startswith(body["requester"]["name"])


def test_its_name_stands_wherever_the_originals_stood() -> None:
    brief = refund().body["brief"]
    said = source(brief={**brief, "summary": "Ticket-20417 is about ticket-20417."})
    body = copies.copy(said, AMOUNT, GUISE, external_id="ticket-31999").material.body

    assert body["external_id"] == "ticket-31999"
    assert "20417" not in body["brief"]["summary"]
    assert "ticket-31999" in body["brief"]["summary"]


def test_what_cannot_stand_is_refused_with_why() -> None:
    linked = source(input={"text": "See https://elsewhere.example/orders/77120"})
    with pytest.raises(Unusable, match="links outside"):
        copies.copy(linked, AMOUNT, GUISE)
    with pytest.raises(Unusable, match="no names"):
        copies.copy(source(), AMOUNT, replace(GUISE, given_names=[], family_names=[]))
    said = "it came on a rainy evening and nobody knows why that was so at all"
    with pytest.raises(Unusable, match="leads back to its original"):
        copies.copy(source(arguments={**REFUND["arguments"], "reason": said}), AMOUNT, GUISE)


# What it is called


def first(like: str, recent: list[str], key: bytes = b"k") -> str:
    return next(copies.called(like, recent, key))


def test_numbers_that_leave_some_out_are_filled_from_the_later_half() -> None:
    recent = [f"ticket-{number}" for number in range(1000, 3000, 7)]

    found = {first("ticket-1000", recent, key=str(at).encode()) for at in range(40)}
    assert all(2000 <= int(one.removeprefix("ticket-")) <= 3000 for one in found)
    assert not found & set(recent)
    assert len(found) > 30


def test_where_none_is_left_out_it_is_one_to_come() -> None:
    assert first("t-7", [f"t-{number}" for number in range(1, 50)]) == "t-50"


def test_other_shapes_are_kept() -> None:
    uuid = "3f2b8c1e-5a77-4d10-9b3e-0c1d2e3f4a5b"
    found = first(uuid, [])
    assert found != uuid
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", found)
    assert re.fullmatch(r"RET/\d{4}-b", first("RET/0417-b", []))
    assert len(first("00042", ["00017", "00099", "00108"])) == 5


def test_what_has_no_number_cannot_be_made_up() -> None:
    assert list(copies.called("the spring order", [], b"k")) == []
