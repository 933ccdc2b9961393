"""Agents' text in a real browser under the real policy: it is shown, and that is all it does."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from handoffs.models import Checkpoint
from reviews import claims
from tests import hostile_text
from tests.e2e.hostile import objections
from tests.factories import Shop
from tests.reviews.waiting import put

Open = Callable[..., Page]


def briefs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every writing in every place that takes text, a handful at a time."""
    writings = list(hostile_text.WRITINGS.values())
    for first in range(0, len(writings), 8):
        some = [text[:3_900] for text in writings[first : first + 8]]
        yield f"writings {first}", _brief(some)
    addresses = [*hostile_text.HONEST, *hostile_text.DISGUISED]
    yield "addresses", _brief(addresses, kind="link")


def _brief(texts: list[str], kind: str = "text") -> dict[str, Any]:
    numbered = list(enumerate(texts))
    return {
        "ask": texts[0][:300],
        "summary": texts[1],
        "facts": [
            {"label": text[:120], "value": text, "kind": kind, "source": text[:300]}
            for text in texts
        ],
        "flags": [{"label": text[:120], "severity": "high"} for text in texts],
        "steps": [text[:300] for text in texts],
        "evidence": [
            {"id": f"e{number}", "title": text[:300], "url": text, "snippet": text, "source": text}
            for number, text in numbered
        ],
        "draft": {"kind": "markdown", "body": "\n\n".join(map(_written, texts))},
        "options": [
            {"id": f"o{number}", "label": text[:300], "consequence": text[:300]}
            for number, text in numbered[:9]
        ],
        "recommendation": {"answer": texts[0][:120], "rationale": texts[-1]},
        "confidence": {"value": 0.5, "basis": texts[-1][:300]},
        "on_answer": {"approve": texts[0][:300], "reject": texts[-1][:300]},
    }


def _written(text: str) -> str:
    return f"{text}\n\n[good.example]({text})\n\n[again](<{text}>)\n\n<{text}>"


BRIEFS = list(briefs())


@pytest.mark.parametrize(("name", "brief"), BRIEFS, ids=[name for name, _ in BRIEFS])
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_an_agent_writes_does_anything(
    open_as: Open, shop: Shop, bot: Client, ann: User, name: str, brief: dict[str, Any], width: int
) -> None:
    texts = [fact["value"] for fact in brief["facts"]]
    handoff = put(shop, bot, brief=brief, arguments={"note": texts[0], "list": texts, texts[-1]: 1})
    handoff.run.input = {"text": texts[0], "transcript": "\nuser: ".join(texts), "also": texts}
    handoff.run.requester = {"name": texts[-1][:200]}
    handoff.run.save(update_fields=["input", "requester"])
    claims.pick(handoff.id, by=ann, now=timezone.now())
    asked: list[str] = []

    page = open_as(ann, reverse("reviews:desk"), width=width)
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
    page.goto(reverse("reviews:handoff", args=[handoff.id]))

    assert objections(page) == []
    here = page.evaluate("location.origin")
    assert [url for url in asked if not url.startswith(here)] == []


def test_what_is_behind_it_is_one_click_away(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot)
    handoff.run.input = {"text": "Where is my tablet?", "transcript": "user: Where is it?", "n": 1}
    handoff.run.save(update_fields=["input"])
    Checkpoint.objects.create(run=handoff.run, version=1, body='{"step": 3}')
    claims.pick(handoff.id, by=ann, now=timezone.now())

    for scripts in (True, False):
        page = open_as(ann, reverse("reviews:handoff", args=[handoff.id]), scripts=scripts)
        for link, shown in (
            ("Full transcript", "#transcript"),
            ("What the agent stored", "#stored"),
            ("What else came with it", "#given"),
        ):
            assert not page.locator(shown).is_visible()
            page.get_by_role("link", name=link).click()
            expect(page.locator(shown)).to_be_visible()
        page.get_by_text("Original request").click()
        expect(page.locator(".request .long")).to_have_text("Where is my tablet?")
        page.get_by_role("link", name="Everything as it was sent").click()
        expect(page.get_by_role("heading", name="What the agent stored")).to_be_visible()
