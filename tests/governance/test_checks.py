from datetime import timedelta

import pytest
from django.conf import settings
from django.core.checks import CheckMessage
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from governance import checks
from handoffs.models import RiskTierMap, Workflow
from tests import factories


def found(**options: object) -> dict[str, list[str]]:
    messages: list[CheckMessage] = checks.governance(databases=["default"], **options)
    ids = sorted({message.id or "" for message in messages})
    return {id: [message.msg for message in messages if message.id == id] for id in ids}


@pytest.fixture
def kept(shop: factories.Shop, ann: User, mia: User) -> factories.Shop:
    """A launched workflow with owner, review date and somebody in every team."""
    User.objects.filter(name="Stand-in").delete()
    lead = factories.UserFactory(roles=["reviewer"], groups=[shop.leads])
    assert lead.is_active
    Workflow.objects.filter(pk=shop.workflow.pk).update(
        owner=mia, review_on=timezone.now().date() + timedelta(days=90)
    )
    return shop


def test_nothing_is_said_where_nothing_is_wrong(kept: factories.Shop) -> None:
    assert found() == {}


def test_a_gap_in_a_launched_workflow_is_an_error(kept: factories.Shop) -> None:
    kept.row.delete()

    errors = found()["overread.E001"]

    assert any("retail-support: Nobody has authority over refund_order" in one for one in errors)


def test_a_gap_in_a_workflow_that_is_not_launched_is_none_yet(kept: factories.Shop) -> None:
    Workflow.objects.update(launched_at=None)
    kept.row.delete()

    assert found() == {}


def test_a_launched_workflow_without_a_map_is_an_error(kept: factories.Shop) -> None:
    RiskTierMap.objects.update(state="retired", retired_at=timezone.now())

    assert "no published map" in found()["overread.E001"][0]


def test_a_workflow_nobody_owns_and_nobody_reviews_is_a_warning(shop: factories.Shop) -> None:
    said = found()

    assert said["overread.W002"] == ["retail-support is launched and nobody owns it."]
    assert said["overread.W003"] == ["retail-support has no review date."]


def test_an_overdue_review_is_a_warning(kept: factories.Shop) -> None:
    Workflow.objects.update(review_on=timezone.now().date() - timedelta(days=1))

    assert found() == {"overread.W003": ["retail-support is overdue for review."]}


@pytest.mark.parametrize(
    "change", ["leaves the team", "is deactivated", "no longer decides", "loses the queue"]
)
def test_a_team_in_which_nobody_can_take_it_is_a_warning(
    kept: factories.Shop, ann: User, change: str
) -> None:
    match change:
        case "leaves the team":
            ann.groups.clear()
        case "is deactivated":
            User.objects.filter(pk=ann.pk).update(is_active=False)
        case "no longer decides":
            User.objects.filter(pk=ann.pk).update(roles=["auditor"])
        case "loses the queue":
            kept.queue.queuegrouppermission_set.all().delete()

    nobody = "Nobody holds the role refund approvers: no active person who may decide is in that "
    nobody += "team. Put somebody into it, or name another team."
    if change == "loses the queue":
        nobody = "Nobody among the refund approvers works the queue Refunds: a handoff would wait "
        nobody += "in vain."
    assert found() == {"overread.W004": [f"retail-support: {nobody}"]}


def test_running_as_the_owner_is_a_warning(
    kept: factories.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_workflows", lambda _: [])
    role = settings.DATABASES["default"]["USER"]
    monkeypatch.setattr(
        checks,
        "connections",
        {"default": _Answering((role, True))},
    )
    monkeypatch.setattr(checks, "_pending", lambda: False)

    assert found()["overread.W001"][0].startswith(f"{role} runs the service and can act as")


class _Answering:
    """A connection whose one answer is known."""

    def __init__(self, row: tuple[object, ...]) -> None:
        self.row = row

    def cursor(self) -> "_Answering":
        return self

    def __enter__(self) -> "_Answering":
        return self

    def __exit__(self, *_: object) -> None: ...

    def execute(self, _: str) -> None: ...

    def fetchone(self) -> tuple[object, ...]:
        return self.row


def test_nothing_is_said_while_migrations_are_pending(
    kept: factories.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.row.delete()
    monkeypatch.setattr(checks, "_pending", lambda: True)

    assert found() == {}


def test_the_checks_are_registered(kept: factories.Shop) -> None:
    kept.row.delete()

    with pytest.raises(Exception, match=r"overread\.E001"):
        call_command("check", databases=["default"])


def test_without_a_database_nothing_is_asked() -> None:
    assert checks.governance(databases=None) == []
