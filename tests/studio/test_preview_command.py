"""`newsletter preview` and `newsletter serve` as the operator starts them: what they print, how they end."""

import http.client
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import WordEmbedder
from deskroom import ADA, ISSUE, NEWS, NOON, PASSWORD, furnish
from newsroom import SETTINGS, Clock
from starlette.testclient import TestClient

from newsletter.errors import IssueError, NewsletterError
from newsletter.settings import load
from newsletter.studio import running
from newsletter.studio.app import Studio, behind_login
from newsletter.studio.running import opening_page
from newsletter.web.app import create_app
from subscribers.errors import UnknownSubscriber


@contextmanager
def previewing(project: Path, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", int, str]]:
    """The process, its port, and the path with the key."""
    command = [sys.executable, "-m", "newsletter", "preview", "--project", str(project), "--no-open", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        found = re.search(r"http://127\.0\.0\.1:(\d+)(/\S*)", process.stdout.readline())
        assert found
        yield process, int(found[1]), found[2]
    finally:
        process.kill()
        process.communicate()


def asked(port: int, path: str, **headers: str) -> tuple[int, str, Any]:
    return sent(port, "GET", path, None, headers)


def sent(port: int, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, str, Any]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers


@contextmanager
def listening(port: int, path: str, cookie: str) -> Iterator[None]:
    """A page that listens, and does not end by itself."""
    with socket.create_connection(("127.0.0.1", port)) as page:
        page.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
        assert b"text/event-stream" in page.recv(4096)
        yield


def based(headers: Any) -> str:
    """The path for which the cookie is."""
    return next(str(part.strip()[5:]) for part in headers["set-cookie"].split(";") if part.strip().startswith("Path="))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_told_to_stop_and_ends_well(
    tmp_path: Path, quick_templates: None, number: signal.Signals
) -> None:
    project = furnish(tmp_path)
    with previewing(project, "--port", "0", "--subscriber", ADA) as (process, port, path):
        status, page, headers = asked(port, path)
        assert (status, "reader=ada%40example.org" in page) == (200, True)
        cookie, base = headers["set-cookie"].partition(";")[0], based(headers)
        # Cookies know no ports: a cookie for every path would be handed to whatever else listens on this machine.
        assert len(base) > 20
        assert f'content="0;url={base}/?reader' in page
        assert "Paper Robots" in asked(port, f"{base}/", Cookie=cookie)[1]
        assert "Paper Robots" not in asked(port, "/", Cookie=cookie)[1]
        with listening(port, f"{base}/events", cookie):
            process.send_signal(number)
            assert process.wait(timeout=10) == 0
        assert process.communicate()[1] == ""


@pytest.mark.slow
def test_the_usual_port_is_taken_where_it_is_free_and_another_where_not(
    tmp_path: Path, quick_templates: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = furnish(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        monkeypatch.setattr(running, "PORT", taken)
        with running._listening(None) as free:
            assert free.getsockname()[1] not in (0, taken)
        with pytest.raises(NewsletterError, match=f"cannot be opened on port {taken}"):
            running._listening(taken)
        run = [sys.executable, "-m", "newsletter", "preview", "--project", str(project), "--port", str(taken)]
        ran = subprocess.run(run, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 1
        assert "Name another one" in ran.stderr
    with running._listening(None) as usual:
        assert usual.getsockname()[1] == taken
        assert usual.getsockname()[0] == "127.0.0.1"


def test_a_mistake_is_told_before_a_browser_opens(tmp_path: Path, quick_templates: None) -> None:
    project, opened = furnish(tmp_path), list[str]()
    with pytest.raises(UnknownSubscriber, match="Nobody is subscribed"):
        running.run(project, reader="eve@example.org", ready=opened.append)
    with pytest.raises(IssueError, match="names no issue"):
        running.run(project, issue="soon", ready=opened.append)
    with pytest.raises(IssueError, match="daily-2026-11-27 is not"):
        running.run(project, reader=ADA, issue="daily-2026-11-27", ready=opened.append)
    assert opened == []


def test_the_page_that_leads_there_is_for_its_owner_alone_and_goes(tmp_path: Path) -> None:
    with opening_page("http://127.0.0.1:8010/?key=k&reader=a%40b") as page:
        assert stat.S_IMODE(page.stat().st_mode) == 0o600
        assert "url=http://127.0.0.1:8010/?key=k&amp;reader=a%40b" in page.read_text("utf-8")
    assert not page.exists()


def test_the_path_of_a_desk_is_its_newsletters_own_and_stays(tmp_path: Path, quick_templates: None) -> None:
    project = furnish(tmp_path)
    assert running._refuse_unknown(project, "", "") == running._refuse_unknown(project, ADA, ISSUE)
    one, other = {1: b"1" * 32}, {1: b"2" * 32}
    assert running._base(one) == running._base({**one, 2: b"3" * 32}), "of a newer key for links"
    assert running._base(one) != running._base(other)


@pytest.mark.slow
def test_a_page_that_goes_while_it_posts_is_no_news_for_the_terminal(tmp_path: Path, quick_templates: None) -> None:
    with previewing(furnish(tmp_path), "--port", "0") as (process, port, path):
        headers = asked(port, path)[2]
        cookie, base = headers["set-cookie"].partition(";")[0], based(headers)
        with socket.create_connection(("127.0.0.1", port)) as page:
            host = f"127.0.0.1:{port}"
            head = f"POST {base}/act HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\n"
            page.sendall(f"{head}Content-Length: 500\r\n\r\nact=hold".encode())
            time.sleep(0.3)
        assert asked(port, f"{base}/", Cookie=cookie)[0] == 200
        process.terminate()
        assert process.wait(timeout=10) == 0
        assert process.communicate()[1] == ""


# -- among the pages for readers


@pytest.fixture(params=["", "/news"])
def site(request: pytest.FixtureRequest, tmp_path: Path, quick_templates: None) -> Iterator[tuple[TestClient, str]]:
    """The pages of a newsletter with a desk, and what stands before their paths."""
    base, clock = request.param, Clock(NOON)
    more = f'[web]\nstudio_password = "{PASSWORD}"\n'
    project = furnish(tmp_path, more, settings=SETTINGS.replace(NEWS, NEWS + base))
    studio = Studio(project, base=f"{base}/studio", remote=True, clock=clock, embedder=WordEmbedder())
    studio.open()
    with ExitStack() as stack:
        stack.callback(studio.close)
        app = create_app(project, clock=clock, beside={"/studio": behind_login(studio, load(project))})
        yield stack.enter_context(TestClient(app, base_url=NEWS, follow_redirects=False)), base


def test_the_desk_is_beside_the_pages_and_each_keeps_its_own_rules(site: tuple[TestClient, str]) -> None:
    client, base = site
    assert client.get(f"{base}/").status_code == 200
    moved = client.get(f"{base}/studio")
    assert (moved.status_code, moved.headers["location"]) == (308, f"{base}/studio/")
    assert 'type="password"' in client.get(f"{base}/studio/").text
    answer = client.post(f"{base}/studio/login", data={"password": PASSWORD}, headers={"Origin": NEWS})
    assert answer.headers["location"] == f"{base}/studio/"
    desk = client.get(answer.headers["location"])
    assert f'data-base="{base}/studio"' in desk.text
    assert "frame-src 'self'" in desk.headers["content-security-policy"]
    assert "sandbox" in client.get(f"{base}/studio/copy?issue={ISSUE}").headers["content-security-policy"]
    assert client.get(f"{base}/studio/studio.css").headers["content-type"].startswith("text/css")
    assert client.get(f"{base}/studio/nothing").status_code == 404


def test_without_a_password_there_is_no_desk(tmp_path: Path, quick_templates: None) -> None:
    with TestClient(create_app(furnish(tmp_path)), base_url=NEWS) as client:
        assert client.get("/studio/").status_code == 404
        assert client.post("/studio/login", data={"password": ""}, headers={"Origin": NEWS}).status_code == 404


@pytest.mark.slow
def test_serve_ends_at_once_though_the_desk_is_open(tmp_path: Path, quick_templates: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    more = f'[web]\nport = {port}\nstudio_password = "{PASSWORD}"\n'
    project = furnish(tmp_path, more, settings=SETTINGS.replace(NEWS, f"http://127.0.0.1:{port}"))
    command = [sys.executable, "-m", "newsletter", "serve", "--project", str(project)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        said = list[str]()
        for line in process.stderr:
            said.append(line)
            if "Pages on" in line:
                break
        headers = {"Origin": f"http://127.0.0.1:{port}", "Content-Type": "application/x-www-form-urlencoded"}
        status, _, answered = sent(port, "POST", "/studio/login", f"password={PASSWORD.replace(' ', '+')}", headers)
        assert status == 303
        with listening(port, "/studio/events", answered["set-cookie"].partition(";")[0]):
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0
        rest = process.stderr.read()
        # The server's own patience with a page that does not end was not needed.
        assert "timeout" not in rest
        assert "Exception" not in rest
        assert PASSWORD not in "".join([*said, rest])
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()
