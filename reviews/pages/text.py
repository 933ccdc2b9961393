"""Text that an agent or a customer wrote: shown as it is, able to do nothing."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from handoffs.texts import mark_invisible
from reviews.pages import links

# above this, markdown is shown as it was written: rendering it would cost the page its speed
MARKDOWN_LIMIT = 20_000
NO_LINK = "no link, its address hides where it leads"
EMPTY = re.compile(r"\n(?:[^\S\n]*\n){4,}")
TAGS = {
    *("p", "br", "strong", "em", "s", "code", "pre", "blockquote", "hr", "a", "span"),
    *("ul", "ol", "li", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}


@dataclass(frozen=True, kw_only=True)
class Prose:
    """A longer text; without `markup` it is shown as written. `hidden` counts what that loses."""

    source: str
    markup: SafeString | None = None
    hidden: int = 0

    @property
    def words(self) -> int:
        return len(self.source.split())


def marked(text: object) -> str:
    """Show characters that would hide or reorder others, as ⟦U+202E⟧, and empty lines as such."""
    return EMPTY.sub(_emptied, mark_invisible(str(text)).text)


def _emptied(match: re.Match[str]) -> str:
    """What stands below fifty empty lines is not read."""
    return f"\n\n⟦{match[0].count(chr(10)) - 1} empty lines⟧\n\n"


class _Renderer(RendererHTML):
    """Prints the host after each link and starts headings below the page's own."""

    def text(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        """Mark again: reading a link turns %E2%80%AE into the character that it stands for."""
        return html.escape(marked(tokens[idx].content))

    def link_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        found = _link(tokens[idx])
        return f'<a href="{html.escape(found.href)}">' if found else "<span>"

    def link_close(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        opening = next(t for t in reversed(tokens[:idx]) if t.type == "link_open")
        if found := _link(opening):
            return f'</a> <span class="host">[{html.escape(found.host)}]</span>'
        said = html.escape(marked(opening.attrGet("href")))
        return f'</span> <span class="host">[{NO_LINK}: {said}]</span>'

    def heading_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return f"<{_heading(tokens[idx])}>"

    def heading_close(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return f"</{_heading(tokens[idx])}>"


def _link(token: Token) -> links.Link | None:
    href = token.attrGet("href")
    return links.web(href) or links.mail(href)


def _heading(token: Token) -> str:
    return f"h{min(6, int(token.tag[1]) + 3)}"


_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False, "breaks": True}, renderer_cls=_Renderer)
    .enable(["table", "strikethrough"])
    .disable(["image", "entity"])
)


def prose(source: object, *, markdown: bool) -> Prose:
    """Prepare a draft for reading; where rendering drops characters, say how many."""
    text = marked(source)
    if not markdown or len(text) > MARKDOWN_LIMIT:
        return Prose(source=text)
    tokens = _MARKDOWN.parse(text)
    dirty = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    clean = nh3.clean(
        dirty,
        tags=TAGS,
        attributes={"a": {"href"}, "span": {"class"}},
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    lost = _weight(text) - sum(_shown(token) for token in tokens)
    return Prose(source=text, markup=mark_safe(clean), hidden=max(0, lost))  # noqa: S308


def _weight(text: str) -> int:
    return sum(1 for character in text if character.isalnum())


def _shown(token: Token) -> int:
    """Count the letters and digits of the source that this token accounts for."""
    own = _weight(token.content if token.type != "inline" else "")
    if token.type in ("fence", "list_item_open"):
        own += _weight(token.info)
    if token.type == "text_special":
        own = _weight(token.markup)
    if token.type == "link_open" and token.markup != "autolink":
        own += _weight(str(token.attrGet("href")))
    return own + sum(_shown(child) for child in token.children or ())
