import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoffs import texts
from tests.handoffs.strategies import NASTY


@pytest.mark.parametrize(
    ("text", "shown", "hidden"),
    [
        ("plain text\nwith a\ttab", "plain text\nwith a\ttab", 0),
        ("abc\u202edef", "abc⟦U+202E⟧def", 1),
        ("\u2066in\u2069", "⟦U+2066⟧in⟦U+2069⟧", 2),
        ("pay\u200bpal", "pay⟦U+200B⟧pal", 1),
        ("\ufeffstart", "⟦U+FEFF⟧start", 1),
        ("soft\xadhyphen", "soft⟦U+00AD⟧hyphen", 1),
        ("a\x00b\x1bc\x7f\x85", "a⟦U+0000⟧b⟦U+001B⟧c⟦U+007F⟧⟦U+0085⟧", 4),
        ("tag\U000e0041\U000e0042", "tag⟦U+E0041⟧⟦U+E0042⟧", 2),
        ("line\u2028break", "line⟦U+2028⟧break", 1),
        ("hangul\u3164filler", "hangul⟦U+3164⟧filler", 1),
        ("braille\u2800blank", "braille⟦U+2800⟧blank", 1),
        ("a\ufe0fb", "a⟦U+FE0F⟧b", 1),
        ("a\U000e0100", "a⟦U+E0100⟧", 1),
        ("over\rwritten", "over⟦U+000D⟧written", 1),
        ("two\r\nlines", "two\r\nlines", 0),
        ("a" + "\u0301" * 9, "a" + "\u0301" * 5 + "⟦U+0301 × 4⟧", 4),
        ("x" + "\u0e49" * 6, "x" + "\u0e49" * 5 + "⟦U+0E49⟧", 1),
    ],
)
def test_hidden_characters_are_marked_and_counted(text: str, shown: str, hidden: int) -> None:
    assert texts.mark_invisible(text) == (shown, hidden)


@pytest.mark.parametrize(
    "text",
    [
        "\u2764\ufe0f",  # heart
        "1\ufe0f\u20e3",  # keycap
        "\U0001f468\u200d\U0001f469\u200d\U0001f466",  # family
        "\U0001f3f3\ufe0f\u200d\U0001f308",  # rainbow flag
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian
        "\u0915\u094d\u200d\u0937",  # Devanagari
        "Grüße, 你好, مرحبا, naïve",
        "a\u0302\u0323\u0301 o\u031b\u0301",  # Vietnamese, letter by letter
        "\u0f66\u0f92\u0fb2\u0f74\u0f56",  # Tibetan
        "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd",  # Hebrew with points
    ],
)
def test_joiners_in_their_honest_places_stay(text: str) -> None:
    assert texts.mark_invisible(text) == (text, 0)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("\U0001f600\ufe0f\ufe0e\ufe0f", 3),  # bytes smuggled behind an emoji
        ("\u0645\u200c\u200c\u0645", 2),
        ("a\u200db", 1),
    ],
)
def test_runs_of_joiners_are_a_hiding_place(text: str, hidden: int) -> None:
    assert texts.mark_invisible(text).hidden == hidden


@given(st.text(NASTY + "\u2764\ufe0f\u200d\u200c\u0645\U000e0041\r", max_size=20))
def test_nothing_is_dropped_and_marks_are_stable(text: str) -> None:
    marked = texts.mark_invisible(text)

    assert texts.mark_invisible(marked.text) == (marked.text, 0)
    assert marked.text.count("⟦U+") == marked.hidden
    assert len(marked.text) >= len(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [("", 0), ("one two", 2), ("312.50 USD", 2), ("don't", 1), ("你好吗", 3), ("naïve café", 2)],
)
def test_words_are_counted_as_they_are_read(text: str, words: int) -> None:
    assert texts.count_words(text) == words


@given(st.text(NASTY, max_size=20))
def test_text_finds_itself(text: str) -> None:
    keyword = texts.keyword(text)

    assert keyword in texts.searchable(f"before, {text}! after") or not keyword
    assert texts.searchable(text.upper()) == texts.searchable(text.lower())
