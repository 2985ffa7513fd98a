"""Every check, one after another."""

from newsletter.checks import contents, differences, mail, readers, readiness
from newsletter.checks.contrast import text_contrast
from newsletter.checks.findings import Finding, worst_first
from newsletter.checks.intro import intro
from newsletter.checks.links import whole_links
from newsletter.checks.proof import Proof
from newsletter.checks.subjects import subjects

CHECKS = (
    readiness.release,
    readiness.settings,
    mail.postal_address,
    mail.leaving,
    mail.size,
    mail.text_part,
    mail.images,
    mail.remote_requests,
    whole_links,
    text_contrast,
    subjects,
    intro,
    contents.whole_entries,
    contents.title_lengths,
    contents.nothing_twice,
    contents.parts,
    readers.who_gets_nothing,
    readers.the_same_for_all,
    differences.differences,
)


def examine(proof: Proof) -> tuple[Finding, ...]:
    """What all checks find, the worst first."""
    return worst_first(finding for check in CHECKS for finding in check(proof))
