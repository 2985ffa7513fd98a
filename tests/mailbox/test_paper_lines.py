"""Papers and authors as interests, by mail."""

import pytest

from newsletter.mailbox.commands import Understood, commands_in
from newsletter.readers.asked import ChangeCadence, Follow, Mute, Subscribe, Suggest, Unfollow

MAMBA = """@misc{gu2023, title={Mamba: Linear-Time {S}equence Modeling}, author={Gu, Albert and Dao, Tri},
  eprint={2312.00752}, archivePrefix={arXiv}}"""
BOOK = "@book{b, title={A Book of Bridges}}"
LINE = '2312.00752 "Mamba: Linear-Time Sequence Modeling", title:"A Book of Bridges"'


def read(body: str, subject: str = "") -> Understood:
    return commands_in(subject, body.splitlines())


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ("+ 2312.00752", Follow("2312.00752")),
        ("+ https://arxiv.org/abs/2312.00752", Follow("https://arxiv.org/abs/2312.00752")),
        ("+ State-space models: 2312.00752, 10.1038/x", Follow("State-space models: 2312.00752, 10.1038/x")),
        ('+ 2312.00752 "Mamba"', Follow('2312.00752 "Mamba"')),
        ("+ not: 2312.00752", Mute("2312.00752")),
        ("not: 2312.00752", Mute("2312.00752")),
        ("- 2312.00752", Unfollow("2312.00752")),
        ("+ by: Ada Lovelace", Follow("by: Ada Lovelace")),
        ("not: by: Ada Lovelace", Mute("by: Ada Lovelace")),
        ("- by: Ada Lovelace", Unfollow("by: Ada Lovelace")),
        (f"+ {', '.join(f'2312.{n:05}' for n in range(100))}", Follow(", ".join(f"2312.{n:05}" for n in range(100)))),
        (f"{MAMBA}\n\n{BOOK}", Follow(LINE)),
        (
            f"Hello,\n\nplease follow these papers:\n{MAMBA}\n{BOOK}\n\nBest,\nAda",
            Follow(f"please follow these papers: {LINE}"),
        ),
        (f"+ State-space models:\n{MAMBA}\n{BOOK}", Follow(f"State-space models: {LINE}")),
        (f"not: {MAMBA}\n{BOOK}", Mute(LINE)),
    ],
)  # fmt: skip
def test_one_interest(body: str, command: object) -> None:
    understood = read(body)
    assert (understood.commands, understood.unclear, understood.prose) == ((command,), None, False)


def test_it_may_stand_in_the_subject() -> None:
    assert read("", "+ 2312.00752").commands == (Follow("2312.00752"),)


def test_a_list_that_a_mail_program_broke_is_whole_again() -> None:
    understood = read("+ State-space models: 2312.00752, 2310.11453,\n2401.00001\ndaily")
    follow, cadence = understood.commands
    assert follow == Follow("State-space models: 2312.00752, 2310.11453, 2401.00001")
    assert isinstance(cadence, ChangeCadence)


@pytest.mark.parametrize(
    "body",
    [
        f"State-space models: 2312.00752, 2310.11453\nrobots\n10.1038/x\n{MAMBA}\n{BOOK}",
        f"* State-space models: 2312.00752, 2310.11453\n* robots\n* 10.1038/x\n{MAMBA}\n{BOOK}",
    ],
)
def test_who_subscribes_may_name_papers(body: str) -> None:
    (subscribe,) = read(body, "subscribe").commands
    assert subscribe == Subscribe(("State-space models: 2312.00752, 2310.11453", "robots", "10.1038/x", LINE))


def test_commas_keep_papers_with_their_words() -> None:
    (subscribe,) = read("subscribe: State-space models: 2312.00752, 10.1038/x, robots").commands
    assert subscribe == Subscribe(("State-space models: 2312.00752, 10.1038/x", "robots"))
    assert read("", "subscribe 2312.00752").commands == (Subscribe(("2312.00752",)),)


def test_what_was_a_suggestion_or_a_telephone_stays_so() -> None:
    (suggest,) = read("suggest https://arxiv.org/abs/2312.00752 because it is good").commands
    assert isinstance(suggest, Suggest)
    for body in ("+49 170 1234567", "https://arxiv.org/abs/2312.00752", "2312.00752"):
        assert read(body).commands == ()
        assert read(body).prose


def test_bibtex_that_cannot_be_read_is_told() -> None:
    understood = read("@misc{a, year=2020}")
    assert understood.commands == ()
    assert "neither a title nor an identifier can be read" in (understood.unclear or "")
