"""A sealed lot gives back its counts to the server, and to nobody else anything at all."""

import json

import pytest

from reviews import lots
from reviews.lots import Lot, LotFull, LotUnreadable

SECRET, COHORT = "the server's secret", "webshop-support / refund approvers"


def filled(*tests: tuple[int, str, bool]) -> Lot:
    lot = lots.empty()
    for person, kind, caught in tests:
        lot = lots.add(lot, person=person, kind=kind, caught=caught)
    return lot


def sealed(lot: Lot) -> bytes:
    return lots.seal(lot, cohort=COHORT, secret=SECRET)


def test_what_was_sealed_comes_back() -> None:
    lot = filled((1, "amount", True), (2, "amount", False), (1, "stale", True))

    assert lots.unseal(sealed(lot), cohort=COHORT, secrets=[SECRET]) == lot


def test_it_counts_tests_by_kind_and_how_many_each_person_met() -> None:
    lot = filled(
        (1, "amount", True), (2, "amount", False), (1, "amount", True), (3, "stale", False)
    )

    assert lot.tests == 4
    assert lot.counts["amount"].caught == 2
    assert sorted(lot.counts["amount"].people.values()) == [1, 2]
    assert lot.counts["stale"].caught == 0
    assert lot.since == (True, False, True, False)
    assert sorted(lot.met.values()) == [1, 1, 2]


def test_a_lot_is_as_large_as_any_other_and_never_the_same_twice() -> None:
    none, many = filled(), filled(*[(n, f"kind {n % 48}", n % 2 == 0) for n in range(200)])

    assert len(sealed(none)) == len(sealed(many))
    assert sealed(none) != sealed(none)
    assert none.salt != lots.empty().salt


def test_without_the_secret_nothing_is_read() -> None:
    with pytest.raises(LotUnreadable):
        lots.unseal(sealed(filled((1, "amount", True))), cohort=COHORT, secrets=["a guess", ""])


def test_the_secret_before_still_reads_it() -> None:
    lot = filled((1, "amount", True))

    assert lots.unseal(sealed(lot), cohort=COHORT, secrets=["the new one", SECRET]) == lot


def test_it_is_read_in_no_other_cohorts_place_and_not_when_changed() -> None:
    row = sealed(filled((1, "amount", True)))

    with pytest.raises(LotUnreadable):
        lots.unseal(row, cohort="another", secrets=[SECRET])
    with pytest.raises(LotUnreadable):
        lots.unseal(row[:-1] + bytes([row[-1] ^ 1]), cohort=COHORT, secrets=[SECRET])


def test_whoever_is_in_two_lots_of_a_server_has_one_name_that_is_of_no_other_server() -> None:
    first, second = (lots.named(lots.empty(), salt=lots.salt(SECRET)) for _ in range(2))
    other = lots.named(lots.empty(), salt=lots.salt("another"))
    names = [set(lots.add(lot, person=1, kind="amount", caught=True).met)
             for lot in (first, second, other)]  # fmt: skip

    assert names[0] == names[1]
    assert names[0].isdisjoint(names[2])
    assert "1" not in names[0]


def test_whoever_is_in_it_keeps_their_name_until_it_is_empty() -> None:
    lot = filled((1, "amount", True))

    assert lots.named(lot, salt="00" * 16) == lot
    assert lots.named(lots.looked_at(lot, score=0.5), salt="00" * 16).salt == lot.salt
    unlooked = lots.begun_anew(lot)
    assert (unlooked.counts, lots.named(unlooked, salt="00" * 16).salt) == ({}, lot.salt)
    told = lots.begun_anew(lots.looked_at(lot, score=0.5))
    assert lots.named(told, salt="00" * 16).salt == "00" * 16


def test_together_they_are_the_sums_and_each_person_is_one() -> None:
    lot = lots.Lot(salt="00" * 16, held={"stale": (3, 3)}, score=1.0)
    one = lots.add(lots.add(lot, person=1, kind="amount", caught=True), person=2, kind="stale",
                   caught=False)  # fmt: skip
    other = lots.add(lots.add(lot, person=1, kind="amount", caught=False), person=3,
                     kind="amount", caught=True)  # fmt: skip

    found = lots.together([one, other])

    assert found.tests == 4 and len(found.people) == 3
    assert (found.counts["amount"].caught, found.counts["stale"].caught) == (2, 0)
    assert sorted(found.counts["amount"].people.values()) == [1, 2]
    assert found.held == {"stale": (6, 6)}
    assert (found.score, found.since, found.met) == (0.0, (), {})


def test_where_names_differ_they_are_not_put_together() -> None:
    with pytest.raises(ValueError):
        lots.together([filled((1, "amount", True)), filled((1, "amount", True))])


def test_which_test_was_whose_is_not_in_it() -> None:
    """Two histories with the same counts leave the same lot, whoever caught what."""
    one = lots.Lot(salt="00" * 16)
    other = lots.Lot(salt="00" * 16)
    for person, caught in ((1, True), (2, False)):
        one = lots.add(one, person=person, kind="amount", caught=caught)
    for person, caught in ((2, True), (1, False)):
        other = lots.add(other, person=person, kind="amount", caught=caught)

    assert json.dumps(lots._plain(one)) == json.dumps(lots._plain(other))


def test_looking_moves_the_chart_and_leaves_the_counts() -> None:
    lot = lots.looked_at(filled((1, "amount", False)), score=1.1)

    assert (lot.score, lot.since, lot.met) == (1.1, (), {})
    assert lot.tests == 1


def test_more_than_it_holds_is_refused() -> None:
    lot = filled(*[(n, "amount", True) for n in range(2_000)])

    with pytest.raises(LotFull):
        sealed(lot)
