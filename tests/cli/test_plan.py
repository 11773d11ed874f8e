"""``edgekeeper plan``: years until proof, in words and in JSON."""

import json

import pytest
import typer
from typer.testing import CliRunner

from edgekeeper.cli.commands.plan import plan
from edgekeeper.cli.failures import CommandLine
from edgekeeper.cli.help_text import add_command
from edgekeeper.stats.plan import plan_proof


@pytest.fixture(scope="module")
def run():
    app = typer.Typer(cls=CommandLine, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    add_command(app, "plan", plan)
    return lambda *words: CliRunner().invoke(app, ["plan", *map(str, words)])


def test_in_words(run):
    done = run("--sharpe", 2)
    words = " ".join(done.stdout.split())
    assert done.exit_code == 0
    assert words.startswith("An edge worth a Sharpe ratio of 2.00 is proven in 2.2 years")
    assert "The best bet mean 1.5 years" in words
    assert "too small to be proven" in " ".join(run("--sharpe", 0.1).stdout.split())
    assert "never" in run("--sharpe", -1).stdout


def test_in_json(run):
    figures = json.loads(run("--sharpe", 2, "--json").stdout)
    assert figures["median_years"] == plan_proof(2.0).median_years
    later = json.loads(run("--sharpe", 2, "--line", 5, "--json").stdout)
    assert later["level"] == pytest.approx(0.1 / 32)
    assert later["median_years"] > figures["median_years"]
    assert json.loads(run("--sharpe", -1, "--json").stdout)["mean_years"] is None


@pytest.mark.parametrize(
    "words", [(), ("--sharpe", "nan"), ("--sharpe", 1, "--line", 0), ("--sharpe", "x"),
              ("--sharpe", 1, "--bars-per-year", 0)],
)  # fmt: skip
def test_wrong_usage(run, words):
    done = run(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr
