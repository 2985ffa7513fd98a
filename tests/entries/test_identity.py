"""When two entries are the same thing."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.entry import Entry, ParsedEntry
from newsletter.entries.identity import identities
from subscribers.papers import canonical_url, fingerprint

LONG = "Bridges that sing in the evening wind"
ANYTHING = st.text(max_size=60) | st.lists(
    st.sampled_from(
        [
            "10.5555/",
            "10.",
            "doi:",
            "doi.org/",
            "arxiv:",
            "arxiv.org/abs/",
            "2611.00001",
            "v2",
            "%",
            "%ff",
            "[",
            "]",
            "//",
            "?",
            "#",
            "=",
            "&",
            "\x00",
            "�",
            "é",
            "x",
        ]
    ),
    max_size=12,
).map("".join)


def save(db: Database, now: datetime, *one_document: ParsedEntry, source: str = "a") -> tuple[int, int]:
    return entries.save(db, source, f"{source}.txt", one_document, now)


def everything(db: Database) -> list[Entry]:
    return list(entries.by_ids(db, range(1, entries.newest_id(db) + 1)).values())


@pytest.mark.parametrize(
    "written",
    [
        "https://arxiv.org/abs/2303.12345",
        "http://arxiv.org/abs/2303.12345v1",
        "https://www.arxiv.org/abs/2303.12345v12",
        "https://arxiv.org/pdf/2303.12345",
        "https://arxiv.org/pdf/2303.12345v2.pdf",
        "https://arxiv.org/html/2303.12345v3",
        "https://export.arxiv.org/abs/2303.12345",
        "arXiv:2303.12345",
        "arXiv: 2303.12345v2",
        "oai:arXiv.org:2303.12345v1",
        "https://doi.org/10.48550/arXiv.2303.12345",
        "10.48550/ARXIV.2303.12345",
        "https://huggingface.co/papers/2303.12345",
        "https://www.alphaxiv.org/abs/2303.12345",
        "https://ar5iv.org/abs/2303.12345",
    ],
)
def test_an_arxiv_id_is_known_in_every_form_and_version(written: str) -> None:
    assert identities(ParsedEntry("T", identifiers=(written,)))[0] == "arxiv:2303.12345"
    assert "arxiv:2303.12345" in identities(ParsedEntry("T", url=written))


@pytest.mark.parametrize(
    "written",
    [
        "http://arxiv.org/abs/quant-ph/0201082v1",
        "https://arxiv.org/pdf/quant-ph/0201082",
        "arXiv:quant-ph/0201082",
        "oai:arXiv.org:quant-ph/0201082v2",
        "10.48550/arXiv.quant-ph/0201082",
    ],
)
def test_an_old_arxiv_id_is_known_too(written: str) -> None:
    assert "arxiv:quant-ph/0201082" in identities(ParsedEntry("T", identifiers=(written,)))


def test_an_old_arxiv_id_with_a_subject_class_is_known() -> None:
    assert "arxiv:math.gt/0309136" in identities(ParsedEntry("T", url="https://arxiv.org/abs/math.GT/0309136"))


@pytest.mark.parametrize(
    "written",
    [
        "10.5555/12345678.AbC",
        "doi:10.5555/12345678.abc",
        "DOI: 10.5555/12345678.abc",
        "https://doi.org/10.5555/12345678.abc",
        "http://dx.doi.org/10.5555/12345678.ABC?utm_source=feed",
        "https://doi.org/10.5555%2F12345678.abc",
        "https://doi.org/10.5555/12345678.abc.",
    ],
)
def test_a_doi_is_known_in_every_form(written: str) -> None:
    assert identities(ParsedEntry("T", identifiers=(written,)))[0] == "doi:10.5555/12345678.abc"


@pytest.mark.parametrize(
    "written", ["tag:example.org,2026:10", "42", "", "urn:uuid:1-2", "version 10.5/3", "2303.12345"]
)
def test_an_id_of_another_kind_identifies_nothing(written: str) -> None:
    assert identities(ParsedEntry("A title", identifiers=(written,))) == ["title:atitle"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.example.org/a/", "example.org/a"),
        ("http://EXAMPLE.org:8080/a#part", "example.org/a"),
        ("https://example.org/a/index.html", "example.org/a"),
        ("https://example.org/a?utm_source=x&utm_medium=y&fbclid=z&ref=w", "example.org/a"),
        ("https://example.org/a?id=5&utm_source=x", "example.org/a?id=5"),
        ("https://example.org/?p=12", "example.org?p=12"),
        ("https://example.org/read?2026-11-22", "example.org/read?2026-11-22="),
        ("https://example.org/A", "example.org/A"),
        ("https://example.org", None),
        ("https://www.example.org/", None),
        ("https://example.org/index.php", None),
        ("https://example.org/?utm_source=x", None),
        ("http://[", None),
    ],
)
def test_a_link_is_reduced_to_what_matters(url: str, expected: str | None) -> None:
    assert expected == canonical_url(url)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bridges That Sing!", "bridges that sing"),
        ("Café – a study", "Cafe: a study"),
        ("ﬁne print", "fine print"),
        ("Große Straße", "GROSSE STRASSE"),
    ],
)
def test_titles_are_compared_by_letters_and_digits(one: str, other: str) -> None:
    assert fingerprint(one) == fingerprint(other)


def test_titles_without_letters_are_told_apart() -> None:
    assert fingerprint("🧬") != fingerprint("🚀")


@given(title=ANYTHING, url=st.none() | ANYTHING, identifiers=st.lists(ANYTHING, max_size=3))
def test_any_text_has_identities_that_the_database_can_keep(
    title: str, url: str | None, identifiers: list[str]
) -> None:
    keys = identities(ParsedEntry(title, url=url, identifiers=tuple(identifiers)))
    assert keys
    assert len(keys) == len(set(keys))
    for key in keys:
        assert key.startswith(("doi:", "arxiv:", "url:", "title:"))
        key.encode()


@given(ANYTHING)
def test_any_text_has_a_fingerprint(title: str) -> None:
    assert fingerprint(title)
    assert fingerprint(title) == fingerprint(title)


def test_a_saved_page_and_a_feed_with_one_title_make_one_entry(store: Database, now: datetime) -> None:
    assert save(store, now, ParsedEntry(LONG, "A long summary of the bridges."), source="page") == (1, 0)
    found = ParsedEntry(
        LONG.upper(), "Short.", ("N. One",), "https://arxiv.org/abs/2611.00001", ("oai:arXiv.org:2611.00001v1",)
    )
    assert save(store, now, found, source="feed") == (0, 1)
    [entry] = everything(store)
    assert (entry.title, entry.summary) == (LONG, "A long summary of the bridges.")
    assert (entry.url, entry.authors) == ("https://arxiv.org/abs/2611.00001", ("N. One",))
    assert set(entry.sources) == {"page", "feed"}
    assert save(store, now, ParsedEntry("Retitled", url="http://arxiv.org/pdf/2611.00001v7")) == (0, 1)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(
            ParsedEntry(LONG, url="https://arxiv.org/abs/2611.00001"),
            ParsedEntry(LONG, url="https://arxiv.org/abs/2611.00002"),
            2,
            id="same title, another arXiv id",
        ),
        pytest.param(
            ParsedEntry(LONG, identifiers=("10.5555/1234",)),
            ParsedEntry(LONG, identifiers=("10.5555/9999",)),
            2,
            id="same title, another DOI",
        ),
        pytest.param(
            ParsedEntry(LONG, identifiers=("10.5555/1234",)),
            ParsedEntry(LONG, url="https://arxiv.org/abs/2611.00001"),
            1,
            id="the preprint and the article",
        ),
        pytest.param(
            ParsedEntry("An old title", identifiers=("10.5555/1234",)),
            ParsedEntry("A new title of the same", url="https://doi.org/10.5555/1234"),
            1,
            id="same DOI, another title",
        ),
        pytest.param(
            ParsedEntry(LONG, url="https://example.org/a"),
            ParsedEntry(LONG, url="https://example.com/b"),
            1,
            id="same long title on two sites",
        ),
        pytest.param(
            ParsedEntry(LONG, url="https://example.org/a"),
            ParsedEntry(LONG, url="https://www.example.org/b"),
            2,
            id="same title, two pages of one site",
        ),
        pytest.param(
            ParsedEntry(LONG, url="https://example.org/?p=1"),
            ParsedEntry(LONG, url="https://example.org/?p=2"),
            2,
            id="same title, two pages of one site told apart by a query",
        ),
        pytest.param(
            ParsedEntry("Editorial", url="https://example.org/a"),
            ParsedEntry("Editorial", url="https://example.com/b"),
            2,
            id="a short title with two links",
        ),
        pytest.param(ParsedEntry("Editorial"), ParsedEntry("EDITORIAL"), 1, id="a short title without links"),
        pytest.param(ParsedEntry("🧬🧬🧬"), ParsedEntry("🚀🚀🚀"), 2, id="titles without letters"),
        pytest.param(
            ParsedEntry(LONG, url="https://example.org/"),
            ParsedEntry("Something else altogether", url="https://example.org/"),
            2,
            id="the front page of a site",
        ),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["one document", "two documents"])
def test_what_is_one_entry_and_what_are_two(
    store: Database, now: datetime, one: ParsedEntry, other: ParsedEntry, expected: int, together: bool
) -> None:
    documents = [(one, other)] if together else [(one,), (other,)]
    counts = [save(store, now, *document) for document in documents]
    assert entries.count(store) == expected
    assert (sum(new for new, _ in counts), sum(known for _, known in counts)) == (expected, 2 - expected)
    # A second look finds everything known.
    assert [save(store, now, *document) for document in documents] == [(0, len(document)) for document in documents]


def test_a_page_seen_again_under_another_title_stays_one_entry(store: Database, now: datetime) -> None:
    assert save(store, now, ParsedEntry(LONG, url="https://example.org/a?utm_source=feed")) == (1, 0)
    assert save(store, now, ParsedEntry("Bridges, retitled", url="http://www.example.org/a/")) == (0, 1)


def test_one_link_behind_all_items_of_a_document_identifies_none_of_them(store: Database, now: datetime) -> None:
    items = [ParsedEntry(f"Chapter {n} of the long story", url="https://example.org/blog") for n in range(250)]
    assert save(store, now, *items) == (250, 0)
    assert save(store, now, *items) == (0, 250)


def test_merging_fills_gaps_keeps_the_longer_summary_and_takes_the_newest_popularity(
    store: Database, now: datetime
) -> None:
    first = ParsedEntry(LONG, "Short.", ("N. One",), None, (), None, ("cs.AI",), 3)
    second = ParsedEntry(
        LONG, "A longer one.", ("N. Two",), "https://example.org/a", (), now.date(), ("cs.CL", "cs.AI"), 9
    )
    third = ParsedEntry(LONG, url="https://example.com/b")
    save(store, now, first)
    before = everything(store)[0].content_hash
    save(store, now, second)
    save(store, now, third)
    [entry] = everything(store)
    expected = ("A longer one.", ("N. One",), "https://example.org/a", now.date(), ("cs.AI", "cs.CL"), 9)
    actual = (entry.summary, entry.authors, entry.url, entry.published, entry.categories, entry.popularity)
    assert expected == actual
    assert entry.content_hash != before


@pytest.mark.parametrize(
    "reference",
    [
        LONG,
        LONG.upper(),
        "2611.00001",
        "2611.00001v2",
        "arXiv:2611.00001",
        "https://arxiv.org/pdf/2611.00001",
        "http://www.example.org/a/?utm_source=x",
        "10.5555/12345",
        "https://doi.org/10.5555/12345",
    ],
)
def test_an_entry_is_found_by_what_a_person_calls_it(store: Database, now: datetime, reference: str) -> None:
    entry = ParsedEntry(
        LONG, url="https://example.org/a", identifiers=("2611.00001", "arXiv:2611.00001", "10.5555/12345")
    )
    save(store, now, entry)
    found = entries.find(store, reference)
    assert found is not None
    assert found.title == LONG


@pytest.mark.parametrize(
    "reference", ["", "nothing like it", "http://[", "[x] //[y", "\x00", "\ud800", "'; DROP TABLE entries"]
)
def test_an_unknown_reference_finds_nothing(store: Database, now: datetime, reference: str) -> None:
    save(store, now, ParsedEntry(LONG))
    assert entries.find(store, reference) is None


def test_entries_are_listed_by_arrival_within_a_range_and_a_time(store: Database, now: datetime) -> None:
    save(store, now.replace(hour=8), ParsedEntry("The first of the morning"))
    save(store, now, ParsedEntry("The second, at noon"), ParsedEntry("The third, at noon"))
    titles = [entry.title for entry in entries.arrived(store, after=0, up_to=2, since=now)]
    assert titles == ["The second, at noon"]
    assert entries.by_ids(store, [2, 99]).keys() == {2}
    assert entries.count_by_source(store) == {"a": 3}
