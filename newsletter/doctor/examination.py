"""All checks of one newsletter, in their order; those that ask others side by side."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from newsletter.doctor import domain, incoming, pages, sender, server, signatures
from newsletter.doctor.asking import Names
from newsletter.doctor.database import content_facts, content_findings, file_facts, file_findings
from newsletter.doctor.findings import Finding, Severity, Subject, Topic, without
from newsletter.doctor.own_files import (
    SETTINGS,
    is_example,
    newest_file,
    secret_files,
    secret_findings,
    settings_findings,
)
from newsletter.doctor.side_by_side import NotKnown, SideBySide
from newsletter.doctor.templates import TemplateFacts, template_facts, template_findings
from newsletter.errors import SettingsError
from newsletter.rendering.links import Signer
from newsletter.rendering.store import load_keys
from newsletter.settings import Settings, load
from newsletter.store import FILE as STORE
from newsletter.store import open_store
from newsletter.supervisor import is_serving
from subscribers.database import database_errors
from subscribers.errors import SubscribersError

#: Seconds after which whatever has not answered is given up.
WHOLE = 12.0
_DNS, _SERVER, _PAGES, _MAILBOX = (
    Subject(Topic.NAMES, "Records"),
    Subject(Topic.SERVER, "Connection"),
    Subject(Topic.PAGES, "base_url"),
    Subject(Topic.RETURNS, "Mailbox"),
)


@dataclass(slots=True)
class _Local:
    """What is known without asking anybody."""

    settings: Settings
    project: Path
    now: datetime
    serving: bool
    keys: signatures.SignatureFacts
    findings: list[Finding]
    templates: TemplateFacts | None = None

    @property
    def smtp(self) -> bool:
        return self.settings.delivery.transport == "smtp"


@dataclass(frozen=True, slots=True)
class _Check:
    """Something that asks others, and what the answer means."""

    subject: Subject
    gather: Callable[[], Any]
    judge: Callable[[Any], list[Finding]]


def examine(
    project: Path, *, resolver: str = "", offline: bool = False, seconds: float = WHOLE, now: datetime | None = None
) -> list[Finding]:
    """Look at everything; `resolver` is asked instead of the machine's own, `offline` asks nobody.

    Raises `ProjectError` where there is no newsletter, `SettingsError` for a resolver that is none. Whatever else is
    wrong is a finding.
    """
    names = Names(resolver)
    now = now or datetime.now(UTC)
    try:
        settings = load(project)
    except SettingsError as error:
        return [SETTINGS.failure(str(error), "Mend it; nothing else could be looked at.")]
    found = list(_examined(project, settings, names, offline, seconds, now))
    secrets = _secrets(settings)
    order = list(Topic)
    return sorted((without(secrets, one) for one in found), key=lambda one: order.index(one.topic))


def _examined(
    project: Path, settings: Settings, names: Names, offline: bool, seconds: float, now: datetime
) -> Iterator[Finding]:
    local = _Local(settings, project, now, is_serving(project), signatures.own_keys(settings, project), [])
    newest = newest_file(project)
    db = _opened(local)
    try:
        link_keys = load_keys(db) if db else {}
        checks = {} if offline else _checks(local, names, link_keys)
        asked = SideBySide({name: check.gather for name, check in checks.items()})
        _look_inside(local, db, link_keys)
    finally:
        if db:
            db.conn.close()
    yield from local.findings
    results = asked.results(seconds)
    for name, check in checks.items():
        result = results[name]
        if isinstance(result, NotKnown):
            again = "Run `newsletter doctor` again in a while."
            yield check.subject.warning(f"It could not be looked at: {result.why}.", again)
        else:
            yield from check.judge(result)
    answer = results.get("pages")
    yield from pages.clock_findings(answer if isinstance(answer, pages.PagesFacts) else None, newest, now)
    yield from _not_asked(local, offline)


def _opened(local: _Local) -> Database | None:
    """The database, where SQLite finds it whole; what it found is noted."""
    facts = file_facts(local.project)
    local.findings += file_findings(facts)
    if facts.trouble or facts.damage:
        return None
    try:
        return open_store(local.project / STORE)
    except SubscribersError as error:
        local.findings.append(Subject(Topic.DATABASE, STORE).failure(str(error), "Mend that first."))
        return None


def _look_inside(local: _Local, db: Database | None, link_keys: dict[int, bytes]) -> None:
    settings, project = local.settings, local.project
    local.findings += settings_findings(settings)
    local.findings += secret_findings(secret_files(project))
    local.findings += incoming.returns_findings(settings) if local.smtp else []
    if db is None:
        return
    try:
        with database_errors(project / STORE):
            content = content_facts(db, settings.address)
            local.templates = template_facts(db, project, settings, Signer(settings.base_url, link_keys), local.now)
    except SubscribersError as error:
        local.findings.append(Subject(Topic.DATABASE, STORE).failure(str(error), "Mend that first."))
        return
    local.findings += content_findings(
        content, first_day=settings.pacing.first_day, serving=local.serving, smtp=local.smtp, now=local.now
    )
    local.findings += template_findings(local.templates)


def _checks(local: _Local, names: Names, link_keys: dict[int, bytes]) -> dict[str, _Check]:
    """Everything that others are asked, by a name."""
    settings = local.settings
    found = {}
    if not is_example(settings.base_url.partition("://")[2].partition("/")[0].partition(":")[0]):
        proof = pages.proof_of(settings.base_url, link_keys) if link_keys else ""
        found["pages"] = _Check(
            _PAGES,
            lambda: pages.pages_facts(settings.base_url, proof),
            lambda facts: pages.pages_findings(facts, by_mail=local.smtp, now=local.now),
        )
    for receive, gather in (("imap", incoming.imap_facts), ("lmtp", incoming.lmtp_facts)):
        if settings.mailbox.receive == receive:
            found["mailbox"] = _Check(
                _MAILBOX,
                lambda gather=gather: gather(settings),  # type: ignore[misc]
                lambda facts: incoming.mailbox_findings(facts, settings, serving=local.serving),
            )
    if local.smtp:
        found["server"] = _Check(_SERVER, lambda: _server(local, names), lambda facts: _server_said(local, facts))
        found |= _names(local, names) if not is_example(settings.domain) else {}
    return found


def _names(local: _Local, names: Names) -> dict[str, _Check]:
    settings, host = local.settings, local.settings.smtp.host
    name = settings.domain
    signed, own = bool(local.keys.keys), bool(host) and sender.is_own(host, name, None)
    found = {
        "spf": _Check(domain.SPF, lambda: domain.spf_facts(names, name), domain.spf_findings),
        "dmarc": _Check(
            domain.DMARC,
            lambda: domain.dmarc_facts(names, name),
            lambda facts: domain.dmarc_findings(facts, signed=signed, own_server=own),
        ),
        "mx": _Check(domain.RETURN, lambda: domain.return_facts(names, name), domain.return_findings),
    }
    for key in local.keys.keys:
        subject = Subject(Topic.NAMES, f"DKIM {key.selector}")
        found[f"dkim {key.selector}"] = _Check(
            subject,
            lambda key=key: signatures.asked(names, key),  # type: ignore[misc]
            signatures.key_findings,
        )
    return found


_Said = tuple[server.ServerFacts, sender.SenderFacts | None]


def _server(local: _Local, names: Names) -> _Said:
    """The server first: what it calls itself is what the DNS is asked about."""
    settings = local.settings
    facts = server.server_facts(settings.smtp, settings.address)
    if not settings.smtp.host or is_example(settings.domain):
        return facts, None
    return facts, sender.sender_facts(names, settings.smtp.host, settings.domain, facts.name, facts.peer)


def _server_said(local: _Local, facts: _Said) -> list[Finding]:
    settings = local.settings
    size = local.templates.message if local.templates else None
    found = server.server_findings(facts[0], settings.smtp, settings.address, size, local.now)
    return found + (sender.sender_findings(facts[1]) if facts[1] else [])


def _not_asked(local: _Local, offline: bool) -> Iterator[Finding]:
    """What nobody looked at, and why."""
    settings = local.settings
    if not local.smtp:
        why = "Mail is written into a folder (delivery.transport), so neither mail server nor DNS was asked."
        yield _SERVER.skipped(why)
    else:
        host = settings.smtp.host
        yield from signatures.own_key_findings(
            local.keys, own_server=bool(host) and sender.is_own(host, settings.domain, None)
        )
        if offline:
            yield _SERVER.skipped("Not asked (--offline).")
            yield _DNS.skipped("Not asked (--offline).")
        elif is_example(settings.domain):
            yield _DNS.skipped("Not asked: address is still an example.")
    if offline:
        yield _PAGES.skipped("Not asked (--offline).")
        if settings.mailbox.receive in ("imap", "lmtp"):
            yield _MAILBOX.skipped("Not asked (--offline).")


def _secrets(settings: Settings) -> list[str]:
    kept = (
        settings.smtp.password,
        settings.mailbox.imap_password,
        settings.webhooks.postmark_password,
        settings.webhooks.mailgun_key,
    )
    return [secret.get_secret_value() for secret in kept]


def failed(findings: list[Finding]) -> bool:
    """Is anything so wrong that mail does not leave, or does not arrive?"""
    return any(one.severity is Severity.FAILURE for one in findings)
