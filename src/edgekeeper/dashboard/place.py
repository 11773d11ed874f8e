"""Where a visitor is: a path and what stands behind its question mark, taken from outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

__all__ = ["Place"]

_MOST = 2_000
_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the dashboard. Filters and pages live in it, so that every view has an address.

    Examples
    --------
    >>> here = Place.of("/decisions?symbol=BTC%2FUSD&page=")
    >>> here.path, here.get("symbol"), here.get("page")
    ('/decisions', 'BTC/USD', '')
    >>> here.to(side="long").url
    '/decisions?symbol=BTC%2FUSD&side=long'
    """

    path: str
    query: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def of(cls, url: str) -> "Place":
        """Read an address; what is too long or malformed is the start page."""
        if len(url) > _MOST:
            return cls("/")
        try:
            parts = urlsplit(url)
            pairs = parse_qsl(parts.query, max_num_fields=_MOST_NAMES)
        except ValueError:
            return cls("/")
        return cls(parts.path or "/", tuple(dict(pairs).items()))

    def get(self, name: str) -> str:
        """Return what is asked for under a name, or nothing."""
        return dict(self.query).get(name, "")

    def to(self, path: str | None = None, **changed: str) -> "Place":
        """Return the same place with some of its query changed; empty text takes a name out."""
        query: Mapping[str, str] = {**dict(self.query), **changed}
        return Place(path or self.path, tuple((k, v) for k, v in query.items() if v))

    @property
    def url(self) -> str:
        """The address."""
        text = urlencode(self.query, quote_via=quote, safe="")
        return f"{self.path}?{text}" if text else self.path
