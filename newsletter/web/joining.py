"""Pages for who wants to read: subscribe, look into your mailbox, a form for other pages, what matches."""

from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from newsletter.web.forms import Typed, check_address, check_wishes, choices, empty, mend, typed_in
from newsletter.web.visit import Visit
from subscribers.errors import InvalidAddress, InvalidInterest, TooMany
from subscribers.interests import lines_in

#: What stands under the button: kept as evidence with every request.
CONSENT = (
    "One mail to confirm, then only your issue, and now and then an announcement. No pixels, no click tracking. "
    "Leave with one click."
)
WORDS = f"Subscribe. {CONSENT}"
#: Lines of interests that are looked at for matching entries, from the last one up.
_LINES = 5
_MATCHES = 3
_FIELDS = ("address", "name", "interests", "cadence", "weekday", "day", "hour", "timezone")


def subscribe(visit: Visit) -> Response:
    """The form, and what happens when it is sent."""
    typed = typed_in(visit.form, _fresh(visit))
    if not visit.pressed:
        return form(visit, typed, guess=not visit.posted)
    if visit.form.get("again"):  # only programs fill in what people cannot see
        return _mailbox(visit, typed)
    checked = check_wishes(typed)
    address, mistake = check_address(typed.address)
    wrong = checked.wrong | ({"address": mistake} if mistake else {})
    if not wrong:
        try:
            visit.newsletter.readers.request(
                address,
                name=typed.name,
                interests=list(map(str, checked.interests)),
                cadence=checked.cadence,
                words=WORDS,
                origin=visit.origin(),
            )
        except InvalidAddress as error:
            wrong["address"] = str(error)
        except InvalidInterest as error:
            wrong["interests"] = str(error)
        except TooMany as error:
            answer = form(visit, typed, notice={"title": "Not so fast.", "text": str(error)}, status=429)
            answer.headers["Retry-After"] = str(int(error.again_after.total_seconds()))
            return answer
    if wrong:
        return form(visit, typed, wrong=wrong, status=400)
    visit.site.wake()
    return _mailbox(visit, replace(typed, address=address))


def join(visit: Visit) -> Response:
    """A form on somebody else's page leads here: ours, filled in; nothing is done before it is pressed."""
    return form(visit, typed_in(visit.form, _fresh(visit)), guess="timezone" not in visit.form)


def form(
    visit: Visit,
    typed: Typed,
    *,
    wrong: dict[str, str] | None = None,
    notice: dict[str, str] | None = None,
    guess: bool = False,
    status: int = 200,
) -> HTMLResponse:
    """The page with the form; `guess` lets the browser propose its time zone, `notice` replaces the heading."""
    wrong = wrong or {}
    return visit.page(
        "subscribe.html",
        status,
        typed=typed,
        wrong=wrong,
        mend=mend(wrong),
        notice=notice,
        guess=guess,
        matching=True,
        named=(),
        places=None,
        changes=None,
        consent=CONSENT,
        choices=choices(typed, visit.now),
        join_nonce=visit.site.nonces.of("/", visit.now),
    )


def matching(visit: Visit) -> Response:
    """A piece of HTML: recent entries that match what is being typed."""
    # Of BibTeX half typed nothing can be said: then its lines are words like others.
    asked = visit.query.get("q", "")[-1_000:]
    with suppress(InvalidInterest):
        asked = "\n".join(lines_in(asked))
    typed = [line.strip() for line in asked.splitlines()]
    followed = [line for line in typed if line and not line.casefold().startswith(("not:", "no:"))][-_LINES:]
    found: dict[int, Any] = {}
    for line in reversed(followed):
        for entry in visit.newsletter.readers.matching(line, _MATCHES):
            found.setdefault(entry.id, entry)
    return visit.page("matching.html", entries=list(found.values())[:_MATCHES], asked=bool(followed))


def embed(visit: Visit) -> Response:
    """For the operator: a form to copy into any page."""
    site = visit.site
    snippet = site.pages.render("snippet.html", action=f"{site.settings.base_url}/join")
    live = Markup(site.pages.render("snippet.html", action=f"{site.base}/join"))  # noqa: S704 — a rendered template
    return visit.page("embed.html", snippet=snippet, live=live)


def _mailbox(visit: Visit, typed: Typed) -> HTMLResponse:
    """The same page for every address: known, unknown, suppressed, or typed by a program."""
    fields = [(name, value) for name, value in asdict(typed).items() if name in _FIELDS]
    return visit.page("mailbox.html", address=typed.address, typed=fields)


def _fresh(visit: Visit) -> Typed:
    return empty(visit.site.settings.cadence.cadence())
