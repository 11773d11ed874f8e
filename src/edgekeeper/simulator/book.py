"""``Book``: an account or a virtual book, stepped over market data by the compiled step."""

import math

import numpy as np

from edgekeeper.errors import BadData, Refused, UsageError
from edgekeeper.simulator.chunk import Chunk
from edgekeeper.simulator.compiled import plain
from edgekeeper.simulator.guards import rearm_model
from edgekeeper.simulator.log import Log
from edgekeeper.simulator.parameters import PARAMETERS, POLICY
from edgekeeper.simulator.records import Records
from edgekeeper.simulator.state import Account, BookState
from edgekeeper.simulator.step import advance
from edgekeeper.types import Standing

__all__ = ["Book", "Standing"]


class Book:
    """State plus parameters. ``step`` may be called with one bar or with a whole history.

    Parameters
    ----------
    parameters : Parameters [1]
        From :func:`book_parameters`; the book keeps its own copy.
    symbols : int
    cash : float
        Starting balance; 0 for a virtual book.
    policies : int
        How many there are beside its own, by which models may decide; see :meth:`set_policy`.

    Raises
    ------
    UsageError
        No symbols, or an account that starts without money.
    """

    def __init__(
        self, parameters: Records, symbols: int, cash: float = 0.0, policies: int = 0
    ) -> None:
        if parameters.dtype != PARAMETERS or parameters.shape != (1,):
            raise UsageError("expected parameters made by book_parameters()")
        if symbols < 1:
            raise UsageError(f"expected at least one symbol, got {symbols}")
        virtual = bool(parameters["virtual"][0])
        if not (virtual or 0.0 < cash < np.inf):
            raise UsageError(f"expected an account to start with cash, got {cash!r}")
        self.parameters = np.repeat(parameters, 1 + policies)
        self.symbols = symbols
        self.state = BookState.start(symbols, cash)

    @property
    def account(self) -> Account:
        """The account's record, to be read by field."""
        return self.state.account.view(np.recarray)[0]

    @property
    def halted(self) -> bool:
        """Whether a person has to resume the account."""
        return bool(self.account.halted)

    @property
    def standing(self) -> Standing:
        """What the account may do now."""
        if not self.halted:
            return Standing.ACTIVE
        return Standing.REDUCING if self.account.open_count > 0 else Standing.HALTED

    @property
    def flattening(self) -> bool:
        """Whether positions wait to be closed at their next open."""
        return bool(self.account.flattens) and self.standing is Standing.REDUCING

    @property
    def paused(self) -> bool:
        """Whether the fallback trades in the model's place."""
        return bool(self.account.paused)

    @property
    def equity(self) -> float:
        """Cash plus positions at the last prices."""
        return float(self.account.equity)

    @property
    def open_decisions(self) -> set[tuple[int, int]]:
        """Instant and symbol of each decision whose order waits, or whose position is open."""
        positions = self.state.positions
        found: set[tuple[int, int]] = set()
        for holds, decided in (("quantity", "decided_at"), ("pending_side", "pending_decided_at")):
            held = np.flatnonzero(positions[holds] != 0)
            found.update(zip(positions[decided][held].tolist(), held.tolist(), strict=True))
        return found

    def use_model(self, present: bool) -> None:
        """Say whether a champion decides; a new one starts with a clean record."""
        self.parameters["has_model"] = present
        account = self.account
        # What its predecessor's last positions brought while nobody was watching.
        account.model_exits, account.model_profit, account.model_gain = 0, 0.0, 0.0
        plain(rearm_model)(account)

    def set_policy(self, place: int, parameters: Records) -> None:
        """Let models decide rows of policy ``place``, from 1, by other bands, sizes and brackets.

        Costs, limits and guards stay those of the book, and so does what is open already.
        """
        for name in POLICY:
            self.parameters[name][place] = parameters[name][0]

    def resume(self) -> None:
        """Lift a halt, as a person's act; drawdown is measured afresh from here.

        Raises
        ------
        Refused
            Positions are still being closed by order, or the state is unclear: there is no money
            left, or money or exposure is not a number.
        """
        if self.flattening:
            raise Refused(
                f"{self.account.open_count} positions are still being closed, each at its "
                "symbol's next open: resume when the account is flat"
            )
        if not (math.isfinite(self.account.cash) and math.isfinite(self.account.gross)):
            raise Refused(
                f"expected an account whose money is known, got cash {self.account.cash!r} and "
                f"positions of {self.account.gross!r}: it cannot be resumed; start a new one"
            )
        if not self.equity > 0.0:
            raise Refused(
                f"expected an account with money in it, got equity {self.equity!r}: "
                "it cannot be resumed; start a new one"
            )
        account = self.account
        account.halted = account.flattens = False
        account.peak_equity = account.day_start_equity = account.equity

    def rearm(self) -> None:
        """End a pause of the model, as a person's act."""
        plain(rearm_model)(self.account)

    def halt(self, *, flatten: bool = False) -> None:
        """Stop all new entries until :meth:`resume`.

        With ``flatten`` each position is closed at its symbol's next open; else by its bracket.
        """
        self.account.halted = True
        if flatten:
            self.account.flattens = True

    def step(self, chunk: Chunk) -> Log:
        """Advance over a chunk; returns what was decided, filled, closed and guarded.

        A model without forecasts abstains.
        """
        if chunk.symbols != self.symbols:
            raise BadData(
                f"expected bars of a market of {self.symbols} symbols, got one of {chunk.symbols}"
            )
        rows, instants = len(chunk.symbol), len(chunk.time)
        virtual = bool(self.parameters["virtual"][0])
        if self.parameters["has_model"][0] and len(chunk.novelty) != rows:
            chunk = chunk.abstaining()
        log = Log.blank(rows, instants, self.symbols, virtual=virtual)
        advance(chunk, self.state.positions, self.state.account, self.parameters, log)
        return log
