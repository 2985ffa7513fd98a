"""What the desk shows, as it stands in its address: so that it can be opened again, bookmarked, and gone back to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from newsletter.errors import IssueError
from newsletter.issues.composing import Shape
from newsletter.looking import Whom
from newsletter.press import shape_of
from newsletter.sections import IssueSettings
from newsletter.settings import Settings

#: What may be chosen; the first is what holds where nothing is said.
CHOICES = {
    "view": ("both", "desktop", "phone"),
    "scheme": ("light", "dark"),
    "images": ("on", "off"),
    "part": ("html", "text", "headers", "source"),
    "panel": ("checks", "picks", "pictures", "intro"),
}
#: Settings of an issue that can be tried out beside the real ones, as an editor calls them.
_TITLES = {
    "picks": "Picks",
    "favourites": "Everybody’s favourites",
    "outside": "A step outside",
    "floor": "Above average by at least",
}
SHAPES = tuple(_TITLES)
#: In the order in which they stand in an address.
_NAMES = ("issue", "reader", "like", *CHOICES, "with", *SHAPES)
#: Whom `with` names for everybody's edition.
EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Trial:
    """A setting of an issue that can be tried out, within what such a setting can be."""

    name: str
    title: str
    #: as it is in the settings
    now: float
    least: float
    most: float
    step: float


def trials(settings: Settings) -> list[Trial]:
    """What can be tried out beside these settings."""
    known = IssueSettings.model_json_schema()["properties"]

    def trial(name: str, title: str) -> Trial:
        step = 1 if known[name]["type"] == "integer" else 0.05
        return Trial(name, title, getattr(settings.issue, name), known[name]["minimum"], known[name]["maximum"], step)

    return [trial(name, title) for name, title in _TITLES.items()]


@dataclass(frozen=True)
class State:
    """The query of an address. In templates `state.issue`, `state.with` and so on; empty where nothing is said.

    `state.like` is None unless somebody is imagined: an imagined reader may have no interests at all.
    """

    values: Mapping[str, str]

    def __getattr__(self, name: str) -> str | None:
        if name not in _NAMES:
            raise AttributeError(name)
        if choices := CHOICES.get(name):
            chosen = self.values.get(name, "")
            return chosen if chosen in choices else choices[0]
        return self.values.get(name, None if name == "like" else "")

    def query(self, **changed: object) -> str:
        """The query that says the same but for what is changed; None takes a part away. No question mark before it."""
        values = {**self.values, **changed}
        kept = {name: values[name] for name in _NAMES if values.get(name) is not None}
        return urlencode({n: v for n, v in kept.items() if n == "like" or (v != "" and v != CHOICES.get(n, ("",))[0])})

    @property
    def whom(self) -> Whom:
        """Whose issue it is."""
        like = self.values.get("like")
        return Whom(interests=like) if like is not None else Whom(address=self.values.get("reader", "").strip())

    def compared(self, settings: Settings) -> tuple[Whom, Shape | None] | None:
        """What stands beside it: another reader's, or the same reader's under other settings; None for nothing.

        Raises `IssueError` for a number that such a setting cannot have.
        """
        against = self.values.get("with", "").strip()
        shape = self._shape(settings)
        if not against and shape is None:
            return None
        if not against:
            return self.whom, shape
        return Whom(address="" if against == EVERYBODY else against), shape

    def _shape(self, settings: Settings) -> Shape | None:
        typed: dict[str, Any] = {name: self.values[name] for name in SHAPES if self.values.get(name)}
        if not typed:
            return None
        try:
            issue = IssueSettings.model_validate({**settings.issue.model_dump(), **typed})
        except ValidationError as error:
            [first, *_] = error.errors()
            [mistaken] = (one for one in trials(settings) if one.name == first["loc"][0])
            raise IssueError(
                f"{mistaken.name} cannot be “{str(first['input'])[:40]}”: it is a number from {mistaken.least} to "
                f"{mistaken.most}. Choose “Compare” again."
            ) from None
        return shape_of(settings.model_copy(update={"issue": issue}))


def state_of(query: Mapping[str, str]) -> State:
    """What an address says; what is unknown in it is left out."""
    return State({name: query[name] for name in _NAMES if name in query})
