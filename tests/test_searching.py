"""Searching the archive of a newsletter: by words, by meaning, and when the model sleeps or does not work."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event

import pytest
from conftest import WordEmbedder
from mainline import ADA, bring, subscribe
from newsroom import entry, make_project

from newsletter import Newsletter
from newsletter.errors import ModelError
from newsletter.ranking import nearest
from newsletter.ranking.embedding import Embedder, Vectors
from newsletter.ranking.model import ModelProcess
from newsletter.searching import MOST, Meaning, Search

#: What somebody may ask in words of their own, and how the title of a paper on the pages begins that is about it.
FITTING = {
    "recommending things to people with graphs": "Sheaf Neural Networks for Graph-based Recommender",
    "finding organs in medical pictures": "DeepOrgan",
    "winning tickets in sparse networks": "The Lottery Ticket Hypothesis",
    "how dense memories break their symmetry": "Replica symmetry breaking in dense neural networks",
}
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Sleeper(WordEmbedder):
    """A model that wakes when it is told to, and hears meanwhile whether it is still wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.awake = Event()

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        while not self.awake.wait(0.01):
            if progress:
                progress(0)
        return super().embed(texts, progress)


class Broken(WordEmbedder):
    """A model that cannot be loaded."""

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        self.asked += 1
        raise ModelError("The model 'x' could not be loaded: no such folder.")


def search_of(newsletter: Newsletter, embedder: Embedder) -> Search:
    return Search(
        newsletter.database, embedder, "https://e.org/?q={title}", lambda: NOW, lambda what: lambda a, b: None
    )


def titles(newsletter: Newsletter, text: str, skip: int = 0, most: int = 20) -> list[str]:
    return [one.entry.title for one in newsletter.search.find(text, skip=skip, most=most).found]


def test_the_closest_come_first_and_what_is_about_something_else_not_at_all(newsletter: Newsletter) -> None:
    results = newsletter.search.find("walking robots with legs")
    assert results.meaning is Meaning.READ
    assert all("walking robots" in title for title in titles(newsletter, "walking robots with legs")[:3])
    assert results.found[0].closeness == pytest.approx(1, abs=0.02)
    assert not any("tumours" in one.entry.title for one in results.found)
    said = "".join(text for text, _ in results.found[0].sentence)
    assert "walking robots with springy legs" in said
    assert ("walking", True) in results.found[0].sentence


def test_what_came_in_after_the_first_search_is_found_too(newsletter: Newsletter) -> None:
    assert newsletter.search.find("looms that weave").count == 0
    bring_loom = {"title": "Looms that weave by themselves", "url": "https://e.org/loom"}
    make_project(newsletter.project, entries=[entry(0, **bring_loom)])
    newsletter.pull()
    assert titles(newsletter, "looms that weave") == ["Looms that weave by themselves"]


def test_entries_that_no_model_has_read_are_read_while_somebody_waits(
    newsletter: Newsletter, embedder: WordEmbedder
) -> None:
    results = newsletter.search.find("robots")
    assert (results.unread, embedder.asked) == (0, 13)
    newsletter.search.find("tumours")
    assert embedder.asked == 14
    newsletter.search.find("tumours")
    assert embedder.asked == 14


def test_a_suggestion_that_nobody_accepted_is_not_found(newsletter: Newsletter) -> None:
    subscribe(newsletter)
    newsletter.readers.suggest(newsletter.subscriber(ADA), "https://e.org/looms", "Looms that weave.")
    assert newsletter.search.find("looms that weave").found == ()
    newsletter.suggestions.accept(1, title="Looms that weave")
    assert titles(newsletter, "looms that weave") == ["Looms that weave"]


def test_nothing_shows_what_came_in_last_and_conditions_alone_hold(newsletter: Newsletter) -> None:
    results = newsletter.search.find("")
    assert [one.entry.id for one in results.found] == [*range(12, 0, -1)]
    assert results.meaning is Meaning.NONE
    assert newsletter.search.find("-robots").count == 9
    assert newsletter.search.find("by:nobody").count == 0
    assert newsletter.search.find("robots", since=date(2027, 1, 1)).count == 0
    assert newsletter.search.find("robots since:2027", since=date(2026, 1, 1)).count > 0


def test_all_can_be_leafed_through_without_one_twice(newsletter: Newsletter) -> None:
    bring(newsletter, 100, 200)
    pages = [titles(newsletter, "robots forests music scans", skip=skip, most=20) for skip in range(0, 140, 20)]
    leafed = [title for page in pages for title in page]
    assert len(leafed) == len(set(leafed)) == MOST
    assert pages[-1] == []


def test_a_model_that_sleeps_is_not_waited_for_and_is_there_the_next_time(newsletter: Newsletter) -> None:
    newsletter.search.find("robots")
    sleeper = Sleeper()
    search = search_of(newsletter, sleeper)
    results = search.find("springy legs", patience=0.05)
    assert results.meaning is Meaning.LATER
    assert len(results.found) == 3  # by words
    assert search.find("brain tumours", patience=30).meaning is Meaning.LATER  # nobody waits for long twice
    sleeper.awake.set()
    deadline = time.monotonic() + 60
    while (results := search.find("springy legs", patience=0.5)).meaning is Meaning.LATER:
        assert time.monotonic() < deadline
    assert results.meaning is Meaning.READ
    search.close()


def test_an_archive_that_takes_long_to_read_is_searched_as_far_as_it_was_read(
    newsletter: Newsletter, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsletter.search.find("robots")
    monkeypatch.setattr(nearest, "CHUNK", 4)
    search = search_of(newsletter, embedder)
    monkeypatch.setattr("newsletter.searching.until", lambda seconds: lambda: False)
    assert search.find("robots", patience=5).meaning is Meaning.PARTLY
    monkeypatch.undo()
    assert search.find("robots", patience=5).meaning is Meaning.READ
    search.close()


def test_closing_waits_for_no_model(newsletter: Newsletter) -> None:
    search = search_of(newsletter, Sleeper())
    assert search.find("robots", patience=0.01).meaning is Meaning.LATER
    search.close()  # comes back


def test_a_model_that_does_not_work_is_asked_once_a_minute_and_words_do(newsletter: Newsletter) -> None:
    broken = Broken()
    search = search_of(newsletter, broken)
    for text in ("walking robots", "walking robots", "robots that walk"):
        results = search.find(text, patience=5)
        assert results.meaning is Meaning.BROKEN
        assert len(results.found) == 3
        assert "no such folder" in results.trouble
    assert broken.asked == 1
    search.close()


@pytest.mark.slow
def test_the_papers_of_a_page_come_back_for_what_they_are_about(shared_data: Path, tmp_path: Path) -> None:
    pages = sorted((shared_data / "papers-pages").glob("*.txt"))
    sources = "".join(f'[[sources]]\nname = "{page.stem}"\nlocation = "{page}"\n' for page in pages)
    make_project(tmp_path, sources, entries=0)
    with ModelProcess() as model, Newsletter(tmp_path, embedder=model) as newsletter:
        newsletter.pull()
        for wanted, beginning in FITTING.items():
            assert any(title.startswith(beginning) for title in titles(newsletter, wanted, most=5)), wanted
        papers = [one for one in newsletter.search.find("", most=MOST).found if len(one.card.sentences) > 2]
        assert len(papers) > 50
        # Each is the closest to its own title, and near the top for what its abstract says last.
        assert all(titles(newsletter, one.entry.title, most=1) == [one.entry.title] for one in papers)
        told = sum(one.entry.title in titles(newsletter, one.card.sentences[-1], most=3) for one in papers)
        assert told >= 0.9 * len(papers)
