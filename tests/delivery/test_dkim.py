"""Signatures as others check them: dkimpy is the judge of every one."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from signatures import DOMAIN, NOON, an_issue, dns, ed25519_key, rsa_key, verdicts

from newsletter.delivery.dkim import DkimSigner, signer_of
from newsletter.delivery.signing_keys import SigningKey, make_key
from newsletter.errors import SettingsError
from newsletter.rendering.letter import Letter
from newsletter.sections import DkimSettings
from newsletter.settings import Settings

HEAD = b"From: Paper Robots <papers@news.example.org>\r\nTo: ada@example.com\r\nSubject: Hello\r\n"
#: Bodies that end, and whose lines begin, as bodies may.
BODIES = {
    "nothing": b"",
    "one empty line": b"\r\n",
    "empty lines only": b"\r\n\r\n\r\n",
    "no line's end": b"one\r\ntwo",
    "one line's end": b"one\r\ntwo\r\n",
    "several empty lines": b"one\r\n\r\ntwo\r\n\r\n\r\n\r\n",
    "spaces at the end": b"one  \r\n \r\n",
    "dots": b".\r\n..\r\n.three\r\n. four\r\n.",
}
#: Names and subjects as people write them, and as nobody should.
WORDS = st.text(max_size=120) | st.lists(
    st.sampled_from(
        ["é", "日本語", "👩‍🔬", " ", "  ", "\t", "=?utf-8?q?x?=", '"', ",", "<a@b.c>", "\r\nBcc: x@y.z", "\0"]
    )
    | st.text(st.sampled_from("abc "), min_size=1, max_size=30),
    max_size=12,
).map("".join)


def signed(message: bytes, *keys: SigningKey, domain: str = DOMAIN) -> bytes:
    return DkimSigner(domain, keys or [ed25519_key()]).sign(message)


def holds(message: bytes) -> bool:
    """Is its one signature, by the Ed25519 key, valid?"""
    (verdict,) = verdicts(message, [ed25519_key()])
    return verdict


def tags(message: bytes) -> dict[str, str]:
    """What the topmost signature says."""
    unfolded = re.sub(rb"\r\n[ \t]", b" ", message).split(b"\r\n")[0].decode()
    assert unfolded.startswith("DKIM-Signature: ")
    pairs = (tag.partition("=") for tag in unfolded.partition(": ")[2].split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs}


def letter(subject: str = "A notice", name: str = "", text: str = "Words.\n", *headers: tuple[str, str]) -> bytes:
    """An answer to a mail."""
    automatic = (("Auto-Submitted", "auto-replied"), ("In-Reply-To", "<a@b.example>"), ("References", "<a@b.example>"))
    return Letter(
        title="Paper Robots",
        address="papers@news.example.org",
        to="ada@example.com",
        name=name,
        subject=subject,
        text=text,
        html="<p>Words.</p>",
        message_id="<x@news.example.org>",
        headers=(*automatic, *headers),
    ).message(NOON)


# -- valid ones


@pytest.mark.parametrize("keys", [[rsa_key], [ed25519_key], [rsa_key, ed25519_key]])
def test_every_signature_of_an_issue_is_valid(keys: Sequence[Callable[[], SigningKey]]) -> None:
    made = [key() for key in keys]
    message = an_issue()
    result = signed(message, *made)
    assert verdicts(result, made) == [True] * len(made)
    assert result.endswith(message)
    assert re.findall(rb"a=([a-z0-9-]*);", result.removesuffix(message)) == [f"{k.kind}-sha256".encode() for k in made]


def test_the_same_message_gets_the_same_bytes() -> None:
    keys = [rsa_key(), ed25519_key()]
    assert signed(an_issue(), *keys) == signed(an_issue(), *keys)
    assert not {"t", "x", "l"} & set(tags(signed(an_issue())))


def test_it_says_whose_it_is_and_what_it_covers() -> None:
    said = tags(signed(an_issue()))
    assert (said["v"], said["d"], said["s"], said["c"]) == ("1", DOMAIN, "e1", "relaxed/simple")
    covered = said["h"].split(":")
    for name in ("from", "to", "subject", "date", "message-id", "mime-version", "content-type"):
        assert covered.count(name) == 2, name
    for name in ("list-unsubscribe", "list-unsubscribe-post"):  # RFC 8058, section 4
        assert covered.count(name) == 2, name
    assert (covered.count("reply-to"), covered.count("cc")) == (1, 1)
    for name in ("list-id", "list-post", "feedback-id"):
        assert covered.count(name) == 1, name
    covered = tags(signed(letter("Hm", "", "", ("Reply-To", "someone@example.org"))))["h"].split(":")
    assert {"auto-submitted", "in-reply-to", "references"} < set(covered)
    assert covered.count("reply-to") == 2


@pytest.mark.parametrize("domain", [DOMAIN, f"{'a' * 60}.{'b' * 60}.example"], ids=["usual", "long"])
@pytest.mark.parametrize("selector", ["s", "s" * 63], ids=["usual", "long"])
def test_its_lines_are_short(domain: str, selector: str) -> None:
    keys = [rsa_key(selector), ed25519_key("e" * 63)]
    result = signed(an_issue(), *keys, domain=domain)
    lines = result.removesuffix(an_issue()).decode().split("\r\n")
    # A domain's name cannot be folded.
    assert max(len(line.replace(domain, DOMAIN)) for line in lines) <= 78
    assert verdicts(result, keys, domain) == [True, True]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_may_end_as_it_likes(body: bytes) -> None:
    result = signed(HEAD + b"\r\n" + body)
    assert holds(result)
    # Empty lines at its end may be added or taken away on its way.
    assert holds(result + b"\r\n")
    assert holds(result.rstrip(b"\r\n") + b"\r\n\r\n" if not body.strip() else result.rstrip(b"\r\n"))


def test_an_empty_body_has_the_hash_that_the_rfc_names() -> None:
    assert tags(signed(HEAD + b"\r\n"))["bh"] == "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="
    assert sha256(b"\r\n").hexdigest().startswith("7eb70257593da06f")


def test_headers_without_a_body_are_signed_too() -> None:
    assert holds(signed(HEAD) + b"\r\n")


@given(title=WORDS, name=WORDS, subject=WORDS)
@example(title="Ро\u0301боты и бумага", name='Ada "the" Lovelace', subject="Größe: 日本語  und mehr " * 4)
def test_an_issue_is_valid_whatever_its_names(title: str, name: str, subject: str) -> None:
    assert holds(signed(an_issue(title=title, name=name, subject=subject)))


@given(subject=WORDS, name=WORDS, text=WORDS)
def test_a_letter_is_valid_whatever_it_says(subject: str, name: str, text: str) -> None:
    assert holds(signed(letter(subject, name, text)))


#: White space as a header may have it: folded, doubled, none.
_SPACE = st.sampled_from([b"", b" ", b"  ", b"\t", b" \t ", b"\r\n ", b"\r\n\t", b" \r\n  ", b" \r\n \r\n\t"])
_WORD = st.text(st.sampled_from("aZ0<>:;=,.@"), min_size=1, max_size=8).map(str.encode)
_VALUE = st.lists(st.tuples(_SPACE, _WORD), max_size=6).map(lambda pairs: b"".join(s + w for s, w in pairs))


@given(
    values=st.lists(st.tuples(st.sampled_from([b"Subject", b"SUBJECT", b"To", b"X-Y", b"List-Id"]), _VALUE, _SPACE)),
    body=st.lists(st.sampled_from([b"\r\n", b".", b" ", b"a", b"=", b"\r\n\r\n"])).map(b"".join),
)
def test_white_space_in_headers_and_repeated_ones_are_read_as_the_rfc_says(
    values: list[tuple[bytes, bytes, bytes]], body: bytes
) -> None:
    lines = b"".join(name + b":" + value + space + b"\r\n" for name, value, space in values)
    assert holds(signed(b"From: a@news.example.org\r\n" + lines + b"\r\n" + body))


# -- what breaks one, and what does not


def test_what_was_changed_is_not_ours_any_more() -> None:
    message = signed(an_issue())
    for old, new in (
        (b"<https://news.example.org/u/", b"<https://news.example.net/u/"),
        (b"leave%20", b"leave%21"),
        (b"\r\nTo: Ada", b"\r\nTo: Eve"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"),
        (b"boundary=\"=_two", b"boundary=\"=_one"),
        (b"\r\n--=_two-parts_=--", b"\r\nMore.\r\n--=_two-parts_=--"),
        (b"Feedback-ID: w", b"Feedback-ID: x"),
    ):  # fmt: skip
        assert old in message
        assert not holds(message.replace(old, new, 1)), old
    assert not holds(message + b"More.\r\n")


@pytest.mark.parametrize(
    "added",
    [
        "From: Eve <eve@example.net>",
        "To: eve@example.net",
        "Cc: eve@example.net",
        "Subject: Win!",
        "Date: Sat, 28 Nov 2026 12:00:00 +0000",
        "Message-ID: <another@example.net>",
        "Reply-To: eve@example.net",
        "Content-Type: text/html",
        "MIME-Version: 1.0",
        "List-Unsubscribe: <https://example.net/>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ],
)
def test_nobody_can_add_another(added: str) -> None:
    line = added.encode() + b"\r\n"
    for message in (signed(an_issue()), signed(letter())):
        assert holds(message)
        assert not holds(line + message)
        assert not holds(message.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n", 1))


def test_what_honest_servers_do_on_the_way_breaks_nothing() -> None:
    received = (
        b"Received: from a by b;\r\n Fri, 27 Nov 2026 12:00:01 +0000\r\nReturn-Path: <bounce@news.example.org>\r\n"
    )
    message = received + b"Feedback-ID: of:the:relay\r\nX-Spam: no\r\n" + signed(an_issue())
    assert holds(message)
    head, _, body = message.partition(b"\r\n\r\n")
    unfolded = re.sub(rb"\r\n[ \t]+", b"   ", head).replace(b"\r\nSubject:", b"\r\nSUBJECT:")
    assert holds(unfolded + b"\r\n\r\n" + body)


def test_another_key_or_none_in_the_dns_makes_it_invalid() -> None:
    result = signed(an_issue())
    other = SigningKey("e1", ed25519_key("other").private)
    assert verdicts(result, [other]) == [False]
    assert dns([other])(b"e2._domainkey.news.example.org.") is None


def test_many_threads_sign_with_one_signer() -> None:
    signer = DkimSigner(DOMAIN, [rsa_key(), ed25519_key()])
    messages = [HEAD + b"Message-ID: <%d@news.example.org>\r\n\r\n" % n + b"word " * 2_000 for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(signer.sign, messages)) == [signer.sign(message) for message in messages]


# -- the signer that the settings name


def settings(selector: str = "", address: str = "papers@news.example.org") -> Settings:
    return Settings(address=address, dkim=DkimSettings(selector=selector))


def test_without_a_selector_nothing_is_signed(tmp_path: Path) -> None:
    make_key(tmp_path, "s1", "ed25519")
    assert signer_of(settings(), tmp_path) is None


def test_it_signs_with_the_keys_of_the_project(tmp_path: Path) -> None:
    keys = [make_key(tmp_path, selector, "ed25519") for selector in ("one", "two", "three")]
    signer = signer_of(settings("two, one"), tmp_path)
    assert signer
    message = signer.sign(an_issue())
    assert verdicts(message, keys) == [True, True]
    assert [found.decode() for found in re.findall(rb"s=([a-z]+);", message)] == ["two", "one"]
    twice = signer_of(settings("one,one"), tmp_path)
    assert twice
    assert twice.sign(an_issue()).count(b"DKIM-Signature:") == 1


def test_the_domain_of_a_signature_is_ascii(tmp_path: Path) -> None:
    key = make_key(tmp_path, "s1", "ed25519")
    configured = settings("s1", "post@käse.example.org")
    signer = signer_of(configured, tmp_path)
    assert signer
    message = signer.sign(an_issue(address=configured.address))
    assert tags(message)["d"] == "xn--kse-qla.example.org"
    assert verdicts(message, [key], configured.domain) == [True]


def test_a_key_that_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    make_key(tmp_path, "s1", "ed25519")
    with pytest.raises(SettingsError, match=r"There is no .*keys/s2\.pem, the key that dkim\.selector names"):
        signer_of(settings("s1, s2"), tmp_path)
