"""Write docs/cli.md and docs/edgekeeper.1 from the command line itself.

    python scripts/manual.py [--check]

What a command does, takes and prints is read off the application; nothing is told twice.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from edgekeeper.__main__ import app

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, MANUAL = DOCS / "cli.md", DOCS / "edgekeeper.1"
_CODES = {
    0: "done",
    1: "not as expected: a check failed, or something asks for a look",
    2: "wrong usage",
    3: "bad data",
    4: "refused by a gate or a rule",
    5: "halted",
    6: "disk, lock, permission or memory",
    130: "stopped by you",
}
_NUMBERS = {"int": "N", "integer": "N", "float": "X"}


@dataclass(frozen=True)
class Word:
    """An option or an argument."""

    names: str
    help: str
    usual: str


@dataclass(frozen=True)
class Command:
    """One command, as a manual tells it."""

    path: str
    panel: str
    help: str
    arguments: tuple[Word, ...]
    options: tuple[Word, ...]

    @property
    def first(self) -> str:
        """What it is for, in a sentence."""
        return self.help.partition("\n")[0]


def commands() -> Iterator[Command]:
    """All commands in the order help shows them, groups before their own."""
    top = typer.main.get_command(app())
    panels: dict[str, list[Command]] = {}
    for name, command in top.commands.items():
        panel = str(getattr(command, "rich_help_panel", "") or "")
        panels.setdefault(panel, []).extend(_walk(command, name, panel))
    for group in panels.values():
        yield from group


def _walk(command: Any, path: str, panel: str) -> Iterator[Command]:
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from _walk(inner, f"{path} {name}", panel)
        return
    words = [one for one in command.params if not getattr(one, "hidden", False)]
    yield Command(
        path,
        panel,
        (command.help or "").strip(),
        tuple(_word(one) for one in words if one.param_type_name == "argument"),
        tuple(_word(one) for one in words if one.param_type_name == "option"),
    )


def _word(parameter: Any) -> Word:
    help = " ".join((getattr(parameter, "help", "") or "").split())
    metavar = parameter.metavar or _meta(parameter)
    if parameter.param_type_name == "argument":
        return Word(metavar, help, _usual(parameter))
    names = ", ".join((*parameter.opts, *parameter.secondary_opts))
    flag = getattr(parameter, "is_flag", False)
    return Word(names if flag else f"{names} {metavar}", help, "" if flag else _usual(parameter))


def _meta(parameter: Any) -> str:
    kind = str(parameter.bare_type())
    if "Literal" in kind:
        return "|".join(re.findall(r"'([^']*)'", kind))
    return _NUMBERS.get(kind.strip("[]<>"), "TEXT")


def _usual(parameter: Any) -> str:
    """What stands in where it is left out."""
    if parameter.required:
        return "required"
    told = getattr(parameter, "show_default", None)
    if isinstance(told, str):
        return told
    value = parameter.default
    if told is False or value in (None, "", (), []) or callable(value):
        return ""
    value = getattr(value, "value", value)
    return str(value)


def page() -> str:
    """The reference in Markdown."""
    found = list(commands())
    lines = [
        "# The command line",
        "",
        "Made by `python scripts/manual.py` from the application; the same as a manual page is in",
        "[edgekeeper.1](edgekeeper.1) (`man -l docs/edgekeeper.1`). Every command has `--json`,",
        "which leaves figures alone on standard output, and `--help`.",
        "`edgekeeper --install-completion` teaches your shell (bash, zsh, fish, PowerShell) to",
        "complete commands and options.",
        "",
        "| Exit code | Means |",
        "| --- | --- |",
        *(f"| {code} | {meaning} |" for code, meaning in _CODES.items()),
    ]
    for panel in dict.fromkeys(one.panel for one in found):
        lines += ["", f"## {panel}", "", "| Command | |", "| --- | --- |"]
        mine = [one for one in found if one.panel == panel]
        lines += [f"| [`{one.path}`](#{_anchor(one.path)}) | {_cell(one.first)} |" for one in mine]
        for one in mine:
            lines += _told(one)
    return "\n".join(lines) + "\n"


def _anchor(path: str) -> str:
    return "edgekeeper-" + path.replace(" ", "-")


def _told(one: Command) -> list[str]:
    usage = " ".join(["edgekeeper", one.path, *(word.names for word in one.arguments), "[OPTIONS]"])
    lines = ["", f"### edgekeeper {one.path}", "", f"`{usage}`", ""]
    lines += one.help.splitlines()
    words = [*one.arguments, *one.options]
    if words:
        lines += ["", "| | | Left out |", "| --- | --- | --- |"]
        lines += [
            f"| `{_cell(word.names)}` | {_cell(word.help)} | {_cell(word.usual)} |"
            for word in words
        ]
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def manual() -> str:
    """The manual page, in the macros of man(7)."""
    found = list(commands())
    lines = [
        '.\\" Made by scripts/manual.py from the application.',
        '.TH EDGEKEEPER 1 "" "Edgekeeper" "User commands"',
        ".SH NAME",
        "edgekeeper \\- learn from trading signals, and trade a better model only on evidence",
        ".SH SYNOPSIS",
        ".B edgekeeper",
        "[\\-\\-version] [\\-\\-help]",
        ".I COMMAND",
        "[\\fIARGUMENTS\\fR] [\\fIOPTIONS\\fR]",
        ".SH DESCRIPTION",
        _roff("Sits beside a trading strategy, learns from every signal, and lets a better model "
              "trade only when the evidence is in. Every command has --json and --help."),
    ]  # fmt: skip
    for panel in dict.fromkeys(one.panel for one in found):
        lines.append(f'.SH "{panel.upper()} COMMANDS"')
        for one in (command for command in found if command.panel == panel):
            words = " ".join(word.names for word in one.arguments)
            lines += [f'.SS "edgekeeper {_roff(one.path)} {_roff(words)}"']
            for paragraph in one.help.split("\n\n"):
                lines += [_roff(" ".join(paragraph.split())), ".PP"]
            for word in (*one.arguments, *one.options):
                usual = f" Left out: {word.usual}." if word.usual else ""
                lines += [".TP", f".B {_roff(word.names)}", _roff(word.help + usual) or "\\&"]
    lines.append(".SH EXIT STATUS")
    for code, meaning in _CODES.items():
        lines += [".TP", f".B {code}", _roff(meaning)]
    lines += [".SH ENVIRONMENT", ".TP", ".B NUMBA_CACHE_DIR", "Where compiled kernels are kept."]
    lines += [".TP", ".B EDGEKEEPER_TOKEN", _roff("Token for `models push` to an address.")]
    lines += [".SH SEE ALSO", _roff("docs/operations.md, docs/runbooks.md, docs/going_live.md")]
    return "\n".join(lines) + "\n"


def _roff(text: str) -> str:
    """Text that no macro and no escape is read in."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("`", "\\(cq")
    text = re.sub("[…·×–—≥≤→]", lambda m: f"\\[u{ord(m[0]):04X}]", text)
    return "\\&" + text if text.startswith((".", "'")) else text


def main() -> int:
    """Write both, or say which is not up to date."""
    parser = argparse.ArgumentParser(description="Write the manual of the command line.")
    parser.add_argument("--check", action="store_true", help="Write nothing; fail if out of date.")
    checks = parser.parse_args().check
    stale = []
    for path, text in ((PAGE, page()), (MANUAL, manual())):
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale.append(path.name)
        if not checks:
            path.write_text(text, "utf-8")
    if checks and stale:
        print(f"{', '.join(stale)} out of date: python scripts/manual.py", file=sys.stderr)
    return 1 if checks and stale else 0


if __name__ == "__main__":
    sys.exit(main())
