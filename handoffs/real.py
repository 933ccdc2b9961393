"""What is counted: what clients asked. Runs of the house are blind tests, and no figure has them.

Asked by whatever counts, exports, learns or draws; lists of what waits do not ask, or a test that
is missing there would tell. Written for SQL and for querysets, so that both say the same.
"""

from django.db.models import Q


def of(run: str) -> Q:
    """Say it for a queryset from which this path leads to the run."""
    return Q(**{f"{run}__client__stands_for__isnull": True})


def run(run: str = "run") -> str:
    """Say in SQL that a row of runs, by this name, is of a client's."""
    return (
        f"not exists (select from accounts_client house "
        f"where house.id = {run}.client_id and house.stands_for_id is not null)"
    )


def run_of(row: str) -> str:
    """Say it of a row, by this name, that has a run_id."""
    return (
        "not exists (select from handoffs_run planted join accounts_client house "
        "on house.id = planted.client_id and house.stands_for_id is not null "
        f"where planted.id = {row}.run_id)"
    )
