"""Labels that cannot grow without end: the first so many values, and ``other`` for the rest.

Each distinct value of a label is a series that Prometheus keeps for weeks. Names that come from
outside (symbols, lines, routes) are therefore counted, cut and capped.
"""

__all__ = ["OTHER", "Bounded"]

OTHER = "other"
_LONGEST = 60


class Bounded:
    """Lets the first ``most`` distinct values through, and calls all later ones ``other``.

    Parameters
    ----------
    most : int

    Examples
    --------
    >>> symbol = Bounded(2)
    >>> [symbol(name) for name in ("AAPL", "MSFT", "TSLA", "AAPL", "")]
    ['AAPL', 'MSFT', 'other', 'AAPL', 'other']
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, str] = {}

    def __call__(self, value: str | None) -> str:
        """Return the label for a value."""
        if not value:
            return OTHER
        if value not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            printable = "".join(c if c.isprintable() else " " for c in value[:_LONGEST])
            self._known[value] = printable
        return self._known[value]
