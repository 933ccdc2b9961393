"""Honest sentences pass in any language; junk, borrowed and recycled ones are told apart."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews import challenge, reasons
from reviews.reasons import SENTENCE_LETTERS
from tests import factories
from tests.reviews.honest import HONEST, JUNK

SENTENCES = [sentence for language in HONEST.values() for sentence in language]
BRIEF = challenge.shown(factories.brief_payload())


def objection(text: str) -> str:
    found = reasons.objection(text, least=SENTENCE_LETTERS)
    return found.code if found else ""


def test_there_are_enough_of_them() -> None:
    assert len(SENTENCES) >= 60 and len(HONEST) >= 10


@pytest.mark.parametrize("sentence", SENTENCES)
def test_an_honest_reason_passes(sentence: str) -> None:
    others = [other for other in SENTENCES if other != sentence]

    assert objection(sentence) == ""
    assert not reasons.copied(sentence, BRIEF)
    assert not reasons.recycled(sentence, others, BRIEF)


@pytest.mark.parametrize(("text", "code"), JUNK, ids=[repr(text)[:30] for text, _ in JUNK])
def test_junk_is_no_reason(text: str, code: str) -> None:
    assert objection(text) == code


@pytest.mark.parametrize("sentence", SENTENCES)
def test_what_stands_in_the_brief_is_nobodys_reason(sentence: str) -> None:
    brief = ["Refund 312.50 USD?", f"I looked into it. {sentence} So I would do it.", "Total"]

    assert reasons.copied(sentence, brief)
    assert reasons.copied(sentence.upper(), brief)
    assert reasons.copied(f"ok: {sentence}!!", brief)
    assert reasons.copied(sentence.replace(" ", "\u200b  "), brief)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_given_once(sentence: str) -> None:
    earlier = ["The parcel came back to us unopened.", sentence]

    assert reasons.recycled(sentence, earlier, BRIEF)
    assert reasons.recycled(f"{sentence}.", earlier, BRIEF)
    assert reasons.recycled(sentence.casefold(), earlier, BRIEF)


def test_pieces_of_a_brief_put_together_are_still_copied() -> None:
    pieces = "Order is four days late. Customer asked twice for a refund. Within policy section 3."

    assert reasons.copied(pieces, BRIEF)


def test_a_word_changed_in_a_copied_paragraph_makes_it_nobodys_own() -> None:
    paragraph = (
        "The parcel was handed to the carrier on Monday and has not been scanned since, so the "
        "delay is beyond what the policy allows and the refund is due in full."
    )

    assert reasons.copied(paragraph.replace("Monday", "monday morning"), [paragraph])
    assert reasons.copied(f"{paragraph} Agreed.", [paragraph])


def test_a_quotation_with_a_reason_beside_it_is_a_reason() -> None:
    quoted = "“Order is four days late” – yes, and I checked the tracking page, it never moved."

    assert not reasons.copied(quoted, BRIEF)


@pytest.mark.parametrize(
    "sentence",
    [
        "The order total of 312.50 USD is what the card was charged.",
        "Policy section 3 covers it, the carrier gave up on the parcel.",
        "Kim mentions legal action but only after the third mail, no rush.",
        "More than three days late, so the refund policy is due: four days, customer asked twice.",
    ],
)
def test_naming_what_the_brief_names_is_no_copying(sentence: str) -> None:
    assert not reasons.copied(sentence, BRIEF)


def test_the_same_words_with_the_figure_of_this_one_are_about_this_one() -> None:
    earlier = ["Tracking of W1111111 ends on Monday, total matches the invoice."]
    same = "Tracking of W5744371 ends on Monday, total matches the invoice."

    assert not reasons.recycled(same, earlier, BRIEF)
    assert reasons.recycled(same, earlier, ["a brief that names no such order"])


def test_a_figure_that_both_name_makes_it_no_newer() -> None:
    sentence = "Refund of 312.50 USD is within the limit, carrier lost it."

    assert reasons.recycled(sentence, [sentence], BRIEF)


def test_no_honest_reason_is_taken_for_another() -> None:
    for one, other in itertools.permutations(SENTENCES, 2):
        assert not reasons.recycled(one, [other], ())


@given(st.text(max_size=300), st.lists(st.text(max_size=80), max_size=4))
def test_any_text_can_be_judged(text: str, others: list[str]) -> None:
    found = reasons.objection(text)
    reasons.copied(text, others)
    reasons.recycled(text, others, others)

    if found is not None:
        assert found.sentence.endswith(".")


@given(st.text(min_size=1, max_size=120))
def test_whatever_is_a_reason_can_be_copied_and_recycled(text: str) -> None:
    if reasons.objection(text) is None:
        assert reasons.copied(text, [text])
        assert reasons.recycled(text, [text], ())
