"""Values as TOML writes them."""

from typing import Any

__all__ = ["toml_value"]


def toml_value(value: Any) -> str:
    """Return a value as TOML writes it; keys of a table without a value are left out.

    Examples
    --------
    >>> toml_value({"name": "a", "on": True, "steps": [0.1, 2], "none": None})
    '{ "name" = "a", "on" = true, "steps" = [0.1, 2] }'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        plain = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in plain) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        given = {key: item for key, item in value.items() if item is not None}
        inside = ", ".join(
            f"{toml_value(str(key))} = {toml_value(item)}" for key, item in given.items()
        )
        return "{ " + inside + " }" if inside else "{}"
    return repr(value)
