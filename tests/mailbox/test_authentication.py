"""What Authentication-Results says about the sender's domain."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mailbox.authentication import dmarc_verdict

DOMAIN = "example.org"


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (["mx.example.net; dmarc=pass header.from=example.org"], "pass"),
        (["mx.example.net; dmarc=fail header.from=example.org"], "fail"),
        (["mx.example.net; DMARC = PASS (p=none dis=none) header.from=Example.ORG"], "pass"),
        (["mx.example.net 1; spf=fail smtp.mailfrom=x; dkim=pass header.d=example.org; dmarc=pass"], "pass"),
        (["mx.example.net; dmarc/1=pass header.from=example.org"], "pass"),
        (["mx.example.net; dmarc=pass header.from=ada@example.org"], "pass"),
        (['"mx.example.net"; dmarc=pass header.from="example.org"'], "pass"),
        (["mx.example.net; dmarc=pass header.from=evil.example"], "none"),
        (["mx.example.net; dmarc=fail header.from=evil.example"], "none"),
        (["mx.example.net; dmarc=bestguesspass header.from=example.org"], "none"),
        (["mx.example.net; dmarc=temperror header.from=example.org"], "none"),
        (["mx.example.net; dmarc=none header.from=example.org"], "none"),
        (["mx.example.net; none"], "none"),
        (["mx.example.net; spf=pass (dmarc=pass)"], "none"),
        (["mx.example.net; spf=pass (\\) ; dmarc=pass (x) y"], "none"),
        (['mx.example.net; spf=pass reason="; dmarc=pass"'], "none"),
        (["mx.example.net; spf=pass (; dmarc=pass"], "none"),
        (["mx.example.net; x-dmarc=pass"], "none"),
        ([""], "none"),
        ([], "none"),
    ],
)
def test_the_verdict_is_read(results: list[str], expected: str) -> None:
    assert dmarc_verdict(results, authserv_id="", domain=DOMAIN) == expected


TWO = ["mx.example.net; dmarc=fail", "mx.evil.example; dmarc=pass"]


@pytest.mark.parametrize(
    ("authserv_id", "expected"),
    [
        ("", "fail"),
        ("mx.example.net", "fail"),
        ("MX.Example.NET", "fail"),
        ("mx.evil.example", "pass"),
        ("mx", "none"),
        ("other.example", "none"),
    ],
)
def test_only_the_topmost_header_of_our_own_server_counts(authserv_id: str, expected: str) -> None:
    assert dmarc_verdict(TWO, authserv_id=authserv_id, domain=DOMAIN) == expected


def test_a_second_result_of_our_server_does_not_outvote_its_first() -> None:
    two = ["mx.example.net; dmarc=fail", "mx.example.net; dmarc=pass"]
    assert dmarc_verdict(two, authserv_id="mx.example.net", domain=DOMAIN) == "fail"


@pytest.mark.parametrize("piece", ["(", ")", '"', "\\", ";", " ", "dmarc=", "dmarc ", "header.from="])
def test_a_value_made_to_be_slow_is_read_in_a_moment(piece: str) -> None:
    started = time.process_time()
    dmarc_verdict([piece * 4_000] * 50, authserv_id="", domain=DOMAIN)
    dmarc_verdict([f"mx; {piece * 4_000}"] * 50, authserv_id="mx", domain=DOMAIN)
    assert time.process_time() - started < 1


@given(st.text('mx;=()"\\ dmarcpshe.f', max_size=80), st.text(max_size=10))
def test_any_value_has_a_verdict(value: str, name: str) -> None:
    assert dmarc_verdict([value], authserv_id=name, domain=DOMAIN) in ("pass", "fail", "none")
