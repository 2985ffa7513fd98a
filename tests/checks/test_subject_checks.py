"""Subjects that readers or filters mind."""

import pytest
from checkroom import ERROR, NOTE, OK, WARNING, bring, change_template, good_issue, places, said
from newsroom import entry

from newsletter import Newsletter
from newsletter.checking import PlaceKind, Severity
from newsletter.checks.proof import Subject
from newsletter.checks.subjects import subjects_of


def found(*texts: str) -> list[tuple[Severity, str]]:
    """What is found of these subjects of three readers each."""
    return [(one.severity, one.found) for one in subjects_of({text: Subject(3, "a@example.org", 7) for text in texts})]


@pytest.mark.parametrize(
    ("subject", "severity", "words"),
    [
        ("", ERROR, "empty"),
        ("WALKING ROBOTS WITH LEGS", WARNING, "capitals"),
        ("Robots!! And more", WARNING, "marks"),
        ("Robots, really?!", WARNING, "marks"),
        ("How robots earn $$$", WARNING, "dollars"),
        ("$500 for a robot", WARNING, "dollars"),
        ("FREE robots for you", WARNING, "FREE"),
        ("Robots for free, and two more", NOTE, "free"),
        ("Re: your robots", WARNING, "answer"),
        ("FW[2]: robots", WARNING, "answer"),
        ("Robots {{ others }}", WARNING, "not finished"),
        ("TODO robots", WARNING, "not finished"),
        ("🤖🤖🤖 robots", NOTE, "pictures"),
        ("Robots " * 14, NOTE, "98 characters"),
    ],
)
def test_a_subject_is_minded(subject: str, severity: Severity, words: str) -> None:
    ((is_so, text),) = found(subject)
    assert (is_so, words in text) == (severity, True), text
    assert "(of 3 readers)" in text


@pytest.mark.parametrize(
    "subject",
    [
        "Study 3 of walking robots, and nine more",
        "CLIP",
        "BERT-LARGE",
        "脚で歩くロボットの研究、ほか九件",
        "الروبوتات التي تمشي على أرجل",
        "Training-free robots, and model-free control",
        "How free energy moves robots",
        "Robots! At last",
        "What do robots want?",
        "Todo sobre los robots que caminan",
        "Regarding robots: a survey",
        "∇·E = ρ/ε₀ ∀x ∈ ℝ³ ⊕ ℤ",
        "A robot for $5",
        "One picture 🤖 is fine",
    ],
)
def test_a_plain_subject_is_not(subject: str) -> None:
    ((severity, text),) = found(subject)
    assert severity is OK, text


def test_several_subjects_are_counted_together() -> None:
    ((severity, text),) = found("Robots!!", "Legs!!", "Walking")
    assert severity is WARNING
    assert text == "2 subjects (of 6 readers) have too many marks: “Robots!!” and 1 more."


@pytest.mark.slow
def test_the_subject_of_an_issue_is_looked_at(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    bring(newsletter, *[entry(n, title=f"STUDY {n} OF WALKING ROBOTS", popularity=99) for n in range(50, 53)])
    change_template(newsletter, "issue/subject.txt", "{% if", "!!{% if")
    checked = newsletter.check()
    warning = said(checked, "Subject", WARNING, "marks", "!!, and")
    assert places([warning], PlaceKind.SUBJECT) == ["issue/subject.txt"]
    assert places([warning], PlaceKind.ENTRY)
    assert places([warning], PlaceKind.READER)


@pytest.mark.slow
def test_an_issue_without_a_subject_is_an_error(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    (newsletter.project / "templates" / "issue").mkdir(parents=True)
    (newsletter.project / "templates" / "issue" / "subject.txt").write_text(" \n")
    assert said(newsletter.check(), "Subject", ERROR, "empty")
