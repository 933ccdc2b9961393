from collections.abc import Iterator

import httpx
import pytest
from reviewing import Cancel, Shop
from stub_http import serve
from stub_server import KEY, Stub

import overread

# Some surroundings shut the network off; these tests need one socket to themselves.
SOCKETS_ALLOWED = pytest.mark.enable_socket


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "enable_socket: may open sockets")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(SOCKETS_ALLOWED)


@pytest.fixture
def server() -> Iterator[Stub]:
    stub = Stub()
    listening = serve(stub)
    yield stub
    with stub.moved:
        stub.moved.notify_all()
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def naps() -> list[float]:
    """The pauses that the client took."""
    return []


@pytest.fixture
def client(server: Stub, naps: list[float]) -> Iterator[overread.Client]:
    """A client that notes its pauses instead of sleeping."""
    http = httpx.Client(trust_env=False, verify=False)
    with overread.Client(server.url, KEY, http=http, sleep=naps.append) as client:
        yield client


@pytest.fixture
def run(client: overread.Client) -> overread.Run:
    return client.start_run("retail-support", "ticket-1")


@pytest.fixture
def quick(server: Stub) -> Iterator[overread.Client]:
    """A client in real time that pauses only for moments."""
    http = httpx.Client(trust_env=False, verify=False)
    backoff = overread.Backoff(first=0.02, longest=0.1)
    with overread.Client(server.url, KEY, http=http, backoff=backoff) as client:
        yield client


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def cancel(shop: Shop, client: overread.Client, run: overread.Run) -> Cancel:
    """A gated cancellation that waits for people."""
    return overread.gate("cancel_order", client=client, run=run)(shop.cancel)
