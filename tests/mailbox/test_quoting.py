"""What was quoted, and what only frames a mail."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mailbox.courtesies import is_closing, is_greeting, without_greeting, without_signature
from newsletter.mailbox.quoting import unquoted

QUOTES = {
    "nothing but signs": "> QUOTED\n> more",
    "Gmail": "On Fri, Nov 27, 2026 at 8:00 AM News <news@example.net> wrote:\n\n> QUOTED",
    "Gmail, wrapped": "On Fri, Nov 27, 2026 at 8:00 AM The Papers of Today\n<news@example.net> wrote:\n> QUOTED",
    "Apple": "On 27. Nov 2026, at 08:00, News <news@example.net> wrote:\n\nQUOTED",
    "Gmail, German": "Am Fr., 27. Nov. 2026 um 08:00 Uhr schrieb News <news@example.net>:\n\n> QUOTED",
    "GMX": "News <news@example.net> schrieb am Fr., 27. Nov. 2026,\n08:00:\n> QUOTED",
    "Gmail, French": "Le ven. 27 nov. 2026 à 08:00, News <news@example.net> a écrit :\n\n> QUOTED",
    "Gmail, Spanish": "El vie, 27 nov 2026 a las 8:00, News (<news@example.net>) escribió:\n\n> QUOTED",
    "Gmail, Italian": "Il giorno ven 27 nov 2026 alle ore 08:00 News <news@example.net> ha scritto:\n\n> QUOTED",
    "Gmail, Portuguese": "Em sex., 27 de nov. de 2026 às 08:00, News <news@example.net> escreveu:\n\n> QUOTED",
    "Gmail, Dutch": "Op vr 27 nov 2026 om 08:00 schreef News <news@example.net>:\n\n> QUOTED",
    "another language": "2026-11-27 8:00 News <news@example.net> kirjutas:\n> QUOTED",
    "Outlook, old": "-----Original Message-----\nFrom: News\nSent: Friday\n\nQUOTED",
    "Outlook, old, German": "-----Ursprüngliche Nachricht-----\nVon: News\n\nQUOTED",
    "Outlook": "From: News <news@example.net>\nSent: Friday, November 27, 2026\nTo: Ada\nSubject: Papers\n\nQUOTED",
    "Outlook, bold": "*From:* News\n*Sent:* Friday\n*To:* Ada\n*Subject:* Papers\n\nQUOTED",
    "Outlook, with a line": "________________________________\nFrom: News\nSent: Friday\nTo: Ada\n\nQUOTED",
    "Outlook, German": "Von: News\nGesendet: Freitag, 27. November 2026 08:00\nAn: Ada\nBetreff: Artikel\n\nQUOTED",
    "Outlook, French": "De : News\nEnvoyé : vendredi\nÀ : Ada\nObjet : Articles\n\nQUOTED",
    "forwarded": "---------- Forwarded message ---------\nFrom: News\n\nQUOTED",
    "forwarded by Apple": "Begin forwarded message:\n\nFrom: News\n\nQUOTED",
}


@pytest.mark.parametrize("quote", QUOTES.values(), ids=QUOTES)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_a_quote_below_is_taken_away_and_kept(quote: str, gap: str) -> None:
    written, quoted = unquoted(f"unsubscribe{gap}{quote}".split("\n"))
    assert [line for line in written if line] == ["unsubscribe"]
    assert "QUOTED" in "\n".join(quoted)


def test_answers_below_and_between_quotes_are_kept() -> None:
    text = "On Fri, Nov 27, 2026 Ada <ada@example.org> wrote:\n> one?\nyes\n> two?\nno"
    assert unquoted(text.split("\n")) == (["yes", "no"], [text.split("\n")[0], "one?", "two?"])


@pytest.mark.parametrize(
    "line",
    [
        "I wrote:",
        "Please change the following:",
        "From: the bottom of my heart",
        "more 3",
        "- On machines: a survey (2026)",
        "on friday at 8:",
    ],
)
def test_a_line_of_ones_own_is_no_quote(line: str) -> None:
    assert unquoted([line, "something", "", "else"])[0] == [line, "something", "", "else"]


@pytest.mark.parametrize(
    "frame",
    [
        "--\nAda",
        "-- \nAda\n+49 170 1234567",
        "—\nAda",
        "____________\nAda",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Gesendet mit der GMX Mail App",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Enviado do meu iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Get Outlook for iOS",
        "Get Outlook for Android <https://aka.ms/x>",
        "Sent with Proton Mail secure email.",
        "Best regards,\nAda Lovelace\nAnalytical Engines Ltd",
        "Thanks!\nAda",
        "Thanks, Ada",
        "Viele Grüße\nAda",
        "Cordialement,\nAda",
        "Un saludo,\nAda",
        "Met vriendelijke groet,\nAda",
    ],
)
def test_signatures_and_closing_words_are_taken_away(frame: str) -> None:
    lines = without_signature(f"unsubscribe\n\n{frame}".split("\n"))
    assert [line for line in lines if line] == ["unsubscribe"]


def test_thanks_alone_is_what_was_written() -> None:
    assert without_signature(["Thanks!"]) == ["Thanks!"]


def test_closing_words_above_a_long_text_close_nothing() -> None:
    lines = ["hello", "Thanks!", *["more to say here"] * 20]
    assert without_signature(lines) == lines


@pytest.mark.parametrize(
    "line",
    [
        "Hi,",
        "Hi there,",
        "Hello!",
        "Dear Ada,",
        "Dear Ada Lovelace",
        "Hi Ada",
        "Sehr geehrte Damen und Herren,",
        "Bonjour,",
        "Hallo zusammen,",
        "Hola",
        "Guten Tag Frau Lovelace,",
        "Good morning!",
        "Dear Newsletter Team,",
        "Hi newsletter team,",
    ],
)
def test_a_greeting_is_one(line: str) -> None:
    assert is_greeting(line)
    assert without_greeting(["", line, "", "yes"]) == ["", "yes"]


@pytest.mark.parametrize(
    "line",
    [
        "Hi, unsubscribe me",
        "Hello Unsubscribe",
        "unsubscribe",
        "HI STOP",
        "hi?",
        "Dear readers are rare",
        "",
        "Hi all the following:",
    ],
)
def test_a_wish_is_no_greeting(line: str) -> None:
    assert not is_greeting(line)


@pytest.mark.parametrize(
    "line", ["Thanks, unsubscribe me", "Best papers of the week", "Thanks for all of it", "yours and mine", ""]
)
def test_a_sentence_is_no_closing(line: str) -> None:
    assert not is_closing(line)


@pytest.mark.parametrize(
    "line", [">" * 1_000_000, "a" * 1_000_000, " " * 1_000_000, "On 1 @" * 150_000, "-" * 1_000_000]
)
def test_an_endless_line_is_read_in_a_moment(line: str) -> None:
    started = time.process_time()
    without_signature(without_greeting(unquoted([line, line, line])[0]))
    assert time.process_time() - started < 1


@given(
    st.lists(
        st.text("> -_On1@:wroteFm\n", max_size=30) | st.sampled_from("\n".join(QUOTES.values()).split("\n")),
        max_size=20,
    )
)
def test_no_line_is_lost_between_written_and_quoted(lines: list[str]) -> None:
    written, quoted = unquoted(lines)
    assert len(written) + len(quoted) == len(lines)
