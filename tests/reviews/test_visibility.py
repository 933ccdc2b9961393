"""What is withheld is absent, wherever it stands, until the answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews import visibility
from reviews.visibility import Phase
from tests.factories import brief_payload

WITHHOLD = {"withhold_recommendation": True}


@pytest.mark.parametrize(
    ("spec", "decided", "phase"),
    [
        ({}, False, Phase.OPEN),
        ({}, True, Phase.OPEN),
        ({"withhold_recommendation": False}, False, Phase.OPEN),
        ({"withhold_recommendation": None}, False, Phase.OPEN),
        (WITHHOLD, False, Phase.BEFORE_JUDGEMENT),
        (WITHHOLD, True, Phase.REVEALED),
        ({"withhold_recommendation": "yes"}, False, Phase.BEFORE_JUDGEMENT),
        ({"withhold_recommendation": 1}, False, Phase.BEFORE_JUDGEMENT),
    ],
)
def test_the_phase_withholds_in_doubt(spec: dict[str, Any], decided: bool, phase: Phase) -> None:
    assert visibility.phase(spec, decided=decided) is phase


@pytest.mark.parametrize(("spec", "decided"), [({}, False), ({}, True), (WITHHOLD, True)])
def test_nothing_is_missing_where_nothing_is_withheld(spec: dict[str, Any], decided: bool) -> None:
    assert visibility.brief_for(brief_payload(), spec, decided) == brief_payload()


def test_recommendation_confidence_and_rationale_are_absent_and_not_emptied() -> None:
    brief = brief_payload(options=[{"id": "a", "label": "A", "rationale": "best", "arguments": {}}])

    shown = visibility.brief_for(brief, WITHHOLD, False)

    assert set(brief) - set(shown) == {"recommendation", "confidence"}
    assert shown["options"] == [{"id": "a", "label": "A", "arguments": {}}]
    assert {key: shown[key] for key in ("ask", "facts", "evidence", "draft")} == {
        key: brief[key] for key in ("ask", "facts", "evidence", "draft")
    }


def test_the_stored_brief_stays_whole() -> None:
    brief = brief_payload()

    visibility.brief_for(brief, WITHHOLD, False)

    assert brief == brief_payload()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["recommendation", "confidence", "rationale", "ask", "options", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["ask", "confidence", "options", "x"]), JSON))
def test_no_depth_hides_an_opinion(brief: dict[str, Any]) -> None:
    text = json.dumps(visibility.brief_for(brief, WITHHOLD, False))

    for withheld in ("recommendation", "confidence", "rationale"):
        assert f'"{withheld}":' not in text
