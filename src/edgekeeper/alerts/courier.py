"""``Courier``: one thread that takes one channel's messages out of the outbox, and sends them."""

import threading
import zlib
from collections.abc import Callable

from edgekeeper.alerts.alert import Alert
from edgekeeper.alerts.delivering import Messenger, Undelivered
from edgekeeper.alerts.notice import Sender, write_notice
from edgekeeper.alerts.outbox import Batch, Outbox
from edgekeeper.alerts.rules import CLEARED
from edgekeeper.alerts.schedule import Schedule
from edgekeeper.clock import Clock
from edgekeeper.errors import StorageError, UsageError
from edgekeeper.waiting import Backoff

__all__ = ["CHANNEL_DOWN", "CHANNEL_GAVE_UP", "Courier"]

CHANNEL_DOWN = "channel_down"
CHANNEL_GAVE_UP = "channel_gave_up"
_SECOND_NS = 10**9
_DOWN_AFTER_NS = 120 * _SECOND_NS
_LONGEST_SECONDS = 300.0
_MEND_SECONDS = 900.0  # between tries of what a person has to mend
_LOOK_SECONDS = 5.0  # another process may have written
_PAUSE_SECONDS = 1.0  # Telegram and Slack take one message a second


class Courier(threading.Thread):
    """Sends one channel's messages, one after the other.

    Parameters
    ----------
    messenger : Messenger
    outbox : Outbox
    schedule : Schedule
    sender : Sender
    tell : callable
        Tells an alert to all channels; what is about this one does not come back to it.
    clock : Clock
    """

    def __init__(
        self,
        messenger: Messenger,
        outbox: Outbox,
        schedule: Schedule,
        sender: Sender,
        tell: Callable[[Alert], object],
        clock: Clock,
    ) -> None:
        super().__init__(name=f"courier-{messenger.name}", daemon=True)
        self.messenger = messenger
        self._outbox, self._schedule, self._sender = outbox, schedule, sender
        self._tell, self._clock = tell, clock
        self._backoff = Backoff(
            zlib.crc32(f"{messenger.name} {sender.name}".encode()),
            longest_seconds=_LONGEST_SECONDS,
        )
        self._stir = threading.Event()
        self._over = threading.Event()
        self._draining = False
        self._failures = 0

    def run(self) -> None:
        """Send until told to stop."""
        while not self._over.is_set():
            try:
                wait = self.step()
            except StorageError:  # health says nothing then; the files beside still have it all
                wait = _LOOK_SECONDS
            if wait > 0.0 and self._draining:
                return
            self._stir.wait(wait)
            self._stir.clear()

    def stir(self) -> None:
        """There may be something to send."""
        self._stir.set()

    def drain(self) -> None:
        """Send what is due now, without its pauses, and end."""
        self._draining = True
        self._stir.set()

    def stop(self) -> None:
        """End after the message that is being sent."""
        self._over.set()
        self._stir.set()

    # -- one message ----------------------------------------------------------------------------

    def step(self) -> float:
        """Send one message if one is due; return after how many seconds to look again."""
        now_ns = self._clock.now_ns()
        name = self.messenger.name
        batch = self._outbox.claim(name, now_ns, quiet=self._schedule.is_quiet(now_ns))
        if batch is None:
            due = self._outbox.next_ns(name)
            if due is None or due <= now_ns:  # nothing; or it is night, or another process is at it
                return _LOOK_SECONDS
            return min((due - now_ns) / _SECOND_NS, _LOOK_SECONDS)
        notice = write_notice(batch.key, batch.alerts, self._sender, self.messenger.longest)
        try:
            self.messenger.deliver(notice)
        except Undelivered as error:
            return self._fail(batch, error)
        except UsageError as error:  # a secret that is not there
            return self._fail(batch, Undelivered(str(error), "refused"))
        if self._outbox.sent(name, batch.key, self._clock.now_ns()):
            self._tell(
                Alert(
                    self._clock.now_ns(),
                    "info",
                    CHANNEL_DOWN + CLEARED,
                    f"over: channel {name} takes messages again",
                    {"cause": name},
                )
            )
        return 0.0 if self._draining else _PAUSE_SECONDS

    def _fail(self, batch: Batch, error: Undelivered) -> float:
        """Note it, wait as told or longer each time, and have the others say so in the end."""
        name, now_ns = self.messenger.name, self._clock.now_ns()
        hopeless = error.kind == "hopeless"
        wait = _PAUSE_SECONDS
        if error.kind == "refused":
            wait = _MEND_SECONDS
        elif not hopeless:
            wait = self._backoff.wait(self._failures + 1)
        wait = max(error.wait_seconds or 0.0, wait)
        row, since_ns = self._outbox.failed(
            name, batch.key, str(error), now_ns, wait_ns=round(wait * _SECOND_NS),
            hopeless=hopeless,
        )  # fmt: skip
        self._failures = row
        if hopeless:
            self._say_given_up(len(batch.alerts), str(error))
            return _PAUSE_SECONDS
        long_enough = now_ns - since_ns >= _DOWN_AFTER_NS or error.kind == "refused"
        if long_enough and self._outbox.tell_down(name):
            said = f"channel {name} takes no messages: {error}"
            self._tell(Alert(now_ns, "warning", CHANNEL_DOWN, said, {"cause": name}))
        patience_ns = round(self._schedule.settings.give_up_hours * 3_600) * _SECOND_NS
        if now_ns - since_ns >= patience_ns:
            given_up = self._outbox.give_up(name, now_ns - patience_ns)
            if given_up:
                self._say_given_up(given_up, str(error))
        return min(wait, _LOOK_SECONDS)

    def _say_given_up(self, alerts: int, error: str) -> None:
        name = self.messenger.name
        said = f"{alerts} alert{'' if alerts == 1 else 's'} could not be sent by {name}: {error}"
        now_ns = self._clock.now_ns()
        self._tell(Alert(now_ns, "warning", CHANNEL_GAVE_UP, said, {"cause": name}))
