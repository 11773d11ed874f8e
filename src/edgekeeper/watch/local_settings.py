"""Settings of a run that shape no result, kept beside its record: they may change under way."""

import json
from pathlib import Path

from edgekeeper.config import LOCAL, Config, parse_config
from edgekeeper.errors import BadData, StorageError

__all__ = ["keep_local", "with_local"]

_FILE = "local.json"


def keep_local(folder: Path, config: Config) -> None:
    """Write down the sections of :meth:`Config.local` for whoever else works on this run."""
    from edgekeeper.atomic import write_atomically  # late: the watch need not know markets

    write_atomically(folder / _FILE, json.dumps(config.local(), indent=2).encode())


def with_local(folder: Path, config: Config) -> Config:
    """Return a configuration with the sections that were written down for this run.

    Raises
    ------
    BadData
        The file is damaged.
    StorageError
        It cannot be read.
    """
    try:
        text = (folder / _FILE).read_text("utf-8")
    except FileNotFoundError:
        return config
    except OSError as error:
        raise StorageError(f"could not read {folder / _FILE}: {error.strerror}") from error
    try:
        said = dict(json.loads(text).items())
    except (ValueError, AttributeError) as error:
        raise BadData(
            f"{folder / _FILE} is damaged ({error}): remove it, and give --config once more"
        ) from error
    kept = {name: said[name] for name in LOCAL if name in said}
    return parse_config({**config.model_dump(mode="json"), **config.local(), **kept})
