"""Webhooks with a real receiver: what comes, that it is ours by somebody else's library, and that nothing is lost."""

import base64
import http.server
import json
import socket
import threading
import time

import pytest
from browser import chromium, visiting
from playwright.sync_api import expect, sync_playwright
from program import Folder, wait_until
from standardwebhooks import Webhook, WebhookVerificationError


class Receiver:
    """Notes each request, and answers what it is told to; 204 when it is told nothing."""

    def __init__(self, *statuses):
        self.got, self.statuses, self.headers, self.delay = [], list(statuses), {}, 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.statuses.pop(0) if receiver.statuses else 204
                receiver.got.append((self.path, dict(self.headers), body, status))
                time.sleep(receiver.delay)
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def ids(self):
        return [headers["webhook-id"] for _, headers, _, _ in self.got]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "data", delivery_networks="127.0.0.0/8")


def hook(url, interactions="[Order Completed]", key="crm", more=""):
    return f"webhook/{key}", f"webhook:\n  key: {key}\n  name: {key}\n  url: {url}\n  interactions: {interactions}\n{more}"


def messages(server, key="crm", **filters):
    return server.ask(f"/api/webhooks/{key}/messages", **filters)["items"]


def order(server, n=1):
    server.send({"type": "track", "userId": f"u{n}", "event": "Order Completed", "properties": {"total": n}})


def secret(server, key="crm"):
    return server.ask(f"/api/webhooks/{key}/secret")["secret"]


def test_who_enters_an_audience_is_told_of_within_seconds_and_the_signature_holds(server, receiver):
    server.define(
        ("audience/buyers", "audience:\n  key: buyers\n  name: Buyers\n  who: did(\"Order Completed\")\n"),
        ("audience/others", "audience:\n  key: others\n  name: Others\n  who: did(\"Page Viewed\")\n"),
        hook(receiver.url, "[Audience Entered, Audience Left]", more="  audiences: [buyers]\n"),
    )
    wait_until(lambda: all(a["state"] == "inForce" for a in server.ask("/api/audiences")["items"]), 30, "the audiences were never at work")
    server.send({"type": "identify", "userId": "ann", "traits": {"email": "ann@mail.example", "name": "Ann"}})
    server.send({"type": "page", "userId": "ann", "name": "Benches"})
    server.send({"type": "track", "userId": "ann", "event": "Order Completed", "properties": {"total": 7}})
    wait_until(lambda: receiver.got, 20, "nobody was told")
    path, headers, body, _ = receiver.got[0]
    told = Webhook(secret(server)).verify(body, headers)
    assert (path, told["type"]) == ("/hooks", "audience.entered")
    ann = server.customer("user_id:ann")
    assert told["data"]["customer"] == {
        "id": ann["id"], "identifiers": [{"kind": i["kind"], "value": i["value"]} for i in ann["identifiers"]],
    }
    said = told["data"]["interaction"]
    assert said in server.history("user_id:ann", name="Audience Entered")
    assert said["properties"] == {"audience": "buyers", "name": "Buyers"} and told["timestamp"] == said["at"]
    with pytest.raises(WebhookVerificationError):
        Webhook(secret(server)).verify(body.replace(b"buyers", b"beyers"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(base64.b64encode(b"x" * 32).decode()).verify(body, headers)
    wait_until(lambda: messages(server, state="sent"), why="it was never noted")
    assert len(messages(server)) == 1 == len(receiver.got)


def test_what_fails_is_tried_again_under_the_same_id(server, receiver):
    receiver.statuses = [500]
    server.define(hook(receiver.url))
    order(server)
    wait_until(lambda: len(receiver.got) == 2, 20, "it was never tried again")
    wait_until(lambda: messages(server, state="sent"), why="it was never noted")
    assert len(set(receiver.ids)) == 1 and messages(server)[0]["attempts"] == 2
    # Each attempt has a time of its own, and so a signature.
    for _, headers, body, _ in receiver.got:
        Webhook(secret(server)).verify(body, headers)
    figures = server.get("/metrics").text
    for line in ("messages_waiting 0", "messages_sent_total 1", "attempts_failed_total 1"):
        assert f"sightline_webhook_{line}\n" in figures


def test_410_switches_it_off_until_somebody_switches_it_on(server, receiver):
    receiver.statuses = [410]
    server.define(hook(receiver.url))
    order(server)
    wait_until(lambda: server.ask("/api/webhooks")["items"][0]["state"] == "disabled", 20, "it was never switched off")
    order(server, 2)
    wait_until(lambda: [m["state"] for m in messages(server)] == ["waiting", "dead"], why="it was never written down")
    assert len(receiver.got) == 1
    dead = messages(server, state="dead")[0]
    assert server.call("POST", f"/api/webhooks/crm/messages/{dead['id']}/send").status_code == 409
    assert server.call("POST", "/api/webhooks/crm/enable").json()["state"] != "disabled"
    wait_until(lambda: len(receiver.got) == 2, 20, "what waited was never sent")
    # What was given up can be sent again.
    assert server.call("POST", f"/api/webhooks/crm/messages/{dead['id']}/send").json()["state"] == "waiting"
    wait_until(lambda: receiver.ids[2:] == [dead["id"]], 20, "it was never sent again")
    done = [e["action"] for e in server.ask("/api/audit", limit=50)["items"]]
    assert "webhook-enable" in done and done.count("webhook-send") == 1


def test_a_redirect_is_not_followed(server, receiver):
    receiver.statuses, receiver.headers = [307], {"Location": receiver.url + "/elsewhere"}
    server.define(hook(receiver.url))
    order(server)
    wait_until(lambda: messages(server) and messages(server)[0]["status"] == 307, 20, "it never failed")
    assert [path for path, *_ in receiver.got] == ["/hooks"] and "not followed" in messages(server)[0]["error"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_without_a_setting_no_message_goes_to_a_private_address(tmp_path, receiver, host):
    with Folder(tmp_path / "data").serving() as server:
        server.define(hook(receiver.url.replace("127.0.0.1", host)))
        order(server)
        wait_until(lambda: messages(server) and messages(server)[0]["attempts"], 20, "it was never tried")
        assert "no public address" in messages(server)[0]["error"] and "delivery-networks" in messages(server)[0]["error"]
        trial = server.call("POST", "/api/webhooks/crm/test").json()
        assert (trial["taken"], trial["status"]) == (False, None) and "no public address" in trial["error"]
        assert server.ask("/api/webhooks")["items"][0]["state"] == "failing"
    assert not receiver.got


def test_what_waits_when_the_server_is_killed_is_sent_by_the_next_under_the_same_id(folder):
    with socket.socket() as taken:
        # Bound and not listening: whoever connects is refused, and nobody else gets the port.
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with folder.serving() as server:
            server.define(hook(f"http://127.0.0.1:{port}/hooks"))
            for n in range(3):
                order(server, n)
            wait_until(lambda: any(m["attempts"] for m in messages(server)), 20, "it was never tried")
            waiting = {m["id"] for m in messages(server)}
            assert len(waiting) == 3 and {m["state"] for m in messages(server)} == {"waiting"}
            server.kill()
    with folder.serving() as server:
        receiver = Receiver()
        try:
            server.define(hook(receiver.url))
            wait_until(lambda: set(receiver.ids) == waiting, 30, "not all of them came")
            for _, headers, body, _ in receiver.got:
                Webhook(secret(server)).verify(body, headers)
        finally:
            receiver.close()


def test_what_was_under_way_when_the_server_was_killed_comes_again_under_the_same_id(folder, receiver):
    receiver.delay = 3
    with folder.serving() as server:
        server.define(hook(receiver.url))
        order(server)
        wait_until(lambda: receiver.got, 20, "nobody was told")
        server.kill()
    receiver.delay = 0
    with folder.serving() as server:
        wait_until(lambda: len(receiver.got) == 2, 30, "it never came again")
        wait_until(lambda: messages(server, state="sent"), why="it was never noted")
        assert len(set(receiver.ids)) == 1 and len(messages(server)) == 1


def test_however_often_the_server_is_killed_nothing_is_lost_and_what_comes_twice_has_the_same_id(folder, receiver):
    """Orders go on while the server is killed again and again in the middle of sending them."""
    count, taken = 0, 0
    for attempt in range(5):
        with folder.serving() as server:
            if attempt == 0:
                server.define(hook(receiver.url))
            server.send(*({"type": "track", "userId": "u", "event": "Order Completed", "properties": {"n": n}} for n in range(count, count + 400)))
            count += 400
            wait_until(lambda: len(receiver.got) >= taken + 100, 30, "sending never began again")
            server.kill()
            taken = len(receiver.got)
    with folder.serving() as server:
        wait_until(lambda: server.ask("/api/webhooks")["items"][0]["waiting"] == 0, 60, "not all were sent")
        told = {}
        for _, headers, body, _ in receiver.got:
            told.setdefault(headers["webhook-id"], set()).add(json.loads(body)["data"]["interaction"]["properties"]["n"])
        # Each id is of one order, and each order has come.
        assert all(len(orders) == 1 for orders in told.values()) and len(told) == count
        assert set().union(*told.values()) == set(range(count))
        assert len(receiver.got) - count <= 5, "more came twice than were under way when it was killed"


def test_a_server_ends_while_a_test_hangs_at_a_receiver_that_never_answers(folder, receiver):
    receiver.delay = 60
    with folder.serving() as server:
        server.define(hook(receiver.url))
        answers = []
        asking = threading.Thread(target=lambda: answers.append(server.call("POST", "/api/webhooks/crm/test").status_code))
        asking.start()
        wait_until(lambda: receiver.got, 20, "nobody was tried")
        begun = time.monotonic()
        server.stop()
        # Three seconds for what is under way, and what every end takes.
        assert time.monotonic() - begun < 10
        asking.join(10)
        assert answers == [503]


def test_after_a_change_of_the_secret_the_old_one_and_the_new_one_hold(server, receiver):
    server.define(hook(receiver.url))
    old = secret(server)
    changed = server.call("POST", "/api/webhooks/crm/secret").json()
    assert changed["secret"] != old and changed["previous"]["secret"] == old
    order(server)
    wait_until(lambda: receiver.got, 20, "nobody was told")
    _, headers, body, _ = receiver.got[0]
    assert Webhook(old).verify(body, headers) == Webhook(changed["secret"]).verify(body, headers)
    done = [e["action"] for e in server.ask("/api/audit", limit=50)["items"]]
    assert done.count("webhook-secret-view") == 1 and done.count("webhook-secret-change") == 1
    analyst = server.folder.token(role="lead")
    for method, path in [("GET", ""), ("GET", "/crm/secret"), ("POST", "/crm/secret"), ("POST", "/crm/test"), ("GET", "/crm/messages")]:
        assert server.call(method, "/api/webhooks" + path, token=analyst).status_code == 403, path
    # Neither stands in the ledger, in what people write, or in the log.
    for place in (server.log.read_bytes(), server.get("/api/blueprint").content, *(p.read_bytes() for p in server.folder.path.glob("*.db*"))):
        assert old.removeprefix("whsec_").encode() not in place and base64.b64decode(old.removeprefix("whsec_")) not in place


def test_a_webhook_is_added_tried_and_looked_after_in_the_console(folder, receiver):
    with folder.serving() as server, sync_playwright() as playwright:
        server.define(("audience/buyers", "audience:\n  key: buyers\n  name: Buyers\n  who: did(\"Order Completed\")\n"))
        server.person()
        browser = chromium(playwright)
        with visiting(browser, server) as visitor:
            page = visitor.page
            visitor.open("/audiences/buyers")
            page.get_by_role("link", name="Add a webhook").click()
            expect(page.get_by_label("Audience Entered")).to_be_checked()
            expect(page.get_by_label("Buyers")).to_be_checked()
            page.get_by_label("Name", exact=True).fill("Our CRM")
            page.get_by_label("Where messages go").fill("crm.example.com")
            page.get_by_label("Other interactions").fill("Order Completed")
            page.get_by_role("button", name="Add it").click()
            expect(page.locator("#url-fault")).to_contain_text("https://")
            visitor.check("a webhook with a mistake", 422, picture="webhook-mistake-wide")
            page.get_by_label("Where messages go").fill(receiver.url)
            page.get_by_role("button", name="Add it").click()
            expect(page.get_by_role("heading", name="Our CRM")).to_be_visible()
            page.get_by_role("button", name="Send a test").click()
            expect(page.get_by_text("It answered 204")).to_be_visible()
            visitor.check("a test of a webhook", picture="webhook-test-wide")
            page.get_by_role("button", name="Show it").click()
            expect(page.get_by_label("The secret", exact=True)).to_have_text(secret(server, "our_crm"))
            visitor.check("the secret of a webhook", picture="webhook-secret-wide")
            order(server)
            wait_until(lambda: messages(server, "our_crm", state="sent"), 20, "nobody was told")
            visitor.open("/settings/webhooks/our_crm")
            expect(page.get_by_role("article").filter(has_text="Order Completed").first).to_contain_text("Sent")
            count = len(receiver.got)
            page.get_by_role("button", name="Send again").first.click()
            wait_until(lambda: len(receiver.got) > count, 20, "it was never sent again")
            visitor.open("/audiences/buyers")
            page.get_by_role("link", name="Our CRM").click()
            page.get_by_text("Remove", exact=True).click()
            page.get_by_role("button", name="Remove Our CRM").click()
            expect(page.get_by_role("heading", name="Nobody is told yet")).to_be_visible()
        browser.close()
