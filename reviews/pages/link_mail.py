"""What an approver reads in the mail: the first lines of the brief, and where to answer.

It is made from the same page as everything else, so what is withheld there is not here either.
Whatever an agent wrote is told as its words, and no address in it can be followed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.template.loader import render_to_string

from accounts.models import User
from handoffs.states import HandoffKind, Tier, Verb
from reviews import link_rules, verbs
from reviews.desk import HandoffDetail
from reviews.link_rules import Needs
from reviews.pages import afterwards, handoff
from reviews.pages.text import marked
from reviews.pages.values import Value

_FACTS = 8
_FLAGS = 5
_LINE = 240
_SUBJECT = 120
# what a mail program would make a link of; a dot in a number is none
_SCHEME = re.compile(r"\b([a-z][a-z0-9+.-]*):(?=//)", re.I)
_NAME = re.compile(r"(?<![\w.@-])((?:[\w-]+\.)+)(?=[^\W\d_]{2,}\b)")
# ways round an answer; in a mail they only hide the answers
ASIDE = frozenset({verbs.ASK_INFORMATION, verbs.ESCALATE, Verb.REDIRECT.value})
OPENS: dict[Needs, str] = {
    Needs.LINK: "It is for you alone and answers once: whoever has this mail can answer as you, "
    "so do not pass it on.",
    Needs.SIGN_IN: "You sign in first. It is for you alone and answers once.",
    Needs.STEP_UP: "You sign in and enter your password again first. It is for you alone and "
    "answers once.",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    label: str
    text: str


@dataclass(frozen=True, kw_only=True)
class MailView:
    """Everything that both parts of the mail print."""

    name: str
    ask: str
    kind: str
    workflow: str
    role: str
    due: str
    otherwise: str
    why: str
    waits: str
    facts: tuple[Line, ...]
    more: int
    flags: tuple[Line, ...]
    answers: tuple[Line, ...]
    suggestion: str
    withheld: bool
    url: str
    opens: str
    until: str


def mail(
    detail: HandoffDetail, *, approver: User, needs: Needs, url: str, until: datetime, now: datetime
) -> dict[str, str]:
    """Write subject, text and HTML; `url` holds a mark where the link's secret will be."""
    view = _view(detail, approver, needs, url, until, now)
    return {
        "subject": f"Decide by {view.due}: {view.ask}"[:_SUBJECT],
        "text": tidy(render_to_string("emails/approval.txt", {"mail": view})),
        "html": render_to_string("emails/approval.html", {"mail": view}),
    }


def inert(text: str) -> str:
    """Write addresses so that no mail program makes links of them: evil[.]example, https[:]//…"""
    return _NAME.sub(lambda found: found[1][:-1] + "[.]", _SCHEME.sub(r"\1[:]", text))


def _view(
    detail: HandoffDetail,
    approver: User,
    needs: Needs,
    url: str,
    until: datetime,
    now: datetime,
) -> MailView:
    page = handoff.page(detail, now=now)
    strip = {item.label: item.text for item in page.strip}
    facts = tuple(_facts(page))
    suggestion = page.brief.suggestion
    return MailView(
        name=approver.name,
        ask=line(page.ask),
        kind=page.kind,
        workflow=page.workflow,
        role=page.role,
        due=_at(detail.handoff.deadline_at),
        otherwise=strip.get("If nobody answers", ""),
        why=line(page.why),
        waits=line(strip.get("Who waits", "")),
        facts=facts[:_FACTS],
        more=len(facts[_FACTS:]) + len(page.brief.evidence),
        flags=tuple(
            Line(label=flag.severity, text=line(flag.label)) for flag in page.brief.flags[:_FLAGS]
        ),
        answers=tuple(
            Line(label=line(marked(one.label)), text=line(marked(one.consequence)))
            for one in options(detail, now)
            if one.verb in link_rules.VERBS - ASIDE
        ),
        suggestion=line(f"{suggestion.verb}. {suggestion.rationale}") if suggestion else "",
        withheld=detail.withheld,
        url=url,
        opens=OPENS[needs],
        until=_at(until),
    )


def _at(moment: datetime) -> str:
    """Say when in full: nobody knows on which day a mail is read."""
    return f"{moment.astimezone(UTC):%a %-d %b %H:%M} UTC"


def options(detail: HandoffDetail, now: datetime) -> list[verbs.VerbOption]:
    """Return the answers of this handoff, from what this person may read of it."""
    found = detail.handoff
    return verbs.offered(
        kind=HandoffKind(found.kind),
        tier=Tier(found.tier) if found.tier else None,
        escalates=bool(found.ladder),
        title=detail.title,
        arguments=detail.proposal.arguments if detail.proposal else {},
        brief=detail.brief,
        undoable=afterwards.undoable(detail, now),
    )


def _facts(page: handoff.HandoffPage) -> Iterator[Line]:
    """Yield what will be done, exactly, then what is known, each in a line."""
    for fact in page.action.facts if page.action else ():
        yield Line(label=line(fact.label), text=line(_plain(fact.value)))
    for group in page.brief.facts:
        for fact in group.facts:
            label = f"{group.title}: {fact.label}" if group.title else fact.label
            yield Line(label=line(label), text=line(_plain(fact.value)))


def _plain(value: Value) -> str:
    """Print a value without its layout."""
    match value.kind:
        case "none":
            return "none"
        case "money":
            return f"{value.text} {value.unit}"
        case "list":
            return "; ".join(map(_plain, value.items))
        case "record":
            return "; ".join(f"{name}: {_plain(item)}" for name, item in value.pairs)
        case "table":
            return f"{len(value.rows)} rows, in the brief"
        case _:
            return value.text


def line(text: str) -> str:
    """Bring a text into one line that cannot be followed, and say where it goes on."""
    said = inert(" ".join(text.split()))
    return said if len(said) <= _LINE else f"{said[: _LINE - 1]}…"


def tidy(text: str) -> str:
    """Leave one empty line where the template left several."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
