"""Make text that others wrote safe to look at and possible to search."""

import re
import unicodedata
from itertools import groupby
from typing import NamedTuple

# Characters that show nothing, reorder what is shown or carry hidden text: controls, soft hyphen,
# bidi, zero width, invisible operators, fillers, line separators, variation selectors, tags.
_HIDDEN_CLASS = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_EMOJI = "\xa9\xae\u203c-\u3299\U0001f000-\U0001faff"
# Hidden characters that honest writing needs: inside one emoji, between letters of scripts that
# join. Only single ones between visible neighbours; a run of them is a hiding place.
_HONEST = (
    f"(?<=[{_EMOJI}])\ufe0f(?![{_HIDDEN_CLASS}])|(?<=[{_EMOJI}])\ufe0f(?=\u200d[{_EMOJI}])"
    f"|(?<=[0-9#*])\ufe0f(?=\u20e3)"
    f"|(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])"
    "|(?<=[\u0620-\u08ff\u0900-\u0dff])[\u200c\u200d](?=[\u0620-\u08ff\u0900-\u0dff])"
)
_ON_TOP = ("Mn", "Me")
# Accents and vowel signs that stand on the letter before them. Honest writing piles up a few; a
# pile of fifty runs into the lines above and can draw over what stands there.
_PILED = "".join(
    chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code)) in _ON_TOP
)
_PILE = 5
_TO_MARK = re.compile(
    f"({_HONEST})|[{_HIDDEN_CLASS}]|\r(?!\n)|(?<=[{_PILED}]{{{_PILE}}})[{_PILED}]+"
)
_TO_DROP = re.compile(f"[{_HIDDEN_CLASS}]")
_SUSPECT = re.compile(f"[{_HIDDEN_CLASS}\r]|[{_PILED}]{{{_PILE + 1}}}")
# Scripts written without spaces, or with endings glued to the word: each sign counts as a word.
_SIGN = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])"
)
_WORD = re.compile(r"\w+")
_ACCENT = re.compile("[\u0300-\u036f]")
# letters that no accent can be taken from, and that people leave out all the same
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i"})
_ESCAPES = (b"\\u", b"\\b", b"\\f", b"\\r")
_ASCII_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Marked(NamedTuple):
    """A text with its hidden characters written out, and how many there were."""

    text: str
    hidden: int


def mark_invisible(text: str) -> Marked:
    """Write every hidden character as ⟦U+202E⟧; nothing is dropped.

    Joiners and emoji selectors in their honest places stay as they are, so that a mark means
    something. Of accents piled on one letter the first few stay, the rest are written out.
    """
    # a first look, since most texts hide nothing and the exact look costs more
    if not (_ASCII_CONTROL if text.isascii() else _SUSPECT).search(text):
        return Marked(text, 0)
    count = 0

    def mark(match: re.Match[str]) -> str:
        nonlocal count
        if match[1]:
            return match[0]
        count += len(match[0])
        return "".join(
            f"⟦U+{ord(sign):04X}⟧" if times == 1 else f"⟦U+{ord(sign):04X} × {times}⟧"
            for sign, times in _runs(match[0])
        )

    return Marked(_TO_MARK.sub(mark, text), count)


def _runs(text: str) -> list[tuple[str, int]]:
    return [(sign, len(list(run))) for sign, run in groupby(text)]


def hides_nothing(written: bytes) -> bool:
    """Tell at one glance over compact JSON that no text in it holds a character to mark.

    Plain ASCII without escapes other than those of quotes, backslashes, tabs and line feeds.
    """
    if not written.isascii() or b"\x7f" in written:
        return False
    return b"\\" not in written or not any(escape in written for escape in _ESCAPES)


def count_words(text: str) -> int:
    """Count what there is to read: words between spaces, signs of scripts without spaces."""
    return len((text if text.isascii() else _SIGN.sub(r" \1 ", text)).split())


def searchable(text: str) -> str:
    """Return the words of a text, alike in case, accents, width and spacing, between spaces.

    `" legal action "` is then found in "LEGAL-Action!" and not in "illegal actions". Hidden
    characters are dropped first, or one zero-width space would break a keyword.
    """
    if text.isascii() and text.isprintable():
        return f" {' '.join(_WORD.findall(text.lower()))} "
    found = _WORD.findall(signs_apart(without_accents(without_hidden(text))))
    return f" {' '.join(found)} "


def without_hidden(text: str) -> str:
    return _TO_DROP.sub("", text)


def without_accents(text: str) -> str:
    """Return what people type when they are in a hurry: no case, no accents, one width."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return unicodedata.normalize("NFKC", _ACCENT.sub("", apart)).casefold()


def signs_apart(text: str) -> str:
    """Put spaces around each sign of the scripts that are written without them."""
    return _SIGN.sub(r" \1 ", text)


def is_sign(text: str) -> bool:
    """Tell one sign of a script that is written without spaces."""
    return _SIGN.fullmatch(text) is not None


def keyword(text: str) -> str:
    """Return what to look for in a searchable text, or nothing if there is no word in it."""
    plain = searchable(text)
    return plain if plain.strip() else ""


def folded(text: str) -> str:
    """Return what two spellings of one name, address or number have in common.

    Case, accents, spaces, punctuation and hidden characters do not count: DE89 3704 is de893704.
    """
    return searchable(text).replace(" ", "")
