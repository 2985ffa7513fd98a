"""Who may come in: the right host, no foreign page, a key or a password, and a token for whatever changes something.

The studio shows readers' addresses and lets issues go. On one's own machine three others are kept out: a page of
somebody else's in the same browser (its Origin, and what browsers say in Sec-Fetch-Site), a name that was bent to
this machine (its Host), and other people who are logged in here (the key in the address that the program prints).
Pure, but for who is in.
"""

import hmac
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from hashlib import blake2b
from ipaddress import IPv6Address, IPv6Network, ip_address

#: Seconds after which who has logged in has to do it again, and after which they have to if they did nothing.
LASTING, IDLE = 12 * 3600.0, 2 * 3600.0
#: Wrong passwords that are free, seconds to wait after the next one (twice as many after each further one), at most.
FREE, FIRST_WAIT, LONGEST_WAIT = 3, 2.0, 900.0
#: Seconds after which wrong passwords are forgotten, and callers that are remembered.
FORGOTTEN, MOST_CALLERS = 3600.0, 10_000


@dataclass(frozen=True, slots=True)
class Knock:
    """What a browser says about a request before anything of it is read."""

    method: str
    host: str
    #: empty where nothing is said, as in the four others
    origin: str = ""
    site: str = ""
    mode: str = ""
    destination: str = ""


def turned_away(knock: Knock, origins: Collection[str]) -> str | None:
    """Why a request is refused, in words; None where it may come in. `origins` are ours, as http://127.0.0.1:8010."""
    if f"http://{knock.host}" not in origins and f"https://{knock.host}" not in origins:
        return "This desk is reached by its own address only: copy it from where `newsletter preview` printed it."
    if knock.origin and knock.origin not in origins:
        return "Another page asked for this, so nothing was done."
    opened = (knock.method, knock.mode, knock.destination) == ("GET", "navigate", "document")
    if knock.site not in ("", "same-origin", "none") and not opened:
        return "Another page asked for this, so nothing was done."
    if knock.method not in ("GET", "HEAD") and not (knock.origin or knock.site == "same-origin"):
        return "It cannot be told which page this comes from, so nothing was done. Open the desk in a browser."
    return None


class Sessions:
    """Who is in: each by a cookie that nobody else can know. Only digests of the cookies are kept."""

    def __init__(self, clock: Callable[[], float], *, lasting: float | None = LASTING) -> None:
        """`clock` tells seconds; `lasting` is None where sessions end with the process."""
        self._clock = clock
        self._lasting = lasting
        self._secret = secrets.token_bytes(32)
        #: digest of the cookie → (when it began, when it was last seen)
        self._known: dict[bytes, tuple[float, float]] = {}

    def begin(self) -> str:
        """Let somebody in; returns their cookie's value."""
        cookie, now = secrets.token_urlsafe(32), self._clock()
        self._known = {one: times for one, times in self._known.items() if self._lasts(times, now)}
        self._known[self._digest(cookie)] = (now, now)
        return cookie

    def known(self, cookie: str) -> bool:
        """Is this the cookie of somebody who is in?"""
        digest = self._digest(cookie)
        if not self.lasts(cookie):
            self._known.pop(digest, None)
            return False
        self._known[digest] = (self._known[digest][0], self._clock())
        return True

    def lasts(self, cookie: str) -> bool:
        """The same of a page that only listens: that does not count as being seen."""
        times = self._known.get(self._digest(cookie))
        return times is not None and self._lasts(times, self._clock())

    def end(self, cookie: str) -> None:
        """Let nobody in by this cookie any more."""
        self._known.pop(self._digest(cookie), None)

    def end_all(self) -> None:
        """Let nobody in by any cookie so far."""
        self._known.clear()

    def token(self, cookie: str) -> str:
        """What the forms of this session carry."""
        return blake2b(cookie.encode(), key=self._secret, digest_size=16, person=b"token").hexdigest()

    def pressed(self, cookie: str, token: str) -> bool:
        """Was a form of this session's own posted?"""
        return hmac.compare_digest(self.token(cookie).encode(), token.encode())

    def _lasts(self, times: tuple[float, float], now: float) -> bool:
        return self._lasting is None or (now - times[0] < self._lasting and now - times[1] < IDLE)

    def _digest(self, cookie: str) -> bytes:
        return blake2b(cookie.encode(), key=self._secret, digest_size=32, person=b"cookie").digest()


class Key:
    """A key that lets one browser in, once."""

    def __init__(self) -> None:
        self._key: str | None = secrets.token_urlsafe(24)

    @property
    def value(self) -> str:
        """To be put into the address that is printed."""
        return self._key or ""

    def turn(self, key: str) -> bool:
        """Is it the key? From then on it is none any more."""
        if self._key is None or not hmac.compare_digest(self._key.encode(), key.encode()):
            return False
        self._key = None
        return True


@dataclass
class Guesses:
    """Slows down who guesses a password."""

    clock: Callable[[], float]
    #: caller → (wrong ones, when the last was)
    _wrong: dict[str, tuple[int, float]] = field(default_factory=dict)

    def wait(self, caller: str) -> float:
        """Seconds until this caller may try again; 0 for at once."""
        count, last = self._wrong.get(_network(caller), (0, 0.0))
        if count <= FREE:
            return 0.0
        return max(0.0, last + min(FIRST_WAIT * 2.0 ** min(count - FREE - 1, 20), LONGEST_WAIT) - self.clock())

    def wrong(self, caller: str) -> None:
        """It was not the password."""
        now, network = self.clock(), _network(caller)
        count = self._wrong.pop(network, (0, 0.0))[0]
        if len(self._wrong) >= MOST_CALLERS:
            self._wrong = {one: seen for one, seen in self._wrong.items() if now - seen[1] < FORGOTTEN}
            while len(self._wrong) >= MOST_CALLERS:
                self._wrong.pop(next(iter(self._wrong)))
        self._wrong[network] = (count + 1, now)

    def right(self, caller: str) -> None:
        """It was."""
        self._wrong.pop(_network(caller), None)


def is_password(typed: str, password: str) -> bool:
    """Is it the password? Takes as long whatever was typed."""
    digests = (blake2b(text.encode("utf-8", "replace")).digest() for text in (typed, password))
    return bool(password) and hmac.compare_digest(*digests)


def _network(caller: str) -> str:
    """Somebody with IPv6 has a whole network of addresses."""
    try:
        address = ip_address(caller)
    except ValueError:
        return caller
    return str(IPv6Network((address, 64), strict=False)) if isinstance(address, IPv6Address) else caller
