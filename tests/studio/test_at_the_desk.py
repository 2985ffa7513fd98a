"""What the editor sees and does at the desk, over real templates, entries and readers."""

import re
from html import unescape
from typing import Any

from deskroom import ADA, BOB, ISSUE, Room
from mainline import bring
from newsroom import mails, parsed

from newsletter.bodies import MOST_FIELDS
from subscribers.evidence import Origin

pytest_plugins = ("deskroom_fixtures",)


def test_a_copy_is_the_readers_own_mail(room: Room) -> None:
    shown = room.get(f"/copy?issue={ISSUE}&reader={ADA}").text
    own = room.newsletter.preview(ADA, issue=ISSUE).html
    assert "walking robots" in shown
    # Only the scheme and where links open is decided.
    assert shown.partition("<body")[2] == own.partition("<body")[2]


def test_every_part_of_the_message_can_be_read(room: Room) -> None:
    message = room.newsletter.preview(ADA, issue=ISSUE).message
    text, headers, source = (room.get(f"/part?reader={ADA}&part={part}").text for part in ("text", "headers", "source"))
    assert "1. Study" in text
    assert "List-Unsubscribe" in headers
    assert "<html" not in headers.lower()
    assert f"{len(message):,} bytes" in source
    assert "quoted-printable" in source


def test_an_imagined_reader_and_everybodys_edition(room: Room) -> None:
    imagined = room.get("/copy?like=graph+networks").text
    assert "graph networks" in imagined
    assert "graph networks" not in room.get("/copy").text.partition("<body")[2].replace("graph networks that", "")
    assert room.get("/copy?like=not:").status_code == 200, "a line that cannot be is a sentence in the frame"


def test_a_line_that_is_refused_is_a_matter_of_its_own_page(room: Room) -> None:
    """It is typed a moment later, and no file is to be mended for it."""
    for query in ("like=not:", "reader=eve@example.org", "issue=soon"):
        assert room.get(f"/copy?{query}").headers["x-studio-trouble"] == "1"
        assert "data-mistake='null'" in room.get("/").text


def test_an_address_from_before_opens_a_desk_that_works(room: Room) -> None:
    """A bookmark of a reader who has left, or of an issue that never was."""
    for query, said in (("reader=eve@example.org", "Nobody is subscribed"), ("issue=soon", "names no issue")):
        desk = room.get(f"/?{query}")
        assert desk.status_code == 200
        assert 'data-dialog="release"' in desk.text
        assert said in room.get(f"/copy?{query}").text
    assert "names no issue" in room.get("/?issue=soon").text
    assert room.get("/checks?reader=eve@example.org").status_code == 200


def test_the_readers_are_found(room: Room) -> None:
    assert ADA in room.get("/readers?q=walking").text
    assert BOB not in room.get("/readers?q=walking").text


def test_a_stranger_is_a_sentence_not_a_picture(room: Room) -> None:
    answer = room.get("/picks?reader=eve@example.org")
    assert answer.status_code == 400
    assert "Nobody is subscribed as eve@example.org" in answer.text
    assert room.get("/copy?issue=soon").status_code == 200


def test_two_copies_side_by_side(room: Room) -> None:
    other = room.get(f"/copy?reader={ADA}&with={BOB}&side=b").text
    assert "brain scans" in other
    few = room.get(f"/copy?reader={ADA}&picks=1&outside=0&favourites=0&side=b").text
    whole = room.get(f"/copy?reader={ADA}").text
    assert few.count("More like this") < whole.count("More like this")
    assert room.get("/part?side=b").status_code == 400


def test_settings_are_tried_out_within_what_they_can_be(room: Room) -> None:
    found = re.findall(r'name="(\w+)" type="number" min="(\S+)" max="(\S+)"', room.get("/").text)
    assert {name: bounds for name, *bounds in found} == {
        "picks": ["1", "50"],
        "favourites": ["0", "20"],
        "outside": ["0", "1"],
        "floor": ["-3", "5"],
    }


def test_a_copy_that_cannot_be_explained_any_more_says_so(room: Room) -> None:
    room.clock.set("2026-11-27 07:58")
    room.newsletter.make()
    room.newsletter.readers.change(room.newsletter.subscriber(ADA), interests=["forests"], origin=Origin("page"))
    assert "cannot be told any more" in room.get(f"/picks?issue={ISSUE}&reader={ADA}").text
    assert "Ada: This copy was composed" in room.get(f"/picks?issue={ISSUE}&reader={BOB}&with={ADA}").text


def test_acts_answer_in_the_editors_own_words(room: Room) -> None:
    held = room.act("hold")
    assert (held.status_code, "will be held when it is made" in held.text) == (200, True)
    assert "release" in room.get("/").text
    assert room.woken == 1
    assert "goes out by itself" in room.act("release").text
    assert "is held until" in room.act("schedule", at="2026-11-27T10:00:00.000Z").text
    room.act("release")
    assert "is skipped" in room.act("skip").text


def test_that_all_mail_is_off_is_said_before_anybody_waits_for_it(room: Room) -> None:
    assert "mail is off" not in room.get("/").text
    room.newsletter.switch_sending(off=True, why="this is a copy")
    desk = room.get("/").text
    assert "all mail is off" in desk
    assert "All mail is off: this is a copy. Nothing leaves before" in desk


def test_what_has_been_said_of_an_issue_is_not_offered_again_but_how_to_take_it_back(room: Room) -> None:
    for word in ("hold", "skip", "cancel"):
        room.act(word)
        desk = room.get("/").text
        assert not re.search(rf'data-(?:act|dialog)="{word}">', desk)
        assert 'data-dialog="release">' in desk
        assert room.act("release").status_code == 200
    room.clock.set("2026-11-27 07:58")
    room.newsletter.make()
    room.act("cancel")
    assert not re.search(r'data-dialog="(?:release|cancel)">', room.get("/").text)


def test_a_mistake_is_a_sentence(room: Room) -> None:
    answer = room.act("pin", entry="999999")
    assert answer.status_code == 400
    assert room.woken == 0
    assert room.act("dance").status_code == 400
    assert room.post("/act", act="hold", issue="weekly-2019-01-01").status_code == 400
    assert room.act("schedule", at="tomorrow").status_code == 400


def test_an_intro_is_written_and_nobody_elses_is_overwritten(room: Room) -> None:
    version = room.newsletter.editor.editorial(ISSUE).version
    assert room.act("intro", text="Good *morning*.", before=version).status_code == 200
    assert "<em>morning</em>" in room.get("/copy").text
    late = room.act("intro", text="Mine.", before=version)
    assert late.status_code == 400
    assert room.newsletter.editor.intro(ISSUE) == "Good *morning*."


def test_a_proof_of_the_intro_is_as_clean_as_in_the_mail(room: Room) -> None:
    proof = room.post("/intro/preview", text="*Hello* <script>x</script> [a](javascript:x)").text
    assert "<em>Hello</em>" in proof
    assert "<script" not in proof
    assert "href" not in proof


def test_pins_drops_and_edits(room: Room) -> None:
    one, two = (pick.entry.entry_id for pick in room.newsletter.looks.look(_whom(BOB), ISSUE).picks[:2])
    assert room.act("pin", entry=str(two)).status_code == 200
    assert room.act("pin", entry=str(one)).status_code == 200
    assert room.act("arrange", entries=f"{one},{two}").status_code == 200
    part = room.newsletter.editor.editorial(ISSUE)
    assert [entry.id for entry in part.pins] == [one, two]
    assert room.act("unpin", entry=str(one)).status_code == 200
    assert room.act("drop", entry=str(one)).status_code == 200
    title = room.newsletter.editor.editorial(ISSUE).drops[0].title
    assert title not in room.get(f"/part?reader={BOB}&part=text").text
    assert room.act("undrop", entry=str(one)).status_code == 200
    assert room.act("edit", entry=str(one), title="In other words", summary="Short.").status_code == 200
    assert "In other words" in room.get(f"/part?reader={BOB}&part=text").text
    assert room.act("unedit", entry=str(one)).status_code == 200
    assert "In other words" not in room.get(f"/part?reader={BOB}&part=text").text


def _whom(address: str) -> Any:
    from newsletter.looking import Whom

    return Whom(address)


def test_a_test_is_mailed(room: Room) -> None:
    answer = room.act("test", to="editor@example.org", reader=ADA)
    assert (answer.status_code, "is sent to editor@example.org" in answer.text) == (200, True)
    [mail] = mails(room.project)
    assert parsed(mail)["to"] == "editor@example.org"
    assert room.act("test", to="nobody").status_code == 400


def test_entries_to_pin_are_found_by_words_and_by_link(room: Room) -> None:
    assert "brain tumours" in room.get("/find?q=tumours").text
    assert "Study 3 of" in room.get("/find?q=https://papers.example.org/3").text
    assert "No entry" in room.get("/find?q=").text


def sent_after_release(room: Room) -> dict[str, bytes]:
    assert room.act("release").status_code == 200
    room.clock.set("2026-11-27 08:01")
    room.newsletter.send()
    return {str(parsed(mail)["to"].addresses[0].addr_spec): mail for mail in mails(room.project)}


def source_of(room: Room, reader: str) -> str:
    """The message as the desk shows it."""
    part = room.get(f"/part?issue={ISSUE}&reader={reader}&part=source").text
    found = re.search(r"<pre[^>]*>(.*)</pre>", part, re.DOTALL)
    assert found
    return unescape(found[1])


def test_what_was_previewed_and_released_goes_out_byte_for_byte(room: Room) -> None:
    room.act("intro", text="Good morning.")
    room.clock.set("2026-11-27 07:58")
    room.newsletter.make()
    room.act("hold")
    seen = {reader: source_of(room, reader) for reader in (ADA, BOB)}
    sent = sent_after_release(room)
    assert {reader: mail.decode().replace("\r\n", "\n").strip() for reader, mail in sent.items()} == {
        reader: source.strip() for reader, source in seen.items()
    }


def test_a_draft_that_is_released_goes_out_as_it_was_previewed(room: Room) -> None:
    """All but its date, which is that of the reader's hour."""
    room.act("intro", text="Good morning.")
    room.act("hold")
    seen = {reader: source_of(room, reader) for reader in (ADA, BOB)}
    room.clock.set("2026-11-27 07:30")
    room.newsletter.make()
    for reader, mail in sent_after_release(room).items():
        before, after = (re.sub(r"(?m)^Date: .*$", "", text) for text in (seen[reader], mail.decode()))
        assert before.strip() == after.replace("\r\n", "\n").strip()


def test_what_was_shown_a_moment_ago_is_not_shown_again_after_somebody_else_changed_it(room: Room) -> None:
    before = room.get("/copy").text
    assert room.get("/copy").text == before
    bring(room.newsletter, 40)
    assert room.get("/copy").text != before


def test_a_form_with_too_many_fields_is_none(room: Room) -> None:
    fields = {f"field{n}": "x" for n in range(MOST_FIELDS + 10)}
    assert room.client.post("/act", data=fields, headers={"Origin": room.home}).status_code == 403
