"""Seals: heads of the chains, kept in the record and again in a file beside it.

A chain alone cannot tell that its end was cut off, or that an older copy was put in its place. A
head kept elsewhere can. The file beside the ledger guards against accidents; whoever fears more
keeps the head of a report somewhere else and hands it to ``verify``.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine, select

from edgekeeper.errors import BadData
from edgekeeper.ledger.behind import Behind
from edgekeeper.ledger.journal import Journal
from edgekeeper.ledger.schema import FACTS, chain
from edgekeeper.ledger.transaction import MARKET_ROLES

__all__ = [
    "SEALS_OF",
    "Seal",
    "Sealer",
    "check_seals",
    "heads",
    "links_at",
    "read_seals",
    "seal_file",
    "write_seals",
]


@dataclass(frozen=True, slots=True)
class Seal:
    """The head of a chain at a boundary.

    Attributes
    ----------
    event_time_ns : int
        Market time.
    role : str
    links : int
        How many the chain had.
    digest : str
        Of the last one, hex.
    """

    event_time_ns: int
    role: str
    links: int
    digest: str


SEALS_OF = {"operations": MARKET_ROLES, "signals": ("signals",)}
"""Roles whose chains are sealed, by the operational role that writes the seals down."""


def seal_file(ledger: Path, role: str = "operations") -> Path:
    """Where the seals of a ledger lie that a role writes down: each role has one writer."""
    return ledger.with_name(f"{ledger.name}{'' if role == 'operations' else f'.{role}'}.seals")


def heads(engine: Engine, roles: Iterable[str], event_time_ns: int) -> list[Seal]:
    """Seal what stands: the head of each chain that has one."""
    found = []
    with engine.connect() as connection:
        for role in roles:
            query = select(chain.c.seq, chain.c.digest).where(chain.c.role == role)
            last = connection.execute(query.order_by(chain.c.seq.desc()).limit(1)).first()
            if last is not None:
                found.append(Seal(event_time_ns, role, last.seq + 1, last.digest))
    return found


def read_seals(engine: Engine) -> list[Seal]:
    """Return the seals in the record, in order of writing."""
    table = FACTS["seals"]
    columns = (table.c.event_time_ns, table.c.role, table.c.links, table.c.digest)
    with engine.connect() as connection:
        return [Seal(*row) for row in connection.execute(select(*columns).order_by(table.c.entry))]


class Sealer:
    """Seals what a journal writes; the file beside the record is written by another thread.

    Whoever calls it holds the claim on the operational role, so nobody else seals meanwhile.

    Parameters
    ----------
    engine : Engine
    journal : Journal
    file : Path or None
        Where the seals go besides the record.
    roles : sequence of str
        Whose chains it seals.
    """

    def __init__(
        self, engine: Engine, journal: Journal, file: Path | None, roles: Sequence[str]
    ) -> None:
        self.roles = roles
        self._engine = engine
        self._journal = journal
        self._file = file
        self._seals: list[Seal] | None = None
        self._ahead = True  # whether seals of the record, or of who wrote before, may be lost yet
        self._behind = Behind("edgekeeper-seals")

    def due(self, event_time_ns: int) -> list[Seal]:
        """Heads of chains that no seal stands for yet."""
        self.wait()
        if self._seals is None:
            self._journal.settle()
            self._seals = self._on_record()
        furthest = {seal.role: seal.links for seal in self._seals}
        found = (Seal(event_time_ns, role, *self._journal.head(role)) for role in self.roles)
        return [seal for seal in found if seal.links > furthest.get(seal.role, 0)]

    def note(self, new: Sequence[Seal], *, durable: bool) -> None:
        """Take note of seals that were handed to the journal; durable ones go to the file, too."""
        self._seals = [*(self._seals or ()), *new]
        if durable:
            self._keep()
        else:
            self._ahead = self._ahead or bool(new)

    def _keep(self) -> None:
        """Write the file anew once the disk has all seals, whose commit may be on its way."""
        committed = self._journal.under_way
        if self._ahead:
            if committed is None:
                self._journal.write_group((), durable=True)
            self._journal.settle()
            self._seals = self._on_record()  # a commit of theirs may have failed
            committed, self._ahead = None, False
        seals = self._seals or []

        def follow() -> None:
            if committed is not None:
                committed.result()
            if self._file is not None:
                write_seals(self._file, seals)

        self._behind.start(follow)

    def _on_record(self) -> list[Seal]:
        return [seal for seal in read_seals(self._engine) if seal.role in self.roles]

    def wait(self) -> None:
        """Wait for the file; raise what went wrong with it or with the seals' commit."""
        try:
            self._behind.wait()
        except BaseException:
            self._seals = None
            raise

    def close(self) -> None:
        """Wait, and end the thread."""
        self._behind.close()


def links_at(engine: Engine, role: str, until_ns: int) -> int:
    """Links of a chain that its last seal at or before an instant stands for; 0: no such seal."""
    seals = [s for s in read_seals(engine) if s.role == role and s.event_time_ns <= until_ns]
    return max((seal.links for seal in seals), default=0)


def write_seals(file: Path, seals: Sequence[Seal]) -> None:
    """Replace the file of seals in one step; it reaches the disk before this returns."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        with draft.open("w") as stream:
            stream.writelines(map(_line, seals))
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


@lru_cache(maxsize=4096)
def _line(seal: Seal) -> str:
    return json.dumps(asdict(seal), sort_keys=True) + "\n"


def check_seals(engine: Engine, place: object, ledger: Path | None) -> int:
    """Hold the chains against every seal, in the record and beside it; return how many there are.

    Raises
    ------
    BadData
        A chain that is shorter than a seal says, or another one.
    """
    seals = read_seals(engine)
    if ledger is not None:
        seals += [one for role in SEALS_OF for one in _from_file(seal_file(ledger, role))]
    with engine.connect() as connection:
        for seal in dict.fromkeys(seals):
            query = select(chain.c.digest).where(
                chain.c.role == seal.role, chain.c.seq == seal.links - 1
            )
            found = connection.execute(query).scalar()
            if found == seal.digest:
                continue
            what = "ends before" if found is None else "has another link at"
            raise BadData(
                f"ledger {place}: the {seal.role!r} chain {what} link {seal.links - 1}, which was "
                f"sealed at event time {seal.event_time_ns}: it was cut off or replaced by an "
                "older or another copy; restore the newest backup"
            )
    return len(dict.fromkeys(seals))


def _from_file(file: Path) -> list[Seal]:
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise _no_seals(file, str(error)) from error
    try:
        return [Seal(**json.loads(line)) for line in lines]
    except (ValueError, TypeError) as error:
        raise _no_seals(file, str(error)) from error


def _no_seals(file: Path, why: str) -> BadData:
    return BadData(f"expected seals in {file}, got something else ({why}): restore a backup")
