"""Every way a command can fail: one line for people, a record for programs, a stable exit code.

0 done · 1 not as expected · 2 wrong usage · 3 bad data · 4 refused by a gate · 5 halted ·
6 disk, lock, permission or memory · 130 stopped by the user.
"""

import errno
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from edgekeeper.cli.printing import console, print_json
from edgekeeper.errors import EdgekeeperError, StorageError, nearest

__all__ = ["STOPPED", "CommandLine"]

STOPPED = 130
_DISK = {
    errno.ENOSPC: "free some space, then try again",
    errno.EDQUOT: "your quota is used up: free some space, then try again",
    errno.EFBIG: "no file may grow so large here: raise the limit, or choose another folder",
    errno.EROFS: "choose a folder that may be written to",
    errno.EACCES: "check the permissions, or choose another folder",
    errno.EPERM: "check the permissions, or choose another folder",
    errno.EIO: "the disk failed: check it",
}


class CommandLine(TyperGroup):
    """The group of all commands; whatever goes wrong in one ends here."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and end the process, or return the exit code if not ``standalone_mode``."""
        words = sys.argv[1:] if args is None else list(args)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks ▲ shows ? instead
                stream.reconfigure(errors="replace")
        code = self._run(words, prog_name, complete_var, windows_expand_args, extra)
        if standalone_mode:
            sys.exit(code)
        return code

    def _run(
        self,
        words: list[str],
        prog_name: str | None,
        complete_var: str | None,
        windows_expand_args: bool,
        extra: dict[str, Any],
    ) -> int:
        try:
            code = super().main(words, prog_name, complete_var, False, windows_expand_args, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read us has left; point what is still buffered somewhere harmless.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except (TyperException, EdgekeeperError, typer.Abort, MemoryError, OSError) as error:
            return _tell(error, as_json="--json" in words)
        if code == STOPPED:
            return _tell(KeyboardInterrupt(), as_json="--json" in words)
        return code if isinstance(code, int) else 0


def _tell(error: BaseException, *, as_json: bool) -> int:
    """Print what went wrong and return the exit code; what nobody foresaw is raised again."""
    message, code = _told(error)
    if message:
        screen = console(as_json=True)
        words = f"[bold red]edgekeeper:[/] {_escaped(message)}"
        screen.print(words, soft_wrap=not screen.is_terminal)
    if as_json:
        kind = type(error).__name__
        print_json({"error": {"kind": kind, "message": message, "exit_code": code}})
    return code


def _told(error: BaseException) -> tuple[str, int]:
    if isinstance(error, EdgekeeperError):
        return str(error), error.exit_code
    if isinstance(error, TyperException):
        return _usage(error), error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return "stopped; what was recorded until now stays where it is", STOPPED
    if isinstance(error, typer.Abort):
        return "stopped: a question was left without an answer", 1
    if isinstance(error, MemoryError):
        return (
            "out of memory: use fewer symbols or a shorter history, or a machine with more",
            StorageError.exit_code,
        )
    if isinstance(error, OSError) and error.errno in _DISK:
        place = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{place}: {_DISK[error.errno]}", StorageError.exit_code
    raise error


def _usage(error: TyperException) -> str:
    """What was mistyped, the nearest right word, and where help is."""
    message = error.format_message()
    context = getattr(error, "ctx", None)
    option = getattr(error, "option_name", None)
    if context is not None and option and hasattr(error, "possibilities"):
        known = [word for parameter in context.command.params for word in parameter.opts]
        message = f"{error.message}{nearest(option, known)}"
    if context is None or not message:
        return message
    return f"{message.rstrip('.')} (help: {context.command_path} --help)"


def _escaped(message: str) -> str:
    """One printable line that no terminal and no markup takes for a command."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() else " " for c in " ".join(message.split())))
