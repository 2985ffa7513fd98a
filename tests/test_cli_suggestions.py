"""`newsletter suggestions`: what waits, one of them, yes and no."""

from pathlib import Path

import pytest
from commandline import ADA, BOB, Run, fails

from newsletter import Newsletter


@pytest.fixture
def suggested(ready: Path) -> Path:
    """Ada and Bob suggest a page, Ada another one; none was read yet."""
    with Newsletter(ready) as newsletter:
        newsletter.readers.suggest(newsletter.subscriber(ADA), "https://example.org/looms", "They weave.", named=True)
        newsletter.readers.suggest(newsletter.subscriber(BOB), "example.org/looms")
        newsletter.readers.suggest(newsletter.subscriber(ADA), "https://example.org/other")
    return ready


def test_what_waits_is_listed_once_a_page(run: Run, suggested: Path) -> None:
    shown = run("suggestions", "list").out
    assert shown.count("https://example.org/looms") == 1
    assert f"two readers: {ADA}, {BOB}" in shown
    first, second = run("suggestions", "list", "--json").json
    assert (first["number"], first["state"], first["from"], first["why"]) == (1, "new", [ADA, BOB], ["They weave."])
    assert (second["link"], second["title"], second["entry"]) == ("https://example.org/other", "", None)


def test_where_nothing_waits_it_says_so(run: Run, ready: Path) -> None:
    assert run("suggestions", "list").out == "Nothing waits for you.\n"
    assert run("suggestions", "list", "--json").json == []


def test_one_is_shown_with_all_that_is_known(run: Run, suggested: Path) -> None:
    shown = run("suggestions", "show", "1").out
    for piece in ("(no title)", "https://example.org/looms", "“They weave.”", "Suggested by a reader", "/suggestion/"):
        assert piece in shown
    assert run("suggestions", "show", "2", "--json").json["number"] == 1


def test_accepting_makes_an_entry_once(run: Run, suggested: Path) -> None:
    fails(run("suggestions", "accept", "1"), "Give it a title", "--title")
    told = run("suggestions", "accept", "1", "--title", "Looms that weave").out
    assert told == "“Looms that weave” is a candidate of the next issues: Suggested by a reader.\n"
    assert "was accepted already" in run("suggestions", "accept", "2", "--title", "Again").out
    assert "was accepted already, and is in" in run("suggestions", "decline", "1").out
    assert [one["number"] for one in run("suggestions", "list", "--json").json] == [3]
    assert run("status", "--json").json["entries"] == 13


def test_declining_tells_nobody(run: Run, suggested: Path) -> None:
    assert "nobody is told" in run("suggestions", "decline", "3").out
    assert [one["number"] for one in run("suggestions", "list", "--json").json] == [1]


@pytest.mark.parametrize("command", ["show", "accept", "decline"])
def test_a_number_that_there_is_not_is_told(run: Run, ready: Path, command: str) -> None:
    fails(run("suggestions", command, "7"), "There is no suggestion 7", "newsletter suggestions list")


def test_what_readers_say_commands_no_terminal(run: Run, ready: Path) -> None:
    with Newsletter(ready) as newsletter:
        ada = newsletter.subscriber(ADA)
        newsletter.readers.suggest(
            ada, "https://example.org/looms", "They \x1b]0;weave\x07 \x9b31m\u202ewell \u200b<b>."
        )
        # As it was kept before.
        newsletter.readers.suggest(ada, "https://example.org/other")
        newsletter.database.conn.execute("UPDATE suggestions SET why = ? WHERE id = 2", ["a\x1b[31m\x9b\u202eb"])
        newsletter.database.conn.commit()
    assert "“They ]0;weave 31mwell <b>.”" in run("suggestions", "show", "1").out
    assert "“a [31m  b”" in run("suggestions", "show", "2").out
    as_json = run("suggestions", "show", "2", "--json")
    assert as_json.json["why"] == ["a\x1b[31m\x9b\u202eb"]
    assert all(character.isprintable() or character == "\n" for character in as_json.out)
