"""Audit shares and the detector as managers set them: never silently less, always with a name."""

from decimal import Decimal

import pytest
import yaml
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from governance import checks, sampling, workflow_files
from governance.admin.forms import ActionTypeForm
from governance.errors import ShareRefused
from governance.estimates import Share as Estimate
from governance.sampling import ShareFacts
from governance.sampling_schema import DetectorIn
from governance.workflow_schema import BadFile
from handoffs import audits
from handoffs.actors import SYSTEM, person_actor
from handoffs.models import ActionType, AuditEntry, AuditShare, Handoff, MatrixRow, Workflow
from handoffs.states import Verb
from tests import factories, walks
from tests.handoffs.afterwards import drawn

pytestmark = pytest.mark.django_db

MIA = person_actor(7, "manager")


def set_share(shop, share, because="", tier="autonomous", wait=3600) -> bool:
    facts = ShareFacts(share=Decimal(str(share)), wait_seconds=wait, off_because=because)
    return sampling.set_share(shop.workflow, tier, facts, by=MIA, now=timezone.now())


def test_a_change_is_logged_with_what_was_before_and_moves_the_revision(shop):
    before = Workflow.objects.get(id=shop.workflow.pk).revision

    assert set_share(shop, 0.05)

    (entry,) = AuditEntry.objects.filter(action="audit_share.changed", subject=shop.workflow.slug)
    said = yaml.safe_load(bytes(entry.body))
    assert (said["before"]["share"], said["after"]["share"]) == ("0.02000", "0.05000")
    assert entry.actor == "user 7"
    assert Workflow.objects.get(id=shop.workflow.pk).revision > before


def test_what_changes_nothing_is_not_logged(shop):
    assert not set_share(shop, 0.02)
    assert set_share(shop, 0.05)
    assert not set_share(shop, 0.05)
    assert AuditEntry.objects.filter(action="audit_share.changed").count() == 1


@pytest.mark.parametrize(
    ("share", "because", "sentence"),
    [
        (0.004, "", "0.5 %"),
        (0, "", "Say why there are none"),
        (0, "  ", "Say why there are none"),
        (0.02, "because", "A reason is for switching audits off"),
        (1.5, "", "0.5 % to 100 %"),
    ],
)
def test_less_than_half_a_percent_needs_a_reason(shop, share, because, sentence):
    with pytest.raises(ShareRefused, match=sentence):
        set_share(shop, share, because)

    assert not AuditShare.objects.exists()


def test_switched_off_keeps_why_who_and_when(shop):
    set_share(shop, 0, "The internal audit reads every one of them")

    stored = AuditShare.objects.get()
    assert (stored.off_because, stored.off_by) == (
        "The internal audit reads every one of them",
        "user 7",
    )
    assert stored.off_at is not None

    set_share(shop, 0.02)
    stored.refresh_from_db()
    assert (stored.off_because, stored.off_by, stored.off_at) == ("", "", None)


# --- files


def imported(text: str) -> Workflow:
    return workflow_files.load(text, by=SYSTEM, now=timezone.now()).workflow


def with_sampling(shop, **more) -> str:
    file = yaml.safe_load(workflow_files.export(shop.workflow))
    return yaml.safe_dump({**file, **more}, sort_keys=False)


def test_where_the_defaults_hold_a_file_says_nothing(shop):
    assert not {"sampling", "detector"} & set(workflow_files.document(shop.workflow))


def test_a_file_carries_shares_windows_and_the_detector_byte_for_byte(shop):
    ActionType.objects.filter(id=shop.cancel_order.pk).update(roll_back_seconds=7200)
    text = with_sampling(
        shop,
        sampling={
            "autonomous": {"share": 0.015, "wait": "2h"},
            "notify": {"share": 0, "wait": "1h", "off_because": "Read by hand"},
        },
        detector={"enabled": True, "sensitivity": "high", "most_per_hour": 9},
    )

    once = workflow_files.export(imported(text))
    again = workflow_files.export(imported(once))

    assert again == once
    said = yaml.safe_load(once)
    assert said["sampling"]["autonomous"] == {"share": 0.015, "wait": "2h"}
    assert said["sampling"]["notify"]["off_because"] == "Read by hand"
    assert said["detector"]["sensitivity"] == "high"
    assert said["action_types"]["cancel_order"]["roll_back_within"] == "2h"
    stored = AuditShare.objects.get(tier="notify")
    assert (stored.share, stored.off_by) == (0, "system")


def test_what_a_file_leaves_out_is_as_by_default_again(shop):
    set_share(shop, 0.5)
    plain = yaml.safe_load(workflow_files.export(shop.workflow))
    del plain["sampling"]

    imported(yaml.safe_dump(plain))

    assert sampling.shares(shop.workflow)["autonomous"].share == Decimal("0.02")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"sampling": {"autonomous": {"share": 0.001}}}, "0.5 % to 100 %"),
        ({"sampling": {"notify": {"share": 0}}}, "Say why there are none"),
        ({"sampling": {"notify": {"share": 0.5, "wait": "soon"}}}, "30m, 4h or 2d"),
        ({"sampling": {"hard_approval": {"share": 0.5}}}, "not known here"),
        ({"detector": {"sensitivity": "extreme"}}, "belongs here"),
        ({"detector": {"most_per_hour": 0}}, "at least 1"),
    ],
)
def test_a_file_with_less_is_refused_with_the_line(shop, more, sentence):
    with pytest.raises(BadFile, match=sentence):
        imported(with_sampling(shop, **more))


def test_a_file_cannot_promise_to_undo_what_is_irreversible(shop):
    file = yaml.safe_load(workflow_files.export(shop.workflow))
    file["action_types"]["refund_order"]["roll_back_within"] = "1h"

    with pytest.raises(BadFile, match="refund_order cannot be undone"):
        imported(yaml.safe_dump(file))


# --- gaps and the panel


def test_a_workflow_where_nobody_audits_says_so(shop):
    assert sampling.gaps(shop.workflow) == []

    MatrixRow.objects.filter(id=shop.row.pk).update(kind="approval")

    found = sampling.gaps(Workflow.objects.get(id=shop.workflow.pk))
    assert any("kind audit, tier autonomous for cancel_order" in one for one in found)
    assert any("kind exception" in one for one in found)
    messages = [str(one.msg) for one in checks.governance(databases=["default"])]
    assert any("kind audit" in one for one in messages)


def answer_all(workflow: Workflow, wrong: int) -> None:
    for number, audit in enumerate(Handoff.objects.filter(workflow=workflow, kind="audit")):
        walks.say(audit, Verb.WRONG if number < wrong else Verb.CONFIRM, reason="Not theirs")


def test_the_panel_says_which_share_was_wrong_only_when_enough_were_audited(shop, bot, bot_key):
    for _ in range(20):
        drawn(shop, bot, bot_key)
    audits.open_due(now=timezone.now())

    def row() -> sampling.Sampled:
        return sampling.panel(shop.workflow, now=timezone.now())[0]

    assert (row().drawn, row().waiting, row().audited) == (20, 20, 0)
    assert row().estimate == "not enough data: 0 audited, 20 needed"

    answer_all(shop.workflow, wrong=3)

    assert (row().audited, row().wrong, row().mixed) == (20, 3, False)
    low, high = Estimate(3, 20).interval
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3604)
    assert row().estimate == str(Estimate(3, 20))


# --- the page


@pytest.fixture
def manager(client: Browser, mia: User) -> Browser:
    client.force_login(mia)
    return client


def url(shop) -> str:
    return f"/admin/handoffs/sampling/{shop.workflow.pk}/change/"


def form(**changes: str) -> dict[str, str]:
    return {
        "autonomous_share": "2",
        "autonomous_wait": "1h",
        "autonomous_off_because": "",
        "notify_share": "2",
        "notify_wait": "1h",
        "notify_off_because": "",
        "enabled": "on",
        "sensitivity": "normal",
        "most_per_hour": "5",
    } | changes


def test_a_manager_sets_shares_and_detector_on_one_page(manager, shop, mia):
    shown = manager.get(url(shop)).content.decode()
    assert "not enough data" in shown
    assert 'value="2"' in shown

    sent = manager.post(
        url(shop), form(autonomous_share="1.5", sensitivity="high", most_per_hour="9")
    )

    assert sent.status_code == 302
    assert sampling.shares(shop.workflow)["autonomous"].share == Decimal("0.015")
    assert sampling.detector(shop.workflow).sensitivity == "high"
    entries = AuditEntry.objects.filter(subject=shop.workflow.slug, actor=f"user {mia.pk}")
    assert {one.action for one in entries} == {"audit_share.changed", "detector.changed"}


def test_the_page_refuses_less_with_the_reason_and_keeps_what_was_typed(manager, shop):
    sent = manager.post(url(shop), form(autonomous_share="0.1", notify_share="0"))

    told = sent.content.decode()
    assert sent.status_code == 200
    assert "A share is 0.5 % to 100 %" in told
    assert "Say why there are none" in told
    assert not AuditShare.objects.exists()


def test_the_page_names_who_switched_it_off(manager, shop, mia):
    manager.post(url(shop), form(notify_share="0", notify_off_because="Read <b>by hand</b>"))

    shown = manager.get(url(shop)).content.decode()

    assert "by Mia: “Read &lt;b&gt;by hand&lt;/b&gt;”" in shown


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.REVIEWER])
def test_others_may_look_or_not_even_that_and_never_change(client, shop, role):
    user = factories.UserFactory(roles=[role], is_staff=True)
    client.force_login(user)

    assert client.get(url(shop)).status_code == 200
    assert client.post(url(shop), form(autonomous_share="50")).status_code == 403
    assert not AuditShare.objects.exists()


def test_the_owner_of_another_workflow_may_not_change_this_one(client, shop):
    owner = factories.UserFactory(roles=[Role.WORKFLOW_OWNER], is_staff=True)
    client.force_login(owner)

    assert client.post(url(shop), form(autonomous_share="50")).status_code in (403, 404, 302)
    assert not AuditShare.objects.exists()


def test_an_action_types_window_is_set_with_it(shop):
    typed = {
        "name": "cancel_order",
        "title": "Cancel order {order_id}",
        "impact": "low",
        "reversibility": "reversible",
        "latency_tolerance": "hours",
        "arguments_schema": '{"type": "object", "properties": {}}',
        "required_context": "",
        "roll_back_within": "2h",
    }
    given = ActionTypeForm(typed, instance=shop.cancel_order)
    assert given.is_valid(), given.errors
    given.save()
    assert ActionType.objects.get(id=shop.cancel_order.pk).roll_back_seconds == 7200

    refused = ActionTypeForm(typed | {"reversibility": "irreversible"}, instance=shop.cancel_order)
    assert "What cannot be undone" in str(refused.errors)


def test_the_detectors_settings_are_logged(shop):
    assert sampling.set_detector(shop.workflow, DetectorIn(enabled=False), by=MIA)
    assert not sampling.set_detector(shop.workflow, DetectorIn(enabled=False), by=MIA)

    (entry,) = AuditEntry.objects.filter(action="detector.changed")
    assert yaml.safe_load(bytes(entry.body))["after"]["enabled"] is False
