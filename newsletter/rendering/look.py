"""How everything looks: a theme, the operator's colour, letters and logo, put into the templates before all else.

A template says `{{ look.ink }}` or `{{ look.title }}`, and what the theme has for it stands there before MJML compiles
it; in a tag, as `{% if look.logo %}`, the value stands there too. The page's style is filled in the same way.
"""

import difflib
import json
import re
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from html import escape
from string import Template

from newsletter.errors import TemplateError
from newsletter.rendering.palette import BRAND_DARK, BRAND_LIGHT, Palette, palette_for
from newsletter.rendering.themes import PAPER, THEMES, Ground, Theme
from newsletter.sections import LookSettings
from newsletter.settings import Settings

#: Languages that are read from right to left, without those that are written both ways.
_FROM_THE_RIGHT = frozenset({"ar", "he", "fa", "ur", "ps", "sd", "ug", "yi", "dv", "ckb"})
_PRINTED = re.compile(r"\{\{-?\s*look\.(\w+)\s*-?\}\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_NAMED = re.compile(r"(?<![\w.'\"])look\.(\w+)")
#: Templates were written with these colours before there were themes; an operator's own may be so still.
_LITERALS = {
    colour: name
    for ground, suffix in ((PAPER.day, ""), (PAPER.night, "_night"))
    for name, colour in ((f.name + suffix, getattr(ground, f.name)) for f in reversed(fields(Ground)))
    if colour != "#ffffff"
} | {BRAND_LIGHT: "brand", BRAND_DARK: "brand_night"}
_LITERAL = re.compile("|".join(_LITERALS))


@dataclass(frozen=True, slots=True)
class Look:
    """A theme in the operator's colour and letters. Two that are equal fill templates equally."""

    theme: Theme
    palette: Palette
    #: stacks of fonts, as CSS wants them
    serif: str
    sans: str
    #: the address of a picture; empty for the title in words
    logo: str
    thumbnails: bool
    language: str

    def apply(self, source: str, path: str) -> str:
        """Put the values in, line by line as before. Raises `TemplateError` for a name that there is not."""
        values = _values(self)

        def value(name: str, at: int) -> str | bool:
            if name not in values:
                near = difflib.get_close_matches(name, values, n=1)
                meant = f" Did you mean look.{near[0]}?" if near else ""
                raise TemplateError(f"{path}, line {source.count(chr(10), 0, at) + 1}: there is no look.{name}.{meant}")
            return values[name]

        def filled(tag: re.Match[str]) -> str:
            if name := tag[1]:
                return str(value(name, tag.start()))
            return _NAMED.sub(lambda found: json.dumps(value(found[1], tag.start())), tag[0])

        # First the literals: what is put in after them may be such a colour by the operator's own choice.
        source = _LITERAL.sub(lambda colour: str(values[_LITERALS[colour[0]]]), source)
        return _PRINTED.sub(filled, source)

    def style(self, part: str) -> str:
        """The inline CSS of a part of a mail, or a colour."""
        return str(_values(self)[part])


def look_of(settings: Settings) -> Look:
    """What the operator set."""
    return look_in(settings.look, brand=settings.brand, language=settings.language)


def look_in(chosen: LookSettings | None = None, *, brand: str = BRAND_LIGHT, language: str = "en") -> Look:
    """The look of these settings, or of none: paper."""
    chosen = chosen or LookSettings()
    theme = THEMES[chosen.theme]
    return Look(
        theme, _palette(brand, theme), chosen.serif, chosen.sans, chosen.logo, chosen.thumbnails, language.lower()
    )


def _palette(brand: str, theme: Theme) -> Palette:
    """The brand's colour, to be read on sheet and tint, and under what is typed on a page."""
    day, night = theme.day, theme.night
    return palette_for(brand, (day.sheet, day.tint, day.field), (night.sheet, night.tint, night.field))


@lru_cache(maxsize=64)
def _values(look: Look) -> dict[str, str | bool]:
    day, night = asdict(look.theme.day), asdict(look.theme.night)
    mirrored = look.language.partition("-")[0] in _FROM_THE_RIGHT
    start, end = ("right", "left") if mirrored else ("left", "right")
    common = {"serif": look.serif, "sans": look.sans, "start": start, "end": end}
    by_day = common | day | {"brand": look.palette.light}
    by_night = common | night | {"brand": look.palette.dark}
    return {
        **by_day,
        **{f"{name}_night": colour for name, colour in by_night.items() if name not in common},
        **{
            name: Template(style).substitute(by_night if name.endswith("_night") else by_day)
            for name, style in look.theme.parts.items()
        },
        "theme": look.theme.name,
        "brief": look.theme.brief,
        "direction": "rtl" if mirrored else "ltr",
        "logo": escape(look.logo),
        "thumbnails": look.thumbnails,
    }
