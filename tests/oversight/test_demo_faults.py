"""The faults that ./run brings along fit what the demo's agent asks, and nothing is switched on."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from demo import faults as starters
from demo import plans, stock
from handoffs.models import Workflow
from oversight.blind_tests import faults, library, programmes, proving, realism, written
from oversight.blind_tests.examples import GUISE_FAMILY, GUISE_GIVEN
from oversight.blind_tests.faults import Unusable
from oversight.blind_tests.guises import Guise, disguise
from oversight.blind_tests.material import Material
from oversight.blind_tests.proving import Original
from oversight.blind_tests.written import Written
from oversight.models import LibraryFault
from oversight.statistics import blindness

ALL = list(starters.all_faults())
BY_HAND = list(starters.by_hand())


class _Shop:
    """What a plan looks up, from the demo's first day."""

    def __init__(self) -> None:
        self._rows = {row["id"]: row | {"refunded": 0} for row in stock.orders()}
        self._rows |= {row["id"]: row for row in stock.invoices()}

    def order(self, id: str) -> dict[str, Any]:
        return self._rows[id]

    invoice = order


def _asked(action_type: str) -> list[Material]:
    shop: Any = _Shop()
    found = []
    for ticket in stock.tickets():
        if ticket["kind"] in ("which", "refused", "lawyer"):
            continue
        plan = plans.plan(shop, ticket)
        if plan.action_type == action_type:
            body = {
                "arguments": plan.arguments,
                "brief": plan.brief,
                "input": {"text": ticket["message"], "about": ticket["subject_id"]},
            }
            found.append(Material(action_type=action_type, kind="approval", body=body))
    return found


@pytest.mark.parametrize(("slug", "fault"), ALL, ids=[one.name for _, one in ALL])
def test_it_makes_tests_of_what_the_demos_agent_asks(slug: str, fault: faults.Fault) -> None:
    made, why = 0, []
    asked = _asked(fault.action_type)
    for number, source in enumerate(asked):
        guise = Guise(
            key=b"%d" % number, given_names=GUISE_GIVEN, family_names=GUISE_FAMILY, days=0
        )
        copy = disguise(source, guise)
        assert not realism.unfit_source(copy)
        try:
            one = faults.make(fault, copy)
        except Unusable as error:
            why.append(str(error))
            continue
        assert json.dumps(one.material.body)
        made += 1

    assert made >= len(asked) / 3, why


@pytest.mark.parametrize(
    "name", ["Two digits of the account swapped", "A little more than was invoiced"]
)
def test_nothing_tells_them_once_the_demos_invoices_were_approved(name: str) -> None:
    """An owner who tries them out sees tests come in: their certificate holds."""
    fault = next(fault for _, fault in ALL if fault.name == name)
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    past = [
        Original(id=f"{at}", run=f"{at}", opened=now - timedelta(days=9), material=one, right=True)
        for at, one in enumerate(_asked(fault.action_type))
    ]

    found = proving.prove(fault, past, key=b"key", now=now)

    assert found.certificate.holds
    assert len(found.draws) == len(past) >= blindness.LEAST


@pytest.mark.parametrize(("slug", "test"), BY_HAND, ids=[one.name for _, one in BY_HAND])
def test_one_by_hand_is_of_nothing_that_the_shop_has_and_looks_like_what_it_asks(
    slug: str, test: Written
) -> None:
    assert not written.problems(test)
    real = _asked(test.material.action_type)
    ids = {one["id"] for one in [*stock.orders(), *stock.invoices(), *stock.tickets()]}
    assert not any(id in json.dumps(test.material.body) for id in ids)
    assert {_shape(test.material.body)} <= {_shape(one.body) for one in real}


def _shape(body: Any) -> str:
    """Return all names and labels of it, without what they say."""
    labels = [fact["label"] for fact in body["brief"]["facts"]]
    return json.dumps([sorted(body["arguments"]), sorted(body["brief"]), labels, [*body["input"]]])


@pytest.mark.django_db
def test_they_are_seeded_approved_by_two_and_off(settings: Any, tmp_path: Any) -> None:
    settings.DATA_DIR = tmp_path
    call_command("seed_demo", verbosity=0)
    call_command("seed_demo", verbosity=0)

    for workflow in Workflow.objects.filter(slug__in=starters.FAULTS):
        usable, _ = starters.FAULTS[workflow.slug]
        assert {one.fault for one in library.usable(workflow)} == set(usable)
        found = [one.written for one in library.usable_by_hand(workflow)]
        assert found == [test for slug, test in BY_HAND if slug == workflow.slug]
        assert not programmes.of(workflow).on
    assert LibraryFault.objects.count() == len(ALL) + len(BY_HAND)
    assert LibraryFault.objects.filter(state="draft").count() == 2


@pytest.mark.django_db
def test_what_somebody_retired_stays_retired(settings: Any, tmp_path: Any) -> None:
    settings.DATA_DIR = tmp_path
    call_command("seed_demo", verbosity=0)
    row = LibraryFault.objects.filter(state="approved").first()
    assert row is not None
    author = User.objects.get(email=starters.AUTHOR)
    library.retire(row, "Everybody knows it", by=author, now=timezone.now())

    call_command("seed_demo", verbosity=0)

    row.refresh_from_db()
    assert row.state == "retired"
