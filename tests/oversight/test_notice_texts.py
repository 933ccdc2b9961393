"""The ready-made words say what the product does, in both languages, and stand in the docs."""

import re
from pathlib import Path

import pytest

from oversight.blind_tests import notice_texts
from oversight.statistics import cells, pacing
from reviews import meeting

ROOT = Path(__file__).resolve().parents[2]
WORDS = {"workflow": "Refunds", "owner": "Olivia", "least": "1", "most": "5"}
NUMBERS = {
    "en": {2: "two", 5: "five", 10: "ten", 20: "twenty"},
    "de": {2: "zwei", 5: "fünf", 10: "zehn", 20: "zwanzig"},
}
BOTH = [notice_texts.notice, notice_texts.consultation]


@pytest.mark.parametrize("language", notice_texts.LANGUAGES)
def test_the_notice_promises_the_limits_that_hold(language: str) -> None:
    said = notice_texts.notice(language, **WORDS)
    held = (meeting.A_DAY, meeting.BETWEEN, cells.PEOPLE, cells.TESTS)

    for number in held:
        assert NUMBERS[language][number] in said, number


@pytest.mark.parametrize("language", notice_texts.LANGUAGES)
def test_the_letter_says_whose_results_are_never_told(language: str) -> None:
    said = notice_texts.consultation(language, **WORDS)

    assert cells.SHARE == 0.4
    assert {"en": "two in five", "de": "zwei Fünftel"}[language] in " ".join(said.split())
    assert "26" in said


@pytest.mark.parametrize("text", BOTH)
@pytest.mark.parametrize("language", notice_texts.LANGUAGES)
def test_every_place_is_filled(text: object, language: str) -> None:
    assert callable(text)
    said = text(language, **WORDS)

    assert "Refunds" in said and "Olivia" in said
    assert not re.search(r"[{}]", said)


def test_what_somebody_types_is_no_place() -> None:
    said = notice_texts.notice("en", **(WORDS | {"workflow": "{owner}"}))

    assert "{owner}" in said


def test_the_rates_of_the_notice_are_those_that_may_be_set() -> None:
    assert (pacing.LEAST_RATE, pacing.MOST_RATE) == (0.01, 0.05)


@pytest.mark.parametrize("text", BOTH)
@pytest.mark.parametrize("language", notice_texts.LANGUAGES)
def test_the_docs_have_them_word_for_word(text: object, language: str) -> None:
    assert callable(text)
    places = {name: f"{{{name}}}" for name in WORDS}
    page = (ROOT / "docs/how-to/blind-tests.md").read_text()
    quoted = re.sub(r"(?m)^> ?", "", page)

    assert text(language, **places) in quoted + "\n"
