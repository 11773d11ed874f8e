"""The demo: its promise first, its three markets, its folder, over services that run short ones."""

import json
from dataclasses import dataclass, fields, replace

import pytest
from typer.testing import CliRunner

from edgekeeper import build
from edgekeeper.cli import Services, make_app
from edgekeeper.cli.run_folder import MARKETS
from edgekeeper.config import Config
from edgekeeper.workbench import model_chapter
from edgekeeper.workbench.model_chapter import Arena
from edgekeeper.worlds import make_world


@dataclass(frozen=True)
class Short:
    """A real market of the demo, cut to its first 120 instants."""

    whole: build.DemoMarket

    def __getattr__(self, name):
        return getattr(self.whole, name)

    def make(self):
        market, bars, _ = self.whole.make()
        return market, bars.until(int(bars.instants[119])), Config()


def short_markets():
    return [Short(market) for market in build.demo_markets()]


NOTHING = dict.fromkeys((field.name for field in fields(Services)), None)
SERVICES = Services(
    **NOTHING
    | {
        "replay": build.replay,
        "demo_markets": short_markets,
        "write_report": build.write_report,
    }
)


def demo(*words, services=SERVICES):
    result = CliRunner().invoke(make_app(services), ["demo", *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_markets_are_the_ones_that_are_promised():
    assert tuple(market.name for market in build.demo_markets()) == MARKETS


def test_all_three_markets_and_one_report(here):
    result = demo()
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == (
        "Edgekeeper: 3 markets, about 3 minutes, paper money, nothing leaves this machine"
    )
    assert result.stdout.count("3 markets") == 1
    for market in build.demo_markets():
        assert result.stdout.count(market.title) >= 2
        assert (here / "edgekeeper-demo" / market.name / "ledger.sqlite").exists()
    page = (here / "edgekeeper-demo/report.html").read_text()
    assert all(market.title in page for market in build.demo_markets())
    assert "edgekeeper replay --bars YOUR.csv" in lines[-2]
    assert "--run edgekeeper-demo/real   why it trades" in lines[-1]


def test_json_is_alone_on_standard_output(here):
    result = demo("--markets", "flip,noise", "--json")
    import json

    figures = json.loads(result.stdout)
    assert set(figures) == {"markets", "report", "wall_seconds"}
    assert set(figures["markets"]) == {"noise", "flip"}
    assert figures["markets"]["flip"]["bars"] == 8 * 120
    assert "2 markets" in result.stderr
    assert not (here / "edgekeeper-demo/real").exists()


def test_the_promise_comes_before_the_work(here):
    def too_soon():
        raise MemoryError

    result = demo(services=replace(SERVICES, demo_markets=too_soon))
    assert result.exit_code == 6
    assert result.stdout.startswith("Edgekeeper: 3 markets")


def test_an_old_demo_is_replaced(here):
    assert demo("--markets", "noise").exit_code == 0
    assert demo("--markets", "flip").exit_code == 0
    assert {path.name for path in (here / "edgekeeper-demo").iterdir()} == {"flip", "report.html"}


@pytest.mark.parametrize(
    "stranger", ["thesis.txt", "noise/thesis.txt", "report.html/thesis.txt", "real/models"]
)
def test_what_is_not_ours_is_never_removed(here, stranger):
    place = here / "edgekeeper-demo" / stranger
    place.parent.mkdir(parents=True)
    if stranger == "real/models":
        place.parent.rmdir()
        place.parent.symlink_to(here)
    else:
        place.write_text("a year of work")
    result = demo("--markets", "noise")
    assert result.exit_code == 2
    assert "did not make" in result.stderr
    assert place.parent.exists()
    assert stranger == "real/models" or place.read_text() == "a year of work"


def test_a_market_that_is_none():
    result = demo("--markets", "nois")
    assert result.exit_code == 2
    assert "did you mean 'noise'" in result.stderr
    assert demo("--markets", ",").exit_code == 2


def small_chapter(*, phase):
    def bars():
        return make_world("planted", seed=2, symbols=4, bars=400, net_sharpe=8.0).bars

    return model_chapter.model_chapter([Arena("small", "A small one", 252, bars)], phase=phase)


def test_the_chapter_on_models_ends_in_a_sentence_and_a_picture(here, monkeypatch):
    monkeypatch.setattr(model_chapter, "_TRIALS", 2)
    services = replace(SERVICES, model_chapter=small_chapter)
    result = demo("--chapter", "models", services=services)
    assert result.exit_code == 0
    assert "A small one: the ensemble (net Sharpe" in " ".join(result.stdout.split())
    assert (here / "edgekeeper-demo/models.svg").read_text().startswith("<svg")
    told = json.loads(demo("--chapter", "models", "--json", services=services).stdout)
    assert set(told["markets"]) == {"small"}
    assert told["markets"]["small"]["trials"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--chapter", "model"), "did you mean 'models'"),
        (("--chapter", "models", "--markets", "noise"), "its own two markets"),
    ],
)
def test_a_chapter_that_is_none_is_refused(words, said):
    result = demo(*words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
