"""What is told of a lot: as a whole or not at all, and its parts only where nobody is found."""

from datetime import date

from oversight.blind_tests import telling
from oversight.blind_tests.telling import Told
from oversight.statistics.cusum import Chart
from reviews import lots
from reviews.lots import Lot

CHART = Chart(usual=0.1, noticed=0.3, threshold=3.0)
EASY = telling.key("wrong amount", "easy", "wrongly allows")
HARD = telling.key("stale fact", "hard", "wrongly allows")


def lot(*tests: tuple[int, str, bool]) -> Lot:
    found = lots.Lot(salt="ab" * 16)
    for person, kind, caught in tests:
        found = lots.add(found, person=person, kind=kind, caught=caught)
    return found


def met(
    people: int, each: int, *, kind: str = EASY, missed: int = 1
) -> list[tuple[int, str, bool]]:
    tests = [(person, kind, True) for person in range(people) for _ in range(each)]
    return [(person, kind, at >= missed) for at, (person, kind, _) in enumerate(tests)]


def test_five_people_with_twenty_tests_are_told_once() -> None:
    assert telling.told(lot(*met(5, 4))) == [Told(tests=20, caught=19)]


def test_four_people_or_nineteen_tests_are_not() -> None:
    assert telling.told(lot(*met(4, 6))) == []
    assert telling.told(lot(*met(5, 4)[1:])) == []


def test_nobody_gives_most_of_it() -> None:
    assert telling.told(lot(*met(5, 4), *[(0, EASY, True)] * 8)) == []


def test_what_is_all_one_way_is_never_told_as_the_log_knows_who_was_tested() -> None:
    assert telling.told(lot(*met(5, 4, missed=0))) == []
    assert telling.told(lot(*met(30, 2, missed=0))) == []
    assert telling.told(lot(*met(30, 2, missed=60))) == []


def test_nor_a_part_whose_rest_is_all_one_way() -> None:
    found = telling.told(lot(*met(12, 2, missed=3), *met(12, 2, kind=HARD, missed=0)))

    assert found == [Told(tests=48, caught=45)]


def test_a_part_is_told_if_the_rest_may_be_known_too() -> None:
    both = telling.told(lot(*met(5, 4), *met(5, 4, kind=HARD, missed=3)))

    assert Told(kind="wrong amount", tests=20, caught=19) in both
    assert Told(kind="stale fact", tests=20, caught=17) in both
    # that it is hard follows, and is the same cell: it is told once
    assert [one for one in both if one.difficulty] == []


def test_a_part_is_not_told_where_the_rest_is_of_few() -> None:
    found = telling.told(lot(*met(5, 4), *met(2, 3, kind=HARD)))

    assert found == [Told(tests=26, caught=24)]


def test_across_teams_it_takes_ten() -> None:
    assert telling.told(lot(*met(9, 3)), people=10) == []
    assert telling.told(lot(*met(10, 3)), people=10) == [Told(tests=30, caught=29)]


def test_the_chart_waits_for_five_people() -> None:
    missed_by_one = lot(*[(1, EASY, False)] * 9)

    assert telling.look(missed_by_one, CHART) is None
    assert telling.look(lot(*met(4, 2, missed=8)), CHART) is None
    assert telling.look(lot(*met(5, 1, missed=5), *[(0, EASY, False)] * 2), CHART) is None


def test_the_chart_moves_as_if_it_had_been_looked_at_each_time() -> None:
    found = telling.look(lot(*met(5, 2, missed=2)), CHART)

    score = 0.0
    for caught in [False, False, *[True] * 8]:
        score = CHART.step(score, missed=not caught)
    assert found == telling.Looked(score=score, alarm=False)


def test_it_alarms_also_if_it_came_back_down_and_starts_half_way_up() -> None:
    found = telling.look(lot(*met(5, 4, missed=3)), CHART)

    assert found == telling.Looked(score=1.5, alarm=True)


def test_a_quarter_later_it_is_emptied() -> None:
    assert not telling.is_old(date(2026, 8, 31), date(2026, 11, 29))
    assert telling.is_old(date(2026, 8, 31), date(2026, 11, 30))
    assert telling.week_of(date(2026, 11, 29)) == date(2026, 11, 23)
