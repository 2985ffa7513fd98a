"""The operator's word to all readers: once to each who wants it, with a way out of announcements alone."""

import re
import shutil
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from conftest import WordEmbedder
from hypothesis import example, given
from hypothesis import strategies as st
from mainline import Open, subscribe
from markdown_it import MarkdownIt
from newsroom import Clock, make_project, parsed

from newsletter import Newsletter
from newsletter.announcing import MAX_CHARACTERS, Announcement, parse_announcement
from newsletter.errors import IssueError
from newsletter.mailbox.envelope import Envelope
from newsletter.mailbox.receiving import Receiver
from newsletter.rendering.links import Purpose
from subscribers.evidence import Origin

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAGE = Origin("page")
NEWS = Announcement("What is new", "There is a *page* now: [look](https://news.example.org/).\n\n* one\n* two")
MAILBOX = '\n[mailbox]\nreceive = "command"\noperator = "op@example.org"\n'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, quick_templates: None) -> Path:
    """A newsletter with a mailbox, and readers in every state. Made once."""
    project = make_project(tmp_path_factory.mktemp("built"), MAILBOX)
    with Newsletter(project, clock=Clock(NOON), embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        for name in ("active", "paused", "left", "gone", "quiet"):
            subscribe(newsletter, f"{name}@example.org")
        readers = newsletter.readers
        readers.request("pending@example.org", words="", origin=PAGE)
        readers.pause(person(newsletter, "paused"), None, words="", origin=PAGE)
        readers.leave(person(newsletter, "left"), words="", origin=PAGE)
        readers.erase(person(newsletter, "gone"))
        readers.change(person(newsletter, "quiet"), announcements=False, origin=PAGE)
        newsletter.send_notices()
    for path in (project / "outbox").iterdir():
        path.unlink()
    return project


@pytest.fixture
def newsletter(built: Path, tmp_path: Path, open_newsletter: Open) -> Newsletter:
    """The test's own copy of it."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return open_newsletter()


def person(newsletter: Newsletter, name: str) -> Any:
    return newsletter.subscriber(f"{name}@example.org")


def sent(newsletter: Newsletter) -> list[EmailMessage]:
    """What goes out of what waits, taken out of the outbox."""
    newsletter.send_notices()
    found = []
    for path in sorted((newsletter.project / "outbox").iterdir()):
        found.append(parsed(path.read_bytes()))
        path.unlink()
    return found


def to(mails: list[EmailMessage]) -> list[str]:
    return sorted(str(mail["to"]).partition("@")[0] for mail in mails)


def bodies(mail: EmailMessage) -> tuple[str, str]:
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


# -- who gets it


def test_readers_get_it_also_those_who_pause_and_nobody_else(newsletter: Newsletter) -> None:
    assert newsletter.announce(NEWS) == 2
    mails = sent(newsletter)
    assert to(mails) == ["active", "paused"]
    assert {mail["subject"] for mail in mails} == {"What is new"}


def test_the_same_words_are_announced_once_and_other_words_anew(newsletter: Newsletter, clock: Clock) -> None:
    newsletter.announce(NEWS)
    assert newsletter.announce(NEWS) == 0
    assert len(sent(newsletter)) == 2
    clock.forward(days=40)
    assert newsletter.announce(NEWS) == 0
    assert sent(newsletter) == []
    # Who came since has not had it.
    subscribe(newsletter, "new@example.org")
    assert newsletter.announce(NEWS) == 1
    assert newsletter.announce(Announcement(NEWS.subject, NEWS.body + " And more.")) == 3
    assert to(sent(newsletter)) == ["active", "new", "new", "paused"]


def test_a_dry_run_counts_and_writes_nothing(newsletter: Newsletter) -> None:
    before = list(newsletter.database.conn.iterdump())
    assert newsletter.announce(NEWS, dry_run=True) == 2
    assert list(newsletter.database.conn.iterdump()) == before


def test_consent_is_asked_again_when_it_leaves(newsletter: Newsletter) -> None:
    subscribe(newsletter, "fourth@example.org")
    newsletter.announce(NEWS)
    newsletter.readers.leave(person(newsletter, "active"), words="", origin=PAGE)
    newsletter.readers.change(person(newsletter, "paused"), announcements=False, origin=PAGE)
    newsletter.readers.erase(person(newsletter, "fourth"))
    assert sent(newsletter) == []
    assert newsletter.status().deliveries["dropped"] == 2  # of who is erased not even that is kept


def test_it_waits_while_sending_is_off(newsletter: Newsletter) -> None:
    newsletter.announce(NEWS)
    newsletter.switch_sending(off=True)
    with pytest.raises(Exception, match="Sending is switched off"):
        newsletter.send_notices()
    newsletter.switch_sending(off=False)
    assert len(sent(newsletter)) == 2


def test_announcements_go_out_before_issues_and_beside_them(newsletter: Newsletter) -> None:
    newsletter.announce(NEWS)
    newsletter.send(now=True)
    subjects = [parsed(p.read_bytes())["subject"] for p in sorted((newsletter.project / "outbox").iterdir())]
    assert subjects.count("What is new") == 2
    assert len(subjects) == 4  # and an issue each for who is active, and who wants no announcements


# -- the way out


def test_leaving_announcements_leaves_issues_alone(newsletter: Newsletter) -> None:
    newsletter.announce(NEWS)
    (mail,) = [mail for mail in sent(newsletter) if "active" in str(mail["to"])]
    (url,) = re.findall(r"<(https:[^>]+)>", mail["list-unsubscribe"])
    found = newsletter.readers.by_link(url.rpartition("/")[2], Purpose.ANNOUNCEMENTS)
    assert found is not None
    assert found[1] == person(newsletter, "active")
    assert newsletter.readers.by_link(url.rpartition("/")[2], Purpose.LEAVE) is None
    newsletter.readers.change(found[1], announcements=False, origin=Origin("one-click"))
    assert newsletter.announce(Announcement("More", "of it")) == 1
    assert to(sent(newsletter)) == ["paused"]
    newsletter.send(now=True)
    assert "active" in to([parsed(p.read_bytes()) for p in (newsletter.project / "outbox").iterdir()])


def test_every_announcement_has_the_headers_of_a_list_and_its_readers_own_links(newsletter: Newsletter) -> None:
    newsletter.announce(NEWS)
    mails = sent(newsletter)
    for mail in mails:
        assert mail["list-id"] == "<announcements.news.example.org>"
        assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
        assert mail["list-post"] == "NO"
        assert mail["auto-submitted"] is None
        assert all(
            len(mail.get_all(name, [])) == 1 for name in ("list-id", "list-unsubscribe", "to", "from", "subject")
        )
        text, html = bodies(mail)
        (quiet,) = set(re.findall(r"https://news\.example\.org/quiet/[\w-]+", text))
        (leave,) = set(re.findall(r"https://news\.example\.org/u/[\w-]+", text))
        assert f"<{quiet}>" in mail["list-unsubscribe"]
        assert f'href="{quiet}"' in html
        assert f'href="{leave}"' in html
    assert len({mail["list-unsubscribe"] for mail in mails}) == len(mails)
    assert len({mail["message-id"] for mail in mails}) == len(mails)


def test_the_address_to_leave_announcements_by_mail_leaves_announcements_alone(
    newsletter: Newsletter, clock: Clock
) -> None:
    """A mail program may use either of the two in List-Unsubscribe."""
    newsletter.announce(NEWS)
    (mail,) = [mail for mail in sent(newsletter) if "active" in str(mail["to"])]
    (subject,) = re.findall(r"<mailto:papers@news\.example\.org\?subject=([^>]*)>", mail["list-unsubscribe"])
    raw = (
        "From: active@example.org\r\nTo: papers@news.example.org\r\nMessage-ID: <1@example.org>\r\n"
        f"Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nSubject: {unquote(subject)}\r\n\r\n"
    ).encode()
    receiver = Receiver(newsletter.project, newsletter.settings, lambda: None, clock)
    try:
        receiver.handle(Envelope("active@example.org", ("papers@news.example.org",), False), raw)
    finally:
        receiver.close()
    active = person(newsletter, "active")
    assert (active.state, active.announcements) == ("active", False)
    assert not [mail for mail in sent(newsletter) if str(mail["to"]) == "op@example.org"]


# -- the file


def test_the_first_heading_is_the_subject() -> None:
    text = "\ufeff\n# What is *new*  \n\nThere is\n\n## more\n\nof it.\n\n"
    assert parse_announcement(text, "x.md") == Announcement("What is *new*", "There is\n\n## more\n\nof it.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must begin with a heading"),
        ("What is new\n\nbody", "must begin with a heading"),
        ("#What\n\nbody", "must begin with a heading"),
        ("# \n\nbody", "must begin with a heading"),
        ("## What\n\nbody", "must begin with a heading"),
        ("# What", "says nothing below it"),
        ("# What\n \n\t\n", "says nothing below it"),
        ("# What\n\n" + "x" * MAX_CHARACTERS, "is the most"),
        ("# What\n\n```\ncode", "never closes it"),
        ("# What\n\n~~~~\ncode\n~~~\n", "never closes it"),
    ],
)
def test_a_mistake_in_the_file_is_said(text: str, said: str) -> None:
    with pytest.raises(IssueError, match=said):
        parse_announcement(text, "x.md")


PIECES = (
    *("```", "~~~", "> q", "* i", "    code", "1. n", "<!--", "<div>", "# h", "---", "\\", "`", "[", "](", "text", ""),
    *("[a]: https://x.example", "[No more announcements]: x", "    ", "{{ newsletter }}", "{% raw %}", "***", "&"),
)
MARKDOWN = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("\n".join)


@given(MARKDOWN)
@example("```\ncode\n```")
@example("* ```\n  code")
@example("> ```\n> code")
def test_whatever_is_announced_the_links_to_leave_stand_below_it(body: str) -> None:
    try:
        announcement = parse_announcement(f"# What is new\n\n{body}\n", "x.md")
    except IssueError:
        return
    markdown = MarkdownIt("commonmark", {"html": False})
    below = markdown.render(f"{announcement.body}\n\n---\n\n[Out](https://out.example)")
    assert below.rstrip().endswith('<p><a href="https://out.example">Out</a></p>')


def test_the_two_links_are_in_what_really_goes_out(newsletter: Newsletter) -> None:
    bodies_ = ("* ```\n  code", "> ~~~\n> quoted", "<!-- open", "[No more announcements]: https://x.example")
    for n, body in enumerate(bodies_):
        newsletter.announce(parse_announcement(f"# News {n}\n\n{body}\n", "x.md"))
        for mail in sent(newsletter):
            text, html = bodies(mail)
            for path in ("quiet", "u"):
                assert re.search(rf'<a href="https://news\.example\.org/{path}/[\w-]+"', html)
                assert re.search(rf"\(https://news\.example\.org/{path}/[\w-]+\)", text)


def test_names_and_addresses_are_words_in_it(newsletter: Newsletter) -> None:
    active = person(newsletter, "active")
    newsletter.readers.change(active, origin=PAGE, name='[x](https://evil.example/) "\r\nBcc: eve@evil.example')
    newsletter.announce(Announcement("S\r\nBcc: eve@evil.example", "body {{ 7 * 7 }}"))
    for mail in sent(newsletter):
        assert mail["bcc"] is None
        assert [address.addr_spec.partition("@")[2] for address in mail["to"].addresses] == ["example.org"]
        text, html = bodies(mail)
        assert "{{ 7 * 7 }}" in text
        assert "evil.example/" not in html
