"""`doctor`: checks everything that decides whether mail arrives."""

from dataclasses import asdict
from typing import Annotated

import typer

from newsletter.cli.output import PARTLY, AsJson, Project, say, say_json


def doctor(
    resolver: Annotated[
        str, typer.Option("--resolver", help="Ask this DNS server, as 9.9.9.9 or 127.0.0.1:5353.", metavar="ADDRESS")
    ] = "",
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody: look only at what is here.")] = False,
    as_json: AsJson = False,
    project: Project = ".",  # type: ignore[assignment]
) -> None:
    """Check everything that decides whether mail arrives, and say what to do. No mail is sent.

    It ends with status 3 where something stops mail.
    """
    from newsletter.cli.doctor_words import in_words
    from newsletter.doctor.examination import examine, failed
    from newsletter.doctor.findings import worst

    findings = examine(project, resolver=resolver, offline=offline)
    if as_json:
        say_json({"verdict": worst(findings), "findings": [asdict(one) for one in findings]})
    else:
        say("\n".join(in_words(findings)))
    if failed(findings):
        raise typer.Exit(PARTLY)
