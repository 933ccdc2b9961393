"""Versions follow each other in time: now, at a scheduled moment, and back when one is retired."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from governance import maps
from governance.errors import InThePast, MapInForce
from handoffs import compiled, queries
from handoffs.actors import SYSTEM
from handoffs.errors import NotADraft, NotGapless
from handoffs.models import AuditEntry, MatrixRow, RiskTierMap, Workflow
from tests import factories

HOUR = timedelta(hours=1)


@pytest.fixture
def now(db: None) -> datetime:
    return timezone.now()


def publish(shop: factories.Shop, at: datetime | None = None, **changes: Any) -> RiskTierMap:
    made = factories.draft_map(shop.workflow, **changes)
    maps.publish(made, by=SYSTEM, now=timezone.now(), effective_at=at)
    return made


def spans() -> list[tuple[int, datetime | None, datetime | None]]:
    return list(
        RiskTierMap.objects.order_by("version").values_list(
            "version", "effective_at", "superseded_at"
        )
    )


def ruling(shop: factories.Shop, at: datetime) -> int:
    """Return the version that intake would use at `at`."""
    shop.workflow.refresh_from_db()
    risk_map = compiled.get(shop.workflow.pk, shop.workflow.revision, at).map
    assert risk_map is not None
    return risk_map.version


def test_a_scheduled_version_rules_from_its_moment_on(shop: factories.Shop, now: datetime) -> None:
    new = publish(shop, now + HOUR)

    assert new.effective_at == now + HOUR
    assert maps.standing(new, now) == "scheduled"
    assert maps.standing(new, now + HOUR) == "in force"
    assert queries.next_map(shop.workflow) == new
    before, after = now + HOUR - timedelta(microseconds=1), now + HOUR
    assert [ruling(shop, at) for at in (before, after, before, after)] == [1, 2, 1, 2]


def test_a_version_between_ends_where_the_scheduled_one_begins(
    shop: factories.Shop, now: datetime
) -> None:
    later = publish(shop, now + 2 * HOUR)
    between = publish(shop, now + HOUR)

    shop.map.refresh_from_db()
    assert shop.map.superseded_at == between.effective_at
    assert between.superseded_at == later.effective_at
    assert later.superseded_at is None


def test_a_version_for_the_very_moment_of_another_takes_its_place(
    shop: factories.Shop, now: datetime
) -> None:
    replaced = publish(shop, now + HOUR)
    new = publish(shop, now + HOUR)

    replaced.refresh_from_db()
    assert maps.standing(replaced, now) == "superseded"
    assert queries.next_map(shop.workflow) == new
    assert ruling(shop, now + HOUR) == 3


def test_nothing_is_in_force_since_before_it_was_published(
    shop: factories.Shop, now: datetime
) -> None:
    with pytest.raises(InThePast):
        publish(shop, now - timedelta(minutes=2))

    new = publish(shop, now - timedelta(seconds=30))
    assert new.effective_at is not None
    assert new.effective_at >= now


def test_the_database_lets_nothing_begin_in_the_past(shop: factories.Shop, now: datetime) -> None:
    made = factories.draft_map(shop.workflow)

    with pytest.raises(IntegrityError, match="before it was published"), transaction.atomic():
        RiskTierMap.objects.filter(pk=made.pk).update(
            state="published", published_at=now, effective_at=now - HOUR
        )


def test_the_database_lets_no_two_versions_rule_at_once(
    shop: factories.Shop, now: datetime
) -> None:
    made = factories.draft_map(shop.workflow)

    with pytest.raises(IntegrityError, match="map_one_in_force_at_a_time"), transaction.atomic():
        RiskTierMap.objects.filter(pk=made.pk).update(
            state="published", published_at=now, effective_at=now + HOUR
        )


@pytest.mark.parametrize(
    "change",
    [
        {"cases": [{"name": "other"}]},
        {"effective_at": timezone.now() + 9 * HOUR},
        {"signed": [{"seat": "product"}]},
        {"edition": 7},
        {"superseded_at": timezone.now() - 9 * HOUR},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_was_published_stays(shop: factories.Shop, change: dict[str, Any]) -> None:
    RiskTierMap.objects.filter(pk=shop.map.pk).update(review_on="2027-01-01")

    with pytest.raises(IntegrityError), transaction.atomic():
        RiskTierMap.objects.filter(pk=shop.map.pk).update(**change)


def test_when_a_version_ended_is_history(committed_db: object, shop: factories.Shop) -> None:
    publish(shop)

    with pytest.raises(IntegrityError, match="is history"):
        RiskTierMap.objects.filter(pk=shop.map.pk).update(superseded_at=timezone.now() + HOUR)


def test_a_retired_schedule_lets_the_version_before_it_go_on(
    shop: factories.Shop, now: datetime
) -> None:
    first, second = publish(shop, now + HOUR), publish(shop, now + 2 * HOUR)

    maps.retire(first, by=SYSTEM, now=now, why="  Too early. ")

    shop.map.refresh_from_db()
    assert maps.standing(first, now) == "retired"
    assert shop.map.superseded_at == second.effective_at
    maps.retire(second, by=SYSTEM, now=now, why="Not at all")
    shop.map.refresh_from_db()
    assert shop.map.superseded_at is None
    assert ruling(shop, now + 3 * HOUR) == 1
    entry = AuditEntry.objects.filter(action="map.retired").order_by("id")[0]
    assert b"Too early." in bytes(entry.body)


def test_what_launched_work_stands_on_is_not_retired(shop: factories.Shop, now: datetime) -> None:
    publish(shop, now + HOUR)

    with pytest.raises(MapInForce):
        maps.retire(shop.map, by=SYSTEM, now=now, why="Wrong")

    Workflow.objects.update(launched_at=None)
    shop.map.workflow.refresh_from_db()
    maps.retire(shop.map, by=SYSTEM, now=now, why="Wrong")
    assert maps.standing(shop.map, now) == "retired"


def test_a_superseded_version_and_a_draft_are_retired_once(
    shop: factories.Shop, now: datetime
) -> None:
    new = publish(shop)
    shop.map.refresh_from_db()
    for map in (shop.map, factories.draft_map(shop.workflow)):
        maps.retire(map, by=SYSTEM, now=now, why="Of no use")
        with pytest.raises(NotADraft):
            maps.retire(map, by=SYSTEM, now=now, why="Again")

    assert queries.published_map(shop.workflow) == new


def test_a_map_that_says_the_same_is_compiled_once_for_all_workflows(
    shop: factories.Shop, now: datetime
) -> None:
    other = factories.launch_shop(slug="other-shop", team=factories.make_team("others"))
    publish(shop, default="notify")
    publish(other, default="notify")

    assert compiled.get(shop.workflow.pk).map is compiled.get(other.workflow.pk).map


def test_a_draft_makes_nobody_compile_anew(shop: factories.Shop, now: datetime) -> None:
    kept = compiled.get(shop.workflow.pk)

    made = factories.draft_map(shop.workflow)
    maps.edit(made, body=made.body, cases=[], edition=1, by=SYSTEM, now=now)

    assert compiled.get(shop.workflow.pk) is kept


def test_what_changes_while_it_is_read_is_read_again(
    shop: factories.Shop, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the map and the rows a whole import may have gone by."""
    read, seen = compiled._read, []

    def slow(workflow_id: int, at: datetime) -> compiled.CompiledWorkflow:
        found = read(workflow_id, at)
        seen.append(found.revision)
        if len(seen) == 1:
            with connection.cursor() as cursor:
                cursor.execute(
                    "update handoffs_workflow set name = name where id = %s", [workflow_id]
                )
        return found

    monkeypatch.setattr(compiled, "_read", slow)
    Workflow.objects.filter(pk=shop.workflow.pk).update(name="Shop")

    found = compiled.get(shop.workflow.pk)

    shop.workflow.refresh_from_db()
    assert len(seen) == 2
    assert found.revision == shop.workflow.revision


STOP = {
    "id": "stop",
    "tier": "hard_stop",
    "when": {"signal": "flags", "op": "contains_any", "value": ["fraud"]},
    "because": "It looks like fraud",
}


def test_a_scheduled_map_needs_the_matrix_of_its_own_time(
    shop: factories.Shop, now: datetime
) -> None:
    MatrixRow.objects.filter(pk=shop.row.pk).update(kind="approval")

    with pytest.raises(NotGapless) as refused:
        publish(shop, now + HOUR, rules=[STOP])
    assert any("hard stop" in field.message for field in refused.value.fields)

    factories.MatrixRowFactory(
        workflow=shop.workflow,
        kind="takeover",
        role=shop.leads,
        queue=shop.leads_queue,
        fallback="fail",
        effective_from=now + HOUR,
    )
    publish(shop, now + HOUR, rules=[STOP])


def test_a_row_may_end_once_no_map_needs_it(shop: factories.Shop, now: datetime) -> None:
    free = {"low": {"irreversible": "autonomous"}}
    free["high"] = {"reversible": "autonomous", "irreversible": "autonomous"}
    row = MatrixRow.objects.filter(pk=shop.row.pk)
    publish(shop, now + HOUR, rules=[], floors=free)

    row.update(effective_until=now + 2 * HOUR)
    assert maps.standing_gaps(shop.workflow) == []

    row.update(effective_until=now + HOUR / 2)
    assert maps.standing_gaps(shop.workflow)
