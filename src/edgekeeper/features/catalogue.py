"""Ready-made features as data: one TOML file a catalogue, each entry with text, meaning, source."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from edgekeeper.errors import UsageError, nearest

__all__ = ["CATALOGUES", "CatalogueEntry", "catalogue"]

CATALOGUES = (
    "technical",
    "volatility",
    "volume",
    "returns",
    "oscillators",
    "calendar",
    "session",
    "venue",
    "multi_timeframe",
    "cross_asset",
    "regime",
    "microstructure",
    "options",
    "fundamental",
    "sentiment",
    "macro",
    "signal_context",
    "alpha158",
)


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One ready-made feature: its name, its text, what it means, and where it comes from."""

    name: str
    text: str
    meaning: str
    source: str


@cache
def catalogue(name: str) -> tuple[CatalogueEntry, ...]:
    """Return the features of one catalogue.

    Raises
    ------
    UsageError
        No catalogue of that name.

    Examples
    --------
    >>> [entry.name for entry in catalogue("calendar")][:2]
    ['minute_of_day_sin', 'minute_of_day_cos']
    """
    if name not in CATALOGUES:
        raise UsageError(
            f"unknown catalogue {name!r}{nearest(name, CATALOGUES)}; there are "
            f"{', '.join(CATALOGUES)}"
        )
    path = files("edgekeeper.features").joinpath("catalogues").joinpath(f"{name}.toml")
    entries = tomllib.loads(path.read_text("utf-8"))
    return tuple(CatalogueEntry(key, **entry) for key, entry in entries.items())
