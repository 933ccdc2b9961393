"""A matrix with each kind of gap, and the sentence that names it."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoffs import authority, gaps, policy, seating
from handoffs.authority import Row, Step
from handoffs.gaps import Staffing
from handoffs.signals import Action, ActionType, Signals
from handoffs.states import (
    ASKED_TIERS,
    ByEmail,
    Fallback,
    HandoffKind,
    Impact,
    Reversibility,
    Tier,
)
from tests.handoffs import strategies
from tests.handoffs.test_authority import rows

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
TOMORROW, LATER = NOW + timedelta(days=1), NOW + timedelta(days=9)
APPROVAL, TAKEOVER = HandoffKind.APPROVAL, HandoffKind.TAKEOVER
REFUND = ActionType(name="refund", impact=Impact.HIGH, reversibility=Reversibility.IRREVERSIBLE)
LOOK_UP = ActionType(name="look_up", impact=Impact.LOW, reversibility=Reversibility.REVERSIBLE)
MAP = policy.parse_map(
    {
        "default": "autonomous",
        "floors": {
            "low": {"reversible": "soft_review", "irreversible": "soft_review"},
            "high": {"reversible": "hard_approval", "irreversible": "hard_approval"},
        },
        "rules": [
            {
                "id": "watchlist",
                "tier": "hard_stop",
                "because": "On the watchlist",
                "when": {"signal": "flags", "op": "contains_any", "value": ["watchlist"]},
            }
        ],
    }
)
CLERKS, LEADS, HEADS = (("clerks", "desk"), ("leads", "leads"), ("heads", "attic"))


def row(id: int = 1, **more: Any) -> Row:
    said = {"role": "clerks", "queue": "desk", "deadline_seconds": 3600}
    return Row(id=id, **(said | {"fallback": Fallback.REJECT} | more))


def step(role: str, queue: str, seconds: int = 3600) -> Step:
    return Step(role=role, queue=queue, seconds=seconds)


def found(*made: Row, staffing: Staffing | None = None) -> list[tuple[str, str]]:
    all_of_them = gaps.find([REFUND, LOOK_UP], MAP, made, now=NOW, staffing=staffing)
    return [(gap.kind, gap.sentence) for gap in all_of_them]


def test_a_row_for_everything_with_a_ladder_and_a_fallback_leaves_no_gap() -> None:
    whole = row(ladder=(step(*LEADS), step(*HEADS)), overflow_queue="leads")

    assert found(whole) == []


CASES: dict[str, tuple[list[Row], list[tuple[str, str]]]] = {
    "an escalation that no row covers": (
        [row(action_type="refund"), row(2, action_type="look_up", kind=APPROVAL)],
        [
            (
                "uncovered",
                "Nobody has authority over look_up at hard stop: no row of the matrix covers "
                "action type look_up, kind takeover, tier hard stop. Add one, or a wider one.",
            )
        ],
    ),
    "a tie that goes up to nobody": (
        [row(safeguards={"approvers": 2, "tie_break": "escalate"})],
        [
            (
                "tie_nobody_above",
                "When those who decide differ, the row for everything hands it up, and nobody is "
                "above. Add a level, or choose reject or majority.",
            )
        ],
    ),
    "an approval by nobody of what several decide": (
        [row(action_type="look_up", safeguards={"approvers": 2}, fallback=Fallback.APPROVE,
             kind=APPROVAL), row(2)],
        [
            (
                "approves_alone",
                "The row for action type look_up, kind approval asks 2 people, and approves when "
                "none of them answers. Choose reject, fail or hold.",
            )
        ],
    ),
    "a ladder that ends in nothing": (
        [row(fallback=None, ladder=(step(*LEADS),))],
        [
            (
                "no_fallback",
                "The row for everything ends in nothing: when level 2 does not answer either, "
                "nobody said what happens. Choose reject, approve, fail, hold.",
            )
        ],
    ),
    "a ladder that goes in a circle": (
        [row(ladder=(step(*LEADS), step(*CLERKS)))],
        [
            (
                "ladder_circles",
                "The ladder of the row for everything goes in a circle: level 3 asks the clerks "
                "in desk again, who did not answer at level 1. Name somebody else, or end the "
                "ladder there.",
            )
        ],
    ),
    "a default approval of what cannot be undone": (
        [row(), row(2, action_type="refund", kind=APPROVAL, fallback=Fallback.APPROVE)],
        [
            (
                "approves_irreversible",
                "When nobody answers, the row for action type refund, kind approval approves "
                "refund, which cannot be undone. Choose reject, fail or hold.",
            )
        ],
    ),
    "a default approval of what a person has to take on": (
        [row(), row(2, action_type="look_up", fallback=Fallback.APPROVE)],
        [
            (
                "approves_irreversible",
                "When nobody answers, the row for action type look_up approves look_up at hard "
                "stop, which only a person may take on. Choose reject, fail or hold.",
            )
        ],
    ),
    "a sign-off given by nobody": (
        [row(), row(2, kind=HandoffKind.SIGN_OFF, fallback=Fallback.APPROVE)],
        [
            (
                "approves_irreversible",
                "When nobody answers, the row for kind sign off approves a sign off, which only "
                "a person may answer. Choose reject, fail or hold.",
            )
        ],
    ),
    "a sign-off about one action type": (
        [row(), row(2, kind=HandoffKind.SIGN_OFF, action_type="refund")],
        [
            (
                "never_asked",
                "The row for action type refund, kind sign off is never asked: a sign off is "
                "about a run, not about an action type or a tier. Leave both open.",
            )
        ],
    ),
    "a task definition at one tier": (
        [row(), row(2, kind=HandoffKind.TASK_DEFINITION, tier=Tier.HARD_STOP)],
        [
            (
                "never_asked",
                "The row for kind task definition, tier hard stop is never asked: a task "
                "definition is about a run, not about an action type or a tier. Leave both open.",
            )
        ],
    ),
    "overflow into itself": (
        [row(overflow_queue="desk")],
        [
            (
                "overflow_circles",
                "Overflow goes in a circle: desk → desk. When one is full the other has to have "
                "room by itself. Name another queue, or none.",
            )
        ],
    ),
    "overflow in a circle": (
        [row(overflow_queue="leads"), row(2, kind=TAKEOVER, queue="leads", overflow_queue="desk")],
        [
            (
                "overflow_circles",
                "Overflow goes in a circle: desk → leads → desk. When one is full the other has "
                "to have room by itself. Name another queue, or none.",
            )
        ],
    ),
    "overflow in a circle that a row begins and a queue closes": (
        [row(overflow_queue="leads", overflows=("leads", "attic", "desk"))],
        [
            (
                "overflow_circles",
                "Overflow goes in a circle: attic → desk → leads → attic. When one is full the "
                "other has to have room by itself. Name another queue, or none.",
            )
        ],
    ),
    "a deadline before anybody may decide": (
        [row(ladder=(step(*LEADS, seconds=20),), safeguards={"minimum_seconds": 30})],
        [
            (
                "deadline_too_short",
                "Level 2 of the row for everything is due after 20 s, and nobody may decide "
                "before 30 s of reading. Give it more time, or ask for less.",
            )
        ],
    ),
    "a window longer than a quarter of the deadline": (
        [row(batch_seconds=1200), row(2, action_type="refund", batch_seconds=900)],
        [
            (
                "gathers_too_long",
                "The row for everything gathers for 1200 s, more than a quarter of its time: it "
                "is cut to 900 s. Gather for less, or give it more time.",
            )
        ],
    ),
    "an e-mail where one has to sign in": (
        [row(email=ByEmail.YES)],
        [
            (
                "email_without_sign_in",
                "The row for everything may be answered from an e-mail, also at hard stop, where "
                "somebody has to sign in first. Ask for the sign-in, or give that tier a row of "
                "its own.",
            )
        ],
    ),
    "two rows nobody could choose between": (
        [row(), row(2, effective_from=TOMORROW)],
        [
            (
                "ambiguous",
                "2 rows of the matrix stand for everything: nobody could say which one holds. "
                "Keep one, or name more in the others.",
            )
        ],
    ),
    "a row that ends before its successor begins": (
        [
            row(),
            row(2, action_type="refund"),
            row(3, tier=Tier.SOFT_REVIEW, effective_until=TOMORROW),
        ],
        [],
    ),
}  # fmt: skip


def test_a_window_that_is_cut_keeps_nothing_from_being_published() -> None:
    (cut,) = gaps.find([REFUND, LOOK_UP], MAP, [row(batch_seconds=1200)], now=NOW)
    (other,) = gaps.find([REFUND, LOOK_UP], MAP, [row(fallback=None)], now=NOW)

    assert (cut.blocks, other.blocks) == (False, True)


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_gap_is_named_in_a_sentence(name: str) -> None:
    made, expected = CASES[name]

    assert found(*made) == expected


def test_a_row_that_ends_before_its_successor_begins_is_a_gap_to_come() -> None:
    ends = row(effective_until=TOMORROW)
    begins = row(2, effective_from=LATER)

    assert found(ends, begins)[0] == (
        "uncovered_later",
        "From 2026-11-22 08:00 UTC on nobody has authority over refund at hard approval: the row "
        "that covers it ends and none begins. Let one begin then, or let this one go on.",
    )
    assert {kind for kind, _ in found(ends, begins)} == {"uncovered_later"}
    assert found(ends, row(2, effective_from=TOMORROW)) == []


def test_a_gap_of_a_row_that_is_still_to_come_is_found_today() -> None:
    now, then = row(effective_until=TOMORROW), row(2, effective_from=TOMORROW, email=ByEmail.YES)

    assert [kind for kind, _ in found(now, then)] == ["email_without_sign_in"]


def test_a_row_that_is_over_stands_against_nothing() -> None:
    over = row(2, effective_from=NOW - timedelta(days=2), effective_until=NOW)

    assert found(row(effective_from=NOW), over) == []


HERE = Staffing(
    held=frozenset({"clerks", "leads"}),
    works=frozenset({CLERKS, LEADS}),
    queue_names={"desk": "Front desk", "attic": "Attic"},
)


def test_a_role_that_nobody_holds_is_named_once() -> None:
    made = row(ladder=(step(*LEADS), step(*HEADS)))

    assert found(made, row(2, kind=TAKEOVER, role="heads"), staffing=HERE) == [
        (
            "role_empty",
            "Nobody holds the role heads: no active person who may decide is in that team. Put "
            "somebody into it, or name another team.",
        )
    ]


@pytest.mark.parametrize(
    "more", [{"overflow_queue": "attic"}, {"ladder": (step("leads", "attic"),)}]
)
def test_a_queue_that_nobody_of_the_role_works_is_named(more: dict[str, Any]) -> None:
    role = "clerks" if "overflow_queue" in more else "leads"

    assert found(row(**more), staffing=HERE) == [
        (
            "queue_unattended",
            f"Nobody among the {role} works the queue Attic: a handoff would wait in vain.",
        )
    ]


def test_where_somebody_is_there_for_everything_nothing_is_said() -> None:
    assert found(row(ladder=(step(*LEADS),)), staffing=HERE) == []


def test_every_kind_of_gap_has_its_case() -> None:
    shown = {kind for _, expected in CASES.values() for kind, _ in expected}

    found_elsewhere = {"uncovered_later", "role_empty", "queue_unattended", "people_short"}
    assert shown | found_elsewhere == set(get_args(gaps.Kind))


def test_tiers_that_ask_nobody_need_no_row() -> None:
    quiet = policy.parse_map({"default": "notify"})

    assert gaps.find([LOOK_UP], quiet, [], now=NOW) == []


@given(strategies.maps(), strategies.actions, strategies.signal_sets, st.lists(rows, max_size=4))
def test_without_gaps_every_proposal_finds_its_row(
    data: dict[str, Any], action: Action, signals: Signals, made: list[Row]
) -> None:
    read = policy.parse_map(data)
    tier = policy.evaluate(read, action, signals).tier

    covered = tier not in ASKED_TIERS or authority.choose(
        made, action_type=action.type.name, kind=authority.KIND_OF[tier], tier=tier
    )

    assert covered or gaps.find([action.type], read, made, now=NOW)


TWO: dict[str, Any] = {"safeguards": {"approvers": 2, "seats": ["compliance"]}}


def there(*people: tuple[str, int], apart: dict[int, frozenset[int]] | None = None) -> Staffing:
    teams = {team for team, _ in people}
    return Staffing(
        held=frozenset(teams),
        works=frozenset((team, "desk") for team in teams),
        people={
            (team, "desk"): frozenset(one for name, one in people if name == team) for team in teams
        },
        apart=apart or {},
    )


def kinds(*made: Row, staffing: Staffing) -> list[str]:
    return [kind for kind, _ in found(*made, staffing=staffing)]


def test_a_named_seat_needs_its_team_at_the_queue() -> None:
    assert kinds(row(**TWO), staffing=there(("clerks", 1))) == ["role_empty"]
    assert kinds(row(**TWO), staffing=there(("clerks", 1), ("compliance", 2))) == []


def test_one_person_in_both_teams_cannot_sit_twice() -> None:
    alone = there(("clerks", 1), ("compliance", 1))

    assert found(row(**TWO), staffing=alone) == [
        (
            "people_short",
            "Level 1 of the row for everything takes 2 different people (compliance, clerks), none "
            "in a conflict group with another. There are not that many. Put somebody into these "
            "teams, or ask fewer.",
        )
    ]


def test_two_who_count_as_one_cannot_both_sit() -> None:
    together = {1: frozenset({2}), 2: frozenset({1})}
    people = [("clerks", 1), ("compliance", 2)]

    assert kinds(row(**TWO), staffing=there(*people, apart=together)) == ["people_short"]
    assert kinds(row(**TWO), staffing=there(*people, ("clerks", 3), apart=together)) == []


@given(
    teams=st.lists(st.sampled_from("ab"), min_size=1, max_size=4),
    members=st.sets(st.tuples(st.sampled_from("ab"), st.integers(1, 5)), max_size=8),
    groups=st.lists(st.sets(st.integers(1, 5), min_size=2, max_size=3), max_size=2),
)
def test_seats_can_be_filled_exactly_when_some_choice_of_people_fills_them(
    teams: list[str], members: set[tuple[str, int]], groups: list[set[int]]
) -> None:
    people = {team: frozenset(one for name, one in members if name == team) for team in "ab"}
    apart: dict[int, frozenset[int]] = {}
    for group in groups:
        for one in group:
            apart[one] = apart.get(one, frozenset()) | (group - {one})

    def fits(chosen: tuple[int, ...]) -> bool:
        pairs = itertools.combinations(chosen, 2)
        return all(one != other and other not in apart.get(one, ()) for one, other in pairs)

    by_hand = any(fits(chosen) for chosen in itertools.product(*(people[team] for team in teams)))

    assert seating.can_sit(teams, people, apart) is by_hand
