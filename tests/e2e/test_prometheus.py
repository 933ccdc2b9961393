"""A real Prometheus reads what we tell it, and nothing without the token."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from django.utils import timezone

from handoffs import jobs
from oversight.models import Alarm, Threshold
from oversight.watch import alarms
from tests.factories import Shop
from tests.flows.processes import free_port

PROMETHEUS = os.environ.get("OVERREAD_PROMETHEUS") or shutil.which("prometheus")
TOKEN = "token-of-this-test"
SECONDS = 30


@contextmanager
def scraping(server: str, token: str, home: Path) -> Iterator[Callable[..., Any]]:
    """Let a Prometheus of its own read the server every second; yield how to ask it."""
    if PROMETHEUS is None:
        pytest.skip("There is no prometheus on PATH; apt-get install prometheus.")
    (home / "prometheus.yml").write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                "scrape_configs": [
                    {
                        "job_name": "overread",
                        "authorization": {"credentials": token},
                        "static_configs": [{"targets": [server.removeprefix("http://")]}],
                    }
                ],
            }
        )
    )
    port = free_port()
    process = subprocess.Popen(
        [
            PROMETHEUS,
            f"--config.file={home / 'prometheus.yml'}",
            f"--storage.tsdb.path={home / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ]
    )
    try:
        yield lambda path, **query: _ask(f"http://127.0.0.1:{port}{path}?{urlencode(query)}")
    finally:
        process.terminate()
        process.wait(timeout=SECONDS)


def _ask(address: str) -> Any:
    with urlopen(address, timeout=5) as answer:
        return json.load(answer)["data"]


def until(found: Callable[[], Any]) -> Any:
    """Ask until there is something; Prometheus tells nobody when it has scraped."""
    ends_at = time.monotonic() + SECONDS
    while True:
        try:
            if value := found():
                return value
        except URLError:
            pass
        assert time.monotonic() < ends_at, "Prometheus never had it"
        time.sleep(0.2)


def test_prometheus_scrapes_and_finds_what_is_raised(
    server: str, shop: Shop, settings: Any, tmp_path: Path
) -> None:
    settings.METRICS_TOKEN = TOKEN
    for name in settings.JOBS_MAY_BE_SILENT:
        jobs.done(name)
    alarms.look(now=timezone.now())
    late = Threshold.objects.get(measure="late", workflow=shop.workflow)
    Alarm.objects.create(threshold=late, raised_at=timezone.now(), said="Too much is late.")

    with scraping(server, TOKEN, tmp_path) as ask:
        raised = until(lambda: ask("/api/v1/query", query="overread_alarm_raised == 1")["result"])
        (target,) = ask("/api/v1/targets")["activeTargets"]
        meta = ask("/api/v1/metadata", metric="overread_alarm_raised")
        silent = ask("/api/v1/query", query="count(overread_job_silent_seconds)")["result"]

    assert (target["health"], target["lastError"]) == ("up", "")
    labels = raised[0]["metric"]
    assert (labels["measure"], labels["workflow"]) == ("late", shop.workflow.slug)
    assert meta["overread_alarm_raised"][0]["type"] == "gauge"
    assert silent[0]["value"][1] == str(len(settings.JOBS_MAY_BE_SILENT))


def test_with_another_token_it_finds_nothing(
    server: str, shop: Shop, settings: Any, tmp_path: Path
) -> None:
    settings.METRICS_TOKEN = TOKEN
    with scraping(server, "another", tmp_path) as ask:
        error = until(
            lambda: [one["lastError"] for one in ask("/api/v1/targets")["activeTargets"]
                     if one["health"] == "down"]
        )  # fmt: skip
        assert "401" in error[0]
        assert ask("/api/v1/query", query="overread_outbox_pending")["result"] == []
