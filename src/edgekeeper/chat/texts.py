"""Texts as Telegram takes them: plain, without control characters, at most 4,096 units a message.

No parse mode is ever used, so no text, whoever wrote it, can be markup, a link in disguise or a
mention.
"""

from collections.abc import Iterator

__all__ = ["LONGEST", "clean", "split"]

LONGEST = 4_096
"""UTF-16 units of the longest message."""

_MOST_PARTS = 5
_CUT = "\n… cut: the rest is on the dashboard."


def clean(text: str) -> str:
    """Return a text without control characters or marks that turn the reading direction.

    Examples
    --------
    >>> clean("a\\x1b[31mb\\u202e\\tc")
    'a[31mb c'
    """
    spaced = text.replace("\t", " ")
    return "".join(one for one in spaced if one == "\n" or one.isprintable())


def split(text: str, longest: int = LONGEST) -> list[str]:
    """Return messages of at most ``longest`` units, cut between lines where that is possible.

    Examples
    --------
    >>> split("one\\ntwo\\nthree", 9)
    ['one\\ntwo', 'three']
    """
    parts = [part for part in _parts(clean(text), longest) if part.strip()]
    if len(parts) > _MOST_PARTS:
        room = longest - _units(_CUT)
        parts = [*parts[: _MOST_PARTS - 1], _fitting(parts[_MOST_PARTS - 1], room) + _CUT]
    return parts


def _parts(text: str, longest: int) -> Iterator[str]:
    held = ""
    for line in text.split("\n"):
        while True:
            joined = f"{held}\n{line}" if held else line
            if _units(joined) <= longest:
                held = joined
                break
            if held:
                yield held
                held = ""
                continue
            head = _fitting(line, longest)
            yield head
            line = line[len(head) :]
    yield held


def _fitting(line: str, longest: int) -> str:
    """Return the longest beginning that fits, without cutting a character in two."""
    head = line[:longest]
    while _units(head) > longest:
        head = head[: len(head) - max(1, (_units(head) - longest) // 2)]
    return head


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
