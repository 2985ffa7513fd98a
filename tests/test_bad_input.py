"""Bad input from one end to the other: pulled, composed, shown, sent, and never more than text."""

import json
import re
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from html import unescape
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mailserver import mail_server
from newsroom import Clock, entry, mails, make_project, parsed, write_entries

from newsletter import Newsletter
from newsletter.delivery.outcomes import DeliveryState
from newsletter.errors import IssueError
from newsletter.reports import Preview
from subscribers.errors import InvalidAddress, InvalidInterest

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

ADA = "ada@example.org"
EVIL = {
    "a script": "Robots <script>alert(1)</script> walk",
    "an image that acts": 'Robots <img src=x onerror="alert(1)"> walk',
    "an expression": "Robots {{ 7*7 }} and {{ newsletter.__class__ }} walk",
    "a statement": "Robots {% for x in range(3) %}walk{% endfor %}",
    "an unclosed statement": "Robots {% for walk",
    "a comment": "Robots {# walk #} on",
    "a header": "Robots\r\nBcc: eve@example.org\r\n\r\nwalk",
    "the end of a section": "Robots ]]> walk <![CDATA[ on",
    "MJML": "Robots </mj-text><mj-raw><b>walk</b></mj-raw>",
    "another direction": "Robots \u202eklaw\u202c מהלכים",
    "emoji": "Robots 🤖 walk 👩‍🔬 on",
    "quotes": "Robots \"walk\" 'on' & &amp; &lt;b&gt; away",
    "dots": "Robots .walk\n.\n.on",
    "a hole": "Robots \x02walk\x03 \ue000on\ue001",
    "quoted-printable": "Robots =3D walk =\n on =_two-parts_=",
    "a Conditional comment": "Robots <!--[if mso]> walk <![endif]-->",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A newsletter without entries."""
    return make_project(tmp_path, entries=0)


@pytest.fixture
def newsletter(project: Path, clock: Clock, embedder: WordEmbedder) -> Iterator[Newsletter]:
    """The same, open, with one reader."""
    with Newsletter(project, embedder=embedder, clock=clock) as newsletter:
        newsletter.subscribe(ADA, interests=["robots that walk"])
        yield newsletter


def shown(newsletter: Newsletter, *entries: dict[str, object]) -> Preview:
    write_entries(newsletter.project, entries)
    newsletter.pull()
    return newsletter.preview(ADA)


def visible(html: str) -> str:
    """What a person reads of a page."""
    bare = re.sub(r"<(style|title|head)\b.*?</\1>|<!--.*?-->|<[^>]*>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(bare).split())


@pytest.mark.parametrize("title", EVIL.values(), ids=EVIL)
def test_the_text_of_an_entry_is_text_and_nothing_else(newsletter: Newsletter, title: str) -> None:
    found = shown(newsletter, *[entry(n, title, summary=f"{title}. We show it {n} times. On.") for n in (0, 4, 8)])
    told = found.picks[0].title
    assert "Robots" in told
    assert "\r" not in told + found.subject
    assert "\n" not in told + found.subject
    assert "49" not in told
    # As text: literally, at most broken into lines.
    assert told in " ".join(found.text.split())
    # As HTML: the same to the eye, and no tag of its own.
    assert told in visible(found.html)
    for tag in ("<script", "<img", "onerror=", "<mj-", "<b>", "<![CDATA["):
        assert tag not in found.html.lower().replace("onerror=&quot;", "").replace("onerror=&#34;", "")
    # A Subject may lose what joins two emoji.
    assert told.replace("\u200d", " ") in found.subject.replace("\u200d", " ")


@pytest.mark.parametrize("title", EVIL.values(), ids=EVIL)
def test_a_message_has_the_headers_it_ought_to_have_and_two_parts(newsletter: Newsletter, title: str) -> None:
    newsletter.remove(ADA)
    newsletter.subscribe(ADA, interests=["robots that walk"], name=title)
    found = shown(newsletter, entry(0, title))
    raw = message_from_bytes(found.message)
    names = [name.lower() for name in raw.keys()]  # noqa: SIM118 — a message has headers twice where keys() has them
    assert len(names) == len(set(names))
    assert names.count("subject") == 1
    assert "bcc" not in names
    mail = parsed(found.message)
    assert [address.addr_spec for address in mail["to"].addresses] == [ADA]
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert all(len(line) <= 998 and line.isascii() for line in found.message.split(b"\r\n"))
    assert b"\n" not in found.message.replace(b"\r\n", b"")
    assert not any(part.defects for part in raw.walk())


def test_evil_text_goes_by_smtp_to_one_recipient_byte_by_byte(tmp_path: Path, embedder: WordEmbedder) -> None:
    with mail_server() as told:
        smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {told.port}\nsecurity = "none"\n'
        evil = [entry(n, title) for n, title in enumerate(EVIL.values())]
        make_project(tmp_path, f'\n[delivery]\ntransport = "smtp"\n{smtp}', entries=evil)
        with Newsletter(tmp_path, embedder=embedder) as newsletter:
            newsletter.pull()
            newsletter.subscribe(ADA, interests=["robots that walk"])
            assert newsletter.send(now=True).counts == {DeliveryState.SENT: 1}
            (mail,) = told.accepted
            assert mail.recipients == (ADA,)
            assert mail.content == newsletter.preview(ADA).message


@pytest.mark.parametrize("interest", EVIL.values(), ids=EVIL)
def test_the_words_of_a_reader_are_text_too(newsletter: Newsletter, interest: str) -> None:
    newsletter.remove(ADA)
    newsletter.subscribe(ADA, interests=[interest], name=interest)
    found = shown(newsletter, *[entry(n) for n in (0, 4, 8)])
    (kept,) = newsletter.subscriber(ADA).interests
    assert kept.text in visible(found.html)
    assert kept.text in " ".join(found.text.split())
    assert "<script" not in found.html
    assert "<b>" not in found.html


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "https://x.example/\"onclick='x", "//x"])
def test_a_link_that_is_no_web_page_is_none(newsletter: Newsletter, link: str) -> None:
    found = shown(newsletter, entry(0, url=link))
    assert "javascript:" not in found.html
    assert "data:text" not in found.html
    assert "onclick='" not in found.html
    assert all(href.startswith(("https:", "mailto:")) for href in re.findall(r'href="([^"]*)"', found.html))


def test_titles_of_ten_thousand_characters_are_shortened_and_the_mail_stays_small(newsletter: Newsletter) -> None:
    found = shown(newsletter, *[entry(n, f"Robots {n} " + "walk " * 2_000) for n in (0, 4, 8)])
    assert len(found.subject) < 200
    assert len(found.html) < 100_000
    assert all(len(pick.title) < 1_000 for pick in found.picks)
    one_word = shown(newsletter, *[entry(n, f"Robots{n}" + "walk" * 2_500) for n in (100, 104)])
    assert len(one_word.html) < 100_000


@pytest.mark.parametrize("count", [1_000, pytest.param(5_000, marks=pytest.mark.slow)])
def test_a_page_of_thousands_of_entries_is_shown_in_good_time(newsletter: Newsletter, count: int) -> None:
    write_entries(newsletter.project, [entry(n) for n in range(count)])
    start = time.perf_counter()
    newsletter.pull()
    assert newsletter.count_entries() == count
    assert len(newsletter.preview(ADA).picks) >= 3
    assert time.perf_counter() - start < 60


@pytest.mark.parametrize("line", ["x" * 5_000, "robots " * 800, "🤖🤖🤖", "👩‍🔬", "…", "", " \r\n "])
def test_interests_that_are_none_are_refused_with_a_sentence(newsletter: Newsletter, line: str) -> None:
    with pytest.raises(InvalidInterest, match=r"\. .*\.$"):
        newsletter.subscribe("bob@example.org", interests=[line])
    assert [person.address for person in newsletter.subscribers()] == [ADA]


@pytest.mark.parametrize(
    "address",
    [
        "x" * 300 + "@example.org",
        "ada@" + "x" * 300 + ".example",
        "a@b@example.org",
        "ada@example.org\nBcc: x@y.example",
    ],
)
def test_addresses_that_are_none_are_refused_with_a_sentence(newsletter: Newsletter, address: str) -> None:
    with pytest.raises(InvalidAddress, match="is not an email address"):
        newsletter.subscribe(address)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada+papers@example.org", "ada+papers@example.org"),
        ("o'hara@example.org", "o'hara@example.org"),
        ("ADA@Example.ORG", "ADA@example.org"),
    ],
)
def test_odd_addresses_are_delivered_to(tmp_path: Path, embedder: WordEmbedder, typed: str, expected: str) -> None:
    with mail_server() as told:
        smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {told.port}\nsecurity = "none"\n'
        make_project(tmp_path, f'\n[delivery]\ntransport = "smtp"\n{smtp}')
        with Newsletter(tmp_path, embedder=embedder) as newsletter:
            newsletter.pull()
            newsletter.subscribe(typed, interests=["robots that walk"])
            newsletter.send(now=True)
        (mail,) = told.accepted
        assert mail.recipients == (expected,)
        assert parsed(mail.content)["to"] == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02",
        b'{"title": "Half an ent',
        b"Get trending papers in your email inbox!",
        b"<!DOCTYPE html><html></html>",
        b"[" * 100_000,
        b'{"title": ["a list"], "url": 5, "authors": {"a": "b"}, "published": "never"}\n',
    ],
)
def test_a_source_of_nonsense_brings_nothing_and_nobody_gets_an_empty_mail(
    newsletter: Newsletter, content: bytes
) -> None:
    (newsletter.project / "papers.jsonl").write_bytes(content)
    (report,) = newsletter.pull()
    assert report.new == 0
    assert newsletter.send(now=True).counts == {}
    assert mails(newsletter.project) == []
    with pytest.raises(IssueError, match="nothing has come in"):
        newsletter.preview(ADA)


def test_an_entry_that_is_only_a_title_is_shown(newsletter: Newsletter) -> None:
    found = shown(newsletter, {"title": "Robots"})
    (pick,) = found.picks
    assert (pick.title, pick.url, pick.sentence) == ("Robots", None, "")
    assert "https://arxiv.org/search/" in found.html


@pytest.mark.parametrize("published", ["1970-01-01", "2099-12-31", "0000-00-00", "yesterday", None, 5])
def test_dates_that_cannot_be_do_no_harm(newsletter: Newsletter, published: object) -> None:
    found = shown(newsletter, entry(0, published=published))
    assert found.picks
    assert "2099" not in found.text
    assert "1970" not in found.text


def test_an_editors_words_are_markdown_and_no_template(newsletter: Newsletter) -> None:
    (newsletter.project / "issues").mkdir()
    intro = "# Hello {{ 7*7 }}\n\n<script>alert(1)</script>\n\n{% for %} [a](javascript:alert(1)) **bold** \x02 .\n.\n"
    (newsletter.project / "issues" / "2026-W48.md").write_text(intro)
    found = shown(newsletter, entry(0))
    assert "Hello {{ 7*7 }}" in visible(found.html)
    assert "Hello {{ 7*7 }}" in found.text
    assert "<strong>bold</strong>" in found.html
    assert "<script" not in found.html
    assert 'href="javascript' not in found.html


def test_a_title_of_the_newsletter_is_text_too(tmp_path: Path, embedder: WordEmbedder) -> None:
    title = 'Papers {{ 7*7 }} <b>&</b> "Robots" {% for %} 🤖'
    settings = f'title = {json.dumps(title, ensure_ascii=False)}\npostal_address = "<i>1 {{{{ 7*7 }}}} Street</i>"\n'
    make_project(tmp_path, settings=settings)
    with Newsletter(tmp_path, embedder=embedder) as newsletter:
        newsletter.pull()
        newsletter.subscribe(ADA, interests=["robots that walk"])
        found = newsletter.preview(ADA)
    assert title in visible(found.html)
    assert "<i>1 {{ 7*7 }} Street</i>" in visible(found.html)
    # Python's own reading of a From doubles spaces at the joint of two encoded words.
    raw = str(message_from_bytes(found.message)["from"])
    assert str(make_header(decode_header(raw))) == f"{title} <newsletter@example.com>"
