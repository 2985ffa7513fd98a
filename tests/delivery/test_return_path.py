"""The address that a mail comes back to: names the delivery, and nobody can make one up."""

import re

from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.return_path import MARK, ReturnPath
from newsletter.mailbox import decision
from newsletter.readers.mails import CONFIRM
from newsletter.rendering.links import Claim, Purpose, Signer, verify_detail

KEYS = {1: b"1" * 32, 2: b"2" * 32}
SIGNER = Signer("https://news.example.org", KEYS)
OURS = "papers@news.example.org"
IDS = st.integers(1, 2**40)


def detail_of(address: str, delimiter: str = "+") -> str:
    local = address.rpartition("@")[0]
    return local.partition(f"{delimiter}{MARK}")[2]


@given(IDS, IDS, st.sampled_from("+=-"))
def test_it_names_the_reader_and_the_delivery(reader: int, delivery: int, delimiter: str) -> None:
    address = ReturnPath(OURS, delimiter, SIGNER).of(reader, delivery)
    assert re.fullmatch(rf"papers\{delimiter}b-[a-z2-7]+@news\.example\.org", address)
    assert validate_email(address, check_deliverability=False).normalized == address
    found = verify_detail(detail_of(address, delimiter), Purpose.BOUNCE, KEYS)
    assert found == Claim(Purpose.BOUNCE, reader, delivery)
    # Whatever a mail server does to its letters.
    assert verify_detail(detail_of(address, delimiter).upper(), Purpose.BOUNCE, KEYS) == found


@given(IDS, IDS, IDS)
def test_it_is_another_one_for_every_delivery_and_nothing_else_than_a_return_path(
    reader: int, one: int, other: int
) -> None:
    path = ReturnPath(OURS, "+", SIGNER)
    assert (path.of(reader, one) == path.of(reader, other)) == (one == other)
    detail = detail_of(path.of(reader, one))
    assert all(verify_detail(detail, purpose, KEYS) is None for purpose in Purpose if purpose is not Purpose.BOUNCE)


def test_without_our_key_nobody_makes_one() -> None:
    forged = ReturnPath(OURS, "+", Signer("", {2: b"x" * 32})).of(7, 9)
    assert verify_detail(detail_of(forged), Purpose.BOUNCE, KEYS) is None


def test_mail_comes_back_to_our_own_address_where_nothing_else_can_be() -> None:
    assert ReturnPath(OURS, "", SIGNER).of(7, 9) == OURS  # the server knows no name+detail@
    assert ReturnPath(OURS, "+", SIGNER).of(None, 9) == OURS  # nobody that we keep


def test_a_name_too_long_for_an_address_is_left_out() -> None:
    """RFC 5321, section 4.5.3.1.1: 64 octets before the @."""
    lengths = []
    for length in range(1, 65):
        own = f"{'n' * length}@news.example.org"
        address = ReturnPath(own, "+", SIGNER).of(2**31, 2**31)
        local = address.rpartition("@")[0]
        assert len(local) <= 64
        assert address == own or verify_detail(detail_of(address), Purpose.BOUNCE, KEYS)
        lengths.append(address == own)
    assert lengths == sorted(lengths)  # up to some length all have a token, and none above
    assert not any(lengths[:16])


def test_what_reads_mail_knows_the_marks_that_what_writes_it_uses() -> None:
    assert decision.BOUNCE == MARK
    assert not CONFIRM.startswith(MARK)
    assert not MARK.startswith(CONFIRM)
