"""Settings: from the file, overruled by variables, and every mistake named."""

import json
from pathlib import Path

import pytest

from newsletter.errors import ProjectError, SettingsError
from newsletter.settings import FILE, Settings, load, table
from subscribers.cadence import Cadence, parse_cadence

SECRET = "hunter2-correct-horse"


def write(project: Path, text: str) -> Path:
    (project / FILE).write_text(text, encoding="utf-8")
    return project


def refusal(project: Path, text: str) -> str:
    with pytest.raises(SettingsError) as error:
        load(write(project, text))
    return str(error.value)


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    settings = load(write(tmp_path, ""))
    assert settings == Settings()
    assert settings.delivery.transport == "folder"
    assert settings.sources == ()
    assert settings.cadence.cadence() == parse_cadence("weekly", "friday", "08:00", "UTC")


def test_the_file_overrules_the_defaults(tmp_path: Path) -> None:
    text = """
        title = "Kaffee & Papers 🧬"
        address = "news@bücher.example"
        base_url = "https://news.example.org/letters/"
        [cadence]
        frequency = "monthly"
        day = 5
        at = "7"
        timezone = "Europe/Paris"
        [[sources]]
        name = "cs.AI"
        location = "https://rss.example.org/cs.AI"
        [[sources]]
        name = "saved pages"
        location = "pages"
        kind = "papers-page"
        year = 2025
    """
    settings = load(write(tmp_path, text))
    assert settings.title == "Kaffee & Papers 🧬"
    assert (settings.address, settings.domain) == ("news@xn--bcher-kva.example", "xn--bcher-kva.example")
    assert settings.base_url == "https://news.example.org/letters"
    assert settings.cadence.cadence() == parse_cadence("monthly", "5", "07:00", "Europe/Paris")
    kinds = [(source.name, source.kind, source.year) for source in settings.sources]
    assert kinds == [("cs.AI", "auto", None), ("saved pages", "papers-page", 2025)]


def test_variables_overrule_the_file_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_TITLE", "From outside")
    monkeypatch.setenv("NEWSLETTER_POSTAL_ADDRESS", "1 Long Lane")
    monkeypatch.setenv("NEWSLETTER_SMTP_PORT", "2525")
    monkeypatch.setenv("NEWSLETTER_SMTP_PASSWORD", SECRET)
    monkeypatch.setenv("NEWSLETTER_ISSUE_MAX_LATENESS_HOURS", "12")
    settings = load(write(tmp_path, 'title = "Inside"\n[smtp]\nhost = "mail.example.org"\nport = 25'))
    assert (settings.title, settings.postal_address) == ("From outside", "1 Long Lane")
    assert (settings.smtp.host, settings.smtp.port) == ("mail.example.org", 2525)
    assert settings.smtp.password.get_secret_value() == SECRET
    assert settings.issue.max_lateness_hours == 12


def test_sources_may_come_from_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_SOURCES", '[{"name": "a", "location": "b"}]')
    assert [source.name for source in load(write(tmp_path, "")).sources] == ["a"]
    monkeypatch.setenv("NEWSLETTER_SOURCES", "a, b")
    assert "The variable NEWSLETTER_SOURCES is not JSON" in refusal(tmp_path, "")
    monkeypatch.delenv("NEWSLETTER_SOURCES")
    monkeypatch.setenv("NEWSLETTER_PACING_DOMAINS", "gmail.com 3")
    assert "The variable NEWSLETTER_PACING_DOMAINS is not JSON" in refusal(tmp_path, "")


def test_the_variable_that_names_the_project_is_no_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_PROJECT", str(tmp_path))
    assert load(write(tmp_path, "")) == Settings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('titel = "x"', "titel in {file} is no setting. Did you mean title?"),
        ('[smpt]\nhost = "x"', "smpt in {file} is no setting. Did you mean smtp?"),
        ('[smtp]\nhots = "x"', "smtp.hots in {file} is no setting. Did you mean smtp.host?"),
        (
            '[[sources]]\nname = "a"\nlocation = "b"\nlocaton = "c"',
            "sources.0.locaton in {file} is no setting. Did you mean sources.0.location?",
        ),
        ("zzzzzz = 1", "zzzzzz in {file} is no setting. Remove it or mend its name."),
        ('[[sources]]\nname = "a"', "sources.0.location is missing in {file}. Add it."),
    ],
)
def test_an_unknown_or_missing_key_is_named_with_its_place_and_a_suggestion(
    tmp_path: Path, text: str, expected: str
) -> None:
    assert expected.format(file=tmp_path / FILE) in refusal(tmp_path, text)


def test_an_unknown_variable_is_named_with_a_suggestion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_SMPT_PASSWORD", SECRET)
    told = refusal(tmp_path, "")
    assert "The variable NEWSLETTER_SMPT_PASSWORD is no setting. Did you mean NEWSLETTER_SMTP_PASSWORD?" in told
    assert SECRET not in told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('title = "a\\nb"', "title in {file} is wrong: write it in one line"),
        ("title = 5", "title in {file} is wrong: input should be a valid string"),
        ('address = "nobody"', "address in {file} is wrong: 'nobody' is not an email address"),
        ('base_url = "http://example.org"', "base_url in {file} is wrong: write an https:// address"),
        ('base_url = "https://example.org/?a=b"', "base_url in {file} is wrong"),
        ('brand = "red"', "brand in {file} is wrong: write a colour as #a8401c"),
        ('language = "English"', "language in {file} is wrong"),
        ('search_url = "https://example.org"', "search_url in {file} is wrong: write a URL that holds {{title}}"),
        ("[issue]\npicks = 0", "issue.picks in {file} is wrong: input should be greater than or equal to 1"),
        ("[smtp]\nport = 70000", "smtp.port in {file} is wrong"),
        (
            '[delivery]\ntransport = "pigeon"',
            "delivery.transport in {file} is wrong: input should be 'folder' or 'smtp'",
        ),
        ('[cadence]\nfrequency = "hourly"', "cadence.frequency in {file} is wrong"),
        ('[cadence]\nat = "25:00"', "cadence.at in {file} is wrong: '25:00' is no time of day"),
        ('[cadence]\ntimezone = "Mars"', "cadence.timezone in {file} is wrong: 'Mars' is no time zone"),
        ("[cadence]\nday = 3.5", "cadence.day in {file} is wrong: input should be a valid string"),
        ("[cadence]\nday = true", "cadence.day in {file} is wrong: input should be a valid string"),
        ('[cadence]\nday = "freitag"', "cadence in {file}: 'freitag' is no weekday"),
        ('[cadence]\nfrequency = "monthly"', "cadence in {file}: 'friday' is no day of a month"),
        ('[[sources]]\nname = "<b>"\nlocation = "x"', "sources.0.name in {file} is wrong"),
        ('[[sources]]\nname = "a"\nlocation = ""', "sources.0.location in {file} is wrong"),
        ('[[sources]]\nname = "a"\nlocation = "x"\nkind = "rss"', "sources.0.kind in {file} is wrong"),
        ('[[sources]]\nname = "a"\nlocation = "x"\nyear = 25', "sources.0.year in {file} is wrong"),
        ('sources = "x"', "sources in {file} is wrong"),
        ('smtp = "x"', "smtp in {file} is wrong"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert expected.format(file=tmp_path / FILE) in refusal(tmp_path, text)


def test_a_wrong_value_in_a_variable_names_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_SMTP_PORT", "many")
    assert "smtp.port in the variable NEWSLETTER_SMTP_PORT is wrong" in refusal(tmp_path, "[smtp]\nport = 25")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    told = refusal(tmp_path, 'titel = "x"\nbrand = "red"\n[issue]\npicks = 0')
    assert len(told.splitlines()) == 3


@pytest.mark.parametrize(
    "text",
    [
        f'[smtp]\npassword = ["{SECRET}"]',
        f'[smtp]\npassword = {{ text = "{SECRET}" }}',
        f'[smtp]\npasword = "{SECRET}"',
        f'smtp = "{SECRET}"',
        f'[smtp]\npassword = "{SECRET}"\nport = "many"',
        f'[smtp]\npassword = "{SECRET}" nonsense',
        f'[smtp]\npassword = "{SECRET}',
        f"[smtp]\npassword = {SECRET}",
    ],
)
def test_no_error_shows_a_secret(tmp_path: Path, text: str) -> None:
    assert SECRET not in refusal(tmp_path, text)


def test_settings_never_show_their_secrets(tmp_path: Path) -> None:
    settings = load(write(tmp_path, f'[smtp]\npassword = "{SECRET}"'))
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert settings.smtp.password.get_secret_value() == SECRET


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = load(write(tmp_path, ""))
    with pytest.raises(ValueError, match="frozen"):
        settings.title = "Another"  # type: ignore[misc]


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    told = refusal(tmp_path, 'title = "x"\nbrand = ')
    assert f"{tmp_path / FILE} is not valid TOML" in told
    assert "line 2" in told or "end of document" in told


def test_a_file_that_is_not_utf8_is_told_with_the_place(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b'title = "caf\xe9"')
    with pytest.raises(SettingsError, match=r"is not UTF-8 text \(byte 12\)"):
        load(tmp_path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert load(write(tmp_path, '\ufefftitle = "x"\r\n')).title == "x"


@pytest.mark.parametrize("place", [".", "no/such/folder"])
def test_a_folder_without_settings_is_no_newsletter(tmp_path: Path, place: str) -> None:
    with pytest.raises(ProjectError, match=r"There is no newsletter\.toml in .*`newsletter init`"):
        load(tmp_path / place)


def test_settings_that_are_no_file_are_told(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(ProjectError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    twins = '[[sources]]\nname = "a"\nlocation = "x"\n' * 2
    assert "has two sources named 'a'. Rename one." in refusal(tmp_path, twins)


def test_the_table_lists_every_setting_with_its_help_and_default(tmp_path: Path) -> None:
    rows = {row.name: row for row in table()}
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        expected = {f"{name}.{key}" for key in inner} if inner else {name} - {"sources"}
        assert expected <= set(rows)
    assert all(row.help for row in rows.values())
    secrets = ["smtp.password", "web.studio_password", "mailbox.imap_password"]
    secrets += ["webhooks.postmark_password", "webhooks.mailgun_key"]
    assert [row.name for row in rows.values() if row.secret] == secrets
    assert (rows["smtp.port"].default, rows["smtp.port"].variable) == (587, "NEWSLETTER_SMTP_PORT")


def test_every_row_of_the_table_can_be_given_as_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for row in table():
        value = json.dumps(row.default) if isinstance(row.default, dict) else str(row.default)
        monkeypatch.setenv(row.variable, value)
    assert load(write(tmp_path, "")) == Settings()


def test_the_default_cadence_is_a_cadence() -> None:
    assert isinstance(Settings().cadence.cadence(), Cadence)


def test_the_operator_is_another_address_than_the_one_that_is_read(tmp_path: Path) -> None:
    text = 'address = "papers@example.org"\n[mailbox]\noperator = "Papers@example.org"\n'
    (tmp_path / "newsletter.toml").write_text(text, "utf-8")
    assert load(tmp_path).mailbox.operator
    (tmp_path / "newsletter.toml").write_text(text + 'receive = "imap"\n', "utf-8")
    with pytest.raises(SettingsError, match=r"mailbox\.operator .* own address"):
        load(tmp_path)
