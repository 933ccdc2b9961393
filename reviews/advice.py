"""Whether a text tells what the machine would answer: by quoting its opinion, or by advising.

Pure. Advice is known by its words, whatever the opinion is, so that nothing about an opinion can
be learned by trying; quotes are known by six words in a row. A paraphrase that does neither passes:
an agent that wants to lead a reader can, this keeps out the one that just talks.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from handoffs import texts

# the machine's opinion, wherever in a brief it stands
OPINION = frozenset({"recommendation", "confidence", "rationale"})

_WORDS_IN_A_ROW = 6
# of scripts that need no spaces each sign counts as a word
_SIGNS_IN_A_ROW = 10

# Beginnings of words; a blank at the end closes the word. Letters that are sent by registered mail
# are called recommended in half of Europe: those words are here only where they advise.
_STEMS = (
    *("recommend", "i suggest", "we suggest", "i advise", "my advice", "advisable", "my verdict"),
    *("should be approv", "should be reject", "should be declin", "should be denied"),
    *("should be refus", "should be grant", "should be confirm", "should be roll"),
    *("safe to approv", "please approve", "please reject", "please confirm", "best option"),
    *("preferred option", "preferred answer", "suggested answer", "suggested action"),
    *("suggested decision", "suggested option", "my confidence", "confidence score"),
    *("i am confident", "i m confident", "confident that", "confidence is", "confidence level"),
    *("empfehl", "empfohlen", "empfiehlt", "ich schlage vor", "wir schlagen vor", "ich rate "),
    *("sollte genehmigt", "sollte abgelehnt", "je recommande", "nous recommandons"),
    *("recommandation", "recommandons", "est recommande de ", "preconis", "je conseille"),
    *("nous conseillons", "est conseille", "je suggere", "nous suggerons", "recomend"),
    *("recomiend", "aconsej", "aconselh", "sugiero", "sugerimos", "sugiro"),
    *("raccomando ", "raccomandiamo"),
    *("raccomandazion", "si raccomanda ", "consiglio di ", "consigliamo", "si consiglia "),
    *("suggerisc", "aanbev", "raad aan", "rekomend", "zalec", "sugeruj", "rekommenderar"),
    *("rekommendation", "anbefaler", "anbefaling", "jag foreslar", "jeg foreslar", "suosittel"),
    *("doporuc", "odporuc", "ajanlom", "ajanljuk", "javasol", "tavsiye", "oneriyor", "oneril"),
    *("συνιστ", "рекоменд", "советую", "советуем", "предлагаю", "раджу", "أوصي", "نوصي"),
    *("توصيه", "توصية", "ממליצ", "सिफारिश", "अनुशंस", "推奨", "お勧め", "おすすめ", "建议", "建議"),
    *("推荐", "推薦", "추천", "권장", "แนะนำ", "khuyến nghị", "đề xuất"),
)
_ADVICE = re.compile(
    " (?:"
    + "|".join(
        re.escape(texts.searchable(stem).strip()) + (" " if stem.endswith(" ") else "")
        for stem in _STEMS
    )
    + ")"
)
# what a field is called that holds an opinion: "AI recommendation", not "Recommended retail price"
_NAMES = re.compile(
    " (?:(?:ai|agent|agents|model|models|machine|assistant|assistants|bot|llm|my|own|self|overall"
    "|final|the|s) )*"
    "(?:recommendations?|confidence|certainty|rationale|verdict|opinion|advice|suggestion|reasoning"
    "|(?:recommended|suggested|proposed|preferred|best|advised)"
    " (?:answer|action|option|decision|outcome|verb|response|reply)"
    "|empfehlung|konfidenz|begrundung|recommandation|confiance|recomendacion|recomendacao"
    "|confianza|confianca|raccomandazione|confidenza|aanbeveling|rekomendacja|rekommendation"
    "|anbefaling|推 奨|推 薦|推 荐|建 议|建 議|추 천) "
)
# an option that says of itself that it is the one
_HINT = re.compile(
    r"\s*[\(\[{（【<]\s*(?:[^\w)\]}]*)(?:recommended|suggested|preferred|best(?: option| choice)?"
    r"|default|my pick|my choice|empfohlen|vorschlag|recommandée?|conseillée?|recomendad[oa]"
    r"|sugerid[oa]|consigliat[oa]|raccomandat[oa]|aanbevolen|zalecan[ey]|rekommenderas?"
    r"|anbefalet|推奨|推荐|推薦|建议|추천|권장)(?:[^\w)\]}]*)[\)\]}）】>]"
    r"|\s*[–—:|-]+\s*(?:recommended|suggested|preferred|empfohlen|recommandé|recomendado)\s*$"
    r"|^\s*(?:recommended|suggested|preferred|empfohlen|recommandé|recomendado|推奨|推荐|추천)\s*[:–—-]\s*"
    r"|[★☆⭐✅✔✓👍👉➡🏆🥇✨🔥❗‼❌✖👎⚠]\ufe0f?\s*",
    re.IGNORECASE,
)


def advises(text: str) -> bool:
    """Tell whether the text says of itself that it advises."""
    return _ADVICE.search(texts.searchable(text)) is not None


def names_opinion(text: str) -> bool:
    """Tell whether this is what a field is called that holds advice, or how sure it is."""
    return _NAMES.match(texts.searchable(text.replace("_", " "))) is not None


def without_hint(label: str) -> str:
    """Return an option's label without what recommends it."""
    return _HINT.sub("", label).strip()


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What the machine said in favour of an answer, ready to be looked for."""

    runs: frozenset[str]
    wholes: tuple[str, ...]

    def quoted_in(self, text: str) -> bool:
        """Tell whether the text has six words in a row of it, or all of a shorter one."""
        plain = texts.searchable(text)
        return not self.runs.isdisjoint(_runs(plain)) or self._told(plain)

    def told_in(self, text: str) -> bool:
        """Tell whether all of it is told again."""
        return self._told(texts.searchable(text))

    def _told(self, plain: str) -> bool:
        return any(whole in plain for whole in self.wholes)


def opinion(*holders: Any) -> Opinion:
    """Gather every word of opinion that stands anywhere in the given JSON."""
    return _ready(tuple(text for holder in holders for text in _opinions(holder)))


# Kept, so that loading a page again and again with a stopwatch does not tell how long it is.
@lru_cache(maxsize=1024)
def _ready(texts_of_opinion: tuple[str, ...]) -> Opinion:
    said = [texts.searchable(text) for text in texts_of_opinion]
    return Opinion(
        runs=frozenset(run for plain in said for run in _runs(plain)),
        wholes=tuple(plain for plain in said if _is_telling(plain)),
    )


def _opinions(value: Any, inside: bool = False) -> Iterator[str]:
    match value:
        case str() if inside:
            yield value
        case Mapping():
            for key, item in value.items():
                # the answer itself is a verb or an option's name: those are on the buttons anyway
                if not (inside and key == "answer"):
                    yield from _opinions(item, inside or key in OPINION)
        case list() | tuple():
            for item in value:
                yield from _opinions(item, inside)


def _runs(plain: str) -> Iterable[str]:
    """Return every run of words that is long enough to be no accident."""
    words = plain.split()
    for start in range(len(words) - _WORDS_IN_A_ROW + 1):
        run = words[start : start + _WORDS_IN_A_ROW]
        if sum(map(_is_sign, run)) * 2 <= _WORDS_IN_A_ROW:
            yield " ".join(run)
    for start in range(len(words) - _SIGNS_IN_A_ROW + 1):
        yield " ".join(words[start : start + _SIGNS_IN_A_ROW])


def _is_telling(plain: str) -> bool:
    """Tell whether a text is long enough for its repetition to be no accident."""
    words = plain.split()
    return len(words) - sum(map(_is_sign, words)) >= 4 or len(words) >= _WORDS_IN_A_ROW


def _is_sign(word: str) -> bool:
    return len(word) == 1 and not word.isascii()
