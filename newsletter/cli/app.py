"""All commands in one place."""

import typer

from newsletter.cli import (
    checks,
    deliveries,
    dkim,
    doctor,
    evaluating,
    issues,
    making,
    models,
    operating,
    people,
    running,
    searching,
    seeing,
    sources,
    suggestions,
)

app = typer.Typer(
    name="newsletter",
    help="A self-hosted newsletter in which every subscriber gets their own issue.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(making.demo)
app.command()(making.init)
app.command()(running.pull)
app.add_typer(sources.app, name="sources")
app.command()(searching.search)
app.add_typer(people.app, name="subscribers")
app.add_typer(suggestions.app, name="suggestions")
app.add_typer(issues.app, name="issue")
app.add_typer(checks.app, name="check")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(dkim.app, name="dkim")
app.add_typer(models.app, name="model")
app.command()(running.preview)
app.command()(running.send)
app.command()(seeing.status)
app.command()(doctor.doctor)
app.command()(evaluating.evaluate)
app.command()(operating.serve)
app.command()(operating.tick)
app.command()(operating.receive)
app.command()(operating.announce)
app.command()(operating.backup)
app.command()(operating.restore)
app.command()(operating.mail)


def _version(wanted: bool) -> None:
    if wanted:
        from newsletter import __version__

        typer.echo(f"newsletter {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(
        False, "--version", help="Say which version this is.", callback=_version, is_eager=True
    ),
) -> None:
    pass
