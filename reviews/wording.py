"""From what a person chose and wrote to what the run is told, checked against what it takes."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from accounts.errors import FieldProblem
from handoffs.answers import Said
from handoffs.canonical import NotCanonical, encode
from handoffs.compiled import Action
from handoffs.states import Verb
from reviews.errors import EditsOffSchema, TextMissing, TextTooLong, VerbNotOffered
from reviews.verbs import VerbOption

_TEXT_LENGTH = 20_000
_ABSENT = object()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person chose and wrote; `arguments` and `draft` as they stand after their edits.

    `challenge` is what they state beside their reason; see `challenge.stated`.
    """

    verb: str
    reason: str = ""
    message: str = ""
    option: str | None = None
    arguments: dict[str, Any] | None = None
    draft: str | None = None
    challenge: dict[str, Any] = field(default_factory=dict)


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
    if told.verb in (Verb.ANSWER, Verb.REDIRECT) and not told.message:
        raise TextMissing("Your words to the agent are missing. Nothing was sent. Write them.")


def _edited(
    told: Said, choice: Choice, action: Action | None, arguments: dict[str, Any] | None
) -> Said:
    """Bind the edited arguments with the list of what changed."""
    if action is None or arguments is None:
        raise VerbNotOffered
    edited = arguments if choice.arguments is None else choice.arguments
    _check_schema(action, edited, "arguments")
    edits = [
        {"path": path, "before": before, "after": after}
        for path, before, after in _differences("arguments", arguments, edited)
    ]
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
    try:
        encode(arguments)
    except NotCanonical as error:
        problems.append(FieldProblem(f"{root}.{error.path}".rstrip("."), error.message))
    if problems:
        raise EditsOffSchema(fields=tuple(problems))


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
