"""Whether a text is a reason: in words, one's own, for this question. Rules only, no model.

Pure, and for any language: what is compared are words, or single signs where a script is written
without spaces. A rule that would refuse honest sentences is worth less than the junk it stops, so
each looks at most of a text, never at one word of it.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from handoffs import texts
from reviews.errors import Unmet

# enough for "Above the limit." and, in scripts that write a word in one sign, for four of them
LETTERS = 10
# enough for a short sentence that says what of
SENTENCE_LETTERS = 16
_WIDE_LETTER = 3
# so many words, or signs of scripts without spaces, in the same order are no coincidence
_RUN_OF_WORDS = 4
_RUN_OF_SIGNS = 8
# a text is somebody else's, or an earlier one, when so much of it stands there in such runs
_COPIED, _RECYCLED = 0.7, 0.8
# what stands beside a quotation is a reason of its own from here on
_OWN_LETTERS = 24
_LONGEST_PERIOD = 40

_ROWS = (
    *("qwertyuiop", "asdfghjkl", "zxcvbnm", "qazwsxedcrfvtgbyhnujm"),
    *("qwertzuiopü", "asdfghjklöä", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn"),
    *("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "ςερτυθιοπ", "ασδφγηξκλ", "ζχψωβνμ"),
    *("קראטוןםפ", "שדגכעיחלךף", "זסבהנמצתץ", "ضصثقفغعهخحجد", "شسيبلاتنمكط", "ئءؤرىةوزظ"),
    *("abcdefghijklmnopqrstuvwxyz", "абвгдежзийклмнопрстуфхцчшщ", "αβγδεζηθικλμνξοπρστυφχψω"),
)
_NEIGHBOURS = frozenset(
    pair
    for row in map(texts.without_accents, _ROWS)
    for a, b in pairwise(row)
    for pair in (a + b, b + a)
)
_WALK = 4
_VOWELS = frozenset("aeiouy")


def objection(text: str, *, least: int = LETTERS) -> Unmet | None:
    """Return why this is no reason at all, whoever wrote it about whatever."""
    letters = [sign for sign in _plain(text) if unicodedata.category(sign)[0] in "LM"]
    if not text.strip():
        return Unmet(code="reason_missing", sentence="Your reason, in one sentence.")
    if not any(unicodedata.category(sign)[0] == "L" for sign in letters):
        return Unmet(code="reason_no_words", sentence="A reason in words.")
    if len(set(letters)) < min(3, len(letters)):
        return Unmet(code="reason_one_letter", sentence="A reason in words, not one letter again.")
    if weight("".join(letters)) < least:
        return Unmet(code="reason_short", sentence="A few more words of reason.")
    if _repeats(letters) or _repeats_words(tokens(text)):
        return Unmet(
            code="reason_repeats",
            sentence="A reason that says something once, not again and again.",
        )
    if _walks(letters) or _has_no_vowels(tokens(text)):
        return Unmet(code="reason_keys", sentence="A reason in words, not keys in a row.")
    return None


def copied(text: str, sources: Iterable[str]) -> bool:
    """Tell whether hardly anything here is one's own: it stands in `sources`, run by run."""
    said = tokens(text)
    found = _covered(said, [tokens(source) for source in sources])
    own = weight(
        "".join(token for token, is_there in zip(said, found, strict=True) if not is_there)
    )
    return _share(said, found) >= _COPIED and own < _OWN_LETTERS


def recycled(text: str, earlier: Iterable[str], about: Iterable[str]) -> bool:
    """Tell whether this was written before, for another question.

    Figures do not make a sentence another one, but who names one of this question, which the
    earlier text did not have, has looked.
    """
    said = tokens(text)
    figures = {token for token in said if _is_figure(token)}
    here = {token for text in about for token in tokens(text)} if figures else set()
    words = _words(said)
    for old in map(tokens, earlier):
        found = _covered(words, [_words(old)])
        if _share(words, found) >= _RECYCLED and not (figures & here) - set(old):
            return True
    return False


def tokens(text: str) -> list[str]:
    """Split into words, or single signs of scripts without spaces, alike in case and accents."""
    found: list[str] = []
    word: list[str] = []
    for sign in [*texts.signs_apart(_plain(text)), " "]:
        if unicodedata.category(sign)[0] in "LMN":
            word.append(sign)
        elif word:
            found.append("".join(word))
            word = []
    return found


def weight(text: str) -> int:
    """Count letters; an ideograph, kana or Hangul syllable as what it takes in letters."""
    return sum(
        _WIDE_LETTER if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
        if unicodedata.category(sign)[0] in "LM"
    )


def _plain(text: str) -> str:
    return texts.without_accents(texts.without_hidden(text))


def _is_figure(token: str) -> bool:
    return len(token) > 1 and any(sign.isdecimal() for sign in token)


def _words(said: Sequence[str]) -> list[str]:
    return [token for token in said if not _is_figure(token)]


def _run_length(said: Sequence[str]) -> int:
    """Return how many in a row are no coincidence; a shorter text is compared as a whole."""
    signs = sum(len(token) == 1 and texts.is_sign(token) for token in said)
    long = _RUN_OF_SIGNS if 2 * signs > len(said) else _RUN_OF_WORDS
    return max(1, min(long, len(said)))


def _covered(said: Sequence[str], sources: Iterable[Sequence[str]]) -> list[bool]:
    """Tell of each word whether it stands in a run that a source has as well."""
    size = _run_length(said)
    runs = {tuple(source[at : at + size]) for source in sources for at in range(len(source))}
    found = [False] * len(said)
    for at in range(len(said) - size + 1):
        if tuple(said[at : at + size]) in runs:
            found[at : at + size] = [True] * size
    return found


def _share(said: Sequence[str], found: Sequence[bool]) -> float:
    """Weigh words by their letters, so that a page of short words hides no long one."""
    whole = sum(map(len, said))
    there = sum(len(token) for token, is_there in zip(said, found, strict=True) if is_there)
    return there / whole if whole else 0.0


def _repeats(letters: Sequence[str]) -> bool:
    """Tell a text that is one piece over and over: asdasdasd, hahaha, the same again."""
    for period in range(1, min(_LONGEST_PERIOD, len(letters) // 3) + 1):
        same = sum(letters[at] == letters[at - period] for at in range(period, len(letters)))
        if same >= 0.8 * (len(letters) - period):
            return True
    return False


def _repeats_words(said: Sequence[str]) -> bool:
    words = [token for token in said if not texts.is_sign(token)]
    if len(words) < _RUN_OF_WORDS:
        return False
    most = Counter(words).most_common(1)[0][1]
    return len(set(words)) / len(words) <= 0.4 and 4 * most >= len(words)


def _walks(letters: Sequence[str]) -> bool:
    """Tell fingers that walk along the rows of a keyboard, or down an alphabet."""
    walked, run = 0, 1
    for before, after in zip(letters, [*letters[1:], ""], strict=True):
        if before + after in _NEIGHBOURS:
            run += 1
            continue
        walked += run if run >= _WALK else 0
        run = 1
    return 2 * walked > len(letters)


def _has_no_vowels(said: Sequence[str]) -> bool:
    """Tell sdfkjh from words, where a script writes its vowels: mostly in Latin letters."""
    words = [token for token in said if token.isascii() and token.isalpha()]
    odd = [token for token in words if len(token) > 3 and not _VOWELS & set(token)]
    return 2 * sum(map(len, odd)) > sum(map(len, said))
