"""The editor's intro: Markdown to HTML that is fit for a mail."""

import re

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from newsletter.rendering.wrapping import fill

_TAGS = {"p", "a", "em", "strong", "ul", "ol", "li", "blockquote", "br", "code", "h2", "h3", "hr"}


def intro_html(markdown: str) -> str:
    """Paragraphs, emphasis, links and lists; raw HTML in the Markdown is shown as text."""
    rendered = MarkdownIt("commonmark", {"html": False}).render(markdown)
    # The mail's own heading is its date.
    rendered = re.sub(r"<(/?)h1>", r"<\1h2>", rendered)
    return nh3.clean(
        rendered,
        tags=_TAGS,
        attributes={"a": {"href"}},
        attribute_filter=_absolute,
        url_schemes={"http", "https", "mailto"},
    ).strip()


def _absolute(tag: str, attribute: str, value: str) -> str | None:
    """A link in a mail leads nowhere unless it is whole."""
    return value if re.match(r"https?://|mailto:", value, re.IGNORECASE) else None


def intro_text(markdown: str) -> str:
    """Markdown as it was written reads well; only its lines are wrapped."""
    return "\n\n".join(fill(paragraph) for paragraph in markdown.split("\n\n") if paragraph.strip())


def intro_markdown(markdown: str) -> Markup:
    """The operator's own Markdown as part of a notice's template: it is Markdown already, so nothing is escaped."""
    return Markup(markdown.strip())  # noqa: S704 — the notice's Markdown shows raw HTML as text
