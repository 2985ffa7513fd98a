"""A self-hosted newsletter in which every subscriber gets their own issue.

>>> from newsletter import Newsletter
>>> with Newsletter("my-newsletter") as newsletter:           # doctest: +SKIP
...     newsletter.pull()
...     newsletter.preview("ada@example.com").subject

Names are imported when they are used: `newsletter --help` must not wait for numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from newsletter.errors import NewsletterError as NewsletterError
    from newsletter.newsletter import Newsletter as Newsletter

_HOMES = {"Newsletter": "newsletter.newsletter", "NewsletterError": "newsletter.errors"}
__all__ = ["Newsletter", "NewsletterError", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("newsletter")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
