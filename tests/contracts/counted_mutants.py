"""Take away what lets tests in, when they are told and how they are counted, one at a time.

As `blind_mutants`, and run like it: `python -m tests.contracts.counted_mutants [word]`.
"""

import sys

from tests.contracts.blind_mutants import Mutant, main

_SOWING = "tests/oversight/test_sowing.py::"
_RACES = "tests/oversight/test_sowing_races.py::"
_SITUATIONS = "tests/oversight/test_situations.py::"
_TESTED = "tests/oversight/test_tested.py::"
_CHARTS = "tests/oversight/test_charts_simulated.py::"
MUTANTS = [
    Mutant(
        "oversight/blind_tests/cohorts.py",
        "Cohort.objects.select_for_update().get",
        "Cohort.objects.get",
        _RACES + "test_what_is_counted_while_a_test_begins_is_counted_beside_it",
    ),
    Mutant(
        "oversight/blind_tests/sowing.py",
        'Cohort.objects.select_for_update(of=("self",), skip_locked=True)',
        "Cohort.objects",
        _RACES + "test_none_begins_while_it_is_counted_and_then_one_does",
    ),
    Mutant(
        "oversight/blind_tests/cohorts.py",
        " and h.tier = 'hard_approval'\n",
        "\n",
        _SOWING + "test_tests_and_what_no_test_could_have_been_are_not_counted",
    ),
    Mutant(
        "oversight/blind_tests/cohorts.py",
        "order by max(claim.id)\n",
        "order by max(claim.id) desc\n",
        _SOWING + "test_it_comes_in_where_the_last_of_its_reviews_was",
    ),
    Mutant(
        "oversight/blind_tests/cohorts.py",
        " and programme.on\n",
        "\n",
        _SOWING + "test_switched_off_nothing_is_counted_and_nothing_asks",
    ),
    Mutant(
        "oversight/blind_tests/sowing.py",
        "    late = now - sprout.asks_at > LATE\n",
        "    late = False\n",
        _SOWING + "test_after_an_outage_nothing_asks_that_was_to_ask_long_ago",
    ),
    Mutant(
        "oversight/blind_tests/sowing.py",
        "off in _AT_ONCE or off is not None and not held",
        "off in _AT_ONCE",
        _SOWING + "test_where_people_are_behind_only_what_somebody_has_stays",
    ),
    Mutant(
        "oversight/blind_tests/making.py",
        "        blocking=handoff.blocking,",
        "        blocking=True,",
        _SOWING + "test_its_agent_waits_for_it_where_the_sources_did",
    ),
    Mutant(
        "oversight/blind_tests/situations.py",
        "Q(workflow=workflow) | Q(workflow=None)",
        "Q(workflow=workflow)",
        _SITUATIONS + "test_what_stops_everything_stops_it_too_and_a_drill_leaves_nothing_behind",
    ),
    Mutant(
        "oversight/blind_tests/situations.py",
        " or paused.exists()",
        "",
        _SITUATIONS + "test_a_workflow_that_is_paused_gets_none",
    ),
    Mutant(
        "oversight/blind_tests/charts.py",
        "math.ceil(",
        "round(",
        _CHARTS + "test_fewer_misses_than_were_told_are_never_taken_for_usual",
    ),
    Mutant(
        "oversight/counted/tested.py",
        "known[fallen.proven_by].week",
        "known[0].week",
        _TESTED + "test_it_is_said_in_which_week_a_fall_was_proven",
    ),
    Mutant(
        "oversight/counted/weeks.py",
        "coalesce(arrival.queue_id, h.queue_id), h.tier",
        "h.queue_id, h.tier",
        "tests/oversight/test_days.py::test_where_it_came_to_counts_not_where_it_is",
    ),
]


if __name__ == "__main__":
    sys.exit(main(MUTANTS, *sys.argv[1:2]))
