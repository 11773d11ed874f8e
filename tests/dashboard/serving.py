"""The API and the dashboard of a folder, as the web process serves them: run by the tests."""

import sys
from pathlib import Path

import uvicorn

from edgekeeper.api import Access, make_api, uvicorn_settings
from edgekeeper.dashboard import add_dashboard
from edgekeeper.desk import Acts, Desk


def drift(folder):
    from edgekeeper.desk.drift_told import told_of_run
    from edgekeeper.workbench import drift_of_run

    return told_of_run(drift_of_run(folder)).json


def analyze(folder):
    from edgekeeper import workbench

    return workbench.analyze(folder)


def main():
    folder = Path(sys.argv[1])
    access = Access(folder)
    with Desk(folder, acts=Acts(drift=drift, analyze=analyze)) as desk:
        app = make_api(desk, access)
        add_dashboard(app, desk, access, storage_secret="a secret of the tests")
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), **uvicorn_settings())


main()
