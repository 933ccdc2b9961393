"""From what a person chose and wrote to what the run is told, checked against what it takes."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from accounts.errors import FieldProblem
from handoffs.canonical import NotCanonical, encode
from handoffs.compiled import Action
from handoffs.saying import Said
from handoffs.states import Verb
from reviews import surfaces
from reviews.errors import (
    EditsOffSchema,
    FormIncomplete,
    NothingLeftOut,
    TextMissing,
    TextTooLong,
    VerbNotOffered,
)
from reviews.surfaces import Ground, Surface
from reviews.verbs import VerbOption

_TEXT_LENGTH = 20_000
_ABSENT = object()
_NEED_WORDS = frozenset({Verb.ANSWER, Verb.REDIRECT, Verb.REFRAME})


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person chose and wrote; `arguments`, `draft` and `details` as they stand after it.

    `challenge` is what they state beside their reason; see `challenge.stated`.
    """

    verb: str
    reason: str = ""
    message: str = ""
    option: str | None = None
    arguments: dict[str, Any] | None = None
    draft: str | None = None
    challenge: dict[str, Any] = field(default_factory=dict)
    # what stands in the form of a verb that has one, see `surfaces`
    details: dict[str, Any] | None = None


def clean(choice: Choice) -> Choice:
    """Make every text storable, so that what was typed can always be kept."""
    return Choice(**{key: clean_json(value) for key, value in asdict(choice).items()})


def clean_json(value: Any) -> Any:
    """Take out of every string what PostgreSQL cannot store."""
    match value:
        case str():
            return value.replace("\0", "").encode("utf-8", "replace").decode()
        case dict():
            return {clean_json(key): clean_json(item) for key, item in value.items()}
        case list():
            return [clean_json(item) for item in value]
        case _:
            return value


def clean_text(text: str) -> str:
    return str(clean_json(text)).strip()[:_TEXT_LENGTH]


def said(
    choice: Choice,
    *,
    offered: list[VerbOption],
    brief: Mapping[str, Any],
    action: Action | None,
    arguments: dict[str, Any] | None,
    ground: Ground | None = None,
) -> Said:
    """Return what the run is told, or refuse what this handoff does not take.

    What is approved is exactly the stored proposal; edits are compared with it and listed, and
    an edit that changes nothing is a plain approval.
    """
    button = _button(choice, offered)
    told = Said(
        verb=Verb(button.verb), reason=choice.reason.strip(), message=choice.message.strip()
    )
    _check_texts(told, choice)
    match told.verb:
        case Verb.APPROVE | Verb.CONFIRM:
            told = replace(told, arguments=arguments)
        case Verb.APPROVE_WITH_EDITS:
            told = _edited(told, choice, action, arguments)
        case Verb.CHOOSE:
            told = _chosen(told, button, brief, action)
        case verb if form := surfaces.surface(verb, ground or Ground(brief=brief)):
            told = _filled(told, form, choice, ground or Ground(brief=brief))
    return _with_draft(told, choice, brief)


def _button(choice: Choice, offered: list[VerbOption]) -> VerbOption:
    option = choice.option if choice.verb == Verb.CHOOSE else None
    for button in offered:
        if (button.verb, button.option) == (choice.verb, option) and button.verb in set(Verb):
            return button
    raise VerbNotOffered


def _check_texts(told: Said, choice: Choice) -> None:
    if max(map(len, (choice.reason, choice.message, choice.draft or ""))) > _TEXT_LENGTH:
        raise TextTooLong
    if told.verb in _NEED_WORDS and not told.message:
        raise TextMissing("Your words to the agent are missing. Nothing was sent. Write them.")


def _edited(
    told: Said, choice: Choice, action: Action | None, arguments: dict[str, Any] | None
) -> Said:
    """Bind the edited arguments with the list of what changed."""
    if action is None or arguments is None:
        raise VerbNotOffered
    edited = arguments if choice.arguments is None else choice.arguments
    _check_schema(action, edited, "arguments")
    edits = _edits("arguments", arguments, edited)
    verb = Verb.APPROVE_WITH_EDITS if edits else Verb.APPROVE
    return replace(told, verb=verb, arguments=edited if edits else arguments, edits=edits)


def _chosen(
    told: Said, button: VerbOption, brief: Mapping[str, Any], action: Action | None
) -> Said:
    """Bind the option's own arguments; an option without any releases none."""
    options = [item for item in brief.get("options", []) if str(item.get("id")) == button.option]
    arguments = options[0].get("arguments") if options else None
    if arguments and action is not None:
        _check_schema(action, arguments, "option")
    return replace(told, option=button.option, arguments=arguments or None)


def _filled(told: Said, form: Surface, choice: Choice, ground: Ground) -> Said:
    """Read the form of a verb that has one; the same check for every way it came in."""
    given = choice.details if choice.details is not None else dict(form.before)
    filled = {name: item.strip() if isinstance(item, str) else item for name, item in given.items()}
    if form.verb != Verb.PATCH_INPUT:
        filled = {name: item for name, item in filled.items() if item not in ("", [], None)}
    problems = [FieldProblem(one.path, one.message) for one in form.problems(filled)]
    match told.verb:
        case Verb.PATCH_INPUT:
            return _patched(told, form, given)
        case Verb.NARROW_SCOPE if filled.get("keep") == form.before.get("keep", ()):
            raise NothingLeftOut
    if problems:
        raise FormIncomplete(fields=tuple(problems))
    match told.verb:
        case Verb.DEFINE:
            edits = _edits("task", form.before, filled)
            return replace(told, details={"task": filled}, edits=edits)
        case Verb.HAND_BACK:
            return replace(told, details=filled, message=filled["left"])
        case Verb.TAKE_OVER:
            return replace(told, details=filled)
    instruction = filled.pop("instruction", "")
    if "keep" in filled:
        kept = filled["keep"]
        filled["leave_out"] = [one for one in surfaces.parts_of(ground) if one not in kept]
    return replace(told, details=filled, message=instruction)


def _patched(told: Said, form: Surface, patched: dict[str, Any]) -> Said:
    """Bind the input as it stands after the edits; one that is the same is just tried again."""
    if problems := _not_canonical(patched, "details"):
        raise FormIncomplete(fields=tuple(problems))
    edits = _edits("input", form.before, patched)
    if not edits:
        return replace(told, verb=Verb.RETRY)
    if problems := [FieldProblem(one.path, one.message) for one in form.problems(patched)]:
        raise FormIncomplete(fields=tuple(problems))
    return replace(told, arguments=patched, edits=edits)


def _edits(root: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"path": path, "before": old, "after": new}
        for path, old, new in _differences(root, dict(before), dict(after))
    ]


def _with_draft(told: Said, choice: Choice, brief: Mapping[str, Any]) -> Said:
    """Carry an edited draft along, listed as an edit; an approval of it is one with edits."""
    offered = brief.get("draft")
    before = str(offered.get("body") or "") if isinstance(offered, Mapping) else ""
    after = choice.draft
    if after is None or _lines(after) == _lines(before):
        return told
    edits = [*told.edits, {"path": "draft", "before": before, "after": after}]
    verb = Verb.APPROVE_WITH_EDITS if told.verb is Verb.APPROVE else told.verb
    return replace(told, verb=verb, draft=after, edits=edits)


def _lines(text: str) -> str:
    """Compare as a browser sends it: every line break a CRLF."""
    return text.replace("\r\n", "\n")


def _check_schema(action: Action, arguments: dict[str, Any], root: str) -> None:
    problems = [
        FieldProblem(found.path, found.message)
        for found in action.schema.check(arguments, path=root)
    ]
    problems += _not_canonical(arguments, root)
    if problems:
        raise EditsOffSchema(fields=tuple(problems))


def _not_canonical(arguments: dict[str, Any], root: str) -> list[FieldProblem]:
    """Find what no signature could bind."""
    try:
        encode(arguments)
    except NotCanonical as error:
        return [FieldProblem(f"{root}.{error.path}".rstrip("."), error.message)]
    return []


def _differences(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield every leaf that differs; what is new has no before, what is gone no after."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            yield from _differences(
                f"{path}.{key}", before.get(key, _ABSENT), after.get(key, _ABSENT)
            )
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from _differences(f"{path}.{index}", *pair)
    elif _ABSENT in (before, after) or encode(before) != encode(after):
        yield path, None if before is _ABSENT else before, None if after is _ABSENT else after
