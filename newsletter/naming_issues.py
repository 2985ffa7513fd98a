"""Which issue a name means: one that is made, or that is to come for some reader."""

from datetime import datetime, timedelta

from sqlite_utils import Database

from newsletter.addressees import coming_issues
from newsletter.errors import IssueError
from newsletter.issues import store as issues
from newsletter.issues.calendar import is_due_date
from newsletter.issues.control import is_over
from newsletter.issues.issue import IssueKey, parse_issue_key
from subscribers import people
from subscribers.cadence import Cadence

#: Issues that are named instead of one that there is not.
NEAR = 3


def known_issue(db: Database, name: str, now: datetime, max_lateness: timedelta) -> IssueKey:
    """The issue of that name. Raises `IssueError` with those that may be meant."""
    key = parse_issue_key(name)
    if issues.find(db, key):
        return key
    if is_over(key, None, now, max_lateness):
        raise IssueError(f"{key} was never made, and its day is over. {_near(db, key, now)}")
    if not any(_is_due(cadence, key) for cadence in people.rhythms(db)):
        raise IssueError(f"{key} is nobody's: no reader's issue falls on that day. {_near(db, key, now)}")
    return key


def _near(db: Database, key: IssueKey, now: datetime) -> str:
    """A sentence with the issues, made or to come, that may be meant."""
    there = {one.key for one in issues.all_issues(db)} | coming_issues(people.rhythms(db), now).keys()
    nearest = sorted(there, key=lambda one: (one.frequency is not key.frequency, abs(one.due - key.due), str(one)))
    names = ", ".join(str(one) for one in nearest[:NEAR])
    return f"Near are: {names}." if names else "There are no issues yet, for there are no readers."


def _is_due(cadence: Cadence, key: IssueKey) -> bool:
    return cadence.frequency is key.frequency and is_due_date(cadence, key.due)
