"""The accounts that run side by side: Edgekeeper, the bot that always takes the newest, the rules.

Each also runs at twice the costs, because a result that dies there was never an edge.
"""

from dataclasses import dataclass

from edgekeeper.config import Config
from edgekeeper.registry import Package
from edgekeeper.simulator import Book, Log, MarketFeed, book_parameters
from edgekeeper.types import Forecasts

__all__ = ["ACCOUNTS", "DOUBLE_COST", "Accounts"]

ACCOUNTS = ("edgekeeper", "always_newest", "rules")
DOUBLE_COST = "_double_cost"


@dataclass(slots=True)
class _Account:
    book: Book
    package: str | None = None


class Accounts:
    """Books by account name; the three of :data:`ACCOUNTS`, at normal and at double costs."""

    def __init__(self, config: Config, periods_per_year: float, symbols: int) -> None:
        self._accounts: dict[str, _Account] = {}
        # The baseline trades the rules, whatever takes over for a model.
        baseline = config.model_copy(update={"fallback": "rules"})
        for multiple, suffix in ((1.0, ""), (2.0, DOUBLE_COST)):
            for name in ACCOUNTS:
                parameters = book_parameters(
                    baseline if name == "rules" else config,
                    periods_per_year=periods_per_year,
                    virtual=False,
                    cost_multiple=multiple,
                )
                book = Book(parameters, symbols, config.cash)
                self._accounts[name + suffix] = _Account(book)

    def use(self, account: str, package: Package | None) -> None:
        """Let a package decide for an account, or nobody; a change of owner starts clean."""
        for name in (account, account + DOUBLE_COST):
            entry = self._accounts[name]
            had, has = entry.package is not None, package is not None
            entry.package = package.hash if package else None
            if had != has:
                entry.book.use_model(has)

    def champion_changed(self, account: str) -> None:
        """Forget streak and drawdown of the previous champion."""
        for name in (account, account + DOUBLE_COST):
            self._accounts[name].book.use_model(self._accounts[name].package is not None)

    def step(
        self,
        feed: MarketFeed,
        first: int,
        last: int,
        forecasts: dict[str, Forecasts | None],
    ) -> dict[str, Log]:
        """Advance all books over instants first:last; forecasts by account, without suffix."""
        logs = {}
        chunks = {name: feed.chunk(first, last, forecasts.get(name)) for name in ACCOUNTS}
        for name, entry in self._accounts.items():
            logs[name] = entry.book.step(chunks[name.removesuffix(DOUBLE_COST)])
        return logs

    def book(self, name: str) -> Book:
        """The book of one account."""
        return self._accounts[name].book

    def package(self, name: str) -> str | None:
        """Hash of the package that decides for an account."""
        return self._accounts[name].package
