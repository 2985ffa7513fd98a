"""The templates of the pages: found, checked when the program starts, rendered.

An operator's own file in the project's `templates/web/` is taken instead of ours, each file by itself. Everything is
escaped. What is checked at the start is what is served: a changed template waits for the next start.
"""

import difflib
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import jinja2

from newsletter.errors import TemplateError
from newsletter.rendering.look import Look
from newsletter.rendering.templates import read_template, shipped_templates

STYLE, SCRIPT = "page.css", "form.js"


class _InThisLook(jinja2.FileSystemLoader):
    """Reads templates, with the look put in."""

    def __init__(self, folders: Sequence[Path], look: Look) -> None:
        super().__init__(folders)
        self._look = look

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, path, is_current = super().get_source(environment, template)
        return self._look.apply(source, path), path, is_current


class Pages:
    """Renders the pages of one newsletter; safe to use from several threads."""

    def __init__(self, overrides: Path, look: Look, shared: dict[str, Any]) -> None:
        """`shared` are variables of every page. Raises `TemplateError` naming file and line."""
        shipped = shipped_templates() / "web"
        self._folders = [overrides / "web", shipped]
        self._environment = jinja2.Environment(
            loader=jinja2.PrefixLoader({"web": _InThisLook(self._folders, look)}),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        self.style = look.apply(self._read(STYLE), str(self._path(STYLE)))
        self.script = self._read(SCRIPT)
        #: changes with the two files, so that browsers may keep them for ever
        self.version = blake2b((self.style + self.script).encode(), digest_size=4).hexdigest()
        self._environment.globals.update(shared, version=self.version)
        self._check(overrides / "web", {path.name for path in shipped.glob("*.html")})

    def render(self, page: str, **values: Any) -> str:
        """A page as HTML. Raises `TemplateError` where the template has a mistake."""
        try:
            return self._environment.get_template(f"web/{page}").render(values)
        except Exception as error:  # whatever an expression in a template may raise
            if explained := self._explained(error):
                raise explained from error
            raise

    def _read(self, name: str) -> str:
        return read_template(self._path(name))

    def _path(self, name: str) -> Path:
        return next((folder / name for folder in self._folders if (folder / name).is_file()), self._folders[-1] / name)

    def _check(self, own: Path, known: set[str]) -> None:
        """Compile every template once, and refuse an operator's file that no page would use."""
        texts = {name: self._read(name) for name in sorted(known | {path.name for path in own.glob("*.html")})}
        for name in texts:
            if name not in known and not any(f"web/{name}" in text for other, text in texts.items() if other != name):
                near = difflib.get_close_matches(name, known, n=1)
                meant = f" Did you mean {near[0]}?" if near else ""
                raise TemplateError(f"{own / name} is used by no page.{meant} Rename it or move it away.")
            try:
                self._environment.get_template(f"web/{name}")
            except jinja2.TemplateSyntaxError as error:
                raise TemplateError(f"{error.filename}, line {error.lineno}: {error.message}") from None

    def _explained(self, error: BaseException) -> TemplateError | None:
        """The failure with the template and line that it comes from; None where it is no template's fault."""
        place, trace = None, error.__traceback__
        while trace:
            # Jinja rewrites tracebacks: a template's frames bear its file and line.
            path = Path(trace.tb_frame.f_code.co_filename)
            if path.parent in self._folders:
                place = f"{path}, line {trace.tb_lineno}"
            trace = trace.tb_next
        return TemplateError(f"{place}: {error}.") if place else None
