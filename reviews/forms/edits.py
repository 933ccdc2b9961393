"""Approve with changes: fill in, see exactly what changes, approve exactly that."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from accounts.errors import DomainError
from reviews import safeguards
from reviews.desk import HandoffDetail
from reviews.forms import arguments, decision
from reviews.pages import challenge, times
from reviews.pages.challenge import ChallengeView
from reviews.pages.changes import Change, changes, digest, draft_change
from reviews.pages.handoff import Keeping, keeping, kept_words, lease
from reviews.pages.text import marked
from reviews.wording import Choice

VERB = "approve_with_edits"


@dataclass(frozen=True, kw_only=True)
class EditPage:
    ask: str
    url: str
    approve_url: str
    back_url: str
    queue: str
    queue_name: str
    fields: tuple[arguments.Field, ...]
    has_draft: bool
    draft: str
    changes: tuple[Change, ...]
    seen: str
    words: str
    words_label: str
    challenge: ChallengeView | None
    draft_url: str
    lease: times.Moment | None
    keeping: Keeping | None
    problems: str
    error: str


@dataclass(frozen=True, kw_only=True)
class Edits:
    """What was typed over a handoff's arguments and draft."""

    reading: arguments.Reading
    draft: str | None
    changes: tuple[Change, ...]

    @property
    def seen(self) -> str:
        return digest(self.reading.arguments, self.draft)


def read(detail: HandoffDetail, typed: QueryDict) -> Edits:
    """Read the form and compare it with what was proposed."""
    before, draft = proposed(detail), draft_of(detail)
    reading = arguments.read(detail.schema, before, _flat(typed))
    found = changes(before, reading.arguments, _titles(detail))
    written = typed.get("draft", draft).replace("\r\n", "\n") if draft is not None else None
    if draft is not None and (one := draft_change(draft, written or "")):
        found = (*found, one)
    else:
        written = draft
    return Edits(reading=reading, draft=written, changes=found)


def choice(detail: HandoffDetail, edits: Edits, typed: QueryDict) -> Choice:
    return Choice(
        verb=VERB,
        reason=typed.get("words", "").strip(),
        challenge=decision.challenge(typed),
        arguments=edits.reading.arguments if detail.proposal else None,
        draft=edits.draft if edits.draft != draft_of(detail) else None,
    )


def objection(edits: Edits, typed: QueryDict) -> str:
    """Say why this may not be approved as it stands; "" when it may."""
    if edits.reading.errors:
        return "Some fields cannot be read. Nothing was sent. Mend the marked ones."
    if not edits.changes:
        return "Nothing is changed. To approve it as it is, go back to the brief."
    if typed.get("seen") != edits.seen:
        return "It was changed after you looked. Nothing was sent. Look at the changes once more."
    return ""


def page(
    detail: HandoffDetail,
    *,
    typed: QueryDict | None,
    now: datetime,
    refusal: DomainError | None = None,
    error: str = "",
) -> EditPage:
    """Return the form, as proposed or as typed, with what it changes beside it."""
    edits = read(detail, typed) if typed is not None else None
    errors = dict(edits.reading.errors) if edits else {}
    for problem in refusal.fields if refusal else ():
        errors.setdefault("a/" + problem.path.split(".", 1)[-1].replace(".", "/"), problem.message)
    handoff_id, draft = detail.handoff.id, draft_of(detail)
    values = _flat(typed) if typed is not None else None
    spec, kept = detail.handoff.safeguards, detail.draft or {}
    always = safeguards.needs_reason(spec, VERB, drawn=detail.seen.drawn)
    said = decision.challenge(typed) if typed is not None else kept.get("challenge") or {}
    return EditPage(
        lease=lease(detail.claim.expires_at, now) if detail.claim else None,
        keeping=keeping(detail),
        ask=marked(detail.brief.get("ask") or ""),
        url=reverse("reviews:edit", args=[handoff_id]),
        approve_url=reverse("reviews:approve-edits", args=[handoff_id]),
        back_url=reverse("reviews:handoff", args=[handoff_id]),
        queue=detail.handoff.queue.slug,
        queue_name=detail.handoff.queue.name,
        fields=arguments.fields(detail.schema, proposed(detail), typed=values, errors=errors),
        has_draft=draft is not None,
        draft=(edits.draft if edits else draft) or "",
        changes=edits.changes if edits else (),
        seen=edits.seen if edits and not errors else "",
        words=(typed.get("words", "") if typed is not None else kept_words(detail.draft or {})),
        words_label="Your reason" if always else "Your reason, if you like",
        challenge=challenge.view(spec, detail.seen, said),
        draft_url=reverse("reviews:draft", args=[handoff_id]),
        problems="Some fields cannot be read yet; they are marked." if errors else "",
        error=refusal.message if refusal else error,
    )


def _flat(typed: QueryDict) -> dict[str, str]:
    return {name: str(typed[name]) for name in typed}


def proposed(detail: HandoffDetail) -> dict[str, Any]:
    return detail.proposal.arguments if detail.proposal else {}


def draft_of(detail: HandoffDetail) -> str | None:
    """Return the draft's text; one that is not text is edited as the text it is stored as."""
    draft = detail.brief.get("draft")
    if not isinstance(draft, dict) or draft.get("body") in (None, ""):
        return None
    body = draft["body"]
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)


def _titles(detail: HandoffDetail) -> dict[str, str]:
    named = detail.schema.get("properties") or {}
    return {key: marked(one["title"]) for key, one in named.items() if one.get("title")}
