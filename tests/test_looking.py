"""Looks at issues: the very bytes that go out, and what they say of how they came about."""

from datetime import timedelta

import pytest
from mainline import ADA, BOB, Open, bring, change_settings, rows, subscribe
from newsroom import Clock, entry, mails, parsed

from newsletter import Newsletter
from newsletter.errors import IssueError
from newsletter.issues.composing import Shape
from newsletter.issues.issue import Section
from newsletter.looking import Look, PartName, Weighed, Whom
from newsletter.press import shape_of
from subscribers.errors import InvalidInterest, UnknownSubscriber
from subscribers.evidence import Origin

ISSUE, NEXT = "weekly-2026-11-27", "weekly-2026-12-04"
ROBOTS, BRAINS, MUSIC = "Study 0 of walking robots with springy legs", "segmentation of brain", "graph networks"


def vote(newsletter: Newsletter, address: str, entry_id: int, value: int) -> None:
    newsletter.readers.vote(newsletter.subscriber(address), entry_id, value)


def drop(newsletter: Newsletter, *entries: int) -> None:
    folder = newsletter.project / "issues"
    folder.mkdir(exist_ok=True)
    links = ", ".join(f'"{entry(n)["url"]}"' for n in entries)
    (folder / f"{ISSUE}.md").write_text(f"+++\ndrops = [{links}]\n+++\n", "utf-8")


def date_of(message: bytes) -> tuple[str, bytes]:
    """The Date header, and everything else."""
    head, _, rest = message.partition(b"\r\nDate: ")
    date, _, after = rest.partition(b"\r\n")
    return date.decode(), head + after


def titles_of(found: tuple[Weighed, ...]) -> list[str]:
    return [one.title for one in found]


def adds_up(look: Look) -> bool:
    weighed = [pick.entry for pick in look.picks] + [*look.missed, *look.had, *look.muted, *look.dropped]
    return all(sum(part.value for part in one.parts) == pytest.approx(one.score, abs=1e-4) for one in weighed)


@pytest.fixture
def peopled(newsletter: Newsletter) -> Newsletter:
    """Ada follows robots and mutes music, Bob follows nothing; Ada has voted."""
    subscribe(newsletter, ADA, ("walking robots", "brain scans", "not: music"))
    subscribe(newsletter, BOB, ())
    vote(newsletter, ADA, 1, 1)
    vote(newsletter, ADA, 2, -1)
    return newsletter


def test_a_look_is_the_preview_and_what_is_sent_at_its_hour(peopled: Newsletter, clock: Clock) -> None:
    draft = peopled.looks.look(Whom(ADA))
    assert draft.preview
    assert draft.preview.draft
    assert draft.preview == peopled.preview(ADA)
    assert peopled.looks.look(Whom()).preview == peopled.preview()
    everybody = peopled.looks.look(Whom(BOB))
    assert everybody.preview
    assert everybody.preview == peopled.preview(BOB)
    # Composed ahead, it is still the same; and nearly on time, it bears its hour.
    for moment in ("2026-11-27 07:00", "2026-11-27 07:50", "2026-11-27 08:20"):
        clock.set(moment)
        peopled.send()
        looked = peopled.looks.look(Whom(ADA), ISSUE).preview
        assert looked
        assert looked.message == draft.preview.message
    assert {draft.preview.message, everybody.preview.message} == set(mails(peopled.project))


def test_what_is_sent_at_once_is_the_preview_but_for_the_date(peopled: Newsletter, clock: Clock) -> None:
    draft = peopled.preview(ADA)
    peopled.send(now=True, to=ADA)
    [sent] = mails(peopled.project)
    assert parsed(draft.message)["Date"] == "Fri, 27 Nov 2026 08:00:00 +0000"
    assert parsed(sent)["Date"].datetime == clock()
    assert date_of(draft.message)[1] == date_of(sent)[1]
    composed = peopled.looks.look(Whom(ADA), ISSUE).preview
    assert composed
    assert not composed.draft
    assert composed.message == sent


def test_what_is_sent_late_at_once_is_the_preview(peopled: Newsletter, clock: Clock) -> None:
    clock.set("2026-11-27 09:30")
    draft = peopled.preview(ADA)
    peopled.send(now=True, to=ADA)
    assert mails(peopled.project) == [draft.message]


def test_what_is_scheduled_bears_the_date_of_that_moment(peopled: Newsletter, clock: Clock) -> None:
    clock.set("2026-11-27 07:50")
    peopled.editor.schedule(ISSUE, "2026-11-27T11:00")
    draft = peopled.looks.look(Whom(ADA), ISSUE).preview
    clock.set("2026-11-27 08:30")
    peopled.send()
    composed = peopled.looks.look(Whom(ADA), ISSUE).preview
    clock.set("2026-11-27 11:00")
    peopled.send(to=ADA)
    assert draft
    assert composed
    assert [draft.message, composed.message] == 2 * mails(peopled.project)


def test_a_look_writes_nothing(peopled: Newsletter) -> None:
    peopled.looks.look(Whom(ADA))
    before = rows(peopled.project)
    for whom in (Whom(ADA), Whom(BOB), Whom(), Whom(interests="walking robots")):
        peopled.looks.look(whom)
    # What was embedded is kept, for the sake of the next one.
    assert rows(peopled.project) == before | {"vectors": rows(peopled.project)["vectors"]}


def test_picks_have_their_place_their_reason_and_parts_that_add_up(peopled: Newsletter) -> None:
    look = peopled.looks.look(Whom(ADA))
    assert (look.label, str(look.key), look.nothing, look.remark) == (ADA, ISSUE, "", "")
    assert look.preview
    assert [pick.number for pick in look.picks] == list(range(1, len(look.picks) + 1))
    assert [pick.entry.entry_id for pick in look.picks] == [said.pick.entry_id for said in look.preview.picks]
    assert [pick.reason for pick in look.picks] == [said.reason for said in look.preview.picks]
    assert all(not pick.left_out and pick.sentence and not pick.entry.why for pick in look.picks)
    assert adds_up(look)
    ranked = [pick for pick in look.picks if pick.section is Section.FOR_YOU]
    kept = [said.pick.score for said in look.preview.picks if said.pick.section is Section.FOR_YOU]
    assert [pick.entry.score for pick in ranked] == pytest.approx(kept, abs=1e-4)
    names = {part.name for pick in ranked for part in pick.entry.parts}
    assert {PartName.WORDS, PartName.VOTES} <= names
    assert PartName.GENERAL not in names


def test_who_follows_nothing_has_the_general_score(peopled: Newsletter) -> None:
    look = peopled.looks.look(Whom(BOB))
    assert look.label == BOB
    assert {part.name for pick in look.picks for part in pick.entry.parts} == {PartName.GENERAL}
    assert peopled.looks.look(Whom()).label == "Everybody’s edition"


def test_an_imagined_reader_gets_what_a_real_one_with_their_interests_would(newsletter: Newsletter) -> None:
    subscribe(newsletter, ADA, ("graph networks", "not: forests"))
    real = newsletter.looks.look(Whom(ADA))
    imagined = newsletter.looks.look(Whom(interests="graph networks\n\n  not: forests \n"))
    assert imagined.label == "Imagined reader"
    assert imagined.preview
    assert [pick.entry for pick in imagined.picks] == [pick.entry for pick in real.picks]
    assert imagined.missed == real.missed
    assert MUSIC.encode() in imagined.preview.message


def test_nobody_to_imagine_follows_nothing(newsletter: Newsletter) -> None:
    nothing, everybody = newsletter.looks.look(Whom(interests=" \n")), newsletter.looks.look(Whom())
    assert nothing.preview == everybody.preview


def test_an_imagined_line_without_a_word_is_refused_in_words(newsletter: Newsletter) -> None:
    with pytest.raises(InvalidInterest, match="holds no word"):
        newsletter.looks.look(Whom(interests="graphs\nnot: …"))


def test_a_stranger_and_an_issue_of_others_are_mistakes(peopled: Newsletter) -> None:
    with pytest.raises(UnknownSubscriber):
        peopled.looks.look(Whom("nobody@example.org"))
    with pytest.raises(IssueError, match=r"daily-2026-11-27 is not ada@example\.org's"):
        peopled.looks.look(Whom(ADA), "daily-2026-11-27")
    with pytest.raises(IssueError, match="names no issue"):
        peopled.looks.look(Whom(ADA), "friday")


def test_who_gets_no_mail_is_told_why_as_a_sentence(peopled: Newsletter, clock: Clock) -> None:
    peopled.send(now=True)
    clock.set("2026-11-30 12:00")
    look = peopled.looks.look(Whom(ADA), NEXT)
    assert look.preview is None
    assert look.nothing == "Nothing has come in since the issue before."
    assert (look.picks, look.missed, look.had, look.muted, look.dropped) == ((), (), (), (), ())


def test_what_was_had_tells_in_which_issue_and_when(peopled: Newsletter, clock: Clock) -> None:
    clock.set("2026-11-27 08:00")
    peopled.send()
    had = peopled.looks.look(Whom(ADA), ISSUE).picks[0].entry
    clock.set("2026-11-30 12:00")
    bring(peopled, 12)
    (peopled.project / "issues").mkdir(exist_ok=True)
    (peopled.project / "issues" / f"{NEXT}.md").write_text(f'+++\npins = ["{had.url}"]\n+++\n', "utf-8")
    look = peopled.looks.look(Whom(ADA))
    assert str(look.key) == NEXT
    assert [(one.title, one.why) for one in look.had] == [
        (had.title, f"They had it in {ISSUE}, on Friday, 27 November.")
    ]
    assert had.title not in {pick.entry.title for pick in look.picks}
    assert adds_up(look)
    # Whoever has not had it gets it.
    assert had.title in {pick.entry.title for pick in peopled.looks.look(Whom(interests="walking robots"), NEXT).picks}


def test_what_waits_in_another_copy_counts_as_had(peopled: Newsletter, clock: Clock) -> None:
    clock.set("2026-11-27 07:50")
    peopled.make()
    waiting = peopled.looks.look(Whom(ADA), ISSUE)
    assert waiting.preview
    assert not waiting.preview.draft
    (peopled.project / "issues").mkdir(exist_ok=True)
    pins = f'+++\npins = ["{waiting.picks[0].entry.url}"]\n+++\n'
    (peopled.project / "issues" / f"{NEXT}.md").write_text(pins, "utf-8")
    bring(peopled, 12)
    look = peopled.looks.look(Whom(ADA), NEXT)
    assert [one.why for one in look.had] == [f"It waits for them in {ISSUE}, for Friday, 27 November."]
    assert look.preview == peopled.preview(ADA, issue=NEXT)


def test_what_is_muted_names_its_line_and_without_it_would_be_in(newsletter: Newsletter) -> None:
    subscribe(newsletter, ADA, ("graph networks that recommend", "not: music"))
    look = newsletter.looks.look(Whom(ADA))
    assert look.muted
    assert {one.why for one in look.muted} == {"They mute “music” (it holds these words)."}
    assert any(part.name is PartName.MUTES and part.value < 0 for one in look.muted for part in one.parts)
    without = newsletter.looks.look(Whom(interests="graph networks that recommend"))
    assert set(titles_of(look.muted)) <= {pick.entry.title for pick in without.picks}
    assert adds_up(look)


def test_what_the_editor_dropped_is_told_with_the_score_that_it_would_have(peopled: Newsletter) -> None:
    whole = {pick.entry.title: pick.entry.score for pick in peopled.looks.look(Whom(ADA)).picks}
    drop(peopled, 0, 3)
    look = peopled.looks.look(Whom(ADA))
    assert ROBOTS in whole
    assert titles_of(look.dropped)[0] == ROBOTS
    assert {one.why for one in look.dropped} == {"You dropped it from this issue."}
    # Nearly: what is average is told by what is left, and among twelve entries two are missed.
    assert look.dropped[0].score == pytest.approx(whole[ROBOTS], abs=0.2)
    assert ROBOTS not in {pick.entry.title for pick in look.picks}
    assert len(look.dropped) == 2
    assert adds_up(look)
    assert look.preview == peopled.preview(ADA)


def test_in_another_shape_the_same_reader_gets_another_issue(peopled: Newsletter, open_newsletter: Open) -> None:
    fewer = Shape(picks=2, favourites=0, outside=0, floor=-3)
    look = peopled.looks.look(Whom(ADA), shape=fewer)
    assert len(look.picks) == 2
    change_settings(
        peopled.project, "[[sources]]", "[issue]\npicks = 2\nfavourites = 0\noutside = 0\nfloor = -3\n[[sources]]"
    )
    assert look.preview == open_newsletter().preview(ADA)
    assert {one.why.split(":")[0] for one in look.missed} <= {
        "No place was left",
        "Not near enough to anything that they follow or like",
    }
    assert any(one.why == "No place was left: with 3 picks it would be in." for one in look.missed)


def test_a_copy_that_is_out_can_be_compared_with_another_shape(peopled: Newsletter, clock: Clock) -> None:
    clock.set("2026-11-27 08:00")
    peopled.send()
    out = peopled.looks.look(Whom(ADA), ISSUE)
    same = peopled.looks.look(Whom(ADA), ISSUE, shape_of(peopled.settings))
    assert out.preview
    assert same.preview
    assert same.preview.draft
    assert [one.entry for one in same.picks] == [one.entry for one in out.picks]
    assert same.preview.text == out.preview.text
    assert len(peopled.looks.look(Whom(ADA), ISSUE, Shape(1, 0, 0, 1.0)).picks) == 1


def test_a_copy_that_is_out_has_its_reasons_while_they_hold(peopled: Newsletter, clock: Clock) -> None:
    draft = peopled.looks.look(Whom(ADA))
    clock.set("2026-11-27 08:00")
    peopled.send()
    out = peopled.looks.look(Whom(ADA), ISSUE)
    assert out.remark == ""
    assert (out.picks, out.missed, out.muted) == (draft.picks, draft.missed, draft.muted)


def test_a_copy_whose_reader_changed_since_shows_no_figures_that_are_not_its_own(
    peopled: Newsletter, clock: Clock
) -> None:
    clock.set("2026-11-27 08:00")
    peopled.send()
    before = peopled.looks.look(Whom(ADA), ISSUE)
    clock.now += timedelta(hours=1)
    peopled.readers.change(peopled.subscriber(ADA), interests=["forests counted"], origin=Origin("page"))
    look = peopled.looks.look(Whom(ADA), ISSUE)
    assert look.preview == before.preview
    assert look.remark.startswith("This copy was composed a while ago")
    assert [pick.entry.entry_id for pick in look.picks] == [pick.entry.entry_id for pick in before.picks]
    assert all(pick.entry.parts == () for pick in look.picks)
    assert (look.missed, look.had, look.muted) == ((), (), ())


def test_readers_of_an_issue_are_found(newsletter: Newsletter) -> None:
    friday, daily = ("weekly", "friday", "08:00", "UTC"), ("daily", "", "08:00", "UTC")
    newsletter.subscribe(ADA, name="Ada Lovelace", interests=["graph networks", "not: surveys"])
    subscribe(newsletter, BOB, (), ("weekly", "monday", "08:00", "UTC"))
    subscribe(newsletter, "eve@example.org", ("Graph theory",), friday)
    subscribe(newsletter, "day@example.org", ("graphs",), daily)
    found, count = newsletter.looks.readers(ISSUE)
    assert [one.address for one in found] == [ADA, "eve@example.org"]
    assert count == 2
    assert (found[0].name, found[0].interests) == ("Ada Lovelace", "graph networks · not: surveys")
    assert newsletter.looks.readers(ISSUE, "GRAPH t")[1] == 1
    assert newsletter.looks.readers("daily-2026-11-27")[0][0].address == "day@example.org"
    with pytest.raises(IssueError):
        newsletter.looks.readers("someday")
