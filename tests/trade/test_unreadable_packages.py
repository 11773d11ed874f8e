"""A package that cannot be read when its turn comes: the run goes on, and says so, for good."""

import json
import shutil

import pytest

from edgekeeper.alerts import Fanout
from edgekeeper.bars import Bars
from edgekeeper.config import GatesConfig, LineConfig, parse_config
from edgekeeper.errors import BadData
from edgekeeper.ledger import Ledger
from edgekeeper.living import Live
from edgekeeper.registry import Registry
from edgekeeper.running import Asleep, Blank
from edgekeeper.watch import Sentinel
from edgekeeper.worlds import make_world

CONFIG = parse_config({}).model_copy(
    update={
        "gates": GatesConfig(min_samples=40, veto_errors=5.0, max_sharpe=100.0, max_auc=0.999),
        "lines": (
            LineConfig(
                name="linear",
                learner="logistic",
                features=("returns",),
                min_bars=200,
                refit_epochs=10,
            ),
        ),
    }
)


class Spoiling(Registry):
    """A disk that damages, or loses, what is saved once ``spoil`` is set."""

    spoil = None

    def save(self, package):
        folder = super().save(package)
        if self.spoil == "damaged":
            (folder / "manifest.json").write_bytes(b"{}")
        elif self.spoil == "absent":
            folder.rename(folder.with_name("lost"))
        self.spoil = None
        return folder


@pytest.fixture(scope="module")
def bars():
    return make_world("planted", seed=2, symbols=2, bars=290, net_sharpe=14.0).bars


def cut(bars: Bars, first, last):
    return bars.rows(int(bars.instant_offsets[first]), int(bars.instant_offsets[last]))


def begin(folder, bars):
    ledger = Ledger.open(folder / "ledger.sqlite", prove=True)
    registry = Spoiling(folder / "models")
    live = Live(cut(bars, 0, 250), CONFIG, ledger, registry, Asleep(), Blank())
    live.begin()
    return live, ledger, registry


def take(live, bars, first, last):
    for k in range(first, last):
        part = cut(bars, k, k + 1)
        live.end_epoch_before(int(part.event_time[0]))
        live.take(part)
    live.end_epoch_before(None)


@pytest.mark.parametrize(
    ("fault", "words"), [("damaged", "damaged"), ("absent", "absent, or cannot be read")]
)
def test_the_package_before_goes_on_with_an_alert_and_is_lived_again(tmp_path, bars, fault, words):
    live, ledger, registry = begin(tmp_path, bars)
    with ledger:
        seat = live.run.trade.roster.seats["linear"]
        first = seat.line.package
        assert seat.package.hash == first
        registry.spoil = fault
        take(live, bars, 250, 265)
        assert seat.line.package == first
        assert seat.newest.hash == first
        rows = ledger.read("stages", where={"actor": "fault"})
        assert rows.height == 1
        assert words in rows["reason"][0]
        assert f"goes on with {first[:12]}" in rows["reason"][0]
        assert rows["from_stage"][0] == rows["to_stage"][0] == "shadow"
        spoiled = json.loads(rows["evidence_json"][0])["package"]
        after = ledger.read("forecasts", since_ns=rows["event_time_ns"][0] + 1)
        assert set(after["package"]) == {first}
        alerts = Sentinel(ledger, Fanout([])).look(live.now_ns)
        assert [a.severity for a in alerts if a.rule == "model_corrupt"] == ["critical"]
        take(live, bars, 265, 280)
        assert seat.line.package not in (first, spoiled), "the next fit is used again"
        head = ledger.head("trade")
    place = tmp_path / "models" / "packages"
    if fault == "damaged":
        live, ledger, _ = begin(tmp_path, bars)
        with ledger, pytest.raises(BadData, match="damage: remove it"):
            live.relive(bars)
        shutil.rmtree(place / spoiled)
    live, ledger, _ = begin(tmp_path, bars)
    with ledger:  # this time it is whole: what is on record is repeated all the same
        live.relive(bars)
        assert (place / spoiled).is_dir()
        assert ledger.head("trade") == head
