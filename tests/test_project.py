"""A newsletter's folder: making one, and writing its settings without losing a comment."""

import stat
import tomllib
from pathlib import Path

import pytest

from newsletter.errors import ProjectError, SettingsError
from newsletter.project import add_source, add_sources, create
from newsletter.sections import SourceSettings
from newsletter.settings import FILE, Settings, load, table

ARXIV = SourceSettings(name="arXiv", location="https://rss.arxiv.org/rss/cs.AI")


def test_a_new_folder_has_settings_and_a_place_for_templates_and_intros(tmp_path: Path) -> None:
    path = create(tmp_path / "deep" / "folder", title='The "Paper" Röbots \\ 中文')
    assert path == tmp_path / "deep" / "folder" / FILE
    assert load(path.parent).title == 'The "Paper" Röbots \\ 中文'
    assert (path.parent / "templates").is_dir()
    assert (path.parent / "issues").is_dir()


def test_what_is_written_is_every_setting_with_its_default_and_no_secret(tmp_path: Path) -> None:
    text = create(tmp_path).read_text("utf-8")
    assert load(tmp_path) == Settings()
    written = tomllib.loads(text)
    for row in table():
        section, _, name = row.name.rpartition(".")
        values = written[section] if section else written
        if row.secret:
            assert name not in values
            assert f'# {name} = ""' in text
        else:
            assert values[name] == row.default
        assert row.help.split()[0] in text


def test_every_line_may_be_taken_out(tmp_path: Path) -> None:
    path = create(tmp_path)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    for n, line in enumerate(lines):
        if " = " in line and not line.startswith("#"):
            path.write_text("".join(lines[:n] + lines[n + 1 :]), "utf-8")
            assert load(tmp_path) == Settings()


def test_a_folder_that_has_a_newsletter_is_left_alone(tmp_path: Path) -> None:
    path = create(tmp_path, title="First")
    before = path.read_bytes()
    with pytest.raises(ProjectError, match=r"newsletter\.toml exists already"):
        create(tmp_path, title="Second")
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match=r"cannot be made: .*Name another folder"):
        create(tmp_path / "file" / "folder")


@pytest.mark.parametrize("title", ["two\nlines", "a\x7fb", "x" * 201, "\udcff"])
def test_a_title_that_cannot_be_one_leaves_no_newsletter_behind(tmp_path: Path, title: str) -> None:
    with pytest.raises(SettingsError, match="title"):
        create(tmp_path / "new", title=title)
    assert not (tmp_path / "new" / FILE).exists()


def test_a_source_is_added_and_every_comment_stays(tmp_path: Path) -> None:
    path = create(tmp_path)
    path.write_text(path.read_text("utf-8").replace('title = "My newsletter"', 'title   =   "Mine" # ours'), "utf-8")
    before = path.read_text("utf-8")
    add_source(tmp_path, ARXIV)
    add_source(tmp_path, SourceSettings(name="pages", location="pages", kind="papers-page", year=2025))
    after = path.read_text("utf-8")
    assert after.startswith(before.rstrip("\n"))
    assert load(tmp_path).sources == (
        ARXIV,
        SourceSettings(name="pages", location="pages", kind="papers-page", year=2025),
    )


@pytest.mark.parametrize(
    "text",
    [
        'title = "x"\n\n[[sources]] # mine\nname = "one"\nlocation = "a"\n\n[issue] # last\npicks = 5\n',
        '[[sources]]\nname = "one"\nlocation = "a"\nkind = "auto"\n# mine\n',
        'sources = []\ntitle = "x"\n',
        'sources = [{name = "one", location = "a"}] # mine\n\n[issue]\npicks = 5\n',
        'sources = [\n  {name = "one", location = "a"}, # mine\n]\n',
        "",
        "\ufefftitle = 'x'\r\n# mine\r\n[issue]\r\npicks = 5\r\n",
    ],
)
def test_sources_are_added_to_whatever_way_of_writing_them(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, "utf-8")
    before = load(tmp_path)
    add_source(tmp_path, ARXIV)
    after = load(tmp_path)
    assert after.sources == (*before.sources, ARXIV)
    assert after.model_copy(update={"sources": before.sources}) == before
    assert ("# mine" in text) == ("# mine" in (tmp_path / FILE).read_text("utf-8"))


def test_a_name_that_is_taken_changes_nothing(tmp_path: Path) -> None:
    create(tmp_path)
    add_source(tmp_path, ARXIV)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(SettingsError, match=r"A source named 'arXiv' is in .* already.*--name"):
        add_source(tmp_path, SourceSettings(name="arXiv", location="elsewhere"))
    assert (tmp_path / FILE).read_bytes() == before


def test_a_file_that_only_its_owner_may_read_stays_so(tmp_path: Path) -> None:
    path = create(tmp_path)
    path.chmod(0o600)
    add_source(tmp_path, ARXIV)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.with_suffix(".part").exists()


def test_a_file_behind_a_link_is_written_where_it_is(tmp_path: Path) -> None:
    create(tmp_path / "elsewhere")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / FILE).symlink_to(tmp_path / "elsewhere" / FILE)
    add_source(tmp_path / "here", ARXIV)
    assert (tmp_path / "here" / FILE).is_symlink()
    assert load(tmp_path / "elsewhere").sources == (ARXIV,)


@pytest.mark.parametrize("text", ["# mine\n", "# mine\nsources = [{name = 'x', location = 'y'}]\n"])
def test_many_sources_are_added_at_once(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, "utf-8")
    before = load(tmp_path).sources
    added = [SourceSettings(name=f"Source {n}", location=f"https://{n}.example.org/feed") for n in range(300)]
    add_sources(tmp_path, added)
    assert load(tmp_path).sources == (*before, *added)
    assert "# mine" in (tmp_path / FILE).read_text("utf-8")


@pytest.mark.parametrize("name", ["arXiv", "Second"])
def test_of_many_sources_none_is_added_where_one_cannot_be(tmp_path: Path, name: str) -> None:
    create(tmp_path)
    add_source(tmp_path, ARXIV)
    before = (tmp_path / FILE).read_bytes()
    second = SourceSettings(name="Second", location="https://second.example.org/feed")
    with pytest.raises(SettingsError, match=f"A source named '{name}'"):
        add_sources(tmp_path, [second, SourceSettings(name=name, location="elsewhere")])
    assert (tmp_path / FILE).read_bytes() == before
