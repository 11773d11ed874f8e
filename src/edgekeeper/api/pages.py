"""Pages of the API itself: small, without scripts, nothing from elsewhere."""

import base64
import functools
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["page"]


def page(name: str, status: int = 200, **parts: Any) -> HTMLResponse:
    """Return a page whose policy allows its own style and form, and nothing else."""
    css, policy = _style()
    content = _environment().get_template(name).render(css=css, **parts)
    return HTMLResponse(
        content,
        status,
        headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"},
    )


@functools.cache
def _style() -> tuple[str, str]:
    """The style sheet, and the policy that names it by its hash."""
    from markupsafe import Markup

    css = files("edgekeeper.api").joinpath("templates/page.css").read_text("utf-8")
    seal = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return Markup(css), (  # noqa: S704
        f"default-src 'none'; style-src 'sha256-{seal}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


@functools.cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("edgekeeper.api"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
