"""The tables that everything else obeys, and their three images: database, diagram, log."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from handoffs.management.commands import states_diagram
from handoffs.states import (
    ACCEPTS_PROPOSALS,
    FINAL_RUN_STATES,
    HANDOFF_TRANSITIONS,
    OPEN_HANDOFF_STATES,
    RUN_TRANSITIONS,
    HandoffState,
    RunState,
)

TABLES = {"run": (RunState, RUN_TRANSITIONS), "handoff": (HandoffState, HANDOFF_TRANSITIONS)}


@pytest.mark.parametrize("entity", TABLES)
def test_the_database_knows_exactly_the_pairs_of_the_table(db: None, entity: str) -> None:
    states, table = TABLES[entity]
    names = ["", *(state.value for state in states)]
    with connection.cursor() as cursor:
        cursor.execute(
            "select f, t from unnest(%s::text[]) f, unnest(%s::text[]) t "
            "where overread_legal_move(%s, f, t)",
            [names, names, entity],
        )
        in_database = set(cursor.fetchall())

    in_python = {
        (source.value if source else "", target.value)
        for source, targets in table.items()
        for target in targets
    }
    assert in_database == in_python


def test_the_database_knows_no_pair_of_anything_else(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select prosrc from pg_proc where proname = 'overread_legal_move'")
        source = cursor.fetchone()[0]

    pairs = sum(len(targets) for _, table in TABLES.values() for targets in table.values())
    assert source.count("('run', ") + source.count("('handoff', ") == pairs
    assert source.count("('") == pairs


@pytest.mark.parametrize("entity", TABLES)
def test_every_state_has_its_line_and_can_be_reached(entity: str) -> None:
    states, table = TABLES[entity]

    assert set(table) == {None, *states}
    reached = set().union(*table.values())
    assert reached == set(states)


def test_the_sets_of_states_agree_with_the_table() -> None:
    assert {s for s in RunState if not RUN_TRANSITIONS[s]} == FINAL_RUN_STATES
    assert not FINAL_RUN_STATES & ACCEPTS_PROPOSALS
    assert {
        s for s in HandoffState if HandoffState.ANSWERED in HANDOFF_TRANSITIONS[s]
    } == OPEN_HANDOFF_STATES


def test_every_live_run_can_be_stopped() -> None:
    for state in set(RunState) - FINAL_RUN_STATES:
        assert RunState.FAILED in RUN_TRANSITIONS[state], state


def test_the_diagram_in_the_documentation_is_the_table() -> None:
    kept = (Path(settings.BASE_DIR) / "docs" / "states.md").read_text()

    assert kept == states_diagram.render(), "Write it anew: manage.py states_diagram"


@pytest.mark.parametrize("entity", TABLES)
def test_the_diagram_has_an_arrow_for_each_pair(entity: str) -> None:
    text = states_diagram.render()

    for source, targets in TABLES[entity][1].items():
        for target in targets:
            assert f"    {source or '[*]'} --> {target}\n" in text
