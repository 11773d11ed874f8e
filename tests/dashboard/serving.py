"""The API and the dashboard of a folder, as the web process serves them: run by the tests."""

import sys
from pathlib import Path

import uvicorn

from edgekeeper.api import Access, make_api, uvicorn_settings
from edgekeeper.dashboard import add_dashboard
from edgekeeper.desk import Acts, Desk
from edgekeeper.desk.elsewhere import drift_of, insights_of


def main():
    folder = Path(sys.argv[1])
    access = Access(folder)
    with Desk(folder, acts=Acts(drift=drift_of, analyze=insights_of)) as desk:
        app = make_api(desk, access)
        add_dashboard(app, desk, access, storage_secret="a secret of the tests")
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), **uvicorn_settings())


if __name__ == "__main__":
    main()
