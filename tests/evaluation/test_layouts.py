"""Judged data as it is read: every layout, what may be missing from it, and what is said of mistakes."""

import gzip
import json
import math
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judgements import paper, write_profiles, write_statements, write_stream
from newsroom import write_entries

from newsletter.errors import EvaluationError
from newsletter.evaluation.judged import Profiles, Statements, Stream
from newsletter.evaluation.layouts import arxiv_days, read

FILES = ("pool.jsonl", "users.json", "docs.jsonl", "queries.jsonl", "qrels.tsv", "profiles.json", "grades.tsv")


def test_people_over_a_stream(tmp_path: Path) -> None:
    found = read(write_stream(tmp_path))
    assert isinstance(found, Stream)
    assert not found.by_month
    first = found.entries[0]
    assert (first.title, first.authors, first.popularity) == (paper(0)["title"], ("Ada", "Bob"), 0)
    assert first.published == date(2024, 2, 1)
    robin, tom, nobody = found.people
    assert (robin.name, len(robin.statements), len(tom.statements), nobody.choices) == ("robin", 1, 2, ())
    assert [found.entries[choice.row].title for choice in robin.choices[:2]] == [paper(0)["title"], paper(6)["title"]]
    assert robin.choices[0].day == found.days[0] == first.published.toordinal()


def test_choices_may_have_their_own_dates_and_values(tmp_path: Path) -> None:
    write_entries(tmp_path, [paper(n, published="2024-01-02T03:04:05Z") for n in range(4)], "papers.jsonl")
    (tmp_path / "people.json").write_text(
        json.dumps(
            {
                "ada": {
                    "statement": "robots",
                    "choices": [{"id": 0, "date": "2024-02-03"}, {"id": "1", "value": -2}, "2", "gone"],
                    "dislikes": ["3"],
                },
                "bob": ["2"],
            }
        ),
        "utf-8",
    )
    found = read(tmp_path)
    assert isinstance(found, Stream)
    ada, bob = found.people
    assert [(c.row, c.value) for c in ada.choices] == [(0, 1), (1, -2), (2, 1), (3, -1)]
    assert [date.fromordinal(int(c.day)) for c in ada.choices[:2]] == [date(2024, 2, 3), date(2024, 1, 2)]
    assert (bob.name, bob.statements, len(bob.choices), found.unknown) == ("bob", (), 1, 1)


def test_arxiv_ids_tell_the_month_and_the_order_in_it() -> None:
    days = arxiv_days(["2402.00001", "2402.00010v3", "arXiv:2403.12345", "hep-th/9901001", "2413.00001"])
    assert [date.fromordinal(int(day)) for day in days[:3]] == [
        date(2024, 2, 3),  # a tenth of what February has here
        date(2024, 2, 29),
        date(2024, 3, 31),
    ]
    assert all(math.isnan(day) for day in days[3:])


def test_statements_with_grades(tmp_path: Path) -> None:
    write_statements(tmp_path)
    with gzip.open(tmp_path / "docs.jsonl.gz", "wt") as file:
        file.write((tmp_path / "docs.jsonl").read_text())
    (tmp_path / "docs.jsonl").unlink()
    found = read(tmp_path)
    assert isinstance(found, Statements)
    assert [len(grades) for grades in found.grades] == [10, 10, 0]
    assert found.grades[0][3] == 4


@pytest.mark.parametrize("line", ["0 5 2", "0\tQ0\t5\t2", "0\t5\t2.0"])
def test_grades_may_stand_in_several_ways(tmp_path: Path, line: str) -> None:
    write_statements(tmp_path)
    (tmp_path / "qrels.tsv").write_text(f"{line}\n9 5 1\n0 99 1\n1 6\n")
    found = read(tmp_path)
    assert isinstance(found, Statements)
    # A statement and a document that are not there are counted; two columns say that something is relevant.
    assert (found.grades[0], found.grades[1], found.unknown) == ({5: 2.0}, {6: 1.0}, 2)


def test_profiles_with_grades(tmp_path: Path) -> None:
    found = read(write_profiles(tmp_path))
    assert isinstance(found, Profiles)
    assert [[c.row for c in person.choices] for person in found.people] == [[0, 3, 6, 9, 12], [1, 4, 7, 10, 13]]
    assert found.grades[0] == {30: 5, 31: 1, 32: 1, 33: 5, 34: 1, 35: 1}


def test_profiles_may_bring_their_papers_with_them(tmp_path: Path) -> None:
    write_profiles(tmp_path)
    (tmp_path / "profiles.json").unlink()
    own = {"id": "own", "title": "Mine", "abstract": "Robots."}
    write_entries(tmp_path, [{"person": "ada", "papers": [own, "3"]}, {"person": "bob", "ids": []}], "profiles.jsonl")
    found = read(tmp_path)
    assert isinstance(found, Profiles)
    assert [found.entries[c.row].title for c in found.people[0].choices] == ["Mine", paper(3)["title"]]


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("pool.jsonl", '{"id": "1", "title": "x"}\n{', "pool.jsonl, line 2: this is not JSON"),
        ("pool.jsonl", '\n{"title": "x"}', 'pool.jsonl, line 2: an entry needs an "id"'),
        ("pool.jsonl", '{"id": "1", "date": "soon"}', "pool.jsonl, line 1: 'soon' is not a date"),
        ("pool.jsonl", "[]", "pool.jsonl, line 1: this must be an object"),
        ("pool.jsonl", "", "pool.jsonl is empty"),
        ("pool.jsonl", '{"id": "a", "title": "x"}', "no entry tells when it came out"),
        ("users.json", "[\n\n{]", "users.json, line 3: this is not JSON"),
        ("users.json", '[{"likes": []}]', 'users.json, item 1: a person needs a "user"'),
        ("users.json", '[{"user": "a", "likes": 3}]', 'users.json, item 1: "likes" must be a list'),
        ("users.json", '[{"user": "a", "likes": [{"id": 1, "value": "x"}]}]', 'item 1: the "value" of a choice'),
        ("users.json", "3", "users.json: it must hold a list or an object"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, file: str, text: str, said: str) -> None:
    write_stream(tmp_path)
    (tmp_path / file).write_text(text, "utf-8")
    with pytest.raises(EvaluationError) as told:
        read(tmp_path)
    assert said in str(told.value)


def test_a_grade_that_is_none_is_told(tmp_path: Path) -> None:
    write_statements(tmp_path)
    (tmp_path / "qrels.tsv").write_text("0\t1\t2\n0\t2\tgood\n")
    with pytest.raises(EvaluationError, match=r"qrels\.tsv, line 2: the grade 'good' is not a number"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("users", "told"),
    [
        ("[[]]", "item 1: this must be an object with named fields"),
        ('[["ann", []]]', "item 1: this must be an object with named fields"),
        ('{"ann": 5}', "'ann': \"likes\" must be a list"),
        ('{"ann": [{"id": "2401.00001", "date": "0001-01-01"}]}', "'0001-01-01' is too far away"),
    ],
)
def test_people_that_are_none_are_told_with_their_place(tmp_path: Path, users: str, told: str) -> None:
    write_stream(tmp_path)
    (tmp_path / "users.json").write_text(users)
    with pytest.raises(EvaluationError, match=re.escape(told)):
        read(tmp_path)


def test_a_grade_so_large_that_its_gain_is_no_number_is_told(tmp_path: Path) -> None:
    write_statements(tmp_path)
    (tmp_path / "qrels.tsv").write_text("0\t1\t2\n0\t2\t101\n")
    with pytest.raises(EvaluationError, match=r"qrels\.tsv, line 2: the grade '101' is too large"):
        read(tmp_path)


def test_a_folder_that_holds_nothing_known_is_told_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"pool\.jsonl and users\.json"):
        read(tmp_path)
    with pytest.raises(EvaluationError, match="is no folder"):
        read(tmp_path / "none")


def test_a_broken_gzip_file_is_told(tmp_path: Path) -> None:
    write_stream(tmp_path)
    (tmp_path / "pool.jsonl").unlink()
    (tmp_path / "pool.jsonl.gz").write_bytes(gzip.compress(b'{"id": "2401.00001", "title": "x"}\n' * 99)[:-12])
    with pytest.raises(EvaluationError, match="no whole gzip file"):
        read(tmp_path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "user", "title", "abstract", "date", "likes", "value", "papers", "statement", "text"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.data())
def test_whatever_a_file_holds_it_is_read_or_told(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("judged")
    write = data.draw(st.sampled_from([write_stream, write_statements, write_profiles]))
    write(folder)
    file = data.draw(st.sampled_from([name for name in FILES if (folder / name).exists()]))
    rows = st.lists(json_values, max_size=4)
    text = data.draw(
        rows.map(json.dumps) | rows.map(lambda some: "\n".join(map(json.dumps, some))) | st.text(max_size=80)
    )
    # Half a pair of UTF-16 is no text, but may stand in a file.
    (folder / file).write_bytes(data.draw(st.binary(max_size=20)) or text.encode("utf-8", "surrogatepass"))
    try:
        read(folder)
    except EvaluationError as error:
        assert str(folder) in str(error)
