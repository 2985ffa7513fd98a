"""The command line. Light to import: what a command needs is imported when it runs."""

import os
import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command; a mistake of the operator's ends with a sentence and status 1, never with a traceback.

    Status: 0 all went well; 1 it could not be done; 2 the command line is wrong; 3 done, but something in it failed
    (a source, a delivery); 130 interrupted.
    """
    from newsletter.cli.app import app

    try:
        app()
    except SystemExit as end:
        # What Typer makes of Ctrl-C.
        if end.code == _INTERRUPTED:
            print("Interrupted. What was done so far is kept.", file=sys.stderr)  # noqa: T201
        raise
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    except Exception as error:
        message = _in_words(error)
        if message is None:
            raise
        from newsletter.cli.output import shown

        print(f"newsletter: {shown(message)}", file=sys.stderr)  # noqa: T201
        sys.exit(1)


def _in_words(error: Exception) -> str | None:
    from newsletter.errors import NewsletterError
    from subscribers.errors import SubscribersError

    if isinstance(error, NewsletterError | SubscribersError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        what = f"{error.filename}: " if error.filename else ""
        return f"{what}{error.strerror}. Check that the path is right, may be read and written, and has room."
    return None
