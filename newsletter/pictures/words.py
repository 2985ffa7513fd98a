"""Numbers and lists in sentences."""

from collections.abc import Sequence

from newsletter.rendering.words import number


def counted(count: int, one: str, many: str = "") -> str:
    """ "one reader", "312 readers", "no reader" """
    return f"{number(count)} {one if count < 2 else many or one + 's'}"


def listed(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c" """
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def sentence(text: str) -> str:
    """With a capital, and nothing else changed."""
    return text[:1].upper() + text[1:]
