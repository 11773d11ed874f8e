"""The pointer: one small file that says which packages trade. Swapped whole, never edited."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from edgekeeper.errors import BadData, UsageError
from edgekeeper.models.canonical import Json, canonical_bytes, parse
from edgekeeper.models.fields import Fields
from edgekeeper.models.package import is_hash

__all__ = ["Pointer"]

_FORMAT = 1
_WHERE = "pointer.json"
_NO_ARMS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which packages trade.

    Attributes
    ----------
    champion : str or None
        Hash of the package that trades; None means the fallback does.
    arms : mapping of hash to share
        Challengers that trade a share of the signals, together at most 1.
    changed_at : int
        Market time of the change, nanoseconds UTC.
    reason : str
        One sentence; the history is in the ledger.

    Examples
    --------
    >>> Pointer(champion=None, reason="nothing has earned its place yet").arms
    mappingproxy({})
    """

    champion: str | None = None
    arms: Mapping[str, float] = field(default_factory=lambda: _NO_ARMS)
    changed_at: int = 0
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "arms", MappingProxyType(dict(self.arms)))
        for name in self.packages:
            if not is_hash(name):
                raise UsageError(f"expected the hash of a package, 64 hex digits, got {name!r}")
        shares = self.arms.values()
        if not all(0.0 < share <= 1.0 for share in shares) or sum(shares) > 1.0 + 1e-9:
            raise UsageError(f"expected arms with shares above 0, together at most 1: {self.arms}")
        if self.champion in self.arms:
            raise UsageError("expected arms other than the champion, got the champion as an arm")

    @property
    def packages(self) -> tuple[str, ...]:
        """All hashes named: the champion first, then the arms."""
        return (() if self.champion is None else (self.champion,)) + tuple(self.arms)

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        arms: dict[str, Json] = dict(self.arms)
        return canonical_bytes(
            {
                "format": _FORMAT,
                "champion": self.champion,
                "arms": arms,
                "changed_at": self.changed_at,
                "reason": self.reason,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the file's content strictly.

        Raises
        ------
        BadData
            Anything :meth:`to_bytes` would not have written.
        """
        with Fields(parse(data, _WHERE), _WHERE) as record:
            if (version := record.integer("format")) != _FORMAT:
                raise BadData(f"{_WHERE}: expected format {_FORMAT}, got {version}")
            champion = record.value("champion")
            if not (champion is None or isinstance(champion, str)):
                raise BadData(f"{_WHERE}.champion: expected a hash or null, got {champion!r}")
            shares = record.mapping("arms")
            arms = Fields(shares, f"{_WHERE}.arms")
            try:
                return cls(
                    champion=champion,
                    arms={name: arms.number(name) for name in shares},
                    changed_at=record.integer("changed_at"),
                    reason=record.text("reason"),
                )
            except UsageError as error:
                raise BadData(f"{_WHERE}: {error}") from error
