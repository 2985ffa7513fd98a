"""The weeks as small pictures."""

from datetime import date, timedelta

from drawn import SVG, parsed, texts, tips

from newsletter.pictures.svg import percent
from newsletter.pictures.weeks import LEAST, MOST, Week, draw_weeks, monday_of, weeks_of

TODAY = date(2026, 11, 25)
MONDAY = date(2026, 11, 23)
NOTHING: dict[str, dict[date, int]] = {
    name: {} for name in ("joined", "left", "more", "less", "sent", "failed", "returned")
}


def test_days_are_counted_into_weeks_that_begin_on_a_monday() -> None:
    sent = {MONDAY - timedelta(days=1): 3, MONDAY: 4, TODAY: 5, MONDAY - timedelta(days=7): 2}

    *_, before, now = weeks_of(TODAY, 0, NOTHING | {"sent": sent})

    assert before == Week(MONDAY - timedelta(days=7), 0, sent=5)
    assert now == Week(MONDAY, 0, sent=9)
    assert monday_of(MONDAY) == MONDAY


def test_how_many_were_subscribed_follows_from_who_came_and_went() -> None:
    joined, left = {TODAY: 10, TODAY - timedelta(weeks=2): 3}, {TODAY - timedelta(weeks=1): 1}

    weeks = weeks_of(TODAY, 12, NOTHING | {"joined": joined, "left": left})

    assert [week.readers for week in weeks if week] == [3, 2, 12]


def test_weeks_before_the_first_are_gaps_and_weeks_without_anything_are_zero() -> None:
    weeks = weeks_of(TODAY, 1, NOTHING | {"joined": {TODAY - timedelta(weeks=3): 1}})

    assert weeks[: MOST - 4] == [None] * (MOST - 4)
    assert [week.more for week in weeks if week] == [0, 0, 0, 0]


def test_each_picture_ends_with_its_number_and_a_gap_has_no_mark() -> None:
    sent = {TODAY - timedelta(weeks=n): 100 + n for n in range(4) if n != 2}
    joined = {TODAY - timedelta(weeks=3): 8, TODAY: 1}

    picture = draw_weeks(weeks_of(TODAY, 9, NOTHING | {"sent": sent, "joined": joined, "returned": {TODAY: 2}}))
    root = parsed(picture.svg)

    assert {"9 now", "1 and none this week", "100 this week", "2 this week", "103"} <= set(texts(root))
    assert "Week of 9 November 2026: 0" in tips(root)
    assert len(tips(root)) == 4 * 4  # nobody has voted: that has no weeks to look at
    assert len([one for one in root.iter(SVG + "line") if one.get("stroke-linecap")]) == 3
    assert picture.caption == (
        "Nine readers now, one more than three weeks ago. 304 copies were sent, two refused or came back. No votes yet."
    )


def test_a_newsletter_that_began_today_has_a_picture() -> None:
    picture = draw_weeks(weeks_of(TODAY, 1, NOTHING | {"joined": {TODAY: 1}}))

    assert "1 now" in texts(parsed(picture.svg))
    assert picture.caption.startswith("One reader now. Nothing was sent yet.")


def test_what_there_is_nothing_of_is_a_word_and_no_empty_picture() -> None:
    said = texts(parsed(draw_weeks(weeks_of(TODAY, 1, NOTHING | {"joined": {TODAY: 1}})).svg))

    assert said.count("none yet") == 3
    assert said[said.index("Copies sent") + 1] == "none yet"


def test_a_young_newsletter_has_few_weeks_and_an_old_one_the_last_half_year() -> None:
    def bars(weeks: int) -> int:
        sent = {TODAY - timedelta(weeks=n): 5 for n in range(weeks)}
        return len(set(tips(parsed(draw_weeks(weeks_of(TODAY, 5, NOTHING | {"sent": sent})).svg))))

    two = parsed(draw_weeks(weeks_of(TODAY, 5, NOTHING | {"sent": {TODAY: 5, TODAY - timedelta(weeks=1): 5}})).svg)
    assert {one.get("width") for one in two.iter(SVG + "rect") if one.get("fill-opacity") == "0"} == {percent(1, LEAST)}
    assert bars(60) == bars(MOST)


def test_without_readers_it_is_a_sentence() -> None:
    picture = draw_weeks(weeks_of(TODAY, 0, NOTHING))

    assert not picture.svg
    assert "Nobody has subscribed yet" in picture.caption
