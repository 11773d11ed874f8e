"""``edgekeeper check`` on files as people have them."""

import json
import sys

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from edgekeeper.cli.commands.check import check
from edgekeeper.cli.failures import CommandLine
from edgekeeper.cli.help_text import add_command


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command alone: ``run(file, "--trials", 3)``."""
    monkeypatch.chdir(tmp_path)
    app = typer.Typer(cls=CommandLine, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    add_command(app, "check", check)

    def invoke(*words):
        result = CliRunner().invoke(app, ["check", *map(str, words)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def write(path, sharpe, n=400, seed=0):
    noise = np.random.default_rng(seed).standard_normal(n)
    gains = 0.01 * ((noise - noise.mean()) / noise.std(ddof=1) + sharpe / 365.25**0.5)
    lines = ["symbol,side,entry_time,exit_time,entry_price,exit_price,qty,fee"]
    for i, gain in enumerate(gains):
        day = np.datetime64("2023-01-01") + i
        lines.append(f"A,long,{day} 09:00,{day} 12:00,100,{100 * (1 + gain) + 0.1:.10f},10,1")
    path.write_text("\n".join(lines))
    return path


def flat(text):
    return " ".join(text.split())


def test_one_page(run, tmp_path):
    done = run(write(tmp_path / "trades.csv", 6.0), "--trials", 3)
    assert done.exit_code == 0
    words = flat(done.stdout)
    assert words.startswith("It looks like skill: with 3 variants tried")
    for part in ("Net profit", "Twice the costs", "Sharpe ratio, annual", "Record needed",
                 "Conditions to avoid: none"):  # fmt: skip
        assert part in words
    assert len(done.stdout.splitlines()) < 45


def test_trials_are_never_assumed(run, tmp_path):
    file = write(tmp_path / "trades.csv", 3.0)
    done = run(file)
    assert done.exit_code == 0
    assert "How many were they?" in flat(done.stdout)
    assert "not told (--trials)" in flat(done.stdout)
    figures = json.loads(run(file, "--json").stdout)
    assert figures["verdict"] == "depends on trials"
    assert (figures["trials"], figures["deflated_sharpe"]) == (None, None)
    survives = figures["survives_trials"]
    asked = json.loads(run(file, "--json", "--trials", int(survives)).stdout)
    assert asked["verdict"] == "skill"


def test_a_person_is_asked(run, tmp_path, monkeypatch):
    file = write(tmp_path / "trades.csv", 3.0)
    monkeypatch.setattr("edgekeeper.cli.commands.check._is_person", lambda: True)
    answers = iter(["2000", "", "many"])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    assert "once 2,000 variants" in flat(run(file).stdout)
    assert "How many were they?" in flat(run(file).stdout)
    done = run(file)
    assert (done.exit_code, "whole number of variants" in flat(done.stderr)) == (2, True)


def test_page_in_html(run, tmp_path):
    done = run(write(tmp_path / "trades.csv", 2.0), "--trials", 2, "--html", "page.html")
    assert done.exit_code == 0
    page = (tmp_path / "page.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "trades.csv" in page
    assert "page.html" in done.stdout


def test_json_is_all_there_is(run, tmp_path):
    done = run(write(tmp_path / "trades.csv", 2.0), "--trials", 2, "--json")
    figures = json.loads(done.stdout)
    once, twice = figures["recorded_costs"], figures["twice_the_costs"]
    assert once["total"] - twice["total"] == pytest.approx(400.0)
    assert figures["trades"] == figures["periods"] == 400
    assert figures["period"] == "day"
    assert once["sharpe_low"] < once["sharpe"] < once["sharpe_high"]


@pytest.mark.parametrize(
    ("content", "options", "code", "words"),
    [
        (None, (), 6, "found nothing at"),
        ("a,b\n1,2\n", (), 3, "expected trades"),
        ("", (), 3, "empty"),
        ("good", ("--trials", "0"), 2, "from 1 up"),
        ("good", ("--cost-bps", "-1"), 2, "basis points"),
        ("good", ("--capital", "0"), 2, "positive amount"),
        ("good", ("--strategy", "X"), 2, "freqtrade"),
        ("good", ("--tz", "Nowhere/Land"), 2, "Nowhere"),
    ],
)
def test_what_goes_wrong_is_said(run, tmp_path, content, options, code, words):
    path = tmp_path / "trades.csv"
    if content == "good":
        write(path, 1.0)
    elif content is not None:
        path.write_text(content)
    done = run(path, *options)
    assert words in flat(done.stderr)
    assert done.exit_code == code
    assert done.stdout == ""


def test_nothing_heavy_is_imported_for_help():
    import subprocess

    code = (
        "import sys, edgekeeper.cli.commands.check\n"
        "print(*[m for m in ('numpy', 'polars', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
