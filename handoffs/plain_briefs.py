"""Tell at one glance that there is nothing to say of a brief: most are in order.

Plain ASCII, short enough, every part said once. What is not plain is for `handoffs.briefs`, which
finds out whether anything is wrong, and says what.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from handoffs import texts


class _NotPlain(Exception):
    """Something here needs a closer look."""


def is_plain(
    brief: Mapping[str, Any],
    *,
    words: int,
    ask_characters: int,
    draft_words: int,
    says_something: Callable[[str], bool],
) -> bool:
    """Tell whether the brief keeps within the limits and holds nothing odd.

    False says nothing. The ask's own words and the required context are not looked at here.
    """
    try:
        read, more = _texts(brief)
    except (_NotPlain, KeyError, TypeError, AttributeError):
        return False
    ask, draft = brief.get("ask"), brief.get("draft")
    if type(ask) is not str or len(ask) > ask_characters or "\n" in ask:
        return False
    if draft is not None:
        if type(draft) is not dict or type(draft.get("body")) is not str:
            return False
        more.append(draft["body"])
        if len(draft["body"].split()) > draft_words:
            return False
    said = "\n".join([*read, *more])
    if "[" in said or "{{" in said or not texts.hides_nothing(orjson.dumps(brief)):
        return False
    if len(" ".join([ask, *read]).split()) > words:
        return False
    return all(says_something(text) for text in (*read, *more))


def _texts(brief: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return what is read before deciding, beside the ask, and what else is said."""
    read: list[str] = []
    more: list[str] = []
    if "summary" in brief:
        read.append(brief["summary"])
    if "on_answer" in brief:
        read += brief["on_answer"].values()
    if "facts" in brief:
        facts = brief["facts"]
        labels = [fact["label"] for fact in facts]
        values = [fact["value"] for fact in facts]
        _once(labels)
        if any(len(label) == len(value) for label, value in zip(labels, values, strict=True)):
            # perhaps only repeats its label
            raise _NotPlain
        read += labels
        read += values
    if "flags" in brief:
        read += [flag["label"] for flag in brief["flags"]]
    if "options" in brief:
        options = brief["options"]
        _once([option["id"] for option in options])
        read += [option["label"] for option in options]
        # an empty consequence is none
        read += [option["consequence"] for option in options if option.get("consequence")]
    if "evidence" in brief:
        evidence = brief["evidence"]
        _once([one["id"] for one in evidence])
        more += [one["title"] for one in evidence]
    if "steps" in brief:
        more += brief["steps"]
    if brief.get("recommendation") is not None and "rationale" in brief["recommendation"]:
        more.append(brief["recommendation"]["rationale"])
    return read, more


def _once(names: Iterable[str]) -> None:
    found = list(names)
    if len(set(found)) != len(found):
        raise _NotPlain
