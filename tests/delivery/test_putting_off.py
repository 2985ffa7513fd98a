"""What a "later" says."""

import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.putting_off import LONGEST, SHORTEST, Kind, understood

GREYLISTED, FULL, RATE, OTHER = Kind.GREYLISTED, Kind.FULL, Kind.RATE, Kind.OTHER


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (GREYLISTED, "450 4.2.0 <ada@example.org>: Recipient address rejected: Greylisted, see the help page"),
        (GREYLISTED, "451 4.7.1 Greylisting in action, please come back soon"),
        (GREYLISTED, "451 graylisted, try once more"),
        (GREYLISTED, "450 4.7.1 we do not know you yet"),
        (GREYLISTED, "451 this is your first contact with us, please knock again"),
        (FULL, "452 4.2.2 The box of this reader is over quota"),
        (FULL, "450 mailbox is full"),
        (FULL, "552 5.2.2 quota exceeded"),
        (FULL, "452 4.2.2 over quota, too many messages in the box"),
        (RATE, "421 too many connections from your host"),
        (RATE, "421 4.7.28 we see an unusual rate of mail from you"),
        (RATE, "421-4.7.0 slow down, please\n421 4.7.0 we will take more soon"),
        (RATE, "450 rate limit exceeded"),
        (RATE, "451 4.7.650 your server was rate limited"),
        (RATE, "451 4.7.500 Server busy"),
        (RATE, "450 4.2.1 this person is getting mail too quickly"),
        (RATE, "451 4.7.1 too many messages from a new sender"),
        (RATE, "421 4.7.0 [TSS04] messages from you are temporarily deferred"),
        (RATE, "454 Throttling: maximum sending rate exceeded"),
        (RATE, "454 daily sending quota exceeded"),
        (RATE, "421 service not available"),
        (OTHER, "450 4.3.0 command failed"),
        (OTHER, "452 4.3.1 insufficient system storage"),
        (OTHER, "451 4.3.5 configuration error"),
        (OTHER, "450 4.1.8 your domain was not found"),
        (OTHER, ""),
    ],
)
def test_kinds(kind: Kind, answer: str) -> None:
    assert understood(answer).kind is kind


@pytest.mark.parametrize(
    ("minutes", "answer"),
    [
        (5, "450 4.2.0 greylisted, try again in 300 seconds"),
        (5, "451 Greylisted for 5 minutes (1)"),
        (5, "451 4.7.1 please come back in 00:05:00"),
        (298, "451 4.7.1 please come back in 04:58:00"),
        (15, "421 too many messages, please wait at least 15 minutes before you send again"),
        (60, "451 Retry-After: 3600"),
        (5, "450 retry=300"),
        (2, "450 try again in 120"),
        (4, "450 please retry after 4 min."),
        (90, "450 Try again in 1 hour and 30 minutes"),
        (90, "450 try again in 1.5 hours"),
        (5.5, "450 try again in 5m30s"),
        (30, "450 try again in half an hour"),
        (60, "450 please try again in an hour"),
        (10, "450 please retry in 5-10 minutes"),
        (10, "450-4.3.0 we are busy, please try\n450 4.3.0 again in 10 minutes"),
        (20, "450 delivery is delayed for 20 minutes"),
        (5, "450 Bitte versuchen Sie es in 5 Minuten erneut"),
        (10, "450 In 10 Minuten erneut versuchen"),
        (60, "450 Bitte warten Sie eine Stunde"),
        (10, "450 Veuillez réessayer dans 10 minutes"),
        (15, "450 Inténtelo de nuevo en 15 minutos"),
        (120, "450 Riprovare tra 2 ore"),
        (30, "450 Tente novamente em 30 minutos"),
        (5, "450 Probeer het over 5 minuten opnieuw"),
        (10, "450 Повторите попытку через 10 минут"),
        (5, "450 请在5分钟后重试"),
        (10, "450 10分後に再試行してください"),
        (1, "450 try again in 5 seconds"),
        (360, "450 try again in 2 days"),
    ],
)
def test_a_time_that_is_named_is_heard(minutes: float, answer: str) -> None:
    assert understood(answer).wait == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "answer",
    [
        "421 4.7.0 try again later",
        "450 please try again in a few minutes",
        "450 try again later. You sent 500 messages in 60 minutes",
        "450 retry later, too many messages in the last 60 minutes",
        "450 too many messages in 60 minutes, try again later",
        "450 wait, no more than 100 mails per 30 minutes",
        "450 try again after 14:05:00 UTC",
        "450 retry after 2026-11-22 12:00",
        "450 wait 20 ms",
        "450 4.7.1 [203.0.113.7] try again",
        "450 4.3.0 command failed",
    ],
)
def test_other_numbers_are_no_time_to_wait(answer: str) -> None:
    assert understood(answer).wait is None


@pytest.mark.parametrize(
    ("personal", "answer"),
    [
        (True, "452 4.2.2 over quota"),
        (True, "450 4.2.1 this person is getting mail too quickly"),
        (True, "450 4.2.0 greylisted, try again in 300 seconds"),
        (True, "451 4.1.1 cannot look that user up"),
        (False, "450 4.1.8 your domain was not found"),
        (False, "421 4.7.0 too many connections"),
        (False, "450 4.7.1 we do not know you yet"),
        (False, "450 4.3.0 command failed"),
    ],
)
def test_what_is_about_one_reader_is_told_apart(personal: bool, answer: str) -> None:
    assert understood(answer).personal is personal


WORDS = [
    "try",
    "again",
    "retry",
    "after",
    "in",
    "wait",
    "5",
    "99999999",
    "1,5",
    "minutes",
    "h",
    "00:05:00",
    "and",
    "分后",
]


@given(st.text(max_size=300) | st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join))
def test_any_text_will_do(answer: str) -> None:
    wait = understood(answer).wait
    assert wait is None or SHORTEST <= wait <= LONGEST


@pytest.mark.parametrize(
    "piece", ["try ", "again a ", "wait in ", "1 hour and ", "try again in 1 ", "rate a a ", "a" * 9]
)
def test_a_long_text_takes_no_time(piece: str) -> None:
    start = time.process_time()
    understood(piece * (100_000 // len(piece)))
    assert time.process_time() - start < 0.5
