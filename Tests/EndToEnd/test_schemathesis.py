"""Requests made up from the OpenAPI document, sensible and senseless ones: nothing fails inside, and every answer is one that the document names."""

import os
import zlib

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

# SIGHTLINE_TEST_EXAMPLES=500 looks further than there is time for every day.
EXAMPLES = int(os.environ.get("SIGHTLINE_TEST_EXAMPLES", 12))
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance,
]  # fmt: skip
# What would not end, or would end the run; each has tests of its own.
LEFT_OUT = {("GET", "/api/live"), ("POST", "/api/backups"), ("POST", "/api/restorations")}


@pytest.fixture(scope="module")
def known(shop):
    """Things that are there, by the parameter that names them: made-up names alone would only ever meet 404."""
    shop.send(
        {"type": "identify", "userId": "st", "anonymousId": "st-browser", "traits": {"email": "st@mail.example", "name": "Stella Schema"}},
        {"type": "track", "anonymousId": "st-other", "event": "Browsed"},
    )
    shop.post("/v1/track", {"userId": "st", "event": ""})
    merge = shop.call("POST", "/api/customers/user_id:st/merges", {"with": "anonymous_id:st-other"}).json()
    team = shop.call("POST", "/api/teams", {"name": "Schemers"}).json()
    shop.person()
    shop.person("st@mail.example", role="agent", name="Stella Staff")
    person = next(p for p in shop.ask("/api/people")["items"] if p["email"] == "st@mail.example")
    quarantined = shop.ask("/api/quarantine")["items"]
    return {
        "/api/customers/": {"ref": shop.customer("user_id:st")["id"], "merge": merge["id"]},
        "/api/teams/": {"id": team["id"]},
        "/api/people/": {"id": person["id"]},
        "/api/quarantine/": {"id": quarantined[0]["id"]},
        "/api/blueprint/": {"document": "workspace", "number": 1},
    }


def test_no_request_fails_inside_and_every_answer_is_as_documented(shop, known, subtests):
    schema = schemathesis.openapi.from_dict(shop.http.get(shop.url + "/api/openapi.json").json())
    schema.config.update(base_url=shop.url)
    operations = [found.ok() for found in schema.get_all_operations()]
    tried = 0
    for operation in operations:
        if (operation.method.upper(), operation.path) in LEFT_OUT:
            continue
        # Nothing is wrong about a request that nothing can be told to.
        takes = bool(list(operation.iter_parameters()) or operation.body)
        for mode in [GenerationMode.POSITIVE] + [GenerationMode.NEGATIVE] * takes:
            with subtests.test(f"{operation.method.upper()} {operation.path}, {mode.value}"):
                hold(shop, known, operation, mode)
        tried += 1
    assert tried == len(operations) - len(LEFT_OUT) and tried > 40


def hold(shop, known, operation, mode):
    """Sends what is made up for an operation and holds the answers against the document."""
    names = next((names for start, names in known.items() if operation.path.startswith(start)), {})
    tracking = operation.path.startswith("/v1/")
    headers = {} if tracking else {"Authorization": f"Bearer {shop.token}"}

    # The same requests in every run: what is found once is found again.
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case):
        for name in case.path_parameters or {}:
            # Two times in three it is something that is there.
            if name in names and zlib.crc32(str(case.path_parameters[name]).encode("utf-8", "surrogatepass")) % 3:
                case.path_parameters[name] = names[name]
        answer = case.call(session=shop.http, headers=headers, timeout=60, **({"auth": (shop.key, "")} if tracking else {}))
        case.validate_response(answer, checks=CHECKS)

    send()
