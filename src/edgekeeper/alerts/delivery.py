"""``channels_of``: all channels of a run, those to the outside in the background.

Sending costs the loop that alerts one row in a file. A channel that is slow, dead or misconfigured
costs a thread that waits for it, and nothing else.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekeeper.alerts.alert import SEVERITIES, Alert
from edgekeeper.alerts.channels import Channel, FileChannel
from edgekeeper.alerts.courier import CHANNEL_DOWN, CHANNEL_GAVE_UP, Courier
from edgekeeper.alerts.delivering import Messenger
from edgekeeper.alerts.fanout import Fanout
from edgekeeper.alerts.mail import Mail
from edgekeeper.alerts.notice import Sender
from edgekeeper.alerts.outbox import OUTBOX, Outbox
from edgekeeper.alerts.schedule import Schedule
from edgekeeper.alerts.secret import Secret
from edgekeeper.alerts.slack import Slack
from edgekeeper.alerts.telegram import Telegram
from edgekeeper.alerts.webhook import Webhook
from edgekeeper.clock import Clock, WallClock
from edgekeeper.config import NotifyConfig
from edgekeeper.errors import StorageError

__all__ = ["Delivery", "channels_of", "messengers_of"]

_SEND_SECONDS = 0.25
"""Longest that a loop waits for another process that writes into the outbox."""

_OWN = (CHANNEL_DOWN, CHANNEL_GAVE_UP)


def channels_of(
    folder: Path,
    settings: NotifyConfig,
    *,
    files: Sequence[Channel] = (),
    clock: Clock | None = None,
) -> "Delivery":
    """Return what carries the alerts of a run: to files, and to whom ``settings`` name.

    What an earlier process left in the outbox is sent now.

    Parameters
    ----------
    folder : path
        Of the run.
    settings : NotifyConfig
    files : sequence of Channel, optional
        Those that are told at once; else ``alerts.log`` in the folder.
    clock : Clock, optional
    """
    beside = tuple(files) or (FileChannel(folder / "alerts.log"),)
    return Delivery(folder, settings, beside, messengers_of(settings), clock or WallClock())


def messengers_of(settings: NotifyConfig) -> tuple[Messenger, ...]:
    """Return a messenger for each place that the settings name."""
    found: list[Messenger] = []
    silence = settings.timeout_seconds
    if (telegram := settings.telegram) is not None:
        token = Secret("the token of the Telegram bot", telegram.token_env, telegram.token_file)
        found += [
            Telegram(
                token,
                chat,
                telegram.api_url.rstrip("/"),
                silence,
                telegram.severity,
                "telegram" if len(telegram.chats) == 1 else f"telegram {chat}",
            )
            for chat in telegram.chats
        ]
    if (slack := settings.slack) is not None:
        url = Secret("the address of Slack's webhook", slack.url_env, slack.url_file)
        found.append(Slack(url, silence, slack.severity))
    if (email := settings.email) is not None:
        password = Secret("the mail password", email.password_env, email.password_file)
        found.append(Mail(email, password, silence))
    if (webhook := settings.webhook) is not None:
        secret = Secret("the webhook's secret", webhook.secret_env, webhook.secret_file)
        found.append(Webhook(webhook.url, secret, silence, webhook.severity))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Queue:
    """A channel to the outside as the loop sees it: a row to write."""

    messenger: Messenger
    outbox: Outbox
    schedule: Schedule
    clock: Clock

    @property
    def name(self) -> str:
        return self.messenger.name

    def send(self, alert: Alert) -> None:
        """Have it sent, unless this channel is not for it."""
        if SEVERITIES.index(alert.severity) > SEVERITIES.index(self.messenger.severity):
            return
        if alert.rule.startswith(_OWN) and alert.detail.get("cause") == self.name:
            return
        now_ns = self.clock.now_ns()
        settings = self.schedule.settings
        self.outbox.put(
            self.name,
            alert,
            now_ns=now_ns,
            due_ns=self.schedule.due_ns(alert, now_ns),
            repeat_ns=round(settings.repeat_minutes * 60) * 10**9,
            most=settings.most_waiting,
        )


class Delivery(Fanout):
    """A fan-out whose channels to the outside have a thread each.

    Parameters
    ----------
    folder : path
    settings : NotifyConfig
    files : iterable of Channel
        Told at once, by whoever sends.
    messengers : iterable of Messenger
        Told in the background.
    clock : Clock
    """

    def __init__(
        self,
        folder: Path,
        settings: NotifyConfig,
        files: Iterable[Channel],
        messengers: Iterable[Messenger],
        clock: Clock,
    ) -> None:
        self._files = tuple(files)
        self._outboxes: list[Outbox] = []
        self._couriers: list[Courier] = []
        schedule = Schedule(settings)
        sender = Sender(
            settings.name or folder.resolve().name, settings.runbooks_url, schedule.zone
        )
        queues = [
            _Queue(messenger, outbox, schedule, clock)
            for messenger, outbox in self._open(folder, tuple(messengers), clock)
        ]
        super().__init__([*self._files, *queues])
        self._couriers = [
            Courier(queue.messenger, self._outboxes[1], schedule, sender, self.send, clock)
            for queue in queues
        ]
        for courier in self._couriers:
            courier.messenger.prepare()
            courier.start()

    def _open(
        self, folder: Path, messengers: tuple[Messenger, ...], clock: Clock
    ) -> list[tuple[Messenger, Outbox]]:
        """Open the outbox, once for those who raise alerts and once for those who send them.

        The first must not wait long for others. Where it cannot be opened the files alone are told.
        """
        if not messengers:
            return []
        path = folder / OUTBOX
        try:
            self._outboxes = [Outbox(path, _SEND_SECONDS), Outbox(path)]
        except StorageError as error:
            said = f"nobody outside can be told: {error}"
            told = Alert(clock.now_ns(), "critical", CHANNEL_DOWN, said, {"cause": OUTBOX})
            Fanout(self._files).send(told)
            return []
        return [(messenger, self._outboxes[0]) for messenger in messengers]

    def send(self, alert: Alert) -> int:
        """Tell the files, and write down what is to be sent; return how many took it."""
        taken = super().send(alert)
        for courier in self._couriers:
            courier.stir()
        return taken

    def close(self, wait_seconds: float = 2.0) -> None:
        """Send what is due, for so long at most; the rest waits for the next process."""
        until = time.monotonic() + wait_seconds
        for courier in self._couriers:
            courier.drain()
        for courier in self._couriers:
            courier.join(max(until - time.monotonic(), 0.0))
            courier.stop()
        if not any(courier.is_alive() for courier in self._couriers):
            for outbox in self._outboxes:
                outbox.close()
        self._couriers = []
