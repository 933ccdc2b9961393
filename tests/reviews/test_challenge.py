"""A challenge asks the same of yes and no, and draws as nobody can foresee."""

from typing import Any

import pytest

from reviews import challenge, safeguards
from reviews.challenge import Known, Stated
from reviews.safeguards import Facts, Seen
from reviews.spec import read
from tests import factories

BRIEF = factories.brief_payload()
KNOWN = Known(shown=challenge.shown(BRIEF), chips=challenge.chips(BRIEF))
REASON = "Carrier confirms the parcel is lost, total matches the invoice."
STATED = Stated(checked=frozenset({"facts:0"}), wrong_if=frozenset({"figure"}))
NO_TIME: dict[str, Any] = {"reason": "on_reject", "evidence": "none"}


def missing(spec: dict[str, Any], **changes: Any) -> list[str]:
    said = {"verb": "approve", "reason": REASON, "stated": STATED, "known": KNOWN} | changes
    facts = Facts(read_seconds=60.0, **said)
    return [one.code for one in safeguards.unmet(NO_TIME | spec, facts)]


@pytest.mark.parametrize(
    "verb",
    [
        "approve",
        "approve_with_edits",
        "choose",
        "confirm",
        "reject",
        "roll_back",
        "wrong",
        "answer",
    ],
)
def test_always_asks_every_answer_for_the_same(verb: str) -> None:
    spec = {"challenge": "always", "reason": "never"}

    assert missing(spec, verb=verb) == []
    assert missing(spec, verb=verb, stated=Stated(), reason="") == [
        "checked_missing",
        "wrong_if_missing",
        "reason_missing",
    ]


@pytest.mark.parametrize("verb", ["ask_information", "escalate"])
def test_what_decides_nothing_is_never_challenged(verb: str) -> None:
    assert missing({"challenge": "always"}, verb=verb, stated=Stated(), reason="") == []


@pytest.mark.parametrize(
    ("verb", "drawn", "codes"),
    [
        ("approve", False, []),
        ("approve", True, ["checked_missing", "wrong_if_missing", "reason_missing"]),
        ("confirm", True, ["checked_missing", "wrong_if_missing", "reason_missing"]),
        ("reject", False, ["reason_missing"]),
        ("reject", True, ["reason_missing"]),
    ],
)
def test_a_sample_is_asked_of_agreement_and_reasons_of_disagreement_as_before(
    verb: str, drawn: bool, codes: list[str]
) -> None:
    spec = {"challenge": "sampled"}

    assert missing(spec, verb=verb, drawn=drawn, stated=Stated(), reason="") == codes


def test_never_asks_nothing() -> None:
    assert missing({"challenge": "never"}, drawn=True, stated=Stated(), reason="") == []


@pytest.mark.parametrize(
    ("stated", "codes"),
    [
        (Stated(checked=frozenset({"facts:0"})), ["wrong_if_missing"]),
        (Stated(wrong_if=frozenset({"rule"})), ["checked_missing"]),
        (Stated(checked=frozenset({"facts:9"}), wrong_if_own="x"), "both"),
        (Stated(checked_own="asdfghjkl", wrong_if_own="....."), "both"),
        (Stated(checked_own="the carrier's site", wrong_if_own="if it arrives after all"), []),
        (Stated(checked_own="物流记录", wrong_if_own="包裹找到了"), []),
    ],
)
def test_marks_count_where_they_were_offered_and_words_where_they_are_words(
    stated: Stated, codes: Any
) -> None:
    both = ["checked_missing", "wrong_if_missing"]

    assert missing({"challenge": "always"}, stated=stated) == (both if codes == "both" else codes)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("Order is four days late; customer asked twice for a refund.", "reason_copied"),
        ("Refunds are due when an order is more than three days late.", "reason_copied"),
        ("within policy section 3", "reason_copied"),
        ("I phoned the carrier and they have lost it for good.", "reason_recycled"),
        ("fine by me", "reason_short"),
    ],
)
def test_a_reason_is_ones_own_and_new(reason: str, code: str) -> None:
    known = Known(
        shown=KNOWN.shown,
        chips=KNOWN.chips,
        earlier=("I phoned the carrier, and they have lost it for good!",),
    )

    assert missing({"challenge": "always"}, reason=reason, known=known) == [code]


def test_every_refusal_says_what_to_do() -> None:
    given = challenge.unmet("qwertyuiop asdfghjkl", Stated(), KNOWN)

    assert [one.sentence for one in given] == [
        "Mark what you checked.",
        "Mark what would make your answer wrong.",
        "A reason in words, not keys in a row.",
    ]


def test_the_draw_is_the_same_on_every_load_and_differs_by_everything() -> None:
    def draw(handoff: str = "ho_1", round: int = 1, reviewer: int = 7, secret: str = "s") -> float:
        lowest = next(
            share
            for share in range(1, 1001)
            if challenge.draw(
                secret, handoff=handoff, round=round, reviewer=reviewer, share=share / 1000
            )
        )
        return lowest

    assert draw() == draw()
    assert len({draw(), draw("ho_2"), draw(round=2), draw(reviewer=8), draw(secret="t")}) == 5


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_draw_keeps_its_share(share: float) -> None:
    drawn = sum(
        challenge.draw("s", handoff=f"ho_{number}", round=1, reviewer=7, share=share)
        for number in range(4000)
    )

    assert abs(drawn / 4000 - share) <= 0.025


def test_what_can_be_checked_is_evidence_then_facts_then_flags() -> None:
    assert [(chip.id, chip.label) for chip in challenge.chips(BRIEF)] == [
        ("evidence:0", "Refund policy, section 3"),
        ("facts:0", "Order total"),
        ("flags:0", "Customer mentions legal action"),
    ]
    assert challenge.chips({"facts": "none", "flags": [None, {"label": " "}, {"label": 3}]}) == ()
    many = {"facts": [{"label": f"Fact {number}"} for number in range(40)]}
    assert len(challenge.chips(many)) == 12


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"checked": "facts:0", "wrong_if": None, "checked_own": 3},
        {"checked": [1, {}], "wrong_if": ["bogus"], "wrong_if_own": ["x"]},
    ],
)
def test_what_is_not_of_its_shape_states_nothing(said: dict[str, Any]) -> None:
    assert challenge.stated(said) == Stated()


def test_what_is_kept_has_the_words_that_were_seen_and_fills_the_form_again() -> None:
    stated = Stated(
        checked=frozenset({"facts:0", "facts:7"}),
        checked_own="the carrier's site",
        wrong_if=frozenset({"figure"}),
    )

    kept = challenge.kept(stated, KNOWN)

    assert kept == {
        "checked": [
            {"id": "facts:0", "label": "Order total"},
            {"id": "own", "label": "the carrier's site"},
        ],
        "wrong_if": [{"id": "figure", "label": "A wrong name or figure"}],
    }
    again = challenge.stated(challenge.again(kept))
    assert again.checked == {"facts:0"} and again.checked_own == "the carrier's site"
    assert (again.wrong_if, again.wrong_if_own) == ({"figure"}, "")
    assert challenge.again(None) == {}


def test_what_cannot_be_read_is_the_stricter_one() -> None:
    assert challenge.asked(read({"challenge": "sometimes"}), "approve", drawn=False)


def test_what_was_seen_and_what_is_said_go_together() -> None:
    seen = Seen(read_seconds=1.0, drawn=True, known=KNOWN)

    facts = safeguards.facts(seen, verb="approve", reason=REASON, stated=STATED)

    assert (facts.drawn, facts.known, facts.stated) == (True, KNOWN, STATED)
