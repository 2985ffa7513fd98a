"""The issue's templates: found, given their look, compiled, and checked so that a mistake names its file and line.

`issue/issue.mjml` is the document: MJML around Jinja. It is compiled once, Jinja and all, to HTML; the small files
that it includes are HTML with Jinja. `issue/issue.txt` is the text part. An operator's own file of the same name, in
the project's `templates/`, is taken instead of ours, each file by itself.
"""

import difflib
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.parsers import expat

import jinja2
from jinja2 import nodes
from mjml import mjml2html

from newsletter.errors import TemplateError
from newsletter.rendering.look import Look
from newsletter.rendering.wrapping import fill

DOCUMENT = "issue/issue.mjml"
#: What MJML makes of it.
COMPILED = "issue/issue.html"
FILES = (
    DOCUMENT,
    *(
        f"issue/{part}.html"
        for part in ("head", "greeting", "preheader", "section", "card", "reason", "favourite", "outside", "left-out")
    ),
    "issue/foot.html",
    "issue/proposed.html",
    "issue/issue.txt",
    "issue/greeting.txt",
    "issue/reason.txt",
    "issue/proposed.txt",
    "issue/subject.txt",
)

_TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
#: Values that differ by reader, or by the sentence that a reader sees: holes while a template is rendered.
_LATER = re.compile(
    r"(reader|links)\.\w+|pick\.(number|sentence|rest|reason|more|less)|reason\.words|proposal\.(words|link)"
)
_DECIDING = (nodes.Filter, nodes.Test, nodes.Compare, nodes.And, nodes.Or, nodes.Not, nodes.Call)
Place = tuple[int, str]
_ENTITY = re.compile(r"&\w+;")
_KNOWN = frozenset(
    "mjml mj-head mj-body mj-title mj-preview mj-attributes mj-all mj-class mj-style mj-raw mj-font mj-breakpoint "
    "mj-wrapper mj-section mj-column mj-group mj-hero mj-text mj-button mj-image mj-divider mj-spacer mj-table "
    "mj-social mj-social-element mj-navbar mj-navbar-link mj-accordion mj-accordion-element mj-accordion-title "
    "mj-accordion-text mj-carousel mj-carousel-image".split()
)


def shipped_templates() -> Path:
    """The folder of our own templates: inside an installed wheel, beside the packages in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "templates", package.parent / "templates"):
        if (folder / DOCUMENT).is_file():
            return folder
    raise TemplateError(
        f"The program's own templates are missing below {sysconfig.get_paths()['purelib']}. Install it again."
    )


def read_template(path: Path) -> str:
    """What is in that file. Raises `TemplateError` where it cannot be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"The template {path} cannot be read: {error}. Save it as UTF-8 text.") from error


def load_sources(overrides: Path, look: Look) -> dict[str, str]:
    """Every template's source by name, the operator's before ours, the look put in, MJML compiled to HTML.

    The compiled document is under COMPILED. Raises `TemplateError` naming file and line.
    """
    shipped = shipped_templates()
    own = {f"issue/{path.name}" for path in (overrides / "issue").glob("*.*") if path.suffix in (".html", ".txt")}
    texts: dict[str, tuple[Path, str]] = {}
    for name in (*FILES, *sorted(own - {*FILES})):
        path = overrides / name if (overrides / name).is_file() else shipped / name
        texts[name] = (path, read_template(path))
    for name in sorted(own - {*FILES}):
        if not any(name in text for other, (_, text) in texts.items() if other != name):
            near = difflib.get_close_matches(name, FILES, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise TemplateError(f"{overrides / name} is used by no template.{meant} Rename it or move it away.")
    sources: dict[str, str] = {}
    for name, (path, text) in texts.items():
        source = look.apply(text, str(path))
        _check_jinja(source, path)
        if name == DOCUMENT:
            sources[COMPILED] = compile_mjml(source, str(path)) + "\n"
        else:
            sources[name] = re.sub(r"\n[^\S\n]+", "\n", source) if name.endswith(".html") else source
    return sources


def compile_mjml(source: str, path: str) -> str:
    """MJML with Jinja in it → HTML with the same Jinja in it. Raises `TemplateError`."""
    _check_mjml(source, path)
    try:
        # No remote fonts; comments stay, because Outlook's conditionals are comments.
        html = str(mjml2html(source, fonts={}))
    except ValueError as error:
        raise TemplateError(f"The template {path} is not valid MJML: {error}.") from error
    lost = Counter(_TAGS.findall(source)) - Counter(_TAGS.findall(html))
    if lost:
        tag = next(iter(lost))
        raise TemplateError(
            f"{path}, line {_line_of(source, tag)}: MJML drops {tag!r} at this place. Put control tags into <mj-raw>, "
            "and values into text or links only."
        )
    return html


def environment(sources: Mapping[str, str]) -> jinja2.Environment:
    """Jinja over these sources. HTML is escaped by name: Jinja's own rule knows neither .mjml nor .txt."""
    made = jinja2.Environment(
        # With a "file name" the errors' tracebacks tell which template and line they come from.
        loader=jinja2.FunctionLoader(lambda name: (sources[name], name, None) if name in sources else None),
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["fill"] = fill
    return made


def explain(error: Exception, overrides: Path) -> TemplateError | None:
    """A failure while rendering, with the file and line it comes from; None where it is no template's fault."""
    place = _place_of(error)
    if place is None:
        return None
    name, line = place
    shown = DOCUMENT if name == COMPILED else name
    path = overrides / shown if (overrides / shown).is_file() else shipped_templates() / shown
    what = f"there is no template '{error}'" if isinstance(error, jinja2.TemplateNotFound) else str(error)
    if name == COMPILED:
        line = _line_naming(path.read_text("utf-8"), what)
    return TemplateError(f"{path}, line {line}: {what}. Nothing was sent.")


@lru_cache(maxsize=64)  # whoever edits one template waits for that one alone
def _check_jinja(source: str, path: Path) -> None:
    jinja = environment({})
    try:
        jinja.compile(source)  # finds unknown filters, as parsing does not
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{path}, line {error.lineno}: {error.message}") from None
    for line, name in _misused(jinja.parse(source), name_may_miss="greeting" in path.name):
        raise TemplateError(
            f"{path}, line {line}: {name} stands in a condition or filter, but it is filled in after the template "
            "has been rendered; such values may only be printed."
        )


def _misused(node: nodes.Node, name_may_miss: bool, printed: bool = True, tested: bool = False) -> Iterator[Place]:
    """Where a value that is filled in later (see `body.BodyTemplate`) is used for more than printing it."""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        name = f"{node.node.name}.{node.attr}"
        may_miss = name in ("pick.sentence", "pick.rest") or (name == "reader.name" and name_may_miss)
        if _LATER.fullmatch(name) and not printed and not (tested and may_miss):
            yield node.lineno, name
        return
    for child in node.iter_child_nodes():
        is_test = isinstance(node, nodes.If | nodes.CondExpr) and child is node.test
        yield from _misused(
            child,
            name_may_miss,
            printed and not is_test and not isinstance(node, _DECIDING),
            is_test or (tested and isinstance(node, nodes.And | nodes.Or | nodes.Not)),
        )


def _check_mjml(source: str, path: str) -> None:
    """Find what the compiler would reject without a place, or pass over in silence."""
    for tag in _TAGS.finditer(source):
        if "<" in tag[0]:
            line = source.count("\n", 0, tag.start()) + 1
            raise TemplateError(
                f"{path}, line {line}: '<' inside {tag[0]!r} stops MJML; write `is lt` or turn it round."
            )
    masked = _TAGS.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)
    masked = _ENTITY.sub(lambda found: " " * len(found[0]), masked)
    parser = expat.ParserCreate()

    def begin(name: str, _: Any) -> None:
        if name.startswith("mj") and name not in _KNOWN:
            raise TemplateError(f"{path}, line {parser.CurrentLineNumber}: there is no element <{name}> in MJML.")

    parser.StartElementHandler = begin
    try:
        parser.Parse(masked, True)
    except expat.ExpatError as error:
        raise TemplateError(f"{path}, line {error.lineno}: {expat.ErrorString(error.code)}.") from None


def _place_of(error: BaseException) -> tuple[str, int] | None:
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.name or COMPILED, error.lineno
    place, trace = None, error.__traceback__
    while trace:
        # Jinja rewrites tracebacks: a template's frames bear its name and line.
        if trace.tb_frame.f_code.co_filename.startswith("issue/"):
            # A block that is rendered alone runs as the Python that Jinja made of it, with lines of its own.
            template = trace.tb_frame.f_globals.get("__jinja_template__")
            line = template.get_corresponding_lineno(trace.tb_lineno) if template else trace.tb_lineno
            place = (trace.tb_frame.f_code.co_filename, line)
        trace = trace.tb_next
    return place


def _line_of(source: str, text: str) -> int:
    return source.count("\n", 0, max(source.find(text), 0)) + 1


def _line_naming(source: str, message: str) -> int:
    """The line that holds the name which the message quotes: compiled MJML has lost its lines."""
    for quoted in re.findall(r"'([\w./-]+)'", message):
        for number, line in enumerate(source.splitlines(), 1):
            if re.search(rf"(?<!\w){re.escape(quoted)}(?!\w)", line) and _TAGS.search(line):
                return number
    return 1
