"""A copy leads back to nothing: other names and numbers, alike in shape, the same everywhere."""

import json
import re
from datetime import date

import pytest

from oversight.blind_tests import faults, guises, realism
from oversight.blind_tests.guises import Guise
from oversight.blind_tests.material import find
from tests.oversight.blind_sources import refund
from tests.oversight.test_faults import AMOUNT

GUISE = Guise(key=b"one copy", given_names=["Mara", "Ole"], family_names=["Voss", "Kern"], days=7)


def copied(guise: Guise = GUISE) -> dict[str, object]:
    return dict(guises.disguise(refund(), guise).body)


def test_nothing_of_the_original_is_left_that_names_it() -> None:
    text = json.dumps(copied())

    for word in ("ORD-20417", "20417", "Lea", "Brandt", "lea.brandt", "2026-11-17"):
        assert word.casefold() not in text.casefold()


def test_the_same_becomes_the_same_everywhere() -> None:
    body = copied()
    order, name = find(body, ("brief", "facts", "Order", "value")), "Voss|Kern"

    assert re.fullmatch(r"ORD-[1-9]\d{4}", order)
    assert find(body, ("arguments", "order_id")) == order
    assert order in find(body, ("brief", "ask")) and order in find(body, ("input", "text"))
    customer = find(body, ("brief", "facts", "Customer", "value"))
    assert re.fullmatch(rf"(?:Mara|Ole) (?:{name}) \(gold\)", customer)
    given, family = customer.split()[:2]
    assert find(body, ("brief", "facts", "E-mail", "value")) == (
        f"{given}.{family}@mail.example".lower()
    )
    assert find(body, ("brief", "recommendation", "rationale")).startswith(f"{family}'s lamp")


def test_dates_move_together_and_amounts_stay() -> None:
    body = copied()

    assert find(body, ("brief", "facts", "Delivered", "value")) == "2026-11-24"
    assert "2026-11-24" in find(body, ("brief", "summary"))
    assert find(body, ("arguments", "amount")) == 120.0
    assert "120.00 EUR" in find(body, ("brief", "ask"))


def test_labels_and_the_workflows_own_words_stay() -> None:
    labels = [fact["label"] for fact in copied()["brief"]["facts"]]  # type: ignore[index]

    assert labels == ["Order", "Order total", "Status", "Delivered", "Customer", "E-mail"]


def test_another_key_is_another_copy_and_the_same_key_the_same() -> None:
    other = Guise(key=b"another", given_names=["Mara"], family_names=["Voss"], days=7)

    assert copied() == copied()
    assert copied()["arguments"] != copied(other)["arguments"]


def test_whole_weeks_so_that_a_tuesday_stays_one() -> None:
    assert guises.weeks_between(date(2026, 10, 1), date(2026, 11, 23)) % 7 == 0
    assert guises.weeks_between(date(2026, 11, 20), date(2026, 11, 23)) == 0


def test_without_other_names_there_is_no_copy() -> None:
    with pytest.raises(ValueError, match="no names"):
        copied(Guise(key=b"x", given_names=["Lea"], family_names=["Voss"], days=0))


@pytest.mark.parametrize("word", ["24h", "500ml", "120.00", "12,000", "3rd"])
def test_what_is_no_id_stays(word: str) -> None:
    source = refund()
    body = {**source.body, "input": {"text": f"Within {word} please"}}

    assert word in guises.disguise(source.with_body(body), GUISE).body["input"]["text"]


def test_a_good_copy_is_fit() -> None:
    source = refund()
    made = faults.make(AMOUNT, guises.disguise(source, GUISE))

    assert realism.unfit_source(source) == []
    assert realism.unfit(made, source) == []


def test_what_repeats_its_original_is_not_used_but_what_all_say_may_be() -> None:
    source = refund()
    said = "I bought it as a present for my mother in spring"
    body = {**source.body, "arguments": {**source.body["arguments"], "reason": said}}
    made = faults.make(AMOUNT, guises.disguise(source.with_body(body), GUISE))

    [problem] = realism.unfit(made, source.with_body(body))
    assert "leads back to its original" in problem
    usual = realism.rows({"arguments": {"reason": said}})
    assert realism.unfit(made, source.with_body(body), usual=usual) == []


def test_what_leads_outside_is_no_source() -> None:
    source = refund()
    body = {**source.body, "input": {"text": "See https://shop.example/orders/1"}}

    assert realism.unfit_source(source.with_body(body))
    assert not realism.unfit_source(source.with_body(body), house_hosts=["shop.example"])
