"""``BotLine`` and ``Lines``: the side-car's lines as their recorded moves and evidence leave them.

Everything here is folded from rows, one after the other: those that are written now, or those that
are read after a restart. So a process that was killed goes on where the record ends.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgekeeper.config import Config
from edgekeeper.errors import Refused
from edgekeeper.rollout import ALLOWED, Line, Move, Stage, next_move
from edgekeeper.sidecar.books import BOT, BotBook, LineBook
from edgekeeper.sidecar.days import Day
from edgekeeper.sidecar.facts import DAY_NS
from edgekeeper.sidecar.model import SignalModel
from edgekeeper.stats.sequential import e_lond_level

__all__ = ["BotLine", "Lines"]

_SHARE_WITHOUT_EVIDENCE = 0.10


@dataclass(slots=True)
class BotLine:
    """One line: its stage and evidence, the package it forecasts with, those of its past.

    Attributes
    ----------
    broken : str
        Why its package cannot be used; empty: it can.
    held : str
        A newer package that waits for a person's approval.
    """

    line: Line
    book: LineBook
    model: SignalModel | None = None
    broken: str = ""
    held: str = ""
    history: list[str] = field(default_factory=list)
    pinned: bool = False
    fits: int = 0
    asked_at: int = 0

    @property
    def name(self) -> str:
        """Of the line."""
        return self.line.name


class Lines:
    """All lines, and the bot's own book beside them.

    Parameters
    ----------
    names : iterable of str
    config : Config
        Its ``evidence`` and ``rollout``: a day here is what an epoch is there.
    """

    def __init__(self, names: Iterable[str], config: Config) -> None:
        self._config = config
        self.bot = BotBook()
        self.by_name = {name: self._fresh(name) for name in names}
        self.tests = self.discoveries = 0
        self.frozen = False

    def _fresh(self, name: str) -> BotLine:
        book = LineBook(self._config.evidence)
        return BotLine(Line(name, {}, 0, evidence=book), book)

    @property
    def champion(self) -> str:
        """The line in production, or the bot."""
        stages = {one.name: one.line.stage for one in self.by_name.values()}
        return next((name for name, stage in stages.items() if stage is Stage.PRODUCTION), BOT)

    @property
    def deciding(self) -> list[BotLine]:
        """Lines in the order in which they are asked: the one on trial before the champion."""
        found = [one for one in self.by_name.values() if one.line.forecasts]
        order = {Stage.AB_TEST: 0, Stage.PRODUCTION: 1, Stage.SHADOW: 2}
        return sorted(found, key=lambda one: order[one.line.stage])

    # -- rows, new and old ----------------------------------------------------------------------

    def day_rows(self, day: Day) -> list[dict[str, Any]]:
        """Return the evidence of a day, and take it."""
        rows = [self.bot.row(day)]
        champion = self.champion
        for one in self.by_name.values():
            if one.line.forecasts and day.end_ns - DAY_NS >= one.line.registered_ns:
                rival = BOT if one.name == champion else champion
                rows.append(one.book.row(one.name, one.line.threshold, day, self.bot, rival))
        return [row | self.apply_day(row) for row in rows]

    def apply_day(self, row: Mapping[str, Any]) -> dict[str, float | None]:
        """Take one line's row of a day; return its bets after it."""
        if row["line"] == BOT:
            self.bot.apply(row)
            return {}
        one = self.by_name.get(row["line"])
        if one is None:
            return {}  # a line that the settings no longer name
        one.line.epochs += 1
        one.line.step_epochs += 1
        one.line.trades += int(row["taken"])
        return one.book.apply(row)

    def due_moves(self) -> list[Move]:
        """Return what the rules demand now, the first of them for each line."""
        moves = []
        on_trial = any(one.line.stage is Stage.AB_TEST for one in self.by_name.values())
        for one in self.by_name.values():
            move = next_move(one.line, self._config.evidence, self._config.rollout)
            if move is None:
                continue
            rises = move.target in (Stage.AB_TEST, Stage.PRODUCTION)
            if rises and (self.frozen or (on_trial and move.source is Stage.SHADOW)):
                continue
            on_trial = on_trial or move.target is Stage.AB_TEST
            moves.append(move)
        return moves

    def move_rows(self, move: Move, now_ns: int, actor: str = "rule") -> list[dict[str, Any]]:
        """Return the rows of a move, and of the champion that it replaces, and take them."""
        rows = [self._row(move, now_ns, actor)]
        before = self.champion
        if move.target is Stage.PRODUCTION and before not in (BOT, move.line):
            source = self.by_name[before].line.stage
            why = f"{move.line} took its place"
            down = Move(before, source, Stage.SHADOW, "stood down", why, {})
            rows.insert(0, self._row(down, now_ns, actor))
        for row in rows:
            self.apply_move(row)
        return rows

    def _row(self, move: Move, now_ns: int, actor: str) -> dict[str, Any]:
        row: dict[str, Any] = {
            "event_time_ns": now_ns,
            "line": move.line,
            "from_stage": None if move.source is Stage.CANDIDATE else str(move.source),
            "to_stage": str(move.target),
            "verdict": move.verdict,
            "reason": move.reason.replace(" bars", " days").replace(" epochs", " days"),
            "actor": actor,
            "share": move.share,
            "package": None,
            "pinned": None,
            "level": None,
            "test_index": None,
            "evidence_json": move.evidence,
        }
        if move.target is Stage.SHADOW:  # a fresh body of evidence is a test of its own
            discovered = self.discoveries
            level = e_lond_level(
                self.tests + 1, discovered, self._config.evidence.false_discovery_rate
            )
            row |= {"level": level, "test_index": self.tests + 1}
        return row

    def package_row(
        self, name: str, package: str | None, now_ns: int, verdict: str, reason: str, actor: str,
        *, pinned: bool | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Return the row of another package, or of a pin, and take it."""
        line = self.by_name[name].line
        if line.stage is Stage.CANDIDATE:
            move = Move(name, Stage.CANDIDATE, Stage.SHADOW, verdict, reason, {})
        else:
            move = Move(name, line.stage, line.stage, verdict, reason, {}, line.share)
        row = self._row(move, now_ns, actor)
        if line.stage is not Stage.CANDIDATE:
            row |= {"level": None, "test_index": None}
        row |= {"package": package, "pinned": None if pinned is None else int(pinned)}
        self.apply_move(row)
        return row

    def apply_move(self, row: Mapping[str, Any]) -> None:
        """Take a row of moves, when it is written or when the record is read again."""
        one = self.by_name.get(row["line"])
        if row["test_index"] is not None:
            self.tests = int(row["test_index"])
        self.discoveries += row["verdict"] == "promoted"
        if one is None:
            return
        before = self.champion
        line, target = one.line, Stage(row["to_stage"])
        if row["package"] is not None:
            line.package = row["package"]
            if row["package"] not in one.history:
                one.history.append(row["package"])
        if row["pinned"] is not None:
            one.pinned = bool(row["pinned"])
        if row["test_index"] is not None:
            self._begin_test(one, row)
        elif target is not line.stage or row["verdict"] in ("widened", "proved"):
            self._take_stage(one, target, row)
        if self.champion != before:
            for other in self.by_name.values():
                if other.name != self.champion:
                    other.book.new_incumbent()

    def _begin_test(self, one: BotLine, row: Mapping[str, Any]) -> None:
        line = one.line
        line.stage, line.share, line.step = Stage.SHADOW, 0.0, 0
        line.level, line.test = float(row["level"]), int(row["test_index"])
        line.registered_ns = int(row["event_time_ns"])
        line.epochs = line.trades = line.step_epochs = 0
        line.without_evidence = False
        line.verdict = row["verdict"]
        one.book.restart()

    def _take_stage(self, one: BotLine, target: Stage, row: Mapping[str, Any]) -> None:
        line = one.line
        if line.stage is Stage.SHADOW and target in (Stage.AB_TEST, Stage.PRODUCTION):
            one.book.watch_for_harm()
            line.without_evidence = row["verdict"] == "overridden"
            line.step = 0
        elif row["verdict"] == "widened":
            line.step += 1
        elif row["verdict"] == "proved":
            line.without_evidence = False
        line.stage, line.share, line.step_epochs = target, float(row["share"] or 0.0), 0
        line.verdict = row["verdict"]

    # -- orders ---------------------------------------------------------------------------------

    def promotion(self, one: BotLine, actor: str, reason: str) -> Move:
        """Return the move that lets a line decide a tenth although its evidence is not in."""
        if one.line.stage is not Stage.SHADOW:
            raise Refused(f"line {one.name} is in stage {one.line.stage}: only shadow is promoted")
        if any(other.line.stage is Stage.AB_TEST for other in self.by_name.values()):
            raise Refused("another line is in its A/B test: one at a time")
        first = min(self._config.rollout.steps[:1] or (_SHARE_WITHOUT_EVIDENCE,))
        said = f"without evidence, by order of {actor}: {reason}"
        return Move(
            one.name, Stage.SHADOW, Stage.AB_TEST, "overridden", said, {},
            min(first, _SHARE_WITHOUT_EVIDENCE),
        )  # fmt: skip

    def descent(self, one: BotLine, target: Stage, verdict: str, reason: str) -> Move:
        """Return the move to a stage that risks less."""
        stage = one.line.stage
        if stage is Stage.CANDIDATE or target not in ALLOWED[stage]:
            raise Refused(f"line {one.name} is in stage {stage}, not to be {verdict}")
        return Move(one.name, stage, target, verdict, reason, {})
