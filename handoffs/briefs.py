"""Judge a brief before a person has to: what is missing, what says nothing, what takes too long."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from handoffs import canonical, plain_briefs, texts
from handoffs.texts import Marked, mark_invisible

__all__ = [
    "Checked", "Limits", "Marked", "Remark", "above_the_fold", "check", "content_digest",
    "mark_invisible", "says_nothing", "words_to_read",
]  # fmt: skip

# What stands where something should be said. "None" and "unknown" are not here: they can be
# honest answers about a fact.
_BOILERPLATE = {
    "", "-", "?", "n a", "na", "not applicable", "see above", "see below", "as above", "as below",
    "same as above", "see attached", "see attachment", "see transcript", "tbd", "to be done",
    "to be determined", "todo", "to do", "placeholder", "lorem ipsum", "string", "value", "foo",
    "bar", "xxx", "insert text here",
}  # fmt: skip
# how programs write "nothing": no reviewer is shown it, and it stands for no required context
_NULLS = {"null", "undefined", "nan", "[]", "{}", "()"}
_LONGEST_BOILERPLATE = 30
_EMPTY_ASKS = {
    "approve", "approve this", "approve this action", "please approve", "please review",
    "please advise", "please confirm", "review", "review needed", "review this",
    "review this action", "proceed", "should i proceed", "shall i proceed", "may i proceed",
    "can i proceed", "ok", "is this ok", "is that ok", "confirm", "decision needed",
    "human review required", "needs approval", "approval needed", "approval required",
}  # fmt: skip
_PLACEHOLDER = re.compile(
    r"\{\{[^{}]{1,60}\}\}|\[(?:insert|your|todo)\b[^\]]{0,60}\]", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The reading budget.

    230 words a minute is an assumption, a little under the 238 that a review of 190 studies found
    for silent reading of English non-fiction (Brysbaert 2019, "How many words do we read per
    minute?", Journal of Memory and Language 109). Facts are scanned rather than read and other
    languages differ, so it says how much a brief asks for, not how long anybody will take.
    """

    seconds: int = 30
    words_per_minute: int = 230
    ask_characters: int = 140
    draft_words: int = 120

    @property
    def words(self) -> int:
        return self.seconds * self.words_per_minute // 60


@dataclass(frozen=True, kw_only=True)
class Remark:
    """One thing about one place of the brief: what it is and what to do."""

    path: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Warnings go with the answer; a brief with problems is refused."""

    warnings: tuple[Remark, ...]
    problems: tuple[Remark, ...]


_LIMITS = Limits()
_NOTHING_TO_SAY = Checked(warnings=(), problems=())


def check(
    brief: Mapping[str, Any],
    *,
    action_type: str = "",
    required_context: Sequence[str] = (),
    strict: bool = False,
    limits: Limits | None = None,
) -> Checked:
    """Judge a brief of the shape the API takes; parts of another shape are left to the schema.

    In a strict workflow what would take too long to read is a problem, otherwise a warning.
    """
    limits = limits or _LIMITS
    of_this_case = [
        *_ask_problems(brief, action_type),
        *_missing_context(brief, required_context),
    ]
    if not of_this_case and _is_plain(brief, limits):
        return _NOTHING_TO_SAY
    said = list(_said(brief))
    problems = [
        *of_this_case,
        *_boilerplate(said),
        *_repeated_labels(brief),
        *_repeated(brief, "evidence", "id"),
        *_repeated(brief, "options", "id"),
    ]
    too_long = [*_long_ask(brief, limits), *_over_budget(brief, limits)]
    warnings = [
        *_repeated(brief, "facts", "label"),
        *_nulls(brief),
        *_placeholders(said),
        *_folded(brief, limits),
        *_hidden(brief),
    ]
    return Checked(
        warnings=tuple(warnings if strict else [*too_long, *warnings]),
        problems=tuple([*problems, *too_long] if strict else problems),
    )


def _is_plain(brief: Mapping[str, Any], limits: Limits) -> bool:
    return plain_briefs.is_plain(
        brief,
        words=limits.words,
        ask_characters=limits.ask_characters,
        draft_words=limits.draft_words,
        says_something=_says_something,
    )


def content_digest(brief: Mapping[str, Any]) -> str:
    """Identify what the reviewer was shown: SHA-256 over RFC 8785."""
    return canonical.digest(brief)


def says_nothing(text: str) -> bool:
    """Tell a box that is filled without saying anything; a page leaves such a fact out."""
    return _is_boilerplate(text) or text.strip().lower() in _NULLS


def above_the_fold(brief: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give path and text of what is read before deciding: ask, answers, facts, flags, options."""
    for name in ("ask", "summary"):
        if text := _text(brief, name):
            yield f"brief.{name}", text
    yield from _answers(brief)
    for part, names in (
        ("facts", ("label", "value")),
        ("flags", ("label",)),
        ("options", ("label", "consequence")),
    ):
        for path, item in _items(brief, part):
            for name in names:
                yield f"{path}.{name}", _text(item, name)


def words_to_read(brief: Mapping[str, Any]) -> int:
    """Count the words above the fold."""
    return sum(texts.count_words(text) for _, text in above_the_fold(brief))


def _ask_problems(brief: Mapping[str, Any], action_type: str) -> Iterator[Remark]:
    ask = _text(brief, "ask")
    plain = _plain(ask)
    if says_nothing(ask) or _PLACEHOLDER.search(ask):
        yield _remark("ask", "Nothing is asked. Say in one line what the reviewer decides.")
    elif plain in _EMPTY_ASKS or plain == _plain(action_type):
        yield _remark(
            "ask",
            f"“{ask:.60}” does not say what is decided. Name the object and the figures: "
            "“Cancel order 4521 and refund 312.50 EUR?”",
        )
    elif "\n" in ask.strip():
        yield _remark("ask", "The ask has several lines; it is one. Put the rest into facts.")


def _long_ask(brief: Mapping[str, Any], limits: Limits) -> Iterator[Remark]:
    length = len(_text(brief, "ask"))
    if length > limits.ask_characters:
        yield _remark(
            "ask",
            f"{length} characters; {limits.ask_characters} fit one line. Shorten it by "
            f"{length - limits.ask_characters} and put details into facts.",
        )


def _over_budget(brief: Mapping[str, Any], limits: Limits) -> Iterator[Remark]:
    """Say by how much the brief is too long, and name the parts that weigh most."""
    counted = [(texts.count_words(text), path) for path, text in above_the_fold(brief)]
    total = sum(count for count, _ in counted)
    if total <= limits.words:
        return
    heaviest = sorted(counted, key=lambda one: (-one[0], one[1]))[:3]
    named = ", ".join(f"{path} ({count} words)" for count, path in heaviest)
    yield Remark(
        path="brief",
        message=f"{total} words stand above the fold; {limits.words} can be read in "
        f"{limits.seconds} seconds. Cut {total - limits.words}, first in {named}.",
    )


def _folded(brief: Mapping[str, Any], limits: Limits) -> Iterator[Remark]:
    count = texts.count_words(_text(brief.get("draft"), "body"))
    if count > limits.draft_words:
        yield _remark("draft", f"{count} words: shown folded")


def _missing_context(brief: Mapping[str, Any], required: Sequence[str]) -> Iterator[Remark]:
    if not required or _is_said(brief, required):
        return
    said = {
        _plain_label(_text(fact, "label"))
        for _, fact in _items(brief, "facts")
        if not says_nothing(_text(fact, "value"))
    }
    for label in required:
        if _plain_label(label) not in said:
            yield _remark(
                "facts",
                f"{label} is missing, and nobody decides this without it. Add a fact labelled "
                f"“{label}”.",
            )


def _is_said(brief: Mapping[str, Any], required: Sequence[str]) -> bool:
    """Tell that each stands there to the letter, as it mostly does."""
    wanted = set(required)
    for _, fact in _items(brief, "facts"):
        if _text(fact, "label") in wanted and _says_something(_text(fact, "value")):
            wanted.discard(_text(fact, "label"))
            if not wanted:
                return True
    return not wanted


def _boilerplate(said: Sequence[tuple[str, str]]) -> Iterator[Remark]:
    """Refuse what fills a box without saying anything."""
    for path, text in said:
        if _is_boilerplate(text):
            shown = f"“{text.strip():.60}” says nothing" if text.strip() else "This is empty"
            yield Remark(path=path, message=f"{shown}. Say it, or leave the part out.")


def _repeated_labels(brief: Mapping[str, Any]) -> Iterator[Remark]:
    for path, fact in _items(brief, "facts"):
        label, value = _text(fact, "label"), _text(fact, "value")
        if value.strip() and len(label) == len(value) and _plain(label) == _plain(value):
            yield Remark(
                path=f"{path}.value",
                message=f"“{value:.60}” only repeats its label. Give the value, or leave it out.",
            )


def _nulls(brief: Mapping[str, Any]) -> Iterator[Remark]:
    for path, fact in _items(brief, "facts"):
        if (value := _text(fact, "value").strip()).lower() in _NULLS:
            yield Remark(
                path=f"{path}.value", message=f"“{value}” is not shown. Leave the fact out."
            )


def _placeholders(said: Sequence[tuple[str, str]]) -> Iterator[Remark]:
    for path, text in said:
        if "[" in text or "{{" in text:
            for found in _PLACEHOLDER.findall(text)[:1]:
                yield Remark(path=path, message=f"“{found:.60}” looks like a gap nobody filled.")


def _said(brief: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give path and text of every part that is there and should say something."""
    if isinstance(brief.get("summary"), str):
        yield "brief.summary", _text(brief, "summary")
    yield from _answers(brief)
    for part, names in (
        ("facts", ("label", "value")),
        ("flags", ("label",)),
        ("options", ("label",)),
        ("evidence", ("title",)),
    ):
        for path, item in _items(brief, part):
            yield from ((f"{path}.{name}", _text(item, name)) for name in names if name in item)
    steps = brief.get("steps")
    for index, step in enumerate(steps if isinstance(steps, list | tuple) else ()):
        if isinstance(step, str):
            yield f"brief.steps.{index}", step
    for part, name in (("draft", "body"), ("recommendation", "rationale")):
        inner = brief.get(part)
        if isinstance(inner, dict) and isinstance(inner.get(name), str):
            yield f"brief.{part}.{name}", _text(inner, name)


def _repeated(brief: Mapping[str, Any], part: str, name: str) -> Iterator[Remark]:
    seen: set[str] = set()
    for path, item in _items(brief, part):
        text = _text(item, name)
        if text and text in seen:
            yield Remark(
                path=f"{path}.{name}",
                message=f"“{text:.60}” stands twice in {part}; give each its own {name}.",
            )
        seen.add(text)


def _hidden(brief: Mapping[str, Any]) -> Iterator[Remark]:
    """Warn of characters that show nothing or reorder what is shown; reviewers see marks."""
    if texts.hides_nothing(orjson.dumps(brief)):
        return
    found: list[tuple[str, str]] = []
    _collect_texts(brief, "brief", found)
    for path, text in found:
        if hidden := mark_invisible(text).hidden:
            yield Remark(
                path=path, message=f"{hidden} hidden characters: shown to the reviewer as marks"
            )


def _collect_texts(value: Any, path: str, found: list[tuple[str, str]]) -> None:
    if isinstance(value, str):
        if not (value.isascii() and value.isprintable()):
            found.append((path, value))
    elif isinstance(value, dict):
        for key, item in value.items():
            _collect_texts(item, f"{path}.{key}", found)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _collect_texts(item, f"{path}.{index}", found)


def _says_something(text: str) -> bool:
    return len(text) > _LONGEST_BOILERPLATE or not _short_and_empty(text)


@lru_cache(maxsize=4096)
def _short_and_empty(text: str) -> bool:
    return says_nothing(text)


def _is_boilerplate(text: str) -> bool:
    return len(text) <= _LONGEST_BOILERPLATE and _short_boilerplate(text)


# labels and short answers come again with every brief
@lru_cache(maxsize=4096)
def _short_boilerplate(text: str) -> bool:
    plain = _plain(text)
    # "👍" and "€" are answers, "-" and "…" are none
    return plain in _BOILERPLATE if plain else not text.strip("-–—_.…?!*/\\|~'\"` \t\n")


@lru_cache(maxsize=4096)
def _plain_label(label: str) -> str:
    return _plain(label)


def _plain(text: str) -> str:
    return texts.searchable(text.replace("_", " ")).strip()


def _remark(name: str, message: str) -> Remark:
    return Remark(path=f"brief.{name}", message=message)


def _text(holder: object, name: str) -> str:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else ""


def _answers(brief: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    answers = brief.get("on_answer")
    for verb, text in answers.items() if isinstance(answers, dict) else ():
        if isinstance(text, str):
            yield f"brief.on_answer.{verb}", text


def _items(brief: Mapping[str, Any], part: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    items = brief.get(part)
    for index, item in enumerate(items if isinstance(items, list | tuple) else ()):
        if isinstance(item, dict):
            yield f"brief.{part}.{index}", item
