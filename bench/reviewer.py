"""A reviewer at work over HTTP, without scripts: pages, forms and nothing else."""

import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx
from django.test import Client as Browser

from accounts.models import User

_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_HANDOFF = re.compile(r"/handoffs/(ho_[0-9a-z]+)$")
_GATE = re.compile(r'<form[^>]*action="[^"]*/evidence".*?</form>', re.DOTALL)
_EVIDENCE = re.compile(r'name="evidence" value="([^"]+)"')
_VERB = re.compile(r'name="verb" value="([^"]+)"')


def sign_in(person: User) -> str:
    """Return the session of somebody who just signed in."""
    browser = Browser()
    browser.force_login(person)
    return browser.cookies["session"].value


@dataclass
class Reviewer:
    """Whoever has this session; `took` holds each answer's milliseconds, by what was asked."""

    session: str
    base: str
    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            base_url=self.base,
            cookies={"session": self.session},
            timeout=60,
            trust_env=False,
        )
        self.page = ""

    def get(self, path: str, name: str, **params: str) -> str:
        begun = time.perf_counter()
        answer = self.http.get(path, params=params or None)
        self._note(name, begun, answer)
        self.page = answer.text
        return self.page

    def post(self, path: str, name: str, **said: str) -> httpx.Response:
        """Send a form of the page that is open."""
        token = _CSRF.search(self.page)
        assert token is not None, self.page[:500]
        begun = time.perf_counter()
        answer = self.http.post(path, data={"csrfmiddlewaretoken": token[1], **said})
        self._note(name, begun, answer)
        return answer

    def _note(self, name: str, begun: float, answer: httpx.Response) -> None:
        self.took[name].append((time.perf_counter() - begun) * 1000)
        self.statuses.append(answer.status_code)

    def take(self) -> str | None:
        """Take the next one and open it; None when nothing is left to take."""
        self.get("/", "desk")
        return self._open(self.post("/take", "take")) if 'action="/take"' in self.page else None

    def take_next(self) -> str | None:
        """Take the next one from whatever page is open, as by its key; None when nothing is."""
        return self._open(self.post("/take", "take")) if self.page else self.take()

    def _open(self, answer: httpx.Response) -> str | None:
        onward = _HANDOFF.search(answer.headers.get("location", ""))
        if onward is None:
            return None
        self.get(f"/handoffs/{onward[1]}", "handoff")
        return onward[1]

    def read(self, handoff: str) -> None:
        """Open every piece of evidence that has to be."""
        for form in _GATE.findall(self.page):
            piece = _EVIDENCE.search(form)
            if piece is not None:
                said = {"evidence": unescape(piece[1])}
                self.post(f"/handoffs/{handoff}/evidence", "evidence", **said)

    def write(self, handoff: str, words: str) -> bool:
        """Let the page keep what is written; True when the server says that it has it."""
        kept = self.post(f"/handoffs/{handoff}/draft", "draft", words=words)
        return kept.status_code == 200

    def decide(self, handoff: str, verb: str, words: str, **more: Any) -> httpx.Response:
        return self.post(
            f"/handoffs/{handoff}/decide", "decide", verb=verb, words=words, queue="", **more
        )

    @property
    def verbs(self) -> list[str]:
        return [unescape(verb) for verb in _VERB.findall(self.page)]
