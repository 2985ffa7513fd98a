"""The editor's intro, pins, and the test that an editor mails to themselves."""

import re
from pathlib import Path

import pytest
from mainline import ADA, BOB, Open, rows, subscribe
from newsroom import Clock, mails, make_project, parsed

from newsletter import Newsletter
from newsletter.delivery.outcomes import DeliveryState
from newsletter.errors import IssueError
from newsletter.issues.rewriting import with_intro
from newsletter.rendering.links import PATHS, Purpose, verify
from newsletter.rendering.store import load_keys
from subscribers.errors import InvalidAddress, UnknownSubscriber

FRIDAY = "weekly-2026-11-27"
DUE = "2026-11-27 08:00"
ME = "me@example.org"
LAST = "Study 11 of forests counted from satellites"
FIRST = "https://papers.example.org/0"


@pytest.fixture
def ready(newsletter: Newsletter) -> Newsletter:
    """Two readers of Friday's issue."""
    for address in (ADA, BOB):
        subscribe(newsletter, address)
    return newsletter


def own_file(newsletter: Newsletter) -> Path:
    return newsletter.project / "issues" / f"{FRIDAY}.md"


def body_of(message: bytes, kind: str = "plain") -> str:
    body = parsed(message).get_body((kind,))
    assert body
    return str(body.get_content())


def test_pins_stand_on_top_in_the_order_in_which_they_were_pinned(ready: Newsletter) -> None:
    pinned = ready.editor.pin(FRIDAY, [LAST.upper()])
    assert [entry.title for entry in pinned.entries] == [LAST]
    pinned = ready.editor.pin(FRIDAY, [FIRST, LAST, "https://papers.example.org/11"])
    assert pinned.path == own_file(ready)
    assert [entry.title[:8] for entry in pinned.entries] == ["Study 11", "Study 0 "]
    assert own_file(ready).read_text() == f'+++\npins = ["{LAST.upper()}", "{FIRST}"]\n+++\n'
    assert [pick.title[:8] for pick in ready.preview(ADA).picks[:2]] == ["Study 11", "Study 0 "]


def test_a_pin_goes_by_any_name_of_its_entry(ready: Newsletter) -> None:
    ready.editor.pin(FRIDAY, [LAST, FIRST])
    assert [entry.title for entry in ready.editor.unpin(FRIDAY, ["https://papers.example.org/11"]).entries] == [
        "Study 0 of walking robots with springy legs"
    ]
    with pytest.raises(IssueError, match=rf"is not pinned in {FRIDAY}\. Pinned is: {FIRST}"):
        ready.editor.unpin(FRIDAY, [LAST])
    assert ready.editor.unpin(FRIDAY, [FIRST]).entries == ()
    with pytest.raises(IssueError, match="Pinned is: nothing"):
        ready.editor.unpin(FRIDAY, [FIRST])


def test_a_pin_of_what_is_not_stored_any_more_can_be_taken_away(ready: Newsletter) -> None:
    own_file(ready).parent.mkdir()
    own_file(ready).write_text('+++\npins = ["arxiv:2510.14914"]\n+++\nHello')
    ready.editor.unpin(FRIDAY, ["arxiv:2510.14914"])
    assert "2510" not in own_file(ready).read_text()


def test_what_is_no_stored_entry_is_refused_at_once_with_near_titles(ready: Newsletter) -> None:
    with pytest.raises(
        IssueError, match=r"No entry is stored that is 'Study 3 of the forests', .* Near are: “Study 3 of"
    ):
        ready.editor.pin(FRIDAY, [FIRST, "Study 3 of the forests"])
    with pytest.raises(IssueError, match="Write its link, DOI, arXiv id or whole title, or pull its source first"):
        ready.editor.pin(FRIDAY, ["https://nowhere.example.com/zzz"])
    assert not own_file(ready).exists()


def test_an_own_file_begins_as_a_copy_of_its_periods(ready: Newsletter) -> None:
    week = ready.project / "issues" / "2026-W48.md"
    week.parent.mkdir()
    week.write_text("Hello, all of this week.\n")
    ready.editor.pin(FRIDAY, [FIRST])
    assert own_file(ready).read_text() == f'+++\npins = ["{FIRST}"]\n+++\nHello, all of this week.\n'
    assert week.read_text() == "Hello, all of this week.\n"


def test_an_intro_is_written_read_and_taken_away(ready: Newsletter) -> None:
    assert ready.editor.intro(FRIDAY) == ""
    ready.editor.pin(FRIDAY, [FIRST])
    assert ready.editor.set_intro(FRIDAY, "Good *morning*!\n") == own_file(ready)
    assert ready.editor.intro(FRIDAY) == "Good *morning*!"
    preview = ready.preview(ADA)
    assert "<em>morning</em>" in preview.html
    assert preview.picks[0].title.startswith("Study 0 ")
    ready.editor.set_intro(FRIDAY, "")
    assert ready.editor.intro(FRIDAY) == ""


def test_an_issue_that_is_made_takes_no_pins_and_no_intro(ready: Newsletter, clock: Clock) -> None:
    ready.editor.set_intro(FRIDAY, "Good *morning*!")
    clock.set(DUE)
    ready.send()
    before = own_file(ready).read_bytes()
    with pytest.raises(IssueError, match=f"{FRIDAY} is made: its intro and pins are fixed"):
        ready.editor.pin(FRIDAY, [FIRST])
    with pytest.raises(IssueError, match="nothing in it can be unpinned"):
        ready.editor.unpin(FRIDAY, [FIRST])
    with pytest.raises(IssueError, match="nothing in it can be changed"):
        ready.editor.set_intro(FRIDAY, "Too late")
    assert own_file(ready).read_bytes() == before
    own_file(ready).unlink()
    assert "morning" in ready.editor.intro(FRIDAY)


def test_an_issue_that_is_made_while_it_is_edited_is_told(ready: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    def and_freeze(text: str, intro: str, path: str) -> str:
        ready.send(now=True)
        return with_intro(text, intro, path)

    monkeypatch.setattr("newsletter.editing.with_intro", and_freeze)
    with pytest.raises(IssueError, match="was made in this very moment, without this change"):
        ready.editor.set_intro(FRIDAY, "Just in time?")
    assert not own_file(ready).exists()


def test_a_test_is_the_readers_issue_with_links_of_nobody(ready: Newsletter) -> None:
    shown, before = ready.preview(ADA), rows(ready.project)
    test = ready.editor.test(FRIDAY, to=ME, reader=ADA)
    ready.send_notices()
    assert ready.editor.became_of(test) == (DeliveryState.SENT, "")
    (mail,) = mails(ready.project)
    assert (parsed(mail)["to"], parsed(mail)["subject"]) == (ME, f"[Test] {shown.subject}")
    # The same words in both parts, but for the tokens.
    token = re.compile(r"(/(?:" + "|".join(PATHS.values()) + r")/)[\w-]{20,}")
    for kind, expected in (("plain", shown.text), ("html", shown.html)):
        assert token.sub(r"\1…", body_of(mail, kind)) == token.sub(r"\1…", expected)
    tokens = re.findall(r"/(u|p|more|less)/([\w-]{20,})", body_of(mail))
    purposes = {path: purpose for purpose, path in PATHS.items()}
    claims = [verify(said, purposes[path], load_keys(ready.database)) for path, said in tokens]
    assert {claim.purpose for claim in claims if claim} >= {Purpose.LEAVE, Purpose.MORE}
    assert {claim.subscriber_id for claim in claims if claim} == {0}
    # Nothing is frozen, received, or written down about the reader: one notice more, and what was embedded.
    after = rows(ready.project)
    assert after.pop("deliveries") == before.pop("deliveries") + 1
    for counted in ("senders", "sent_by_minute"):  # how fast mail leaves is nothing about the reader
        after.pop(counted)
    assert {name: count for name, count in after.items() if count != before[name]} == {}
    assert parsed(mail)["list-unsubscribe"] is None


def test_a_test_leaves_the_reader_their_own_issue(ready: Newsletter, clock: Clock) -> None:
    ready.editor.test(FRIDAY, to=ME, reader=ADA)
    clock.set(DUE)
    expected = ready.preview(ADA).picks
    ready.send()
    assert sorted(str(parsed(mail)["to"]) for mail in mails(ready.project)) == [ADA, BOB]
    assert ready.preview(ADA, issue=FRIDAY).picks == expected


def test_a_test_of_what_is_composed_is_that_very_copy(ready: Newsletter, clock: Clock) -> None:
    ready.editor.hold(FRIDAY)
    clock.set(DUE)
    ready.send()
    ready.editor.test(FRIDAY, to=ME, reader=ADA)
    ready.send_notices()
    (mail,) = mails(ready.project)
    assert parsed(mail)["subject"] == f"[Test] {ready.preview(ADA, issue=FRIDAY).subject}"


def test_every_test_is_a_mail_of_its_own_and_good_for_hours(ready: Newsletter, clock: Clock) -> None:
    first, second = (ready.editor.test(FRIDAY, to=ME) for _ in range(2))
    assert first.key != second.key
    clock.forward(hours=6, seconds=1)
    late = ready.editor.test(FRIDAY, to=ME)
    ready.send_notices()
    states = [ready.editor.became_of(one)[0] for one in (first, second, late)]
    assert states == [DeliveryState.DROPPED, DeliveryState.DROPPED, DeliveryState.SENT]


def test_a_test_goes_to_the_operator_and_shows_everybodys_edition(
    tmp_path: Path, open_newsletter: Open, clock: Clock
) -> None:
    make_project(tmp_path, '\n[mailbox]\noperator = "editor@example.org"\n')
    newsletter = open_newsletter()
    newsletter.pull()
    subscribe(newsletter, ADA)
    posted = newsletter.editor.test(FRIDAY)
    newsletter.send_notices()
    (mail,) = mails(tmp_path)
    assert (posted.to, parsed(mail)["to"]) == ("editor@example.org", "editor@example.org")
    assert "walking robots”" not in body_of(mail)


def test_a_test_that_cannot_be_is_refused_in_words(ready: Newsletter) -> None:
    with pytest.raises(IssueError, match=r"Name an address with --to, or set mailbox\.operator"):
        ready.editor.test(FRIDAY)
    with pytest.raises(IssueError, match="daily-2026-11-27 is nobody's"):
        ready.editor.test("daily-2026-11-27", to=ME)
    with pytest.raises(InvalidAddress):
        ready.editor.test(FRIDAY, to="nowhere")
    with pytest.raises(UnknownSubscriber):
        ready.editor.test(FRIDAY, to=ME, reader="nobody@example.org")
    subscribe(ready, "eve@example.org", cadence=("daily", "", "06:00", "UTC"))
    with pytest.raises(IssueError, match=r"is not eve@example\.org's: they get theirs daily"):
        ready.editor.test(FRIDAY, to=ME, reader="eve@example.org")
    ready.send_notices()
    assert mails(ready.project) == []


def test_half_a_character_in_an_intro_is_told_and_the_old_intro_stays(ready: Newsletter) -> None:
    ready.editor.set_intro(FRIDAY, "Good morning!")
    with pytest.raises(IssueError, match=r"cannot be written: .*\\ud83d.* is half a character"):
        ready.editor.set_intro(FRIDAY, "Good morning \ud83d!")
    assert ready.editor.intro(FRIDAY) == "Good morning!"
    assert [path.name for path in own_file(ready).parent.iterdir()] == [f"{FRIDAY}.md"]


def test_a_test_of_an_empty_issue_says_that_there_is_nothing(tmp_path: Path, open_newsletter: Open) -> None:
    make_project(tmp_path, entries=0)
    newsletter = open_newsletter()
    subscribe(newsletter, ADA)
    with pytest.raises(IssueError, match=f"There is nothing to test in {FRIDAY} for everybody: nothing has come in"):
        newsletter.editor.test(FRIDAY, to=ME)
