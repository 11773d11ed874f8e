"""The service holds what its OpenAPI promises, whatever is sent: beside a run, and before one."""

import shutil
import tempfile
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS, load_all_checks

from edgekeeper.api import Access, make_api
from edgekeeper.desk import Desk

load_all_checks()
CHECKED = [
    check
    for check in CHECKS.get_all()
    if getattr(check, "__name__", "")
    in (
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
        "negative_data_rejection",
    )
]
BOUNDED = settings(
    max_examples=4,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def described():
    with tempfile.TemporaryDirectory() as folder, Desk(Path(folder)) as desk:
        return make_api(desk, Access(Path(folder))).openapi()


DESCRIBED = described()
SCHEMA = schemathesis.openapi.from_dict(DESCRIBED)
OPERATIONS = {
    f"{operation.method.upper()} {operation.path}": operation
    for operation in (found.ok() for found in SCHEMA.get_all_operations())
}


@pytest.fixture(scope="module")
def beside_a_run(lived, exchange, tmp_path_factory, serve, generous):
    folder = tmp_path_factory.mktemp("ordered") / "run"
    shutil.copytree(lived, folder)
    with serve(folder, exchange=exchange, settings=generous) as service:
        yield service


def test_all_checks_are_there():
    assert len(CHECKED) == 5


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("where", ["beside_a_run", "before"])
def test_every_operation_holds_what_it_promises(name, where, request):
    service = request.getfixturevalue(where)
    headers = {"Authorization": f"Bearer {service.tokens['admin']}"}

    @BOUNDED
    @given(case=OPERATIONS[name].as_strategy())
    def hold(case):
        response = case.call(base_url=service.base, headers=headers)
        assert response.status_code != 500, response.text
        if response.status_code != 503:
            case.validate_response(response, checks=CHECKED)
        else:
            assert "retry-after" in response.headers

    hold()


def operations():
    for path, methods in DESCRIBED["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


@pytest.mark.parametrize(("name", "operation"), list(operations()), ids=lambda one: str(one)[:40])
def test_every_operation_is_described(name, operation):
    assert len(operation["description"]) > 20
    assert operation["tags"]
    assert (operation.get("x-role") is None) == ("security" not in operation)
    for parameter in operation.get("parameters", ()):
        assert parameter.get("description"), parameter["name"]
    if "requestBody" in operation:
        assert operation["requestBody"]["content"]["application/json"]["example"]
    for status, response in operation["responses"].items():
        if int(status) >= 400 and "health/ready" not in name:
            assert list(response["content"]) == ["application/problem+json"]


def test_every_example_can_be_sent_as_it_stands(beside_a_run):
    sent = 0
    for name, operation in operations():
        if "requestBody" in operation:
            method, path = name.split(" ")
            example = operation["requestBody"]["content"]["application/json"]["example"]
            place = path.replace("{line}", "linear").replace("{package}", "0a1b2c3d4e5f")
            place = place.replace("{rule}", "weekly")
            done = beside_a_run.client("admin").request(method, place, json=example)
            assert done.status_code in (200, 202), done.text
            sent += 1
    assert sent >= 17
