"""Checks of a service: who may read its folder, record, disk, port, processes, tokens, channels."""

import os
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edgekeeper.cli.extras_health import check_extras, extras_wanted
from edgekeeper.cli.machine import Check
from edgekeeper.desk.folder import open_ledger
from edgekeeper.errors import EdgekeeperError, StorageError

if TYPE_CHECKING:
    from edgekeeper.alerts import Secret
    from edgekeeper.config import Config, NotifyConfig
    from edgekeeper.ledger import Ledger

__all__ = ["check_database", "check_service"]

_DAY = 86_400.0
_FEW_DAYS, _MANY_DAYS = 14, 60
_SOON_DAYS = 14
_GB = 1e9
_SECRETS = ("tokens.json", "sessions.json")


def check_service(folder: Path, url: str = "") -> Iterator[Check]:
    """Look at everything a service keeps in a folder, and at what it needs to go on."""
    from edgekeeper.config import Config
    from edgekeeper.watch import with_local

    looks: list[Callable[[], Iterator[Check]]] = [lambda: _permissions(folder)]
    try:
        settings = with_local(folder, Config())
    except EdgekeeperError as error:
        yield Check("Settings", "fail", str(error), "give --config once more when you start it")
        settings = Config()
    looks += [
        lambda: _record(folder, url),
        lambda: _days_left(folder, url),
        lambda: _port(folder, settings),
        lambda: _tokens(folder),
        lambda: _processes(folder),
        lambda: _notifications(folder, settings),
        lambda: check_extras(extras_wanted(folder, settings, url)),
    ]
    for look in looks:
        try:
            yield from look()
        except EdgekeeperError as error:
            yield Check("Folder of the run", "fail", str(error), "see what it says, then try again")


# -- what lies there -------------------------------------------------------------------------------


def _permissions(folder: Path) -> Iterator[Check]:
    if os.name != "posix":
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o022:
        yield Check("Folder of the run", "fail", f"others may write to {folder} ({mode:04o})",
                    f"chmod 700 {folder}")  # fmt: skip
    elif folder.stat().st_uid != os.geteuid():
        yield Check("Folder of the run", "warn", f"{folder} belongs to another user",
                    "run this as the user that the service runs as")  # fmt: skip
    else:
        yield Check("Folder of the run", "ok", f"{folder} ({mode:04o})")
    for name in _SECRETS:
        path = folder / name
        if path.is_file() and (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
            yield Check("Secrets", "fail", f"others may read {path} ({mode:04o})",
                        f"chmod 600 {path}; revoke tokens that others have read")  # fmt: skip


def _record(folder: Path, url: str) -> Iterator[Check]:
    try:
        with open_ledger(folder, url) as ledger:
            yield check_database(ledger)
    except StorageError as error:
        yield Check("Record", "fail", str(error), "start the database, or check its address")


def check_database(ledger: "Ledger") -> Check:
    """What kind of database it is, and whether it keeps what it acknowledges."""
    if ledger.file is not None:
        version = ledger.query("SELECT sqlite_version() AS version")["version"][0]
        size = ledger.file.stat().st_size / 1e6
        if not os.access(ledger.file, os.W_OK):
            return Check("Record", "fail", f"{ledger.file} may not be written to",
                         f"give it to the user that serves: chown USER {ledger.file}")  # fmt: skip
        return Check("Record", "ok", f"SQLite {version}, {size:,.1f} MB")
    said = {
        name: str(ledger.query(f"SHOW {name}")[name][0])
        for name in ("server_version", "fsync", "full_page_writes", "max_connections")
    }
    found = f"PostgreSQL {said['server_version']}, {said['max_connections']} connections"
    for name in ("fsync", "full_page_writes"):
        if said[name] != "on":
            return Check("Record", "fail", f"{found}, {name} is {said[name]}",
                         f"switch {name} on: a power cut would damage the record")  # fmt: skip
    return Check("Record", "ok", found)


def _days_left(folder: Path, url: str) -> Iterator[Check]:
    """Days until the disk is full, at the pace of the run so far."""
    from edgekeeper.monitoring.processes import folder_bytes

    free = shutil.disk_usage(folder).free
    size = folder_bytes(folder)
    with open_ledger(folder, url) as ledger:
        taken = ledger.read("stretches", ["known_time_ns"], where={"kind": "bars"}, limit=1)
        last = ledger.read(
            "stretches", ["known_time_ns"], where={"kind": "bars"}, order=["entry"],
            descending=True, limit=1,
        )  # fmt: skip
    found = f"{size / _GB:.2f} GB in {folder}, {free / _GB:.1f} GB free"
    if taken.height and taken["known_time_ns"][0] is not None:
        days = (last["known_time_ns"][0] - taken["known_time_ns"][0]) / 1e9 / _DAY
    else:
        days = 0.0
    if days < 1.0:
        yield Check("Disk of the run", "ok", f"{found}; too young to say for how long that lasts")
        return
    left = free / (size / days)
    found += f", at {size / days / 1e6:,.1f} MB a day full in " + (
        "more than ten years" if left > 3_650 else f"{left:,.0f} days"
    )
    fix = "`edgekeeper ledger compact`, fewer backups, or storage.disk_budget_gb in the settings"
    outcome = "fail" if left < _FEW_DAYS else "warn" if left < _MANY_DAYS else "ok"
    if outcome == "ok":
        yield Check("Disk of the run", "ok", found)
    else:
        yield Check("Disk of the run", "fail" if outcome == "fail" else "warn", found, fix)


# -- what runs -------------------------------------------------------------------------------------


def _port(folder: Path, settings: "Config") -> Iterator[Check]:
    from edgekeeper.watch import last_beat

    host, port = settings.serve.host, settings.serve.port
    if port == 0:
        yield Check("Port", "ok", "any that is free")
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as error:
        web = last_beat(folder, "web")
        if web is not None and web.runs and web.state in ("alive", "busy", "starting"):
            yield Check("Port", "ok", f"{host}:{port}, used by this service (process {web.pid})")
            return
        yield Check("Port", "fail", f"{host}:{port}: {error.strerror}",
                    "stop what uses it (`ss -ltnp`), or set another serve.port")  # fmt: skip
        return
    yield Check("Port", "ok", f"{host}:{port} is free")


def _processes(folder: Path) -> Iterator[Check]:
    """Signs of life of those that :func:`~edgekeeper.cli.run_health.check_run` does not look at."""
    from edgekeeper.watch import last_beat

    for path in sorted(folder.glob("heartbeat-*.json")):
        name = path.stem.removeprefix("heartbeat-")
        beat = last_beat(folder, name)
        if name in ("trade", "watch") or beat is None:
            continue
        label = f"Process {name}"
        if beat.state == "stopped":
            yield Check(label, "ok", "stopped")
        elif beat.state == "failed" or not beat.runs:
            yield Check(label, "fail", "ended without saying so" if beat.state != "failed" else
                        "ended by an error", f"see {folder / 'logs' / f'{name}.log'}, then start "
                        "the service again")  # fmt: skip
        else:
            age = beat.age_seconds()
            yield Check(label, "ok", f"process {beat.pid}, {beat.state}, {age:.1f} s ago")


def _tokens(folder: Path) -> Iterator[Check]:
    from edgekeeper.api.access import Access

    now = time.time_ns()
    tokens = [one for one in Access(folder).tokens() if one.revoked_ns is None]
    valid = [one for one in tokens if one.state(now) == "valid"]
    soon = now + round(_SOON_DAYS * _DAY * 1e9)
    ending = [one for one in valid if one.expires_ns is not None and one.expires_ns < soon]
    if not valid:
        yield Check("Tokens", "warn", "none that is valid: only the link printed at start opens it",
                    "edgekeeper token create --role read|trade|admin")  # fmt: skip
    elif ending:
        names = ", ".join(one.name for one in ending)
        yield Check("Tokens", "warn", f"{names}: expires within {_SOON_DAYS} days",
                    "edgekeeper token create, put that in place, then token revoke")  # fmt: skip
    else:
        endless = sum(one.expires_ns is None for one in valid)
        yield Check("Tokens", "ok", f"{len(valid)} valid, {endless} of them without an end")


def _notifications(folder: Path, settings: "Config") -> Iterator[Check]:
    """Whether each channel has its secret, and whether the last message arrived."""
    from edgekeeper.alerts import blotted, channel_states

    secrets = _secrets(settings.notify)
    if not secrets:
        yield Check("Notifications", "warn", "alerts go to alerts.log and nowhere else",
                    "set [notify] up: docs/notifications.md")  # fmt: skip
    states = channel_states(folder)
    for name, secret in secrets.items():
        label = f"Channel {name}"
        try:
            if secret is not None:
                secret.reveal()
        except EdgekeeperError as error:
            yield Check(label, "fail", blotted(str(error)), "put the secret where it says")
            continue
        mine = [state for state in states if state.name.partition(" ")[0] == name]
        down = [state for state in mine if state.failed_in_a_row]
        if down:
            yield Check(label, "fail", f"{down[0].failed_in_a_row} failures in a row: "
                        f"{blotted(down[0].last_error or '')[:200]}",
                        "mend what it says; what waits is sent then")  # fmt: skip
        elif any(state.delivered for state in mine):
            yield Check(label, "ok", f"{sum(state.delivered for state in mine):,} delivered, "
                        f"{sum(state.waiting for state in mine)} waiting")  # fmt: skip
        else:
            yield Check(label, "ok", "complete; nothing was sent yet")


def _secrets(notify: "NotifyConfig") -> "dict[str, Secret | None]":
    """Channels that are set up, each with the secret that it needs, if any."""
    from edgekeeper.alerts import Secret

    found: dict[str, Secret | None] = {}
    if (bot := notify.telegram) is not None:
        found["telegram"] = Secret("the token of the Telegram bot", bot.token_env, bot.token_file)
    if (slack := notify.slack) is not None:
        found["slack"] = Secret("the address of Slack's webhook", slack.url_env, slack.url_file)
    if (mail := notify.email) is not None:
        needed = Secret("the mail password", mail.password_env, mail.password_file)
        found["email"] = needed if mail.user else None
    if (hook := notify.webhook) is not None:
        found["webhook"] = Secret("the webhook's secret", hook.secret_env, hook.secret_file)
    return found
