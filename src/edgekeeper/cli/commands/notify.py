"""``edgekeeper notify``: try the channels that people are told by, and see how they fare."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli.config_file import load_config
from edgekeeper.cli.help_text import add_command
from edgekeeper.cli.options import AsJson, ConfigPath
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import PAPER
from edgekeeper.cli.tables import plain_table
from edgekeeper.errors import UsageError, nearest

if TYPE_CHECKING:
    from edgekeeper.alerts import Messenger, Notice
    from edgekeeper.config import NotifyConfig

__all__ = ["app"]

app = typer.Typer(help="Try the channels of alerts, and see how they fare.", no_args_is_help=True)
_Data = Annotated[
    str, typer.Option("--data", metavar="DIR", help="Folder of the run.", show_default=PAPER)
]
_HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True)
class _Tried:
    channel: str
    delivered: bool
    seconds: float
    said: str


def try_channels(
    channel: Annotated[
        str, typer.Argument(metavar="[CHANNEL]", help="Only this one.", show_default="all")
    ] = "",
    data: _Data = "",
    config: ConfigPath = "",
    as_json: AsJson = False,
) -> None:
    """Send a test message by each channel, and say what came back.

    Settings are those of the run, or of the file named. Ends with exit code 1 where a channel took
    nothing.
    """
    settings = _settings(data, config)
    folder = Path(data or PAPER)
    tried = list(_try_each(settings, settings.name or folder.resolve().name, channel))
    if as_json:
        print_json({"channels": [asdict(one) for one in tried]})
    else:
        rows = [
            (one.channel, "delivered" if one.delivered else "failed",
             f"{one.seconds:.2f} s", one.said)
            for one in tried
        ]  # fmt: skip
        console().print(plain_table(("Channel", "Result", "Took", "It said"), rows))
    if not all(one.delivered for one in tried):
        raise typer.Exit(1)


def show_channels(data: _Data = "", as_json: AsJson = False) -> None:
    """Show what each channel has delivered, what waits, and what went wrong."""
    from edgekeeper.alerts import channel_states
    from edgekeeper.report.wording import day

    states = channel_states(Path(data or PAPER))
    if as_json:
        print_json({"channels": [asdict(one) for one in states]})
        return
    if not states:
        console().print("No channel has been told anything yet.")
        return
    rows = [
        (
            one.name,
            f"down since {day(one.failing_since_ns)}" if one.failing_since_ns else "up",
            str(one.delivered), str(one.waiting), str(one.given_up), one.last_error or "",
        )
        for one in states
    ]  # fmt: skip
    heads = ("Channel", "State", "Delivered", "Waiting", "Given up", "Last error")
    console().print(plain_table(heads, rows, right=("Delivered", "Waiting", "Given up")))


def _settings(data: str, config: str) -> "NotifyConfig":
    """``[notify]`` of a file that was named, of the run, or of the file that lies here."""
    from edgekeeper.config import Config
    from edgekeeper.watch import with_local

    folder = Path(data or PAPER)
    if config or not (folder / "local.json").is_file():
        if data and not config:
            raise UsageError(f"--data: {folder} holds no run yet: name its settings with --config")
        return load_config(config)[0].notify
    return with_local(folder, Config()).notify


def _try_each(settings: "NotifyConfig", run: str, only: str) -> Iterator[_Tried]:
    from edgekeeper.alerts import Alert, Sender, messengers_of, write_notice

    places = {one.name: one for one in messengers_of(settings)}
    names = [*places, *([_HEARTBEAT] if settings.has_heartbeat else [])]
    if not names:
        raise UsageError(
            "[notify]: expected at least one channel, such as telegram = { chats = [123] }: "
            "docs/notifications.md says how to set each up"
        )
    wanted = [name for name in names if not only or name == only or name.split()[0] == only]
    if not wanted:
        raise UsageError(
            f"expected one of the channels {', '.join(names)}, got {only!r}{nearest(only, names)}"
        )
    said = "this is a test: alerts will look like this, and there is nothing to do"
    alert = Alert(time.time_ns(), "info", "test", said)
    sender = Sender(run, settings.runbooks_url)
    for name in wanted:
        if name == _HEARTBEAT:
            yield _try_heartbeat(settings)
            continue
        key = f"test-{time.time_ns()}"
        notice = write_notice(key, [(alert, 0)], sender, places[name].longest)
        yield _try(places[name], notice)


def _try(place: "Messenger", notice: "Notice") -> _Tried:
    from edgekeeper.alerts import Undelivered

    place.prepare()
    began = time.perf_counter()
    try:
        place.deliver(notice)
    except (Undelivered, UsageError) as error:
        return _Tried(place.name, False, time.perf_counter() - began, str(error))
    return _Tried(place.name, True, time.perf_counter() - began, "")


def _try_heartbeat(settings: "NotifyConfig") -> _Tried:
    from edgekeeper.watch.outside_monitor import OutsideMonitor

    began = time.perf_counter()
    monitor = OutsideMonitor(settings, 60.0)
    monitor.tell(well=True)
    monitor.step()
    took = time.perf_counter() - began
    return _Tried(_HEARTBEAT, not monitor.failed, took, monitor.last_error or "")


add_command(app, "test", try_channels)
add_command(app, "status", show_channels)
