"""Pages for readers: what, when and how often; a pause."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from starlette.responses import Response

from newsletter.ranking.proposals import Proposal
from newsletter.readers.places import places
from newsletter.readers.proposed import open_proposal
from newsletter.rendering import words
from newsletter.rendering.links import Purpose
from newsletter.web import proposing
from newsletter.web.forms import Checked, check_wishes, choices, mend, typed_in, typed_of
from newsletter.web.visit import Visit
from subscribers.errors import InvalidInterest
from subscribers.people import Subscriber
from subscribers.states import State

#: Weeks that a pause may last, as the form offers them.
WEEKS = (1, 2, 4, 8)
#: A later end is none: who wants so long a pause says when they are back.
LONGEST = timedelta(days=730)


def preferences(visit: Visit) -> Response:
    """Show somebody's wishes; change them when the form is sent, and say what changed."""
    person = visit.person(Purpose.PREFERENCES)
    if person is None:
        return visit.unknown_link(Purpose.PREFERENCES)
    if quiet := visit.gone_quiet(person):
        return quiet
    if visit.act in proposing.ANSWERS:
        return _answered(visit, person, proposing.meant(visit, person))
    before = typed_of(person)
    typed = replace(typed_in(visit.form, before), address=person.address) if visit.posted else before
    if not visit.pressed:
        return _preferences(visit, person, Checked(typed))
    checked = check_wishes(typed)
    if not checked.wrong:
        try:
            after = visit.newsletter.readers.change(
                person,
                origin=visit.origin(),
                name=typed.name,
                interests=list(map(str, checked.interests)),
                cadence=checked.cadence,
                announcements=typed.announcements,
            )
        except InvalidInterest as error:
            checked.wrong["interests"] = str(error)
        else:
            return _preferences(visit, after, Checked(typed_of(after)), changes_between(person, after))
    return _preferences(visit, person, checked)


def _answered(visit: Visit, person: Subscriber, proposal: Proposal | None) -> Response:
    """What they say to an interest that their votes show; the rest of the page is as it was."""
    if proposal is None:
        return _preferences(visit, person, Checked(typed_of(person)))
    after, wrong = proposing.answered(visit, person, proposal)
    checked = Checked(typed_of(after))
    if wrong:
        checked.wrong["interests"] = wrong
        return _preferences(visit, after, checked)
    if visit.act == "follow":
        return _preferences(visit, after, checked, changes_between(person, after))
    return _preferences(visit, after, checked, declined=proposal.text)


def _preferences(
    visit: Visit, person: Subscriber, checked: Checked, changes: list[str] | None = None, declined: str = ""
) -> Response:
    typed, wrong = checked.typed, checked.wrong
    asked = open_proposal(visit.newsletter.database, person)
    return visit.page(
        "preferences.html",
        400 if wrong else 200,
        changes=changes,
        declined=declined,
        proposal=proposing.shown(asked) if asked else None,
        typed=typed,
        wrong=wrong,
        mend=mend(wrong),
        guess=False,
        matching=False,
        choices=choices(typed, visit.now),
        named=visit.newsletter.readers.followed(person.interests),
        places=places(visit.newsletter.database, person),
        address=person.address,
        links={
            name: visit.link(purpose, person)
            for name, purpose in (
                ("pause", Purpose.PAUSE),
                ("leave", Purpose.LEAVE),
                ("privacy", Purpose.PRIVACY),
                ("feed", Purpose.FEED),
                ("suggest", Purpose.SUGGEST),
                ("search", Purpose.SEARCH),
            )
        },
        next_issue=visit.next_issue(person),
        paused=person.state is State.PAUSED,
        paused_until=words.long_date(person.paused_until) if person.paused_until else "",
    )


def changes_between(before: Subscriber, after: Subscriber) -> list[str]:
    """What is another thing now, in sentences."""
    new = [interest for interest in after.interests if interest not in before.interests]
    gone = [interest for interest in before.interests if interest not in after.interests]
    changes = [
        *(f"{'Kept away from now on' if interest.muted else 'You now follow'}: {interest.label}" for interest in new),
        *(
            f"{'No longer kept away' if interest.muted else 'You no longer follow'}: {interest.label}"
            for interest in gone
        ),
    ]
    if before.name != after.name:
        changes.append(f"We call you {after.name}." if after.name else "We greet you without a name.")
    if before.interests != after.interests and set(before.interests) == set(after.interests):
        changes.append("What you follow stands in another order.")
    if before.cadence != after.cadence:
        changes.append(f"Your issue comes {words.rhythm(after.cadence)}.")
    if before.announcements != after.announcements:
        changes.append("Announcements come to you." if after.announcements else "No announcements come any more.")
    return changes


def pause(visit: Visit) -> Response:
    """Ask for how long; pause or resume when a button is pressed."""
    person = visit.person(Purpose.PAUSE)
    if person is None:
        return visit.unknown_link(Purpose.PAUSE)
    if quiet := visit.gone_quiet(person):
        return quiet
    readers, wrong, done = visit.newsletter.readers, dict[str, str](), False
    typed = {"length": visit.form.get("length", "2"), "until": visit.form.get("until", "")[:40]}
    today = visit.now.astimezone(person.cadence.zone).date()
    match visit.act:
        case "resume":
            person, done = readers.resume(person, words="Send me issues again", origin=visit.origin()), True
        case "pause":
            until, mistake = end_of_pause(typed["length"], typed["until"], today)
            if mistake:
                wrong["until"] = mistake
            else:
                said = f"Pause until {until}" if until else "Pause until I say so"
                person, done = readers.pause(person, until, words=said, origin=visit.origin()), True
    paused = person.state is State.PAUSED
    ends = datetime.combine(person.paused_until, time(), person.cadence.zone) if person.paused_until else None
    return visit.page(
        "pause.html",
        400 if wrong else 200,
        paused=paused,
        done=done,
        paused_until=person.paused_until,
        next_issue=visit.next_issue(person, ends - timedelta(seconds=1) if ends and paused else None),
        address=person.address,
        lengths=[(str(n), f"for {words.number(n)} week{'s' if n > 1 else ''}") for n in WEEKS],
        typed=typed,
        wrong=wrong,
        earliest=today + timedelta(days=1),
        latest=today + LONGEST,
    )


def end_of_pause(length: str, until: str, today: date) -> tuple[date | None, str]:
    """(the first day with issues again, or None for an open end; what is wrong with it)."""
    if until.strip() and length != "until":
        return None, "You named a day as well. Choose “until the day”, or empty it."
    if length == "open":
        return None, ""
    if length == "until":
        try:
            day = date.fromisoformat(until.strip())
        except ValueError:
            return None, f"Write the day as {today + timedelta(days=30)}."
        if not today < day <= today + LONGEST:
            return None, "Name a day from tomorrow on, within two years; or choose “until I say so”."
        return day, ""
    if length not in map(str, WEEKS):
        return None, "Choose for how long."
    return today + timedelta(weeks=int(length)), ""
