"""Who reads us: people, their consent, their interests, and whom never to mail.

The package is handed an open database (see `database.py`), brings its own tables (`migrations.py`) and
knows nothing of the newsletter it serves.
"""

from subscribers.cadence import Cadence, Frequency, parse_cadence
from subscribers.errors import SubscribersError
from subscribers.interests import Interest, parse_interest, parse_interests
from subscribers.people import Subscriber
from subscribers.states import State

__all__ = [
    "Cadence",
    "Frequency",
    "Interest",
    "State",
    "Subscriber",
    "SubscribersError",
    "parse_cadence",
    "parse_interest",
    "parse_interests",
]
