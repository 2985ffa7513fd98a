"""A copy in a frame: by day or by night whatever the machine likes; the last good one while a template is broken."""

from pathlib import Path

import pytest
from deskroom import ADA, ISSUE, Room

from newsletter.errors import SettingsError
from newsletter.looking import Whom
from newsletter.settings import load
from newsletter.studio.copies import MOST_KEPT, LastGood, as_seen, instead, policy
from newsletter.studio.views import in_place

pytest_plugins = ("deskroom_fixtures",)

MAIL = (
    '<html><head><meta name="color-scheme" content="light dark"><style>:root { color-scheme: light dark }\n'
    "@media (prefers-color-scheme: dark) { p { color: white } }\n"
    "@media screen and ( prefers-color-scheme:light ) { p { color: black } }</style></head>"
    "<body><p>@media (prefers-color-scheme: dark) is how it is written</p></body></html>"
)


@pytest.mark.parametrize(("scheme", "dark", "light"), [("dark", "0", "max"), ("light", "max", "0")])
def test_the_scheme_is_decided_in_the_styles_and_nowhere_else(scheme: str, dark: str, light: str) -> None:
    seen = as_seen(MAIL, scheme)
    always, never = "(min-width: 0)", "(max-width: 0)"
    assert f"@media {always if dark == '0' else never} {{ p {{ color: white" in seen
    assert f"@media screen and {always if light == '0' else never} {{ p {{ color: black" in seen
    assert f'<meta name="color-scheme" content="{scheme}">' in seen
    assert f"color-scheme: {scheme} }}" in seen
    assert "<p>@media (prefers-color-scheme: dark) is how it is written</p>" in seen


def test_links_open_beside_the_desk() -> None:
    assert '<head><base target="_blank">' in as_seen(MAIL, "light")


def test_without_images_none_is_asked_for() -> None:
    assert "img-src" in policy(images=True)
    assert "img-src" not in policy(images=False)


def test_a_sentence_instead_of_a_mail_is_escaped() -> None:
    assert "&lt;b&gt;" in instead("<b>", "dark")
    assert "<code>newsletter pull &lt;b&gt;</code> brings" in instead("`newsletter pull <b>` brings entries.", "light")


def test_copies_that_are_kept_are_bounded() -> None:
    good = LastGood()
    for n in range(MOST_KEPT + 5):
        good.keep(ISSUE, Whom(f"{n}@example.org"), str(n))
    assert good.get(ISSUE, Whom("0@example.org")) is None
    assert good.get(ISSUE, Whom(f"{MOST_KEPT}@example.org")) == str(MOST_KEPT)


# -- mistakes


def test_a_mistake_in_the_settings_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.toml"
    path.write_text('title = "Robots"\naddress == "x"\n', "utf-8")
    with pytest.raises(SettingsError) as raised:
        load(tmp_path)
    mistake = in_place(str(raised.value))
    assert (mistake.file, mistake.line, mistake.source) == (str(path), 2, 'address == "x"')
    assert mistake.message == "not valid TOML: Invalid value"


def test_a_template_mistake_leaves_the_last_good_picture_and_names_its_line(room: Room) -> None:
    good = room.get(f"/copy?reader={ADA}")
    assert "x-studio-trouble" not in good.headers
    card = room.project / "templates" / "issue" / "card.html"
    card.parent.mkdir(parents=True, exist_ok=True)
    card.write_text("<p>\n  {{ pick.titel }}</p>\n", "utf-8")
    room.studio.glances.forget()
    broken = room.get(f"/copy?reader={ADA}")
    assert broken.headers["x-studio-trouble"] == "1"
    assert broken.text == good.text
    mistake = room.studio.mistake
    assert mistake is not None
    assert (mistake.file, mistake.line, mistake.source) == (str(card), 2, "{{ pick.titel }}</p>")
    assert "titel" in mistake.message
    assert "titel" in room.get("/").text
    card.unlink()
    room.studio.glances.forget()
    assert "x-studio-trouble" not in room.get(f"/copy?reader={ADA}").headers
    assert room.studio.mistake is None


def test_a_mistake_before_any_good_picture_is_a_sentence(room: Room) -> None:
    card = room.project / "templates" / "issue" / "card.html"
    card.parent.mkdir(parents=True, exist_ok=True)
    card.write_text("{% if %}", "utf-8")
    answer = room.get(f"/copy?reader={ADA}")
    assert answer.status_code == 200
    assert "card.html, line 1" in answer.text


def test_settings_that_are_broken_leave_those_before(room: Room) -> None:
    before = room.get("/copy").text
    path = room.project / "newsletter.toml"
    whole = path.read_text("utf-8")
    path.write_text(whole.replace('title = "Paper Robots"', "title = "), "utf-8")
    assert room.get("/copy").text == before
    assert "not valid TOML" in (room.studio.mistake.message if room.studio.mistake else "")
    path.write_text(whole.replace("Paper Robots", "Iron Robots"), "utf-8")
    assert "Iron Robots" in room.get("/copy").text
    assert room.studio.mistake is None


@pytest.mark.parametrize(
    ("message", "file", "line"),
    [
        ("/a/b/issue/card.html, line 3: 'x' is undefined. Nothing was sent.", "/a/b/issue/card.html", 3),
        ("templates/issue/issue.mjml, line 12: mismatched tag.", "templates/issue/issue.mjml", 12),
        ("The template /a/b.html cannot be read: no.", "", ""),
        ("weekly-2026-11-27 is nobody's.", "", ""),
    ],
)
def test_a_place_is_found_in_a_message(message: str, file: str, line: int | str) -> None:
    mistake = in_place(message)
    assert (mistake.file, mistake.line) == (file, line)
    assert not mistake.message.endswith("Nothing was sent.")
