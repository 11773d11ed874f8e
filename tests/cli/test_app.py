import re

import pytest
import typer

from edgekeeper.__main__ import app

COMMANDS = {
    "acknowledge", "analyze", "approve", "audit", "backtest", "check", "compare", "demo",
    "doctor", "drift", "explain", "export", "features", "gap", "import", "init", "kill",
    "ledger", "models", "new", "notify", "paper", "plan", "rearm", "replay", "report", "resume",
    "review", "serve", "sql", "status", "strategies", "token", "train", "trials", "tune",
    "upgrade", "validate", "watch", "weekly", "why", "worlds",
}  # fmt: skip


def every_command(group=None, path=()):
    group = group or typer.main.get_command(app())
    for name, command in group.commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from every_command(command, (*path, name))


ALL = dict(every_command())
GROUPS = ("features", "ledger", "models", "notify", "strategies", "token", "trials")


def test_no_command_is_missing():
    assert {path[0] for path in ALL} == COMMANDS
    assert ("models", "list") in ALL
    assert {path[1] for path in ALL if path[0] == "models" and len(path) == 2} == {
        "adopt", "demote", "diff", "freeze", "key", "learners", "list", "mirror", "note", "pin",
        "promote", "pull", "push", "receive", "refit", "retire", "rollback", "show", "sign",
        "tag", "unfreeze", "unpin", "verify",
    }  # fmt: skip


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_and_option_is_explained(path):
    command = ALL[path]
    assert len(command.help or "") > 20
    first = command.help.splitlines()[0]
    assert len(first) <= 70, "help cuts it in two lines"
    for parameter in command.params:
        assert parameter.help, parameter.name


@pytest.mark.parametrize(
    "path",
    [path for path in ALL if path not in {(group,) for group in GROUPS}],
    ids=" ".join,
)
def test_every_command_has_json(path):
    assert any("--json" in parameter.opts for parameter in ALL[path].params)


def test_help_is_grouped(edgekeeper):
    shown = edgekeeper("--help").out
    headings = re.findall(r"─ (\w+) ─", shown)
    assert headings == ["Options", "Start", "Check", "Trade", "Models", "Safety"]
    assert "Exit codes: 0 done" in shown
    assert edgekeeper("replay", "-h").code == 0


def test_nothing_asked_shows_help_and_fails(edgekeeper):
    done = edgekeeper()
    assert done.code == 2
    assert "Usage: edgekeeper" in done.out
    assert edgekeeper("models").code == 2


def test_version(edgekeeper):
    import edgekeeper as package

    assert edgekeeper("--version").out == f"edgekeeper {package.__version__}\n"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["repaly"], "'replay'"),
        (["models", "lits"], "'list'"),
        (["replay", "--bras", "x"], "'--bars'"),
        (["why", "A", "--runn", "x"], "'--run'"),
    ],
)
def test_a_slip_is_met_with_what_was_meant(edgekeeper, words, meant):
    done = edgekeeper(*words)
    assert done.code == 2
    assert f"id you mean {meant}" in done.err
    assert "--help" in done.err
    assert done.out == ""


def test_a_missing_option_is_named(edgekeeper):
    done = edgekeeper("replay")
    assert (done.code, "'--bars'" in done.err) == (2, True)
