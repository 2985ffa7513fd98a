"""Do readers reach the pages: is what answers at base_url this newsletter, by TLS, and without a detour?"""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import httpx2

from newsletter.doctor.findings import Finding, Severity, Subject, Topic, cut
from newsletter.doctor.server import certificate_finding, end_of
from newsletter.entries.network import (
    DEADLINE,
    CarefulTransport,
    anywhere,
    certificate_trouble,
    is_this_machine,
)
from newsletter.errors import SourceError
from newsletter.rendering.links import Purpose, Signer

PAGES, CERTIFICATE = Subject(Topic.PAGES, "base_url"), Subject(Topic.PAGES, "Certificate")
CLOCK = Subject(Topic.RUNNING, "Clock")
#: Seconds for all questions.
WHOLE = 9.0
_MOST_BODY = 4_096
#: A clock that is further off spoils the hour of issues, and signatures of some services.
OFF = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of the web server."""

    status: int = 0
    body: bytes = b""
    #: where it sends us instead
    elsewhere: str = ""
    #: its clock
    date: datetime | None = None
    #: when its certificate ends
    expires: datetime | None = None
    #: why there is none
    trouble: str = ""
    #: True where its certificate is why
    untrusted: bool = False


@dataclass(frozen=True, slots=True)
class PagesFacts:
    """What answers where readers are sent."""

    base_url: str
    health: Page
    #: behind a link that only this newsletter's key can have signed, for nobody; None where it was not asked for
    proof: Page | None = None
    #: when it was asked
    at: datetime | None = None


def pages_facts(base_url: str, proof: str) -> PagesFacts:
    """Ask as a reader's browser would; `proof` is what `proof_of` makes, or empty."""
    deadline = time.monotonic() + WHOLE
    with httpx2.Client(transport=CarefulTransport(anywhere), timeout=5, trust_env=False) as client:
        health = _get(client, f"{base_url}/healthz", deadline)
        at = datetime.now(UTC)
        asked = proof and health.status == 200
        return PagesFacts(base_url, health, _get(client, proof, deadline) if asked else None, at)


def proof_of(base_url: str, keys: dict[int, bytes]) -> str:
    """The preferences of nobody: whoever has our key knows that it is well signed, and says "gone", not "unknown"."""
    return Signer(base_url, keys).url(Purpose.PREFERENCES, 0)


def pages_findings(facts: PagesFacts, *, by_mail: bool, now: datetime) -> list[Finding]:
    """What that means; `by_mail`: where mail really goes to readers."""
    if is_this_machine(urlsplit(facts.base_url).hostname or "") and by_mail:
        return [
            PAGES.failure(
                f"{facts.base_url} is this machine: nobody else can open the links in your mail.",
                "Set base_url to an https:// address that readers reach.",
            )
        ]
    reached = _reached(facts)
    if reached.severity is Severity.FAILURE and not by_mail:
        reached = replace(reached, severity=Severity.ADVICE)  # nobody has these links yet
    found = [reached]
    if facts.health.expires:
        found.append(certificate_finding(CERTIFICATE, facts.health.expires, now))
    return found


def _reached(facts: PagesFacts) -> Finding:
    health, place = facts.health, facts.base_url
    if health.untrusted:
        return CERTIFICATE.failure(
            f"Browsers do not trust {place}: {cut(health.trouble)}.", "Renew the certificate of your web server."
        )
    if health.trouble:
        return PAGES.failure(
            f"{place} cannot be reached: {cut(health.trouble)}. No link in your mail works.",
            "Start `newsletter serve`, put your web server before it (README: “Running it”), and check base_url.",
        )
    if health.elsewhere:
        return PAGES.warning(
            f"{place} sends everybody on to {cut(health.elsewhere, 100)}. A mail program that leaves for its reader "
            "(one-click) does not follow.",
            "Write the address where it ends as base_url.",
        )
    if health.status in (502, 503, 504):
        return PAGES.failure(
            f"{place} answers {health.status}: its web server is there, but not the newsletter behind it.",
            "Start `newsletter serve`, and see that the web server passes requests on to it.",
        )
    if health.status != 200 or health.body.strip() != b"ok" or (facts.proof and facts.proof.status not in (404, 410)):
        return PAGES.failure(
            f"What answers at {place} is not this newsletter ({health.status}).",
            "Check base_url, and that the web server passes all paths below it on to `newsletter serve`.",
        )
    if facts.proof and facts.proof.status == 404:
        return PAGES.failure(
            f"A newsletter answers at {place}, but it does not know this one's links: it has another database.",
            "Serve this folder there (`newsletter serve --project …`), or check base_url.",
        )
    return PAGES.ok(f"{place} answers, and it is this newsletter.")


def clock_findings(facts: PagesFacts | None, newest: datetime | None, now: datetime) -> list[Finding]:
    """Is the clock right, as far as others can tell? `newest`: the latest moment that is on record here."""
    if newest and newest - now > OFF:
        return [
            CLOCK.warning(
                f"The clock says {now:%d %B %Y, %H:%M} UTC, but something here was done at {newest:%d %B %Y, %H:%M}: "
                "it was put back, or is wrong.",
                "Let the machine keep time by NTP; what has an hour waits until the clock reaches it.",
            )
        ]
    theirs, at = (facts.health.date, facts.at) if facts else (None, None)
    if theirs and at and abs(theirs - at) > OFF:
        return [
            CLOCK.warning(
                f"The clock is {round(abs((theirs - at).total_seconds()) / 60):,} minutes "
                f"{'behind' if theirs > at else 'ahead of'} that of the web server at base_url.",
                "Let both machines keep time by NTP.",
            )
        ]
    return [CLOCK.ok(f"It is {now:%d %B %Y, %H:%M} UTC" + (", as the web server says too." if theirs else "."))]


def _get(client: httpx2.Client, url: str, deadline: float) -> Page:
    try:
        with client.stream("GET", url, extensions={DEADLINE: deadline}, follow_redirects=False) as answer:
            stream = answer.extensions.get("network_stream")
            secure = stream.get_extra_info("ssl_object") if stream else None
            location = answer.headers.get("location", "")
            body = b""
            for piece in answer.iter_raw(1_024):
                body += piece
                if len(body) > _MOST_BODY:
                    break
            return Page(
                answer.status_code,
                body[:_MOST_BODY],
                urljoin(url, location) if location and answer.is_redirect else "",
                _date(answer.headers.get("date", "")),
                end_of(secure.getpeercert()) if secure else None,
            )
    except (httpx2.HTTPError, httpx2.InvalidURL, SourceError, OSError, ValueError) as error:
        if trouble := certificate_trouble(error):
            return Page(trouble=trouble, untrusted=True)
        return Page(trouble=str(error) or type(error).__name__)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
