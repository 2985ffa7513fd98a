"""What is fetched from Amazon: the certificates that SNS signs with, and the address that confirms a subscription."""

import asyncio
import time
from functools import cached_property

import httpx2
from cryptography import x509

from newsletter.entries.fetching import http_client, user_agent
from newsletter.entries.network import DEADLINE

#: Seconds for an answer, and the most bytes of it.
SECONDS, MOST = 10.0, 64 * 1024
#: Certificates that are kept; calls that wait for one.
MOST_KEPT, MOST_WAITING = 16, 16


class NotThere(Exception):
    """Amazon answers, and has no such thing."""


class OutOfReach(Exception):
    """Amazon does not answer in time, or what it answers is no use."""


class Amazon:
    """Asks for one thing at a time: whoever can make us ask must not make us ask for much."""

    def __init__(self, client: httpx2.Client | None = None) -> None:
        self._given = client
        self._certificates: dict[str, x509.Certificate] = {}
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def certificate(self, url: str) -> x509.Certificate:
        """The certificate at that address, which was checked before. Raises `NotThere`, `OutOfReach`."""
        if url not in self._certificates:
            content = await self._asked(url)
            try:
                certificate = x509.load_pem_x509_certificate(content)
            except ValueError:
                raise NotThere("no certificate") from None
            if len(self._certificates) >= MOST_KEPT:
                self._certificates.clear()
            self._certificates[url] = certificate
        return self._certificates[url]

    async def confirm(self, url: str) -> None:
        """Confirm a subscription. Raises as `certificate` does."""
        await self._asked(url)

    def close(self) -> None:
        """Let go of the network."""
        if self._given is None and "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> httpx2.Client:
        return self._given or http_client(user_agent=user_agent())

    async def _asked(self, url: str) -> bytes:
        if self._waiting >= MOST_WAITING:
            raise OutOfReach("too many wait for it")
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(self._get, url)
        finally:
            self._waiting -= 1

    def _get(self, url: str) -> bytes:
        end = time.monotonic() + SECONDS
        headers = {"Accept-Encoding": "identity"}
        try:
            request = self._client.build_request("GET", url, headers=headers, extensions={DEADLINE: end})
            # Whose address it is was checked for this one, not for where it redirects to.
            answer = self._client.send(request, stream=True, follow_redirects=False)
            try:
                if answer.is_client_error or answer.is_redirect:
                    raise NotThere(f"the answer was {answer.status_code}")
                if not answer.is_success or "content-encoding" in answer.headers:  # nothing was to be packed
                    raise OutOfReach(f"the answer was {answer.status_code}")
                content = b""
                for chunk in answer.iter_bytes():
                    content += chunk
                    if len(content) > MOST or time.monotonic() > end:
                        raise OutOfReach("it was too much")
                return content
            finally:
                answer.close()
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise OutOfReach(type(error).__name__) from None
