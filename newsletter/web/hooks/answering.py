"""Answering a service's call: is it genuine, was it dealt with before, what follows. The one place that acts.

Every genuine call is answered with a 200, also one that means nothing to us, or it would come again for hours. What
is not genuine gets a 4xx, and what may work later (Amazon is out of reach, the database is busy) a 503.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from newsletter.bodies import read_body
from newsletter.desks import Desks
from newsletter.newsletter import Newsletter
from newsletter.readers import incoming
from newsletter.readers.correspondence import Told
from newsletter.readers.tending import INCOMING_KEPT
from newsletter.web import troubles
from newsletter.web.guard import PRIVATE_HEADERS
from newsletter.web.hooks import mailgun, postmark, ses, sns
from newsletter.web.hooks.amazon import Amazon, NotThere, OutOfReach
from newsletter.web.hooks.keys import key_of
from newsletter.web.hooks.payload import Payload, parse
from newsletter.web.visit import Site
from subscribers.database import writing
from subscribers.errors import DatabaseBusy, DiskFull
from subscribers.evidence import Origin

log = logging.getLogger("newsletter.web")

#: Bytes of a call by whomever, and of one whose password was right already: it may bring the whole mail along.
MOST_BODY, MOST_TRUSTED_BODY = 128 * 1024, 1024 * 1024
#: Seconds after which a service may try again.
AGAIN_SECONDS = 60
#: The same trouble is told in the log once in this time: anybody may call.
TOLD_EVERY = timedelta(hours=1)

Endpoint = Callable[[Request], Awaitable[Response]]


class _Refusal(Exception):
    """Why a call is refused, in words for the operator that name nobody."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Event:
    """One genuine call."""

    key: bytes
    told: list[Told]
    #: what may not be used for another event; None for calls that are signed as a whole
    token: bytes | None = None


class Hooks:
    """The pages that mail services call: those whose secret is set."""

    def __init__(self, site: Site, counter: Desks[Newsletter], amazon: Amazon) -> None:
        self._site = site
        self._counter = counter
        self._amazon = amazon
        secrets = site.settings.webhooks
        self._topics = [topic.strip() for topic in secrets.ses_topic.split(",") if topic.strip()]
        self._password = secrets.postmark_password.get_secret_value()
        self._key = secrets.mailgun_key.get_secret_value()
        self._told: dict[tuple[str, str], datetime] = {}

    def endpoints(self) -> dict[str, Endpoint]:
        """Who answers which path."""
        services = (
            ("ses", self._topics, self._from_ses),
            ("postmark", self._password, self._from_postmark),
            ("mailgun", self._key, self._from_mailgun),
        )
        return {f"/hooks/{name}": self._answering(name, ask) for name, secret, ask in services if secret}

    def _answering(self, service: str, understand: Callable[[Request], Awaitable[_Event | None]]) -> Endpoint:
        async def answer(request: Request) -> Response:
            try:
                event = await understand(request)
                if event:
                    await self._counter.ask(lambda newsletter: self._deal_with(newsletter, service, event))
                return PlainTextResponse("thank you", headers=PRIVATE_HEADERS)
            except _Refusal as refusal:
                self._tell(service, f"was refused: {refusal}")
                return self._no(refusal.status, "refused")
            except (OutOfReach, DatabaseBusy, DiskFull) as error:
                self._tell(service, f"has to come again: {type(error).__name__}")
                return self._no(503, "later, please")
            except HTTPException:
                raise
            except ClientDisconnect:
                return Response(status_code=400)  # nobody is there to read it
            except Exception as error:  # the last door, as for pages: a line in the log that names nobody
                return troubles.failed(self._site, error, "POST", f"/hooks/{service}")

        return answer

    @staticmethod
    def _no(status: int, words: str) -> Response:
        again = {"Retry-After": str(AGAIN_SECONDS)} if status == 503 else {}
        return PlainTextResponse(words, status, {**PRIVATE_HEADERS, **again})

    def _tell(self, service: str, what: str) -> None:
        now, last = self._site.clock(), self._told.get((service, what))
        if last is None or now - last >= TOLD_EVERY:
            self._told[service, what] = now
            log.warning("a call of /hooks/%s %s", service, what)

    def _deal_with(self, newsletter: Newsletter, service: str, event: _Event) -> None:
        """Do it once, and remember that it was done, in one transaction."""
        db, now = newsletter.database, self._site.clock()
        origin = Origin(f"{service} webhook", page=f"{self._site.settings.base_url}/hooks/{service}")
        with writing(db):
            if incoming.known(db, event.key):
                return
            if event.token:
                if incoming.known(db, event.token):
                    raise _Refusal(406, "its token was used before, for something else")
                incoming.remember(db, event.token, now)
            for told in event.told:
                newsletter.correspondence.told(told, origin)
            incoming.remember(db, event.key, now)
        self._site.wake()

    # -- each service

    async def _from_postmark(self, request: Request) -> _Event:
        if not postmark.is_genuine(request.headers.get("authorization", ""), self._password):
            raise _Refusal(401, "the password is missing or wrong")
        payload = await _payload(request, MOST_TRUSTED_BODY)
        return _Event(key_of("postmark", *postmark.identity(payload)), postmark.told(payload))

    async def _from_mailgun(self, request: Request) -> _Event:
        payload = await _payload(request, MOST_BODY)
        if not mailgun.is_genuine(payload, self._key):
            raise _Refusal(403, "its signature is wrong; is webhooks.mailgun_key the HTTP webhook signing key?")
        if not mailgun.is_fresh(payload, self._site.clock()):
            raise _Refusal(406, "it is too old, or this machine's clock is wrong")  # 406: Mailgun tries no more
        key = key_of("mailgun", *mailgun.identity(payload))
        return _Event(key, mailgun.told(payload), key_of("mailgun's token", mailgun.token(payload)))

    async def _from_ses(self, request: Request) -> _Event | None:
        try:
            envelope = sns.envelope_of(await _payload(request, MOST_BODY, "text/plain", ""))
        except ValueError:
            raise _Refusal(400, "it is no message of Amazon SNS's") from None
        if envelope.topic not in self._topics:
            raise _Refusal(403, "it is of another topic than webhooks.ses_topic")
        if not sns.is_certificate_url(envelope.certificate_url):
            raise _Refusal(403, "its certificate is not at Amazon SNS")
        try:
            certificate = await self._amazon.certificate(envelope.certificate_url)
        except NotThere:
            raise _Refusal(403, "Amazon SNS has no such certificate") from None
        now = self._site.clock()
        if not sns.is_genuine(envelope, certificate, now):
            raise _Refusal(403, "its signature is wrong, or its certificate not valid now")
        if now - envelope.at >= INCOMING_KEPT:
            raise _Refusal(403, "it is too old")
        if envelope.kind == sns.CONFIRMATION:
            await self._confirm(envelope)
            return None
        key = key_of("ses", envelope.message_id)
        if envelope.kind != sns.NOTIFICATION:
            log.warning("Amazon SNS no longer calls /hooks/ses: the subscription to the topic has ended")
            return None
        try:
            return _Event(key, ses.told(parse(envelope.message)))
        except ValueError:
            return None  # a sentence, such as the one that tells that the topic was set up

    async def _confirm(self, envelope: sns.Envelope) -> None:
        if not sns.is_confirmation_url(envelope.subscribe_url, envelope.topic):
            raise _Refusal(403, "its address to confirm is not at Amazon SNS")
        try:
            await self._amazon.confirm(envelope.subscribe_url)
        except NotThere:
            raise _Refusal(403, "Amazon SNS does not take the confirmation any more; ask for a new one") from None
        log.info("the subscription to the topic of Amazon SNS is confirmed")


async def _payload(request: Request, most: int, *others: str) -> Payload:
    """The posted JSON object; `others` are types of content that are taken for it too."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", *others):
        raise _Refusal(415, "it is not JSON")
    body = await read_body(request, most)
    try:
        return parse(body)
    except ValueError:
        raise _Refusal(400, "its JSON is broken") from None
