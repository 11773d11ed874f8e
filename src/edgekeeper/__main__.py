"""The command ``edgekeeper``: hands what ``build`` wires to the command line, each part late."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from edgekeeper.cli import Services, make_app

if TYPE_CHECKING:
    from edgekeeper.bars import Bars
    from edgekeeper.build import (
        Audited,
        BacktestResult,
        Comparison,
        ExplainedSignal,
        Judgement,
        PaperEnd,
        Replay,
        Retold,
        Screen,
        Trained,
        Tuned,
    )
    from edgekeeper.cli.services import DemoMarket
    from edgekeeper.config import Config, SearchConfig
    from edgekeeper.explain import Overview
    from edgekeeper.learn.seat_drift import SeatDrift
    from edgekeeper.registry import Package
    from edgekeeper.report.model_duel import ModelDuel
    from edgekeeper.report.sections import Telling
    from edgekeeper.report.story import Story
    from edgekeeper.report.tell import Market
    from edgekeeper.report.terminal import LiveScreen
    from edgekeeper.serving import Served, Teller
    from edgekeeper.train import Progress
    from edgekeeper.types import Device
    from edgekeeper.workbench import Reviewed
    from edgekeeper.workbench.weekly import Weekly

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        app()(prog_name="edgekeeper")
    except KeyboardInterrupt:
        sys.exit(130)


def app() -> typer.Typer:
    """Return the command line over the acts of ``build``."""
    services = Services(
        replay=_replay,
        demo_markets=_demo_markets,
        model_chapter=_model_chapter,
        write_report=_write_report,
        report=_report,
        train=_train,
        tune=_tune,
        explain=_explain,
        explain_signal=_explain_signal,
        validate=_validate,
        compare=_compare,
        backtest=_backtest,
        paper=_paper,
        serve=_serve,
        audit=_audit,
        drift=_drift,
        analyze=_analyze,
        review=_review,
        weekly=_weekly,
        worlds=_worlds,
    )
    return make_app(services)


def _replay(
    bars: "Bars",
    config: "Config",
    *,
    out: Path | None,
    market: "Market",
    screen: "LiveScreen",
    ledger_url: str | None = None,
) -> "Replay":
    from edgekeeper.build import replay

    return replay(bars, config, out=out, market=market, screen=screen, ledger_url=ledger_url)


def _demo_markets() -> "Sequence[DemoMarket]":
    from edgekeeper.build import demo_markets

    return demo_markets()


def _model_chapter(*, phase: Callable[[str], None]) -> "list[ModelDuel]":
    from edgekeeper.workbench.model_chapter import model_chapter

    return model_chapter(phase=phase)


def _write_report(path: Path, stories: "list[Story]", *, title: str) -> None:
    from edgekeeper.build import write_report

    write_report(path, stories, title=title)


def _report(run: Path, *, ledger_url: str | None) -> "Retold":
    from edgekeeper.build import report

    return report(run, ledger_url=ledger_url)


def _train(
    bars: "Bars",
    *,
    learner: str,
    parameters: Mapping[str, float | int | str | bool],
    features: tuple[str, ...] | None,
    line: str,
    config: "Config",
    out: Path | None,
    tune: int,
    jobs: int,
    progress: "Progress",
    device: "Device",
) -> "Trained":
    from edgekeeper.build import train

    return train(
        bars,
        learner=learner,
        parameters=parameters,
        features=features,
        line=line,
        config=config,
        out=out,
        tune=tune,
        jobs=jobs,
        progress=progress,
        device=device,
    )


def _tune(
    bars: "Bars",
    *,
    learner: str,
    features: tuple[str, ...] | None,
    fixed: Mapping[str, float | int | str | bool],
    rule: "SearchConfig",
    config: "Config",
    storage: str,
    jobs: int,
    progress: "Progress",
) -> "Tuned":
    from edgekeeper.build import tune

    return tune(
        bars,
        learner=learner,
        features=features,
        fixed=fixed,
        rule=rule,
        config=config,
        storage=storage,
        jobs=jobs,
        progress=progress,
    )


def _explain(package: "Package", bars: "Bars | None", config: "Config", graph: bytes) -> "Overview":
    from edgekeeper.build import explain

    return explain(package, bars, config, graph=graph)


def _explain_signal(
    package: "Package",
    bars: "Bars",
    config: "Config",
    *,
    symbol: str,
    at_ns: int | None,
    graph: bytes,
) -> "ExplainedSignal":
    from edgekeeper.build import explain_signal

    return explain_signal(package, bars, config, symbol=symbol, at_ns=at_ns, graph=graph)


def _validate(
    forecasts: Any,
    bars: "Bars",
    config: "Config",
    *,
    trials: int | None,
    trial_returns: Any,
    profile: str | None,
    champion: "Package | None",
    name: str,
) -> "Judgement":
    from edgekeeper.build import validate

    return validate(
        forecasts,
        bars,
        config,
        trials=trials,
        trial_returns=trial_returns,
        profile=profile,
        champion=champion,
        name=name,
    )


def _compare(named: Mapping[str, Any], bars: "Bars", config: "Config") -> "Comparison":
    from edgekeeper.build import compare

    return compare(named, bars, config)


def _backtest(
    package: "Package",
    bars: "Bars",
    config: "Config",
    *,
    walk_forward: int | None,
    impact: Literal["square-root", "linear"],
    impact_coefficient: float,
) -> "BacktestResult":
    from edgekeeper.build import backtest

    return backtest(
        package,
        bars,
        config,
        walk_forward=walk_forward,
        impact=impact,
        impact_coefficient=impact_coefficient,
    )


def _paper(
    *,
    source: str,
    symbols: Sequence[str],
    interval: str,
    history_days: float | None,
    parent: Path | None,
    config: "Config | None",
    out: Path,
    screen: "Screen",
    stop: Callable[[], bool],
    told: Callable[..., None],
    ledger_url: str | None,
    watched: bool,
) -> "PaperEnd":
    from edgekeeper.build import PaperWanted, paper

    wanted = PaperWanted(source, tuple(symbols), interval, history_days, parent)
    return paper(
        wanted,
        config,
        out=out,
        screen=screen,
        stop=stop,
        told=told,
        ledger_url=ledger_url,
        watched=watched,
    )


def _serve(
    folder: Path,
    *,
    source: str,
    symbols: Sequence[str],
    interval: str,
    parent: Path | None,
    config: "Config | None",
    host: str | None,
    port: int | None,
    ledger_url: str | None,
    teller: "Teller",
    stop: Callable[[], bool],
) -> "Served":
    from edgekeeper.serving import serve
    from edgekeeper.wanted import Wanted

    return serve(
        folder,
        wanted=Wanted(source, tuple(symbols), interval, None, parent),
        config=config,
        host=host,
        port=port,
        ledger_url=ledger_url,
        teller=teller,
        stop=stop,
    )


def _audit(
    run: Path, *, ledger_url: str | None, head: str | None, since_ns: int | None, screen: "Screen"
) -> "Audited":
    from edgekeeper.build import audit

    return audit(run, ledger_url=ledger_url, head=head, since_ns=since_ns, screen=screen)


def _drift(run: Path, *, recent_bars: int, level: float) -> "SeatDrift":
    from edgekeeper.workbench import drift_of_run

    return drift_of_run(run, recent_bars=recent_bars, level=level)


def _analyze(run: Path, *, ledger_url: str | None) -> "Telling":
    from edgekeeper.workbench import analyze

    return analyze(run, ledger_url=ledger_url)


def _review(
    run: Path, *, period: Literal["day", "week"], until_ns: int | None, ledger_url: str | None
) -> "Reviewed":
    from edgekeeper.workbench import review

    return review(run, period=period, until_ns=until_ns, ledger_url=ledger_url)


def _weekly(run: Path, *, until_ns: int | None, ledger_url: str | None) -> "Weekly":
    from edgekeeper.workbench.weekly import weekly

    return weekly(run, until_ns=until_ns, ledger_url=ledger_url)


def _worlds(
    *,
    kind: str,
    seeds: range,
    symbols: int,
    bars: int,
    edge: float | None,
    search: int,
    online: str,
    config: "Config",
    file: Path,
    jobs: int,
    done: "Callable[[dict[str, Any]], None]",
) -> "list[dict[str, Any]]":
    from edgekeeper.build import replay
    from edgekeeper.many_worlds import Ordeal, run_markets

    ordeal = Ordeal(kind, symbols, bars, edge, search, online, config)
    return run_markets(replay, ordeal, seeds, file=file, jobs=jobs, done=done)


if __name__ == "__main__":
    main()
