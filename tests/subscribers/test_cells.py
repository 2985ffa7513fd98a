"""What stands in a cell of somebody's list, and what we mean by it."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from subscribers.address import parse_address
from subscribers.cells import address_in, evidence_in, flag_in, interests_in, moment_in
from subscribers.errors import InvalidAddress, InvalidInterest


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("graphs; not: surveys\nmaps", ["graphs", "not: surveys", "maps"]),
        ("graphs, trees and more", ["graphs, trees and more"]),
        ('["a; b", "not: c"]', ["a; b", "not: c"]),
        ('[{"name": "graphs", "id": 4}, "trees", 5, null]', ["graphs", "trees"]),
        ('{"city": "Paris", "topics": ["graphs"]}', ["graphs"]),
        ('{"interests": "graphs; trees"}', ["graphs", "trees"]),
        ('{"city": "Paris"}', []),
        ("[draft] graphs", ["[draft] graphs"]),
        ("[" * 5_000 + "a", None),
        ("-omics; =SUM(A1); @home; +1", ["-omics", "=SUM(A1)", "@home", "+1"]),
        (" ; -; --- ;", []),
        ("graphs; Graphs", ["Graphs"]),
        ("量子計算; مخططات; 🧬 genomics", ["量子計算", "مخططات", "🧬 genomics"]),
    ],
)
def test_interests_in_a_cell(cell: str, expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(InvalidInterest):
            interests_in([cell])
    else:
        assert [str(interest) for interest in interests_in([cell])] == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('"""Editors""","Lorem, ipsum"', ['"Editors"', "Lorem, ipsum"]),
        ("graphs, trees", ["graphs", "trees"]),
        ("graphs, trees; maps", ["graphs, trees", "maps"]),
        ('["a, b"]', ["a, b"]),
    ],
)
def test_tags_stand_between_commas(cell: str, expected: list[str]) -> None:
    assert [str(interest) for interest in interests_in([], [cell])] == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2018-02-12 10:54:27", datetime(2018, 2, 12, 10, 54, 27, tzinfo=UTC)),
        ("2018-02-12T10:54:27.123456789Z", datetime(2018, 2, 12, 10, 54, 27, tzinfo=UTC)),
        ("2018-02-12 10:54:27+02", datetime(2018, 2, 12, 8, 54, 27, tzinfo=UTC)),
        ("2018-02-12 10:54:27 UTC", datetime(2018, 2, 12, 10, 54, 27, tzinfo=UTC)),
        ("2018-02-12", datetime(2018, 2, 12, tzinfo=UTC)),
        ("", None),
        (" NULL ", None),
        ("0000-00-00 00:00:00", None),
    ],
)
def test_a_moment_in_a_cell(cell: str, expected: datetime | None) -> None:
    assert moment_in(cell) == expected


@pytest.mark.parametrize(
    "cell", ["12/02/2018", "yesterday", "0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59", "44927"]
)
def test_a_date_that_has_to_be_guessed_is_none(cell: str) -> None:
    with pytest.raises(ValueError, match=r"is no date that can be read|is too long ago"):
        moment_in(cell)


def test_yes_and_no() -> None:
    assert [flag_in(cell, default=True) for cell in ("TRUE", "1", "", "maybe", "no", "False")] == [True] * 4 + [
        False
    ] * 2


@pytest.mark.parametrize(
    "cell", ["x", "5", "[5]", "{}x", '[{"at": "soon"}]', "[" * 100_000, '[{"at": "0001-01-01T00:00+20"}]']
)
def test_evidence_that_is_not_ours_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="Its evidence cannot be read"):
        evidence_in(cell)


# -- addresses: the short way gives what the long way gives

_LOCALS = st.from_regex(r"[a-zA-Z0-9._+-]{1,12}", fullmatch=True) | st.sampled_from(
    [
        "Postmaster",
        "info",
        "ABUSE",
        "a" * 64,
        "a" * 65,
        "a" * 240,
        "o'neill",
        '"a b"',
        "=x",
        "zoë",
        "",
        "a..b",
        ".a",
        "a.",
    ]
)
_DOMAINS = st.from_regex(r"[a-zA-Z0-9-]{1,8}(\.[a-zA-Z0-9-]{1,8}){0,3}", fullmatch=True) | st.sampled_from(
    [
        "example.org",
        "EXAMPLE.Org",
        "xn--bcher-kva.example",
        "XN--bcher-kva.example",
        "bücher.example",
        "localhost",
        "mail.local",
        "a.test",
        "test",
        "a.invalid",
        "x.arpa",
        "ab--cd.org",
        "a.123",
        "1.2.3.4",
        "[1.2.3.4]",
        "a..b",
        "-a.org",
        "a_b.org",
        "a@b.org",
        f"{'a' * 63}.org",
        f"{'a' * 64}.org",
        ".".join(["abcdefgh"] * 27) + ".org",
        ".".join(["abcdefgh"] * 28) + ".org",
        "b.org>",
        "",
    ]
)


@pytest.mark.slow
@settings(max_examples=300)
@given(st.builds("{}@{}".format, _LOCALS, _DOMAINS) | st.text(max_size=30), st.sampled_from(["", " ", "\n"]))
@example("a@" + ".".join(["abcdefgh"] * 28), "")
@example("Info@Example.org", " ")
@example("a@b\u212a.org", "")
def test_an_address_is_read_as_when_it_is_typed(address: str, space: str) -> None:
    typed = space + address + space
    try:
        expected = parse_address(typed)
    except InvalidAddress as refused:
        with pytest.raises(InvalidAddress) as other:
            address_in(typed)
        assert str(other.value) == str(refused)
        return
    assert address_in(typed) == expected
