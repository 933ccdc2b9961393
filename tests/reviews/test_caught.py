"""What keeps a wrong action from happening is caught, whatever it is; what follows it is not."""

import pytest

from handoffs.states import Verb
from reviews.caught import Wrong, at, caught

AMOUNT = Wrong(verb=Verb.APPROVE, values=((("amount",), 1200.0),))
WHOLE = Wrong(verb=Verb.APPROVE)
OPTION = Wrong(verb=Verb.CHOOSE, option="swap")
DENIED = Wrong(verb=Verb.REJECT)


@pytest.mark.parametrize(
    "verb", [verb for verb in Verb if verb not in (Verb.APPROVE, Verb.CONFIRM)]
)
def test_whatever_does_not_approve_it_catches_it(verb: Verb) -> None:
    arguments = {"amount": 120.0} if verb is Verb.APPROVE_WITH_EDITS else None

    assert caught(AMOUNT, verb=verb, arguments=arguments)


@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.CONFIRM])
def test_to_approve_it_is_to_miss_it(verb: Verb) -> None:
    assert not caught(AMOUNT, verb=verb, arguments={"amount": 1200.0})
    assert not caught(WHOLE, verb=verb)


@pytest.mark.parametrize(
    ("amount", "mended"),
    [(120.0, True), (1200.0, False), (1200, False), (None, True), ("1200", True)],
)
def test_an_edit_mends_it_where_it_is_wrong(amount: object, mended: bool) -> None:
    edited = {"amount": amount, "reason": "as agreed"}

    assert caught(AMOUNT, verb=Verb.APPROVE_WITH_EDITS, arguments=edited) is mended


def test_an_edit_elsewhere_mends_nothing() -> None:
    edited = {"amount": 1200.0, "reason": "rewritten"}

    assert not caught(AMOUNT, verb=Verb.APPROVE_WITH_EDITS, arguments=edited)
    assert not caught(WHOLE, verb=Verb.APPROVE_WITH_EDITS, arguments=edited)


def test_of_two_wrong_values_both_are_to_be_mended() -> None:
    wrong = Wrong(verb=Verb.APPROVE, values=((("to", "iban"), "DE12"), (("parts", 0), "all")))
    mended = {"to": {"iban": "DE21"}, "parts": ["shipping"]}

    assert caught(wrong, verb=Verb.APPROVE_WITH_EDITS, arguments=mended)
    for half in ({**mended, "to": {"iban": " de12 "}}, {**mended, "parts": ["ALL"]}):
        assert not caught(wrong, verb=Verb.APPROVE_WITH_EDITS, arguments=half)


def test_another_option_catches_a_wrong_one() -> None:
    assert not caught(OPTION, verb=Verb.CHOOSE, option="swap")
    assert caught(OPTION, verb=Verb.CHOOSE, option="money")
    assert caught(OPTION, verb=Verb.REJECT)


def test_what_was_wrongly_denied_is_caught_by_allowing_or_asking() -> None:
    assert not caught(DENIED, verb=Verb.REJECT)
    assert caught(DENIED, verb=Verb.APPROVE)
    assert caught(DENIED, verb=Verb.REDIRECT)


def test_a_place_that_is_not_there_holds_nothing() -> None:
    body = {"parts": ["a"], "name": "x"}

    assert at(body, ("parts", 0)) == "a"
    for path in [("parts", 1), ("parts", -1), ("name", 0), ("none", "deep"), ("parts", "a")]:
        assert at(body, path) is None


def test_yes_is_not_one() -> None:
    wrong = Wrong(verb=Verb.APPROVE, values=((("notify",), True),))

    assert caught(wrong, verb=Verb.APPROVE_WITH_EDITS, arguments={"notify": 1})
    assert not caught(wrong, verb=Verb.APPROVE_WITH_EDITS, arguments={"notify": True})
