"""The live screen of a replay: what is being done, how the four accounts stand, what happened.

In a terminal the screen redraws itself at most eight times a second, whatever the number of
updates. Elsewhere (a pipe, a log) it prints a few plain lines.
"""

import time
from collections.abc import Callable, Mapping
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.text import Text

from edgekeeper.errors import UsageError, nearest
from edgekeeper.report.panel import MarketPanel
from edgekeeper.report.snapshot import Snapshot
from edgekeeper.report.standing import standing
from edgekeeper.report.story import Story
from edgekeeper.report.wording import count, day, percent, plain

__all__ = ["LiveScreen"]

_REDRAWS_PER_SECOND = 8


class LiveScreen:
    """Shows markets one after another; use it as a context manager.

    Parameters
    ----------
    titles : mapping of str to str
        Name of each market to its title, in the order of running.
    totals : mapping of str to int, optional
        Bars of each market, where known beforehand.
    minutes : float, optional
        How long all of it is expected to take.
    console : rich.console.Console, optional
        Where to draw.
    seconds : callable
        Seconds on a clock that only runs forward.

    Examples
    --------
    >>> import io
    >>> log = Console(file=io.StringIO(), width=80)
    >>> with LiveScreen({"a": "Noise"}, minutes=1, console=log) as screen:
    ...     screen.phase("compiling, the first time only")
    >>> print(log.file.getvalue(), end="")
    Edgekeeper: 1 market, about 1 minute, paper money, nothing leaves this machine
    compiling, the first time only ...
    """

    def __init__(
        self,
        titles: Mapping[str, str],
        totals: Mapping[str, int] | None = None,
        *,
        minutes: float | None = None,
        console: Console | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._panels = {name: MarketPanel(plain(title)) for name, title in titles.items()}
        self._quarters = dict.fromkeys(titles, 0)
        self._console = Console() if console is None else console
        self._seconds = seconds
        self._headline = _headline(len(titles), sum((totals or {}).values()), minutes)
        self._phase: Spinner | None = None
        self._live: Live | None = None

    def __enter__(self) -> "LiveScreen":
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            self._live = Live(
                get_renderable=self.render,
                console=self._console,
                refresh_per_second=_REDRAWS_PER_SECOND,
            )
            self._live.start(refresh=True)
        else:
            self._say(f"Edgekeeper: {self._headline}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._phase = None
        if self._live is not None:
            self._live.stop()
            self._live = None

    def phase(self, text: str) -> None:
        """Say what is being done now; it stands until the next phase or update."""
        words = plain(text)
        self._phase = Spinner("dots", Text(words, style="dim"))
        if self._live is None:
            self._say(f"{words} ...")

    def update(self, snapshot: Snapshot) -> None:
        """Take the newest state of a market; costs next to nothing, however often.

        Raises
        ------
        UsageError
            A market the screen was not told of.
        """
        panel = self._panel(snapshot.market)
        panel.update(snapshot, self._seconds())
        self._phase = None
        quarter = int(4 * panel.share)
        if self._live is None and quarter > self._quarters[snapshot.market]:
            self._quarters[snapshot.market] = quarter
            self._say(f"{panel.title}: {percent(panel.share, 0)}, {day(snapshot.time_ns)}")

    def finish(self, story: Story) -> None:
        """Replace a market's progress with its verdict."""
        panel = self._panel(story.name)
        panel.finish(story, self._seconds())
        self._phase = None
        if self._live is None:
            self._say(f"{panel.title}: {plain(story.sentence)} ({standing(story).tally})")

    def render(self) -> RenderableType:
        """The screen as it stands now."""
        rows: list[RenderableType] = [Text("Edgekeeper", style="bold"), Text(self._headline)]
        if self._phase is not None:
            rows.append(self._phase)
        rows.append(Text())
        now = self._seconds()
        for panel in self._panels.values():
            if not panel.waiting:
                rows += [*panel.rows(now), Text()]
        waiting = [panel.title for panel in self._panels.values() if panel.waiting]
        if waiting:
            rows.append(Text("next: " + " · ".join(waiting), style="dim"))
        return Padding(Group(*rows), (1, 1, 0, 1))

    def _say(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def _panel(self, name: str) -> MarketPanel:
        if name not in self._panels:
            raise UsageError(
                f"screen: expected one of the markets {', '.join(self._panels)}, got {name!r}"
                f"{nearest(name, self._panels)}: name it when the screen is made"
            )
        return self._panels[name]


def _headline(markets: int, bars: int, minutes: float | None) -> str:
    words = ["1 market" if markets == 1 else f"{markets} markets"]
    if minutes is None and bars:
        words.append(f"{count(bars)} bars")
    elif minutes is not None and minutes < 1:
        words.append("under a minute")
    elif minutes is not None:
        words.append(f"about {minutes:.0f} {'minute' if round(minutes) == 1 else 'minutes'}")
    return ", ".join([*words, "paper money, nothing leaves this machine"])
