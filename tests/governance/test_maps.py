import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from governance import maps
from handoffs.actors import SYSTEM, person_actor
from handoffs.errors import NotADraft, NotGapless, NotPublishable
from handoffs.models import AuditEntry, RiskTierMap, Workflow
from tests import factories


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def body(**changes: Any) -> dict[str, Any]:
    return factories.map_body() | changes


def draft(shop: factories.Shop, now: datetime, **changes: Any) -> RiskTierMap:
    return factories.draft_map(shop.workflow, **changes)


def edit(map: RiskTierMap, now: datetime, **changes: Any) -> None:
    maps.edit(map, body=body(**changes), cases=map.cases, edition=map.edition, by=SYSTEM, now=now)


def end(map: RiskTierMap) -> None:
    RiskTierMap.objects.filter(pk=map.pk).update(state="retired", retired_at=timezone.now())


def sentences(refusal: NotGapless | NotPublishable) -> list[str]:
    return [field.message for field in refusal.fields]


def test_publishing_puts_the_draft_in_force_and_ends_its_predecessor_at_that_moment(
    shop: factories.Shop, mia: User, now: datetime
) -> None:
    new = draft(shop, now, default="notify")

    maps.publish(new, by=person_actor(mia.pk, "manager"), published_by=mia, now=now)

    shop.map.refresh_from_db()
    assert maps.standing(shop.map, timezone.now()) == "superseded"
    assert maps.standing(new, timezone.now()) == "in force"
    assert shop.map.superseded_at == new.effective_at
    assert (new.published_by, new.published_at) == (mia, now)
    assert new.digest.startswith("sha-256=")
    entry = AuditEntry.objects.get(action="map.published")
    assert entry.actor == f"user {mia.pk}"


def test_what_is_published_has_its_defaults_spelled_out(
    shop: factories.Shop, now: datetime
) -> None:
    new = draft(shop, now, rules=[])
    maps.publish(new, by=SYSTEM, now=now)

    assert new.body == maps.normalised(new.body)
    assert new.body["floors"]["high"]["irreversible"] == "hard_approval"


def test_a_map_with_problems_is_refused_with_a_sentence_for_each(
    shop: factories.Shop, now: datetime
) -> None:
    low = {
        "id": "trust",
        "tier": "notify",
        "when": {"signal": "action_type", "op": "==", "value": "refund_order"},
        "because": "We trust it",
    }
    unknown = {
        "id": "ghost",
        "tier": "hard_approval",
        "when": {"signal": "action_type", "op": "==", "value": "fly_to_moon"},
        "because": "Never heard of it",
    }
    new = draft(shop, now, rules=[low, unknown])

    with pytest.raises(NotPublishable) as refused:
        maps.publish(new, by=SYSTEM, now=now)

    said = " ".join(sentences(refused.value))
    assert "Rule trust" in said
    assert "fly_to_moon" in said
    new.refresh_from_db()
    assert new.state == "draft"


def large(**changes: Any) -> dict[str, Any]:
    rule: dict[str, Any] = factories.map_body()["rules"][0]
    return rule | {"id": "larger"} | changes


def refused(map: RiskTierMap, now: datetime) -> list[str]:
    with pytest.raises(NotPublishable) as refusal:
        maps.publish(map, by=SYSTEM, now=now)
    return sentences(refusal.value)


def with_cases(map: RiskTierMap, listed: list[dict[str, Any]], now: datetime) -> RiskTierMap:
    maps.edit(map, body=map.body, cases=listed, edition=map.edition, by=SYSTEM, now=now)
    return map


def test_a_rule_that_no_case_shows_is_named(shop: factories.Shop, now: datetime) -> None:
    new = with_cases(draft(shop, now), [], now)

    assert [sentence.split(" fire")[0] for sentence in refused(new, now)] == [
        "No case makes rule large-refund",
        "No case makes rule legal-threat",
    ]


def test_a_rule_that_cases_show_from_one_side_only_is_named(
    shop: factories.Shop, now: datetime
) -> None:
    new = draft(shop, now)
    fires = [case for case in new.cases if "large-refund" in case["rules"]]
    quiet = [case for case in new.cases if "large-refund" not in case["rules"]]

    (said,) = [one for one in refused(with_cases(new, fires, now), now) if "large-refund" in one]
    assert said.startswith("No case shows where rule large-refund stops")
    (said,) = [one for one in refused(with_cases(new, quiet, now), now) if "large-refund" in one]
    assert said.startswith("No case makes rule large-refund fire")


def test_a_failing_case_is_named_with_what_it_expects_and_what_it_gets(
    shop: factories.Shop, now: datetime
) -> None:
    new = draft(shop, now)
    wrong = {
        "name": "small refunds are nobody's business",
        "action_type": "refund_order",
        "signals": {"values": {"amount": 20}},
        "tier": "autonomous",
        "rules": ["large-refund"],
    }

    assert refused(with_cases(new, [*new.cases, wrong], now), now) == [
        "“small refunds are nobody's business” fails: it expects autonomous and gets hard "
        "approval; rule large-refund should fire and does not."
    ]


def test_what_is_no_case_is_refused_with_its_place(shop: factories.Shop, now: datetime) -> None:
    new = draft(shop, now)

    assert "cases.0" in refused(with_cases(new, [{"name": "nothing"}], now), now)[-1]


def test_a_rule_that_can_never_fire_keeps_a_map_from_being_published(
    shop: factories.Shop, now: datetime
) -> None:
    never = {
        "id": "both",
        "tier": "hard_stop",
        "when": {
            "all": [
                {"signal": "confidence", "op": ">", "value": 0.9},
                {"signal": "confidence", "op": "<", "value": 0.1},
            ]
        },
        "because": "It cannot be",
        "if_missing": "does_not_fire",
    }
    new = draft(shop, now, rules=[*factories.map_body()["rules"], never])

    assert [one for one in refused(new, now) if "both" in one and "never fire" in one]


def test_a_shadowed_rule_is_a_warning_and_no_hindrance(shop: factories.Shop, now: datetime) -> None:
    when = {
        "all": [
            {"signal": "action_type", "op": "==", "value": "refund_order"},
            {"signal": "values.amount", "op": ">=", "value": 500},
        ]
    }
    new = draft(shop, now, rules=[*factories.map_body()["rules"], large(when=when)])

    assert [one for one in maps.warnings(new) if "larger" in one]
    maps.publish(new, by=SYSTEM, now=now)


def test_what_is_no_map_is_refused_with_its_place(shop: factories.Shop, now: datetime) -> None:
    new = draft(shop, now, default="sometimes")

    with pytest.raises(NotPublishable) as refused:
        maps.publish(new, by=SYSTEM, now=now)

    assert sentences(refused.value)[0].startswith("default: ")


def test_a_version_is_published_once(shop: factories.Shop, now: datetime) -> None:
    with pytest.raises(NotADraft):
        maps.publish(shop.map, by=SYSTEM, now=now)
    with pytest.raises(NotADraft):
        edit(shop.map, now, default="notify")

    shop.map.refresh_from_db()
    assert shop.map.state == "published"


def test_a_map_that_reaches_further_than_the_matrix_is_refused_when_launched(
    shop: factories.Shop, now: datetime
) -> None:
    shop.row.tier = "hard_approval"
    shop.row.save()
    stop = {
        "id": "stop",
        "tier": "hard_stop",
        "when": {"signal": "flags", "op": "contains_any", "value": ["fraud"]},
        "because": "It looks like fraud",
    }
    new = draft(shop, now, rules=[stop])

    with pytest.raises(NotGapless) as refused:
        maps.publish(new, by=SYSTEM, now=now)

    assert any("hard stop" in sentence for sentence in sentences(refused.value))
    shop.map.refresh_from_db()
    assert shop.map.state == "published"


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(body={"default": "notify"}),
        lambda m: m.update(version=9),
        lambda m: m.update(state="draft"),
        lambda m: m.update(digest="x"),
        lambda m: m.update(published_at=timezone.now()),
        lambda m: m.delete(),
    ],
)
@pytest.mark.parametrize("state", ["published", "retired"])
def test_what_was_published_cannot_change_also_past_the_operations(
    shop: factories.Shop, state: str, change: Callable[[Any], object]
) -> None:
    if state == "retired":
        end(shop.map)

    with pytest.raises(IntegrityError, match="was published and stays"), transaction.atomic():
        change(RiskTierMap.objects.filter(pk=shop.map.pk))


def test_a_retired_map_does_not_come_back(shop: factories.Shop) -> None:
    end(shop.map)
    chosen = RiskTierMap.objects.filter(pk=shop.map.pk)

    with pytest.raises(IntegrityError), transaction.atomic():
        chosen.update(state="published", retired_at=None)


def test_a_draft_may_change_and_go(shop: factories.Shop, now: datetime) -> None:
    new = draft(shop, now)

    edit(new, now, default="notify")
    new.refresh_from_db()
    assert new.body["default"] == "notify"
    new.delete()


def test_two_published_at_once_leave_one_in_force(
    committed_db: object, shop: factories.Shop, now: datetime
) -> None:
    drafts = [draft(shop, now), draft(shop, now, default="notify")]
    refusals: list[Exception] = []

    def publish(map: RiskTierMap) -> None:
        try:
            maps.publish(map, by=SYSTEM, now=now)
        except Exception as error:
            refusals.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish, args=[map]) for map in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not refusals
    standing = sorted(maps.standing(map, timezone.now()) for map in RiskTierMap.objects.all())
    assert standing == ["in force", "superseded", "superseded"]


def unlaunch(shop: factories.Shop) -> Workflow:
    Workflow.objects.filter(pk=shop.workflow.pk).update(launched_at=None)
    shop.workflow.refresh_from_db()
    return shop.workflow


def test_a_workflow_without_gaps_is_launched_once(shop: factories.Shop, now: datetime) -> None:
    workflow = unlaunch(shop)

    maps.launch(workflow, by=SYSTEM, now=now)
    maps.launch(workflow, by=SYSTEM, now=timezone.now())

    assert workflow.launched_at == now
    assert AuditEntry.objects.filter(action="workflow.launched").count() == 1


def test_a_launch_is_refused_with_each_gap_as_a_sentence(
    shop: factories.Shop, now: datetime
) -> None:
    workflow = unlaunch(shop)
    shop.row.delete()

    with pytest.raises(NotGapless) as refused:
        maps.launch(workflow, by=SYSTEM, now=now)

    said = sentences(refused.value)
    assert len(said) == len(set(said)) >= 2
    assert all("Nobody has authority over" in sentence for sentence in said)
    assert any("refund_order" in sentence for sentence in said)
    assert workflow.launched_at is None


def test_a_workflow_without_a_published_map_is_not_launched(
    shop: factories.Shop, now: datetime
) -> None:
    workflow = unlaunch(shop)
    end(shop.map)

    with pytest.raises(NotGapless) as refused:
        maps.launch(workflow, by=SYSTEM, now=now)

    assert "no published map" in sentences(refused.value)[0]


def test_a_workflow_without_action_types_is_not_launched(
    shop: factories.Shop, now: datetime
) -> None:
    workflow = unlaunch(shop)
    workflow.action_types.all().delete()

    with pytest.raises(NotGapless) as refused:
        maps.launch(workflow, by=SYSTEM, now=now)

    assert "no action types" in sentences(refused.value)[0]


def test_a_row_whose_ladder_ends_in_nothing_is_not_launched(
    shop: factories.Shop, now: datetime
) -> None:
    workflow = unlaunch(shop)
    shop.row.fallback = ""
    shop.row.save()

    with pytest.raises(NotGapless, match=r"gaps") as refused:
        maps.launch(workflow, by=SYSTEM, now=now)

    assert "ends in nothing" in sentences(refused.value)[0]


def test_nothing_is_launched_or_published_into_an_empty_room(
    shop: factories.Shop, now: datetime
) -> None:
    User.objects.filter(groups=shop.leads).delete()
    new = factories.draft_map(shop.workflow)

    with pytest.raises(NotGapless) as refused:
        maps.publish(new, by=SYSTEM, now=now)
    with pytest.raises(NotGapless):
        maps.launch(unlaunch(shop), by=SYSTEM, now=now)

    assert "Nobody holds the role refund approvers leads" in "".join(sentences(refused.value))
