"""What every test stands on: real PostgreSQL, two roles, no network, no undefined variables."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import pytest_socket
from django.db import connections
from django.template import engines
from django.template.base import Node

from tests.database import Databases
from tests.people import (  # noqa: F401
    agent,
    ann,
    ben,
    bot,
    bot_key,
    mia,
    olga,
    refund_approvers,
    shop,
    signers,
)

# no deadlines: the machines that run this are shared
hypothesis.settings.register_profile(
    "overread",
    deadline=None,
    max_examples=40,
    suppress_health_check=[
        hypothesis.HealthCheck.function_scoped_fixture,
        hypothesis.HealthCheck.too_slow,
    ],
)
hypothesis.settings.register_profile(
    "thorough", hypothesis.settings.get_profile("overread"), max_examples=2000
)
hypothesis.settings.load_profile(os.environ.get("OVERREAD_HYPOTHESIS", "overread"))


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """Let tests talk to this machine only."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def databases(
    request: pytest.FixtureRequest, django_test_environment: None, django_db_blocker: Any
) -> Iterator[Databases]:
    worker = getattr(request.config, "workerinput", {}).get("workerid", "")
    databases = Databases(f"_{worker}" if worker else "")
    with django_db_blocker.unblock():
        databases.create()
    yield databases
    with django_db_blocker.unblock():
        databases.destroy()


@pytest.fixture(scope="session")
def django_db_setup(databases: Databases) -> None:
    """Replace pytest-django's: it would create the tables as the role that runs."""


@pytest.fixture
def transactional_db() -> None:
    pytest.fail("The runtime role may not empty tables: use committed_db instead.")


@pytest.fixture
def committed_db(
    request: pytest.FixtureRequest, databases: Databases, django_db_blocker: Any
) -> Iterator[Databases]:
    """Commit for real, on as many connections as you like; afterwards all of it is gone.

    For races, crashes and live servers. Child processes inherit DATABASE_URL from os.environ.
    Threads must close their connections before the test ends.
    """
    if request.node.get_closest_marker("django_db"):
        pytest.fail("committed_db and the django_db mark exclude each other: drop the mark.")
    with django_db_blocker.unblock():
        yield databases
        connections.close_all()
        databases.empty()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> None:
    """Give whichever database the test works on, for fixtures that put something into it."""
    wanted = "committed_db" if "committed_db" in request.fixturenames else "db"
    request.getfixturevalue(wanted)


class Undefined(str):
    """Stands for a variable that a template of ours names and its view does not give."""

    def __contains__(self, item: object) -> bool:
        return item == "%s"

    def __mod__(self, variable: Any) -> str:
        origin = self._template()
        if origin and Path(origin).is_relative_to(Path(__file__).parent.parent / "templates"):
            pytest.fail(f"{origin} uses {variable!s}, which is not defined.", pytrace=False)
        return ""

    @staticmethod
    def _template() -> str | None:
        """Find the innermost template node that is being rendered."""
        frame = sys._getframe(2)
        while frame is not None:
            node = frame.f_locals.get("self")
            if isinstance(node, Node) and hasattr(node, "origin"):
                return str(node.origin.name)
            frame = frame.f_back  # type: ignore[assignment]
        return None


@pytest.fixture(autouse=True, scope="session")
def _undefined_variables_fail(django_test_environment: None) -> None:
    engines["django"].engine.string_if_invalid = Undefined("%s")
