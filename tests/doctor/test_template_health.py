"""Do the operator's own templates work, and does an issue fit? With real templates and entries."""

from pathlib import Path

import pytest
from findings_told import ADVICE, FAILURE, OK, WARNING, having
from newsroom import entry, make_project

from newsletter import Newsletter
from newsletter.doctor.findings import Finding
from newsletter.doctor.templates import TemplateFacts, template_facts, template_findings
from newsletter.rendering.links import Signer
from newsletter.rendering.store import load_keys
from newsletter.rendering.templates import shipped_templates

pytestmark = pytest.mark.usefixtures("quick_templates")


def facts_of(project: Path) -> TemplateFacts:
    with Newsletter(project) as newsletter:
        signer = Signer(newsletter.settings.base_url, load_keys(newsletter.database))
        return template_facts(newsletter.database, project, newsletter.settings, signer, newsletter._clock())


def found(project: Path) -> list[Finding]:
    return template_findings(facts_of(project))


def test_our_own_templates_are_well_without_any_entry(tmp_path: Path) -> None:
    make_project(tmp_path)
    told = found(tmp_path)
    having(told, OK, "The templates compile")
    having(told, OK, "bytes of HTML")


def test_a_full_issue_of_real_entries_is_measured(tmp_path: Path) -> None:
    long = [entry(n, summary="This sentence is one of very many. " * 60) for n in range(20)]
    make_project(tmp_path, entries=long)
    empty = facts_of(tmp_path)
    with Newsletter(tmp_path) as newsletter:
        newsletter.pull()
    full = facts_of(tmp_path)
    assert full.picks == 11
    assert full.html > empty.html
    assert full.message > 100_000


def write_template(project: Path, name: str, text: str) -> None:
    """A newsletter with that one template of its own."""
    path = make_project(project) / "templates" / name
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("issue/card.html", "{{ pick.tilte }}", "card.html, line 1"),
        ("issue/card.html", "{% if %}", "card.html, line 1"),
        ("issue/issue.mjml", "<mjml><mj-body><mj-txt/></mj-body></mjml>", "no element <mj-txt>"),
        ("issue/crad.html", "x", "Did you mean issue/card.html?"),
    ],
)
def test_a_broken_template_is_told_with_file_and_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    write_template(tmp_path, name, text)
    having(found(tmp_path), FAILURE, words)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("web/message.html", "{% if %}", "message.html, line 1"),
        ("web/mesage.html", "x", "Did you mean message.html?"),
        ("mail/confirm.md", "Subject: x\n{{ name | nofilter }}", "confirm.md, line 2"),
        ("mail/confirm.md", "Hello", "begins with a line"),
        ("mail/confrim.md", "Subject: x\n", "used by no notice"),
        ("mail/frame.mjml", "<mjml><mj-body><mj-txt/></mj-body></mjml>", "no element <mj-txt>"),
    ],
)
def test_own_pages_and_notices_are_looked_at_too(tmp_path: Path, name: str, text: str, words: str) -> None:
    write_template(tmp_path, name, text)
    told = found(tmp_path)
    having(told, FAILURE, "Pages and notices", words)
    having(told, OK, "The templates compile")


def test_own_pages_and_notices_that_work_are_well(tmp_path: Path) -> None:
    make_project(tmp_path)
    for name in ("web/message.html", "mail/confirm.md"):
        path = tmp_path / "templates" / name
        path.parent.mkdir(parents=True)
        path.write_bytes((shipped_templates() / name).read_bytes())
    assert {finding.severity for finding in found(tmp_path)} == {OK}


def test_an_intro_that_pins_nothing_known_is_told(tmp_path: Path) -> None:
    make_project(tmp_path)
    with Newsletter(tmp_path) as newsletter:
        today = newsletter._clock().date()
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / f"weekly-{today}.md").write_text('+++\npins = ["no such entry"]\n+++\nHello', "utf-8")
    having(found(tmp_path), FAILURE, "pins")


def test_what_gmail_would_clip_is_told() -> None:
    having(template_findings(TemplateFacts(html=110_000)), WARNING, "110,000 bytes", "102,000")
    having(template_findings(TemplateFacts(html=90_000, left_out=3, picks=20)), ADVICE, "Of 20 entries 3 do not fit")
