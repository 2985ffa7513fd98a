"""Nobody drives the desk from elsewhere: other pages, other names, other people, too much, too slowly."""

import asyncio
import logging
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from deskroom import ISSUE, NEWS, PASSWORD, Room
from starlette.requests import Request

from newsletter import bodies
from newsletter.issues.control import Word
from newsletter.studio.app import MOST_BODY
from newsletter.studio.doors import Guesses, Sessions
from newsletter.studio.guard import ByPassword

pytest_plugins = ("deskroom_fixtures",)

PAGES = ("/", "/readers", "/copy", "/part", "/picks", "/checks", "/pictures", "/intro", "/find")
PATHS = (*PAGES, "/events", "/studio.js")
FOREIGN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}


def held(room: Room) -> bool:
    return Word.HOLD in room.newsletter.editor.words().values()


# -- the key


def test_the_key_lets_one_browser_in_and_is_not_kept_in_an_address(door: Room) -> None:
    answer = door.client.get("/", params={"key": door.key.value, "reader": "ada@example.org"})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert 'content="0;url=/?reader=ada%40example.org"' in answer.text
    assert door.get("/").status_code == 200


def test_a_key_that_was_used_lets_nobody_else_in(door: Room) -> None:
    used = door.key.value
    door.come_in()
    door.client.cookies.clear()
    answer = door.client.get("/", params={"key": used})
    assert answer.status_code == 403
    assert "newsletter preview" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
def test_without_a_cookie_nothing_is_told(door: Room, path: str) -> None:
    answer = door.get(path)
    assert answer.status_code == 403
    assert "ada@example.org" not in answer.text


def test_without_a_cookie_nothing_is_done(door: Room) -> None:
    answer = door.client.post("/act", data={"act": "hold", "issue": ISSUE}, headers={"Origin": door.home})
    assert answer.status_code == 403
    assert not held(door)


def test_guesses_at_the_key_do_not_use_it_up(door: Room) -> None:
    for guess in ("", "x", door.key.value[:-1], "é"):
        assert door.client.get("/", params={"key": guess}).status_code == 403
    assert door.client.get("/", params={"key": door.key.value}).status_code == 200


# -- other pages


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8010", "127.0.0.1", "127.0.0.1:8011", "localhost"])
def test_a_name_that_was_bent_to_this_machine_is_refused(room: Room, host: str) -> None:
    answer = room.get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert "ada@example.org" not in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_another_pages_fetch_is_refused(room: Room, path: str) -> None:
    assert room.get(path, headers=FOREIGN).status_code == 403
    assert room.get(path, headers={"Sec-Fetch-Site": "same-site"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        FOREIGN,
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999", "Sec-Fetch-Site": "same-site"},
        {"Origin": "", "Sec-Fetch-Site": "none"},
    ],
)
def test_another_pages_form_does_nothing_even_with_the_token(room: Room, headers: dict[str, str]) -> None:
    assert room.post("/act", act="hold", issue=ISSUE, headers=headers).status_code == 403
    assert not held(room)
    assert room.act("hold").status_code == 200
    assert held(room)


@pytest.mark.parametrize("token", ["", "0" * 32, "é"])
def test_our_own_origin_without_our_token_does_nothing(room: Room, token: str) -> None:
    assert room.act("hold", token=token).status_code == 403
    assert room.post("/intro/preview", text="*x*", token=token).status_code == 403
    assert not held(room)


def test_nobody_may_frame_the_desk_and_nothing_runs_in_a_copy(room: Room) -> None:
    policy = room.get("/").headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    copy = room.get("/copy").headers["content-security-policy"]
    assert "default-src 'none'" in copy
    assert "script-src" not in copy
    assert "sandbox " in copy
    assert "allow-scripts" not in copy
    assert "frame-ancestors 'self'" in copy


@pytest.mark.parametrize("path", [*PAGES, "/nothing"])
def test_every_answer_has_its_headers(room: Room, path: str) -> None:
    headers = room.get(path).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


# -- paths and bodies


@pytest.mark.parametrize(
    "path",
    ["/..%2fnewsletter.toml", "/%2e%2e/newsletter.toml", "/..%5cnewsletter.toml", "/desk.html", "/a/studio.js"],
)
def test_nothing_but_the_style_and_the_scripts_is_a_file(room: Room, path: str) -> None:
    answer = room.get(path)
    assert answer.status_code == 404
    assert "There is nothing here." in answer.text
    assert "css" in room.get("/studio.css").headers["content-type"]


def test_ways_that_are_none_are_refused(room: Room) -> None:
    assert room.client.put("/act", headers={"Origin": room.home}).status_code == 405
    assert room.get("/act").status_code == 404
    assert room.get("/logout").status_code == 404


def test_too_much_is_refused(room: Room) -> None:
    assert room.act("intro", text="x" * MOST_BODY).status_code == 413
    assert room.get("/intro").status_code == 200


def test_too_slow_is_refused(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)

    def slowly() -> Any:
        yield b"act=hold"
        time.sleep(0.2)
        yield b"&issue=" + ISSUE.encode()

    answer = room.client.post("/act", content=slowly(), headers={"Origin": room.home})
    assert answer.status_code in (403, 408)
    assert not held(room)


def test_a_style_that_cannot_be_read_is_said_to_who_is_in_and_to_nobody_else(room: Room) -> None:
    mine = room.project / "templates" / "studio" / "studio.css"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"\xff\xfe")
    answer = room.get("/studio.css")
    assert (answer.status_code, "Save it as UTF-8 text." in answer.text) == (500, True)
    room.client.cookies.clear()
    answer = room.get("/studio.css")
    assert answer.status_code == 500
    assert str(room.project) not in answer.text


def test_what_goes_wrong_is_told_without_what_was_typed(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("what somebody typed")

    monkeypatch.setattr("newsletter.studio.views.found", broken)
    with caplog.at_level(logging.WARNING):
        answer = room.get("/find?q=secret-words")
    assert answer.status_code == 500
    assert "ZeroDivisionError" in caplog.text
    for text in (answer.text, caplog.text):
        assert "typed" not in text
        assert "secret-words" not in text


# -- under serve, with a password


def test_who_is_not_logged_in_is_asked_for_the_password(gate: Room) -> None:
    assert 'type="password"' in gate.get("/").text
    for path in PATHS[1:]:
        answer = gate.get(path)
        assert answer.status_code == 401, path
        assert "ada@example.org" not in answer.text


def log_in(gate: Room, password: str = PASSWORD, **options: Any) -> Any:
    return gate.client.post("/studio/login", data={"password": password}, headers={"Origin": NEWS, **options})


def test_the_password_opens_it_and_logging_out_closes_it(gate: Room) -> None:
    answer = log_in(gate)
    assert (answer.status_code, answer.headers["location"]) == (303, "/studio/")
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Secure", "Path=/studio"))
    assert "ada@example.org" in gate.get("/readers").text
    assert gate.client.post("/studio/logout", headers={"Origin": NEWS}).status_code == 403, "without the token"
    assert gate.post("/logout").status_code == 303
    gate.client.cookies.set("studio", cookie.partition(";")[0].partition("=")[2])
    assert gate.get("/readers").status_code == 401


def test_wrong_passwords_are_slowed_down_for_the_right_one_too(gate: Room) -> None:
    statuses = [log_in(gate, f"guess {n}").status_code for n in range(6)]
    assert statuses == [403, 403, 403, 403, 429, 429]
    answer = log_in(gate)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert "set-cookie" not in answer.headers


def test_wrong_passwords_that_come_at_once_are_counted_one_by_one() -> None:
    clock, shared = time.monotonic, {"base": "/studio", "name": "studio"}
    entrance = ByPassword(PASSWORD, Sessions(clock), Guesses(clock), lambda _: "", **shared, secure=True)

    async def guess() -> list[int]:
        held = asyncio.Event()

        async def one(number: int) -> int:
            async def receive() -> dict[str, Any]:
                await held.wait()  # all have come before the first is read
                return {"type": "http.request", "body": f"password=guess{number}".encode()}

            head = {"type": "http", "method": "POST", "path": "/studio/login", "query_string": b"", "headers": []}
            request = Request({**head, "client": ("192.0.2.7", 50000)}, receive)
            return (await entrance.meet(request, "/login")).status_code

        tries = [asyncio.create_task(one(number)) for number in range(20)]
        await asyncio.sleep(0.01)
        held.set()
        return sorted(await asyncio.gather(*tries))

    assert asyncio.run(guess()) == [403] * 4 + [429] * 16


def test_a_login_page_that_was_left_open_leads_to_the_desk(gate: Room) -> None:
    assert log_in(gate).status_code == 303
    answer = log_in(gate)
    assert (answer.status_code, answer.headers["location"]) == (303, "/studio/")


def test_a_login_page_with_a_mistake_is_told_in_the_log_only(gate: Room, caplog: pytest.LogCaptureFixture) -> None:
    mine = gate.project / "templates" / "studio" / "login.html"
    mine.parent.mkdir(parents=True)
    mine.write_text("{% if %}", "utf-8")
    answer = gate.get("/")
    assert answer.status_code == 500
    assert "It is in the log" in answer.text
    assert str(gate.project) not in answer.text
    assert f"{mine}, line 1" in caplog.text


def test_a_page_that_listens_hears_nothing_after_logging_out(gate: Room) -> None:
    cookie = gate.studio.sessions.begin()

    async def hear() -> list[bytes]:
        heard = gate.studio.hub.listen(lambda: gate.studio.sessions.lasts(cookie))
        first = await anext(heard)
        gate.studio.sessions.end(cookie)
        gate.studio.hub.tell("changed", what=["template"], error=None)
        return [first, *[event async for event in heard]]

    assert len(asyncio.run(hear())) == 1


def test_another_page_cannot_log_anybody_in(gate: Room) -> None:
    assert log_in(gate, Origin="https://evil.example").status_code == 403
    assert log_in(gate, Host="evil.example").status_code == 403
    assert gate.client.post("/studio/login", data={"password": PASSWORD}).status_code == 403
    assert gate.get("/readers").status_code == 401


def test_a_huge_password_is_not_even_read(gate: Room) -> None:
    assert log_in(gate, "x" * 10_000).status_code == 413


def test_the_password_is_in_no_log_and_no_page(gate: Room, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        texts = [log_in(gate, PASSWORD + "!").text, log_in(gate).text, gate.get("/").text]
    assert PASSWORD not in caplog.text + "".join(texts)


def test_whoever_looks_changes_nothing(room: Room) -> None:
    def content() -> list[Any]:
        db = sqlite3.connect(room.project / "newsletter.db")
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = [name for name in names if name not in ("vectors", "sqlite_sequence") and "fts" not in name]
        found = [(name, db.execute(f"SELECT * FROM {name}").fetchall()) for name in sorted(kept)]
        db.close()
        return found

    before, files = content(), sorted(map(str, Path(room.project).rglob("*.*")))
    for path in (*PAGES, "/copy?like=robots&scheme=dark", "/copy?with=*&side=b", "/part?part=source"):
        assert room.get(path).status_code == 200, path
    assert content() == before
    assert sorted(map(str, Path(room.project).rglob("*.*"))) == files
