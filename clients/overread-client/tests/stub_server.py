"""A small server that speaks the contract: its state, and what the API does to it."""

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import rfc8785

Answer = tuple[int, Mapping[str, str], Any]
KEY = "test-key"
LIVE: dict[str, Any] = {
    "cause": "created",
    "open_handoffs": [],
    "transitions": [
        {
            "from_state": "",
            "to_state": "RUNNING",
            "at": "2026-07-01T10:00:00Z",
            "cause": "created",
            "by": {"kind": "client", "name": "bot"},
            "handoff": None,
        }
    ],
}


def digest(value: Any) -> str:
    return "sha-256=" + hashlib.sha256(rfc8785.dumps(value)).hexdigest()


@dataclass
class Seen:
    """A request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any
    at: float


@dataclass
class Fault:
    """What goes wrong with the next request whose path contains `path`.

    `after` lets the server do its work first, so that only the answer is lost.
    """

    path: str
    answer: Answer | None = None
    after: bool = False


class Refused(Exception):
    def __init__(self, status: int, code: str, **headers: str) -> None:
        self.answer: Answer = (
            status,
            {name.replace("_", "-"): value for name, value in headers.items()},
            {"status": status, "code": code, "detail": f"Refused: {code}.", "request_id": "r1"},
        )


@dataclass
class Stub:
    """The state; tests look at it and move it like a reviewer would."""

    act: str = "wait"
    pressure: dict[str, Any] = field(default_factory=lambda: {"level": "open", "retry_after": None})
    preconditions: list[dict[str, Any]] = field(default_factory=list)
    lease_limit: float = 60.0
    wait_limit: float = 25.0
    seen: list[Seen] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    handoffs: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    resumptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    replies: dict[str, tuple[bytes, Answer]] = field(default_factory=dict)
    checkpoints: dict[str, list[Any]] = field(default_factory=dict)
    stopped: dict[str, Any] | None = None
    url: str = ""

    def __post_init__(self) -> None:
        self.moved = threading.Condition()
        self.epoch = 0
        self.answers = 0

    def calls(self, path: str) -> list[Seen]:
        return [one for one in self.seen if path in one.path]

    # What people do.

    def answer(self, id: str, verb: str, **said: Any) -> dict[str, Any]:
        with self.moved:
            handoff = self.handoffs[id]
            arguments = said.pop("arguments", handoff["arguments"])
            handoff["answer"] = {
                "id": f"ans_{self._next_answer()}",
                "verb": verb,
                "by": {"kind": "person", "role": "refund approver"},
                "arguments": arguments,
                "arguments_digest": digest(arguments) if arguments is not None else None,
                "answered_at": "2026-07-01T10:00:00Z",
                "handoff": id,
                "proposal": handoff["proposal"],
                "action_type": handoff["action_type"],
                **said,
            }
            self._move(handoff, "answered")
            if handoff["blocking"]:
                self._release_run(handoff)
            found: dict[str, Any] = handoff["answer"]
            return found

    def _next_answer(self) -> int:
        self.answers += 1
        return self.answers

    def stop(self, run: str) -> None:
        with self.moved:
            self.runs[run] |= {"state": "FAILED", "cause": "stopped"}

    def ask_back(self, id: str) -> None:
        with self.moved:
            self._move(self.handoffs[id], "needs_information")

    def _release_run(self, handoff: dict[str, Any]) -> None:
        """End the pause when this was the last question, with every answer since it began."""
        run = self.runs[handoff["run"]]
        asked = [
            one
            for one in self.handoffs.values()
            if one["run"] == run["id"] and one["blocking"] and not one.get("_carried")
        ]
        if any(one["state"] != "answered" for one in asked):
            return
        for one in asked:
            one["_carried"] = True
        run["state"] = "HUMAN_RESPONDED"
        id = f"res_{len(self.resumptions) + 1}"
        self.resumptions[id] = {
            "id": id,
            "run": run,
            "answers": [one["answer"] for one in asked],
            "state": "ready",
            "attempt": 0,
            "handoff": handoff["id"],
            "expires": 0.0,
        }
        self.moved.notify_all()

    def _move(self, handoff: dict[str, Any], state: str) -> None:
        handoff["state"] = state
        handoff["_version"] += 1
        handoff["wait_url"] = f"{self.url}/wait/{handoff['id']}.{handoff['_version']}"
        self.moved.notify_all()

    # What the API does.

    def handle(self, seen: Seen, raw: bytes) -> Answer:
        parts = seen.path.strip("/").split("/")
        if parts[0] == "wait":
            return self._wait(parts[1], float(seen.query.get("seconds", 25)))
        if seen.headers.get("authorization") != f"Bearer {KEY}":
            raise Refused(401, "no_key")
        if seen.method != "POST":
            return self._keyless(seen, parts[2:])
        key = seen.headers["idempotency-key"]
        if key in self.replies:
            body, answer = self.replies[key]
            if body != raw:
                raise Refused(422, "idempotency_mismatch")
            return answer[0], {**answer[1], "Idempotent-Replay": "true"}, answer[2]
        with self.moved:
            answer = self._post(parts[2:], seen.body)
        self.replies[key] = (raw, answer)
        return answer

    def _keyless(self, seen: Seen, parts: list[str]) -> Answer:
        match parts:
            case ["runs", id] if id in self.runs:
                return 200, {}, _public(self.runs[id])
            case ["runs", id, "checkpoint"]:
                return self._checkpoint(id, seen)
            case ["handoffs", id] if id in self.handoffs:
                handoff = self.handoffs[id]
                etag = f'"{handoff["_version"]}"'
                if seen.headers.get("if-none-match") == etag:
                    return 304, {"ETag": etag}, None
                return 200, {"ETag": etag}, _public(handoff)
            case ["receipts", id]:
                return 200, {}, {"handoff": id, "receipt": "a.b.c"}
            case ["pressure"]:
                return 200, {}, self.pressure
            case ["standing"]:
                return 200, {}, {"workflow": seen.query["workflow"], "stopped": self.stopped}
            case ["governance"] | ["maps", _]:
                return 200, {}, {"asked": seen.path, "query": seen.query}
        raise Refused(404, "not_found")

    def _checkpoint(self, id: str, seen: Seen) -> Answer:
        stored = self.checkpoints.setdefault(id, [])
        wanted = seen.headers.get("if-match")
        if wanted is not None and wanted != f'"{len(stored)}"':
            raise Refused(412, "version_conflict")
        stored.append(seen.body)
        return 200, {"ETag": f'"{len(stored)}"'}, {}

    def _post(self, parts: list[str], body: Any) -> Answer:
        match parts:
            case ["runs"]:
                return 201, {}, self._start(body)
            case ["runs", id, "complete" | "fail" as verb]:
                self.runs[id]["state"] = "COMPLETED" if verb == "complete" else "FAILED"
                return 200, {}, _public(self.runs[id])
            case ["proposals", "dry-run"]:
                foreseen = {
                    "queue": "refunds",
                    "deadline_at": "2026-07-01T12:00:00Z",
                    "position": 4,
                }
                return 200, {}, {"id": None, "dry_run": True, **self._ruling(body, foreseen)}
            case ["proposals", "batch"]:
                return 200, {}, {"results": [self._batched(one) for one in body["proposals"]]}
            case ["proposals"]:
                return self._propose(body)
            case ["proposals", id, "outcome"]:
                self.outcomes.append({"proposal": id, **body})
                return 200, {}, {}
            case ["handoffs"]:
                return 201, {}, _public(self._open(body, None))
            case ["handoffs", id, "information"]:
                self._move(self.handoffs[id], "waiting")
                return 200, {}, _public(self.handoffs[id])
            case ["handoffs", id, "withdraw"]:
                self._move(self.handoffs[id], "withdrawn")
                return 200, {}, _public(self.handoffs[id])
            case ["resumptions", "claim"]:
                return self._claim(body)
            case ["resumptions", id, verb]:
                return self._end(self.resumptions[id], verb, body)
        raise Refused(404, "not_found")

    def _start(self, body: dict[str, Any]) -> dict[str, Any]:
        id = f"run_{body['external_id']}"
        run = {"id": id, "workflow": body["workflow"], "external_id": body["external_id"]}
        self.runs.setdefault(id, {**run, "state": "RUNNING", **LIVE})
        return _public(self.runs[id])

    def _propose(self, body: dict[str, Any]) -> Answer:
        id = f"prop_{len(self.calls('/proposals'))}"
        if self.act in ("proceed", "proceed_and_tell"):
            return 200, {}, {"id": id, **self._ruling(body, None)}
        handoff = self._open(body, id)
        return 201, {}, {"id": id, **self._ruling(body, _short(handoff))}

    def _batched(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["action_type"] == "unknown":
            problem = {
                "code": "unknown_action_type",
                "detail": "No such action type.",
                "status": 422,
            }
            return {"status": 422, "body": problem}
        ruling = {"id": "prop_b", **self._ruling(body, None)}
        return {"status": 200, "replayed": False, "body": ruling}

    def _ruling(self, body: dict[str, Any], handoff: Any) -> dict[str, Any]:
        return {
            "tier": "hard_approval",
            "act": self.act,
            "map": {"workflow": "retail-support", "version": 3},
            "rules": [{"id": "large", "tier": "hard_approval", "because": "Above 200.00 USD"}],
            "arguments_digest": digest(body["arguments"]),
            "warnings": [],
            "handoff": handoff,
            "a_field_of_the_future": {"x": 1},
        }

    def _open(self, body: dict[str, Any], proposal: str | None) -> dict[str, Any]:
        id = f"ho_{len(self.handoffs) + 1}"
        blocking = body.get("blocking", True) and self.act != "proceed_tentatively"
        handoff = {
            "id": id,
            "state": "waiting",
            "run": body["run"],
            "proposal": proposal,
            "action_type": body.get("action_type"),
            "queue": "refunds",
            "answer": None,
            "arguments": body.get("arguments"),
            "blocking": blocking,
            "question": None,
            "_version": 0,
        }
        self.handoffs[id] = handoff
        self.preconditions = body.get("preconditions", [])
        self._move(handoff, "waiting")
        if blocking:
            self.runs[body["run"]]["state"] = "PAUSED_PENDING_HUMAN"
        return handoff

    def _claim(self, body: dict[str, Any]) -> Answer:
        for one in self.resumptions.values():
            if self._free(one) and body.get("run") in (None, one["run"]["id"]):
                self.epoch += 1
                seconds = min(body["lease_seconds"], self.lease_limit)
                one |= {"state": "leased", "token": f"t{self.epoch}", "worker": body["worker"]}
                one |= {"expires": time.monotonic() + seconds, "attempt": one["attempt"] + 1}
                one["run"]["state"] = "RESUMING"
                return 200, {}, self._resumption(one)
        return 204, {"Wait-URL": f"{self.url}/wait/wf.0"}, None

    def _free(self, one: dict[str, Any]) -> bool:
        ended = one["state"] == "leased" and one["expires"] <= time.monotonic()
        return bool(one["state"] == "ready" or ended)

    def _resumption(self, one: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": one["id"],
            "run": _public(one["run"]),
            "checkpoint": {"step": 3},
            "answers": one["answers"],
            "preconditions": self.preconditions,
            "lease": {"token": one["token"], "expires_at": "2026-07-01T10:01:00Z"},
            "attempt": one["attempt"],
        }

    def _end(self, one: dict[str, Any], verb: str, body: dict[str, Any]) -> Answer:
        held = one["state"] == "leased" and one["expires"] > time.monotonic()
        if not held or body["token"] != one["token"]:
            raise Refused(409, "stale_lease")
        if verb == "heartbeat":
            one["expires"] = time.monotonic() + self.lease_limit
            return 200, {}, {"lease": {"expires_at": "2026-07-01T10:02:00Z"}}
        if verb == "release":
            one["state"], one["run"]["state"] = "ready", "HUMAN_RESPONDED"
        elif body["outcome"] == "resumed":
            one["state"], one["run"]["state"] = "resumed", "RUNNING"
        else:
            one["state"], one["changed"] = "stale", body["changed"]
            one["run"]["state"] = "PAUSED_PENDING_HUMAN"
            reopened = self.handoffs[one["handoff"]]
            reopened |= {"answer": None, "_carried": False}
            self._move(reopened, "waiting")
        self.moved.notify_all()
        return 200, {}, {}

    def _wait(self, token: str, seconds: float) -> Answer:
        id, _, version = token.partition(".")
        end = time.monotonic() + min(seconds, self.wait_limit)
        with self.moved:
            while not self._news(id, int(version)) and time.monotonic() < end:
                # Leases end without anyone telling.
                self.moved.wait(min(0.1, self.wait_limit))
            state = self.handoffs[id]["state"] if id in self.handoffs else ""
            return 200, {}, {"changed": self._news(id, int(version)), "state": state}

    def _news(self, id: str, version: int) -> bool:
        if id == "wf":
            return any(self._free(one) for one in self.resumptions.values())
        return bool(self.handoffs[id]["_version"] > version)


def _public(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _short(handoff: dict[str, Any]) -> dict[str, Any]:
    return {name: handoff[name] for name in ("id", "state", "queue", "wait_url")}
