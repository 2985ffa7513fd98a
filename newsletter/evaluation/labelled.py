"""Abstracts in which people labelled spans: read from a file, and told apart by sentence. Judges nothing.

`labelled-sentences.csv` (or .csv.gz) has one line a span, under the names `arxiv_id, abstract, start_idx, end_idx,
label`: the span is abstract[start_idx:end_idx] in characters, its label is problem, task, idea or result; other
columns are ignored, and the id may be empty. Some files hold another version of an abstract than the one that was
labelled, so an abstract counts only where all its spans begin and end at the edges of words.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import TextIOWrapper
from pathlib import Path

from newsletter.errors import EvaluationError
from newsletter.evaluation.files import find, opened
from newsletter.ranking.sentences import split_sentences

FILE = "labelled-sentences.csv"
COLUMNS = ("arxiv_id", "abstract", "start_idx", "end_idx", "label")
#: What a reader wants to know, and what leads to it.
TELLING, LEADING = frozenset({"idea", "result"}), frozenset({"problem", "task"})
#: Where an abstract has no id, it is known by so many of its first signs.
_KNOWN_BY = 60


@dataclass(frozen=True, slots=True)
class Span:
    """abstract[start:end] and what people called it."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Abstract:
    """An abstract in one line, in sentences, and what each of them was labelled as."""

    name: str
    text: str
    sentences: tuple[str, ...]
    labels: tuple[frozenset[str], ...]
    #: the words that were labelled as its task: what somebody who follows it would write
    task: str

    @property
    def telling(self) -> tuple[bool, ...]:
        """Of each sentence: does it say an idea or a result?"""
        return tuple(bool(labels & TELLING) for labels in self.labels)

    @property
    def only_leading(self) -> tuple[bool, ...]:
        """Of each sentence: does it say a problem or a task, and neither an idea nor a result?"""
        return tuple(bool(labels & LEADING) and not labels & TELLING for labels in self.labels)

    @property
    def tuned_on(self) -> bool:
        """Is it in the half that `newsletter.ranking.sentences` was tuned on?"""
        return sha256(self.name.encode()).digest()[-1] % 2 == 0


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a folder holds."""

    abstracts: tuple[Abstract, ...]
    #: how many more there are whose spans do not fit, or that name neither idea nor result
    left_out: int


def holds_labelled(folder: Path) -> bool:
    """Whether the folder has this layout."""
    return find(folder, FILE) is not None


def read_labelled(folder: Path) -> Labelled:
    """The labelled abstracts of a folder. Raises `EvaluationError` with file and line."""
    path = find(folder, FILE)
    if path is None:
        raise EvaluationError(f"{folder} holds no {FILE}.")
    spans: dict[tuple[str, str], list[Span]] = {}
    for name, abstract, span in _spans(path):
        spans.setdefault((name, abstract), []).append(span)
    found = [labelled(name, abstract, own) for (name, abstract), own in spans.items()]
    kept = tuple(abstract for abstract in found if abstract)
    return Labelled(kept, len(found) - len(kept))


def labelled(name: str, abstract: str, spans: Sequence[Span]) -> Abstract | None:
    """An abstract in sentences; None where a span does not fit, or there is nothing to choose.

    A sentence has the label of a span where they share at least half of the shorter one.
    """
    for text in (abstract, abstract.strip()):  # some were labelled without the white space around them
        if all(_fits(text, span) for span in spans):
            break
    else:
        return None
    line = " ".join(text.split())
    sentences = split_sentences(line)
    own = [Span(_in_line(text, span.start), _in_line(text, span.end), span.label) for span in spans]
    labels: list[frozenset[str]] = []
    end = 0
    for sentence in sentences:
        start = line.index(sentence, end)
        end = start + len(sentence)
        labels.append(frozenset(span.label for span in own if _share(start, end, span)))
    if len(sentences) < 2 or not any(found & TELLING for found in labels):
        return None
    tasks = [line[span.start : span.end].strip() for span in own if span.label == "task"]
    return Abstract(name or abstract[:_KNOWN_BY], line, sentences, tuple(labels), tasks[0] if tasks else "")


def _share(start: int, end: int, span: Span) -> bool:
    common = min(end, span.end) - max(start, span.start)
    return common > 0 and 2 * common >= min(end - start, span.end - span.start)


def _fits(text: str, span: Span) -> bool:
    """Does a span hold whole words?"""
    if not 0 <= span.start < span.end <= len(text) or not (said := text[span.start : span.end]).strip():
        return False
    start = span.start + len(said) - len(said.lstrip())
    end = span.end - len(said) + len(said.rstrip())
    return not any(at and (text[at - 1 : at].isalnum() and text[at : at + 1].isalnum()) for at in (start, end))


def _in_line(text: str, at: int) -> int:
    """Where a place of a text is when all its white space is single spaces."""
    return len(" ".join(f"{text[:at]}|".split())) - 1


def _spans(path: Path) -> Iterator[tuple[str, str, Span]]:
    with opened(path) as file:
        lines = csv.DictReader(TextIOWrapper(file.content, "utf-8-sig", newline=""), strict=True)
        try:
            if missing := [name for name in COLUMNS if name not in (lines.fieldnames or ())]:
                raise EvaluationError(
                    f"{path}, line 1: no column is called {', '.join(missing)}. The first line must name "
                    f"{', '.join(COLUMNS)}."
                )
            for row in lines:
                file.lines = lines.line_num
                yield _span(row, f"{path}, line {file.lines}")
        except csv.Error as error:
            raise EvaluationError(f"{path}, behind line {file.lines}: this is not CSV ({error}).") from None


def _span(row: dict[str, str | None], place: str) -> tuple[str, str, Span]:
    name, abstract, start, end, label = (row[column] for column in COLUMNS)
    if name is None or abstract is None or start is None or end is None or label is None:
        raise EvaluationError(f"{place}: some of its columns are missing ({', '.join(COLUMNS)}).")
    try:
        return name.strip(), abstract, Span(int(start), int(end), label.strip().lower())
    except ValueError:
        raise EvaluationError(
            f"{place}: start_idx and end_idx must be whole numbers, not {start[:20]!r} and {end[:20]!r}."
        ) from None
