"""Do the keys that sign have the records by which receivers check them?"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from newsletter.delivery.signing_keys import read_key, selectors_in
from newsletter.doctor.asking import Answer, Names
from newsletter.doctor.domain import ASK_AGAIN
from newsletter.doctor.findings import Finding, Subject, Topic
from newsletter.doctor.mail_records import BadRecord, parse_dkim
from newsletter.errors import SettingsError
from newsletter.settings import Settings

DKIM = Subject(Topic.NAMES, "DKIM")


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A key that signs, and what the DNS says of it."""

    selector: str
    #: why it cannot sign; empty where it can
    trouble: str
    #: "rsa" or "ed25519", and in words
    kind: str = ""
    words: str = ""
    #: where its record belongs, and what it must say
    name: str = ""
    value: str = ""
    texts: Answer[str] = field(default_factory=Answer)


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """All keys."""

    domain: str
    keys: tuple[KeyFacts, ...]
    #: keys that are there and that the settings do not name
    idle: tuple[str, ...]


def own_keys(settings: Settings, project: Path) -> SignatureFacts:
    """The keys as they are in the project's folder; the DNS is not asked."""
    keys = []
    for selector in settings.dkim.selectors:
        try:
            key = read_key(project, selector)
        except SettingsError as error:
            keys.append(KeyFacts(selector, str(error)))
            continue
        record = key.record(settings.domain)
        keys.append(KeyFacts(selector, "", key.kind, key.words, record.name, record.value))
    idle = tuple(one for one in selectors_in(project) if one not in settings.dkim.selectors)
    return SignatureFacts(settings.domain, tuple(keys), idle)


def asked(names: Names, key: KeyFacts) -> KeyFacts:
    """The same with what the DNS says."""
    if key.trouble:
        return key
    return replace(key, texts=names.texts(key.name))


def key_findings(key: KeyFacts) -> list[Finding]:
    """What the DNS says of one key, and what that means."""
    subject = Subject(Topic.NAMES, f"DKIM {key.selector}")
    publish = f"Publish the TXT record for {key.name} that `newsletter dkim show` prints."
    if key.trouble:
        return []  # `own_key_findings` says so, also without a network
    if key.texts.trouble:
        return [subject.warning(f"Its record could not be looked up: {key.texts.trouble}.", ASK_AGAIN)]
    if not key.texts.values:
        return [
            subject.failure(f"There is no record {key.name}, so receivers take every signature for a bad one.", publish)
        ]
    if len(key.texts.values) > 1:
        return [
            subject.failure(
                f"There are {len(key.texts.values)} texts at {key.name}; receivers take any of them.",
                "Leave the one that `newsletter dkim show` prints.",
            )
        ]
    try:
        found, ours = parse_dkim(key.texts.values[0]), parse_dkim(key.value)
    except BadRecord as error:
        return [subject.failure(f"The record {key.name} cannot be read: {error}.", publish)]
    if not found.key:
        return [
            subject.failure(
                f"The record {key.name} says that the key was withdrawn (p= is empty).",
                "Make another with `newsletter dkim new`, and name it in dkim.selector.",
            )
        ]
    if (found.kind, found.key) != (ours.kind, ours.key):
        return [
            subject.failure(
                f"The record {key.name} holds another key than the one that signs here, so every signature is bad.",
                publish + " Or bring the key back that belongs to the record.",
            )
        ]
    if found.testing:
        return [
            subject.advice(f"The record {key.name} says that you are only trying (t=y).", "Take t=y out of the record.")
        ]
    return [subject.ok(f"The record {key.name} holds the key that signs ({key.words}).")]


def own_key_findings(facts: SignatureFacts, *, own_server: bool) -> list[Finding]:
    """What can be said without a network; `own_server`: mail leaves by the operator's own server."""
    found = []
    for key in facts.keys:
        if key.trouble:
            sentence, todo = _halves(key.trouble)
            found.append(Subject(Topic.NAMES, f"DKIM {key.selector}").failure(sentence, todo))
    if not facts.keys:
        say = DKIM.warning if own_server else DKIM.advice
        found.append(
            say(
                "Nothing is signed here (dkim.selector is empty). Gmail, Yahoo and Outlook want a signature of your "
                "domain.",
                "Make a key with `newsletter dkim new`"
                + (
                    ", unless your mail server signs."
                    if own_server
                    else f", unless your relay signs as {facts.domain}."
                ),
            )
        )
    elif all(key.kind == "ed25519" for key in facts.keys):
        found.append(
            DKIM.warning(
                "The only key is Ed25519, which many receivers (Gmail among them) cannot check yet.",
                "Make an RSA key beside it with `newsletter dkim new`, and name both in dkim.selector.",
            )
        )
    if facts.idle and not facts.keys:
        found.append(
            DKIM.advice(
                f"There is a key in keys/ that signs nothing: {', '.join(facts.idle[:5])}.",
                "Once its record is published, name it in dkim.selector.",
            )
        )
    return found


def _halves(text: str) -> tuple[str, str]:
    """A sentence of an error, and what it says to do."""
    first, dot, rest = text.partition(". ")
    return (first + dot.strip(), rest) if rest else (text, "Mend that.")
