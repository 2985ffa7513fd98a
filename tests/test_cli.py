"""The command line: making a newsletter, its sources and its readers; JSON, exit status, sentences."""

from pathlib import Path

import pytest
from commandline import ADA, Run, fails
from newsroom import entry, make_project, write_entries

# -- init, and where the project is


def test_init_makes_a_newsletter_that_the_next_commands_find(run: Run, tmp_path: Path) -> None:
    made = run("init", tmp_path / "news", "--title", "Paper Robots")
    assert made.status == 0
    assert "newsletter.toml" in made.out
    assert 'title = "Paper Robots"' in (tmp_path / "news" / "newsletter.toml").read_text()
    assert run("status", "--project", tmp_path / "news", "--json").json["entries"] == 0


def test_init_twice_changes_nothing(run: Run, tmp_path: Path) -> None:
    run("init", tmp_path / "news")
    before = (tmp_path / "news" / "newsletter.toml").read_bytes()
    fails(run("init", tmp_path / "news", "--title", "Other"), "exists already", "Name another folder")
    assert (tmp_path / "news" / "newsletter.toml").read_bytes() == before


def test_the_project_is_here_or_named_or_in_a_variable(
    run: Run, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("pull", "--json").json["entries"] == 12
    monkeypatch.chdir("/")
    fails(run("status"), "There is no newsletter.toml in /", "--project", "newsletter init")
    assert run("status", "--project", project, "--json").json["entries"] == 12
    monkeypatch.setenv("NEWSLETTER_PROJECT", str(project))
    assert run("status", "--json").json["entries"] == 12
    make_project(tmp_path / "other")
    assert run("status", "--project", tmp_path / "other", "--json").json["entries"] == 0


def test_version_and_help(run: Run) -> None:
    assert run("--version").out.startswith("newsletter 0.")
    shown = run("--help").out
    for command in ("demo", "init", "pull", "sources", "subscribers", "issue", "preview", "send", "status"):
        assert command in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["pull", "--no-such-option"],
        ["subscribers", "add"],
        ["subscribers", "add", ADA, "--weekly", "friday"],
        ["subscribers", "add", ADA, "--daily", "08:00", "--weekly", "friday", "08:00"],
        ["sources", "add", "papers.jsonl", "--year", "soon"],
    ],
)
def test_a_wrong_command_line_is_status_2(run: Run, project: Path, arguments: list[str]) -> None:
    fails(run(*arguments), status=2)


# -- pull and sources


def test_pull_as_json_has_the_promised_shape(run: Run, project: Path) -> None:
    write_entries(project, [entry(1), {"title": ""}])
    promised = ("name", "new", "known", "skipped", "error", "unchanged", "moved_to")

    def pull() -> tuple[object, ...]:
        found = run("pull", "--json").json
        (source,) = found["sources"]
        return *(source[key] for key in promised), found["entries"]

    assert pull() == ("papers", 1, 0, 1, None, False, None, 1)
    assert pull() == ("papers", 0, 0, 0, None, True, None, 1)
    assert "papers: nothing has changed" in run("pull").out


def test_pull_tells_a_person_what_came_and_what_was_skipped(run: Run, project: Path) -> None:
    write_entries(project, [entry(1), *[{"title": ""}] * 9])
    ran = run("pull")
    assert ran.status == 0
    assert "papers: 1 new, 0 known, 9 skipped" in ran.out
    assert "line 2: it has no title" in ran.out.replace("“", "").replace("”", "")
    assert "and 4 more" in ran.out


def test_a_source_that_fails_is_status_3_and_the_others_are_pulled(run: Run, tmp_path: Path) -> None:
    make_project(tmp_path, '\n[[sources]]\nname = "gone"\nlocation = "gone.xml"\n')
    ran = run("pull", "--project", tmp_path)
    assert ran.status == 3
    assert "gone: " in ran.err
    assert "12 entries in all" in ran.out
    ran = run("pull", "--project", tmp_path, "--json")
    assert ran.status == 3
    assert [source["error"] is None for source in ran.json["sources"]] == [False, True]


def test_pull_without_sources(run: Run, tmp_path: Path) -> None:
    run("init", tmp_path / "news")
    assert "There are no sources yet" in run("pull", "--project", tmp_path / "news").out


def test_sources_of_all_kinds_are_added_and_comments_stay(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = project / "newsletter.toml"
    settings.write_text("# my own words\n" + settings.read_text())
    (project / "pages").mkdir()
    (project / "pages" / "p2025.txt").write_text(
        f"Get trending papers in your email inbox!\n\nMar 11\n\nA title\n\n{'Some long abstract. ' * 20}\n"
    )
    write_entries(project, [entry(50)], "more.jsonl")
    # As seen from where one stands, not from the project.
    monkeypatch.chdir(project.parent)
    added = run("sources", "add", "news/pages", "--year", "2025", "--project", "news")
    assert (added.status, "Added 'pages': it holds 1 now" in added.out) == (0, True)
    assert run("sources", "add", "news/more.jsonl", "--name", "More", "--project", "news").status == 0
    text = settings.read_text()
    assert text.startswith("# my own words\n")
    assert 'location = "pages"' in text
    assert 'location = "more.jsonl"' in text
    assert run("pull", "--project", "news", "--json").json["entries"] == 14
    listed = run("sources", "list", "--project", "news", "--json").json
    assert [(one["name"], one["entries"], one["error"]) for one in listed] == [
        ("papers", 12, None),
        ("pages", 1, None),
        ("More", 1, None),
    ]
    assert all(one["pulled_at"] and one["location"] for one in listed)
    assert "papers" in run("sources", "list", "--project", "news").out


def test_a_file_outside_the_project_is_kept_with_its_whole_path(run: Run, project: Path, tmp_path: Path) -> None:
    write_entries(tmp_path, [entry(50)], "out side.jsonl")
    assert run("sources", "add", "../out side.jsonl").status == 0
    assert f'location = "{tmp_path}/out side.jsonl"' in (project / "newsletter.toml").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["papers.jsonl", "--name", "papers"], ["papers", "--name"]),
        (["no-such-file.xml"], ["no-such-file.xml was not added"]),
        (["http://127.0.0.1:9/feed"], ["http://127.0.0.1:9/feed was not added"]),
        (["papers.jsonl", "--name", "x", "--kind", "pigeon"], ["--kind"]),
        (["papers.jsonl", "--name", "x", "--year", "1"], ["--year"]),
        (["papers.jsonl", "--name", "<b>"], ["--name"]),
        (["papers.jsonl", "--name", "x", "--kind", "feed"], ["was not added"]),
    ],
)
def test_a_source_that_cannot_be_added_changes_nothing(
    run: Run, project: Path, arguments: list[str], words: list[str]
) -> None:
    before = (project / "newsletter.toml").read_bytes()
    fails(run("sources", "add", *arguments), *words)
    assert (project / "newsletter.toml").read_bytes() == before


def test_sources_are_checked_without_storing(run: Run, project: Path) -> None:
    checked = run("sources", "check")
    assert (checked.status, "papers: 12 entries, such as" in checked.out) == (0, True)
    assert run("status", "--json").json["entries"] == 0
    fails(run("sources", "check", "other"), "There is no source named 'other'")
    (project / "papers.jsonl").unlink()
    checked = run("sources", "check", "papers")
    assert (checked.status, "papers: " in checked.err) == (3, True)


# -- subscribers


def test_subscribers_are_added_listed_shown_and_removed(run: Run, project: Path) -> None:
    options = ["--interest", "graph networks", "--interest", "not: surveys", "--weekly", "monday", "8:30"]
    added = run("subscribers", "add", "Ada@EXAMPLE.org", *options, "--timezone", "Europe/Paris", "--name", "Ada")
    assert (added.status, added.out) == (
        0,
        "Added Ada@example.org: weekly on Mondays at 08:30, Europe/Paris.\n",
    )
    (person,) = run("subscribers", "list", "--json").json
    assert person["created_at"] == person["confirmed_at"]
    expected = {
        "email": "Ada@example.org",
        "name": "Ada",
        "state": "active",
        "frequency": "weekly",
        "day": 1,
        "at": "08:30",
        "timezone": "Europe/Paris",
        "interests": ["graph networks", "not: surveys"],
    }
    assert person | expected == person
    assert "graph networks, not: surveys" in run("subscribers", "list").out
    shown = run("subscribers", "show", ADA)
    assert "mutes  surveys" in shown.out
    assert "The operator states" in shown.out
    assert run("subscribers", "show", ADA, "--json").json["evidence"][0]["origin"] == "operator"
    assert run("subscribers", "remove", ADA, "--json").json == {"removed": ADA}
    assert run("subscribers", "list", "--json").json == []
    assert "Nobody yet" in run("subscribers", "list").out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ("weekly", 5, "08:00", "UTC")),
        (["--daily", "7:15"], ("daily", 0, "07:15", "UTC")),
        (["--monthly", "31", "9"], ("monthly", 31, "09:00", "UTC")),
        (["--timezone", "Asia/Tokyo"], ("weekly", 5, "08:00", "Asia/Tokyo")),
    ],
)
def test_a_cadence_is_what_was_asked_for_else_the_settings(
    run: Run, project: Path, options: list[str], expected: tuple[object, ...]
) -> None:
    added = run("subscribers", "add", ADA, *options, "--json").json
    assert (added["frequency"], added["day"], added["at"], added["timezone"]) == expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-address"], ["'no-address' is not an email address"]),
        (['"ada lovelace"@'], ["is not an email address"]),
        (["a" * 300 + "@example.org"], ["is not an email address"]),
        (["ada@example.org\r\nBcc: eve@example.org"], ["is not an email address"]),
        (["ädä@example.org"], ["letters outside ASCII before the @"]),
        ([ADA, "--interest", "x" * 5_000], ["5,000 characters; 300 is the most"]),
        ([ADA, "--interest", "🤖🤖"], ["holds no word"]),
        ([ADA, "--interest", "not:"], ["holds no word"]),
        ([ADA, "--weekly", "someday", "08:00"], ["'someday' is no weekday; write monday to sunday"]),
        ([ADA, "--weekly", "friday", "25:00"], ["'25:00' is no time of day"]),
        ([ADA, "--monthly", "32", "08:00"], ["'32' is no day of a month"]),
        ([ADA, "--timezone", "Mars/Olympus"], ["'Mars/Olympus' is no time zone; write it as Europe/Paris"]),
    ],
)
def test_bad_input_about_people_is_a_sentence_and_adds_nobody(
    run: Run, project: Path, arguments: list[str], words: list[str]
) -> None:
    fails(run("subscribers", "add", *arguments), *words)
    assert run("subscribers", "list", "--json").json == []


@pytest.mark.parametrize("address", ["ada+papers@example.org", "ada@bücher.example", "o'hara@example.org"])
def test_odd_addresses_that_are_right_are_taken(run: Run, project: Path, address: str) -> None:
    assert run("subscribers", "add", address).status == 0
    (person,) = run("subscribers", "list", "--json").json
    assert person["email"] == address.replace("bücher", "xn--bcher-kva")
    assert run("subscribers", "show", address).status == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["subscribers", "show", "eve@example.org"],
        ["subscribers", "remove", "eve@example.org"],
        ["preview", "--subscriber", "eve@example.org"],
        ["send", "--now", "--to", "eve@example.org"],
    ],
)
def test_a_stranger_is_a_sentence(run: Run, ready: Path, arguments: list[str]) -> None:
    fails(run(*arguments), "Nobody is subscribed as eve@example.org", "newsletter subscribers add")


def test_adding_twice_is_a_sentence(run: Run, ready: Path) -> None:
    fails(run("subscribers", "add", ADA), "ada@example.org is subscribed already (active)")
