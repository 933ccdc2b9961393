"""An answer in words: what is said, and how it is kept with its digest and signed receipt."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from joserfc.jwk import OKPKey

from handoffs import audit, canonical, ids, receipts
from handoffs.actors import Actor
from handoffs.models import Answer, Handoff
from handoffs.states import RELEASING_VERBS, ActorKind, Verb


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer on its way: what to tell the run, and the arguments it releases."""

    verb: Verb
    arguments: dict[str, Any] | None = None
    option: str | None = None
    message: str = ""
    reason: str = ""
    edits: list[dict[str, Any]] = field(default_factory=list)
    draft: str | None = None
    # what the verb says beyond words: the defined task, the other tool, the parts kept
    details: dict[str, Any] = field(default_factory=dict)
    # of several who agree, the team that each of them decided for
    approver_roles: Sequence[str] = ()


def made(
    handoff: Handoff, said: Said, *, brief: str | None, head: audit.Head, by: Actor, now: datetime
) -> Answer:
    """Make the answer with its digest and the signed receipt over both, to be stored."""
    arguments, digest = None, ""
    if said.verb in RELEASING_VERBS and said.arguments is not None:
        text = canonical.encode(said.arguments)
        arguments, digest = text.decode(), canonical.digest(said.arguments)
    proposal = handoff.proposal
    alone = [by.name] if by.kind is ActorKind.PERSON else []
    approvers = list(said.approver_roles) or alone
    claims = {
        "handoff": handoff.id,
        "run": handoff.run_id,
        "action_type": proposal.action_type if proposal else None,
        "arguments_digest": digest or None,
        "details_digest": canonical.digest(said.details) if said.details else None,
        "verb": said.verb.value,
        "role": by.name,
        "approvers": len(approvers),
        "approver_roles": approvers,
        "brief_digest": brief,
        "map_version": proposal.map_version if proposal else None,
        "answered_at": now.isoformat(),
        "audit_head": list(head),
        "iss": settings.PUBLIC_URL,
    }
    return Answer(
        id=ids.new_answer(),
        handoff=handoff,
        round=handoff.round,
        verb=said.verb.value,
        by_kind=by.kind.value,
        role=by.name,
        arguments=arguments,
        arguments_digest=digest,
        option=said.option,
        message=said.message,
        reason=said.reason,
        edits=said.edits,
        draft=said.draft,
        details=said.details,
        receipt=receipts.sign(claims, _receipt_key()),
    )


def facts(stored: Answer, *, by: Actor) -> dict[str, Any]:
    """Return what is logged and told of an answer."""
    return {
        "answer": stored.id,
        "verb": stored.verb,
        "arguments_digest": stored.arguments_digest,
        "role": by.name,
    }


@cache
def _receipt_key() -> OKPKey:
    return receipts.key_from_json(settings.RECEIPT_KEY)
