"""One rule as a form: read from the map, read from what was typed, written back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict

from governance.admin import map_changes, map_conditions
from governance.admin.map_conditions import EMPTY, Group, Path, Unfinished
from governance.admin.map_vocabulary import Vocabulary
from handoffs import policy
from handoffs.policy import IfMissing, PolicyError
from handoffs.states import Tier

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class RuleForm:
    """What the form holds; `was` is the name under which the rule stands in the map."""

    was: str | None
    id: str = ""
    tier: str = Tier.HARD_APPROVAL.value
    because: str = ""
    if_missing: str = IfMissing.FIRES.value
    when: Group = EMPTY
    errors: Mapping[str, str] = field(default_factory=dict)
    at: Mapping[Path, str] = field(default_factory=dict)


def of_rule(rule: Mapping[str, Any]) -> RuleForm:
    return RuleForm(
        was=str(rule["id"]),
        id=str(rule["id"]),
        tier=str(rule["tier"]),
        because=str(rule["because"]),
        if_missing=str(rule.get("if_missing", IfMissing.FIRES)),
        when=map_conditions.from_json(rule["when"]),
    )


def of_post(posted: QueryDict, vocabulary: Vocabulary, *, was: str | None) -> RuleForm:
    """Read what was typed, and carry out the button that changes the form only."""
    flat = {name: _joined(posted.getlist(name)) for name in posted}
    when = map_conditions.from_post(flat, vocabulary)
    return RuleForm(
        was=was,
        id=posted.get("id", "").strip(),
        tier=posted.get("tier", ""),
        because=posted.get("because", "").strip(),
        if_missing=posted.get("if_missing", ""),
        when=map_conditions.act(when, posted.get("do", "")),
    )


def _joined(values: list[str]) -> str:
    # several ticked choices are several values of one comparison
    return "\n".join(values)


def to_json(form: RuleForm) -> dict[str, Any]:
    """Write the rule as the map keeps it, or raise Unfinished."""
    return {
        "id": form.id or name_from(form.because),
        "tier": form.tier,
        "when": map_conditions.to_json(form.when),
        "because": form.because,
        "if_missing": form.if_missing,
    }


def to_try(form: RuleForm) -> RuleForm:
    """Fill in what only a saved rule needs, so that its condition can be tried already."""
    return replace(form, because=form.because or "not said yet", id=form.was or "a-rule-to-try")


def name_from(because: str) -> str:
    """Make a rule's short name of its reason: `Refund of 200.00 or more` → refund-of-200-00."""
    words = _NOT_IN_A_NAME.sub("-", because.lower()).strip("-").split("-")
    return "-".join(words[:5])[:64].strip("-")


def checked(form: RuleForm, body: Mapping[str, Any]) -> tuple[RuleForm, dict[str, Any] | None]:
    """Return the form with errors at their fields, and the changed body if there are none."""
    try:
        made = to_json(form)
    except Unfinished as lacking:
        return replace(form, at={lacking.path: lacking.message}), None
    if made["id"] != form.was and map_changes.rule(body, made["id"]) is not None:
        taken = f"There is a rule {made['id']} already. Give this one another name."
        return replace(form, errors={"id": taken}), None
    changed = map_changes.with_rule(body, made, was=form.was)
    try:
        policy.parse_map({**changed, "rules": [made]})
        policy.parse_map(changed)
    except PolicyError as error:
        return _with_error(form, error), None
    return form, changed


def _with_error(form: RuleForm, error: PolicyError) -> RuleForm:
    steps = error.path.split(".")
    name = steps[2] if steps[0] == "rules" and len(steps) > 2 else ""
    if name == "when":
        path = map_conditions.place(form.when, ".".join(steps[2:]))
        return replace(form, at={path: error.reason})
    if name in ("id", "tier", "because", "if_missing"):
        return replace(form, errors={name: error.reason})
    return replace(form, errors={"": str(error)})
