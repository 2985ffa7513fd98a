"""Would the issue go out at all, and to whom?"""

from urllib.parse import urlsplit

from newsletter.checks.findings import Check, Finding, Place, PlaceKind
from newsletter.checks.proof import Proof
from newsletter.issues.control import STOPPED
from newsletter.issues.issue import IssueState
from newsletter.settings import Settings

SETTINGS, RELEASE = Check("Settings"), Check("Release")


def settings(proof: Proof) -> list[Finding]:
    """What is still an example, or a rehearsal. A missing postal address has a check of its own."""
    return settings_alone(proof.settings) or [SETTINGS.ok(f"Mail is from {proof.settings.address}.")]


def settings_alone(settings: Settings) -> list[Finding]:
    """The same without an issue."""
    findings = []
    delivery = settings.delivery
    places = {"address": settings.domain, "base_url": urlsplit(settings.base_url).hostname or ""}
    examples = [name for name, domain in places.items() if f".{domain}".endswith(".example.com")]
    if examples:
        say = SETTINGS.error if delivery.transport == "smtp" else SETTINGS.note
        found = f"{' and '.join(examples)} {'is' if len(examples) == 1 else 'are'} still an example, so no mail leaves "
        found += "by SMTP." if delivery.transport == "smtp" else "this machine: it is written into a folder."
        findings.append(
            say(found, "Write your own before you send.", *(Place(PlaceKind.SETTING, name) for name in examples))
        )
    if delivery.redirect_all_to:
        findings.append(
            SETTINGS.warning(
                f"This is a rehearsal: every mail goes to {delivery.redirect_all_to} instead of its reader, and counts "
                "as sent.",
                "Take delivery.redirect_all_to away before readers are to get it.",
                Place(PlaceKind.SETTING, "delivery.redirect_all_to"),
            )
        )
    return findings


def release(proof: Proof) -> list[Finding]:
    """What the operator said about it, and about all mail."""
    if proof.state is IssueState.DONE:
        return [RELEASE.ok("It is out: every copy of it left, or was given up.")]
    lets_go = f"`newsletter issue release {proof.key}`"
    if proof.state in STOPPED:
        back = proof.state is IssueState.SKIPPED or not proof.made
        return [RELEASE.warning(f"Nobody gets it: {proof.waits}.", f"{lets_go} takes that back." if back else "")]
    findings = []
    if proof.mail_off is not None:
        findings.append(RELEASE.warning(f"All mail is off: {proof.mail_off}.", "`newsletter mail on` lets it go on."))
    if proof.waits:
        findings.append(RELEASE.note(f"Nothing of it goes out: {proof.waits}.", f"{lets_go} lets it go."))
    # Without a postal address, of which a check of its own tells, nothing does.
    if findings or not proof.postal_address:
        return findings
    return [RELEASE.ok("It goes out by itself, at each reader’s hour.")]
