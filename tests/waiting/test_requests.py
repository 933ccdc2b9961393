"""What the gateway says to requests that it can answer without its database."""

import subprocess
import sys

import pytest

from handoffs.waiting import Watched
from tests.waiting import harness
from tests.waiting.harness import blind, get, run_async, token, wait

FINE = Watched(id="run_1", version=1)


SIGNED = f"/wait/{token(FINE)}"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        pytest.param("/wait/", 403, "bad_wait_url", id="no token"),
        pytest.param("/wait/x", 403, "bad_wait_url", id="no signature"),
        pytest.param("/wait/é", 403, "bad_wait_url", id="not ASCII"),
        pytest.param("/wait/" + "x" * 5000, 403, "bad_wait_url", id="long"),
        pytest.param(f"/wait/{token(FINE, key=b'?')}", 403, "bad_wait_url", id="another's key"),
        pytest.param(SIGNED[:-1], 403, "bad_wait_url", id="cut"),
        pytest.param(f"{SIGNED}x", 403, "bad_wait_url", id="lengthened"),
        pytest.param(f"/wait/{token(FINE, expires_in=-1)}", 410, "wait_url_expired", id="expired"),
        pytest.param(f"{SIGNED}?seconds=61", 422, "bad_shape", id="61 seconds"),
        pytest.param(f"{SIGNED}?seconds=-1", 422, "bad_shape", id="less than none"),
        pytest.param(f"{SIGNED}?seconds=1.5", 422, "bad_shape", id="one and a half"),
        pytest.param(f"{SIGNED}?seconds=", 422, "bad_shape", id="empty"),
        pytest.param(f"{SIGNED}?seconds=1e1", 422, "bad_shape", id="exponent"),
        pytest.param(f"{SIGNED}?seconds=٣", 422, "bad_shape", id="other digits"),
        pytest.param("/", 404, "not_found", id="root"),
        pytest.param("/api/v1/runs", 404, "not_found", id="the web server's"),
    ],
)
def test_a_bad_request_is_a_problem(path: str, status: int, code: str) -> None:
    async def scenario() -> None:
        async with blind() as gateway:
            refused = await get(gateway, path)

            assert refused
            assert (refused.status, refused.body["code"]) == (status, code)
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.body["status"] == status
            assert refused.body["type"].startswith("https://overread.example/docs/errors/")
            assert refused.body["detail"].count(". ") >= 2
            assert refused.body["request_id"]
            fields = ["seconds"] if status == 422 else []
            assert [field["path"] for field in refused.body["fields"]] == fields

    run_async(scenario())


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "DELETE"])
def test_a_wait_can_only_be_read(method: str) -> None:
    async def scenario() -> None:
        async with blind() as gateway:
            refused = await get(gateway, f"/wait/{token(FINE)}", method=method)

            assert refused
            assert (refused.status, refused.headers["allow"]) == (405, "GET")

    run_async(scenario())


def test_a_database_out_of_reach_is_said() -> None:
    async def scenario() -> None:
        async with blind() as gateway:
            told = await wait(gateway, FINE, 1)
            health = await get(gateway, "/healthz")

        assert (told.status, told.headers["retry-after"]) == (503, "2")
        assert health and (health.status, health.body["ok"]) == (503, False)

    run_async(scenario())


def test_the_gateway_starts_without_django() -> None:
    """It holds thousands of waits in one process: nothing that is not needed is loaded."""
    program = "import sys, waiting.gateway; sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], cwd=harness.ROOT).returncode == 0
