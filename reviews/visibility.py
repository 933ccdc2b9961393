"""What may be sent yet. What is withheld is not in the response: absent, not emptied.

The one door between what an agent sent and whoever is to judge it first: pages, mails, lists and
the admin show what comes out of here. It lets through what it knows; a part that is added to briefs
stays out until it is named below.
"""

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never

from reviews import advice
from reviews.advice import Opinion
from reviews.spec import read

# stands where something was taken out, so that nobody takes the gap for the whole
WITHHELD = "[shown once you have committed your own answer]"
NEUTRAL_ASK = "What should be done?"
NEUTRAL_RULE = {"id": "policy", "because": "Policy asks a person about this one"}

_FACT = frozenset({"label", "value", "kind", "source", "by", "added_by", "at"})
_EVIDENCE = frozenset(
    {"id", "title", "url", "snippet", "source", "must_open", "by", "added_by", "at"}
)
_SPEAKER = re.compile(r"^(user|customer|assistant|agent|system|tool)\s*:\s*", re.M | re.I)
_MACHINE = frozenset({"assistant", "agent", "system"})
_KEY = re.compile(r'"([^"\\]{1,80})"\s*:')


class Phase(StrEnum):
    """Where a reader is with a handoff."""

    OPEN = "open"  # nothing is withheld here
    BEFORE_JUDGEMENT = "before_judgement"
    REVEALED = "revealed"


@dataclass(frozen=True, kw_only=True)
class Seat:
    """From where somebody looks: `key` shuffles the options for this handoff and this person.

    `drafted` says that the draft belongs to an action that is shown; otherwise it is the machine's
    own answer in full.
    """

    key: bytes = b""
    drafted: bool = False


ANYWHERE = Seat()


def phase(spec: Mapping[str, Any], *, decided: bool, judged: bool = False) -> Phase:
    """Anything but an explicit false or nothing at all withholds, until this reader has judged."""
    if not read(spec).withhold_recommendation:
        return Phase.OPEN
    return Phase.REVEALED if decided or judged else Phase.BEFORE_JUDGEMENT


def brief_for(
    brief: Mapping[str, Any],
    spec: Mapping[str, Any],
    decided: bool,
    *,
    judged: bool = False,
    seat: Seat = ANYWHERE,
) -> dict[str, Any]:
    """Return the brief as it may be sent now; `brief` itself is left as it is.

    After the reveal the options keep the order in which they were judged, until the answer.
    """
    now = phase(spec, decided=decided, judged=judged)
    match now:
        case Phase.OPEN:
            return dict(brief)
        case Phase.REVEALED:
            shown = dict(brief)
            if not decided and isinstance(brief.get("options"), list):
                shown["options"] = _shuffled(brief["options"], seat.key)
            return shown
        case Phase.BEFORE_JUDGEMENT:
            return _Censor(advice.opinion(brief), seat).brief(brief)
        case _:
            assert_never(now)


def ask_for(ask: Any, opinion: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    """Return the question for a list, where nobody has judged yet."""
    text = ask if isinstance(ask, str) else ""
    if phase(spec, decided=False) is Phase.OPEN:
        return text
    return _Censor(advice.opinion(opinion), ANYWHERE).ask(text)


def input_for(given: Any, brief: Mapping[str, Any], at: Phase) -> Any:
    """Return what the run was started with, without what the machine thought of it."""
    if at is not Phase.BEFORE_JUDGEMENT:
        return given
    return _Censor(advice.opinion(brief, given), ANYWHERE).input(given)


def message_for(text: str, brief: Mapping[str, Any], at: Phase) -> str:
    """Return what the agent wrote to a person, unless it leans on the judgement."""
    if at is not Phase.BEFORE_JUDGEMENT:
        return text
    return _Censor(advice.opinion(brief), ANYWHERE).words(text)


def rules_for(
    rules: list[dict[str, Any]], policy: Mapping[str, Any] | None, at: Phase
) -> list[dict[str, Any]]:
    """Leave out the rules that fired because of how sure the machine is.

    `policy` is the map that ruled; where it is not known, none of its rules is told.
    """
    if at is not Phase.BEFORE_JUDGEMENT:
        return rules
    leaning = _leaning(policy) if policy is not None else {rule.get("id") for rule in rules}
    kept = [rule for rule in rules if rule.get("id") not in leaning]
    return kept or [dict(NEUTRAL_RULE)]


def option_mask(key: bytes, option: str) -> str:
    """Name an option by what tells nothing: "yes-recommended" would be in the page's source."""
    return "o" + hmac.digest(key or b"anywhere", b"option " + option.encode(), "sha256").hex()[:12]


def unmasked(brief: Mapping[str, Any], key: bytes, masked: str | None) -> str | None:
    """Return the option that was shown under this name, if there is one."""
    ids = [str(option.get("id")) for option in _rows(brief.get("options"))]
    return next((id for id in ids if option_mask(key, id) == masked), None)


def _leaning(policy: Mapping[str, Any]) -> set[Any]:
    rules = policy.get("rules") or []
    return {rule.get("id") for rule in rules if _reads_confidence(rule.get("when"))}


def _reads_confidence(condition: Any) -> bool:
    match condition:
        case Mapping():
            named = {condition.get("signal"), condition.get("missing")}
            return "confidence" in named or any(map(_reads_confidence, condition.values()))
        case list():
            return any(map(_reads_confidence, condition))
        case _:
            return False


def _rows(value: Any) -> list[Mapping[str, Any]]:
    items = value if isinstance(value, list | tuple) else ()
    return [item for item in items if isinstance(item, Mapping)]


def _shuffled(options: list[Any], key: bytes) -> list[Any]:
    """Order options by what nobody chose: the same at each look, another for each person."""
    return sorted(options, key=lambda one: option_mask(key, str(_id(one))))


def _id(option: Any) -> Any:
    return option.get("id") if isinstance(option, Mapping) else option


class _Censor:
    """Takes out of one brief what would betray the opinion in it.

    Every text is looked at in the same way, whether there is an opinion or not: how long it takes
    tells nothing either.
    """

    def __init__(self, opinion: Opinion, seat: Seat) -> None:
        self.opinion, self.seat = opinion, seat

    def brief(self, brief: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self._parts(brief))

    def _parts(self, brief: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in brief.items():
            match name:
                case "ask":
                    yield name, self.ask(value if isinstance(value, str) else "")
                case "summary":
                    yield name, self.words(value) if isinstance(value, str) else ""
                case "stood_out":
                    yield name, value
                case "output":
                    yield name, self.value(value)
                case "steps":
                    yield name, [self.words(str(one)) for one in value or ()]
                case "facts":
                    yield name, [self.fact(one) for one in _rows(value)]
                case "flags":
                    yield name, [self.flag(one) for one in _rows(value)]
                case "evidence":
                    yield name, [self.evidence(*one) for one in enumerate(_rows(value), start=1)]
                case "options":
                    yield name, self.options(_rows(value))
                case "recovery" if isinstance(value, Mapping):
                    yield name, dict(self._recovery(value))
                case "draft" if self.seat.drafted:
                    yield name, self.value(value)

    def words(self, text: str) -> str:
        """Let the machine's own words through where they neither quote nor advise."""
        advises, quotes = advice.advises(text), self.opinion.quoted_in(text)
        return WITHHELD if advises or quotes else text

    def ask(self, text: str) -> str:
        """Ask it neutrally where the question answers itself."""
        advises, tells = advice.advises(text), self.opinion.told_in(text)
        return NEUTRAL_ASK if advises or tells else text

    def fact(self, fact: Mapping[str, Any]) -> dict[str, Any]:
        shown = {key: self.value(value) for key, value in fact.items() if key in _FACT}
        if advice.names_opinion(str(fact.get("label", ""))):
            return {"label": WITHHELD, "value": WITHHELD, "kind": "text"}
        if self._leans(fact.get("value")):
            return {**shown, "value": WITHHELD, "kind": "text"}
        return shown

    def flag(self, flag: Mapping[str, Any]) -> dict[str, Any]:
        return {"label": self.words(str(flag.get("label", ""))), "severity": flag.get("severity")}

    def evidence(self, number: int, item: Mapping[str, Any]) -> dict[str, Any]:
        """Let sources speak, also where the opinion quotes them; not an opinion posing as one."""
        named = [str(item.get(key) or "") for key in ("id", "title", "source")]
        if any([advice.names_opinion(name) for name in named]):
            return {"id": f"withheld-{number}", "title": WITHHELD, "must_open": False}
        return {key: self.value(value) for key, value in item.items() if key in _EVIDENCE}

    def options(self, options: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Show what can be chosen, and nothing that says which one or what comes of it."""
        shown = [
            {
                "id": option_mask(self.seat.key, str(option.get("id"))),
                "label": advice.without_hint(str(option.get("label") or "")) or "Another option",
                **({"arguments": self.value(option["arguments"])} if "arguments" in option else {}),
            }
            for option in options
        ]
        return sorted(shown, key=lambda option: str(option["id"]))

    def _recovery(self, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Show what failed and what it was given; of the ways on no more than of options."""
        for name, value in given.items():
            if name in ("tool", "input", "input_schema"):
                yield name, self.value(value)
            elif name in ("tools", "routes", "scope"):
                yield name, self.options(_rows(value))

    def input(self, given: Any) -> Any:
        if isinstance(given, Mapping):
            kept = self.value(given)
            if isinstance(kept.get("transcript"), str):
                kept["transcript"] = self.transcript(kept["transcript"])
            return kept
        return self.value(given)

    def transcript(self, text: str) -> str:
        """Keep what was said; of the machine's turns those that neither quote nor advise."""
        cuts = [*_SPEAKER.finditer(text)]
        if not cuts:
            return self.words(text)
        ends = [*(cut.start() for cut in cuts[1:]), len(text)]
        turns = [
            self._turn(cut, text[cut.end() : end]) for cut, end in zip(cuts, ends, strict=True)
        ]
        return text[: cuts[0].start()] + "".join(turns)

    def _turn(self, cut: re.Match[str], said: str) -> str:
        shown = self.words(said)
        machine = cut[1].casefold() in _MACHINE
        return cut[0] + (f"{shown}\n" if machine and shown == WITHHELD else said)

    def value(self, value: Any) -> Any:
        """Take the opinion out of what is nested, also where JSON is sent as text."""
        match value:
            case Mapping():
                return {
                    key: self.value(item)
                    for key, item in value.items()
                    if not advice.names_opinion(str(key))
                }
            case list() | tuple():
                return [self.value(item) for item in value]
            case str() if value.lstrip()[:1] in ("{", "["):
                return self._written(value)
            case _:
                return value

    def _written(self, text: str) -> str:
        if not any([advice.names_opinion(key) for key in _KEY.findall(text)]):
            return text
        try:
            read = json.loads(text)
        except ValueError:
            return WITHHELD
        return json.dumps(self.value(read), ensure_ascii=False)

    def _leans(self, value: Any) -> bool:
        text = str(value)
        advises, tells = advice.advises(text), self.opinion.told_in(text)
        return advises or tells
