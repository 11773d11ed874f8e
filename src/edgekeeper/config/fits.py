"""Sections about fits: when a live run makes them, whose packages it takes, what it explains."""

import re
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from edgekeeper.config.section import Section

__all__ = ["REFIT_WINDOWS", "ExplainConfig", "PackagesConfig", "RefitsConfig"]

REFIT_WINDOWS = ("", "recent", "full")
"""Windows a refit may be asked for; the first is that of the recipe."""

_WEEKLY = r"^(mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):[0-5]\d$"


class PackagesConfig(Section):
    """Whose packages are loaded, and who signs those made here."""

    trusted_keys: tuple[str, ...] = ()
    signing_key: str = ""

    @field_validator("trusted_keys")
    @classmethod
    def _keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        for key in keys:
            if not re.fullmatch("[0-9a-f]{64}", key):
                raise ValueError("expected public keys of 64 hexadecimal digits")
        return keys


class ExplainConfig(Section):
    """Which decisions of a model are explained on record: from this share of equity on; 0: none."""

    store_above: float = Field(0.0, ge=0, le=1)
    keep: int = Field(5, ge=1, le=100)


class RefitsConfig(Section):
    """How a live run refits its lines; a replay fits at the boundaries of its epochs, at once."""

    process: bool = True
    memory_mb: int = Field(4_096, ge=256)
    minutes: float = Field(30.0, gt=0)
    schedule: Literal["bars", "clock"] = "bars"
    daily: str = Field("02:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    weekly: str = Field("sun 03:00", pattern=_WEEKLY)
    time_zone: str = "UTC"
    max_age_hours: float = Field(24.0, gt=0)
    recent_bars: int = Field(504, ge=60)
    full_years: float = Field(5.0, gt=0)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("expected a time zone such as Europe/Paris") from error
        return zone
