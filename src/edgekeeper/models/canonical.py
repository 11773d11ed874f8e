"""One spelling for every value: canonical JSON, its hash, and a strict way back.

Two packages are the same exactly when their bytes are, so dictionaries are sorted, floats are
written in their shortest exact form, and what has no such form (NaN, infinity, objects) is
refused. Reading refuses what a friendly parser lets through: duplicated keys, NaN, depth bombs.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

import numpy as np

from edgekeeper.errors import BadData

__all__ = ["Json", "canonical_bytes", "canonical_record", "parse", "plain", "sha256"]

# What a terminal would obey, or show in another order than it is read.
_CONTROLS = re.compile("\\\\u00[01]|[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def plain(value: object, where: str = "value") -> Json:
    """Turn mappings, sequences, arrays and NumPy numbers into JSON values; NaN becomes null.

    Raises
    ------
    BadData
        Infinity, or a type JSON has no word for; names the place.

    Examples
    --------
    >>> plain({"auc": np.float64(0.5), "window": (1, 2), "unknown": float("nan")})
    {'auc': 0.5, 'window': [1, 2], 'unknown': None}
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        number = float(value)
        if math.isinf(number):
            raise BadData(f"{where}: expected a finite number or NaN, got {number}")
        return None if math.isnan(number) else number
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise BadData(f"{where}: expected text as key, got {key!r}")
        return {key: plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), where)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    raise BadData(f"{where}: expected plain data, got {type(value).__name__}: store its numbers")


def canonical_bytes(value: Json) -> bytes:
    """Return the one UTF-8 JSON spelling of a value, ending in a newline."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return (text + "\n").encode()


def parse(data: bytes, where: str) -> dict[str, Json]:
    """Read a JSON object, strictly.

    Raises
    ------
    BadData
        Not UTF-8, not JSON, nested too deep, a duplicated key, NaN or infinity, not an object.
    """
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except RecursionError:
        raise BadData(f"{where}: expected a flat record, got one nested too deep") from None
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise BadData(f"{where}: expected JSON, got {len(data)} bytes that are not: {error}") from (
            error
        )
    if not isinstance(value, dict):
        raise BadData(f"{where}: expected a JSON object, got {type(value).__name__}")
    return value


def canonical_record(data: bytes, where: str) -> dict[str, Json]:
    """Read a JSON object that has to be spelled as :func:`canonical_bytes` would.

    Raises
    ------
    BadData
        As :func:`parse`; another spelling; control characters in a text, which a terminal obeys.
    """
    record = parse(data, where)
    try:
        canonical = canonical_bytes(record) == data
    except ValueError:  # half of a surrogate pair, or a number beyond all floats
        canonical = False
    if not canonical:
        raise BadData(f"{where}: expected canonical JSON, got another spelling")
    if found := _CONTROLS.search(data.decode()):
        raise BadData(f"{where}: expected plain text, got the control character {found[0]!r}")
    return record


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key occurs twice")
    return record


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
