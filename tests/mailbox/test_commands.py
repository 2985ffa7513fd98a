"""What mails ask for, in people's words."""

import re
from datetime import time
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters import letter

from newsletter.mailbox.commands import Understood, commands_in
from newsletter.mailbox.lines import words_of
from newsletter.mailbox.reading import read
from newsletter.mailbox.words import LEAVE_PHRASES
from newsletter.readers.asked import (
    ChangeCadence,
    ChangeTimezone,
    Command,
    Confirm,
    Decline,
    Erase,
    Follow,
    Help,
    Leave,
    Less,
    More,
    Mute,
    Pause,
    Resume,
    SendData,
    ShowInterests,
    Subscribe,
    Unfollow,
)
from subscribers.cadence import Frequency

EIGHT = time(8)
DAILY, WEEKLY, MONTHLY = Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY


def each(text: str) -> list[str]:
    """Lines, divided by " / " or on lines of their own."""
    return [line.strip() for line in re.split(r"\s/\s|\n", text) if line.strip()]


#: Lines that are one command each.
PLAIN: list[tuple[Command, str]] = [
    (
        Leave(),
        """
        unsubscribe / UNSUBSCRIBE! / Please unsubscribe me from this list. / unsuscribe / un-subscribe / stop / Stop!!!
        stop sending me this / Stop sending me these emails, please / remove me / remove me from your mailing list
        take me off this list / Please take my address off your mailing list / cancel my subscription / cancel
        I want to leave / I don't want to receive these emails anymore / don’t send me any more emails
        I no longer wish to receive this newsletter / opt out / delete me from your list / Leave me alone
        no more emails / not interested / Could you please unsubscribe me? / Hi there, please unsubscribe me
        ok, unsubscribe me / "unsubscribe" / *unsubscribe* / - unsubscribe / unsubscribe ada@example.org
        Unsubscribe. I get too many mails.
        abmelden / Bitte melden Sie mich von Ihrem Newsletter ab. / Ich möchte mich gerne abmelden
        Newsletter abbestellen / kündigen / désabonner / je veux me désabonner / Merci de me désinscrire de cette liste
        baja / Quiero darme de baja / Por favor, denme de baja de esta lista / disiscriviti
        cancellami dalla lista, grazie / descadastrar / quero cancelar / afmelden / Ik wil mij graag uitschrijven
        """,
    ),
    (
        Subscribe(),
        """
        subscribe / Subscribe me, please / I'd like to subscribe / I would like to subscribe to your newsletter.
        sign me up / please add me to the list / join / yes please sign me up / resubscribe
        abonnieren / Ich möchte mich anmelden / m'abonner / suscribirme / iscrivimi / quero assinar / aanmelden
        """,
    ),
    (Confirm(), "yes / Yes. / ok / okay / confirm / I confirm / ja / oui / sí / sì / sim / akkoord"),
    (Decline(), "no / nein / not me / It wasn't me / I did not sign up for this / pas moi / nee"),
    (Pause(None), "pause / pause please / I'd like to pause my subscription / pausieren / pausar / in pausa"),
    (Pause(3), "pause for 3 weeks / pause 3 / Please pause my subscription for three weeks. / 3 Wochen pausieren"),
    (Pause(9), "pause 2 months / pause for two months"),
    (Pause(1), "pause for a week / pause this week / pause 5 days / pause une semaine"),
    (Pause(52), "pause for a year / pause 12 months / pause 52 weeks"),
    (Resume(), "resume / unpause / please resume my subscription / end my pause / fortsetzen"),
    (ChangeCadence(DAILY, None, None), "daily / every day / please make it daily / täglich / tous les jours"),
    (ChangeCadence(WEEKLY, None, None), "weekly / change to weekly / weekly instead of daily / once a week"),
    (ChangeCadence(MONTHLY, None, None), "monthly / I want it monthly please / from weekly to monthly"),
    (ChangeCadence(WEEKLY, 5, EIGHT), "weekly on friday at 8 / Weekly, on Fridays at 8:00 / freitags um 8 uhr"),
    (ChangeCadence(WEEKLY, 2, None), "every tuesday / on tuesdays / weekly on tue / jeden dienstag"),
    (ChangeCadence(MONTHLY, 1, None), "monthly on the 1st / monthly on day 1 / every month on the 1st"),
    (ChangeCadence(MONTHLY, 15, time(17, 30)), "monthly on the 15th at 17:30 / monthly on the 15th at 5.30 pm"),
    (ChangeCadence(None, None, EIGHT), "at 8 / at 8 am / please send it at 8:00"),
    (ChangeTimezone("Europe/Paris"), "timezone: Europe/Paris / time zone europe/paris / my time zone is Europe/Paris"),
    (Follow("topic models"), "+ topic models / +topic models / follow: topic models / ＋ topic models"),
    (Unfollow("topic models"), "- topic models / –topic models / unfollow: topic models / - not: topic models"),
    (Mute("Topic models"), "not: Topic models / NOT : Topic models / no: Topic models / + not: Topic models"),
    (More((3,)), "more 3 / More like 3 / more #3 / mehr 3 / more like number 3, please / plus 3"),
    (Less((2, 5)), "less 2 5 / less 2, 5 / Less of 2 and 5 / weniger 2 und 5"),
    (ShowInterests(), "interests / my interests / Show me my interests, please"),
    (SendData(), "data / my data / export / send me my data"),
    (Erase(), "erase me / delete my data / forget me / Please delete all my data"),
    (Help(), "help / Help! / ? / How do I unsubscribe?"),
]
LINES = [(line, command) for command, lines in PLAIN for line in each(lines)]


@pytest.mark.parametrize(("line", "command"), LINES)
def test_a_command_is_understood_in_the_body_and_in_the_subject(line: str, command: Command) -> None:
    expected = Understood((command,), None, prose=False)
    assert commands_in("", [line]) == expected
    assert commands_in("Hello", ["", line, ""]) == expected
    assert commands_in(line, []) == expected


WRITTEN_TO_A_PERSON = """
    please do not unsubscribe me / don't stop / I don't want to unsubscribe / no need to unsubscribe me
    Unsubscribe rates in newsletters are fascinating / I have to leave now / If this goes on, unsubscribe me.
    pause and reflect on your life / weekly banana / Weekly report for the board / friday / +49 170 1234567
    more details about robots please / more than 3 people told me about it / A question about your paper / thanks
    I was at the bus stop today and wanted more. It was a nice day to leave the house. / Please stop by on Monday
    Ok, thanks for the paper, I will read it tomorrow. / Should I unsubscribe? / Why do you send me this? / The end
    Bob
    """


@pytest.mark.parametrize("line", each(WRITTEN_TO_A_PERSON))
def test_who_only_uses_such_words_writes_to_a_person(line: str) -> None:
    assert commands_in("", [line]) == Understood((), None, prose=True)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("pause for banana weeks", "does not say for how many weeks"),
        ("pause until friday", "does not say for how many weeks"),
        ("pause for a while", "does not say for how many weeks"),
        ("pause 53 weeks", "is not between 1 and 52 weeks"),
        ("pause 0", "is not between 1 and 52 weeks"),
        ("pause 99999999999999999999 weeks", "is not between 1 and 52 weeks"),
        ("more abc", "does not say which entry. Write its number in the issue, such as “more 3”"),
        ("more", "does not say which entry"),
        ("less like this", "such as “less 3”"),
        ("more 0", "names no entry"),
        ("more 5000", "names no entry"),
        ("more 3, less 3", "for more and for less like entry 3"),
        ("weekly on blursday", "is no rhythm that we know"),
        ("daily at 25", "is no rhythm that we know"),
        ("daily on friday", "A weekday goes with a weekly issue"),
        ("weekly on the 15th", "goes with a monthly issue"),
        ("weekly, monthly", "Several rhythms"),
        ("timezone Mars/Olympus", "'Mars/Olympus' is no time zone"),
        ("+ " + "x" * 301, "is too long for an interest"),
    ],
)
def test_what_wants_to_be_a_command_and_is_none_is_told_why(line: str, why: str) -> None:
    understood = commands_in("", [line])
    assert understood.commands == ()
    assert why in (understood.unclear or "")
    assert not understood.prose


@pytest.mark.parametrize(
    ("subject", "lines", "why"),
    [
        ("unsubscribe", ["subscribe"], "to subscribe and to unsubscribe"),
        ("subscribe", ["robots", "", "unsubscribe"], "to subscribe and to unsubscribe"),
        ("", ["pause", "unsubscribe"], "to pause and to unsubscribe"),
        ("", ["resume", "stop"], "to resume and to unsubscribe"),
        ("", ["yes", "unsubscribe"], "to confirm and to unsubscribe"),
        ("", ["yes", "not me"], "to confirm and not to"),
        ("", ["pause 2 weeks", "resume"], "to pause and to resume"),
        ("", ["pause 2 weeks", "pause 3 weeks"], "names two pauses"),
        ("", ["daily", "weekly"], "names two rhythms"),
        ("", ["+ robots", "- Robots"], "to follow and to drop “robots”"),
        ("", ["+ robots", "not: robots"], "to follow and to mute “robots”"),
        ("", ["more 3", "less 2 3"], "for more and for less like entry 3"),
        ("subscribe", ["erase me"], "to subscribe and to be erased"),
    ],
)
def test_what_contradicts_itself_is_not_carried_out_at_all(subject: str, lines: list[str], why: str) -> None:
    understood = commands_in(subject, lines)
    assert understood.commands == ()
    assert why in (understood.unclear or "")
    assert "nothing was changed" in (understood.unclear or "")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["less 3", "unsubscribe"], (Leave(),)),
        (["unsubscribe", "more abc"], (Leave(),)),
        (["+ robots", "daily", "stop"], (Leave(),)),
        (["no", "unsubscribe"], (Leave(),)),
        (["unsubscribe and delete my data"], (Leave(), Erase())),
        (["my data", "unsubscribe"], (SendData(), Leave())),
        (["unsubscribe", "please unsubscribe me"], (Leave(),)),
    ],
)
def test_leaving_wins_over_what_makes_no_sense_any_more(lines: list[str], expected: tuple[Command, ...]) -> None:
    assert commands_in("", lines) == Understood(expected, None, prose=False)


def test_several_commands_are_carried_out_in_their_order_and_what_is_unclear_is_told() -> None:
    understood = commands_in("", ["+ robots", "- surveys", "not: crypto", "more 3", "more abc", "less 4"])
    assert understood.commands == (Follow("robots"), Unfollow("surveys"), Mute("crypto"), More((3,)), Less((4,)))
    assert "“more abc”" in (understood.unclear or "")


@pytest.mark.parametrize(
    ("subject", "lines", "expected"),
    [
        # a person explains what they want
        ("unsubscribe", ["You guys are the worst. I never asked for this."], (Leave(),)),
        ("", ["Great newsletter, but I get too many mails already. Please unsubscribe me."], (Leave(),)),
        ("", ["This is too much!!! Unsubscribe me from this nonsense now, you spammers"], (Leave(),)),
        ("", ["unsubscribe me or I will call my lawyer"], (Leave(),)),
        ("", ["I liked it for a while, many thanks.", "Now please take me", "off your list."], (Leave(),)),
        ("", ["I would like to subscribe to your newsletter because Ada told me about it."], (Subscribe(),)),
        ("", ["more 3", "", "I loved that paper because it explains the method so well."], (More((3,)),)),
        ("Pause", ["I am on a ship until March and see you then."], (Pause(None),)),
        # a person who uses a word of ours as the subject
        ("Help", ["Hello,", "", "I cannot open the links in your last issue, what can I do?"], ()),
        ("Resume", ["Please find my CV attached for the position that you advertised."], ()),
        ("Data", ["We collected data from three labs and want to share it with you."], ()),
        ("More", ["I have more to say about the last issue, it was great."], ()),
        ("Yes", ["I agree with your last intro, and would add that robots are overrated."], ()),
        ("Ideas", ["I have several ideas for you:", "- write more about robots", "- stop", "", "Ada"], ()),
        ("", ["Some ideas", "- robots", "- more 3"], ()),
    ],
)  # fmt: skip
def test_prose_is_told_apart_from_what_is_asked_for(
    subject: str, lines: list[str], expected: tuple[Command, ...]
) -> None:
    assert commands_in(subject, lines) == Understood(expected, None, prose=True)


def test_in_a_long_letter_nobody_listens_for_commands() -> None:
    letter = ["I have read you for two years and want to tell you what I think about each of the sections."] * 5
    assert commands_in("", [*letter, "Please unsubscribe me."]) == Understood((), None, prose=True)


def test_a_signature_or_a_legal_notice_below_is_no_prose() -> None:
    for below in (["Ada Lovelace", "Analytical Engines Ltd"], ["This message is confidential and may be privileged."]):
        assert commands_in("", ["unsubscribe", "", *below]) == Understood((Leave(),), None, prose=False)
    for name in ("- Ada", "– Ada Lovelace", "—Ada"):
        assert commands_in("", ["more 3", "", name]) == Understood((More((3,)),), None, prose=False)
    assert commands_in("", ["more 3", "", "- surveys"]).commands == (More((3,)), Unfollow("surveys"))


def test_an_empty_mail_asks_for_nothing() -> None:
    assert commands_in("", []) == Understood((), None, prose=False)
    assert commands_in("", ["", " "]) == Understood((), None, prose=False)
    assert commands_in("Hello", []) == Understood((), None, prose=True)


def test_the_subject_of_a_reply_counts_only_where_nothing_is_written_below() -> None:
    assert commands_in("unsubscribe", [], reply=True).commands == (Leave(),)
    assert commands_in("subscribe", ["yes"], reply=True).commands == (Confirm(),)
    assert commands_in("subscribe", ["I have a question about the last issue."], reply=True).commands == ()
    assert commands_in("Papers for Ada", [], reply=True) == Understood((), None, prose=False)


# -- generated mails

FRAMES = [
    ("Hi there,\n\n", "\n\nThanks!\nAda"),
    ("Hello,\n", "\n\n-- \nAda Lovelace\nAnalytical Engines"),
    ("", "\n\nSent from my iPhone"),
    ("Dear Team,\n\n", "\n\nBest regards,\nAda"),
    ("", "\n\nOn Fri, Nov 27, 2026 at 8:00 AM News <news@example.net>\nwrote:\n> stop\n> subscribe"),
    ("Guten Tag,\n\n", "\n\nMit freundlichen Grüßen\nAda\n\nVon: News\nGesendet: Freitag\nAn: Ada\nBetreff: x\n\nstop"),
    ("> old text\n> subscribe\n\n", "\n"),
]


@given(st.sampled_from(LINES), st.sampled_from(FRAMES), st.sampled_from(["", "Hello", "Re: Your papers"]))
def test_greetings_signatures_and_quotes_around_a_command_change_nothing(
    line: tuple[str, Command], frame: tuple[str, str], subject: str
) -> None:
    incoming = read(letter(frame[0] + line[0] + frame[1], Subject=subject))
    understood = commands_in(incoming.subject, incoming.lines, reply=incoming.subject_is_reply)
    assert understood == Understood((line[1],), None, prose=False)


ANYTHING = st.lists(
    st.text(max_size=60)
    | st.lists(st.sampled_from([word for line, _ in LINES for word in line.split()]), max_size=12).map(" ".join),
    max_size=8,
)


@given(st.text(max_size=60), ANYTHING, st.booleans())
def test_any_text_is_understood_somehow_and_nobody_leaves_without_a_word_of_it(
    subject: str, lines: list[str], reply: bool
) -> None:
    understood = commands_in(subject, lines, reply=reply)
    said = f" {' '.join(words_of(subject))} "
    said += "".join(f" {' '.join(words_of(' '.join(lines[n:])))} " for n in range(len(lines) + 1))
    if Leave() in understood.commands:
        assert any(f" {phrase} " in said for phrase in LEAVE_PHRASES)
    if understood.unclear:
        assert understood.unclear.endswith((".", "!", "?"))


@pytest.mark.parametrize(
    "piece", ["stop ", "a", ".", ",", " and ", "- ", "+", "more 3 ", "pause for ", "“", "at 8 ", ">", "meld "]
)
def test_endless_lines_are_read_in_a_moment(piece: str) -> None:
    line = piece * (1_000_000 // len(piece))
    started = process_time()
    commands_in(line, [line] * 20)
    assert process_time() - started < 1
