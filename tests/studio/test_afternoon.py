"""An editor's whole afternoon: `newsletter preview` as people start it, a real browser, a real mail server.

Nothing is faked: the clock, the model and the processes are the machine's own.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Self

import pytest
from browsing import CHROMIUM, FLAGS, Desk
from mailserver import MailServer, mail_server
from newsroom import make_project, parsed
from playwright.sync_api import expect, sync_playwright

pytestmark = pytest.mark.slow

ADA, BO = "ada@example.org", "bo@example.org"
ME = "editor@example.org"
HEAD = "templates/issue/head.html"


class Preview:
    """`newsletter preview` in a process of its own."""

    def __init__(self, project: Path) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "newsletter", "preview", "--port", "0", "--no-open", "--project", str(project)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.child.stdout
        self.address = next(word for line in self.child.stdout for word in line.split() if word.startswith("http"))
        # What else it says must not fill the pipe.
        self._rest = Thread(target=self.child.stdout.read)
        self._rest.start()

    def end(self) -> int:
        """Ctrl-C."""
        self.child.terminate()
        return self.child.wait(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self.child:
            self.child.kill()
            self._rest.join()


def newsletter(project: Path, *arguments: str) -> str:
    """Run a command as a person would."""
    command = [sys.executable, "-m", "newsletter", *arguments, "--project", str(project)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended.stdout


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, server: MailServer) -> Path:
    made = make_project(
        tmp_path / "paper-robots",
        f'[delivery]\ntransport = "smtp"\n[smtp]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n',
        entries=40,
    )
    newsletter(made, "pull")
    for address, name, interest in ((ADA, "Ada", "walking robots with legs"), (BO, "Bo", "tumours in brain scans")):
        newsletter(made, "subscribers", "add", address, "--name", name, "--interest", interest)
    # The model reads what has come in; from here on it is known.
    newsletter(made, "send", "--now", "--dry-run")
    return made


def without_date(message: bytes) -> bytes:
    """The message but for the moment at which it left: `send --now` is ahead of the hour that a preview bears."""
    return re.sub(rb"\r\nDate: [^\r]*", b"", message, count=1)


def test_the_afternoon(project: Path, server: MailServer, tmp_path: Path) -> None:
    shipped = Path(__file__).resolve().parents[2] / HEAD
    own = project / HEAD
    with Preview(project) as preview, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        desk = Desk(browser, project, preview.address)
        page = desk.page
        # The key leads to an address of its own.

        # She opens the desk, and finds a reader.
        issue = page.locator("#top").get_attribute("data-issue") or ""
        assert issue.startswith("weekly-")
        page.keyboard.press("/")
        page.keyboard.type("ada")
        expect(page.locator("#total")).to_have_text("1")
        page.locator("#readers").get_by_text("Ada", exact=True).click()
        desk.shows("Because you follow walking robots with legs")

        # She imagines one: somebody on a phone, in the dark.
        page.locator("#search input").fill("")
        expect(page.locator("#total")).to_have_text("2")
        page.get_by_text("Imagined reader").first.click()
        page.locator("#imagine textarea").fill("forests seen from satellites\nnot: tumours")
        desk.shows("Because you follow forests seen from satellites")
        page.get_by_text("Phone", exact=True).click()
        page.get_by_text("Dark", exact=True).click()
        desk.loaded()
        assert desk.mail().evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 17, 16)"
        desk.open(issue=issue, reader=ADA)

        # She changes a template in her own editor, and sees it.
        text = shipped.read_text("utf-8")
        own.parent.mkdir(parents=True)
        own.write_text(text.replace("Your no.", "Your own no."), "utf-8")
        desk.shows("Your own no.")
        # A slip of the hand is told with file and line, over the last good picture; then it is mended.
        own.write_text(text.replace("Your no. {{ reader.number }}", "Your own no. {{ reader.number"), "utf-8")
        trouble = page.locator("#trouble")
        expect(trouble).to_contain_text("head.html")
        expect(trouble).to_contain_text("Your own no. {{ reader.number")
        desk.shows("Your own no.")
        own.write_text(text.replace("Your no.", "For you, no."), "utf-8")
        expect(trouble).to_be_hidden()
        desk.shows("For you, no.")
        # All that the browser had to complain about is that there were no picks meanwhile.
        assert all("400" in complaint for complaint in desk.complaints)
        desk.complaints.clear()

        # A check finds that the intro is not finished, and says where; she writes it.
        (project / "issues").mkdir(exist_ok=True)
        (project / "issues" / f"{issue}.md").write_text("TODO: say something about robots\n", "utf-8")
        desk.shows("TODO")
        page.keyboard.press("1")
        checks = page.locator("#panel-checks")
        expect(checks).to_contain_text("TODO")
        page.keyboard.press("3")
        intro = page.locator("#intro-form textarea")
        expect(intro).to_have_value("TODO: say something about robots")
        intro.fill("Robots *walk* this week.")
        expect(page.locator("#intro-proof em")).to_have_text("walk")
        intro.press("Control+Enter")
        desk.shows("Robots walk this week.")
        assert "Robots *walk* this week." in (project / "issues" / f"{issue}.md").read_text("utf-8")
        page.keyboard.press("Escape")
        page.locator("#tab-checks").click()
        expect(checks).not_to_contain_text("TODO")

        # She pins what everybody should read, drops what nobody should, and mends a title.
        page.locator("#tab-picks").click()
        picks = page.locator("#panel-picks")
        last = picks.locator("ol li").last
        pinned = last.locator("h3").inner_text()
        last.get_by_role("button", name="Pin: ").click()
        expect(picks.locator("ol li").first.locator("h3")).to_have_text(pinned)
        second = picks.locator("ol li").nth(1)
        dropped = second.locator("h3").inner_text()
        second.get_by_role("button", name="Drop: ").click()
        expect(picks).to_contain_text("Dropped by you")
        expect(picks.locator("ol")).not_to_contain_text(dropped)
        first = picks.locator("ol li").first
        first.get_by_role("button", name="Edit: ").click()
        first.locator("textarea[name=title]").fill("A title of the editor’s own")
        first.get_by_role("button", name="Keep for this issue").click()
        desk.shows("A title of the editor’s own")

        # She lays Ada's beside Bo's.
        page.locator("#mail").click(position={"x": 4, "y": 4})
        page.keyboard.press("c")
        page.locator("#comparison [name=with]").fill(BO)
        page.locator("#comparison").get_by_role("button", name="Compare").click()
        desk.shows("walking robots with legs", 0)
        desk.shows("tumours in brain scans", 1)
        page.keyboard.press("c")

        # She sends herself a test, which comes.
        page.get_by_role("button", name="Send me a test").click()
        page.locator("#dialog-test [name=to]").fill(ME)
        page.get_by_role("button", name="Send the test").click()
        desk.waits_for(lambda: len(server.accepted) == 1)
        assert server.accepted[0].recipients == (ME,)
        test = parsed(server.accepted[0].content)
        assert str(test["subject"]).startswith("[Test] A title of the editor’s own")

        # She looks once more, at the message itself, and releases it.
        previewed = {}
        for reader in (ADA, BO):
            page.goto(f"{desk.home}?issue={issue}&reader={reader}&part=source")
            source = page.locator("#part pre")
            expect(source).to_contain_text(f"<{reader}>")
            previewed[reader] = source.text_content() or ""
        page.keyboard.press("r")
        page.locator("#dialog-release").get_by_role("button", name="Release it").click()
        assert "released" in desk.said() or "goes out" in desk.said()
        assert not desk.complaints
        desk.close()
        browser.close()
        assert preview.end() == 0

    # What she saw is what they get.
    newsletter(project, "send", "--now")
    sent = {message.recipients[0]: message.content for message in server.accepted[1:]}
    assert sent.keys() == {ADA, BO}
    for reader, message in sent.items():
        assert without_date(message) == without_date(previewed[reader].replace("\n", "\r\n").encode())
    body = parsed(sent[ADA]).get_body(("plain",))
    assert body
    said = body.get_content()
    assert "Robots *walk* this week." in said
    assert dropped not in said
    # And the desk of the next day shows that very message.
    out = project / "out"
    newsletter(project, "preview", "--issue", issue, "--subscriber", ADA, "--no-open", "--out", str(out))
    [accepted] = [one.content for one in server.accepted if one.recipients == (ADA,)]
    assert (out / "issue.eml").read_bytes() == accepted
