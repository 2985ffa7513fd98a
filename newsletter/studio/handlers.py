"""What the desk answers, one function a page. They run at a desk of the workshop, and read; `acts` changes things."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from newsletter.bodies import Form
from newsletter.checking import Checked
from newsletter.errors import IssueError, NewsletterError
from newsletter.looking import Glimpse, Look, Whom
from newsletter.newsletter import Newsletter
from newsletter.rendering.intro import intro_html
from newsletter.studio import acts, views
from newsletter.studio.copies import LastGood, as_seen, instead, policy
from newsletter.studio.glances import Glances
from newsletter.studio.pages import Pages
from newsletter.studio.state import State
from newsletter.studio.views import Mistake
from subscribers.errors import SubscribersError


class Desk(Protocol):
    """What all requests share."""

    base: str
    remote: bool
    pages: Pages
    good: LastGood
    glances: Glances

    @property
    def mistake(self) -> Mistake | None:
        """What is wrong at the moment."""

    def looked_at(self, whom: Whom, issue: str, mistake: Mistake | None) -> None:
        """Somebody looks at that, and it cannot be made for that reason."""

    def wake(self) -> None:
        """Something may wait to be sent."""


@dataclass(frozen=True)
class Visit:
    """One request."""

    desk: Desk
    newsletter: Newsletter
    state: State
    query: Form
    form: Form
    #: what the forms of this session carry
    token: str
    now: datetime

    @property
    def issue(self) -> str:
        """The issue in front of the editor. Raises `IssueError` where there is none at all."""
        name = self.form.get("issue") or views.chosen_issue(self.newsletter, self.state)
        if not name:
            raise IssueError(
                "There are no issues yet, for there are no readers. `newsletter subscribers add` adds one."
            )
        return name

    def glimpse(self, *, other: bool = False) -> Glimpse | None:
        """The copy in front of the editor, or the one beside it; None where nothing is beside it."""
        glances = self.desk.glances
        if not other:
            return glances.glimpse(self.newsletter, self.state.whom, self.issue)
        beside = self.state.compared(self.newsletter.settings)
        return beside and glances.glimpse(self.newsletter, beside[0], self.issue, beside[1])

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page or a part of one."""
        settings = self.newsletter.settings
        shared = {
            "newsletter": {"title": settings.title, "address": settings.address, "base_url": settings.base_url},
            "base": self.desk.base,
            "remote": self.desk.remote,
            "token": self.token,
            "state": self.state,
        }
        return HTMLResponse(self.desk.pages.render(template, **shared, **values), status)


def desk(visit: Visit) -> Response:
    """The whole page; what is slow in it is asked for afterwards."""
    mistake = visit.desk.mistake
    try:
        variables = views.desk(visit.newsletter, visit.state, visit.now)
    except IssueError as error:  # a name of no issue: the others stand beside
        mistake = Mistake(str(error))
        variables = views.desk(visit.newsletter, State({}), visit.now)
    return visit.page("desk.html", **variables, trouble=mistake.as_dict() if mistake else None)


def readers(visit: Visit) -> Response:
    """The list of readers."""
    return visit.page("readers.html", **views.readers(visit.newsletter, visit.issue, visit.query.get("q", "").strip()))


def copy(visit: Visit) -> Response:
    """The mail itself, for a frame; where it cannot be made, the last one that could."""
    state, other, headers = visit.state, visit.query.get("side") == "b", {}
    images = state.images != "off"
    try:
        html = _html(visit, _bare(visit, other=other))
        if not other:
            visit.desk.looked_at(state.whom, visit.issue, None)
    except (NewsletterError, SubscribersError) as error:
        kept = visit.desk.good.get(_name(visit), state.whom) if not other else None
        headers["X-Studio-Trouble"] = "1"
        html = kept or instead(str(error), state.scheme or "")
        if not other:
            name = _name(visit)
            # Whoever is misspelt or unknown is a matter of this page; a mistake on disk is one of every page.
            ours = isinstance(error, NewsletterError) and name
            visit.desk.looked_at(state.whom, name, views.in_place(str(error)) if ours else None)
    headers["Content-Security-Policy"] = policy(images=images)
    return HTMLResponse(as_seen(html, state.scheme or ""), headers=headers)


def part(visit: Visit) -> Response:
    """Text, headers or source of the message."""
    look = _bare(visit, other=visit.query.get("side") == "b")
    if look is None:
        raise IssueError("Nothing stands beside this copy. Choose what to compare it with.")
    return visit.page("part.html", **views.part(look, visit.state.part or ""))


def picks(visit: Visit) -> Response:
    """Why these entries, and why not others."""
    editorial = visit.newsletter.editor.editorial(visit.issue)
    return visit.page(
        "picks.html", look=_look(visit), other=_look(visit, other=True), editorial=editorial, open=editorial.open
    )


def checks(visit: Visit, checked: Checked) -> Response:
    """What is wrong with the issue."""
    return visit.page("checks.html", checked=checked)


def pictures(visit: Visit, drawn: Sequence[Any]) -> Response:
    """The issue in pictures."""
    return visit.page("pictures.html", pictures=[_picture(one) for one in drawn])


def intro(visit: Visit) -> Response:
    """The intro and the pins."""
    editorial = visit.newsletter.editor.editorial(visit.issue)
    return visit.page("intro.html", editorial=editorial, open=editorial.open)


def find(visit: Visit) -> Response:
    """Entries to pin."""
    return visit.page("found.html", entries=views.found(visit.newsletter, visit.query.get("q", "")))


def proof(visit: Visit) -> Response:
    """The intro that is being written, as the mail has it."""
    return HTMLResponse(intro_html(visit.form.get("text", "")))


def act(visit: Visit) -> Response:
    """Do something, and say what came of it."""
    try:
        said, good = acts.act(visit.newsletter, visit.form), True
        visit.desk.wake()
    except (NewsletterError, SubscribersError) as error:
        said, good = str(error), False
    return visit.page("said.html", 200 if good else 400, said=said, good=good)


Handler = Callable[[Visit], Response]
#: Path → who answers.
GETS: dict[str, Handler] = {
    "/": desk,
    "/readers": readers,
    "/copy": copy,
    "/part": part,
    "/picks": picks,
    "/intro": intro,
    "/find": find,
}
#: The same where an errand comes before; its name is the path's.
ERRANDS: dict[str, Callable[[Visit, Any], Response]] = {"/checks": checks, "/pictures": pictures}


def _bare(visit: Visit, *, other: bool) -> Look | None:
    glimpse = visit.glimpse(other=other)
    return glimpse.bare if glimpse else None


def _look(visit: Visit, *, other: bool = False) -> Look | None:
    glimpse = visit.glimpse(other=other)
    return glimpse.look if glimpse else None


def _html(visit: Visit, look: Look | None) -> str:
    if look is None:
        return instead("Nothing stands beside this copy.", visit.state.scheme or "")
    if look.preview is None:
        return instead(look.nothing, visit.state.scheme or "")
    visit.desk.good.keep(str(look.key), look.whom, look.preview.html)
    return look.preview.html


def _name(visit: Visit) -> str:
    try:
        return visit.issue
    except (NewsletterError, SubscribersError):
        return ""


def _picture(drawn: Any) -> dict[str, Any]:
    svg, wide = Markup(drawn.svg), Markup(drawn.wide)  # noqa: S704 — our own drawing
    return {"title": drawn.title, "caption": drawn.caption, "svg": svg, "wide": wide}
