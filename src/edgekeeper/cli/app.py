"""The application: every command under its heading, in the order help shows them."""

from collections.abc import Callable
from typing import Annotated

import typer

from edgekeeper.cli.commands import features, ledger, models, notify, strategies, token, trials
from edgekeeper.cli.commands.analyze import analyze
from edgekeeper.cli.commands.audit import audit
from edgekeeper.cli.commands.backtest import backtest
from edgekeeper.cli.commands.check import check
from edgekeeper.cli.commands.compare import compare
from edgekeeper.cli.commands.demo import demo
from edgekeeper.cli.commands.doctor import doctor
from edgekeeper.cli.commands.drift import drift
from edgekeeper.cli.commands.explain import explain
from edgekeeper.cli.commands.export import export
from edgekeeper.cli.commands.gap import gap
from edgekeeper.cli.commands.importing import import_bars
from edgekeeper.cli.commands.init import init
from edgekeeper.cli.commands.new import new
from edgekeeper.cli.commands.orders import acknowledge, approve, kill, rearm, resume
from edgekeeper.cli.commands.paper import paper
from edgekeeper.cli.commands.plan import plan
from edgekeeper.cli.commands.replay import replay
from edgekeeper.cli.commands.report import report
from edgekeeper.cli.commands.review import review
from edgekeeper.cli.commands.serve import serve
from edgekeeper.cli.commands.sql import sql
from edgekeeper.cli.commands.status import status
from edgekeeper.cli.commands.train import train
from edgekeeper.cli.commands.tune import tune
from edgekeeper.cli.commands.upgrade import upgrade
from edgekeeper.cli.commands.validate import validate
from edgekeeper.cli.commands.watch import watch
from edgekeeper.cli.commands.weekly import weekly
from edgekeeper.cli.commands.why import why
from edgekeeper.cli.commands.worlds import worlds
from edgekeeper.cli.failures import CommandLine
from edgekeeper.cli.help_text import add_command
from edgekeeper.cli.services import Services

__all__ = ["make_app"]

_PANELS: dict[str, dict[str, Callable[..., None]]] = {
    "Start": {"demo": demo, "init": init, "import": import_bars},
    "Check": {
        "check": check,
        "replay": replay,
        "backtest": backtest,
        "validate": validate,
        "compare": compare,
        "report": report,
        "analyze": analyze,
        "review": review,
        "weekly": weekly,
        "plan": plan,
        "drift": drift,
        "gap": gap,
        "worlds": worlds,
    },
    "Trade": {
        "serve": serve,
        "paper": paper,
        "status": status,
        "why": why,
        "sql": sql,
        "export": export,
    },
    "Models": {
        "train": train,
        "tune": tune,
        "explain": explain,
        "upgrade": upgrade,
        "new": new,
    },
    "Safety": {
        "kill": kill,
        "resume": resume,
        "rearm": rearm,
        "approve": approve,
        "acknowledge": acknowledge,
        "watch": watch,
        "audit": audit,
        "doctor": doctor,
    },
}
_GROUPS = {
    "Check": {"features": features.app},
    "Trade": {"strategies": strategies.app},
    "Models": {"models": models.app, "trials": trials.app},
    "Safety": {"notify": notify.app, "ledger": ledger.app, "token": token.app},
}
_EXIT_CODES = (
    "Exit codes: 0 done · 1 not as expected · 2 wrong usage · 3 bad data · 4 refused by a gate · "
    "5 halted · 6 disk, lock, permission or memory · 130 stopped by you."
)


def make_app(services: Services) -> typer.Typer:
    """Return the application; its commands call ``services`` for everything they do."""
    app = typer.Typer(
        cls=CommandLine,
        name="edgekeeper",
        context_settings={"obj": services, "help_option_names": ["--help", "-h"]},
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        epilog=_EXIT_CODES,
    )
    app.callback()(_top)
    for panel, commands in _PANELS.items():
        for name, command in commands.items():
            add_command(app, name, command, panel)
        for name, group in _GROUPS.get(panel, {}).items():
            app.add_typer(group, name=name, rich_help_panel=panel)
    return app


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"edgekeeper {version('edgekeeper')}")
        raise typer.Exit


def _top(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Which version."),
    ] = False,
) -> None:
    """Learns from every trading signal, and trades a better model only when the evidence is in.

    New here? `edgekeeper demo` shows the whole loop in three minutes, on paper money and offline.
    """
