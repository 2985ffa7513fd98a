"""What holds on every page: headers, limits, scanners, nonces, errors in words, quiet logs."""

import asyncio
import logging
import re
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from newsroom import mails, parsed
from starlette.testclient import TestClient
from website import ADA, BOB, JOINING, Website, nonce_in, text_of

from newsletter import bodies
from newsletter.bodies import read_form
from newsletter.errors import TemplateError
from newsletter.readers.desk import Readers
from newsletter.rendering.links import Purpose
from newsletter.web import app as web
from newsletter.web.app import MOST_BODY
from newsletter.web.nonces import Nonces

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

pytest_plugins = ("website_fixtures",)

PUBLIC = ("/", "/join", "/embed", "/archive", "/archive.atom", "/archive/weekly-2026-11-27", "/privacy")
#: For everybody too, but neither kept nor found by others: what somebody looks for is theirs.
SEARCHES = ("/search", "/search?q=walking+robots")
#: How a part of a form begins.
PART = b"--x\r\nContent-Disposition: form-data"
SUGGESTING = {"act": "suggest", "link": "https://example.org/looms"}
PURPOSES = [
    Purpose.LEAVE,
    Purpose.PREFERENCES,
    Purpose.PAUSE,
    Purpose.PRIVACY,
    Purpose.MORE,
    Purpose.LESS,
    Purpose.ISSUE,
    Purpose.FEED,
    Purpose.SUGGEST,
    Purpose.SEARCH,
    Purpose.PROPOSAL,
    Purpose.ANNOUNCEMENTS,
    Purpose.SUPPRESSED,
]


def private_links(website: Website) -> list[str]:
    return [website.link(purpose, 1) for purpose in PURPOSES]


def asked_links(website: Website) -> list[str]:
    """Links of every kind that a mail asks to press."""
    website.press("/", **JOINING)
    website.press(website.link(Purpose.PRIVACY), act="export")
    [_, private] = website.confirm_links()
    website.press(f"{private}?act=address", act="address", address="ada@new.example.org")
    return website.confirm_links()


def test_every_page_answers_get_and_head_with_its_headers(website: Website) -> None:
    for path in (*PUBLIC, *SEARCHES, *private_links(website), *asked_links(website), "/nothing", "/u/altered"):
        answer, head = website.get(path), website.client.head(path)
        assert answer.status_code == head.status_code
        assert head.content == b""
        for one in (answer, head):
            policy = one.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; ")
            for rule in ("form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
                assert rule in policy
            assert "script-src" not in policy or "script-src 'self'" in policy
            assert one.headers["x-content-type-options"] == "nosniff"
            assert one.headers["referrer-policy"] == "no-referrer"
            assert "set-cookie" not in one.headers
        if path not in PUBLIC:
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-robots-tag"] == "noindex"
        else:
            assert "x-robots-tag" not in answer.headers


def test_only_the_issue_itself_may_have_styles_of_its_own(still: Website) -> None:
    for path in (*PUBLIC, *SEARCHES, *private_links(still)):
        page = still.get(path)
        relaxed = "unsafe-inline" in page.headers["content-security-policy"]
        assert relaxed == path.startswith("/i/")
        assert relaxed or "style=" not in page.text
        assert "unsafe-eval" not in page.headers["content-security-policy"]


def test_every_page_can_be_read_by_everybody(website: Website) -> None:
    for path in (*PUBLIC, *SEARCHES, *private_links(website), *asked_links(website), "/nothing"):
        page = website.get(path)
        if path.startswith("/i/") or "atom" in page.headers["content-type"]:
            continue
        assert '<html lang="en">' in page.text
        assert page.text.count("<h1>") == 1
        for landmark in ("<header>", "<main>", "<footer>", "<nav aria-label="):
            assert page.text.count(landmark) == 1
        for field in re.findall(r"<(?:input|select|textarea)\b[^>]*\bid=\"([^\"]+)\"", page.text):
            assert f'for="{field}"' in page.text
        assert re.findall(r"(?:src|href|action)=\"(?:https?:)?//(?!papers\.example\.org)[^\"]*", page.text) == []


def test_a_page_with_its_style_and_script_is_small(still: Website) -> None:
    page, style, script = (still.get(path) for path in ("/", "/page.css", "/form.js"))
    # All pages share the style, that of the search too.
    assert len(page.content) + len(style.content) + len(script.content) < 21_000
    assert len(script.text.splitlines()) <= 60
    assert f"/page.css?{page.text.partition('/page.css?')[2][:8]}" in page.text
    assert "immutable" in style.headers["cache-control"]


def test_a_scanner_that_opens_everything_changes_nothing(website: Website) -> None:
    """GET and HEAD on every link of every mail and of every page that they lead to, and empty POSTs."""
    asked_links(website)
    website.newsletter.send_notices()
    before = website.state()
    found = {link for message in mails(website.project) for link in links_in(message)}
    seen = set[str]()
    while found - seen:
        path = sorted(found - seen)[0]
        seen.add(path)
        website.client.head(path)
        page = website.get(path)
        if "text/html" in page.headers.get("content-type", ""):
            found |= {
                unescape(link).removeprefix("https://news.example.org")
                for link in re.findall(r'(?:href|action|src)="([^"]+)"', page.text)
                if link.startswith(("/", "https://news.example.org/"))
            }
        for body in ({}, {"act": "confirm"}, {"act": "leave"}, {"act": "more"}, {"act": "erase"}, SUGGESTING, JOINING):
            website.client.post(path, data=body)
    assert len(seen) > 30
    assert {path.split("/")[1] for path in seen} >= {"u", "p", "pause", "privacy", "more", "less", "confirm", "archive"}
    assert website.state() == before


def links_in(message: bytes) -> set[str]:
    """Our links in a mail, headers and both bodies, as paths."""
    mail = parsed(message)
    texts = [str(value) for value in mail.values()]
    texts += [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    links = {unescape(link) for text in texts for link in re.findall(r"https://news\.example\.org[^\s\"'<>)]*", text)}
    return {link.removeprefix("https://news.example.org") or "/" for link in links}


@pytest.mark.parametrize("how", ["missing", "of another page", "altered", "of another newsletter", "from tomorrow"])
def test_without_the_pages_own_nonce_nothing_is_done(still: Website, how: str) -> None:
    link, before = still.link(Purpose.LEAVE), still.state()
    nonce = still.nonce(link)
    keys = {1: b"another key"}
    nonces = {
        "missing": "",
        "of another page": still.nonce(still.link(Purpose.LEAVE, address=BOB)),
        "altered": nonce[:-1] + ("A" if nonce[-1] != "A" else "B"),
        "of another newsletter": Nonces(keys).of(link, still.clock()),
        "from tomorrow": f"{int(nonce.partition('.')[0]) + 24}.{nonce.partition('.')[2]}",
    }
    answer = still.client.post(link, data={"nonce": nonces[how], "act": "leave"})
    assert answer.status_code == 200
    assert still.state() == before
    assert ("press once more" in text_of(answer)) == (how != "missing")


def test_a_page_that_was_open_for_long_is_shown_again_with_all_that_was_typed(website: Website) -> None:
    nonce = website.nonce("/")
    website.clock.forward(hours=25)
    answer = website.client.post("/", data={**JOINING, "nonce": nonce})
    assert answer.status_code == 200
    assert "Nothing is lost: please press once more." in text_of(answer)
    assert 'value="carol@example.org"' in answer.text
    assert website.confirm_links() == []
    website.client.post("/", data={**JOINING, "nonce": nonce_in(answer.text)})
    assert len(website.confirm_links()) == 1


def test_a_nonce_is_good_for_a_day_and_with_an_older_key(now: datetime) -> None:
    old, both = Nonces({1: b"old"}), Nonces({1: b"old", 2: b"new"})
    nonce = old.of("/", now)
    assert both.good(nonce, "/", now)
    assert both.good(nonce, "/", now + timedelta(hours=24))
    assert not both.good(nonce, "/", now + timedelta(hours=25))
    assert not old.good(both.of("/", now), "/", now)
    for odd in ("", ".", "x.y", nonce.partition(".")[0], "１２３４５６.x", "9" * 5_000, nonce + "é"):
        assert not both.good(odd, "/", now)


@pytest.mark.parametrize("declared", [True, False])
def test_too_much_is_not_read(still: Website, declared: bool) -> None:
    body = b"interests=" + b"x" * MOST_BODY
    pieces = (body[n : n + 1_000] for n in range(0, len(body), 1_000))
    answer = still.client.post("/", content=body if declared else pieces)
    assert answer.status_code == 413
    assert "At most 256 kB" in text_of(answer)
    assert still.client.post("/", content=body[:MOST_BODY]).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("POST", "/archive"), ("PUT", "/"), ("DELETE", "/u/x"), ("OPTIONS", "/")])
def test_another_method_is_refused_in_words(still: Website, method: str, path: str) -> None:
    answer = still.client.request(method, path)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert "Not in this way." in text_of(answer)


@pytest.mark.parametrize(
    "path", ["/nothing", "/u/", "/p", "/docs", "/openapi.json", "/redoc", "/archive/", "/%00", "/u/a/b"]
)
def test_what_is_not_there_is_told_in_words(still: Website, path: str) -> None:
    answer = still.get(path)
    assert answer.status_code == 404
    assert "There is nothing here." in text_of(answer)


def test_what_breaks_is_a_page_with_a_reference_that_the_log_has_too(
    website: Website, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Readers, *arguments: Any) -> None:
        raise RuntimeError(f"no such thing for {ADA}")

    monkeypatch.setattr(Readers, "by_link", broken)
    with caplog.at_level(logging.DEBUG):
        answer = website.get(website.link(Purpose.PREFERENCES))
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    [reference] = re.findall(r"name ([0-9a-f]{8})", text_of(answer))
    ours = [record.getMessage() for record in caplog.records if record.name == "newsletter.web"]
    assert len(ours) == 1
    assert ours[0].startswith(f"{reference} GET /p/{{token}}: RuntimeError at test_safety.py:")


def test_a_log_holds_no_token_and_nobodys_address(website: Website, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("httpx").setLevel(logging.WARNING)
        links = asked_links(website)
        for path in (*links, *private_links(website), "/nothing?address=ada@example.org"):
            website.get(path)
            website.client.post(path, data={"List-Unsubscribe": "One-Click"})
    told = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
    for secret in (ADA, "carol@", *(link.rpartition("/")[2] for link in (*links, *private_links(website)))):
        assert secret not in told


def test_a_busy_database_is_told_with_when_to_try_again(website: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PATIENCE_MS", 50)
    project = website.project
    with TestClient(web.create_app(project, clock=website.clock)) as client:
        link = website.link(Purpose.PREFERENCES)
        nonce = nonce_in(client.get(link).text)
        other = sqlite3.connect(project / "newsletter.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            answer = client.post(link, data={"nonce": nonce, "name": "Countess"})
            assert client.get(link).status_code == 200  # who only looks need not wait
        finally:
            other.execute("ROLLBACK")
            other.close()
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "Nothing was changed." in text_of(answer)
        assert client.post(link, data={"nonce": nonce, "name": "Countess"}).status_code == 200
    assert website.ada().name == "Countess"


def test_too_many_of_anything_is_told_with_when_to_try_again(website: Website) -> None:
    asked_links(website)
    private = website.confirm_links()[1]
    nonce = website.nonce(f"{private}?act=address")
    for n in range(20):
        fields = {"nonce": nonce, "act": "address", "address": f"a{n}@example.org"}
        answer = website.client.post(private, data=fields)
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "It works again in" in text_of(answer)


def test_a_mistake_in_an_operators_template_is_told_at_the_start_with_file_and_line(website: Website) -> None:
    own = website.project / "templates" / "web"
    own.mkdir(parents=True)
    (own / "vote.html").write_text("<h1>\n{% if entry %}\n", "utf-8")
    with pytest.raises(TemplateError, match=r"vote\.html, line \d: Unexpected end of template"):
        web.create_app(website.project)
    (own / "vote.html").rename(own / "votes.html")
    with pytest.raises(TemplateError, match=r"votes\.html is used by no page\. Did you mean vote\.html\?"):
        web.create_app(website.project)


def test_an_operators_template_is_taken_and_its_mistakes_are_told_with_file_and_line(
    website: Website, caplog: pytest.LogCaptureFixture
) -> None:
    own = website.project / "templates" / "web"
    own.mkdir(parents=True)
    (own / "leave.html").write_text("<main>Bye, {{ address }}?</main>", "utf-8")
    (own / "pause.html").write_text("<main>\n\n{{ nothing.like.this }}</main>", "utf-8")
    (own / "page.css").write_text("a { color: #a8401c }", "utf-8")
    with TestClient(web.create_app(website.project, clock=website.clock)) as client:
        assert client.get(website.link(Purpose.LEAVE)).text == "<main>Bye, ada@example.org?</main>"
        assert client.get("/page.css").text == "a { color: #a8401c }"
        answer = client.get(website.link(Purpose.PAUSE))
    assert answer.status_code == 500
    assert "pause.html, line 3: 'nothing' is undefined" in caplog.text


def test_the_brand_colour_is_made_readable(website: Website) -> None:
    settings = website.project / "newsletter.toml"
    settings.write_text('brand = "#ffee00"\n' + settings.read_text("utf-8"), "utf-8")
    with TestClient(web.create_app(website.project)) as client:
        style = client.get("/page.css").text
    assert "#a8401c" not in style
    assert "--brand: #ffee00" in style  # bright enough for the night
    assert style.count("--brand: #") == 2


def test_robots_are_told_what_is_private_and_a_monitor_that_all_is_well(still: Website) -> None:
    robots = still.get("/robots.txt").text
    for private in ("/u/", "/p/", "/confirm/", "/privacy/", "/feed/", "/lift/", "/search", "/interest/"):
        assert f"Disallow: {private}\n" in robots
    assert not any(line in robots.splitlines() for line in ("Disallow: /", "Disallow: /privacy", "Disallow: /archive"))
    assert (still.get("/healthz").status_code, still.get("/healthz").text) == (200, "ok")
    icon = still.get("/favicon.ico")
    assert (icon.status_code, icon.content) == (204, b"")


@pytest.mark.parametrize(
    ("body", "kind", "fields"),
    [
        (b"a=1&a=2&b=%E4%BD%A0", "application/x-www-form-urlencoded; charset=utf-8", {"a": "1", "b": "你"}),
        (b"a=x%00y%0D%0Az%0D", "", {"a": "xy\nz\n"}),
        (b"a=%FF%FE", "", {"a": "\ufffd\ufffd"}),
        (b"\xff\x00\x01", "image/png", {"\ufffd\x00\x01": ""}),
        (b"&".join(b"f%d=1" % n for n in range(99)), "", {}),
        (
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--",
            "Multipart/Form-Data; boundary=x",
            {"a": "1"},
        ),
        (b"--x\r\n\r\n1\r\n--x--", "multipart/form-data; boundary=x", {}),
        (b"", "multipart/form-data; boundary=" + "x" * 500, {}),
    ],
)
def test_bodies_are_read_as_far_as_they_can_be(body: bytes, kind: str, fields: dict[str, str]) -> None:
    assert asyncio.run(read_form(body, kind)) == fields


@given(
    body=st.binary(max_size=400) | st.builds(lambda rest: PART + rest, st.binary(max_size=200)),
    kind=st.text(max_size=60)
    | st.sampled_from(["multipart/form-data; boundary=x", "multipart/form-data; charset=x; a"]),
)
def test_no_body_is_too_odd_to_be_read(body: bytes, kind: str) -> None:
    fields = asyncio.run(read_form(body, kind))
    assert all("\0" not in value and "\r" not in value for value in fields.values())


@pytest.mark.parametrize(("message", "status"), [(None, 408), ({"type": "http.disconnect"}, 400)])
def test_who_sends_nothing_or_goes_away_holds_nobody_up(
    still: Website, monkeypatch: pytest.MonkeyPatch, message: dict[str, Any] | None, status: int
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if message is None:
            await asyncio.sleep(60)
        return message or {}

    async def send(part: Any) -> None:
        sent.append(part)

    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}

    async def visit() -> None:
        await still.client.app({**scope, "http_version": "1.1", "scheme": "http", "client": None}, receive, send)

    asyncio.run(visit())
    assert sent[0]["status"] == status


@pytest.mark.slow
def test_the_pages_load_no_model() -> None:
    code = "import sys, newsletter.web.app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "fastapi" in loaded
    assert not {"torch", "sentence_transformers", "transformers", "playwright"} & set(loaded)
