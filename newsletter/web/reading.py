"""Pages to read in: past issues as everybody's edition, a reader's own issue, and both as feeds."""

from collections.abc import Sequence
from itertools import groupby

from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from newsletter.back_issues import BackIssue
from newsletter.issues.issue import Section
from newsletter.rendering import words
from newsletter.rendering.links import Purpose
from newsletter.web.feeds import FeedItem, atom
from newsletter.web.guard import ISSUE_POLICY
from newsletter.web.visit import Visit

_SECTIONS = {
    Section.PINNED: "The editor’s choice",
    Section.FOR_YOU: "This edition",
    Section.FAVOURITES: "Everybody’s favourites",
    Section.OUTSIDE: "Outside the usual",
}
#: Titles that a feed tells of an issue.
_TITLES = 12
#: Issues in the feed of the archive.
_IN_FEED = 10


def archive(visit: Visit) -> Response:
    """Every issue that is out, the newest first."""
    issues = [
        {
            "name": str(issue.key),
            "date": words.full_date(issue.key.due),
            "rhythm": str(issue.key.frequency),
            "subject": issue.subject,
        }
        for issue in visit.newsletter.back_issues.archive()
    ]
    return visit.page("archive.html", issues=issues)


def edition(visit: Visit) -> Response:
    """Everybody's edition of one issue."""
    found = visit.newsletter.back_issues.edition(visit.token)
    if found is None:
        return visit.message(
            "There is no such issue here.",
            "Either there never was one, or nobody has been sent it yet.",
            status=404,
            link=(f"{visit.site.base}/archive", "Past issues"),
        )
    sections = [
        {"name": str(section), "heading": _SECTIONS[section], "entries": list(shown)}
        for section, shown in groupby(found.entries, key=lambda one: one.section)
    ]
    return visit.page(
        "edition.html",
        subject=found.issue.subject,
        name=str(found.issue.key),
        date=found.date,
        year=found.issue.key.due.year,
        arrivals=found.arrivals,
        intro=Markup(found.intro_html),  # noqa: S704 — sanitised when the issue was made
        sections=sections,
    )


def archive_feed(visit: Visit) -> Response:
    """The archive for feed readers."""
    base, issues = visit.site.settings.base_url, visit.newsletter.back_issues
    editions = [found for issue in issues.archive()[:_IN_FEED] if (found := issues.edition(str(issue.key)))]
    items = [
        _item(
            visit, one.issue, f"{base}/archive/{one.issue.key}", "edition", [shown.card.title for shown in one.entries]
        )
        for one in editions
    ]
    return _feed(visit, "archive", f"{base}/archive.atom", f"{base}/archive", visit.site.settings.title, items)


def own_issue(visit: Visit) -> Response:
    """A reader's own issue, whole: also what did not fit into the mail."""
    found = visit.newsletter.readers.by_link(visit.token, Purpose.ISSUE)
    if found is None:
        return visit.unknown_link(Purpose.ISSUE)
    claim, person = found
    copy = visit.newsletter.back_issues.copy(person.id, claim.subject)
    if copy is None:
        return visit.message(
            "This issue is not out yet.",
            "It can be read here once it has been sent. It may also have been dropped before that.",
            status=404,
        )
    return HTMLResponse(copy.html, headers={"Content-Security-Policy": ISSUE_POLICY})


def own_feed(visit: Visit) -> Response:
    """A reader's own issues for their feed reader."""
    person = visit.person(Purpose.FEED)
    if person is None:
        return visit.unknown_link(Purpose.FEED)
    settings, signer = visit.site.settings, visit.site.signer
    items = [
        _item(visit, copy.issue, signer.url(Purpose.ISSUE, person.id, copy.issue.id), f"copy:{person.id}", copy.titles)
        for copy in visit.newsletter.back_issues.copies(person.id)
    ]
    here = signer.url(Purpose.FEED, person.id)
    url = signer.url(Purpose.PREFERENCES, person.id)
    return _feed(visit, f"feed:{person.id}", here, url, f"{settings.title}: your issues", items)


def _feed(visit: Visit, name: str, here: str, url: str, title: str, items: Sequence[FeedItem]) -> Response:
    author = visit.site.settings.title
    content = atom(id_=_id(visit, name), title=title, author=author, self_url=here, url=url, items=items)
    return Response(content, media_type="application/atom+xml")


def _item(visit: Visit, issue: BackIssue, url: str, kind: str, titles: Sequence[str]) -> FeedItem:
    return FeedItem(
        id=_id(visit, f"{kind}:{issue.key}"),
        title=issue.subject,
        updated=issue.at,
        url=url,
        summary=" · ".join(titles[:_TITLES]),
    )


def _id(visit: Visit, name: str) -> str:
    """A tag URI (RFC 4151): stays when a key is changed or the pages move."""
    return f"tag:{visit.site.settings.domain},2026:{name}"
