"""How often something that costs work may be asked for from one network. In memory: it is forgotten every minute."""

from collections import Counter
from datetime import datetime, timedelta

from newsletter.readers.desk import network_of
from subscribers.errors import TooMany

#: Searches a minute: more than a person types, for several behind one address.
MOST = 60
#: Networks that are told apart; a crowd from more of them is one crowd.
NETWORKS = 10_000


class Crowd:
    """Counts who asks. Use it from one thread."""

    def __init__(self) -> None:
        self._minute = 0
        self._asked: Counter[str] = Counter()

    def let_in(self, ip: str, now: datetime) -> None:
        """Count one more. Raises `TooMany`."""
        if (minute := int(now.timestamp()) // 60) != self._minute:
            self._minute, self._asked = minute, Counter()
        network = network_of(ip)
        if len(self._asked) >= NETWORKS and network not in self._asked:
            network = ""
        self._asked[network] += 1
        if self._asked[network] > MOST:
            raise TooMany("That were very many searches from your network within a minute.", timedelta(minutes=1))
