"""Write the endpoints of docs/api.md from the service's own OpenAPI.

    python scripts/api_page.py [--check]

What lies between the marks is generated, each with a request that can be pasted. The rest of the
page is written by hand.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

from edgekeeper.api import Access, make_api
from edgekeeper.api.docs_page import Endpoint, endpoint_groups
from edgekeeper.desk import Desk

PAGE = Path(__file__).resolve().parent.parent / "docs" / "api.md"
MARK = re.compile(r"<!-- endpoints -->\n.*?<!-- end -->", re.DOTALL)


def endpoints() -> str:
    """Every endpoint, in groups."""
    with tempfile.TemporaryDirectory() as folder, Desk(Path(folder)) as desk:
        groups = endpoint_groups(make_api(desk, Access(Path(folder))).openapi())
    parts = []
    for group in groups:
        parts.append(f"### {group.name}")
        parts += [told(one) for one in group.endpoints]
    return "\n\n".join(parts)


def told(one: Endpoint) -> str:
    """One endpoint."""
    parts = [f"#### `{one.method} {one.path}`", f"{one.summary} *{one.who}*", *one.paragraphs]
    if one.parameters:
        rows = (f"- `{name.replace(', ', '`, `')}`: {said}" for name, said in one.parameters)
        parts.append("\n".join(rows))
    parts.append(f"```\n{one.curl}\n```")
    return "\n\n".join(parts)


def page(text: str) -> str:
    """Return the page with its generated part as it is today."""
    return MARK.sub(lambda _: f"<!-- endpoints -->\n{endpoints()}\n<!-- end -->", text)


def main() -> None:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where the page is not current")
    text = PAGE.read_text("utf-8")
    new = page(text)
    if parser.parse_args().check:
        sys.exit(0 if new == text else "docs/api.md is not current: run scripts/api_page.py")
    PAGE.write_text(new, "utf-8")


if __name__ == "__main__":
    main()
