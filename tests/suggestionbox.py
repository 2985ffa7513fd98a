"""What tests of suggestions share: pages of a made-up web, and short words for what readers and the operator do."""

from email.message import EmailMessage

import httpx2
from newsroom import mails, parsed

from newsletter import Newsletter
from subscribers.people import Subscriber

OPERATOR = """
[mailbox]
operator = "op@example.org"

[delivery]
durability = "process"
"""
PAGE = "https://papers.example.org/looms"
LOOMS = (
    '<meta name="citation_title" content="Walking robots that weave">'
    '<meta name="citation_author" content="Jacquard, J">'
    '<meta name="citation_abstract" content="Walking robots weave on springy legs. It goes well. We show how.">'
)


class Web:
    """The pages of the world; what is not there answers 404."""

    def __init__(self) -> None:
        self.pages: dict[str, httpx2.Response] = {}
        self.asked: list[str] = []

    def put(self, url: str, content: str = LOOMS, kind: str = "text/html", status: int = 200, **headers: str) -> None:
        self.pages[url] = httpx2.Response(status, text=content, headers={"content-type": kind, **headers})

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(str(request.url))
        page = self.pages.get(str(request.url), httpx2.Response(404))
        return httpx2.Response(page.status_code, headers=page.headers, stream=httpx2.ByteStream(page.content))


def ada(newsletter: Newsletter) -> Subscriber:
    return newsletter.subscriber("ada@example.org")


def suggest(newsletter: Newsletter, link: str = PAGE, why: str = "", *, name: str = "ada", named: bool = False) -> str:
    person = newsletter.subscriber(f"{name}@example.org")
    return newsletter.readers.suggest(person, link, why, named=named).said


def told(newsletter: Newsletter) -> list[EmailMessage]:
    """Mails to the operator, all so far."""
    newsletter.send_notices()
    return [mail for mail in map(parsed, mails(newsletter.project)) if mail["To"] == "op@example.org"]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())
