"""``make_api``: the whole application, assembled."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from edgekeeper.api.access import Access
from edgekeeper.api.settings import ApiSettings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from edgekeeper.api.observing import Meter
    from edgekeeper.desk import Desk
    from edgekeeper.sidecar import Exchange

__all__ = ["make_api"]


def make_api(
    desk: "Desk",
    access: Access,
    *,
    exchange: "Exchange | None" = None,
    metrics: "Meter | None" = None,
    settings: ApiSettings | None = None,
) -> "FastAPI":
    """Return the application that answers programs about a run.

    Parameters
    ----------
    desk : Desk
        The run.
    access : Access
        Who may.
    exchange : Exchange, optional
        Answers signals; without it they are answered 503, and ``/health/ready`` does not wait for
        a process of the side-car.
    metrics : Meter, optional
        What ``/metrics`` shows.
    settings : ApiSettings, optional
    """
    from fastapi import FastAPI

    from edgekeeper.api.door import Door
    from edgekeeper.api.failures import add_failures
    from edgekeeper.api.guard import Guard
    from edgekeeper.api.health import add_health
    from edgekeeper.api.listings import add_listings
    from edgekeeper.api.login import add_login
    from edgekeeper.api.measured import add_measured
    from edgekeeper.api.messages import add_messages
    from edgekeeper.api.observing import Observer
    from edgekeeper.api.openapi import add_description
    from edgekeeper.api.ordering import add_orders
    from edgekeeper.api.packages import add_packages
    from edgekeeper.api.retraining import add_retraining
    from edgekeeper.api.routes import Routes
    from edgekeeper.api.run import RunStanding, add_run

    settings = _with_sidecar(settings or ApiSettings(), exchange is not None)
    app = FastAPI(
        title="Edgekeeper",
        version=version("edgekeeper"),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    door = Door(access, settings)
    routes, standing = Routes(app, door), RunStanding(desk)
    add_messages(routes, exchange, settings, metrics)
    add_retraining(routes, desk, standing, settings)
    add_run(routes, desk, standing, settings)
    add_measured(routes, desk)
    add_listings(routes, desk)
    add_orders(routes, desk)
    add_packages(routes, desk)
    add_health(routes, desk, settings, metrics)
    add_login(routes, door)
    add_description(app, routes)
    add_failures(app)
    app.add_middleware(
        Guard, settings=settings, observer=None if metrics is None else Observer(metrics)
    )
    return app


def _with_sidecar(settings: ApiSettings, there: bool) -> ApiSettings:
    """Wait for the process of the side-car, too, where there should be one."""
    processes: Sequence[str] = settings.processes
    if not there or "signals" in processes:
        return settings
    return replace(settings, processes=(*processes, "signals"))
