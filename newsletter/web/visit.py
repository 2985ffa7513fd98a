"""One request for a page, as the handlers see it: what was asked, by whom, and the means to answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from newsletter.bodies import Form
from newsletter.newsletter import Newsletter
from newsletter.rendering.links import PATHS, Claim, Purpose, Signer, verify
from newsletter.settings import Settings
from newsletter.web.crowding import Crowd
from newsletter.web.nonces import Nonces
from newsletter.web.pages import Pages
from subscribers.evidence import Origin
from subscribers.people import Subscriber
from subscribers.states import State

#: Characters that are kept of what a browser calls itself.
AGENT = 200


def client_of(request: Request) -> Origin:
    """Where a request comes from, for the evidence.

    The address is the one that the server tells: behind a proxy that is trusted (see the setting), the reader's own.
    """
    agent = "".join(c for c in request.headers.get("user-agent", "") if c.isprintable())
    return Origin(how="page", ip=request.client.host if request.client else "", agent=agent[:AGENT])


@dataclass(frozen=True)
class Site:
    """What all pages of a newsletter share."""

    settings: Settings
    #: what stands before every path: empty, or as "/news"
    base: str
    pages: Pages
    nonces: Nonces
    signer: Signer
    keys: Mapping[int, bytes]
    clock: Callable[[], datetime]
    #: called after something may have been put into the outbox
    wake: Callable[[], None]
    #: how many searches come from where
    crowd: Crowd = field(default_factory=Crowd)


@dataclass(frozen=True)
class Visit:
    """One request."""

    site: Site
    newsletter: Newsletter
    #: below the base, with the token
    path: str
    #: the last part of the path where that is a token or a name, else empty
    token: str
    query: Form
    #: empty unless posted
    form: Form
    posted: bool
    client: Origin
    now: datetime

    @cached_property
    def pressed(self) -> bool:
        """Was a button of our own form pressed? Only then anything may change."""
        return self.posted and self.site.nonces.good(self.form.get("nonce", ""), self.path, self.now)

    @property
    def stale(self) -> bool:
        """Posted with a nonce that is not good any more: it has to be pressed again."""
        return self.posted and not self.pressed and bool(self.form.get("nonce"))

    @property
    def act(self) -> str:
        """Which button of our own form was pressed; empty for none."""
        return self.form.get("act", "") if self.pressed else ""

    def origin(self, how: str = "page") -> Origin:
        """For the evidence: this page, without the token."""
        first = self.path.split("/")[1] if self.token else self.path.strip("/")
        page = f"{self.site.settings.base_url}/{first}"
        return Origin(how=how, page=page, ip=self.client.ip, agent=self.client.agent)

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page, with a fresh nonce for its forms."""
        nonce = self.site.nonces.of(self.path, self.now)
        html = self.site.pages.render(template, nonce=nonce, again=self.stale, **values)
        return HTMLResponse(html, status)

    def message(
        self, heading: str, *lines: str, status: int = 200, link: tuple[str, str] | None = None
    ) -> HTMLResponse:
        """A page that only says something; `link` is an address and its words."""
        return self.page("message.html", status, heading=heading, lines=lines, link=link, reference="")

    def claim(self, purpose: Purpose) -> Claim | None:
        """What the token in the path says, if it is one of ours for this purpose."""
        return verify(self.token, purpose, self.site.keys)

    def person(self, purpose: Purpose) -> Subscriber | None:
        """Who holds this link; None where it is altered, or they were erased."""
        found = self.newsletter.readers.by_link(self.token, purpose)
        return found[1] if found else None

    def link(self, purpose: Purpose, person: Subscriber) -> str:
        """The path of another page of this person's."""
        return f"{self.site.base}/{PATHS[purpose]}/{self.site.signer.token(purpose, person.id)}"

    def unknown_link(self, purpose: Purpose | None = None) -> HTMLResponse:
        """Where a link leads nowhere: altered on its way, or of somebody who was erased."""
        settings = self.site.settings
        if purpose is not None and self.claim(purpose):
            return self.message(
                "Nothing is kept under this link any more.",
                "Whoever it was for has been erased, and gets no mail.",
                status=410,
                link=(f"{self.site.base}/", "Subscribe anew"),
            )
        return self.message(
            "This link is not whole.",
            "Mail programs sometimes break a long link in two. Copy all of it from the mail, to the end of its line.",
            f"Or write a mail to {settings.address} and say what you want"
            + (", in plain words: “stop”, “pause 4 weeks”, “help”." if settings.mailbox.receives else "."),
            status=404,
        )

    def gone_quiet(self, person: Subscriber) -> HTMLResponse | None:
        """The page for who is no reader at present; None for who is."""
        if person.state in (State.ACTIVE, State.PAUSED):
            return None
        return self.message(
            "You get no issues at present.",
            f"{person.address} is not subscribed, so there is nothing to change here.",
            link=(f"{self.site.base}/", "Subscribe again"),
        )

    def next_issue(self, person: Subscriber, after: datetime | None = None) -> str:
        """On Friday, 27 November, at 08:00, Paris time."""
        return self.newsletter.readers.coming(person, after).day_and_hour(person)
