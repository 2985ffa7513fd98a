"""What the editor does at the desk: each act is one of the editor's, and answers with a sentence."""

from collections.abc import Callable, Mapping

from newsletter.bodies import Form
from newsletter.errors import IssueError, NewsletterError
from newsletter.manuscript import Reference
from newsletter.newsletter import Newsletter

#: Acts that wait for a mail server: they are done where nobody waits for a picture.
SLOW = frozenset({"test"})
_Act = Callable[[Newsletter, str, Form], str]


def act(newsletter: Newsletter, form: Form) -> str:
    """Do what was asked for. Returns what that means now; raises what the editor does, in words."""
    do = _ACTS.get(form.get("act", ""))
    if do is None:
        raise IssueError(f"There is nothing here that is called {form.get('act', '')[:40]!r}. Load the page again.")
    return do(newsletter, form.get("issue", ""), form)


def _intro(newsletter: Newsletter, issue: str, form: Form) -> str:
    text = form.get("text", "")
    path = newsletter.editor.set_intro(issue, text, before=form.get("before") or None)
    return f"Saved in {path}." if text.strip() else f"{issue} has no intro now ({path})."


def _marking(name: str) -> _Act:
    """Pins and drops, and taking them back."""

    def mark(newsletter: Newsletter, issue: str, form: Form) -> str:
        return str(getattr(newsletter.editor, name)(issue, [_reference(form.get("entry", ""))]).said)

    return mark


def _arrange(newsletter: Newsletter, issue: str, form: Form) -> str:
    references = [_reference(one) for one in form.get("entries", "").replace(",", " ").split()]
    return newsletter.editor.arrange(issue, references).said


def _edit(newsletter: Newsletter, issue: str, form: Form) -> str:
    entry = _reference(form.get("entry", ""))
    return newsletter.editor.edit(issue, entry, title=form.get("title"), summary=form.get("summary")).said


def _unedit(newsletter: Newsletter, issue: str, form: Form) -> str:
    return newsletter.editor.unedit(issue, _reference(form.get("entry", ""))).said


def _schedule(newsletter: Newsletter, issue: str, form: Form) -> str:
    return newsletter.editor.schedule(issue, form.get("at", ""))


def _word(name: str) -> _Act:
    def say(newsletter: Newsletter, issue: str, form: Form) -> str:
        return str(getattr(newsletter.editor, name)(issue))

    return say


def _test(newsletter: Newsletter, issue: str, form: Form) -> str:
    said, on_its_way = newsletter.send_test(issue, to=form.get("to") or None, reader=form.get("reader") or None)
    if not on_its_way:
        raise NewsletterError(said)
    return said


_ACTS: Mapping[str, _Act] = {
    "intro": _intro,
    **{name: _marking(name) for name in ("pin", "unpin", "drop", "undrop")},
    "arrange": _arrange,
    "edit": _edit,
    "unedit": _unedit,
    "schedule": _schedule,
    **{name: _word(name) for name in ("hold", "release", "skip", "cancel")},
    "test": _test,
}


def _reference(named: str) -> Reference:
    """An entry by its number, or by any of its names."""
    named = named.strip()
    return int(named) if named.isascii() and named.isdecimal() and len(named) < 16 else named
