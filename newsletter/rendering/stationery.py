"""Notices: one Markdown template each makes subject, text and HTML, so that both bodies always say the same.

`mail/NAME.md` begins with a line `Subject: …`; what follows is Markdown with Jinja in it. Values are escaped for
Markdown when they are printed, so a name or an interest can become neither a link nor a heading. `mail/frame.mjml`
stands around the HTML. An operator's own file of the same name, in the project's `templates/`, is taken before ours.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from newsletter.errors import TemplateError
from newsletter.rendering.look import Look
from newsletter.rendering.message import one_line
from newsletter.rendering.templates import compile_mjml, read_template, shipped_templates
from newsletter.rendering.wrapping import fill

FRAME = "mail/frame.mjml"
_CLASSES = {"link_open": "ink", "blockquote_open": "rule", "hr": "rule"}


@dataclass(frozen=True, slots=True)
class Written:
    """The words of a notice."""

    subject: str
    text: str
    html: str


class Stationery:
    """Writes notices with the operator's templates or ours."""

    def __init__(self, overrides: Path, look: Look, newsletter: Mapping[str, Any]) -> None:
        """`newsletter`: title, address, postal_address, base_url, language; replies, where anything reads them."""
        self._overrides = overrides
        self._newsletter = newsletter
        self._markdown = MarkdownIt("commonmark", {"html": False})
        options: dict[str, Any] = {"undefined": jinja2.StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
        self._plain = jinja2.Environment(**options)
        self._escaped = jinja2.Environment(finalize=_finalized, **options)
        #: ends a line of a paragraph
        self._escaped.globals["br"] = Markup("  ")
        self._styles = _styles(look)
        frame = look.apply(self._source(FRAME), str(self._path(FRAME)))
        html = jinja2.Environment(autoescape=True, **options)
        self._frame = html.from_string(compile_mjml(frame, str(self._path(FRAME))))

    def write(self, name: str, **values: Any) -> Written:
        """Fill the template `mail/NAME.md`. Raises `TemplateError` naming file and line."""
        path = self._path(f"mail/{name}.md")
        first, _, rest = self._source(f"mail/{name}.md").partition("\n")
        if not first.startswith("Subject: "):
            raise TemplateError(f"{path}, line 1: a notice begins with a line `Subject: …`. Add it.")
        values = {"newsletter": self._newsletter, **values}
        try:
            subject = one_line(self._plain.from_string(first.removeprefix("Subject: ")).render(values))
            # A line in the subject's place keeps the lines of the file.
            markdown = self._escaped.from_string("\n" + rest).render(values)
            tokens = self._markdown.parse(markdown)
            text = text_of(tokens)
            body = Markup(self._markdown.renderer.render(_styled(tokens, self._styles), self._markdown.options, {}))  # noqa: S704
            html = self._frame.render(newsletter=self._newsletter, subject=subject, body=body)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"{path}, line {error.lineno}: {error.message}") from error
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise TemplateError(f"{path}, line {_line_of(error)}: {error}.") from error
        return Written(subject, text + self._foot(), html)

    def _foot(self) -> str:
        who = f"{self._newsletter['title']}, {self._newsletter['postal_address'] or '(no postal address set yet)'}"
        return f"\n-- \n{who}\nWhat we keep, and why: {self._newsletter['base_url']}/privacy\n"

    def _path(self, name: str) -> Path:
        own = self._overrides / name
        return own if own.is_file() else shipped_templates() / name

    def _source(self, name: str) -> str:
        return read_template(self._path(name))


def text_of(tokens: Sequence[Token]) -> str:
    """Markdown as plain text: paragraphs wrapped, lists with dashes or numbers, links written out."""
    page = _Page()
    hidden = False
    for token in tokens:
        match token.type:
            case "bullet_list_open" | "ordered_list_open" | "blockquote_open" if not page.nested:
                page.space()
        match token.type:
            case "list_item_open":
                page.enter(f"{token.info}{token.markup} " if token.info else "- ")
            case "blockquote_open":
                page.enter("> ")
            case "list_item_close" | "blockquote_close":
                page.leave()
            case "paragraph_open" | "heading_open":
                # Markdown hides the paragraphs of a list whose items stand close together.
                hidden = token.hidden
            case "inline":
                page.add(_inline(token).split("\n"), close=hidden)
            case "fence" | "code_block":
                page.add([f"    {line}" for line in token.content.rstrip("\n").split("\n")], wrap=False)
            case "hr":
                page.add(["* * *"])
    return "\n".join(page.lines) + "\n"


class _Page:
    """Lines of text, behind the marks of the lists and quotations that they stand in."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        #: for each list item and quotation that is open: what the next line begins with, and what those after it do
        self._marks: list[tuple[str, str]] = []
        #: nothing stands in the innermost one yet
        self._fresh = True

    @property
    def nested(self) -> bool:
        return bool(self._marks)

    def enter(self, mark: str) -> None:
        self._marks.append((mark, mark if mark == "> " else " " * len(mark)))
        self._fresh = True

    def leave(self) -> None:
        self._marks.pop()
        self._fresh = False

    def space(self) -> None:
        """An empty line, unless nothing stands before it."""
        if not self._fresh:
            self.lines.append("".join(later for _, later in self._marks).rstrip())
            self._fresh = True

    def add(self, lines: Sequence[str], *, close: bool = False, wrap: bool = True) -> None:
        """A paragraph; `close` to the one before."""
        if not close:
            self.space()
        for line in lines:
            first, later = ("".join(marks) for marks in zip(*self._marks, strict=True)) if self._marks else ("", "")
            self._marks = [(mark, mark) for _, mark in self._marks]
            self.lines.append((first + (fill(line, later) if wrap else line)).rstrip())
        self._fresh = False


def _inline(token: Token) -> str:
    """The text of a paragraph; a link is its words and its address, on a line of its own if it stands alone."""
    said: list[str] = []
    links: list[tuple[str, int]] = []
    children = token.children or []
    alone = _is_button(token)
    for child in children:
        match child.type:
            case "text" | "code_inline" | "image":
                said.append(child.content)
            case "softbreak":
                said.append(" ")
            case "hardbreak":
                said.append("\n")
            case "link_open":
                links.append((str(child.attrs["href"]), len(said)))
            case "link_close":
                href, start = links.pop()
                label = "".join(said[start:])
                said[start:] = [href if label == href else f"{label}:\n{href}" if alone else f"{label} ({href})"]
    return "".join(said)


def _is_button(token: Token) -> bool:
    """Does a paragraph, of no list or quotation, hold one link and nothing else?"""
    types = [child.type for child in token.children or []]
    alone = types[:1] == ["link_open"] and types[-1:] == ["link_close"] and types.count("link_open") == 1
    return alone and token.level == 1


def _styles(look: Look) -> dict[str, str]:
    """The inline style of each kind of Markdown's tokens, and of a button."""
    rule, start = look.style("rule"), look.style("start")
    return {
        "paragraph_open": "margin:16px 0 0",
        "bullet_list_open": f"margin:12px 0 0;padding:0;padding-{start}:20px",
        "ordered_list_open": f"margin:12px 0 0;padding:0;padding-{start}:24px",
        "list_item_open": "margin:4px 0 0",
        "blockquote_open": f"margin:16px 0 0;padding:0;padding-{start}:14px;border-{start}:3px solid {rule}",
        "heading_open": f"margin:26px 0 0;font-family:{look.sans};font-size:15px;line-height:22px;font-weight:600",
        "link_open": look.style("link"),
        "code_inline": "font-size:15px",
        "fence": "font-size:14px;line-height:21px;white-space:pre-wrap",
        "code_block": "margin:16px 0 0;font-size:14px;line-height:21px;white-space:pre-wrap",
        "hr": f"margin:26px 0 0;border:0;border-top:1px solid {rule}",
        "image": "max-width:100%;height:auto;border:0",
        "button": look.style("button"),
    }


def _styled(tokens: Sequence[Token], styles: Mapping[str, str]) -> Sequence[Token]:
    """The same tokens with the styles that mail programs need on every tag."""
    for token in tokens:
        # The mail's own heading is its subject.
        token.tag = "h2" if token.tag == "h1" else token.tag
        for one in (token, *(token.children or ())):
            if style := styles.get(one.type):
                one.attrSet("style", style)
            if kind := _CLASSES.get(one.type):
                one.attrSet("class", kind)
        if token.type == "inline" and _is_button(token) and token.children:
            token.children[0].attrSet("style", styles["button"])
            token.children[0].attrSet("class", "read")
    return tokens


def _finalized(value: object) -> object:
    """Escape what is printed: every sign that Markdown might read has a backslash before it, and lines are one."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(value.split()))


def _line_of(error: BaseException) -> int:
    """The line of the template in which it went wrong: Jinja rewrites tracebacks."""
    line, trace = 1, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
