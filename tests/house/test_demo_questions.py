"""What the demo agent asks is what the API takes, and there is a form for all of it."""

import pytest

from demo import questions, stock
from handoffs.schemas.briefs import EscalationBrief
from handoffs.states import HandoffKind, Verb
from reviews import surfaces
from reviews.surfaces import Ground

KINDS = {"which": "ambiguity", "refused": "recovery", "lawyer": "takeover"}


@pytest.mark.parametrize(("ticket", "kind"), KINDS.items())
def test_a_question_is_a_brief_that_the_api_takes(ticket: str, kind: str) -> None:
    asked, brief = questions._QUESTIONS[ticket](stock.orders()[0])

    EscalationBrief.model_validate(brief)
    assert HandoffKind(asked) == kind


def test_every_question_comes_up_among_the_first_tickets() -> None:
    first = {row["kind"] for row in stock.tickets()[:18]}

    assert first >= set(KINDS)


def test_the_refused_refund_can_be_mended_and_done_otherwise() -> None:
    _, brief = questions._refused(stock.orders()[0])
    ground = Ground(brief=brief)

    for verb in (Verb.PATCH_INPUT, Verb.SWITCH_TOOL, Verb.REROUTE, Verb.NARROW_SCOPE):
        form = surfaces.surface(verb, ground)
        assert form is not None and form.schema["properties"]
