"""Stopping and letting go on from a console, when the web is down."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from handoffs.models import AuditEntry, Stop
from tests.factories import Shop

pytestmark = pytest.mark.django_db
WHY = ("--reason", "It refunds twice")


def run(command: str, *given: str) -> str:
    out = StringIO()
    call_command(command, *given, stdout=out)
    return out.getvalue()


@pytest.fixture
def by(mia: User) -> tuple[str, str]:
    return ("--by", mia.email)


@pytest.mark.parametrize("what", ["retail-support", "--everything"])
def test_it_is_stopped_seen_and_let_go(shop: Shop, mia: User, by, what: str):
    assert f"manage.py resume {what}" in run("stop", what, *by, *WHY)

    stop = Stop.objects.get()
    assert (stop.workflow is None) == (what == "--everything")
    assert (stop.stopped_by, stop.stopped_role, stop.drill) == (mia, "manager", False)
    seen = run("stop")
    assert mia.email in seen and "It refunds twice." in seen

    assert "goes on" in run("resume", what, *by, "--reason", "Mended")
    stop.refresh_from_db()
    assert (stop.ended_by, stop.end_reason) == (mia, "Mended")
    assert run("stop") == "Nothing is stopped.\n"
    actions = AuditEntry.objects.filter(subject=stop.id).order_by("id")
    assert list(actions.values_list("action", flat=True)) == [
        "workflow.stopped",
        "workflow.resumed",
    ]


def test_a_drill_ends_by_itself(shop: Shop, by):
    run("stop", "retail-support", *by, *WHY, "--drill", "60")

    assert Stop.objects.get().ends_by_itself_at is not None


def test_a_workflow_goes_on_only_when_everything_does(shop: Shop, by):
    run("stop", "retail-support", *by, *WHY)
    run("stop", "--everything", *by, *WHY)

    assert "everything is stopped as well" in run("resume", "retail-support", *by, *WHY)


REFUSED = {
    "nobody": (("retail-support", *WHY), "--by EMAIL"),
    "a stranger": (("retail-support", *WHY, "--by", "x@example.com"), "--by EMAIL"),
    "who may not": (("retail-support", *WHY, "--by", "ann@example.com"), "Ask a manager"),
    "no reason": (("retail-support", "--by", "mia@example.com"), "reason is missing"),
    "no such workflow": (("refunds", *WHY, "--by", "mia@example.com"), "retail-support"),
}


@pytest.mark.parametrize("given", REFUSED)
def test_it_asks_for_the_same_as_the_button(shop: Shop, ann: User, mia: User, given: str):
    arguments, why = REFUSED[given]

    with pytest.raises(CommandError) as refused:
        run("stop", *arguments)

    assert why in str(refused.value)
    assert not Stop.objects.exists()


def test_so_does_the_way_back(shop: Shop, ann: User, by):
    run("stop", "retail-support", *by, *WHY)

    for given in [("--by", ann.email, *WHY), by]:
        with pytest.raises(CommandError):
            run("resume", "retail-support", *given)
    with pytest.raises(CommandError, match="Name a workflow"):
        run("resume", *by, *WHY)
    with pytest.raises(CommandError, match="not stopped by itself"):
        run("resume", "--everything", *by, *WHY)
    assert Stop.objects.get().ended_at is None
