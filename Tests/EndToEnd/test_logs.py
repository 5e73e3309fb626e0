"""No log tells who a customer is: values that nothing else has go through every route and page, and stand in no log, audit log or metric."""

import base64
import contextlib
import re
import socket
import sqlite3

import pytest
import requests
from program import ROOT
from test_security import form_of, sign_in

# In every value that is somebody's own. Letters alone, so that no encoding of addresses changes it.
MARK = "Zqxleak"
EMAIL = f"{MARK}@mail.example"
PHONE = "+447700900417"
TRAITS = {"name": f"{MARK} Person", "email": EMAIL, "phone": PHONE, "address": {"street": f"{MARK} Row"}, MARK: [MARK, {MARK: MARK}]}
# What would end the session, the server or the test; and the name by which the audit log knows who did something.
NOT_SENT = {"/you/name", "/signout", "/you/signout-everywhere", "/api/live", "/api/restorations", "/now/stream"}


class From(requests.adapters.HTTPAdapter):
    """From an address of its own, as wrong keys and tokens make the server deaf to the one they come from."""

    def init_poolmanager(self, *words, **more):
        super().init_poolmanager(*words, source_address=("127.0.0.2", 0), **more)


def elsewhere():
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", From())
    return session


def traces():
    """Everything by which a value could be known again: as it is, and inside base64 at each of its three beginnings."""
    inside = {base64.b64encode(b"x" * n + MARK.encode()).decode()[2 + n : 8] for n in range(3)}
    return [MARK.lower(), PHONE[-9:], *(text.lower() for text in inside)]


def track(server, wait):
    """What customers send, well-formed and not, with and without a key."""
    other = elsewhere()
    context = {"ip": "203.0.113.77", "userAgent": MARK, "traits": TRAITS}
    good = {"userId": EMAIL, "anonymousId": f"{MARK}-browser", "traits": TRAITS, "context": context}
    for kind in ("identify", "track", "page", "screen", "group", "alias"):
        item = good | {"event": f"{MARK} Event", "name": MARK, "groupId": MARK, "previousId": f"{MARK}-old", "properties": TRAITS}
        for body in (item, item | {"timestamp": MARK}, item | {"userId": {MARK: 1}}, f'{{"userId": "{MARK}', f'["{MARK}"]', item | {"type": MARK}):
            server.post(f"/v1/{kind}{wait}", body)
            server.post(f"/v1/{kind}?wait={MARK}&timeout={MARK}", body)
            server.post(f"/v1/{kind}", body, key=MARK, http=other)
        server.post("/v1/batch" + wait, {"batch": [item | {"type": kind}, {"type": MARK, "userId": MARK}]}, zipped=True)
    server.post("/v1/batch", MARK.encode(), headers={"Content-Encoding": "gzip", "Content-Type": MARK})


def api(server):
    """Every operation of the document, with the values wherever something can be said."""
    document = server.http.get(server.url + "/api/openapi.json").json()
    there = server.customer(f"email:{EMAIL}")
    other = elsewhere()
    statuses = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method not in ("get", "post", "put", "patch", "delete") or path in NOT_SENT or path.startswith("/v1/"):
                continue
            names = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
            bodies = [None]
            if "requestBody" in operation:
                schema = next(iter(operation["requestBody"]["content"].values()))["schema"]
                schema = document["components"]["schemas"].get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
                bodies = [{name: MARK for name in schema.get("properties", {})}, {MARK: MARK}, {"name": MARK, "role": "agent", "email": EMAIL}]
            for ref in {MARK, f"email:{EMAIL}", f"phone:{PHONE}", there["id"] if there and method != "delete" else MARK}:
                address = re.sub(r"\{\w+\}", ref, path)
                for body in bodies:
                    statuses.add(server.call(method.upper(), address, body).status_code)
                    for name in names:
                        statuses.add(server.call(method.upper(), f"{address}?{name}={MARK}", body).status_code)
                other.request(method, f"{server.url}{address}?{MARK}={MARK}", headers={"Authorization": f"Bearer {MARK}"})
    if there:
        server.call("POST", f"/api/customers/{there['id']}/notes", {"text": f"{MARK} said so"})
        server.call("POST", f"/api/customers/{there['id']}/consents", {"purpose": "marketing", "given": True, "wording": MARK, "method": MARK})
        server.call("DELETE", f"/api/customers/email:{EMAIL}")
    return statuses


def console(server, browser):
    """Every page, and every form with the values in all of its fields."""
    text = "\n".join(path.read_text() for path in (ROOT / "Sources" / "Web" / "Console").rglob("*.swift"))
    routes = set(re.findall(r'PageRoute\(\s*\.(get|post),\s*"([^"]+)"', text))
    assert len(routes) > 50
    found = server.ask("/api/customers", search=MARK)["items"] if server.get(f"/api/customers?search={MARK}").status_code == 200 else []
    fields = "email name password text note search q purpose channel wording method role document customer reference with from to".split()
    statuses = set()
    form = form_of(browser.get(server.url + "/you"))
    for method, route in sorted(routes):
        if route in NOT_SENT:
            continue
        for id in {MARK, *(item["id"] for item in found[:1])}:
            address = server.url + re.sub(r":\w+", id, route)
            query = {name: MARK for name in ("search", "did", "sort", "spent_min", "channel", "name", "after", "with", "view", "actor", MARK)}
            if method == "get":
                for asked in ({}, query, {"search": EMAIL}):
                    with contextlib.suppress(requests.exceptions.ChunkedEncodingError):  # a file that failed half way
                        statuses.add(browser.get(address, params=asked, allow_redirects=False).status_code)
            else:
                data = {name: MARK for name in fields} | {"form": form}
                # A definition's key is made of its name: it is the company's word, and the audit log says which one was written.
                if route.startswith("/new/"):
                    data["name"] = "Tried"
                for data in (data, data | {"email": EMAIL, "role": "agent"}, {MARK: MARK}):
                    answer = browser.post(address, data=data, params=query, headers={"Origin": server.url}, allow_redirects=False)
                    statuses.add(answer.status_code)
    return statuses


def strangers(server):
    """Whoever is not known: wrong passwords, links, headers, and what is no HTTP at all."""
    headers = {"User-Agent": MARK, "Referer": f"https://{MARK}.example/", "X-Request-Id": MARK, "X-Forwarded-For": MARK, "Traceparent": MARK}
    with elsewhere() as stranger:
        stranger.headers.update(headers)
        sign_in(server, stranger, EMAIL, MARK)
        sign_in(server, stranger, MARK, "x" * 2000 + MARK, fields={"next": f"/{MARK}"})
        for path in (f"/{MARK}", f"/static/{MARK}", f"/link/{MARK}", f"/signin?next=/{MARK}", f"/customers?search={MARK}", f"/api/{MARK}"):
            for method in ("GET", "POST", "PUT", MARK.upper()):
                stranger.request(method, server.url + path, data={"email": EMAIL, "password": MARK}, allow_redirects=False)
    for request in (f"GET /{MARK} HTTP/1.1\r\nHost: {MARK}\r\n{MARK}\r\n\r\n", f"{MARK} {MARK} {MARK}\r\n\r\n", f"POST /v1/track HTTP/1.1\r\n{MARK}: {MARK}"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as wire:
            wire.sendall(request.encode())
            wire.shutdown(socket.SHUT_WR)
            while wire.recv(65536):
                pass


def all_of_it(server, browser, wait="?wait=view"):
    strangers(server)
    track(server, wait)
    return console(server, browser) | api(server)


def tells_nothing(what, text):
    for trace in traces():
        at = text.lower().find(trace)
        assert at < 0, f"{what} tells {trace}: …{text[max(0, at - 300) : at + 100]}…"


@pytest.mark.timeout(480)
@pytest.mark.parametrize("format", ["json", "text"])
def test_no_log_and_no_metric_tells_anything_of_a_customer(folder, tmp_path, format):
    access = tmp_path / "access.log"
    with folder.serving(log_level="debug", log_format=format, access_log=access) as server:
        server.person()
        browser = requests.Session()
        browser.trust_env = False
        assert sign_in(server, browser).status_code == 303
        statuses = all_of_it(server, browser)
        assert {200, 303, 404, 422} <= statuses and 500 not in statuses, statuses
        audit, metrics = server.get("/api/audit/export").text, server.get("/metrics").text
        assert len(audit.splitlines()) > 20
        tells_nothing("the audit log", audit)
        tells_nothing("/metrics", metrics)

        # And when everything fails inside: none of what follows from the ledger is there any more.
        broken = sqlite3.connect(folder.path / "state.db", timeout=20)
        for (table,) in broken.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
            try:
                broken.execute(f'DROP TABLE IF EXISTS "{table}"')
            except sqlite3.Error:
                continue  # the tables beside one of a search index go with it
        broken.commit()
        broken.close()
        failed = set()
        for path in (f"/customers?search={MARK}", f"/customers/email:{EMAIL}", f"/customers/phone:{PHONE}", "/reviews", f"/{MARK}"):
            failed.add(browser.get(server.url + path, timeout=60).status_code)
            failed.add(server.get("/api" + path).status_code)
        assert 500 in failed, failed
        tells_nothing("/metrics", server.get("/metrics").text)
        server.kill()
    log = server.log.read_text()
    assert "debug" in log.lower() and len(log.splitlines()) > 20 and len(access.read_text().splitlines()) > 500
    tells_nothing("the log", log)
    tells_nothing("the access log", access.read_text())
    for path in folder.path.rglob("*.log"):
        tells_nothing(path.name, path.read_text(errors="replace"))
