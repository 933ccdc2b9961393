"""Whom a handoff names, which days and amounts it says, and what stands in their place."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.blind_tests import dates, guises, namings, sums
from oversight.blind_tests.guises import Guise
from oversight.blind_tests.material import Material

GUISE = Guise(
    key=b"one copy", given_names=["Mara", "Ole", "Ida"], family_names=["Voss", "Kern"], days=14,
    year=2026,
)  # fmt: skip
RECORD = {
    "order_id": "#W6390527", "user_id": "mei_kovacs_8020",
    "name": {"first_name": "Mei", "last_name": "Kovacs"}, "email": "mei.kovacs82@example.com",
    "address": {"address1": "317 Elm Street", "city": "Charlotte", "zip": "28236"},
    "items": [{"item_id": "8384507844", "price": 137.94}, {"item_id": "1615379700", "price": 45.1}],
    "paid": 183.04, "limit": 500.0,
}  # fmt: skip


def told(**body: Any) -> dict[str, Any]:
    source = Material(action_type="exchange", kind="approval", body={"arguments": {}, **body})
    return dict(guises.disguise(source, GUISE).body)


def record() -> dict[str, Any]:
    fact = {
        "label": "Order #W6390527: status", "value": "delivered", "source": "orders/#W6390527",
    }  # fmt: skip
    brief = {
        "facts": [fact],
        "evidence": [{"id": "tool-12", "title": "Orders #w6390527", "snippet": json.dumps(RECORD)}],
        "steps": ["Get user ({'user_id': 'mei_kovacs_8020'})"],
    }
    return told(brief=brief, input={"text": "I am Mei Kovacs, and I paid $183.04 for #W6390527."})


def test_records_in_texts_name_nobody_any_more() -> None:
    text = json.dumps(record())

    for word in ("6390527", "mei", "kovacs", "8020", "8384507844", "317 Elm", "28236", "183.04"):
        assert word not in text.casefold()


def test_a_record_stays_one_and_agrees_with_what_is_said() -> None:
    body = record()
    [evidence] = body["brief"]["evidence"]
    now = json.loads(evidence["snippet"])

    order, name = now["order_id"], now["name"]
    assert re.fullmatch(r"#W\d{7}", order)
    assert body["brief"]["facts"][0]["label"] == f"Order {order}: status"
    assert body["brief"]["facts"][0]["source"] == f"orders/{order}"
    assert evidence["title"] == f"Orders {order.lower()}"
    assert now["user_id"].startswith(f"{name['first_name']}_{name['last_name']}_".lower())
    assert now["email"].startswith(f"{name['first_name']}.{name['last_name']}".lower())
    assert (
        f"{name['first_name']} {name['last_name']}, and I paid ${now['paid']}"
        in (body["input"]["text"])
    )
    # a town stays where it is, what parts are called and what is round as it was
    assert (now["address"]["zip"][:3], now["limit"], evidence["id"]) == ("282", 500.0, "tool-12")
    assert sum(item["price"] for item in now["items"]) == pytest.approx(now["paid"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"arguments": {"passengers": [{"first_name": "Anya", "last_name": "Garcia"}]}},
         ["Anya", "Garcia"]),
        ({"arguments": {"recipient": "Alice"}}, ["Alice"]),
        ({"arguments": {"recipient": "SE3550000000054910000003"}}, []),
        ({"arguments": {"customer": "the whole office"}}, []),
        ({"input": {"text": "Hello, my name is Omar Rossi."}}, ["Omar", "Rossi"]),
        ({"input": {"text": "Write to sarah.connor@mail.example, Sarah knows"}},
         ["sarah", "connor"]),
        ({"input": {"text": "Write to order.desk@shop.example"}}, []),
        ({"requester": {"name": "Kim Li"}}, ["Kim", "Li"]),
        ({"brief": {"facts": [{"label": "User x: name", "value": '{"last_name": "Ito"}'}]}},
         ["Ito"]),
    ],
)  # fmt: skip
def test_who_is_named(body: dict[str, Any], words: list[str]) -> None:
    assert [name.word for name in namings.find(body)] == words


def test_a_word_that_is_also_a_name_stays_a_word() -> None:
    body = told(
        arguments={"passenger": "Mark Price"}, input={"text": "The price is on the mark, Mr Price."}
    )

    assert body["arguments"]["passenger"].split()[1] in {"Voss", "Kern"}
    assert body["input"]["text"].startswith("The price is on the mark, Mr ")
    assert not body["input"]["text"].endswith("Price.")


def test_an_office_keeps_its_address_and_a_person_gets_another() -> None:
    said = told(input={"text": "support@shop.example wrote to mark.black-2134@mail.example"})

    office, person = re.findall(r"(\S+)@", said["input"]["text"])
    assert office == "support"
    assert re.fullmatch(r"(?:mara|ole|ida)\.(?:voss|kern)-\d{4}", person)
    assert "2134" not in person


@pytest.mark.parametrize(
    ("written", "moved"),
    [
        ("2026-11-17T10:00", "2026-12-01T10:00"),
        ("17.11.2026", "01.12.2026"),
        ("7.1.2026", "21.1.2026"),
        ("May 20, 2026", "June 3, 2026"),
        ("on the 20th May", "on the 3rd June"),
        ("Dec 31 2025", "Jan 14 2026"),
        ("Sept. 4", "Sep. 18"),
        ("the 2026-13-40", "the 2026-13-40"),
        ("may 4 people", "may 4 people"),
        ("at 10:30 May", "at 10:30 May"),
    ],
)
def test_a_date_moves_as_it_is_written(written: str, moved: str) -> None:
    assert dates.move(written, 14, 2026) == moved


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2026, 1, 1)),
    st.timedeltas(timedelta(0), timedelta(400)),
    st.booleans(),
)
def test_what_was_over_is_never_to_come(then: datetime, later: timedelta, weekday: bool) -> None:
    then, now = then.replace(tzinfo=UTC), then.replace(tzinfo=UTC) + later
    days = guises.days_between(then, now, {"text": "last Monday" if weekday else "lately"})

    assert then + timedelta(days=days) <= now
    assert not weekday or days % 7 == 0
    assert later.days - days < (7 if weekday else 1)
    assert guises.weeks_between(then.date(), now.date()) <= later.days + 1


@given(st.lists(st.integers(150, 90_000), min_size=2, max_size=6, unique=True), st.floats(0, 0.999))
def test_what_added_up_adds_up(prices: list[int], place: float) -> None:
    """Whatever the prices are, two of them and their sum are still two and their sum."""
    first, second = prices[:2]
    said = "; ".join(f"${one / 100:.2f}" for one in [*prices, first + second])

    becomes = sums.others({"input": {"text": said}}, place)

    if {first, second, first + second} <= becomes.keys():
        pairs = {becomes[one] + becomes[other] for one in becomes for other in becomes}
        assert becomes[first + second] in pairs


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("refund 500.00 USD", "500.00 USD"),
        ("rated 4.3 of 5", "4.3"),
        ("version 1.25", "1.25"),
        ("$20 off", "$20"),
    ],
)
def test_what_is_round_or_no_money_stays(text: str, stays: str) -> None:
    assert stays in told(input={"text": text})["input"]["text"]


def test_amounts_are_written_as_they_were() -> None:
    text = told(input={"text": "1.234,56 EUR, that is 1234.56, or EUR 1,234.56"})["input"]["text"]

    german, plain, english = re.findall(r"\d[\d.,]*\d", text)
    assert german != "1.234,56"
    assert german.replace(".", "").replace(",", ".") == plain == english.replace(",", "")


def test_the_same_day_is_found_in_words() -> None:
    assert [*dates.found("on May 3 and 2026-05-04", 2026)] == [date(2026, 5, 3), date(2026, 5, 4)]
