"""Take each defence of blind tests away, one at a time, and see that a test of it fails.

Run by hand, `python -m tests.contracts.blind_mutants [word]`: it changes files and puts them back.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutant:
    """In this file, `new` instead of `old`; and the test that has to fail then."""

    path: str
    old: str
    new: str
    test: str


_SPARED = "reviews/migrations/0051_spare_while_taking.py"
_PLANTS = "tests/reviews/test_plants.py::"
_EXITS = "tests/reviews/test_exits.py::"
_LEFT = "tests/oversight/test_left_out.py::"
_PAIRS = "tests/reviews/test_pairs.py::"
_ACTS = "tests/reviews/test_planted_acts.py::"
_MEETING = "tests/reviews/test_meeting.py::"
_TAKING = "tests/reviews/test_planted_taking.py::"
_TELLS = "tests/reviews/test_tells.py::"
_TRACES = "tests/reviews/test_traces.py::"
_DUMP = "tests/oversight/test_dump.py::"
_IDENTIFY = "tests/oversight/test_identify.py::"
_POOLING = "tests/oversight/test_pooling.py::"
_POOLED = "tests/oversight/test_pooled_releases.py::"
MUTANTS = [
    Mutant(
        "reviews/plants.py",
        "where claim.handoff_id = plant.handoff_id and claim.opened_at is null",
        "where claim.handoff_id = plant.handoff_id",
        _ACTS + "test_given_back_it_waits_for_the_next_as_anything_else",
    ),
    Mutant(
        "reviews/plants.py",
        "if noted is None or noted < claim.number - 1:",
        "if True:",
        _ACTS + "test_given_back_it_counts_against_their_limit_once",
    ),
    Mutant(
        _SPARED,
        "and h.id <> all(spares.has_read)\n",
        "\n",
        _TAKING + "test_who_let_it_go_may_have_it_again_as_anything_else",
    ),
    Mutant(
        _SPARED,
        "select spared.ids || given_back_lately.ids as ids",
        "select given_back_lately.ids as ids",
        _TAKING + "test_to_be_given_the_next_one_instead_asks_the_database_the_same",
    ),
    Mutant(
        _SPARED,
        " or p_user = any(plant.known_to)",
        "",
        _MEETING + "test_whoever_would_know_it_does_not_meet_it",
    ),
    Mutant(
        _SPARED,
        "u.roles && p_knowing::varchar[] or ",
        "",
        _MEETING + "test_whoever_would_know_it_does_not_meet_it",
    ),
    Mutant(
        _SPARED,
        "lately.reviewed < p_between or ",
        "",
        _MEETING + "test_it_comes_to_whom_the_rule_lets_it_and_to_nobody_else",
    ),
    Mutant(
        _SPARED,
        "met.times >= p_a_day",
        "met.times > p_a_day",
        _MEETING + "test_it_comes_to_whom_the_rule_lets_it_and_to_nobody_else",
    ),
    Mutant(
        _SPARED,
        "or array_remove(spares.holds, h.id) <> '{{}}'",
        "",
        _MEETING + "test_it_comes_to_whom_the_rule_lets_it_and_to_nobody_else",
    ),
    Mutant(
        _SPARED,
        " and h.role_id = any(teams.ids)\n",
        "\n",
        _TAKING + "test_whoever_could_not_take_it_anyway_passes_none_over",
    ),
    Mutant(
        _SPARED,
        "where spared.ids <> '{}'",
        "where false",
        _TAKING + "test_nothing_says_whom_it_did_not_come_to",
    ),
    Mutant(
        "reviews/plants.py",
        "            < (taken.urgent_since is null, taken.deadline_at, taken.id)",
        "            <> (taken.urgent_since is null, taken.deadline_at, taken.id)",
        _TAKING + "test_one_that_is_due_later_than_what_they_took_stays",
    ),
    Mutant(
        "reviews/plants.py",
        "where claim.handoff_id = h.id and claim.ended_at is null\n",
        "where claim.handoff_id = h.id and false\n",
        _TAKING + "test_passed_over_it_stays_with_whoever_took_it_meanwhile",
    ),
    Mutant(
        "reviews/claims.py",
        "if (look.seen or look.spared) and look.full:",
        "if look.seen and look.full:",
        _TAKING + "test_with_full_hands_they_are_told_so_as_ever",
    ),
    Mutant(
        "reviews/migrations/0045_plants_reach_no_agent.py",
        "create trigger plant_has_no_answer before insert or update of handoff_id",
        "create trigger plant_has_no_answer before update of handoff_id",
        _PLANTS + "test_no_answer_is_ever_stored",
    ),
    Mutant(
        "reviews/migrations/0045_plants_reach_no_agent.py",
        "create trigger plant_has_no_held_answer before insert or update of handoff_id",
        "create trigger plant_has_no_held_answer before update of handoff_id",
        _PLANTS + "test_no_answer_is_held_for_later",
    ),
    Mutant(
        "reviews/migrations/0045_plants_reach_no_agent.py",
        "create trigger plant_has_no_resumption before insert or update of run_id",
        "create trigger plant_has_no_resumption before update of run_id",
        _PLANTS + "test_it_has_no_turn_to_go_on",
    ),
    Mutant(
        "reviews/migrations/0045_plants_reach_no_agent.py",
        "create trigger plant_is_told_nowhere before insert or update of payload, endpoint_id",
        "create trigger plant_is_told_nowhere before update of payload, endpoint_id",
        _PLANTS + "test_nothing_is_told_of_it_even_at_a_real_clients_endpoint",
    ),
    Mutant(
        "reviews/migrations/0045_plants_reach_no_agent.py",
        "create trigger house_has_no_key before insert or update of client_id",
        "create trigger house_has_no_key before update of client_id",
        _PLANTS + "test_the_house_gets_no_key_and_no_endpoint",
    ),
    Mutant(
        "handoffs/api/access.py",
        "filter(id=_known(id), client=request.auth.client)",
        "filter(id=_known(id))",
        _EXITS + "test_no_operation_of_the_api_finds_it",
    ),
    Mutant(
        "reviews/decisions.py",
        "        if fenced.planted:\n            answers.check_possible",
        "        if False:\n            answers.check_possible",
        _EXITS + "test_no_verb_lets_it_out",
    ),
    Mutant(
        "oversight/queues/arrivals.py",
        '{real.run_of("h")}',
        "true",
        _LEFT + "test_a_test_is_not_counted_and_a_real_one_is",
    ),
    Mutant(
        "reviews/measures.py",
        '{real.run_of("h")}',
        "true",
        _LEFT + "test_a_test_is_not_counted_and_a_real_one_is",
    ),
    Mutant(
        "reviews/rates.py",
        '{real.run_of("h")}',
        "true",
        _LEFT + "test_a_test_is_not_counted_and_a_real_one_is",
    ),
    Mutant(
        "governance/dry_runs.py",
        '        real.of("run"),\n',
        "",
        _LEFT + "test_a_test_is_not_counted_and_a_real_one_is",
    ),
    Mutant(
        "oversight/queues/figures.py",
        "{real.run()}",
        "true",
        _LEFT + "test_what_needs_a_person_is_a_share_of_what_clients_proposed",
    ),
    Mutant(
        "handoffs/detection.py",
        "{real.run()}",
        "true",
        _LEFT + "test_the_detector_learns_nothing_of_one",
    ),
    Mutant(
        "handoffs/audits.py",
        "{real.run()}",
        "true",
        _LEFT + "test_none_is_drawn_for_an_audit",
    ),
    Mutant(
        "governance/sampling.py",
        "{real.run()}",
        "true",
        _LEFT + "test_none_is_drawn_for_an_audit",
    ),
    Mutant(
        "reviews/expectations.py",
        '{real.run_of("h")}',
        "true",
        _LEFT + "test_what_was_told_of_one_is_no_promise",
    ),
    Mutant(
        "handoffs/stop_figures.py",
        "{real.run()}",
        "true",
        _LEFT + "test_a_stop_let_nothing_through_that_is_one",
    ),
    Mutant(
        "reviews/feedback.py",
        'real.of("handoff__run"), ',
        "",
        _LEFT + "test_a_summary_mended_in_one_is_no_example",
    ),
    Mutant(
        "oversight/counted/days.py",
        'Handoff.objects.filter(real.of("run"))',
        "Handoff.objects.filter()",
        _LEFT + "test_figures_do_not_begin_with_one",
    ),
    Mutant(
        "handoffs/house.py",
        'return actors.client_actor(house.name, prefix or "")',
        'return actors.client_actor("house", prefix or "")',
        _PAIRS + "test_no_byte_tells_while_it_waits",
    ),
    Mutant(
        "handoffs/house.py",
        "workflows__overlap=[workflow.slug, EVERY_WORKFLOW],",
        "",
        _PAIRS + "test_a_key_that_does_not_reach_its_workflow_did_not_ask",
    ),
    Mutant(
        "handoffs/admin/records.py",
        "run.client.stands_for_id or run.client_id",
        "run.client_id",
        _PAIRS + "test_no_byte_of_its_records_tells",
    ),
    Mutant(
        "handoffs/admin/records.py",
        'for key in ("name", "locale") if',
        'for key in ("name", "locale", "email") if',
        _PAIRS + "test_no_byte_tells_an_auditor",
    ),
    Mutant(
        "accounts/admin.py",
        "filter(stands_for=None)",
        "all()",
        _PAIRS + "test_the_house_is_not_among_the_clients",
    ),
    Mutant(
        "accounts/clients.py",
        "Client.objects.filter(stands_for=client.pk).update(name=name)",
        "pass",
        _PAIRS + "test_a_new_name_of_its_client_is_its_own_too",
    ),
    Mutant(
        "reviews/permissions.py",
        "if can & {Can.EDIT_WORKFLOW, Can.READ_AUDIT}",
        "if not can",
        _TELLS + "test_whoever_reads_figures_or_records_meets_none",
    ),
    Mutant(
        "reviews/search.py",
        "plant.handoff_id = h.id and plant.ended",
        "false",
        _TELLS + "test_one_that_ended_is_found_by_nobody",
    ),
    Mutant(
        "reviews/claims.py",
        "if Handoff.objects.filter(id=handoff_id, state=HandoffState.WITHDRAWN.value).exists():",
        "if plants.Plant.objects.filter(handoff=handoff_id).exists():",
        _TELLS + "test_no_latecomer_learns_of_which_it_was",
    ),
    Mutant(
        "reviews/plants.py",
        "    for model in _LEFT:\n",
        "    for model in (*_LEFT, Handoff.links.rel.related_model):\n",
        _TELLS + "test_another_approvers_link_ends_as_of_any_that_was_taken_back",
    ),
    Mutant(
        "reviews/plants.py",
        "    _count(plant, person=by.pk, caught=was_caught)\n",
        "    if was_caught:\n        _count(plant, person=by.pk, caught=was_caught)\n",
        _TRACES + "test_a_catch_and_a_miss_leave_the_same",
    ),
    Mutant(
        "reviews/views/refusals.py",
        "    response.content = content.ljust(-(-len(content) // _BLOCK) * _BLOCK)",
        "    response.content = content",
        _TRACES + "test_a_catch_and_a_miss_leave_the_same",
    ),
    Mutant(
        "reviews/views/refusals.py",
        "secrets.token_hex(secrets.randbelow(_NOISE)).encode()",
        'b""',
        _TRACES + "test_what_is_sent_is_of_one_size_but_for_what_cannot_be_packed",
    ),
    Mutant(
        "reviews/plants.py",
        "_LEFT = (SummaryEdit, Comment, Draft, EvidenceOpened, Judgement)",
        "_LEFT = (SummaryEdit, Comment, EvidenceOpened, Judgement)",
        _TRACES + "test_nothing_that_was_typed_is_left_anywhere",
    ),
    Mutant(
        "reviews/plants.py",
        "    _note_met(by, claim, day=day)\n",
        "    _note_met(by, claim, day=day)\n"
        "    was_caught and [_note_met(by, claim, day=day) for _ in '12']\n",
        _TRACES + "test_a_catch_and_a_miss_leave_the_same",
    ),
    Mutant(
        "reviews/migrations/0044_plants.py",
        '("last_claim", models.PositiveIntegerField()),',
        '("last_claim", models.PositiveIntegerField()), ("late", models.DateField(null=True)),',
        _DUMP + "test_what_knows_of_tests_holds_that_and_no_more",
    ),
    Mutant(
        "oversight/blind_tests/telling.py",
        "lots.held_back if is_one_way(lot, people=people) else _as_it_is",
        "_as_it_is",
        _IDENTIFY
        + "test_the_first_miss_after_weeks_without_one_is_not_of_whoever_was_tested_since",
    ),
    Mutant(
        "oversight/blind_tests/telling.py",
        "tuple(name in cell for cell in cut)",
        "tuple(name in cell for cell in cut[-1:])",
        _IDENTIFY + "test_where_two_told_cells_meet_there_are_many_too",
    ),
    Mutant(
        "oversight/blind_tests/telling.py",
        "        cut = [frozenset(parts)]\n",
        "        cut = [one for one in cut if not _one_way(parts, one)]\n",
        _IDENTIFY + "test_what_is_missing_of_what_is_told_tells_nothing",
    ),
    Mutant(
        "oversight/statistics/cells.py",
        " and max(found.values()) <= SHARE * tests",
        "",
        _IDENTIFY + "test_no_miss_is_anybodys_more_often_than_the_rule_lets",
    ),
    Mutant(
        "reviews/sealed.py",
        "lots.named(_unsealed(row), salt=names())",
        "_unsealed(row)",
        _POOLED + "test_three_teams_of_four_are_told_of_their_workflow_and_begin_anew",
    ),
    Mutant(
        "oversight/blind_tests/releases.py",
        "if lot.salt == sealed.names():",
        "if lots.named(lot, salt=sealed.names()):",
        _POOLED + "test_who_was_named_by_another_secret_is_not_put_beside_who_was_not",
    ),
    Mutant(
        "oversight/blind_tests/releases.py",
        "Chart.objects.exclude(pooled=monday).select",
        "Chart.objects.select",
        _POOLED + "test_it_is_tried_once_a_week_whatever_comes_meanwhile",
    ),
    Mutant(
        "oversight/blind_tests/pooling.py",
        "people=cells.PEOPLE_ACROSS_TEAMS",
        "people=cells.PEOPLE",
        _POOLING + "test_together_is_of_ten_and_never_all_one_way",
    ),
    Mutant(
        "oversight/blind_tests/pooling.py",
        "if one.cohort not in found.lots)",
        ")",
        _POOLING + "test_each_test_is_told_once_and_added_up_rightly",
    ),
    Mutant(
        "reviews/lots.py",
        "        people.update(count.people)",
        "        people.update({f'{name}{caught}': n for name, n in count.people.items()})",
        _POOLING + "test_whoever_is_in_two_teams_is_one",
    ),
    Mutant(
        "oversight/blind_tests/telling.py",
        "    if len(lot.people) < cells.PEOPLE:",
        "    if False:",
        _POOLING + "test_what_the_chart_was_not_looked_at_for_stays_only_where_five_are",
    ),
]


def survives(mutant: Mutant) -> bool:
    """Tell whether the test passes with the defence gone."""
    path = ROOT / mutant.path
    text = path.read_text()
    path.write_text(text.replace(mutant.old, mutant.new))
    argv = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.test]
    try:
        return subprocess.run(argv, cwd=ROOT, capture_output=True, check=False).returncode != 1
    finally:
        path.write_text(text)


def main(mutants: list[Mutant], word: str = "") -> int:
    left = 0
    for mutant in mutants:
        if word in f"{mutant.path} {mutant.test}":
            lives = survives(mutant)
            left += lives
            print("SURVIVES" if lives else "dies", mutant.path, mutant.test, flush=True)
    return left


if __name__ == "__main__":
    sys.exit(main(MUTANTS, *sys.argv[1:2]))
