"""Logs: sentences for people, JSON lines for machines, one line an event, and nobody's address in them."""

import io
import json
import logging
import re
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from newsletter.logs import MOST, Handler, Log, all_logs
from newsletter.rendering.links import Purpose, Signer

NOW = datetime(2026, 11, 27, 8, 0, 3, tzinfo=UTC)


class Page(io.StringIO):
    """What was written, line by line."""

    encoding = "utf-8"

    @property
    def lines(self) -> list[str]:
        return self.getvalue().splitlines()

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line, parse_constant=pytest.fail) for line in self.lines]


@pytest.fixture
def page() -> Page:
    return Page()


def human(page: Page, **more: Any) -> Log:
    return Log(page, human=True, clock=lambda: NOW, **more)


def machine(page: Page, **more: Any) -> Log:
    return Log(page, human=False, clock=lambda: NOW, **more)


# -- for people


@pytest.mark.parametrize(
    ("event", "values", "line"),
    [
        ("pulled", {"source": "arXiv", "new": 12, "known": 30}, "08:00:03 pulled arXiv: 12 new, 30 known"),
        ("composed", {"issue": "daily-1", "copies": 1}, "08:00:03 composed daily-1: 1 copy"),
        ("pulled", {"source": "arXiv", "new": 0, "error": None}, "08:00:03 pulled arXiv: 0 new"),
        ("sent", {"sent": 98_000, "failed": 2}, "08:00:03 sent: 98,000 sent, 2 failed"),
        ("frozen", {"issue": "weekly-2026-11-27"}, "08:00:03 frozen weekly-2026-11-27"),
        ("woke", {}, "08:00:03 woke"),
        ("slept", {"seconds": 12, "well": True, "long": False}, "08:00:03 slept: 12 seconds, well, not long"),
        ("made", {"issues": ["a", "b"], "held": []}, "08:00:03 made: issues a, b, no held"),
        ("new thing", {"next_try": date(2026, 11, 28)}, "08:00:03 new thing 2026-11-28"),
    ],
)
def test_an_event_is_a_sentence(page: Page, event: str, values: dict[str, Any], line: str) -> None:
    human(page)(event, **values)
    assert page.lines == [line]


def test_trouble_stands_out_and_says_why(page: Page) -> None:
    human(page).trouble("pull failed", source="arXiv", why="it timed out")
    human(page).trouble("mail cannot leave", why="connection refused")
    human(page).say("Pages on http://127.0.0.1:8000, for https://news.example.org.")
    assert page.lines == [
        "08:00:03 ! pull failed arXiv: it timed out",
        "08:00:03 ! mail cannot leave: connection refused",
        "08:00:03 Pages on http://127.0.0.1:8000, for https://news.example.org.",
    ]


def test_a_new_day_is_said(page: Page) -> None:
    times = iter([NOW, NOW + timedelta(hours=15), NOW + timedelta(hours=17)])
    log = Log(page, human=True, clock=lambda: next(times))
    for _ in range(3):
        log("woke")
    assert page.lines == [
        "08:00:03 woke",
        "23:00:03 woke",
        "— Saturday 28 November 2026, UTC —",
        "01:00:03 woke",
    ]


def test_a_terminal_that_knows_ascii_only_gets_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    human_log = Log(stream, human=True, clock=lambda: NOW)
    human_log("pulled", source="Ärzte – heute")
    assert raw.getvalue() == b"08:00:03 pulled \\xc4rzte \\u2013 heute\n"


# -- for machines


def test_an_event_is_a_line_of_json(page: Page) -> None:
    machine(page)("pulled", source="arXiv", new=12, known=30)
    machine(page).trouble("pull failed", source="arXiv", why="it timed out")
    assert page.lines[0] == (
        '{"at": "2026-11-27T08:00:03Z", "level": "info", "event": "pulled", "source": "arXiv", "new": 12, "known": 30}'
    )
    assert page.rows[1] == {
        "at": "2026-11-27T08:00:03Z",
        "level": "warning",
        "event": "pull failed",
        "source": "arXiv",
        "why": "it timed out",
    }


def test_values_of_all_kinds_are_told(page: Page) -> None:
    machine(page)(
        "x",
        at="mine",
        level=3,
        when=NOW,
        day=date(2026, 11, 27),
        path=Path("/srv/news"),
        nan=float("nan"),
        lines=["a", 5],
        secret=SecretStr("hunter2"),
    )
    (row,) = page.rows
    assert (row["at"], row["level"], row["at_"], row["level_"]) == ("2026-11-27T08:00:03Z", "info", "mine", 3)
    assert (row["when"], row["day"]) == ("2026-11-27T08:00:03Z", "2026-11-27")
    assert (row["path"], row["nan"], row["lines"]) == ("/srv/news", "nan", ["a", "5"])
    assert "hunter2" not in page.getvalue()


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(st.characters(categories=["Cc", "Cs", "Zl", "Zp"]))
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(max_size=50), st.dictionaries(st.text(max_size=8), _values, max_size=4), st.booleans())
def test_whatever_is_in_an_event_it_is_one_line(event: str, values: dict[str, Any], for_people: bool) -> None:
    page = Page()
    Log(page, human=for_people, clock=lambda: NOW)(event, **values)
    (line,) = page.lines
    assert page.getvalue() == line + "\n"
    assert line.isprintable()
    if not for_people:
        (row,) = page.rows
        assert (row["at"], row["level"]) == ("2026-11-27T08:00:03Z", "info")
        assert line.isascii()


def test_a_value_is_not_endless(page: Page) -> None:
    machine(page)("x", why="word " * 100_000, many=list(range(10_000)))
    (row,) = page.rows
    assert len(row["why"]) <= MOST
    assert row["why"].endswith("…")
    assert len(row["many"]) <= 100


# -- what is nobody's business


@pytest.mark.parametrize(
    "text",
    [
        "550 5.1.1 <ada.lovelace+news@example.org>: unknown",
        "550 ada.lovelace@xn--bcher-kva.example unknown",
        "mailto:ada.lovelace%40example.org",
        "papers+b-ada.lovelace@news.example.org",
    ],
)
def test_addresses_lose_who_they_are_of(page: Page, text: str) -> None:
    for make in (human, machine):
        log = make(page)
        log.trouble("not sent", why=text)
        log.say(text)
        log("x", inner=[{text: text}])
    assert "lovelace" not in page.getvalue()
    assert "example" in page.getvalue()  # whose server it is says what is wrong


def test_links_of_readers_and_logins_lose_what_is_secret_in_them(page: Page) -> None:
    signer = Signer("https://news.example.org", {1: b"k" * 32})
    links = [signer.url(purpose, 12345) for purpose in Purpose]
    tokens = [signer.token(purpose, 12345) for purpose in Purpose]
    log = machine(page, secrets=["correct horse", "hunter2!", "", "no"])
    for link in links:
        log("opened", link=f"see {link}.", plain=link)
    log("login", url="https://ada:pa55@feeds.example.org/atom", words="my correct horse and hunter2! no more")
    said = page.getvalue()
    assert [token for token in tokens if token in said] == []
    assert "pa55" not in said
    assert "horse" not in said
    assert "hunter2" not in said
    assert "no more" in said  # a secret of two letters would hide half of every sentence


@pytest.mark.parametrize(
    "text", ["weekly-2026-11-27", "https://huggingface.co/papers/2511.12345", "newsletter/delivery/ledger.py:120 claim"]
)
def test_what_is_no_secret_stays(page: Page, text: str) -> None:
    human(page)("x", why=text)
    assert text in page.getvalue()


# -- other logs


@pytest.fixture
def both(page: Page) -> Iterator[Page]:
    with all_logs(machine(page)):
        yield page


def test_what_libraries_and_we_log_comes_in_the_same_form(both: Page) -> None:
    logging.getLogger("uvicorn.error").warning("%d are too many", 7)
    logging.getLogger("apscheduler.scheduler").info("Added job")
    logging.getLogger("newsletter.web").info("a line of ours\nto ada@example.org")
    assert [(row["level"], row["event"], row["logger"]) for row in both.rows] == [
        ("warning", "7 are too many", "uvicorn.error"),
        ("info", "a line of ours to …@example.org", "newsletter.web"),
    ]


def test_words_that_do_not_fit_their_values_are_told_as_they_are(page: Page) -> None:
    Handler(machine(page)).handle(logging.LogRecord("odd", logging.ERROR, "odd.py", 1, "%d", ("no number",), None))
    assert [(row["level"], row["event"], row["logger"]) for row in page.rows] == [("error", "%d", "odd")]


def _raise() -> None:
    try:
        raise KeyError("ada@example.org")
    except KeyError as error:
        raise ValueError("what ada typed") from error


def test_a_fault_is_told_by_its_kind_and_its_lines_without_its_words(both: Page) -> None:
    try:
        _raise()
    except ValueError:
        logging.getLogger("apscheduler.executors").exception("Job %s raised an exception", "pull")
    (row,) = both.rows
    assert (row["event"], row["error"]) == ("Job pull raised an exception", "ValueError")
    assert re.fullmatch(r"tests/test_logs\.py:\d+ _raise", row["trace"][0])
    assert "of KeyError" in row["trace"]
    assert "typed" not in both.getvalue()
    assert "ada" not in both.getvalue()


def test_a_fault_that_ends_a_thread_and_a_warning_are_told(both: Page) -> None:
    thread = threading.Thread(target=_raise, name="mailbox")
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("this is old", stacklevel=1)
    fault, warning = both.rows
    assert (fault["event"], fault["thread"], fault["error"]) == (
        "a fault in a thread ended it",
        "mailbox",
        "ValueError",
    )
    assert (warning["logger"], "this is old" in warning["event"]) == ("py.warnings", True)


def test_afterwards_all_is_as_before(page: Page) -> None:
    root, hook = logging.getLogger(), threading.excepthook
    before = (root.handlers[:], root.level, logging.getLogger("newsletter").level)
    with all_logs(machine(page)):
        assert root.handlers != before[0]
    assert (root.handlers, root.level, logging.getLogger("newsletter").level) == before
    assert threading.excepthook is hook


# -- it never stops the work


def test_many_threads_write_whole_lines(page: Page) -> None:
    log = machine(page)

    def tell(name: int) -> None:
        for n in range(200):
            log("told", thread=name, n=n, filler="x" * 100)

    threads = [threading.Thread(target=tell, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((row["thread"], row["n"]) for row in page.rows) == [(t, n) for t in range(8) for n in range(200)]


def test_a_stream_that_is_gone_and_a_value_that_is_broken_stop_nothing(page: Page) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no words")

    log = machine(page)
    log("x", value=Broken())
    page.close()
    log("y")
    log.trouble("z")
