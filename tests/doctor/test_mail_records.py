"""Reading what the DNS says about a domain's mail: SPF, DKIM keys, DMARC."""

from base64 import b64encode
from contextlib import suppress
from ipaddress import ip_network

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from newsletter.doctor.mail_records import (
    BadRecord,
    Spf,
    Term,
    is_dmarc,
    is_spf,
    parse_dkim,
    parse_dmarc,
    parse_spf,
    parse_tags,
)

_RSA = (
    rsa.generate_private_key(65_537, 1_024).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)
RSA = b64encode(_RSA).decode()
SHORT = b64encode(ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
#: What records are made of, and what breaks them.
WORDS = st.sampled_from(
    [
        *"v=spf1 v=DKIM1 v=DMARC1 v k p h s t n sp pct rua adkim = ; : , / // + - ~ ? all include:a.example".split(),
        *"a mx ptr ip4:1.2.3.4/24 ip6:2001:db8::/32 ip4:: exists:%{i}.x redirect=b.example exp= none reject".split(),
        *"rsa ed25519 y sha256 * % \\ é 99999999999999999999 ip4:1.2.3.4/ a//129 a/33 mx:".split(),
        *(RSA, SHORT, RSA[:50], " ", "\x00"),
    ]
)
ANYTHING = st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=12).map("".join), st.lists(WORDS).map(" ".join))


def test_every_mechanism_of_spf_is_read() -> None:
    found = parse_spf(
        "v=spf1  a MX:mail.example.org/24//64 ip4:192.0.2.1 ip4:192.0.2.7/24 ip6:2001:db8::/32 ?ptr exists:%{i}.x "
        "include:_spf.example.net exp=why.example.org later=x ~all"
    )
    assert found == Spf(
        (
            Term("+", "a"),
            Term("+", "mx", "mail.example.org", sizes=(24, 64)),
            Term("+", "ip4", network=ip_network("192.0.2.1/32")),
            Term("+", "ip4", network=ip_network("192.0.2.0/24")),
            Term("+", "ip6", network=ip_network("2001:db8::/32")),
            Term("?", "ptr"),
            Term("+", "exists", "%{i}.x"),
            Term("+", "include", "_spf.example.net"),
            Term("~", "all"),
        )
    )
    assert found.last_word == "~"
    assert parse_spf("v=spf1 redirect=b.example.org") == Spf((), "b.example.org")


@pytest.mark.parametrize(
    "wrong",
    [
        *"ip4:2001:db8::1 ip6:1.2.3.4 ip4:1.2.3.4/40 ip4: include include: exists a: a/33 mx//129 a/2x".split(),
        *"inlcude:x.example all:x ipv4:1.2.3.4 =x redirect= “all”".split(),
        "redirect=a redirect=b",
    ],
)
def test_what_is_no_spf_is_told_by_its_word(wrong: str) -> None:
    with pytest.raises(BadRecord):
        parse_spf(f"v=spf1 a {wrong} -all")


def test_only_the_whole_first_word_makes_it_spf() -> None:
    assert is_spf("v=spf1")
    assert is_spf("V=SPF1 -all")
    assert not any(map(is_spf, ["v=spf10 -all", "v=spf1include:x", "spf2.0/pra", " v=spf1", ""]))


def test_tags_may_have_space_around_them_and_stand_once() -> None:
    assert parse_tags(" v = DKIM1 ; p= ab c=;; ") == {"v": "DKIM1", "p": "ab c="}
    for wrong in ("v=1; v=2", "novalue", "=x", "é=1"):
        with pytest.raises(BadRecord):
            parse_tags(wrong)


def test_keys_are_the_same_however_they_are_written() -> None:
    plain = parse_dkim(f"v=DKIM1; k=rsa; p={RSA}")
    spaced = parse_dkim(f"p = {RSA[:70]} {RSA[70:]} ; t=s; h=sha1:sha256; s=*; n=ours")
    assert plain == spaced
    assert (plain.kind, plain.bits, plain.testing) == ("rsa", 1_024, False)
    short = parse_dkim(f"v=DKIM1; k=ed25519; p={SHORT}; t=s:y")
    assert (short.kind, len(short.key), short.testing) == ("ed25519", 32, True)


def test_a_withdrawn_key_is_read_as_such() -> None:
    assert parse_dkim("v=DKIM1; p=").key == b""


def test_a_key_that_nobody_can_check_with_is_told() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    curve = b64encode(other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    for wrong, words in (
        (f"k=rsa; v=DKIM1; p={RSA}", "stand first"),
        (f"v=DKIM2; p={RSA}", "DKIM1"),
        ("v=DKIM1; k=rsa", "no p="),
        (f"v=DKIM1; k=dsa; p={RSA}", "no kind"),
        (f"v=DKIM1; h=sha1; p={RSA}", "sha256"),
        (f"v=DKIM1; s=web; p={RSA}", "email"),
        (f"v=DKIM1; p={RSA[:101]}", "base64"),
        (f"v=DKIM1; p={RSA[:100]}", "no RSA key"),
        (f"v=DKIM1; p={curve}", "no RSA key"),
        (f"v=DKIM1; k=ed25519; p={RSA}", "32 bytes"),
        ("v=DKIM1; p=é", "base64"),
    ):
        with pytest.raises(BadRecord, match=words):
            parse_dkim(wrong)


def test_a_policy_is_read_with_its_defaults() -> None:
    found = parse_dmarc("v=DMARC1; p=Reject; rua=mailto:a@example.org!10m, mailto:b@example.net")
    assert (found.policy, found.subdomains, found.percent) == ("reject", "reject", 100)
    assert found.reports == ("mailto:a@example.org!10m", "mailto:b@example.net")
    more = parse_dmarc("v=DMARC1;p=none;sp=quarantine;pct=20")
    assert (more.policy, more.subdomains, more.percent, more.reports) == ("none", "quarantine", 20, ())
    assert parse_dmarc("v=DMARC1; p=none; pct=lots; sp=what").percent == 100


def test_what_is_no_policy_is_told() -> None:
    for wrong in ("v=DMARC1", "v=DMARC1; p=maybe", "v=DMARC1; p"):
        with pytest.raises(BadRecord):
            parse_dmarc(wrong)
    assert is_dmarc("v=DMARC1; p=none")
    assert is_dmarc("v = DMARC1;p=none")
    assert not any(map(is_dmarc, ["v=DMARC12; p=none", "p=none; v=DMARC1", ""]))


@given(ANYTHING)
def test_anything_is_read_or_told(text: str) -> None:
    for parse in (parse_spf, parse_tags, parse_dkim, parse_dmarc):
        with suppress(BadRecord):
            parse(text)
    is_spf(text)
    is_dmarc(text)
