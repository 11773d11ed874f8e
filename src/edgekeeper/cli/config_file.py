"""The configuration file: found, read, and written with its defaults and what they mean."""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from edgekeeper.cli.config_comments import COMMENTS
from edgekeeper.errors import StorageError, UsageError, nearest
from edgekeeper.toml_text import toml_value

if TYPE_CHECKING:
    from edgekeeper.config import Config

__all__ = ["CONFIG_FILE", "config_text", "load_config"]

CONFIG_FILE = "edgekeeper.toml"
_HEAD = """\
# How Edgekeeper works here: every key with what it means. What is left out keeps its default.
# Money is paper money: nothing in this file can send an order to a broker.
# Unknown keys are refused, and `edgekeeper replay` says which known one is nearest.

"""


def load_config(path: str = "", seed: int | None = None) -> "tuple[Config, str]":
    """Return the configuration and where it came from.

    Parameters
    ----------
    path : str
        A TOML file; empty: ``edgekeeper.toml`` in this folder, else the defaults. Or, where no
        file is so called, a recipe that comes along: what it says replaces that of the latter.
    seed : int, optional
        Replaces the file's.

    Raises
    ------
    StorageError
        No such file, or not readable.
    UsageError
        Not TOML, an unknown key, a value out of range, a strategy file that was changed.
    """
    from edgekeeper.config import RECIPES, Config, parse_config, recipe_text

    file = Path(path or CONFIG_FILE)
    if path in RECIPES and not file.exists():
        below, origin = load_config()
        recipe = tomllib.loads(recipe_text(path))
        config = parse_config({**below.model_dump(), **below.local(), **recipe})
        origin = f"recipe {path} over {origin}"
    elif path or file.is_file():
        config, origin = parse_config(_read(file)), str(file)
    else:
        config, origin = Config(), "defaults"
    if seed is not None:
        config = parse_config({**config.model_dump(), **config.local(), "seed": seed})
    if any(rules.file for rules in (config.rules, *config.rules.several)):
        from edgekeeper.trade import pin_files

        config = pin_files(config, file.parent)
    return config, origin


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError as error:
        from edgekeeper.config import RECIPES

        near = nearest(file.name, [*RECIPES, *(p.name for p in file.parent.glob("*.toml"))])
        raise StorageError(
            f"expected a configuration at {file}, found none{near}: `edgekeeper init` makes one"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: expected TOML as UTF-8 text, got other bytes") from error
    except OSError as error:
        raise StorageError(f"could not read {file}: {error.strerror or error}") from error


def config_text(config: "Config") -> str:
    """Return a configuration as TOML with a comment on every key; it reads back as the same."""
    values = {**config.model_dump(mode="json"), **config.local()}
    sections = {key: value for key, value in values.items() if isinstance(value, dict)}
    parts = [_HEAD, *(_line(key, values[key]) for key in values if _is_plain(values[key]))]
    for name, section in sections.items():
        parts.append(f"\n# {COMMENTS[name]}\n[{name}]\n")
        parts += [_line(f"{name}.{key}", value) for key, value in section.items()]
    for position, line in enumerate(values["lines"]):
        if position == 0:
            parts.append(f"\n# {COMMENTS['lines']}")
        parts.append("\n[[lines]]\n")
        explained = position == 0
        parts += [
            _line(f"lines.{key}", line.get(key, field.default), explained)
            for key, field in type(config.lines[0]).model_fields.items()
        ]
    return "".join(parts)


def _is_plain(value: object) -> bool:
    return not isinstance(value, dict | list)


def _line(path: str, value: object, explained: bool = True) -> str:
    key = path.rpartition(".")[2]
    comment = f"# {COMMENTS[path]}\n" if explained else ""
    if value is None:  # TOML has no word for nothing
        return f"{comment}# {key} =\n" if explained else ""
    return f"{comment}{key} = {toml_value(value)}\n"
