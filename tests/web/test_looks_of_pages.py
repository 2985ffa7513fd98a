"""The pages wear the look that mails wear: theme, logo, direction."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from newsroom import SETTINGS, make_project
from starlette.testclient import TestClient

from newsletter.errors import TemplateError
from newsletter.rendering.themes import THEMES
from newsletter.web.app import create_app


@contextmanager
def pages(folder: Path, more: str = "") -> Iterator[TestClient]:
    make_project(folder, settings=SETTINGS + more)
    with TestClient(create_app(folder)) as client:
        yield client


@pytest.mark.parametrize("theme", THEMES)
def test_the_style_is_the_themes(tmp_path: Path, theme: str) -> None:
    with pages(tmp_path, f'look.theme = "{theme}"\nlook.serif = "Charter, serif"\n') as client:
        style = client.get("/page.css").text
    assert f"--sheet: {THEMES[theme].day.sheet}" in style
    assert f"--sheet: {THEMES[theme].night.sheet}" in style
    assert "--serif: Charter, serif;" in style
    assert "look." not in style


def test_a_logo_is_shown_in_the_titles_place_and_nothing_else_may_be(tmp_path: Path) -> None:
    with pages(tmp_path, 'look.logo = "https://example.org:8443/a.png?b=1&c=2"\n') as client:
        page = client.get("/privacy")
    assert '<img src="https://example.org:8443/a.png?b=1&amp;c=2" alt="Paper Robots">' in page.text
    assert "; img-src https://example.org:8443; " in page.headers["content-security-policy"]


def test_without_a_logo_pages_show_no_picture(tmp_path: Path) -> None:
    with pages(tmp_path) as client:
        page = client.get("/privacy")
    assert "<img" not in page.text
    assert "img-src" not in page.headers["content-security-policy"]


@pytest.mark.parametrize(("language", "start"), [("en", '<html lang="en">'), ("he", '<html lang="he" dir="rtl">')])
def test_a_page_is_mirrored_where_people_read_from_the_right(tmp_path: Path, language: str, start: str) -> None:
    with pages(tmp_path, f'language = "{language}"\n') as client:
        assert start in client.get("/").text


@pytest.mark.parametrize("name", ["leave.html", "page.css"])
def test_a_part_of_the_look_that_there_is_not_is_told_at_the_start(tmp_path: Path, name: str) -> None:
    own = tmp_path / "templates" / "web"
    own.mkdir(parents=True)
    (own / name).write_text("a\n{{ look.inc }}\n", "utf-8")
    with (
        pytest.raises(TemplateError, match=rf"{name}, line 2: there is no look\.inc\. Did you mean look\.ink\?"),
        pages(tmp_path),
    ):
        pass
