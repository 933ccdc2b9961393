"""What a link may do, and what became of it, as tables."""

from dataclasses import replace

import pytest

from handoffs.states import ByEmail, HandoffKind, HandoffState, Tier
from reviews import link_rules, spec
from reviews.link_rules import Bound, Needs
from reviews.standings import Standing

LINK, SIGN_IN, STEP_UP = Needs.LINK, Needs.SIGN_IN, Needs.STEP_UP
BOUND = Bound(round=1, level=1, brief_version=2, brief_digest="d", address="zoe@example.com")


@pytest.mark.parametrize(
    ("email", "kind", "tier", "safeguards", "needs"),
    [
        ("yes", "approval", Tier.SOFT_REVIEW, {}, LINK),
        ("yes", "approval", Tier.HARD_APPROVAL, {}, LINK),
        ("yes", "exception", None, {"minimum_seconds": 30, "reason": "always"}, LINK),
        ("yes", "ambiguity", None, {}, LINK),
        ("yes", "sign_off", None, {}, LINK),
        ("yes", "audit", Tier.NOTIFY, {}, LINK),
        ("yes", "approval", Tier.HARD_APPROVAL, {"challenge": "always"}, LINK),
        ("sign_in", "approval", Tier.SOFT_REVIEW, {}, SIGN_IN),
        ("step_up", "approval", Tier.SOFT_REVIEW, {}, STEP_UP),
        # whatever the row says, the gravest is stepped up to
        ("yes", "takeover", Tier.HARD_STOP, {}, STEP_UP),
        ("sign_in", "takeover", Tier.HARD_STOP, {}, STEP_UP),
        # one mailbox is not two people
        ("yes", "approval", Tier.HARD_APPROVAL, {"approvers": 2}, SIGN_IN),
        ("yes", "approval", Tier.HARD_APPROVAL, {"approvers": "many"}, SIGN_IN),
        # these have more than one step, at the desk
        ("yes", "approval", Tier.HARD_APPROVAL, {"withhold_recommendation": True}, SIGN_IN),
        ("yes", "task_definition", None, {}, SIGN_IN),
        ("yes", "recovery", None, {}, SIGN_IN),
        ("yes", "takeover", None, {}, SIGN_IN),
        # nothing goes out where the row says no, or says what nobody can read
        ("no", "approval", Tier.SOFT_REVIEW, {}, None),
        ("", "approval", Tier.SOFT_REVIEW, {}, None),
        ("YES", "approval", Tier.SOFT_REVIEW, {}, None),
    ],
)
def test_what_opens_the_brief(
    email: str, kind: str, tier: Tier | None, safeguards: dict[str, object], needs: Needs | None
) -> None:
    found = link_rules.needed(email, kind=HandoffKind(kind), tier=tier, spec=spec.read(safeguards))

    assert found is needs


def test_every_word_a_row_can_say_about_mail_is_known() -> None:
    for email in ByEmail:
        needs = link_rules.needed(
            email.value, kind=HandoffKind.APPROVAL, tier=Tier.SOFT_REVIEW, spec=spec.read({})
        )
        assert (needs is None) == (email is ByEmail.NO)


WAITING, ANSWERED = HandoffState.WAITING, HandoffState.ANSWERED


@pytest.mark.parametrize(
    ("ended", "ran_out", "state", "now", "standing"),
    [
        ("", False, WAITING, {}, Standing.LIVE),
        ("", False, WAITING, {"address": "Zoe@Example.com"}, Standing.LIVE),
        ("", True, WAITING, {}, Standing.EXPIRED),
        ("expired", True, WAITING, {}, Standing.EXPIRED),
        ("moved", False, WAITING, {}, Standing.EXPIRED),
        ("not_theirs", False, WAITING, {}, Standing.EXPIRED),
        ("used", False, WAITING, {}, Standing.USED),
        ("used", True, ANSWERED, {}, Standing.USED),
        ("used", False, HandoffState.NEEDS_INFORMATION, {}, Standing.USED),
        ("revoked", False, WAITING, {}, Standing.REVOKED),
        ("revoked", True, ANSWERED, {"round": 2}, Standing.REVOKED),
        ("", False, WAITING, {"address": "other@example.com"}, Standing.REVOKED),
        ("", False, WAITING, {"round": 2}, Standing.SUPERSEDED),
        ("", False, WAITING, {"level": 2}, Standing.SUPERSEDED),
        ("", False, WAITING, {"brief_version": 3}, Standing.SUPERSEDED),
        ("", False, WAITING, {"brief_digest": "other"}, Standing.SUPERSEDED),
        ("", True, WAITING, {"brief_version": 3}, Standing.SUPERSEDED),
        ("moved", True, ANSWERED, {"level": 2}, Standing.SUPERSEDED),
        ("", False, ANSWERED, {}, Standing.ANSWERED),
        ("", True, ANSWERED, {"brief_version": 3}, Standing.ANSWERED),
        ("moved", False, HandoffState.WITHDRAWN, {}, Standing.WITHDRAWN),
        ("", False, HandoffState.NEEDS_INFORMATION, {}, Standing.ASKED_BACK),
    ],
)
def test_what_became_of_a_link(
    ended: str, ran_out: bool, state: HandoffState, now: dict[str, object], standing: Standing
) -> None:
    found = link_rules.standing(
        ended=ended,
        ran_out=ran_out,
        state=state,
        made_for=BOUND,
        now_at=replace(BOUND, **now),
    )

    assert found is standing


def test_nothing_but_what_is_untouched_in_every_way_is_live() -> None:
    for state in HandoffState:
        for ended in ("", "used", "revoked", "moved", "expired"):
            for ran_out in (False, True):
                found = link_rules.standing(
                    ended=ended, ran_out=ran_out, state=state, made_for=BOUND, now_at=BOUND
                )
                live = (state, ended, ran_out) == (WAITING, "", False)
                assert (found is Standing.LIVE) == live
