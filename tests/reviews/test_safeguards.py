"""Both sides of every safeguard, as a table."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews import safeguards
from reviews.safeguards import Facts, Gate

GOOD_REASON = "The order was never late."
POLICY = Gate(id="policy", title="Refund policy, section 3")


def missing(spec: dict[str, Any], **facts: Any) -> list[str]:
    given = {"verb": "approve", "reason": "", "read_seconds": None} | facts
    return [one.code for one in safeguards.unmet(spec, Facts(**given))]


@pytest.mark.parametrize(
    ("needed", "read_seconds", "left"),
    [
        (30, None, 30),
        (30, 0.0, 30),
        (30, 12.4, 18),
        (30, 29.9, 1),
        (30, 30.0, None),
        (30, 31.0, None),
        (0, None, None),
        (0.5, 0.0, 1),
        (-5, None, None),
        ("soon", 59.0, 1),
        (True, 0.0, 60),
        (float("nan"), 60.0, None),
    ],
)
def test_reading_takes_its_time(needed: Any, read_seconds: float | None, left: int | None) -> None:
    facts = Facts(verb="approve", reason="", read_seconds=read_seconds)

    unmet = safeguards.unmet({"minimum_seconds": needed}, facts)

    assert [one.seconds for one in unmet] == ([] if left is None else [left])


def test_the_time_left_is_said_calmly() -> None:
    facts = Facts(verb="approve", reason="", read_seconds=12.0)

    assert safeguards.unmet({"minimum_seconds": 30}, facts)[0].sentence == (
        "Another 18 seconds of reading."
    )
    assert safeguards.unmet({"minimum_seconds": 13}, facts)[0].sentence == (
        "Another 1 second of reading."
    )


@pytest.mark.parametrize(
    ("rule", "verb", "needed"),
    [
        (None, "approve", False),
        (None, "reject", True),
        (None, "roll_back", True),
        ("on_reject", "confirm", False),
        ("on_reject", "reject", True),
        ("always", "approve", True),
        ("always", "choose", True),
        ("never", "reject", False),
        ("sometimes", "approve", True),
        ("always", "ask_information", False),
        ("always", "escalate", False),
    ],
)
def test_who_needs_a_reason(rule: str | None, verb: str, needed: bool) -> None:
    spec = {} if rule is None else {"reason": rule}

    assert missing(spec, verb=verb) == (["reason_missing"] if needed else [])
    assert missing(spec, verb=verb, reason=GOOD_REASON) == []


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("", "reason_missing"),
        (" \n\t", "reason_missing"),
        ("....... 123 !!!", "reason_no_words"),
        ("🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂", "reason_no_words"),
        ("aaaaaaaaaaaaaaaaaaaa", "reason_one_letter"),
        ("AaAaAaAaAaAaAaAaAaAa", "reason_one_letter"),
        ("的的的的的的的的", "reason_one_letter"),
        ("ok", "reason_short"),
        ("too much", "reason_short"),
        ("超限", "reason_short"),
        ("Above the limit.", None),
        ("金额超过限额。", None),
        ("Сумма выше лимита", None),
        ("المبلغ أعلى من الحد", None),
        ("राशि सीमा से अधिक है", None),
        ("한도를 초과했습니다", None),
        ("จำนวนเงินเกินวงเงิน", None),
    ],
)
def test_what_is_a_reason(reason: str, code: str | None) -> None:
    assert missing({"reason": "always"}, reason=reason) == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("spec", "opened", "codes"),
    [
        ({}, set(), ["evidence"]),
        ({}, {"policy"}, []),
        ({"evidence": "must_open"}, set(), ["evidence"]),
        ({"evidence": "must_open"}, {"other"}, ["evidence"]),
        ({"evidence": "must_open"}, {"policy", "other"}, []),
        ({"evidence": "none"}, set(), []),
    ],
)
def test_evidence_is_opened(spec: dict[str, Any], opened: set[str], codes: list[str]) -> None:
    assert missing(spec, gates=(POLICY,), opened=frozenset(opened)) == codes


def test_the_gates_are_what_the_brief_wants_opened() -> None:
    brief = {
        "evidence": [
            {"id": "policy", "title": POLICY.title, "must_open": True},
            {"id": "order", "title": "Order", "must_open": False},
            {"id": "odd", "title": "Odd", "must_open": "yes"},
            {"title": "without an id", "must_open": True},
        ]
    }

    assert safeguards.gates({}, brief) == (POLICY,)
    assert safeguards.gates({"evidence": "none"}, brief) == ()
    assert safeguards.gates({}, {}) == ()


def test_everything_that_is_missing_is_listed_at_once() -> None:
    spec = {"minimum_seconds": 30, "reason": "always", "evidence": "must_open", "approvers": 2}

    assert missing(spec, gates=(POLICY,)) == ["minimum_time", "evidence", "reason_missing"]


def test_asking_and_handing_up_wait_for_nothing() -> None:
    spec = {"minimum_seconds": 30, "reason": "always", "approvers": 2}

    assert missing(spec, verb="ask_information", gates=(POLICY,)) == []
    assert missing(spec, verb="escalate", gates=(POLICY,)) == []


@given(
    spec=st.dictionaries(
        st.sampled_from(["minimum_seconds", "reason", "evidence", "approvers", "other"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    ),
    reason=st.text(max_size=60),
    seconds=st.none() | st.floats(min_value=0, max_value=1e9),
)
def test_no_spec_and_no_text_make_it_fail(
    spec: dict[str, Any], reason: str, seconds: float | None
) -> None:
    facts = Facts(verb="reject", reason=reason, read_seconds=seconds, gates=(POLICY,))

    for one in safeguards.unmet(spec, facts):
        assert one.sentence.endswith(".") and one.sentence[0].isupper()


@given(st.floats(min_value=0, max_value=1e6), st.floats(min_value=0, max_value=1e6))
def test_more_reading_never_leaves_more_missing(less: float, more: float) -> None:
    less, more = sorted((less, more))
    spec = {"minimum_seconds": 600}

    assert len(missing(spec, read_seconds=more)) <= len(missing(spec, read_seconds=less))


@pytest.mark.parametrize("verb", ["approve", "choose", "confirm", "reject"])
def test_a_challenge_asks_for_a_reason_whatever_the_answer(verb: str) -> None:
    assert safeguards.needs_reason({"reason": "never", "challenge": True}, verb)
    assert not safeguards.needs_reason({"reason": "never", "challenge": True}, "escalate")
