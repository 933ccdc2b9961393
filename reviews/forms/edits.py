"""An answer that is filled in: see exactly what it says or changes, and send exactly that."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from accounts.errors import DomainError
from accounts.models import User
from handoffs.errors import NotFound
from handoffs.states import Verb
from reviews import safeguards
from reviews.desk import HandoffDetail
from reviews.errors import Unmet
from reviews.forms import arguments, decision
from reviews.forms.fields import OUT, ROWS
from reviews.pages import answering, challenge, rail, requester, times
from reviews.pages.challenge import ChallengeView
from reviews.pages.changes import Change, changes, digest, draft_change
from reviews.pages.handoff import Keeping, keeping, kept_words, lease
from reviews.pages.text import marked
from reviews.surfaces import Surface
from reviews.verbs import VerbOption
from reviews.wording import Choice


@dataclass(frozen=True, kw_only=True)
class EditPage:
    """`sends` says whether the button is there: where changes are shown, once they are.

    `answers`: it tells the run something, so a reason goes with it.
    """

    heading: str
    ask: str
    request: str
    requester: requester.Said
    url: str
    send_url: str
    back_url: str
    queue: str
    queue_name: str
    fields: tuple[arguments.Field, ...]
    has_draft: bool
    draft: str
    shows_changes: bool
    changes: tuple[Change, ...]
    seen: str
    sends: bool
    button: str
    effect: str
    icon: str
    answers: bool
    words: str
    words_label: str
    challenge: ChallengeView | None
    draft_url: str
    needs: tuple[rail.Need, ...]
    held: bool
    lease: times.Moment | None
    keeping: Keeping | None
    problems: str
    error: str
    saved: str


@dataclass(frozen=True, kw_only=True)
class Filling:
    """One handoff's form of one verb: what it starts from and what it is called."""

    detail: HandoffDetail
    option: VerbOption
    form: Surface

    @property
    def draft(self) -> str | None:
        """The draft's text, where it is edited along; one that is not text, as it is stored."""
        draft = self.detail.brief.get("draft")
        if self.option.verb != Verb.APPROVE_WITH_EDITS or not isinstance(draft, dict):
            return None
        body = draft.get("body")
        if body in (None, ""):
            return None
        return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class Edits:
    """What was typed into the form, and over the draft."""

    reading: arguments.Reading
    draft: str | None
    changes: tuple[Change, ...]

    @property
    def seen(self) -> str:
        return digest(self.reading.arguments, self.draft)


def start(detail: HandoffDetail, verb: str, *, reader: User, now: datetime) -> Filling:
    """Return the form of this verb, or raise NotFound where this handoff has none."""
    option = next((one for one in answering.offered(detail, now) if one.verb == verb), None)
    form = answering.form(detail, option, reader) if option else None
    if option is None or form is None:
        raise NotFound
    return Filling(detail=detail, option=option, form=form)


def read(filling: Filling, typed: Mapping[str, str]) -> Edits:
    """Read the form and compare it with what it started from."""
    before, draft = filling.form.before, filling.draft
    reading = arguments.read(filling.form.schema, before, typed)
    found = changes(before, reading.arguments, _titles(filling.form))
    written = typed.get("draft", draft).replace("\r\n", "\n") if draft is not None else None
    if draft is not None and (one := draft_change(draft, written or "")):
        found = (*found, one)
    else:
        written = draft
    return Edits(reading=reading, draft=written, changes=found)


def choice(filling: Filling, edits: Edits, typed: QueryDict) -> Choice:
    words, stated = typed.get("words", "").strip(), decision.challenge(typed)
    verb = filling.option.verb
    if verb != Verb.APPROVE_WITH_EDITS:
        return Choice(verb=verb, reason=words, challenge=stated, details=edits.reading.arguments)
    return Choice(
        verb=verb,
        reason=words,
        challenge=stated,
        arguments=edits.reading.arguments if filling.detail.proposal else None,
        draft=edits.draft if edits.draft != filling.draft else None,
    )


def objection(filling: Filling, edits: Edits, typed: QueryDict) -> str:
    """Say why this may not be sent as it stands; "" when it may."""
    if edits.reading.errors:
        return "Some fields cannot be read. Nothing was sent. Mend the marked ones."
    if not filling.form.shows_changes:
        return ""
    if not edits.changes and filling.option.verb != Verb.DEFINE:
        return "Nothing is changed. To leave it as it is, go back to the brief."
    if typed.get("seen") != edits.seen:
        return "It was changed after you looked. Nothing was sent. Look at the changes once more."
    return ""


def kept(filling: Filling) -> QueryDict | None:
    """Return what this person typed here before, on whichever device; None when nothing."""
    stored = (filling.detail.draft or {}).get(key(filling.option.verb))
    if not isinstance(stored, dict) or not stored:
        return None
    typed = QueryDict(mutable=True)
    typed.update({str(name): str(text) for name, text in stored.items()})
    for name, said in _stated(filling.detail, None).items():
        typed.setlist(name, said if isinstance(said, list) else [said])
    return typed


def _stated(detail: HandoffDetail, typed: QueryDict | None) -> dict[str, Any]:
    """Return what is stated beside the words, as typed or as it was kept."""
    if typed is not None:
        return decision.challenge(typed)
    stored = (detail.draft or {}).get("challenge")
    return stored if isinstance(stored, dict) else {}


def key(verb: str) -> str:
    """Name where a draft keeps the form of this verb."""
    return f"form:{verb}"


def written(verb: str, typed: QueryDict) -> dict[str, Any]:
    """Read what is to be kept of a form: its fields and its words, nothing else of the request."""
    form = {
        name: str(typed[name])
        for name in typed
        if name.startswith("a/") or name.endswith((ROWS, OUT)) or name in ("draft", "words")
    }
    stated = {"challenge": decision.challenge(typed)}
    return {key(verb): form, "reason": typed.get("words", ""), **stated}


def page(
    filling: Filling,
    *,
    typed: QueryDict | None,
    now: datetime,
    refusal: DomainError | None = None,
    error: str = "",
    unmet: list[Unmet] | None = None,
) -> EditPage:
    """Return the form, as it starts or as typed, with what it changes beside it."""
    detail, option, form = filling.detail, filling.option, filling.form
    values = {name: str(typed[name]) for name in typed} if typed is not None else None
    edits = read(filling, values) if values is not None else None
    errors = dict(edits.reading.errors) if edits else {}
    for problem in refusal.fields if refusal else ():
        errors.setdefault("a/" + problem.path.partition(".")[2].replace(".", "/"), problem.message)
    words = typed.get("words", "") if typed is not None else kept_words(detail.draft or {})
    said = _stated(detail, typed)
    found = edits.changes if edits and form.shows_changes else ()
    if unmet is None:
        unmet = answering.still_needed(detail, option.verb, words, said)
    answers = option.verb in set(Verb)
    spec, drawn = detail.handoff.safeguards, detail.seen.drawn
    always = answers and safeguards.needs_reason(spec, option.verb, drawn=drawn)
    handoff_id = detail.handoff.id
    return EditPage(
        heading=form.heading,
        ask=marked(detail.brief.get("ask") or ""),
        request=_request(detail),
        requester=requester.said(detail, now),
        url=reverse("reviews:fill-in", args=[handoff_id, option.verb]),
        send_url=reverse("reviews:send", args=[handoff_id, option.verb]),
        back_url=reverse("reviews:handoff", args=[handoff_id]),
        queue=detail.handoff.queue.slug,
        queue_name=detail.handoff.queue.name,
        fields=arguments.fields(form.schema, form.before, typed=values, errors=errors, adds=True),
        has_draft=filling.draft is not None,
        draft=(edits.draft if edits else filling.draft) or "",
        shows_changes=form.shows_changes,
        changes=found,
        seen=edits.seen if edits and not errors else "",
        sends=_sends(filling, edits, errors),
        button=_button(option, len(found)),
        effect=marked(option.consequence),
        icon=rail.ICONS[option.verb],
        answers=answers,
        words=words,
        words_label="Your reason" if always else "Your reason, if you like",
        challenge=challenge.view(spec, detail.seen, said) if answers else None,
        draft_url=reverse("reviews:draft", args=[handoff_id]),
        needs=rail.needs(unmet),
        held=safeguards.holds_back(unmet),
        lease=lease(detail.claim.expires_at, now) if detail.claim else None,
        keeping=keeping(detail),
        problems="Some fields cannot be read yet; they are marked." if errors else "",
        error=refusal.message if refusal else error,
        saved="What you typed is kept." if kept(filling) else "",
    )


def _sends(filling: Filling, edits: Edits | None, errors: Mapping[str, str]) -> bool:
    if not filling.form.shows_changes:
        return True
    if edits is None or errors:
        return False
    return bool(edits.changes) or filling.option.verb == Verb.DEFINE


def _button(option: VerbOption, count: int) -> str:
    if option.verb == Verb.APPROVE_WITH_EDITS:
        return f"Approve with {count} change{'' if count == 1 else 's'}"
    return marked(option.label)


def _request(detail: HandoffDetail) -> str:
    given = detail.input
    text = given.get("text", "") if isinstance(given, dict) else given
    return marked(text) if isinstance(text, str) else ""


def _titles(form: Surface) -> dict[str, str]:
    named = form.schema.get("properties") or {}
    return {key: marked(one["title"]) for key, one in named.items() if one.get("title")}
