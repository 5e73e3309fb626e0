"""Requests made up from the OpenAPI document, sensible and senseless ones: nothing fails inside, every answer is one that the document names, what
breaks its schemas is refused and what fits them is taken."""

import os
import urllib.parse
import zlib

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

# SIGHTLINE_TEST_EXAMPLES=500 looks further than there is time for every day.
EXAMPLES = int(os.environ.get("SIGHTLINE_TEST_EXAMPLES", 12))
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance,
]  # fmt: skip
# What fits the schema and is refused all the same, by a rule that no schema can say.
MEANS_MORE = {
    ("POST", "/api/blueprint"): "the texts have to be definitions in YAML",
    ("POST", "/v1/batch"): "its context, of any form, has no whole number of more than 64 bits",
    ("POST", "/v1/import"): "its context, of any form, has no whole number of more than 64 bits",
    ("POST", "/v1/b"): "its context, of any form, has no whole number of more than 64 bits",
}
# What breaks the schema and is answered with 200 all the same: an item that is wrong is refused by itself, beside those that are right, and whatever
# clients append to the address is let pass. What is wrong about `wait` and `timeout` is tested by hand.
ITEM_BY_ITEM = "/v1/"
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
    document = shop.http.get(shop.url + "/api/openapi.json").json()
    # Every request is sent by somebody who may: what goes without is tested elsewhere.
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        operation.pop("security", None)
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=shop.url)
    operations = [found.ok() for found in schema.get_all_operations()]
    tried = 0
    for operation in operations:
        if (operation.method.upper(), operation.path) in LEFT_OUT:
            continue
        # Nothing is wrong about a request that nothing can be told to, or nothing but any text in its address.
        parameters = document["paths"][operation.path][operation.method].get("parameters", [])
        takes = bool(operation.body) or any(p["in"] == "query" or p["schema"] != {"type": "string"} for p in parameters)
        for mode in [GenerationMode.POSITIVE] + [GenerationMode.NEGATIVE] * takes:
            with subtests.test(f"{operation.method.upper()} {operation.path}, {mode.value}"):
                hold(shop, known, operation, mode)
        tried += 1
    assert tried == len(operations) - len(LEFT_OUT) and tried > 40


def name_what_is_there(case, names):
    """Puts what is there in the place of what is made up, where a schema can say no more than that it is text."""
    for name, value in {"did": "Browsed", "did_not": "Browsed", "channel": "web"}.items():
        if name in (case.query or {}) and case.operation.path == "/api/customers/list":
            case.query[name] = value
    # Kinds of identifiers are the company's.
    if ":" in urllib.parse.unquote(str((case.path_parameters or {}).get("ref", ""))):
        case.path_parameters["ref"] = names["ref"]
    # A cursor is one that an answer gave.
    if isinstance((case.query or {}).get("after"), str):
        del case.query["after"]
    if isinstance(case.body, dict):
        # A time that is still to come, permissions that a role has, people who are there.
        for name in ("expiresAt", "scopes", "lead", "members"):
            case.body.pop(name, None)
        # The part before the @ has at most 64 bytes; a schema counts letters.
        before, at, after = str(case.body.get("email") or "").partition("@")
        if len(before.encode("utf-8", "surrogatepass")) > 64:
            case.body["email"] = "long" + at + after


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
        named = False
        for name in case.path_parameters or {}:
            # Two times in three it is something that is there.
            if name in names and zlib.crc32(str(case.path_parameters[name]).encode("utf-8", "surrogatepass")) % 3:
                case.path_parameters[name] = names[name]
                named = True
        fits = mode == GenerationMode.POSITIVE
        if fits:
            name_what_is_there(case, names)
        answer = case.call(session=shop.http, headers=headers, timeout=60, **({"auth": (shop.key, "")} if tracking else {}))
        checks = list(CHECKS)
        if fits and (operation.method.upper(), operation.path) not in MEANS_MORE:
            checks.append(positive_data_acceptance)
        if not fits and not named and not operation.path.startswith(ITEM_BY_ITEM):
            checks.append(negative_data_rejection)
        case.validate_response(answer, checks=checks)

    send()
