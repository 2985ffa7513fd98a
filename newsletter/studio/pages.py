"""The desk's own templates: `studio/*.html` with its style and its script, an operator's files before ours."""

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import jinja2

from newsletter.errors import TemplateError
from newsletter.rendering.look import Look
from newsletter.rendering.templates import read_template, shipped_templates


class Pages:
    """Renders the desk; safe to use from several threads. Files that change are read anew."""

    def __init__(self, overrides: Path, look: Look, shared: dict[str, Any]) -> None:
        """`shared` are variables of every page. Raises `TemplateError` where the style or script cannot be read."""
        self._folders: Sequence[Path] = (overrides / "studio", shipped_templates() / "studio")
        self._look = look
        self._environment = jinja2.Environment(
            loader=jinja2.PrefixLoader({"studio": jinja2.FileSystemLoader(self._folders)}),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=-1,
        )
        self._environment.globals.update(shared)

    @property
    def files(self) -> dict[str, tuple[str, str]]:
        """Name → (content, kind) of the style and the scripts."""
        found = {path.name: path for folder in reversed(self._folders) for path in folder.glob("*.*")}
        kinds = {".css": "text/css", ".js": "text/javascript"}
        return {
            name: (self._look.apply(read_template(path), str(path)), kinds[path.suffix])
            for name, path in found.items()
            if path.suffix in kinds
        }

    @property
    def version(self) -> str:
        """Changes with the style and the scripts, so that browsers may keep them for ever."""
        return blake2b("".join(text for text, _ in self.files.values()).encode(), digest_size=4).hexdigest()

    def render(self, page: str, **values: Any) -> str:
        """A page or a part of one as HTML. Raises `TemplateError` where the template has a mistake."""
        try:
            return self._environment.get_template(f"studio/{page}").render(version=self.version, **values)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"{error.filename}, line {error.lineno}: {error.message}") from error
        except jinja2.TemplateError as error:
            raise TemplateError(f"{self._folders[-1] / page} cannot be rendered: {error}.") from error
