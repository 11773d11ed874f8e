"""``Roster``: which lines there are, who of them decides, and how that changes at boundaries."""

from collections.abc import Mapping
from typing import Any

from edgekeeper.config import Config, LineConfig
from edgekeeper.errors import Refused
from edgekeeper.ledger import Ledger, Transaction
from edgekeeper.registry import Package, Pointer, Registry
from edgekeeper.rollout import (
    ALLOWED,
    RULES_LINE,
    Line,
    LineEvidence,
    Move,
    Proposal,
    Stage,
    next_move,
    policy_of,
    recipe_of,
)
from edgekeeper.simulator import Book, Records, book_parameters
from edgekeeper.stats.sequential import e_lond_level
from edgekeeper.trade.accounts import Accounts
from edgekeeper.trade.events import Events
from edgekeeper.trade.orders import Bequest, Order
from edgekeeper.trade.package_reader import FAULT, PackageReader
from edgekeeper.trade.roster_record import write_bequests, write_line, write_move
from edgekeeper.trade.seats import Seat

__all__ = ["Roster"]

_MINE, _NEWEST = "edgekeeper", "always_newest"
_WITHOUT_EVIDENCE = 0.10
"""Most of the signals that a line may decide on a person's word alone."""


class Roster:
    """Lines at the table, the champion among them, and the challengers with a share.

    Parameters
    ----------
    symbols : int
    config : Config
    ledger : Ledger
    registry : Registry
    accounts : Accounts
    periods_per_year : float

    Attributes
    ----------
    seats : dict of line name to Seat
    champion : str or None
        Line that decides whatever no challenger does.
    tests, discoveries : int
        Tests begun and promotions so far, over all lines.
    frozen : bool
        Nobody is promoted, nothing is swapped; retreats still happen.
    refits_asked : dict of line name to options
        Lines that a person wants refitted.
    under_way : set of str
        Lines that another process is to fit, and has not answered for yet.
    asked : dict of id to (line, Proposal, LineConfig) or None
        Changes of policies that wait for a person; None: answered.
    events : Events
        What people are told.
    """

    def __init__(
        self,
        symbols: int,
        config: Config,
        ledger: Ledger,
        registry: Registry,
        accounts: Accounts,
        periods_per_year: float,
    ) -> None:
        self.config, self.ledger, self.registry = config, ledger, registry
        self.accounts = accounts
        self._symbols = symbols
        self._periods_per_year = periods_per_year
        self.rules_book = Book(self._virtual(config), symbols)
        self.seats: dict[str, Seat] = {}
        for line in config.lines:
            own = policy_of(line, config)
            book = Book(self._virtual(own), symbols)
            book.use_model(True)
            seat = Seat(line, Line(line.name, recipe_of(line, config), 0), book, own)
            self.seats[line.name] = seat
            self.follow(seat, own)
        self.champion: str | None = None
        self.tests = 0
        self.discoveries = 0
        self.frozen = False
        self.refits_asked: dict[str, Mapping[str, Any]] = {}
        self.under_way: set[str] = set()
        self.asked: dict[str, tuple[str, Proposal, LineConfig] | None] = {}
        self.events = Events()
        self._left = 0  # entry of the last fit on record that was taken, or left
        self._reader = PackageReader(ledger, registry)

    # -- by which policy ------------------------------------------------------------------------

    def _virtual(self, config: Config) -> Records:
        return book_parameters(
            config.model_copy(update={"fallback": "rules"}),
            periods_per_year=self._periods_per_year,
            virtual=True,
        )

    def follow(self, seat: Seat, policy: Config) -> None:
        """Let a line decide by a policy from the next bar on, in its book and in the account."""
        seat.policy = policy
        parameters = self._virtual(policy)
        seat.book.set_policy(0, parameters)
        if place := self.place_of(seat.line.name):
            self.accounts.set_policy(_MINE, place, parameters)

    def place_of(self, line: str) -> int:
        """Which of the account's policies a line decides by; 0: the run's."""
        own = self.seats[line].config.policy is not None
        return 1 + list(self.seats).index(line) if own else 0

    # -- who decides ----------------------------------------------------------------------------

    @property
    def newest(self) -> Package | None:
        """Package a bot would trade that takes every refit of the first line."""
        return next(iter(self.seats.values())).newest if self.seats else None

    @property
    def challengers(self) -> dict[str, float]:
        """Lines in an A/B test, with their shares of the signals, in the order of the lines."""
        return {
            name: seat.line.share
            for name, seat in self.seats.items()
            if seat.line.stage is Stage.AB_TEST and seat.package is not None
        }

    @property
    def deciders(self) -> tuple[Package, ...]:
        """Packages that decide now: the champion's, then those of the challengers."""
        names = [] if self.champion is None else [self.champion]
        seats = [self.seats[name] for name in (*names, *self.challengers)]
        return tuple(seat.package for seat in seats if seat.package is not None)

    def wants_refit(self, line: str) -> bool:
        """Whether anyone still uses a line: a retired one only if it feeds always-newest."""
        retired = self.seats[line].line.stage is Stage.RETIRED
        return not retired or line == next(iter(self.seats))

    # -- moves ----------------------------------------------------------------------------------

    def end_epoch(self, forecasting: set[str], now_ns: int) -> list[Move]:
        """Move lines as the record demands; at most one line is promoted at a boundary."""
        for name in forecasting:
            line = self.seats[name].line
            line.epochs += 1
            line.step_epochs += 1
        moves: list[Move] = []
        before = self._deciding()
        for seat in self.seats.values():
            move = next_move(seat.line, self.config.evidence, self.config.rollout)
            if move is None or (self.frozen and move.share > seat.line.share):
                continue
            if move.verdict == "promoted" and any(done.verdict == "promoted" for done in moves):
                continue
            if move.target is Stage.PRODUCTION and self.champion is not None:
                moves.append(self._stand_down(move.line, now_ns))
            self._take(move, seat, now_ns)
            moves.append(move)
        if moves:
            with self.ledger.transaction("trade", event_time_ns=now_ns) as tx:
                for move in moves:
                    write_move(tx, move, now_ns)
        if self._deciding() != before:
            last = moves[-1]
            self._point(now_ns, f"{last.line} {last.verdict}: {last.reason}")
        return moves

    def _deciding(self) -> tuple[str | None, dict[str, float]]:
        return self.champion, self.challengers

    def _stand_down(self, successor: str, now_ns: int) -> Move:
        """Send the champion back to shadow, where it may earn its place anew."""
        assert self.champion is not None
        line = self.seats[self.champion].line
        move = Move(line.name, line.stage, Stage.SHADOW, "stood down", f"{successor} beat it", {})
        self._take(move, self.seats[self.champion], now_ns)
        return move

    def _take(self, move: Move, seat: Seat, now_ns: int) -> None:
        """Carry out a move of one line."""
        line = seat.line
        assert move.target in ALLOWED[line.stage]
        was = line.stage
        line.stage, line.verdict, line.share = move.target, move.verdict, move.share
        line.step_epochs = 0
        line.reasons.append(move.reason)
        self.events.append((now_ns, move.verdict, f"{line.name} {move.verdict}: {move.reason}"))
        if move.verdict == "promoted":
            assert line.evidence is not None
            self.discoveries += 1
            line.evidence.watch_for_harm()
        if move.verdict == "proved":
            self.discoveries += 1
            line.without_evidence = False
        elif move.target is Stage.AB_TEST:
            line.step = line.step + 1 if was is Stage.AB_TEST else 0
        elif move.target is Stage.PRODUCTION:
            self.champion = line.name
        elif line.name == self.champion:
            self.champion = None
        if move.target is Stage.SHADOW:
            line.without_evidence = False
            self._begin_test(line)
        self._seat_deciders(changed=move.target is Stage.PRODUCTION)

    def _seat_deciders(self, *, changed: bool = False) -> None:
        """Let the account know whose forecasts it trades now."""
        package = self.seats[self.champion].package if self.champion else None
        self.accounts.use(_MINE, package, arms=bool(self.challengers))
        if changed:
            self.accounts.champion_changed(_MINE)

    def _begin_test(self, line: Line) -> None:
        """Start a fresh body of evidence; a restart is a new test and pays for it."""
        self.tests += 1
        line.test = self.tests
        line.level = e_lond_level(
            self.tests, self.discoveries, self.config.evidence.false_discovery_rate
        )
        if line.evidence is None:
            line.evidence = LineEvidence(self._symbols, self.config.evidence)
        else:
            line.evidence.restart()
        line.trades = line.epochs = 0

    # -- packages -------------------------------------------------------------------------------

    def adopt(self, now_ns: int) -> None:
        """Swap in packages that ``learn`` has recorded since the last boundary.

        They are told by their place in the record, not by their time: a fit that took longer than
        an epoch is recorded after later epochs, and still counts.
        """
        for row in self.fits_waiting(now_ns):
            self.take_fit(row, now_ns)

    def fits_waiting(self, until_ns: int | None = None) -> list[dict[str, Any]]:
        """Fits on record that were neither taken nor left yet, in the order of the record."""
        if self.ledger.last_entries(["packages"])["packages"] <= self._left:
            return []
        columns = ["entry", "fitted_at_ns", "hash", "line", "refit_index", "verdict"]
        frame = self.ledger.read("packages", columns, until_ns=until_ns, after=self._left)
        return list(frame.iter_rows(named=True))

    def take_fit(self, row: dict[str, Any], now_ns: int, tx: Transaction | None = None) -> None:
        """Take the next fit on record: swap it in, unless something speaks against it."""
        if row["line"] in self.seats:  # else of a line that this configuration does not have
            seat = self.seats[row["line"]]
            seat.line.refits += 1
            package = self._reader.load(row["hash"])
            if isinstance(package, Package):
                seat.newest = package
                self._swap(seat, row, now_ns, tx)
            else:
                self._keep(seat, row, package, now_ns, tx)
            self.accounts.use(_NEWEST, self.newest)
        self.leave_fit(row)

    def leave_fit(self, row: dict[str, Any]) -> None:
        """Go past the next fit on record."""
        self._left = row["entry"]

    def _keep(
        self,
        seat: Seat,
        row: dict[str, Any],
        fault: str,
        now_ns: int,
        tx: Transaction | None,
    ) -> None:
        """Let a line go on with what it has, since a new package cannot be read; on record."""
        line = seat.line
        has = f"goes on with {line.package[:12]}" if line.package else "has none yet"
        reason = f"package {row['hash'][:12]} of refit {row['refit_index']} is {fault}; {has}"
        evidence = {"package": row["hash"], "fault": fault}
        move = Move(line.name, line.stage, line.stage, "kept", reason, evidence)
        line.reasons.append(reason)
        if tx is not None:
            write_move(tx, move, now_ns, FAULT)
        else:
            with self.ledger.transaction("trade", event_time_ns=now_ns) as own:
                write_move(own, move, now_ns, FAULT)
        self.events.append((now_ns, "corrupt", f"{line.name}: {reason}"))

    def _swap(self, seat: Seat, row: dict[str, Any], now_ns: int, tx: Transaction | None) -> None:
        line = seat.line
        if line.stage is Stage.RETIRED:
            return
        first = line.stage is Stage.CANDIDATE
        if row["verdict"] != "accepted":
            reason = f"refit {row['refit_index']} {row['verdict'].replace('_', ' ')}"
            line.reasons.append(reason)
            if first:
                line.verdict = row["verdict"]
            self.events.append((now_ns, "veto", f"{line.name}: {reason}"))
            return
        if seat.pinned or self.frozen:
            reason = f"refit {row['refit_index']} not used: {'pinned' if seat.pinned else 'frozen'}"
            self.events.append((now_ns, "pinned", f"{line.name}: {reason}"))
            return
        self.use(seat, row["hash"], now_ns, f"refit {row['refit_index']} of {line.name}")
        if first:
            self.register(seat, now_ns, tx)

    def use(self, seat: Seat, package: str, now_ns: int, reason: str) -> None:
        """Let a line forecast with a package of its own from now on."""
        newest = seat.newest
        seat.package = newest if newest and newest.hash == package else self.registry.load(package)
        line = seat.line
        line.package = package
        if package not in seat.history:
            seat.history.append(package)
        if line.name == self.champion or line.name in self.challengers:
            self._seat_deciders()
            self._point(now_ns, reason)

    def register(self, seat: Seat, now_ns: int, tx: Transaction | None = None) -> None:
        """Enter shadow: the recipe is on record, and evidence counts from the next bar on."""
        if tx is None:
            with self.ledger.transaction("trade", event_time_ns=now_ns) as tx:
                self.register(seat, now_ns, tx)
            return
        line = seat.line
        line.registered_ns = now_ns
        line.stage, line.verdict = Stage.SHADOW, "in shadow"
        self._begin_test(line)
        move = Move(line.name, Stage.CANDIDATE, Stage.SHADOW, "in shadow", "passed its gates", {})
        write_line(tx, line, now_ns)
        write_move(tx, move, now_ns)
        self.events.append((now_ns, "shadow", f"{line.name}: entered shadow"))

    def inherit(self, bequests: tuple[Bequest, ...], now_ns: int) -> None:
        """Let lines go on with packages of another run; their evidence begins at nothing."""
        rows = [one for one in bequests if one.line in self.seats]
        with self.ledger.transaction("trade", event_time_ns=now_ns) as tx:
            write_bequests(tx, rows, now_ns)
        for one in rows:
            seat = self.seats[one.line]
            seat.newest = self.registry.load(one.package)
            self.use(seat, one.package, now_ns, "inherited")
            self.register(seat, now_ns)
        self.accounts.use(_NEWEST, self.newest)

    # -- by order of a person -------------------------------------------------------------------

    def promote_without_evidence(self, seat: Seat, order: Order, now_ns: int) -> Move:
        """Let a line in shadow decide a tenth of the signals; marked everywhere."""
        line = seat.line
        if line.stage is not Stage.SHADOW or seat.package is None:
            raise Refused(
                f"line {line.name} is in stage {line.stage}: only shadow is promoted from"
            )
        if self.challengers:
            raise Refused(f"{next(iter(self.challengers))} is in its A/B test: one at a time")
        share = min(self.config.rollout.steps[:1] or (_WITHOUT_EVIDENCE,))
        share = min(share, _WITHOUT_EVIDENCE)
        reason = f"without evidence, by order of {order.actor}: {order.reason}"
        move = Move(line.name, line.stage, Stage.AB_TEST, "overridden", reason, {}, share)
        self._take(move, seat, now_ns)
        line.without_evidence = True
        assert line.evidence is not None
        line.evidence.watch_for_harm()
        self._point(now_ns, reason)
        return move

    def send(self, seat: Seat, target: Stage, verdict: str, reason: str, now_ns: int) -> Move:
        """Send a line to another stage, less risky than its own."""
        line = seat.line
        if target not in ALLOWED[line.stage] or line.stage is Stage.CANDIDATE:
            raise Refused(f"line {line.name} is in stage {line.stage}, not to be {verdict}")
        move = Move(line.name, line.stage, target, verdict, reason, {})
        self._take(move, seat, now_ns)
        self._point(now_ns, f"{line.name} {verdict}: {reason}")
        return move

    # -- on record ------------------------------------------------------------------------------

    def package_on_record(self, name: str, now_ns: int) -> dict[str, Any] | None:
        """Row of the one package whose hash begins with ``name``; None: there is no such one.

        Fits of later bars are not looked at: a run that is lived again has them on record already.
        """
        columns = ["hash", "line", "verdict"]
        rows = self.ledger.read("packages", columns, until_ns=now_ns).unique(maintain_order=True)
        found = [
            row for row in rows.iter_rows(named=True)
            if len(name) >= 6 and row["hash"].startswith(name) and row["line"] in self.seats
        ]  # fmt: skip
        return found[0] if len(found) == 1 else None

    def _point(self, now_ns: int, reason: str) -> None:
        if self.ledger.unproved:
            return  # the record goes on from here, and so did the pointer
        champion = self.seats[self.champion].line.package if self.champion else None
        arms = {
            self.seats[name].line.package: share
            for name, share in self.challengers.items()
            if self.seats[name].line.package != champion
        }
        self.registry.set_pointer(
            Pointer(champion=champion, arms=arms, changed_at=now_ns, reason=reason or RULES_LINE)
        )
