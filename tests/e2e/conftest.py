"""A real browser on a real server. Pictures go to test-results/, the README's to docs/images/."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test import Client
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from accounts.models import User
from tests.database import Databases

# Playwright runs a loop in this thread; the ORM is used beside it, never in it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "test-results" / "pictures"
CHROMIUM = os.environ.get("OVERREAD_CHROMIUM", "/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# what a page may not do without someone looking at it
SERIOUS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.fspath).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"There is no browser at {CHROMIUM}; set OVERREAD_CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def server(committed_db: Databases, settings: Any) -> Iterator[str]:
    settings.ALLOWED_HOSTS = ["*"]
    settings.CSRF_TRUSTED_ORIGINS = []
    thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    yield f"http://127.0.0.1:{thread.port}"
    thread.terminate()


@pytest.fixture
def open_as(chromium: Browser, server: str) -> Iterator[Callable[..., Page]]:
    """Open a signed-in page: `open_as(ann, "/", width=360, theme="dark", scripts=False)`.

    Whatever the browser complains about, policy violations first of all, fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def _open(
        user: User | None,
        path: str,
        *,
        width: int = 1440,
        theme: Any = "light",
        scripts: bool = True,
    ) -> Page:
        context = chromium.new_context(
            base_url=server,
            viewport={"width": width, "height": 900 if width > 500 else 760},
            color_scheme=theme,
            java_script_enabled=scripts,
            has_touch=width < 500,
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="UTC",
        )
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            context.add_cookies(
                [{"name": "session", "value": client.cookies["session"].value, "url": server}]
            )
        page = context.new_page()
        page.on("console", lambda said: _complain(said.type, said.text, complaints))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield _open
    for context in contexts:
        context.close()
    assert not complaints, complaints


def _complain(kind: str, text: str, complaints: list[str]) -> None:
    """Answers of 409 and 422 are part of the product; Chromium and htmx log them as errors."""
    expected = "status of 4" in text or "Status Error Code 4" in text
    if kind in ("error", "warning") and not expected:
        complaints.append(text)


def picture(page: Page, name: str, *, full: bool = True) -> Path:
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path, full_page=full)
    return path


def assert_fits(page: Page) -> None:
    """Nothing sticks out sideways."""
    too_wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert too_wide <= 0, f"{page.url} is {too_wide} px too wide"


def assert_accessible(page: Page, part: str | None = None) -> None:
    """axe finds nothing to object to, in this part of the page or in all of it.

    It looks at the page as a whole: what slides under a bar at some height, and can be scrolled out
    from there, would count as too small.
    """
    size = page.viewport_size
    assert size is not None
    tall = page.evaluate("document.documentElement.scrollHeight") + size["height"]
    page.set_viewport_size({"width": size["width"], "height": tall})
    found = Axe().run(page, context=part, options={"runOnly": SERIOUS})
    page.set_viewport_size(size)
    assert found.violations_count == 0, found.generate_report()
