"""A browser without scripts: it reads the forms of a page and sends them back as they stand."""

from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse
from django.test import Client

from accounts.models import User

Fields = dict[str, list[str]]


class _Forms(HTMLParser):
    """Collects what each form of a page would send if no button were named."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, Fields] = {}
        self._open: Fields | None = None
        self._select: tuple[str, list[str], list[str]] | None = None
        self._text: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = self.forms.setdefault(given.get("action", ""), {})
        elif tag == "input" and given.get("name"):
            self._input(given)
        elif tag == "select":
            self._select = (given.get("name", ""), [], [])
        elif tag == "option" and self._select:
            self._select[2 if "selected" in given else 1].append(given.get("value", ""))
        elif tag == "textarea":
            self._text = (given.get("name", ""), [])

    def _input(self, given: dict[str, str]) -> None:
        has_tick = given.get("type") in ("checkbox", "radio")
        if not has_tick or "checked" in given:
            self._add(given["name"], given.get("value", "on" if has_tick else ""))

    def handle_data(self, data: str) -> None:
        if self._text:
            self._text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select" and self._select:
            name, offered, chosen = self._select
            self._select = None
            for value in (chosen or offered)[:1]:
                self._add(name, value)
        elif tag == "textarea" and self._text:
            name, text = self._text
            self._text = None
            # a browser drops the line end after the tag, and sends the others as CRLF
            self._add(name, "".join(text).removeprefix("\n").replace("\n", "\r\n"))

    def _add(self, name: str, value: str) -> None:
        if self._open is not None and name:
            self._open.setdefault(name, []).append(value)


def forms(response: HttpResponse) -> dict[str, Fields]:
    """Return the fields of every form of a page by its action."""
    reader = _Forms()
    reader.feed(response.content.decode())
    return reader.forms


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def send(browser: Client, page: Any, action: str, **typed: Any) -> Any:
    """Fill in a form of `page` and send it; a field that was typed replaces what stood there."""
    return browser.post(action, forms(page)[action] | typed)
