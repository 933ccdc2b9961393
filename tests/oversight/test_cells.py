"""Which results are of many: small ones are not, nor what one person took most of."""

from oversight.statistics import cells
from oversight.statistics.cells import Part


def part(*tests: int, first: int = 0) -> Part:
    people = {f"p{first + number}": count for number, count in enumerate(tests)}
    return Part(people=people, caught=sum(tests) // 2)


def test_five_people_twenty_tests_and_nobody_most_of_them() -> None:
    assert cells.is_of_many([part(4, 4, 4, 4, 4)])
    assert not cells.is_of_many([part(5, 5, 5, 5)])
    assert not cells.is_of_many([part(4, 4, 4, 4, 3)])
    assert cells.is_of_many([part(8, 3, 3, 3, 3)])
    assert not cells.is_of_many([part(9, 3, 3, 3, 3)])
    assert not cells.is_of_many([])


def test_across_teams_it_takes_ten() -> None:
    nine, ten = part(*[3] * 9), part(*[3] * 10)
    assert not cells.is_of_many([nine], people=cells.PEOPLE_ACROSS_TEAMS)
    assert cells.is_of_many([ten], people=cells.PEOPLE_ACROSS_TEAMS)


def test_the_same_person_in_two_parts_is_one() -> None:
    assert not cells.is_of_many([part(5, 5, 5, 5), part(5, 5, 5, 5)])
    assert cells.is_of_many([part(5, 5, 5, 5), part(5, 5, 5, 5, first=4)])
