"""Refusals that blame us stop an issue; those that are about a reader never do."""

from collections.abc import Iterable
from random import Random

import pytest

from newsletter.delivery.blame import Blame, is_ours
from newsletter.delivery.outcomes import Deferred, Outcome, Refused, Sent, Unknown

OURS = [
    "550 5.7.515 Access denied, the sending domain of your mail does not meet the required level of authentication",
    "550-5.7.26 Your mail is blocked because the sender is unauthenticated.\n550 5.7.26 Set up SPF or DKIM",
    "550 5.7.1 This mail looks like unsolicited mail and has been blocked",
    "550 5.7.1 Our system thinks little of the reputation of your domain",
    "550 5.7.606 Access denied, banned sending IP [203.0.113.7]",
    "554 Message refused by local policy",
    "554 5.7.1 Service unavailable; client host [203.0.113.7] blocked by a list of ours",
    "554 5.7.1 <ada@example.org>: Relay access denied",
    "550 relaying denied",
    "550 5.7.509 Access denied, sending domain does not pass DMARC verification and has a policy of reject",
    "553 5.1.8 Domain of sender address does not exist",
    "530 5.7.0 Must issue a STARTTLS command first",
    "552 5.3.4 Message size exceeds fixed limit",
    "554 5.6.0 Message contains invalid header",
    "521 5.7.1 your host is listed on a blocklist",
]
THEIRS = [
    "550 5.1.1 <ada@example.org>: User unknown",
    "550-5.1.1 The account that you tried to reach does not exist",
    "550 5.2.1 The account of this reader is disabled",
    "552 5.2.2 The mailbox is full",
    "550 5.1.10 Recipient not found",
    "550 5.4.1 Recipient address rejected: Access denied",
    "550 Requested action not taken: mailbox unavailable",
    "550 5.1.2 no such domain",
    "554 5.0.0 failed",
    "450 4.7.1 blocked for now by our policy",
    "421 4.7.28 An unusual rate of unsolicited mail comes from you",
    "250 ok, no spam",
    "",
    "the connection broke",
]
BLAMED, DEAD, LATER, OK = Refused(OURS[0]), Refused(THEIRS[0]), Deferred("450 4.7.1 blocked"), Sent("250 ok")
TENTH: list[Outcome] = [*[OK] * 9, BLAMED]
ELEVENTH: list[Outcome] = [OK, *TENTH]


@pytest.mark.parametrize("answer", OURS)
def test_these_blame_us(answer: str) -> None:
    assert is_ours(answer)


@pytest.mark.parametrize("answer", THEIRS)
def test_these_do_not(answer: str) -> None:
    assert not is_ours(answer)


def stopped_at(outcomes: Iterable[Outcome], provider: str = "example.org") -> int | None:
    """After how many answers the issue had to stop."""
    blame = Blame()
    for count, outcome in enumerate(outcomes, 1):
        if blame.heard(1, outcome, provider):
            return count
    return None


def test_an_issue_whose_first_three_answers_blame_us_stops() -> None:
    assert stopped_at([BLAMED] * 10) == 3
    assert stopped_at([OK, *[BLAMED] * 3]) is None


def test_five_of_fifty_stop_it() -> None:
    assert stopped_at([*[OK] * 30, *[BLAMED] * 10]) == 35
    assert stopped_at([BLAMED, *[OK] * 11] * 5) == 49
    assert stopped_at([BLAMED, *[OK] * 12] * 30) is None


def test_one_stray_in_a_hundred_does_not_stop_it_however_they_fall() -> None:
    random = Random(5)
    assert stopped_at([*[OK] * 20, *(BLAMED if random.random() < 0.01 else OK for _ in range(100_000))]) is None


def test_in_a_long_issue_it_takes_eight_of_fifty_or_one_in_ten_for_a_while() -> None:
    assert stopped_at([*[OK] * 2_000, *[BLAMED] * 20]) == 2_008
    assert stopped_at([*[OK] * 2_000, *TENTH * 500]) == 2_200
    assert stopped_at([*[OK] * 2_000, *ELEVENTH * 500]) is None


@pytest.mark.parametrize("outcome", [DEAD, LATER, Unknown("the connection broke"), *map(Refused, THEIRS)])
def test_what_is_about_readers_never_stops_it(outcome: Outcome) -> None:
    assert stopped_at([outcome] * 200) is None


def test_what_nobody_knows_is_no_answer() -> None:
    assert stopped_at([Unknown("the connection broke"), BLAMED, BLAMED, BLAMED]) == 4


def test_a_provider_that_refuses_us_stops_it_though_few_read_there() -> None:
    blame = Blame()
    refused = 0
    for n in range(60_000, 0, -1):
        theirs = n % 40 == 0
        if words := blame.heard(1, BLAMED if theirs else OK, "outlook.com" if theirs else "gmail.com"):
            break
        refused += theirs
    assert refused == 9
    assert words is not None
    assert words.startswith("outlook.com refuses our mail: 550 5.7.515 ")
    assert words.endswith(" (10 of its last 10 answers blame us, not the reader)")


def test_one_strict_company_does_not_stop_it() -> None:
    blame = Blame()
    for n in range(4_000):
        theirs = n % 40 == 39
        assert not blame.heard(1, BLAMED if theirs else OK, "strict.example" if theirs else "gmail.com")


def test_a_notice_never_stops_anything() -> None:
    blame = Blame()
    assert [blame.heard(None, BLAMED, "gmail.com") for _ in range(100)] == [None] * 100


def test_issues_are_judged_apart() -> None:
    blame = Blame()
    heard = [blame.heard(n % 2, BLAMED if n % 2 else OK, "gmail.com") for n in range(10)]
    assert [n for n, words in enumerate(heard) if words] == [5]
    assert [blame.heard(2, OK, "gmail.com"), blame.heard(2, BLAMED, "gmail.com")] == [None, None]


def test_the_words_name_the_providers_and_quote_the_last_one_without_naming_a_reader() -> None:
    blame = Blame()
    blame.heard(1, BLAMED, "outlook.com")
    blame.heard(1, BLAMED, "gmail.com")
    assert blame.heard(1, Refused("550 5.7.1 <ada@example.org>: your mail is\r\n550 5.7.1 blocked"), "example.org") == (
        "example.org, gmail.com and outlook.com refuse our mail: "
        "550 5.7.1 <…@example.org>: your mail is 550 5.7.1 blocked "
        "(the first 3 answers blame us, not the reader)"
    )


def test_it_is_said_once() -> None:
    blame = Blame()
    assert sum(blame.heard(1, BLAMED, "gmail.com") is not None for _ in range(100)) == 1
