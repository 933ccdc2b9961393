"""Send recorded proposals through the real HTTP API and count what comes of them."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from handoffs.states import Impact, Reversibility, Tier

SLOWEST_SHOWN = 0.95
_TYPES: list[tuple[type, str]] = [
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
    (type(None), "null"),
]


@dataclass
class Tally:
    """What became of the lines; times are milliseconds of the proposal's own request."""

    sent: int = 0
    tiers: Counter[str] = field(default_factory=Counter)
    queues: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        ordered = sorted(self.milliseconds) or [0.0]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the recorded proposals; a line that is no such thing is named by its number."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                record = json.loads(line)
                record["key"], record["run"]["external_id"], record["proposal"]["action_type"]
            except (ValueError, KeyError, TypeError):
                raise ValueError(
                    f"{path.name}, line {number}: not a recorded proposal. A line is an object "
                    "with key, run (with external_id) and proposal (with action_type)."
                ) from None
            yield record


def send(
    http: httpx.Client,
    records: Iterable[dict[str, Any]],
    *,
    workflow: str,
    rate: float | None,
    tally: Tally,
    progress: Callable[[Tally], None],
) -> None:
    """Send each record once, at most `rate` a second, and count in `tally` what came of it.

    A record's key is its Idempotency-Key: replaying the same file again asks nobody twice.
    """
    started = time.monotonic()
    for record in records:
        if rate:
            time.sleep(max(0.0, started + tally.sent / rate - time.monotonic()))
        _send_one(http, record, workflow, tally)
        tally.sent += 1
        progress(tally)


def _send_one(http: httpx.Client, record: dict[str, Any], workflow: str, tally: Tally) -> None:
    run = _post(http, "/api/v1/runs", {**record["run"], "workflow": workflow})
    if run.is_error:
        tally.refusals[_why(run)] += 1
        return
    begun = time.perf_counter()
    told = _post(
        http,
        "/api/v1/proposals",
        {**record["proposal"], "run": run.json()["id"]},
        key=str(record["key"])[:255],
    )
    tally.milliseconds.append((time.perf_counter() - begun) * 1000)
    if told.is_error:
        tally.refusals[_why(told)] += 1
        return
    ruling = told.json()
    tally.tiers[ruling["tier"]] += 1
    if ruling["handoff"]:
        tally.queues[ruling["handoff"]["queue"]] += 1


def _post(http: httpx.Client, path: str, body: Any, *, key: str | None = None) -> httpx.Response:
    """Send what was recorded as it is, NaN and half characters included: refusing is the API's."""
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    return http.post(path, content=json.dumps(body).encode(), headers=headers)


def _why(response: httpx.Response) -> str:
    """Name a refusal by status, code and the first field that is wrong."""
    try:
        problem = response.json()
        fields = problem.get("fields") or [{}]
        first = " ".join(str(fields[0].get(name, "")) for name in ("path", "message")).strip()
        return f"{response.status_code} {problem['code']}{': ' if first else ''}{first[:90]}"
    except (ValueError, KeyError):
        return str(response.status_code)


def cautious_workflow(slug: str, team: str, records: list[dict[str, Any]]) -> str:
    """Write a workflow file for traffic nobody has described yet.

    Everything is of high impact and cannot be undone until somebody says otherwise, so a person
    approves each action; the argument schemas are what the records show.
    """
    seen: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        proposal = record["proposal"]
        seen.setdefault(proposal["action_type"], []).append(proposal.get("arguments", {}))
    document = {
        "workflow": slug,
        "name": slug.replace("-", " ").capitalize(),
        "purpose": "Made from recorded traffic; every action asks a person until this is edited.",
        "queues": {
            slug: {
                "name": slug.replace("-", " ").capitalize(),
                "teams": [team],
                "depth_limit": 10_000,
                "pick_allowed": True,
            }
        },
        "action_types": {
            name: {
                "title": name.replace("_", " ").capitalize(),
                "impact": Impact.HIGH.value,
                "reversibility": Reversibility.IRREVERSIBLE.value,
                "arguments": schema_of(found),
            }
            for name, found in sorted(seen.items())
        },
        "map": {"default": Tier.HARD_APPROVAL.value},
        "matrix": [{"role": team, "queue": slug, "deadline": "1d", "fallback": "reject"}],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def schema_of(values: list[Any]) -> dict[str, Any]:
    """Return the narrowest JSON Schema of a simple kind that takes all `values`."""
    types = sorted({_type(value) for value in values})
    if types == ["integer", "number"]:
        types = ["number"]
    schema: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    objects = [value for value in values if isinstance(value, dict)]
    if objects:
        names = sorted({name for value in objects for name in value})
        schema["properties"] = {
            name: schema_of([value[name] for value in objects if name in value]) for name in names
        }
        schema["required"] = [n for n in names if all(n in value for value in objects)]
        schema["additionalProperties"] = False
    items = [item for value in values if isinstance(value, list) for item in value]
    if items:
        schema["items"] = schema_of(items)
    return schema


def _type(value: Any) -> str:
    return next(name for kind, name in _TYPES if isinstance(value, kind))
