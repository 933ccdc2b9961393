"""A test as the people at the desk would see it: their own page, of a handoff that is not there."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from handoffs import titles
from handoffs.models import Handoff
from handoffs.states import HandoffState
from handoffs.verdicts import Verdict
from oversight.blind_tests.material import Material
from reviews.desk import HandoffDetail, Proposed
from reviews.pages import handoff as pages
from reviews.pages.handoff import HandoffPage
from reviews.safeguards import Seen
from reviews.threads import Thread
from reviews.visibility import Phase

_AGO = timedelta(minutes=4)


def page(shown: Material, like: Handoff, *, now: datetime) -> HandoffPage:
    """Render the material in the place of a handoff of its kind, as if it had come just now."""
    made = pages.page(_detail(shown, like, now), now=now)
    # nothing leads to the handoff in whose place it stands
    return replace(made, id="", urls=dict.fromkeys(made.urls, ""))


def _detail(shown: Material, like: Handoff, now: datetime) -> HandoffDetail:
    action = like.workflow.action_types.filter(name=shown.action_type).first()
    brief, arguments = dict(shown.body["brief"]), dict(shown.body["arguments"])
    return HandoffDetail(
        handoff=_standing(like, now),
        brief=brief,
        brief_version=1,
        input=shown.body.get("input") or {},
        phase=Phase.OPEN,
        judgement=None,
        judgements=[],
        proposal=Proposed(
            id="",
            action_type=shown.action_type,
            arguments=arguments,
            rules=like.proposal.rules if like.proposal else [],
            map_version=1,
            outcome="",
            audit_share=None,
        ),
        title=titles.fill(action.title, arguments) if action else "",
        schema=action.arguments_schema if action else {},
        claim=None,
        seen=Seen(read_seconds=None, opened=frozenset(_evidence(brief))),
        held_by="",
        deciding=Verdict(capability="decide", means="decide it", steps=()),
        summary_edit=None,
        draft=None,
        questions=[],
        requester_said=[],
        thread=Thread(comments=(), closed=False),
        answer=None,
        decided_by="",
        stated={},
        panel=None,
        has_decided=False,
        history=[],
        rungs=[],
        derivation="",
        checkpoint=None,
    )


def _evidence(brief: Mapping[str, Any]) -> list[str]:
    """Name all evidence: nothing is asked to be opened first where nothing is decided."""
    return [str(item.get("id")) for item in brief.get("evidence") or ()]


def _standing(like: Handoff, now: datetime) -> Handoff:
    """Return a handoff that waits since a moment ago; it is never stored."""
    made, opened = copy.copy(like), now - _AGO
    made.opened_at = made.counted_from = opened
    made.deadline_at = opened + timedelta(seconds=like.deadline_seconds)
    made.state, made.answered_at, made.urgent_since = HandoffState.WAITING.value, None, None
    made.held_since, made.level, made.round, made.version = None, 1, 1, 1
    made.overflow_from, made.beyond_limit, made.stepped_in = None, False, False
    made.run = copy.copy(like.run)
    made.run.requester, made.run.external_id = None, "as its agent would call it"
    return made
