"""The OpenAPI document is valid, and what the server answers is what it says."""

import uuid

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator


@pytest.fixture(scope="module")
def document(shop):
    answer = shop.http.get(shop.url + "/api/openapi.json")
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture(scope="module")
def someone(shop):
    """A customer with a bit of everything."""
    shop.send(
        {"type": "identify", "userId": "oa", "anonymousId": "oa-browser", "traits": {"email": "oa@mail.example", "name": "Olga Api", "n": {"a": [1]}}},
        {"type": "track", "userId": "oa", "event": "Order Placed", "properties": {"order_id": "OA-1", "total": 9.5}},
        {"type": "page", "anonymousId": "oa-browser", "name": "Home"},
        {"type": "track", "anonymousId": "oa-other", "event": "Browsed"},
    )
    merge = shop.call("POST", "/api/customers/user_id:oa/merges", {"with": "anonymous_id:oa-other"})
    assert merge.status_code == 201, merge.text
    return shop.customer("user_id:oa")["id"]


def check(document, path, method, answer):
    """Holds an answer against the document: its status is named there, and its body has the shape."""
    responses = document["paths"][path][method.lower()]["responses"]
    response = responses.get(str(answer.status_code)) or responses.get("default")
    assert response, f"{method} {path} answered {answer.status_code}, which the document does not name"
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    if not answer.content:
        assert not response.get("content"), f"{method} {path}: the document names a body and there is none"
        return
    schema = response["content"][kind]["schema"]
    # References lead into the document's components.
    validator = OAS31Validator({**schema, "components": document["components"]})
    problems = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(answer.json())]
    assert not problems, f"{method} {path}: {problems}"


def test_the_document_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1")
    problems = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in OpenAPIV31SpecValidator(document).iter_errors()]
    assert problems == []


def test_every_operation_is_described_and_named_once(document):
    operations = [(m, p, o) for p, item in document["paths"].items() for m, o in item.items() if m in ("get", "post", "put", "delete", "patch")]
    assert len(operations) > 20
    names = [o["operationId"] for _, _, o in operations]
    assert len(names) == len(set(names))
    for method, path, operation in operations:
        assert operation.get("summary"), f"{method} {path}"
        used = {p["name"] for p in operation.get("parameters", []) if p.get("in") == "path"}
        assert used == {part[1:-1] for part in path.split("/") if part.startswith("{")}, path


ASKED = {
    "/api/customers": "?search=olga",
    "/api/customers/{ref}": None,
    "/api/customers/{ref}/interactions": "?limit=2",
    "/api/customers/{ref}/export": None,
    "/api/reviews": "",
    "/api/keys": "",
    "/api/tokens": "",
    "/health": "",
    "/ready": "",
}


@pytest.mark.parametrize("path", ASKED)
def test_answers_have_the_shape_that_the_document_gives_them(shop, document, someone, path):
    answer = shop.get(path.replace("{ref}", someone) + (ASKED[path] or ""))
    assert answer.status_code == 200, answer.text
    check(document, path, "GET", answer)


def test_problems_have_the_shape_that_the_document_gives_them(shop, document):
    for path, asked in [
        ("/api/customers/{ref}", "/api/customers/user_id:nobody-at-all"), ("/api/customers/{ref}", "/api/customers/nonsense"),
        ("/api/customers", "/api/customers"), ("/api/customers", "/api/customers?search=a&limit=0"), ("/api/customers", "/api/customers?serach=a"),
        ("/api/customers/{ref}/interactions", "/api/customers/user_id:oa/interactions?since=yesterday"),
        ("/api/customers/{ref}/interactions", "/api/customers/user_id:oa/interactions?after=nonsense"),
    ]:
        answer = shop.get(asked)
        assert 400 <= answer.status_code < 500, f"{asked}: {answer.status_code}"
        check(document, path, "GET", answer)


def test_the_tracking_api_answers_as_documented(shop, document):
    for path, body in [
        ("/v1/track", {"userId": "oa", "event": "Seen"}), ("/v1/track", {"event": "Nobody's", "messageId": "oa-bad"}), ("/v1/track", "{"),
        ("/v1/batch", {"batch": [{"type": "page", "userId": "oa"}, {}]}), ("/v1/batch", {}),
    ]:
        check(document, path, "POST", shop.post(path, body))
    check(document, "/v1/track", "POST", shop.post("/v1/track", {"userId": "oa", "event": "Seen"}, key=False))


def test_making_and_revoking_keys_and_tokens_answers_as_documented(shop, document):
    name = "oa-" + uuid.uuid4().hex[:8]
    for kind, body in (("keys", {"name": name}), ("tokens", {"name": name, "role": "analyst"})):
        made = shop.call("POST", f"/api/{kind}", body)
        assert made.status_code == 201 and made.json()["secret"], made.text
        check(document, f"/api/{kind}", "POST", made)
        check(document, f"/api/{kind}", "POST", shop.call("POST", f"/api/{kind}", body))
        check(document, f"/api/{kind}/{{name}}", "DELETE", shop.call("DELETE", f"/api/{kind}/{name}"))
        check(document, f"/api/{kind}/{{name}}", "DELETE", shop.call("DELETE", f"/api/{kind}/{name}"))


@pytest.mark.parametrize("role", ["analyst", "agent"])
def test_roles_that_only_read_cannot_change(shop, role):
    token = shop.folder.token(role=role)
    assert shop.get("/api/customers/user_id:oa", token=token).status_code == 200
    assert shop.call("DELETE", "/api/customers/user_id:oa", token=token).status_code == 403
    assert shop.call("POST", "/api/keys", {"name": "no"}, token=token).status_code == 403


@pytest.mark.parametrize("token", ["", "slt_nonsense", "x" * 4000])
def test_without_a_token_that_is_in_force_the_api_says_nothing(shop, someone, token):
    for path in (f"/api/customers/{someone}", "/api/customers?search=olga", "/api/keys"):
        answer = shop.http.get(shop.url + path, headers={"Authorization": f"Bearer {token}"} if token else {})
        assert answer.status_code in (401, 429), path
        assert "oa@mail.example" not in answer.text
