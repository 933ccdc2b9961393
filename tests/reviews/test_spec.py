"""A row that somebody broke by hand slows a reviewer down; it never lets one through."""

import math
from typing import Any

import pytest

from governance.matrix_schema import SafeguardsIn
from reviews import spec
from reviews.spec import Spec


def test_nothing_said_is_the_default_of_a_row() -> None:
    assert spec.read({}) == Spec()


def test_what_a_row_says_is_what_is_read() -> None:
    said = SafeguardsIn(
        minimum_seconds=20,
        words_per_minute=230,
        challenge="sampled",
        challenge_share=0.25,
        reason="never",
        evidence="none",
        withhold_recommendation=True,
        approvers=3,
        seats=["finance", "legal"],
        tie_break="majority",
        undo_seconds=0,
    )

    read = spec.read(said.model_dump())

    assert read == Spec(**{**said.model_dump(), "seats": ("finance", "legal")})


@pytest.mark.parametrize(
    ("key", "said", "strict"),
    [
        ("minimum_seconds", "none", 60),
        ("minimum_seconds", True, 60),
        ("minimum_seconds", math.inf, 60),
        ("minimum_seconds", -5, 0),
        ("words_per_minute", "fast", 60),
        ("challenge", True, "always"),
        ("challenge", False, "never"),
        ("challenge", "perhaps", "always"),
        ("challenge_share", 7, 1.0),
        ("reason", "perhaps", "always"),
        ("evidence", "perhaps", "must_open"),
        ("withhold_recommendation", "no", True),
        ("withhold_recommendation", None, False),
        ("approvers", None, 1),
        ("approvers", "two", 5),
        ("approvers", 99, 5),
        ("tie_break", "coin", "reject"),
        ("undo_seconds", -1, None),
    ],
)
def test_what_cannot_be_read_has_the_stricter_meaning(key: str, said: Any, strict: Any) -> None:
    assert getattr(spec.read({key: said}), key) == strict
