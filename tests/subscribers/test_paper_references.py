"""Which papers a line of interests names."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from newsletter.store import open_store
from subscribers import people
from subscribers.cadence import parse_cadence
from subscribers.errors import InvalidInterest
from subscribers.exporting import export_csv, export_json
from subscribers.importing import import_readers
from subscribers.interests import Interest, divided, parse_interest, parse_interests
from subscribers.papers import MAX_PAPERS, canonical_url, references_in

PIECES = st.lists(
    st.sampled_from(
        ["2312.00752", "v2", "arXiv:", "hep-th/9901001", "10.1038/", "s41586", "doi:", "https://", "arxiv.org/abs/",
         "example.org", "/a", 'title:"', '"', "“", "”", "(", ")", ",", ";", " ", ":", "and", "robots", "not:", "by:",
         "\x00", "é", "量子", "@article{a,", "}", "="]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("2312.00752", "arxiv:2312.00752"),
        ("2312.00752v3", "arxiv:2312.00752"),
        ("arXiv:2312.00752v1", "arxiv:2312.00752"),
        ("arXiv: 2312.00752", "arxiv:2312.00752"),
        ("hep-th/9901001", "arxiv:hep-th/9901001"),
        ("math.AG/0309136v2", "arxiv:math.ag/0309136"),
        ("https://arxiv.org/pdf/2312.00752v2.pdf", "arxiv:2312.00752"),
        ("arxiv.org/abs/2312.00752", "arxiv:2312.00752"),
        ("https://huggingface.co/papers/2312.00752", "arxiv:2312.00752"),
        ("huggingface.co/papers/2312.00752", "arxiv:2312.00752"),
        ("10.48550/arXiv.2312.00752", "arxiv:2312.00752"),
        ("https://doi.org/10.1038/S41586-021-03819-2", "doi:10.1038/s41586-021-03819-2"),
        ("doi:10.1038/s41586-021-03819-2", "doi:10.1038/s41586-021-03819-2"),
        ("doi.org/10.1038/s41586-021-03819-2", "doi:10.1038/s41586-021-03819-2"),
        ("10.1016/S0140-6736(20)30183-5", "doi:10.1016/s0140-6736(20)30183-5"),
        ("https://openreview.net/forum?id=Ab_1", "url:openreview.net/forum?id=Ab_1"),
        ("aclanthology.org/P19-1001", "url:aclanthology.org/P19-1001"),
        ("https://www.example.org/a/paper/?utm_source=x", "url:example.org/a/paper"),
        ('title:"A Über  paper: part 2"', "title:auberpaperpart2"),
        ("title:“Looms”", "title:looms"),
    ],
)
@pytest.mark.parametrize("around", ["{}", "({})", "{}.", "see {}, please", "<{}>"])
def test_a_paper_is_known_however_it_is_written(written: str, key: str, around: str) -> None:
    interest = Interest(around.format(written))
    assert interest.papers == (key,)
    assert interest.statement == ""


@pytest.mark.parametrize(
    "line",
    ["protein design", "C++ & <templates>", "graphs in 2024.1", "version 3.14159", "see https://example.org/",
     "10/2023", "room 2399.12345", "a ratio of 10.1/3", "telephone 0049 170 2312",
     "mail ada@2312.00752.org", "he said “yes”"],
)  # fmt: skip
def test_words_are_no_papers(line: str) -> None:
    assert (Interest(line).papers, Interest(line).statement) == ((), line)


def test_words_beside_papers_are_the_statement() -> None:
    line = (
        "State-space models: 2312.00752, 10.1038/s41586-021-03819-2 (https://openreview.net/forum?id=a), 2312.00752v2."
    )
    interest = parse_interest(line)
    assert interest.statement == "State-space models"
    assert interest.papers == (
        "arxiv:2312.00752", "doi:10.1038/s41586-021-03819-2", "url:openreview.net/forum?id=a"
    )  # fmt: skip
    assert interest.label == "State-space models, with 3 papers"
    assert parse_interest(str(interest)) == interest


def test_titles_may_stand_behind_ids_and_name_the_line() -> None:
    interest = parse_interest('2312.00752 "Mamba: Linear-Time, and more", 2310.11453 “BitNet”, 2401.00001')
    assert [one.title for one in interest.references] == ["Mamba: Linear-Time, and more", "BitNet", ""]
    assert interest.label == "“Mamba: Linear-Time, and more” and 2 more"
    assert parse_interest("2312.00752").label == "one paper"
    assert parse_interest("not: 2312.00752, 2310.11453").short == "not: 2 papers"


def test_an_author_is_followed_or_kept_away() -> None:
    assert parse_interest("by: Yoshua Bengio").author == "Yoshua Bengio"
    assert parse_interest("Author: “Bengio, Yoshua”").author == "Bengio, Yoshua"
    muted = parse_interest("not: by: Ada Lovelace")
    assert (muted.author, muted.muted, muted.statement, muted.papers) == ("Ada Lovelace", True, "", ())
    assert parse_interest("by the sea").author == ""
    with pytest.raises(InvalidInterest, match="names no author"):
        parse_interest("by: 2")


def test_a_hundred_papers_are_the_most_for_a_line() -> None:
    many = [f"2312.{n:05}" for n in range(MAX_PAPERS + 1)]
    assert len(parse_interest(", ".join(many[:-1])).papers) == MAX_PAPERS
    with pytest.raises(InvalidInterest, match="names 101 papers; 100 is the most for one line"):
        parse_interest(", ".join(many))
    with pytest.raises(InvalidInterest, match="characters beside its papers"):
        parse_interest("robots " * 50 + "2312.00752")


def test_a_line_is_meant_by_its_words_its_label_or_its_papers() -> None:
    line = Interest("State-space models: 2312.00752, 2310.11453")
    for said in (line.text, line.label, "state-space  models", "2310.11453 and arXiv:2312.00752v3"):
        assert line.is_meant_by(said)
    for said in ("robots", "2312.00752", "by: Ada"):
        assert not line.is_meant_by(said)
    assert Interest("by: Ada Lovelace").is_meant_by("author: ada lovelace")


def test_commas_divide_interests_and_keep_papers_with_their_words() -> None:
    text = 'State-space models: 2312.00752 "Mamba: a, b", 10.1038/abc; robots, not: surveys'
    assert divided(text) == ['State-space models: 2312.00752 "Mamba: a, b", 10.1038/abc', "robots", "not: surveys"]
    assert divided("a,b;c") == ["a", "b", "c"]


@given(PIECES)
def test_no_line_is_too_strange(text: str) -> None:
    references, words = references_in(text)
    assert len({one.key for one in references}) == len(references)
    for one in references:
        assert one.key.partition(":")[0] in ("arxiv", "doi", "url", "title")
        assert one.written.strip()
    assert references or words == text
    try:
        interests = parse_interests([text])
    except InvalidInterest:
        return
    # Written out they read back as themselves: in forms, exports and the database.
    assert parse_interests([str(one) for one in interests]) == interests
    assert all(interest.label for interest in interests)


@given(st.text(max_size=80))
def test_no_link_is_too_strange(url: str) -> None:
    key = canonical_url(f"https://example.org/{url}")
    assert key is None or key.startswith("example.org")


@pytest.mark.parametrize("export", [export_csv, export_json])
def test_lines_with_papers_survive_an_export_and_an_import(
    export: Callable[[Database, TextIO], int], tmp_path: Path, now: datetime
) -> None:
    lines = ['State-space: 2312.00752 "Mamba; a, b", 10.1000/x', 'title:"A Book of Bridges"', "not: by: Lovelace, Ada"]
    weekly = parse_cadence("weekly", "friday", "08:00", "UTC")
    file = tmp_path / f"readers.{'csv' if export is export_csv else 'json'}"
    with closing(open_store(tmp_path / "a.db").conn) as conn, file.open("w", encoding="utf-8", newline="") as stream:
        db = Database(conn)
        people.add_by_operator(
            db, "ada@example.org", name="", interests=parse_interests(lines), cadence=weekly, now=now
        )
        export(db, stream)
    with closing(open_store(tmp_path / "b.db").conn) as conn:
        db = Database(conn)
        import_readers(db, file, cadence=weekly, now=now)
        assert list(map(str, people.get(db, "ada@example.org").interests)) == lines
