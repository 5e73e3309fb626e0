"""The pages as a browser gets them: sign in, look for somebody, see what happens as it happens."""

import json
import re
import threading
import time

import pytest
import requests


@pytest.fixture
def browser(shop):
    """A browser that signed in, through the form."""
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = "Mozilla/5.0"
    sign_in(session, shop, shop.person(), shop.PASSWORD)
    return session


def sign_in(session, shop, email, password):
    page = session.get(shop.url + "/signin")
    assert page.status_code == 200
    form = re.search(r'name="form"[^>]*value="([^"]+)"', page.text) or re.search(r'value="([^"]+)"[^>]*name="form"', page.text)
    return session.post(shop.url + "/signin", data={"form": form[1], "email": email, "password": password}, headers={"Origin": shop.url, "Sec-Fetch-Site": "same-origin"})


def test_pages_ask_who_comes(shop):
    shop.send({"type": "identify", "userId": "page-secret", "traits": {"email": "page-secret@mail.example"}})
    customer = shop.customer("user_id:page-secret")["id"]
    for path in ("/", "/customers", f"/customers/{customer}", "/now"):
        answer = requests.get(shop.url + path)
        assert "/signin" in answer.url and "page-secret" not in answer.text.split("/signin")[0]
    with requests.Session() as stranger:
        assert sign_in(stranger, shop, "nobody@mail.example", "no password of anybody").status_code in (401, 403, 422)
        assert "/signin" in stranger.get(shop.url + "/customers").url


def test_somebody_is_found_and_shown_with_everything_that_passed(shop, browser):
    shop.send(
        {"type": "identify", "userId": "page-1", "anonymousId": "page-browser", "traits": {"email": "petra@mail.example", "name": "Petra Page"}},
        {"type": "track", "userId": "page-1", "event": "Order Placed", "properties": {"order_id": "PG-1", "note": "<script>alert(1)</script>"}},
        {"type": "track", "userId": "page-1", "event": "<b>Odd</b> & Event"},
    )
    found = browser.get(shop.url + "/customers", params={"search": "petra pa"})
    assert found.status_code == 200 and "Petra Page" in found.text
    page = browser.get(shop.url + "/customers/" + shop.customer("user_id:page-1")["id"])
    assert page.status_code == 200
    for text in ("Petra Page", "petra@mail.example", "PG-1"):
        assert text in page.text, text
    assert "<script>alert" not in page.text and "<b>Odd" not in page.text
    assert "default-src" in page.headers["Content-Security-Policy"]
    assert browser.get(shop.url + "/customers/cus_zzzzzzz").status_code == 404


def test_every_file_that_a_page_names_is_there(shop, browser):
    page = browser.get(shop.url + "/customers").text
    files = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    assert files
    for file in files:
        answer = browser.get(shop.url + file)
        assert answer.status_code == 200 and answer.content, file


@pytest.mark.parametrize("way", ["api", "page"])
def test_what_customers_do_is_seen_as_they_do_it(shop, browser, way):
    path = "/api/live" if way == "api" else "/now/stream"
    headers = {"Authorization": "Bearer " + shop.token} if way == "api" else {"Accept": "text/event-stream"}
    http = requests.Session() if way == "api" else browser
    got, seen = [], threading.Event()

    with http.get(shop.url + path, headers=headers, stream=True, timeout=20) as stream:
        assert stream.status_code == 200 and stream.headers["Content-Type"].startswith("text/event-stream")

        def listen():
            for line in stream.iter_lines(chunk_size=1):
                got.append(line)
                if b"Live Moment" in line:
                    return seen.set()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        end = time.monotonic() + 10
        while not seen.is_set() and time.monotonic() < end:
            shop.send({"type": "track", "userId": "page-live", "event": "Live Moment"})
            seen.wait(0.3)
        assert seen.is_set(), got[-5:]
    assert shop.healthy()


def test_a_filter_of_the_live_stream_is_checked_and_kept_to(shop):
    headers = {"Authorization": "Bearer " + shop.token}
    for query, words in (("channel=telegraph", "no such channel"), ("value_min=much", "value_min"), ("colour=red", "colour")):
        refused = requests.get(shop.url + "/api/live?" + query, headers=headers, timeout=20)
        assert refused.status_code in (400, 422) and words in refused.json()["detail"]
    with requests.get(shop.url + "/api/live?name=Dear+Thing&value_min=50", headers=headers, stream=True, timeout=20) as stream:
        for value in (10, 49.99, 50):
            shop.send({"type": "track", "userId": "live-f", "event": "Dear Thing", "properties": {"value": value}})
        shop.send({"type": "track", "userId": "live-f", "event": "Other Thing", "properties": {"value": 99}})
        for line in stream.iter_lines():
            if line.startswith(b"data: "):
                assert json.loads(line[6:])["value"] == 50
                break
