"""`newsletter search`: a list to read, JSON, and how to follow what was searched."""

from pathlib import Path

import pytest
from commandline import Run, fails

from newsletter.errors import ModelError


def test_what_is_found_is_told_with_all_that_one_needs(run: Run, ready: Path) -> None:
    ran = run("search", "walking robots", "--most", "2")
    assert ran.status == 0
    for piece in (
        " 1. Study",
        "walking robots",
        "papers",
        "https://papers.example.org/",
        "Number 0 looks at walking robots",
    ):
        assert piece in ran.out
    assert "The closest 2 of 3; --most shows more." in ran.out
    assert ran.out.endswith('  newsletter subscribers add you@example.org --interest "walking robots"\n')
    assert max(map(len, ran.out.splitlines())) <= 80


def test_the_same_for_a_script(run: Run, ready: Path) -> None:
    said = run("search", 'robots -"study 0" by:nobody', "--json").json
    assert (said["query"], said["count"], said["found"]) == ("robots", 0, [])
    [found, *_] = run("search", "brain tumours", "--json").json["found"]
    assert found["url"].startswith("https://papers.example.org/")
    assert 0 < found["closeness"] <= 1


def test_without_words_it_is_what_came_in_last(run: Run, ready: Path) -> None:
    ran = run("search", "--most", "1")
    assert " 1. Study 11 of" in ran.out
    assert "The last 1 of 12; --most shows more." in ran.out
    assert "--interest" not in ran.out


def test_nothing_is_told_in_words(run: Run, project: Path) -> None:
    assert run("search").out == "Nothing has come in yet: `newsletter pull`.\n"
    assert run("search", "looms").out == "Nothing that came in is close to that.\n"


def test_a_day_that_is_none_is_told(run: Run, ready: Path) -> None:
    fails(run("search", "robots", "--since", "yesterday"), "is no date", status=2)
    assert run("search", "robots", "--since", "2999").out == "Nothing that came in is close to that.\n"


def test_what_a_shell_would_do_is_not_copied(run: Run, ready: Path) -> None:
    ran = run("search", "robots $(rm -rf x) `id` ; walking")
    command = ran.out.splitlines()[-1]
    assert command.startswith("  newsletter subscribers add")
    assert not {"$", "`"} & set(command)


def test_without_a_model_it_goes_by_words_and_says_why(run: Run, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, *texts: object) -> None:
        raise ModelError("The model 'x' could not be loaded: no such folder.")

    monkeypatch.setattr("commandline.Words.embed", broken)
    ran = run("search", "walking robots")
    assert ran.status == 0
    assert "By words only, not by meaning: The model 'x' could not be loaded" in ran.err
    assert "walking robots" in ran.out
