"""`dkim new|show`: the keys that sign mail, and what is to be entered in the DNS for them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import PARTLY, Project, say, warn

if TYPE_CHECKING:
    from newsletter.delivery.signing_keys import DnsRecord, SigningKey

app = typer.Typer(help="Sign mail as your domain's (DKIM): new, show.", no_args_is_help=True)


@app.command()
def new(
    selector: Annotated[
        str, typer.Option("--selector", help="Its name; s and this month by itself, such as s202611.")
    ] = "",
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="A short key of the new kind, to sign beside an RSA key.")
    ] = False,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Make a key, and say what to enter in the DNS. It signs nothing until dkim.selector names it."""
    from newsletter.delivery.signing_keys import Kind, make_key, path_of, usual_selector
    from newsletter.settings import FILE, load

    settings = load(project)
    kind: Kind = "ed25519" if ed25519 else "rsa"
    key = make_key(project, selector or usual_selector(kind, datetime.now(UTC).date()), kind)
    signing = ", ".join([*_of_the_other_kind(project, settings.dkim.selectors, key), key.selector])
    say(f"Made {path_of(project, key.selector)} ({key.words}). Whoever has this file can sign as you: keep it safe.")
    say()
    say(f"1. Where you manage the DNS of {settings.domain}, enter this record:")
    say()
    _say_record(key.record(settings.domain))
    say()
    say("2. Wait until it is known everywhere: minutes to a day, as your DNS says.")
    say(f'3. In {project / FILE}, below [dkim], set: selector = "{signing}"')
    say("4. Check it with `newsletter doctor`, and restart `newsletter serve` if it runs.")
    if ed25519 and signing == key.selector:
        say()
        say("Many providers cannot check Ed25519 yet. Let an RSA key sign too: make it with `newsletter dkim new`.")


@app.command()
def show(project: Project = ".") -> None:  # type: ignore[assignment]
    """The keys that are there, which of them sign, and their records in the DNS."""
    from newsletter.delivery.signing_keys import read_key, selectors_in
    from newsletter.errors import SettingsError
    from newsletter.settings import load

    settings = load(project)
    signing = settings.dkim.selectors
    selectors = sorted({*selectors_in(project), *signing})
    if not selectors:
        say(
            "There is no key, so mail leaves unsigned unless your mail server signs it. Make one with "
            "`newsletter dkim new`."
        )
        return
    keys = []
    for selector in selectors:
        try:
            keys.append(read_key(project, selector))
        except SettingsError as error:
            warn(str(error))
    for number, key in enumerate(keys):
        if number:
            say()
        say(f"{key.selector} ({key.words}): {'signs' if key.selector in signing else 'does not sign'}.")
        say()
        _say_record(key.record(settings.domain))
    if len(keys) < len(selectors):
        raise typer.Exit(PARTLY)


def _of_the_other_kind(project: Path, signing: tuple[str, ...], new: "SigningKey") -> list[str]:
    """Of the keys that sign, the one that goes on signing beside the new one; one of its own kind makes way."""
    from newsletter.delivery.signing_keys import read_key
    from newsletter.errors import SettingsError

    others = []
    for selector in signing:
        try:
            kind = read_key(project, selector).kind
        except SettingsError:
            continue
        if kind != new.kind:
            others.append(selector)
    return others[:1]


def _say_record(record: "DnsRecord") -> None:
    """As the forms of DNS providers ask for it, and as a zone file has it."""
    say(f"name   {record.name}")
    say("type   TXT")
    say(f"value  {record.value}")
    say()
    say("   or as a line of a zone file:")
    say()
    say(record.zone_line)
