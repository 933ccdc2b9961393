"""The audit draw: fair, blind to what the agent sends, the same for ever, stored with its odds."""

import json
import math
from collections import Counter
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from handoffs import compiled, ids, sampling
from handoffs.models import AuditShare, Proposal, Workflow
from handoffs.states import AUTONOMOUS_TIERS, TIERS, Tier
from tests import factories, walks

SECRET = "a secret that only the server knows"
SHARES = {Tier.AUTONOMOUS: 0.02, Tier.NOTIFY: 0.1}
IDS = [f"prop_{number:026d}" for number in range(200_000)]


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.005, 0.02, 0.1, 0.5])
def test_as_many_are_drawn_as_the_share_says(share):
    drawn = sum(
        sampling.draw(SECRET, id, tier=Tier.NOTIFY, shares={Tier.NOTIFY: share}).drawn for id in IDS
    )

    # five standard deviations: a fair draw misses this once in 1.7 million secrets
    bound = 5 * math.sqrt(len(IDS) * share * (1 - share))
    assert abs(drawn - len(IDS) * share) < bound


@pytest.mark.slow
def test_ids_fall_evenly_between_0_and_1():
    """Chi-square over 100 cells; 99 degrees of freedom pass 161 once in 10,000 fair tries."""
    counted = Counter(int(sampling.place(SECRET, id) * 100) for id in IDS)

    expected = len(IDS) / 100
    assert sorted(counted) == list(range(100))
    assert sum((count - expected) ** 2 / expected for count in counted.values()) < 161


@pytest.mark.slow
def test_another_secret_draws_independently_of_this_one():
    share = 0.1
    first = [sampling.place(SECRET, id) < share for id in IDS]
    other = [sampling.place("another", id) < share for id in IDS]

    both = sum(1 for pair in zip(first, other, strict=True) if all(pair))
    bound = 5 * math.sqrt(len(IDS) * share**2 * (1 - share**2))
    assert abs(both - len(IDS) * share**2) < bound


@given(id=st.text(), secret=st.text(min_size=1), tier=st.sampled_from(TIERS))
def test_the_same_id_is_drawn_the_same_way_again(id, secret, tier):
    once = sampling.draw(secret, id, tier=tier, shares=SHARES)

    assert once == sampling.draw(secret, id, tier=tier, shares=SHARES)
    assert once.share == SHARES.get(tier)
    assert (tier in AUTONOMOUS_TIERS) or not once.drawn


@given(id=st.text(), low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_larger_share_draws_whatever_a_smaller_one_does(id, low, high):
    low, high = sorted((low, high))
    drawn = [
        sampling.draw(SECRET, id, tier=Tier.NOTIFY, shares={Tier.NOTIFY: share}).drawn
        for share in (low, high)
    ]

    assert drawn != [True, False]


def test_nothing_is_drawn_at_0_and_everything_at_1():
    for share in (0.0, 1.0):
        draws = {
            sampling.draw(SECRET, id, tier=Tier.NOTIFY, shares={Tier.NOTIFY: share}).drawn
            for id in IDS[:1000]
        }
        assert draws == {bool(share)}


# --- at intake


def give_share(shop: factories.Shop, share: str, tier: Tier = Tier.AUTONOMOUS) -> AuditShare:
    return AuditShare.objects.create(workflow=shop.workflow, tier=tier.value, share=Decimal(share))


def cancel(bot_key: str, run, **changes) -> Proposal:
    payload = {"brief": None, **factories.small_proposal_payload(run.id, **changes)}
    told = walks.propose(bot_key, run, **{key: payload[key] for key in payload if key != "run"})
    return Proposal.objects.get(id=json.loads(told.body)["id"])


@pytest.mark.django_db
def test_an_autonomous_proposal_is_stored_with_its_odds_and_its_draw(shop, bot, bot_key, settings):
    run = walks.start_run(shop, bot)
    settings.SAMPLING_SECRET = SECRET

    found = [cancel(bot_key, run) for _ in range(40)]

    assert {one.audit_share for one in found} == {Decimal("0.02")}
    assert [one.audit_drawn for one in found] == [
        sampling.place(SECRET, one.id) < 0.02 for one in found
    ]


@pytest.mark.django_db
def test_a_changed_share_is_in_force_with_the_next_proposal(shop, bot, bot_key):
    run = walks.start_run(shop, bot)
    before = Workflow.objects.get(id=shop.workflow.id).revision
    assert cancel(bot_key, run, brief={"summary": "x"}).audit_share == Decimal("0.02")

    give_share(shop, "1")

    after = cancel(bot_key, run, brief={"summary": "Twice ordered"})
    assert (after.audit_share, after.audit_drawn) == (1, True)
    assert after.audit_brief == {"summary": "Twice ordered"}
    assert Workflow.objects.get(id=shop.workflow.id).revision > before


@pytest.mark.django_db
def test_what_a_person_sees_anyway_is_not_sampled(shop, bot, bot_key):
    give_share(shop, "1")

    asked = walks.waiting(shop, bot, bot_key)

    assert (asked.proposal.audit_share, asked.proposal.audit_drawn) == (None, False)


@pytest.mark.django_db
def test_another_secret_changes_nothing_that_is_drawn(shop, bot, bot_key, settings):
    give_share(shop, "0.5")
    run = walks.start_run(shop, bot)
    found = [cancel(bot_key, run) for _ in range(20)]
    drawn = [one.audit_drawn for one in found]
    assert len(set(drawn)) == 2

    settings.SAMPLING_SECRET = "rotated"
    again = [Proposal.objects.get(id=one.id).audit_drawn for one in found]

    assert again == drawn
    assert [sampling.place("rotated", one.id) < 0.5 for one in found] != drawn


@pytest.mark.django_db
def test_the_agent_is_not_told_what_is_drawn(shop, bot, agent):
    """Knowing it, an agent could behave just for the actions that are looked at."""
    give_share(shop, "1")
    run = walks.start_run(shop, bot)

    told = agent.post("/proposals", factories.small_proposal_payload(run.id)).json()

    assert not [key for key in told if "audit" in key or "drawn" in key or "share" in key]


@pytest.mark.django_db
def test_what_is_not_drawn_keeps_no_brief(shop, bot, bot_key):
    AuditShare.objects.create(
        workflow=shop.workflow,
        tier="autonomous",
        share=0,
        off_because="Audited elsewhere",
        off_by="user 1",
        off_at=timezone.now(),
    )

    stored = cancel(bot_key, walks.start_run(shop, bot), brief={"summary": "x"})

    assert (stored.audit_share, stored.audit_drawn, stored.audit_brief) == (0, False, None)


@pytest.mark.django_db
def test_shares_come_with_the_compiled_policy(shop, django_assert_num_queries):
    give_share(shop, "0.3", Tier.NOTIFY)
    policy = compiled.get(shop.workflow.id)

    assert policy.shares == {Tier.AUTONOMOUS: 0.02, Tier.NOTIFY: 0.3}
    with django_assert_num_queries(0):
        sampling.draw(SECRET, ids.new_proposal(), tier=Tier.NOTIFY, shares=policy.shares)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "columns",
    [
        {"share": "0.00499"},
        {"share": "0"},
        {"share": "1.1"},
        {"share": "-0.1"},
        {"share": "0", "off_because": "why", "off_at": "now()"},
        {"share": "0", "off_because": "why", "off_by": "user 1"},
        {"share": "0", "off_because": " ", "off_by": "user 1", "off_at": "now()"},
        {"share": "0.02", "off_because": "why", "off_by": "user 1", "off_at": "now()"},
        {"share": "0.02", "tier": "hard_approval"},
    ],
)
def test_the_database_keeps_shares_above_half_a_percent_or_off_with_a_reason(shop, columns):
    stored = {"tier": "notify", "off_because": "", "off_by": "", "off_at": None} | columns
    names = ", ".join(stored)
    insert = (
        f"insert into handoffs_auditshare (workflow_id, wait_seconds, {names}) "
        f"values (%s, 0, {', '.join(['%s'] * len(stored))})"
    )

    refused = pytest.raises(IntegrityError, match="audit_share_")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(insert, [shop.workflow.id, *stored.values()])


@pytest.mark.django_db
def test_the_database_draws_nothing_without_a_chance(shop, bot, bot_key):
    stored = cancel(bot_key, walks.start_run(shop, bot))

    with pytest.raises(IntegrityError, match="proposal_drawn_has_share"), transaction.atomic():
        Proposal.objects.filter(id=stored.id).update(audit_share=None, audit_drawn=True)
