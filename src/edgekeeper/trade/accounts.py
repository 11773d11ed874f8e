"""The accounts that run side by side: Edgekeeper, the bot that always takes the newest, the rules.

Each also runs at twice the costs, because a result that dies there was never an edge.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekeeper.config import Config
from edgekeeper.registry import Package
from edgekeeper.simulator import Book, Log, MarketFeed, Records, book_parameters
from edgekeeper.types import BoolArray, Forecasts

__all__ = ["ACCOUNTS", "DOUBLE_COST", "Accounts"]

ACCOUNTS = ("edgekeeper", "always_newest", "rules")
DOUBLE_COST = "_double_cost"


@dataclass(slots=True)
class _Account:
    book: Book
    package: str | None = None
    has_model: bool = False


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
                book = Book(parameters, symbols, config.cash, policies=len(config.lines))
                self._accounts[name + suffix] = _Account(book)

    def use(self, account: str, package: Package | None, *, arms: bool = False) -> None:
        """Let a package decide for an account, or nobody, or with ``arms`` others here and there.

        Where models begin or cease to decide, their record starts clean.
        """
        has = package is not None or arms
        for name in (account, account + DOUBLE_COST):
            entry = self._accounts[name]
            entry.package = package.hash if package else None
            if entry.has_model != has:
                entry.has_model = has
                entry.book.use_model(has)

    def set_policy(self, account: str, place: int, parameters: Records) -> None:
        """Let models decide an account's rows of policy ``place`` by these bands and brackets."""
        for name in (account, account + DOUBLE_COST):
            self._accounts[name].book.set_policy(place, parameters)

    def champion_changed(self, account: str) -> None:
        """Forget streak and drawdown of the previous champion."""
        for name in (account, account + DOUBLE_COST):
            entry = self._accounts[name]
            entry.book.use_model(entry.has_model)

    def step(
        self,
        feed: MarketFeed,
        first: int,
        last: int,
        forecasts: dict[str, Forecasts | None],
        by_model: dict[str, BoolArray] | None = None,
        policies: dict[str, NDArray[np.uint16]] | None = None,
    ) -> dict[str, Log]:
        """Advance all books over instants first:last.

        Parameters
        ----------
        forecasts : mapping
            By account, without suffix.
        by_model : mapping, optional
            By account, rows that a model decides where it is not all of them.
        policies : mapping, optional
            By account, by which policy each row is decided where it is not the run's.
        """
        logs = {}
        rows, places = by_model or {}, policies or {}
        chunks = {
            name: feed.chunk(first, last, forecasts.get(name), rows.get(name), places.get(name))
            for name in ACCOUNTS
        }
        for name, entry in self._accounts.items():
            logs[name] = entry.book.step(chunks[name.removesuffix(DOUBLE_COST)])
        return logs

    def book(self, name: str) -> Book:
        """The book of one account."""
        return self._accounts[name].book

    def package(self, name: str) -> str | None:
        """Hash of the package that decides for an account."""
        return self._accounts[name].package
