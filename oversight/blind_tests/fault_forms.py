"""How a fault is typed: places as people read them, values as they mean them."""

import json
import re
from collections.abc import Mapping
from typing import Any

from django import forms

from accounts.errors import DomainError, FieldProblem
from handoffs.models import Workflow
from handoffs.states import HandoffKind, Verb
from oversight.blind_tests import material
from oversight.blind_tests.errors import BadFault
from oversight.blind_tests.faults import Difficulty, Edit, Fault, Harm, How, Kind
from oversight.blind_tests.material import Material, Path
from oversight.blind_tests.written import Written
from reviews.caught import Wrong

EDITS = 3
BETWEEN = " › "
_LONG = forms.Textarea(attrs={"rows": 3, "dir": "auto"})
_JSON = {"rows": 5, "spellcheck": "false", "class": "raw"}
_TEXT_HOWS = {"add text", "quote", "another", "also"}
_NAMES_ONE = re.compile(r"\d{3}")
_PLACE = {"list": "places", "autocomplete": "off", "dir": "auto"}


# what is done, as somebody chooses it
HOWS = {
    "set": "it becomes this",
    "scale": "it is multiplied by this",
    "add": "this much is added to it",
    "transpose": "two of its digits are swapped",
    "shift days": "it moves by so many days",
    "add text": "this text is added to it",
    "another": "it becomes another one that stands in the brief",
    "also": "another one that stands in the brief is added to its list",
    "quote": "it becomes what this pattern finds where the fault shows",
}


def words(path: Path) -> str:
    return BETWEEN.join(map(str, path))


def path_of(text: str) -> Path:
    """Read a place as it is written on the page: brief › facts › Status › value."""
    steps = [step.strip() for step in text.replace("›", ">").split(">")]
    return tuple(int(step) if step.isascii() and step.isdigit() else step for step in steps if step)


class _Common(forms.Form):
    name = forms.CharField(label="What it is called", max_length=120)
    action_type = forms.ChoiceField(label="Type of action")
    kind = forms.ChoiceField(label="Kind of fault", choices=[(k.value, k.value) for k in Kind])
    difficulty = forms.ChoiceField(
        label="How hard it is to see", choices=[(d.value, d.value) for d in Difficulty]
    )
    harm = forms.ChoiceField(
        label="What happens if it is followed", choices=[(h.value, h.value) for h in Harm]
    )

    def __init__(self, workflow: Workflow, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        names = workflow.action_types.order_by("name").values_list("name", flat=True)
        choice = self.fields["action_type"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(name, name) for name in names]

    def refuse(self, refusal: DomainError) -> None:
        for problem in refusal.fields or (FieldProblem("", refusal.message),):
            self.add_error(problem.path if problem.path in self.fields else None, problem.message)

    @property
    def common(self) -> dict[str, Any]:
        if not self.is_valid():
            raise BadFault
        typed = self.cleaned_data
        return {
            "name": typed["name"].strip(),
            "kind": Kind(typed["kind"]),
            "difficulty": Difficulty(typed["difficulty"]),
            "harm": Harm(typed["harm"]),
            "shown_at": path_of(typed["shown_at"]),
            "told": typed["told"].strip(),
        }


class FaultForm(_Common):
    """A generator: up to three edits, where they show, and what is told of them."""

    shown_at = forms.CharField(
        label="Where somebody who looks can see it",
        help_text="A fact, a piece of evidence, a flag or the original input.",
        widget=forms.TextInput(attrs=_PLACE),
    )
    told = forms.CharField(
        label="What its reviewer is told afterwards",
        help_text="Neutral, and what to look at: “The order was for less than the refund.”",
        widget=_LONG,
    )

    def __init__(self, workflow: Workflow, data: Any = None, initial: Any = None) -> None:
        super().__init__(workflow, data, initial)
        hows = [(how.value, HOWS.get(how.value, how.value)) for how in How]
        for number in range(1, EDITS + 1):
            needed = number == 1
            self.fields[f"at_{number}"] = forms.CharField(
                label="Where", required=needed, widget=forms.TextInput(attrs=_PLACE)
            )
            self.fields[f"how_{number}"] = forms.ChoiceField(label="What is done", choices=hows)
            self.fields[f"value_{number}"] = forms.CharField(
                label="With what",
                required=False,
                widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
            )
            self.fields[f"how_{number}"].required = needed

    @property
    def edits(self) -> list[tuple[Any, Any, Any]]:
        """Return the fields of each edit, for the page."""
        return [
            (self[f"at_{number}"], self[f"how_{number}"], self[f"value_{number}"])
            for number in range(1, EDITS + 1)
        ]

    @property
    def fault(self) -> Fault:
        """Return what was typed; raises BadFault where it is none."""
        common, typed = self.common, self.cleaned_data
        edits = tuple(
            _edit(typed[f"at_{number}"], typed[f"how_{number}"], typed[f"value_{number}"], number)
            for number in range(1, EDITS + 1)
            if typed[f"at_{number}"].strip()
        )
        return Fault(**common, action_type=typed["action_type"], edits=edits)


def _edit(at: str, how: str, value: str, number: int) -> Edit:
    chosen = How(how)
    if chosen.value in ("scale", "shift days", "add"):
        found = _number(value, number)
    elif chosen.value in _TEXT_HOWS:
        found = value or None
    else:
        found = meant(value)
    return Edit(at=path_of(at), how=chosen, value=found)


def _number(value: str, number: int) -> Any:
    found = meant(value)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise BadFault(fields=(FieldProblem(f"value_{number}", "This takes a number."),))
    return found


def meant(value: str) -> Any:
    """Read a number, yes and no or a list as such; everything else is text as it stands."""
    try:
        return json.loads(value)
    except ValueError:
        return value or None


class ByHandForm(_Common):
    """A whole test: what is asked, what it can be checked against, and what is wrong with it."""

    ask = forms.CharField(label="What is asked", max_length=300)
    summary = forms.CharField(
        label="In the agent's words", required=False, widget=_LONG, max_length=2000
    )
    rationale = forms.CharField(
        label="Why the agent recommends it", required=False, widget=_LONG, max_length=2000
    )
    arguments = forms.CharField(
        label="What it would do, exactly",
        help_text="The arguments of the action, as JSON.",
        widget=forms.Textarea(attrs=_JSON),
    )
    facts = forms.CharField(
        label="Facts",
        help_text="One in a line: Order total: 120.00 EUR",
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
    )
    evidence = forms.CharField(
        label="Evidence",
        help_text="One in a line: Return policy: Within 30 days of delivery.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )
    text = forms.CharField(
        label="Original request", required=False, widget=_LONG, max_length=10_000
    )
    wrong = forms.CharField(
        label="Which arguments are wrong",
        help_text="Their names, one in a line. None: the action as a whole is wrong.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    right = forms.CharField(label="What would have been right", max_length=300)
    shown_at = forms.CharField(
        label="Where somebody who looks can see it",
        help_text="The name of a fact or a piece of evidence, or: input › text",
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    told = forms.CharField(label="What its reviewer is told afterwards", widget=_LONG)

    def __init__(self, workflow: Workflow, like: Material | None, data: Any = None) -> None:
        super().__init__(workflow, data, initial=_like(like) if like else None)
        self._like = like

    @property
    def written(self) -> Written:
        """Return what was typed; raises BadFault where it is no test."""
        common, body = self.common, self._body()
        common["shown_at"] = _shown(common["shown_at"], body)
        arguments = body["arguments"]
        values = []
        for line in self.cleaned_data["wrong"].splitlines():
            path = path_of(line)
            if path:
                values.append((path, material.find(arguments, path)))
        return Written(
            **common,
            material=Material(
                action_type=self.cleaned_data["action_type"],
                kind=HandoffKind.APPROVAL.value,
                body=body,
            ),
            wrong=Wrong(verb=Verb.APPROVE, values=tuple(values)),
            right=self.cleaned_data["right"].strip(),
        )

    def _body(self) -> dict[str, Any]:
        typed = self.cleaned_data
        arguments = meant(typed["arguments"])
        if not isinstance(arguments, dict):
            said = 'This is no object in JSON: {"order_id": "W1"}'
            raise BadFault(fields=(FieldProblem("arguments", said),))
        brief: dict[str, Any] = {
            "ask": typed["ask"].strip(),
            "facts": [{"label": label, "value": value} for label, value in _lines(typed["facts"])],
            "evidence": [
                {"id": f"e{number}", "title": title, "snippet": snippet}
                for number, (title, snippet) in enumerate(_lines(typed["evidence"]), start=1)
            ],
            "recommendation": {"answer": "approve", "rationale": typed["rationale"].strip()},
        }
        if typed["summary"].strip():
            brief["summary"] = typed["summary"].strip()
        text = typed["text"].strip()
        shown = _as_usual(brief, self._like.body["brief"] if self._like else {})
        return {"arguments": arguments, "brief": shown, "input": {"text": text} if text else {}}


def _like(like: Material) -> dict[str, str]:
    """Begin with a handoff of its kind, so that only what is to be wrong has to be typed."""
    brief, said = like.body["brief"], like.body.get("input") or {}
    advice = brief.get("recommendation") or {}
    facts = [f"{fact['label']}: {fact['value']}" for fact in brief.get("facts") or ()]
    evidence = [f"{one.get('title', '')}: {_line(one)}" for one in brief.get("evidence") or ()]
    text = said.get("text") if isinstance(said, Mapping) else said
    return {
        "action_type": like.action_type,
        "ask": str(brief.get("ask") or ""),
        "summary": str(brief.get("summary") or ""),
        "rationale": str(advice.get("rationale") or "") if isinstance(advice, Mapping) else "",
        "arguments": json.dumps(like.body["arguments"], indent=2, ensure_ascii=False),
        "facts": "\n".join(facts),
        "evidence": "\n".join(evidence),
        "text": str(text or ""),
    }


def _line(evidence: Mapping[str, Any]) -> str:
    return " ".join(str(evidence.get("snippet") or "").split())


# of a brief, what is of no one handoff and would be missed
_USUAL = ("confidence",)


def _as_usual(brief: Mapping[str, Any], real: Mapping[str, Any]) -> dict[str, Any]:
    """Give facts the kind and evidence the id that those of its kind have: without, it would tell.

    What names another order is left out, as it would name the wrong one here.
    """
    facts = {str(one.get("label")): one for one in real.get("facts") or ()}
    evidence = {str(one.get("title")): one for one in real.get("evidence") or ()}
    usual = {name: real[name] for name in _USUAL if name in real}
    return {
        **usual,
        **brief,
        "facts": [_unnamed(facts.get(one["label"], {})) | one for one in brief["facts"]],
        "evidence": [
            one | _unnamed(evidence.get(one["title"], {})) | {"snippet": one["snippet"]}
            for one in brief["evidence"]
        ],
    }


def _unnamed(real: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: real[name] for name in ("id", "kind", "source", "must_open") if name in real}
    return {name: value for name, value in kept.items() if not _NAMES_ONE.search(str(value))}


def _lines(text: str) -> list[tuple[str, str]]:
    found = []
    for line in text.splitlines():
        label, colon, said = line.partition(":")
        if colon and label.strip() and said.strip():
            found.append((label.strip(), said.strip()))
    return found


def _shown(path: Path, body: Mapping[str, Any]) -> Path:
    """Take the name of a fact, or of evidence, for its place."""
    if len(path) != 1:
        return path
    brief, name = body["brief"], path[0]
    if any(fact["label"] == name for fact in brief["facts"]):
        return ("brief", "facts", name, "value")
    found = [item["id"] for item in brief["evidence"] if item["title"] == name]
    return ("brief", "evidence", found[0], "snippet") if found else path
