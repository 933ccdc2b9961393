"""The people and systems of every test, by role.

ann and ben review, mia manages, olga audits, three signers sign maps, bot is the agent. They work
wherever the test's data lives: in its transaction, or committed when it asks for `committed_db`.
"""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client as Browser
from django.utils import timezone

from accounts import keys
from accounts.models import Client, User
from accounts.roles import Role
from governance import signoffs
from tests import factories


@pytest.fixture
def refund_approvers(database: None) -> Group:
    return factories.make_team("refund approvers")


@pytest.fixture
def shop(refund_approvers: Group) -> factories.Shop:
    """A launched workflow whose handoffs wait in the queue `refunds` of the refund approvers."""
    return factories.launch_shop(team=refund_approvers)


@pytest.fixture
def ann(refund_approvers: Group) -> User:
    return factories.UserFactory(
        email="ann@example.com", name="Ann", roles=[Role.REVIEWER], groups=[refund_approvers]
    )


@pytest.fixture
def ben(refund_approvers: Group) -> User:
    return factories.UserFactory(
        email="ben@example.com", name="Ben", roles=[Role.REVIEWER], groups=[refund_approvers]
    )


@pytest.fixture
def mia(database: None) -> User:
    return factories.UserFactory(
        email="mia@example.com", name="Mia", roles=[Role.MANAGER], is_staff=True
    )


@pytest.fixture
def olga(database: None) -> User:
    return factories.UserFactory(
        email="olga@example.com", name="Olga", roles=[Role.AUDITOR], is_staff=True
    )


@pytest.fixture
def signers(database: None) -> dict[str, User]:
    """One person for each signature that a map can need, by seat."""
    return {
        seat.value: factories.UserFactory(
            email=f"{seat}@example.com", name=seat.capitalize(), roles=[role], is_staff=True
        )
        for seat, role in signoffs.ROLE_OF.items()
    }


@pytest.fixture
def bot(database: None) -> Client:
    return factories.ClientFactory(name="bot")


@pytest.fixture
def bot_key(bot: Client, mia: User) -> str:
    """A raw key of bot's, for every workflow."""
    return keys.issue(bot, workflows=["*"], by=mia, now=timezone.now()).raw


class Agent:
    """Speaks to the API as an agent does: JSON, a bearer key, an answer with `.json()`."""

    def __init__(self, key: str | None) -> None:
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.browser = Browser()

    def get(self, path: str, **headers: str) -> Any:
        return self.browser.get(f"/api/v1{path}", headers=self.headers | headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("post", path, body, headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("put", path, body, headers)

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        """Send `body` as JSON, or as it is when it is bytes: tests need bad JSON too."""
        data = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        send = getattr(self.browser, method)
        return send(
            f"/api/v1{path}",
            data=data,
            content_type="application/json",
            headers=self.headers | headers,
        )


@pytest.fixture
def agent(bot_key: str) -> Agent:
    return Agent(bot_key)
