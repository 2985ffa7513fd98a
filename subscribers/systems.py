"""The systems whose lists of readers we know: their columns, and what their words for a state mean. Facts, no acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

#: The columns of our own export; in JSON each reader has their evidence besides.
COLUMNS = (
    "email",
    "name",
    "state",
    "interests",
    "frequency",
    "day",
    "at",
    "timezone",
    "created_at",
    "confirmed_at",
    "paused_until",
    "announcements",
)


class Standing(StrEnum):
    """How somebody stands with the system that a list is from."""

    ACTIVE = "active"
    PAUSED = "paused"
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class Part(StrEnum):
    """What a column is taken for, in words for the operator."""

    ADDRESS = "address"
    NAME = "name"
    FIRST = "first name"
    LAST = "last name"
    STATE = "state"
    #: a column "state" may be California
    MAYBE_STATE = "state, where it is one"
    #: yes: gets mail
    ON = "wants mail"
    #: yes: gets none
    OFF = "wants no mail"
    INTERESTS = "interests"
    FREQUENCY = "cadence"
    DAY = "day"
    AT = "hour"
    TIMEZONE = "time zone"
    CONFIRMED = "date of consent: confirmed"
    CONFIRMED_IP = "IP of the confirmation"
    OPTED_IN = "date of consent: opted in"
    OPTED_IN_IP = "IP of the opt-in"
    #: when they asked, or were first known: no consent
    REQUESTED = "date of the request"
    REQUESTED_IP = "IP of the request"
    LEFT = "date of leaving"
    CLEANED = "date of a bounce"
    REASON = "reason"
    PAUSED_UNTIL = "end of the pause"
    ANNOUNCEMENTS = "wants announcements"
    EVIDENCE = "evidence"


#: The cells of one row by what they are taken for. A part that has no column is missing; an empty cell is "".
Cells = Mapping[Part, str]


@dataclass(frozen=True, slots=True)
class System:
    """How one system writes its lists."""

    name: str
    #: a header that holds all columns of one of these sets is of this system; names as `formats.plain` makes them
    marks: tuple[frozenset[str], ...]
    #: of several names for a part the first that is there counts
    columns: Mapping[Part, tuple[str, ...]]
    #: raises `ValueError` for a word that it does not know
    standing: Callable[[Cells], Standing]
    #: several interests stand between commas
    commas: bool = False


def _known(word: str, words: Mapping[str, Standing]) -> Standing:
    try:
        return words[word.casefold()]
    except KeyError:
        known = ", ".join(words)
        raise ValueError(f"Its state {word[:40]!r} is not known here. Known are: {known}.") from None


_WORDS = {
    "active": Standing.ACTIVE,
    "subscribed": Standing.ACTIVE,
    "confirmed": Standing.ACTIVE,
    "enabled": Standing.ACTIVE,
    "paused": Standing.PAUSED,
    "pending": Standing.PENDING,
    "unconfirmed": Standing.PENDING,
    "unsubscribed": Standing.UNSUBSCRIBED,
    "inactive": Standing.UNSUBSCRIBED,
    "disabled": Standing.UNSUBSCRIBED,
    "bounced": Standing.BOUNCED,
    "cleaned": Standing.BOUNCED,
    "undeliverable": Standing.BOUNCED,
    # That we must not mail them is known, why is not: a fresh opt-in of their own may end it.
    "suppressed": Standing.BOUNCED,
    "blocklisted": Standing.BOUNCED,
    "complained": Standing.COMPLAINED,
    "spam": Standing.COMPLAINED,
}
_LISTMONK_WORDS = {
    "enabled": Standing.ACTIVE,
    "disabled": Standing.UNSUBSCRIBED,
    # Never to be mailed: bounces end so, and people who blocked the operator. A fresh opt-in of their own may end it.
    "blocklisted": Standing.BOUNCED,
    "blacklisted": Standing.BOUNCED,
}
_BUTTONDOWN_WORDS = {
    **dict.fromkeys(
        ("regular", "premium", "trialed", "unpaid", "gifted", "churning", "paused", "past_due", "churned"),
        Standing.ACTIVE,
    ),
    "unactivated": Standing.PENDING,
    "unsubscribed": Standing.UNSUBSCRIBED,
    "removed": Standing.UNSUBSCRIBED,
    "spammy": Standing.UNSUBSCRIBED,
    "blocked": Standing.UNSUBSCRIBED,
    "undeliverable": Standing.BOUNCED,
    "complained": Standing.COMPLAINED,
}


def _by_word(of: Cells) -> Standing:
    if word := of.get(Part.STATE):
        return _known(word, _WORDS)
    return _WORDS.get(of.get(Part.MAYBE_STATE, "").casefold(), Standing.ACTIVE)


def _listmonk(of: Cells) -> Standing:
    return _known(of[Part.STATE] or "enabled", _LISTMONK_WORDS)


def _mailchimp(of: Cells) -> Standing:
    """Mailchimp writes a file for each: subscribed, unsubscribed, cleaned; only the last two have their columns."""
    if Part.CLEANED in of:
        return Standing.BOUNCED
    if Part.LEFT in of:
        # "SPAM: The emails are spam and should be reported", "ABUSE": what mailbox providers call a complaint.
        reason = of.get(Part.REASON, "").casefold()
        return Standing.COMPLAINED if "spam" in reason or "abuse" in reason else Standing.UNSUBSCRIBED
    return Standing.ACTIVE


def _buttondown(of: Cells) -> Standing:
    said = _known(of.get(Part.STATE) or "regular", _BUTTONDOWN_WORDS)
    if said is Standing.COMPLAINED or of.get(Part.CLEANED):
        return said if said is Standing.COMPLAINED else Standing.BOUNCED
    return Standing.UNSUBSCRIBED if of.get(Part.LEFT) else said


def _substack(of: Cells) -> Standing:
    """An inactive *subscription* is a reader who does not pay: that says nothing about mail."""
    return Standing.UNSUBSCRIBED if of.get(Part.OFF, "").casefold() in ("true", "1", "yes") else Standing.ACTIVE


def _ghost(of: Cells) -> Standing:
    off = of.get(Part.ON, "").casefold() in ("false", "0", "no")
    return Standing.UNSUBSCRIBED if off or of.get(Part.LEFT) else Standing.ACTIVE


_PERSON = {
    Part.ADDRESS: ("email", "email_address", "e_mail", "e_mail_address", "mail", "address"),
    Part.NAME: ("name", "full_name", "display_name"),
    Part.FIRST: ("first_name", "firstname", "given_name"),
    Part.LAST: ("last_name", "lastname", "surname", "family_name"),
}
_CONSENT = {
    Part.CONFIRMED: ("confirmed_at", "confirm_time", "confirmation_date", "confirmed_on"),
    Part.CONFIRMED_IP: ("confirmed_ip", "confirm_ip"),
    Part.OPTED_IN: ("optin_time", "opt_in_time", "optin_date", "opt_in_date", "opted_in_at", "consent_date"),
    Part.OPTED_IN_IP: ("optin_ip", "opt_in_ip"),
}
_CADENCE = {
    Part.FREQUENCY: ("frequency",),
    Part.DAY: ("day",),
    Part.AT: ("at",),
    Part.TIMEZONE: ("timezone",),
}

OURS = System(
    "newsletter",
    (frozenset({"email", "state", "frequency", "timezone", "created_at", "confirmed_at"}),),
    {
        Part.ADDRESS: ("email",),
        Part.NAME: ("name",),
        Part.STATE: ("state",),
        **_CADENCE,
        Part.REQUESTED: ("created_at",),
        Part.CONFIRMED: ("confirmed_at",),
        Part.PAUSED_UNTIL: ("paused_until",),
        Part.ANNOUNCEMENTS: ("announcements",),
        Part.EVIDENCE: ("evidence",),
    },
    _by_word,
)
PLAIN = System(
    "a plain list",
    (),
    {
        **_PERSON,
        **_CONSENT,
        **_CADENCE,
        Part.STATE: ("status", "subscription_status", "subscriber_status"),
        Part.MAYBE_STATE: ("state",),
        Part.REQUESTED: ("created_at", "subscribed_at", "signup_date", "created"),
        Part.REQUESTED_IP: ("signup_ip", "ip_address", "ip"),
    },
    _by_word,
)
SYSTEMS = (
    OURS,
    System(
        "listmonk",
        (frozenset({"uuid", "email", "attributes", "status"}), frozenset({"uuid", "email", "attribs", "status"})),
        {**_PERSON, **_CONSENT, Part.STATE: ("status",), Part.REQUESTED: ("created_at",)},
        _listmonk,
    ),
    System(
        "Mailchimp",
        (
            frozenset({"optin_time", "confirm_time"}),
            frozenset({"leid", "euid"}),
            frozenset({"member_rating", "optin_time"}),
        ),
        {
            **_PERSON,
            **_CONSENT,
            Part.LEFT: ("unsub_time",),
            Part.REASON: ("unsub_reason",),
            Part.CLEANED: ("clean_time",),
        },
        _mailchimp,
        commas=True,
    ),
    System(
        "Ghost",
        (frozenset({"subscribed_to_emails"}), frozenset({"complimentary_plan", "stripe_customer_id"})),
        {
            **_PERSON,
            **_CONSENT,
            Part.ON: ("subscribed_to_emails",),
            Part.LEFT: ("deleted_at",),
            Part.REQUESTED: ("created_at",),
        },
        _ghost,
    ),
    System(
        "Buttondown",
        (
            frozenset({"subscriber_type"}),
            frozenset({"creation_date", "metadata"}),
            frozenset({"creation_date", "notes"}),
        ),
        {
            **_PERSON,
            **_CONSENT,
            Part.STATE: ("subscriber_type", "type"),
            Part.REQUESTED: ("creation_date",),
            Part.REQUESTED_IP: ("ip_address",),
            Part.LEFT: ("unsubscription_date",),
            Part.CLEANED: ("undeliverability_date",),
            Part.REASON: ("unsubscription_reason", "undeliverability_reason"),
        },
        _buttondown,
    ),
    System(
        "Substack",
        (
            frozenset({"active_subscription"}),
            frozenset({"email_disabled"}),
            frozenset({"stripe_plan", "start_date"}),
            frozenset({"emails_received_6mo"}),
            frozenset({"subscription_source_free"}),
        ),
        {
            **_PERSON,
            **_CONSENT,
            Part.OFF: ("email_disabled",),
            Part.REQUESTED: ("created_at", "start_date", "subscription_created_at"),
        },
        _substack,
    ),
)
