"""Links in mails, however mail programs have treated them, and why they are suggested."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters import html_letter, letter

from newsletter.mailbox.commands import Understood, commands_in
from newsletter.mailbox.reading import read
from newsletter.readers.asked import Command, Follow, Leave, More, Subscribe, Suggest, Unfollow

LINK = "https://arxiv.org/abs/1706.03762"
LONG = "https://papers.example.org/a-very-long-path/that-goes-on-and-on/until-the-end-of-the-line/and-beyond.html?x=1"


def understood(*lines: str, subject: str = "") -> Understood:
    return commands_in(subject, lines)


@pytest.mark.parametrize(
    "line",
    [
        f"submit {LINK}",
        f"Submit: {LINK}",
        f"SUBMIT <{LINK}>",
        f"suggest {LINK}.",
        f"Please submit {LINK} !",
        f"I'd like to suggest {LINK}",
        f"- submit {LINK}",
        f"“submit {LINK}”",
        f"submit ({LINK})",
        f"submit *{LINK}*",
        f"Vorschlag: {LINK}",
        f"je voudrais suggérer {LINK}",
        f"submit <{LINK}>, please",
        f"submit {LINK} <{LINK}>",
    ],
)
def test_a_link_is_found_whatever_stands_around_it(line: str) -> None:
    (command,) = understood(line).commands
    assert isinstance(command, Suggest)
    assert command.link == LINK
    assert command.why in ("", "please")
    assert understood(subject=line).commands == (command,)


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("https://en.wikipedia.org/wiki/Loom_(disambiguation)", "https://en.wikipedia.org/wiki/Loom_(disambiguation)"),
        (
            "(https://en.wikipedia.org/wiki/Loom_(disambiguation)).",
            "https://en.wikipedia.org/wiki/Loom_(disambiguation)",
        ),
        ("https://example.org/a?b=1&c=2#d;", "https://example.org/a?b=1&c=2#d"),
        ("https://example.org/", "https://example.org/"),
        ("HTTP://Example.org/A", "HTTP://Example.org/A"),
        ("arxiv.org/abs/1706.03762", "arxiv.org/abs/1706.03762"),
        ("https://example.org/é", "https://example.org/é"),
    ],
)
def test_what_belongs_to_a_link_stays(link: str, found: str) -> None:
    assert understood(f"submit {link}").commands == (Suggest(found),)


@pytest.mark.parametrize("column", range(66, len(LONG), 3))
@pytest.mark.parametrize(("before", "after"), [("", ""), ("<", ">")])
def test_a_link_broken_over_lines_is_put_together(column: int, before: str, after: str) -> None:
    whole = f"submit {before}{LONG}{after} because it is long"
    assert understood(whole[:column], whole[column:]).commands == (Suggest(LONG, "because it is long"),)


def test_a_link_over_three_lines_in_brackets() -> None:
    lines = [f"submit <{LONG[:40]}", LONG[40:80], f"{LONG[80:]}> and why", "more 3"]
    assert understood(*lines).commands == (Suggest(LONG, "and why"), More((3,)))


def test_a_bracket_that_is_never_closed_takes_no_lines() -> None:
    assert understood(f"submit <{LINK} it is good", "more 3").commands == (Suggest(LINK, "it is good"), More((3,)))


def test_a_line_that_was_not_full_was_not_broken() -> None:
    assert understood(f"submit {LINK}", "a/b tests are in it").commands == (Suggest(LINK, "a/b tests are in it"),)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([f"submit {LINK} It began all this."], (Suggest(LINK, "It began all this."),)),
        ([f"submit {LINK} – it began", "all this"], (Suggest(LINK, "it began all this"),)),
        ([f"submit {LINK}", "", "It began all this.", "", "Ada Lovelace"], (Suggest(LINK, "It began all this."),)),
        ([f"I suggest this one: {LINK}"], (Suggest(LINK, "this one"),)),
        (["submit", LINK, "It began all this."], (Suggest(LINK, "It began all this."),)),
        (["suggest:", "", LINK], (Suggest(LINK),)),
        ([f"submit {LINK} good", "+ looms"], (Suggest(LINK, "good"), Follow("looms"))),
        ([f"submit {LINK} good", f"submit {LONG}", "long"], (Suggest(LINK, "good"), Suggest(LONG, "long"))),
        ([f"submit {LINK}", f"submit {LINK}"], (Suggest(LINK),)),
        (["+ looms", f"submit {LINK} good"], (Follow("looms"), Suggest(LINK, "good"))),
        (["Robots", f"submit {LINK} good"], (Suggest(LINK, "good"),)),
        # a word that a mail program has put on a line of its own is no command …
        ([f"submit {LINK} It tells how much data there was and is of", "help"],
         (Suggest(LINK, "It tells how much data there was and is of help"),)),
        # … but who wants to leave is heard
        ([f"submit {LINK} It tells how much data there was and is of", "stop"], (Leave(),)),
        ([f"submit {LINK} good", "unsubscribe"], (Leave(),)),
        ([f"submit {LINK} Now please unsubscribe me, I get too much."], (Leave(),)),
        # below "subscribe" stand interests
        (["subscribe", "looms", "submission policies", "submit"],
         (Subscribe(("looms", "submission policies", "submit")),)),
        (["- suggestion mining"], (Unfollow("suggestion mining"),)),
    ],
)  # fmt: skip
def test_why_goes_on_to_the_next_command(lines: list[str], expected: tuple[Command, ...]) -> None:
    assert understood(*lines).commands == expected


def test_a_subject_goes_on_in_the_body() -> None:
    assert understood("It began all this.", subject=f"submit {LINK}").commands == (Suggest(LINK, "It began all this."),)
    assert understood(LINK, "It is good.", "more 3", subject="Submit").commands == (
        Suggest(LINK, "It is good."),
        More((3,)),
    )
    assert understood(LINK, subject="Suggestion:").commands == (Suggest(LINK),)


def test_what_is_said_at_length_reaches_a_person_too() -> None:
    short, long = understood(f"submit {LINK} good"), understood(f"submit {LINK}", *["It is a very good paper."] * 30)
    assert (short.prose, long.prose) == (False, True)
    assert len(long.commands) == 1


@pytest.mark.parametrize(
    "line",
    [
        "suggestion mining",
        "recommend music",
        "Submit your abstract by Friday, and tell the others of it too.",
        "I submit that node.js is better than this.",
        f"I do not know whether I should submit that to you: {LINK}",
        f"Look at {LINK}",
        LINK,
        f"The reviewers of the third track of the next conference have to submit their thoughts to {LINK}",
    ],
)
def test_prose_is_no_suggestion(line: str) -> None:
    assert not any(isinstance(one, Suggest) for one in understood(line).commands)


@pytest.mark.parametrize("line", ["submit", "Suggest!", "please submit this", "submission"])
def test_a_suggestion_without_a_link_is_asked_for_one(line: str) -> None:
    said = understood(line)
    assert said.commands == ()
    assert "a suggestion needs a link" in (said.unclear or "")


def test_after_a_sentence_to_a_person_nothing_is_heard() -> None:
    said = understood("I wonder how I could bring you to read this one, which I like.", f"submit {LINK}")
    assert said == Understood((), None, prose=True)


def test_mails_in_html_and_flowed_text_are_read_alike() -> None:
    html = html_letter(f'<div>submit <a href="{LONG}">{LONG[:40]}…</a> It is good.</div><div>-- <br>Ada</div>')
    flowed = letter(f"submit \n{LONG} \nIt is good.\n", Content_Type="text/plain; charset=utf-8; format=flowed")
    shortened = html_letter(f'<p>Submit <a href="{LONG}">this paper</a>. It is good.</p>')
    for mail, why in ((html, "It is good."), (flowed, "It is good."), (shortened, "this paper It is good.")):
        incoming = read(mail)
        (command,) = commands_in(incoming.subject, incoming.lines).commands
        assert command == Suggest(LONG, why)


PIECES = st.sampled_from(
    ["submit", "suggest", "<", ">", LINK, LONG, "please", "stop", "more 3", "", " ", ":", "- ", "http://"]
)


@given(st.lists(st.lists(PIECES | st.text(max_size=9), max_size=6).map(" ".join), max_size=9), st.text(max_size=20))
def test_whatever_is_written_a_link_is_one_piece(lines: list[str], subject: str) -> None:
    for command in understood(*lines, subject=subject).commands:
        if isinstance(command, Suggest):
            assert command.link
            assert " " not in command.link


@pytest.mark.parametrize(
    "piece", [f"submit {LINK} ", "submit <https://a", "https://", "submit ", "suggest http://x/ ", "<"]
)
def test_endless_lines_are_read_in_a_moment(piece: str) -> None:
    line = piece * (10_000 // len(piece))
    started = process_time()
    commands_in(line, [line] * 300)
    commands_in("", [piece.strip()] * 300)
    assert process_time() - started < 2
