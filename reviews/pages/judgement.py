"""Three calm stages on one page: an answer of one's own, then the suggestion, then the decision."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.urls import reverse

from handoffs import texts
from handoffs.states import Verb
from reviews import spec
from reviews.desk import HandoffDetail
from reviews.models import Judgement
from reviews.pages import times
from reviews.pages.brief import confidence as how_sure
from reviews.pages.brief import suggestion
from reviews.pages.rail import SHORT, Rail, VerbView
from reviews.pages.text import marked
from reviews.verbs import VerbOption
from reviews.visibility import Phase
from reviews.ways import Way

STAGES = ("Your answer", "The suggestion", "Your decision")
WHY, KEPT = "Why, in a sentence", "Kept with your answer, as it is."
# where options have the digits, how sure somebody is has those that are left
_DIGITS, _MOST_OPTIONS = "1234567890", 5


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One of the three, with where the reader is: done, now or later."""

    label: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer that can be committed; none is chosen for anybody."""

    value: str
    label: str
    effect: str
    key: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Sureness:
    value: int
    label: str
    key: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Judging:
    """The form of the first stage."""

    url: str
    stages: tuple[Stage, ...]
    answers: tuple[Answer, ...]
    sureness: tuple[Sureness, ...]
    words: Rail
    ways_out: tuple[VerbView, ...]
    more: tuple[VerbView, ...]


@dataclass(frozen=True, kw_only=True)
class Revealed:
    """What stands beside the decision: one's own answer, what was suggested, and how they fit."""

    stages: tuple[Stage, ...]
    own: str
    reason: str
    at: str
    suggested: str
    sure: str
    line: str
    differs: bool
    second_url: str
    second_asked: bool


def judging(
    detail: HandoffDetail,
    options: Iterable[VerbOption],
    rail: Rail | None,
    chosen: Mapping[str, Any],
) -> Judging | None:
    """Return the form to commit with, while something is withheld from whoever holds the claim."""
    if detail.phase is not Phase.BEFORE_JUDGEMENT or rail is None:
        return None
    answers = tuple(_answers(options, chosen))
    numbered = sum(answer.key.isdigit() for answer in answers)
    return Judging(
        url=reverse("reviews:judge", args=[detail.handoff.id]),
        stages=_stages(0),
        answers=answers,
        sureness=tuple(_sureness(numbered, str(chosen.get("confidence") or ""))),
        words=replace(rail, words_label=WHY, words_hint=KEPT),
        ways_out=tuple(view for view in (*rail.lead, *rail.other) if view.url),
        more=tuple(view for view in (*rail.lead, *rail.more) if view.verb in set(Way)),
    )


def _stages(now: int) -> tuple[Stage, ...]:
    states = ["done"] * now + ["now"] + ["later"] * (len(STAGES) - now - 1)
    return tuple(
        Stage(label=label, state=state) for label, state in zip(STAGES, states, strict=True)
    )


def _answers(options: Iterable[VerbOption], chosen: Mapping[str, Any]) -> Iterable[Answer]:
    for option in options:
        if option.verb not in set(Verb):
            continue
        value = option.verb if option.option is None else f"{option.verb}:{option.option}"
        kept = (chosen.get("verb"), chosen.get("option") if option.option else None)
        named = option.verb == Verb.APPROVE
        yield Answer(
            value=value,
            label=("Approve: " if named else "") + marked(option.label),
            effect=marked(option.consequence),
            key=option.key,
            chosen=kept == (option.verb, option.option),
        )


def _sureness(numbered: int, chosen: str) -> Iterable[Sureness]:
    keys = "" if numbered > _MOST_OPTIONS else _DIGITS[_MOST_OPTIONS if numbered else 0 :]
    for place, (value, label) in enumerate(Judgement.Confidence.choices):
        yield Sureness(
            value=value, label=str(label), key=keys[place : place + 1], chosen=str(value) == chosen
        )


def revealed(
    detail: HandoffDetail, options: Iterable[VerbOption], now: datetime
) -> Revealed | None:
    """Put one's own answer beside the suggestion, for whoever decides next."""
    judgement = detail.judgement
    if detail.phase is not Phase.REVEALED or detail.claim is None or judgement is None:
        return None
    advice = suggestion(detail.brief.get("recommendation"))
    differs, line = _compared(advice.verb if advice else "", judgement, list(options))
    guards = detail.handoff.safeguards
    alone = spec.read(guards).approvers == 1
    return Revealed(
        stages=_stages(2),
        own=said(judgement, detail.brief),
        reason=marked(judgement.reason),
        at=times.clock(judgement.committed_at, now),
        suggested=advice.verb if advice else "",
        sure=how_sure(detail.brief.get("confidence")),
        line=line,
        differs=differs,
        second_url=reverse("reviews:second-reader", args=[detail.handoff.id])
        if differs and alone
        else "",
        second_asked=bool(guards.get("second_reader")),
    )


def said(judgement: Judgement, brief: Mapping[str, Any]) -> str:
    """Say a judgement in words: "Reject, fairly sure"."""
    options = {str(one.get("id")): one.get("label") for one in brief.get("options") or ()}
    short = options.get(judgement.option or "") or SHORT.get(judgement.verb, judgement.verb)
    return f"{marked(short)}, {judgement.get_confidence_display()}"


def _compared(advice: str, judgement: Judgement, options: list[VerbOption]) -> tuple[bool, str]:
    """Tell whether the suggestion differs, or might, and say so without taking a side."""
    if not advice:
        return False, "The agent sent no suggestion."
    meant = _meant(advice, options)
    if meant is None:
        return True, "Compare the two, then decide. Either is fine."
    if meant == (judgement.verb, judgement.option):
        return False, "It suggests what you answered."
    return True, "It suggests something else. Read why, then decide. Either is fine."


def _meant(advice: str, options: list[VerbOption]) -> tuple[str, str | None] | None:
    """Find the answer that a free text names: by its name, or by how it begins."""
    plain = texts.folded(advice.replace("_", " "))
    names: dict[str, tuple[str, str | None]] = {}
    for option in options:
        answer = (option.verb, option.option)
        verb = option.verb.replace("_", " ")
        own = [option.option] if option.option else [verb, SHORT.get(option.verb)]
        for name in (*own, option.label):
            names.setdefault(texts.folded(name or ""), answer)
    if plain in names:
        return names[plain]
    begins = [name for name in names if name and plain.startswith(name)]
    return names[max(begins, key=len)] if begins else None


def before(detail: HandoffDetail, now: datetime) -> tuple[str, ...]:
    """Say what was judged before the suggestion was shown, once it is answered."""
    return tuple(_in_a_line(one, detail.brief, now) for one in detail.judgements)


def _in_a_line(judgement: Judgement, brief: Mapping[str, Any], now: datetime) -> str:
    who, at = marked(judgement.reviewer.name), times.clock(judgement.committed_at, now)
    match getattr(judgement, "changed", None):
        case True:
            after = "; changed after it"
        case False:
            after = "; the same after it"
        case _:
            after = ""
    return f"{who}: {said(judgement, brief)}, {at} UTC{after}"
