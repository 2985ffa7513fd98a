"""Labelled sentences: what is read of them, and how ways of choosing compare."""

import csv
import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEmbedder
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import EvaluationError
from newsletter.evaluation.labelled import COLUMNS, FILE, Span, labelled, read_labelled
from newsletter.evaluation.sentences import MEASURES, OURS, Read, evaluate_sentences, measured, textrank

TEXT = "Bridges are known to sing in wind.  We listen to them\nwith a harp. They sing better than we do."
SONG = (TEXT.index("listen"), TEXT.index("harp") + 4, "idea")
KNOWN = (0, TEXT.index("."), "task")


def spans(*found: tuple[int, int, str]) -> list[Span]:
    return [Span(*own) for own in found]


def written(
    folder: Path, rows: list[tuple[str, str, int | str, int | str, str]], head: tuple[str, ...] = COLUMNS
) -> Path:
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(head)
    lines.writerows(rows)
    (folder / FILE).write_text(text.getvalue(), encoding="utf-8")
    return folder


def bridges(count: int) -> list[tuple[str, str, int | str, int | str, str]]:
    """Abstracts, each of another bridge, with a task and an idea."""
    rows: list[tuple[str, str, int | str, int | str, str]] = []
    for n in range(count):
        task, idea = f"Singing of bridge b{n} c{n % 3}", f"harps of h{n} and c{n % 3} strings"
        text = f"{task} is widely known to all people. We build {idea} for it. The code is available at example.org."
        rows.append((f"2101.{n:05}", text, 0, len(task), "task"))
        rows.append((f"2101.{n:05}", text, text.index(idea), text.index(idea) + len(idea), "idea"))
    return rows


def test_sentences_have_the_labels_of_the_spans_that_they_hold() -> None:
    found = labelled("2101.00001", TEXT, spans(KNOWN, SONG))
    assert found
    assert found.text == " ".join(TEXT.split())
    assert [set(labels) for labels in found.labels] == [{"task"}, {"idea"}, set()]
    assert (found.telling, found.only_leading) == ((False, True, False), (True, False, False))
    assert found.task == TEXT[: KNOWN[1]]


def test_a_span_across_two_sentences_labels_those_that_hold_half_of_it_or_lie_in_it_by_half() -> None:
    whole = labelled("", TEXT, spans((TEXT.index("We"), len(TEXT), "result")))
    assert whole and whole.telling == (False, True, True)
    edge = labelled("", TEXT, spans((TEXT.index("wind"), TEXT.index("harp") + 4, "result")))
    assert edge and edge.telling == (False, True, False)


def test_spans_may_be_of_the_text_without_the_white_space_around_it() -> None:
    found = labelled("", f"\n    {TEXT}", spans(SONG))
    assert found and found.telling == (False, True, False)


@pytest.mark.parametrize(
    "span",
    [
        (SONG[0] + 1, SONG[1], "idea"),
        (SONG[0], SONG[1] - 1, "idea"),
        (SONG[0], len(TEXT) + 1, "idea"),
        (SONG[1], SONG[0], "idea"),
        (-5, SONG[1], "idea"),
        (34, 36, "idea"),
    ],
)
def test_an_abstract_whose_spans_are_of_another_text_is_left_out(span: tuple[int, int, str]) -> None:
    assert labelled("", TEXT, spans(KNOWN, SONG))
    assert labelled("", TEXT, spans(KNOWN, SONG, span)) is None


def test_an_abstract_without_an_idea_is_left_out_and_counted(tmp_path: Path) -> None:
    written(tmp_path, [("1", TEXT, *KNOWN), ("2", TEXT, *KNOWN), ("2", TEXT, *SONG)])
    found = read_labelled(tmp_path)
    assert ([abstract.name for abstract in found.abstracts], found.left_out) == (["2"], 1)


def test_columns_stand_in_any_order_and_others_are_ignored(tmp_path: Path) -> None:
    head = ("label", "mood", "end_idx", "start_idx", "abstract", "arxiv_id")
    written(tmp_path, [("Idea ", "merry", SONG[1], SONG[0], TEXT, "7")], head)  # type: ignore[list-item]
    plain = read_labelled(tmp_path)
    (tmp_path / f"{FILE}.gz").write_bytes(gzip.compress((tmp_path / FILE).read_bytes()))
    (tmp_path / FILE).unlink()
    assert read_labelled(tmp_path) == plain
    assert plain.abstracts[0].telling == (False, True, False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: no column is called arxiv_id, abstract"),
        (b"arxiv_id,abstract,start_idx,end_idx\n", "line 1: no column is called label"),
        (b"arxiv_id,abstract,start_idx,end_idx,label\n1,a,x,2,idea\n", "line 2: start_idx and end_idx must be whole"),
        (b"arxiv_id,abstract,start_idx,end_idx,label\n1,a,1\n", "line 2: some of its columns are missing"),
        (b"arxiv_id,abstract,start_idx,end_idx,label\n1,\xff,1,2,idea\n", "this is not UTF-8"),
        (b'arxiv_id,abstract,start_idx,end_idx,label\n1,"a" b,1,2,idea\n', "this is not CSV"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(EvaluationError, match=f"{FILE}.*{said}"):
        read_labelled(tmp_path)


def test_a_torn_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.gz").write_bytes(gzip.compress(f"{','.join(COLUMNS)}\n1,a b,0,1,idea\n".encode())[:-9])
    with pytest.raises(EvaluationError, match="no whole gzip file"):
        read_labelled(tmp_path)


@given(st.binary(max_size=300) | st.text(st.sampled_from('a1,"\n\0é'), max_size=80).map(str.encode))
def test_any_file_is_read_or_told_what_is_wrong(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    for head in (b"", b"arxiv_id,abstract,start_idx,end_idx,label\n"):
        (folder / FILE).write_bytes(head + content)
        try:
            read_labelled(folder)
        except EvaluationError as error:
            assert FILE in str(error)


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(-3, 70), st.integers(-3, 70)), min_size=1, max_size=4))
def test_any_spans_fit_or_do_not(text: str, places: list[tuple[int, int]]) -> None:
    found = labelled("", text, [Span(start, end, "idea") for start, end in places])
    assert found is None or (any(found.telling) and len(found.labels) == len(found.sentences))


def test_measures_are_those_of_a_case_by_hand() -> None:
    found = labelled("", TEXT, spans(KNOWN, SONG, (TEXT.index("They"), len(TEXT), "result")))
    assert found
    rows = np.eye(3, dtype=np.float32)
    # One kind wants the first two sentences, the other the last.
    read = Read(found, rows, (rows[[0, 1]], rows[[2, 2]]))
    nearest = measured([read], lambda own, wanted: int(np.argmax(own.vectors @ wanted)))
    assert {name: float(value[0]) for name, value in nearest.items()} == pytest.approx(
        {"tells": 0.75, "best": 0.75, "leads": 0.25, "near": 1, "differs": 0.5}
    )
    last = measured([read], lambda own, wanted: 2)
    # (0 − 1/3) / (1 − 1/3) for two of four readers
    assert {name: float(value[0]) for name, value in last.items()} == pytest.approx(
        {"tells": 1, "best": 0.5, "leads": 0, "near": 0.25, "differs": 0}
    )


def test_textrank_is_the_leading_eigenvector_of_its_walk(embedder: WordEmbedder) -> None:
    rows = embedder.embed(["bridges sing", "bridges and wind", "wind sings", "soup of lentils", "and soup of wind"])
    ranks = textrank(rows)
    weights = np.maximum(rows @ rows.T, 0) * (1 - np.eye(5))
    walk = 0.15 / 5 + 0.85 * weights / weights.sum(axis=1, keepdims=True)
    values, vectors = np.linalg.eig(walk.T)
    leading = np.real(vectors[:, np.argmax(np.real(values))])
    assert ranks == pytest.approx(leading / leading.sum(), abs=1e-4)
    assert textrank(np.eye(3, dtype=np.float32)) == pytest.approx([1 / 3] * 3)


def test_a_folder_is_measured_in_all_ways(tmp_path: Path, embedder: WordEmbedder) -> None:
    report = evaluate_sentences(written(tmp_path, bridges(30)), embedder.embed)
    assert report.reported + report.tuned_on == 30
    head, rows = report.table()
    assert (head[1:], rows[0][0]) == (list(MEASURES), OURS)
    by = {chosen.method: chosen.values for chosen in report.chosen}
    assert by[OURS]["tells"].mean() == 1
    assert by["lead-1"]["leads"].mean() == 1
    assert by["nearest"]["near"].mean() == pytest.approx(1)
    assert [line[0] for line in report.differences()[1]] == [f"{OURS} − {name}" for name in list(by)[1:]]
    told = report.as_json()
    assert told["methods"][0]["method"] == OURS and told["abstracts"] == report.reported
    assert f"each of {report.reported} abstracts for 6 readers" in report.told()


def test_too_few_abstracts_are_told(tmp_path: Path, embedder: WordEmbedder) -> None:
    with pytest.raises(EvaluationError, match=r"holds 5 abstracts .* at least 11 are needed"):
        evaluate_sentences(written(tmp_path, bridges(5)), embedder.embed)
    with pytest.raises(EvaluationError, match=f"holds no {FILE}"):
        evaluate_sentences(tmp_path / "nowhere", embedder.embed)


def test_ours_tells_more_than_others_and_stays_personal(shared_data: Path, embedder: WordEmbedder) -> None:
    """On the half that it was not tuned on, even with vectors that know words only."""
    folder = shared_data / "ranking" / "sentences"
    if not folder.is_dir():
        pytest.skip("the labelled sentences are not on this machine")

    report = evaluate_sentences(folder, embedder.embed)
    for other in report.chosen[1:]:
        for measure in ("tells", "best"):
            found = report.compared(other, measure)
            assert found and found.low > 0, (other.method, measure, found)
    assert report.chosen[0].values["differs"].mean() > 0.2
