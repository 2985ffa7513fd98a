"""BibTeX becomes a line of papers, whatever program wrote it and however broken it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.bibtex import holds_bibtex, in_lines
from subscribers.errors import InvalidInterest
from subscribers.interests import Interest, lines_in, parse_interests

ARXIV = """@misc{gu2023, title={Mamba: Linear-Time {S}equence Modeling}, author={Gu, Albert and Dao, Tri},
      year={2023}, eprint={2312.00752}, archivePrefix={arXiv}, primaryClass={cs.LG}}"""
SCHOLAR = "@article{scholar, title={Looms}, author={J}, journal={arXiv preprint arXiv:2401.00001}, year={2024}}"
DBLP = """@article{DBLP:journals/corr/abs-2402-00002,
  title = {Weaving {\\"u}ber \\emph{everything}},
  journal = {CoRR}, volume = {abs/2402.00002},
  url = {https://doi.org/10.48550/arXiv.2402.00002}}"""
NATURE = '@article(nature, title = "Highly accurate \\"o", doi = {10.1038/s41586-021-03819-2}, url={https://x.org/y})'
BOOK = "@book{b, title={A Book of Bridges}, publisher={P}, year=1999}"
PAGE = "@online{o, title={On the web}, url={https://www.example.org/essay/}}"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (ARXIV, '2312.00752 "Mamba: Linear-Time Sequence Modeling"'),
        (SCHOLAR, '2401.00001 "Looms"'),
        (DBLP, '2402.00002 "Weaving über everything"'),
        (BOOK, 'title:"A Book of Bridges"'),
        (PAGE, 'https://www.example.org/essay/ "On the web"'),
        ("@article{a, title={T}, DOI={https://doi.org/10.1000/Abc_d}}", '10.1000/Abc_d "T"'),
        ("@article{a, title={No volume is an id}, volume={2312.00752}}", 'title:"No volume is an id"'),
        ('@article{a, title={He said "no"}}', "title:\"He said 'no'\""),
        ("@string{x = {y}} @comment{z} " + BOOK, 'title:"A Book of Bridges"'),
        (f"{BOOK}\n{BOOK}", 'title:"A Book of Bridges"'),
    ],
)
def test_an_item_becomes_an_identifier_and_its_title(source: str, line: str) -> None:
    assert in_lines(source) == [line]
    assert len(Interest(line).papers) == 1


def test_items_below_each_other_are_one_line_and_words_before_them_are_what_they_are_about() -> None:
    text = f"robots\nState-space models:\n{ARXIV}\n\n{SCHOLAR},\n{BOOK}\nnot: surveys\nbridges {PAGE}"
    assert in_lines(text) == [
        "robots",
        'State-space models: 2312.00752 "Mamba: Linear-Time Sequence Modeling", 2401.00001 "Looms", '
        'title:"A Book of Bridges"',
        "not: surveys",
        'bridges: https://www.example.org/essay/ "On the web"',
    ]


def test_muted_bibtex_stays_muted() -> None:
    (interest,) = parse_interests([f"not: {SCHOLAR}"])
    assert (interest.muted, interest.papers) == (True, ("arxiv:2401.00001",))


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (ARXIV[:-30], '2312.00752 "Mamba: Linear-Time Sequence Modeling"'),
        ("@misc{a, title={Never closed", 'title:"Never closed"'),
        ("@misc{a, title={Twice}, title={Twice}, doi={10.1000/x}}", '10.1000/x "Twice"'),
        ('@misc{a, doi = {10.1000/x}, title = "unbalanced { quote", }', '10.1000/x "unbalanced quote"'),
        (f"@misc{{a, title={{Never closed\n{SCHOLAR}", 'title:"Never closed", 2401.00001 "Looms"'),
    ],
)
def test_of_a_broken_item_counts_what_can_be_seen(broken: str, line: str) -> None:
    assert in_lines(broken) == [line]


def test_an_item_of_which_nothing_can_be_read_is_told_in_words() -> None:
    with pytest.raises(InvalidInterest, match=r"begins '@misc\{a, year=2020\}' neither a title nor an identifier"):
        lines_in(f"robots\n@misc{{a, year=2020}}\n{BOOK}")


def test_more_than_a_hundred_papers_go_into_several_lines() -> None:
    text = "\n".join(f"@misc{{a{n}, title={{Paper {n}}}, eprint={{2312.{n:05}}}}}" for n in range(250))
    interests = parse_interests([text])
    assert [len(one.papers) for one in interests] == [100, 100, 50]


@pytest.mark.parametrize("text", ["ada@example.org", "@home", "a@article{b,", "follow @misc (and so on)", "{a, b}"])
def test_what_is_none_is_left_alone(text: str) -> None:
    assert not holds_bibtex(text)
    assert lines_in(text) == [text]


@given(
    st.lists(
        st.sampled_from(
            [ARXIV, BOOK, "@article{a,", "@article(", "@string{", "{", "}", "(", ")", '"', "\\", ",", "=", "title",
             "\n", "title={x", "#", "10.1000/x", "2312.00752", "é", "\x00", "\r", "@", "not:", " "]
        ),
        max_size=25,
    ).map("".join)
)  # fmt: skip
def test_no_text_is_too_strange(text: str) -> None:
    try:
        lines = lines_in(text)
    except InvalidInterest:
        return
    assert all(line.strip() for line in lines)
    assert not any("\n" in line for line in lines)
