"""What was changed, readable: word by word in texts, row by row in lists, the rest folded."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reviews.pages import changes
from reviews.pages.text import marked

ROW = {"sku": "a", "quantity": 1}


def kinds(before: str, after: str) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text) for piece in changes.pieces(before, after)]


def listed(before: Any, after: Any) -> list[tuple[str, bool, bool]]:
    found = changes.changes({"rows": before}, {"rows": after}, {})
    return [(one.label, one.before is not None, one.after is not None) for one in found]


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_stayed_and_came_is_the_text_after(before: str, after: str) -> None:
    found = kinds(before, after)

    assert "".join(text for kind, text in found if kind != "del") == marked(after)
    assert "".join(text for kind, text in found if kind != "ins") == marked(before)


def test_a_word_changed_on_page_nine_is_seen_with_what_is_around_it() -> None:
    lines = [f"This is line {number} of a long draft.\n" for number in range(400)]
    changed = [*lines]
    changed[300] = "This is line 300 of a very long draft.\n"

    found = kinds("".join(lines), "".join(changed))

    assert [kind for kind, _ in found] == ["fold", "same", "ins", "same", "fold"]
    assert found[2][1].strip() == "very"
    assert found[0][1].endswith("words unchanged")
    assert "line 299 of" in found[1][1]


def test_a_short_text_is_shown_whole() -> None:
    assert kinds("Dear Kim, hello.", "Dear Kim, goodbye.") == [
        ("same", "Dear Kim, "),
        ("del", "hello"),
        ("ins", "goodbye"),
        ("same", "."),
    ]


def test_huge_texts_are_compared_in_blocks() -> None:
    before, after = "a " * 5_000, "b " * 5_000

    assert [kind for kind, _ in kinds(before, after)] == ["del", "ins"]


def test_one_row_taken_out_is_one_change() -> None:
    rows = [{**ROW, "sku": letter} for letter in "abcd"]

    assert listed(rows, [rows[0], *rows[2:]]) == [("Rows › 2", True, False)]


def test_one_row_added_is_one_change() -> None:
    rows = [{**ROW, "sku": letter} for letter in "abc"]

    assert listed(rows, [*rows, ROW]) == [("Rows › 4", False, True)]


def test_a_row_changed_while_another_goes_shows_both() -> None:
    rows = [{**ROW, "sku": letter} for letter in "abc"]

    found = listed(rows, [rows[0], {**rows[1], "quantity": 2}])

    assert found == [("Rows › 2 › Quantity", True, True), ("Rows › 3", True, False)]
