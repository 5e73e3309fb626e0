"""Attacks on the real program, each as somebody would try it: on sessions, forms, redirects, headers, files and hosts."""

import re
import socket
from urllib.parse import quote, urljoin, urlsplit

import pytest
import requests
from program import Server


def new_session():
    session = requests.Session()
    session.trust_env = False
    return session


def form_of(page):
    """The form token on a page."""
    return re.search(r'name="form" value="([^"]+)"', page.text)[1]


def sign_in(server, browser, email="ann@mail.example", password=Server.PASSWORD, path="/signin", fields=None, headers=None):
    form = form_of(browser.get(server.url + path))
    data = {"form": form, "email": email, "password": password} | (fields or {})
    return browser.post(server.url + "/signin", data=data, headers={"Origin": server.url} | (headers or {}), allow_redirects=False)


@pytest.fixture(scope="module")
def ann(shop):
    """A browser in which the administrator is signed in."""
    shop.person()
    browser = new_session()
    assert sign_in(shop, browser).status_code == 303
    return browser


def set_cookies(answer):
    return [value for name, value in answer.raw.headers.items() if name.lower() == "set-cookie"]


def raw(port, request):
    """The whole answer to bytes that no client would send."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        wire.sendall(request)
        answer = b""
        while more := wire.recv(65536):
            answer += more
    return answer


# Sessions


def test_a_session_planted_before_signing_in_is_not_the_one_after_it(shop):
    shop.person()
    planted = "sls_" + "0" * 32
    browser = new_session()
    browser.cookies.set("sightline", planted, domain="127.0.0.1")
    answer = sign_in(shop, browser)
    session = next(c for c in set_cookies(answer) if c.startswith("sightline="))
    secret = session.split(";")[0].split("=", 1)[1]
    assert secret != planted and len(secret) > 30
    attacker = requests.get(shop.url + "/customers", cookies={"sightline": planted}, allow_redirects=False, timeout=20)
    assert attacker.status_code == 303
    again = new_session()
    second = next(c for c in set_cookies(sign_in(shop, again)) if c.startswith("sightline="))
    assert secret not in second, "each sign-in has a secret of its own"


def test_a_session_of_somebody_else_is_replaced_by_signing_in_over_it(shop, ann):
    # Somebody makes a victim's browser carry the attacker's own session: signing in leaves it behind.
    attacker = ann.cookies["sightline"]
    shop.person("victim@mail.example", role="agent")
    victim = new_session()
    form = form_of(victim.get(shop.url + "/signin"))
    victim.cookies.set("sightline", attacker, domain="127.0.0.1")
    data = {"form": form, "email": "victim@mail.example", "password": Server.PASSWORD}
    answer = victim.post(shop.url + "/signin", data=data, headers={"Origin": shop.url}, allow_redirects=False)
    assert answer.status_code == 303
    assert any(c.startswith("sightline=sls_") and attacker not in c for c in set_cookies(answer))


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(shop):
    shop.person()
    browser = new_session()
    found = set_cookies(browser.get(shop.url + "/signin")) + set_cookies(sign_in(shop, browser))
    assert len(found) >= 3
    for cookie in found:
        parts = [part.strip() for part in cookie.split(";")]
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(parts), cookie
        assert not any(part.lower().startswith("domain") for part in parts), cookie


def test_a_session_ends_with_signing_out_also_for_who_kept_the_cookie(shop):
    shop.person()
    browser = new_session()
    sign_in(shop, browser)
    kept = browser.cookies["sightline"]
    form = form_of(browser.get(shop.url + "/customers"))
    assert browser.post(shop.url + "/signout", data={"form": form}, headers={"Origin": shop.url}, allow_redirects=False).status_code == 303
    assert requests.get(shop.url + "/customers", cookies={"sightline": kept}, allow_redirects=False, timeout=20).status_code == 303


# Redirects

ELSEWHERE = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "https:evil.example", "evil.example",
    "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", " //evil.example", "/ /evil.example", "%2f%2fevil.example", "%5c%5cevil.example",
    "/%09/evil.example", "/@evil.example/..//evil.example", "//evil.example%2f..", "/" + "a" * 3000,
]


@pytest.mark.parametrize("next", ELSEWHERE, ids=lambda n: n[:30].encode("unicode_escape").decode())
def test_signing_in_leads_nowhere_else(shop, ann, next):
    shop.person()
    for answer in (
        sign_in(shop, new_session(), path="/signin?next=" + quote(next, safe=""), fields={"next": next}),
        # Whoever is signed in already is sent on at once.
        ann.get(shop.url + "/signin", params={"next": next}, allow_redirects=False),
        ann.get(shop.url + "/signin?next=" + quote(quote(next, safe=""), safe=""), allow_redirects=False),
    ):
        assert answer.status_code == 303
        place = answer.headers["Location"]
        assert place.startswith("/") and urlsplit(urljoin(shop.url, place)).netloc == urlsplit(shop.url).netloc, place
        # As browsers read it: a backslash is a slash, and tabs and line ends are nothing.
        assert not re.sub(r"[\t\r\n]", "", place).replace("\\", "/").startswith("//"), place


def test_the_page_that_was_wanted_is_gone_on_to(shop):
    shop.person()
    browser = new_session()
    wanted = browser.get(shop.url + "/customers?search=a%26b&sort=name", allow_redirects=False).headers["Location"]
    assert wanted.startswith("/signin?next=")
    answer = sign_in(shop, browser, path=wanted, fields={"next": "/customers?search=a%26b&sort=name"})
    assert answer.headers["Location"] == "/customers?search=a%26b&sort=name"


# Forms of others


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site", "Origin": "SELF"},
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "SELF.evil.example"},
], ids=str)
def test_a_form_that_another_site_sends_changes_nothing(shop, ann, headers):
    headers = {name: value.replace("SELF", shop.url) for name, value in headers.items()}
    form = form_of(ann.get(shop.url + "/settings/people"))
    data = {"form": form, "email": "smuggled@mail.example", "role": "administrator"}
    answer = ann.post(shop.url + "/settings/people", data=data, headers=headers, allow_redirects=False)
    assert answer.status_code == 403, answer.text[:300]
    assert all(p["email"] != "smuggled@mail.example" for p in shop.ask("/api/people")["items"])


@pytest.mark.parametrize("form", ["", "0" * 52, None])
def test_a_form_without_the_sessions_token_changes_nothing(shop, ann, form):
    shop.person("other@mail.example", role="administrator")
    other = new_session()
    sign_in(shop, other, "other@mail.example")
    token = form_of(other.get(shop.url + "/customers")) if form is None else form
    data = {"form": token, "email": "smuggled@mail.example", "role": "administrator"}
    assert ann.post(shop.url + "/settings/people", data=data, headers={"Origin": shop.url}, allow_redirects=False).status_code == 403
    assert all(p["email"] != "smuggled@mail.example" for p in shop.ask("/api/people")["items"])


def test_nobody_is_signed_in_by_a_form_of_another_site(shop):
    shop.person()
    browser = new_session()
    assert sign_in(shop, browser, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert sign_in(shop, browser, headers={"Origin": "https://evil.example"}).status_code == 403
    # A form with a token that the browser has no cookie for.
    foreign = form_of(new_session().get(shop.url + "/signin"))
    assert sign_in(shop, browser, fields={"form": foreign}).status_code == 403
    assert "sightline" not in browser.cookies


def test_what_changes_is_not_done_by_following_a_link(shop, ann):
    for path in ("/signout", "/settings/people", "/settings/keys"):
        form = form_of(ann.get(shop.url + "/customers"))
        ann.get(shop.url + path, params={"form": form, "email": "smuggled@mail.example", "role": "agent", "name": "smuggled"}, allow_redirects=False)
    assert ann.get(shop.url + "/customers", allow_redirects=False).status_code == 200
    assert all(p["email"] != "smuggled@mail.example" for p in shop.ask("/api/people")["items"])
    assert all(k["name"] != "smuggled" for k in shop.ask("/api/keys")["items"])


def test_a_session_cookie_is_no_way_into_the_api(shop, ann):
    assert ann.get(shop.url + "/api/people").status_code == 401
    assert ann.post(shop.url + "/api/keys", json={"name": "smuggled"}).status_code == 401


# Files


@pytest.mark.parametrize("path", [
    "/static/../access.db", "/static/..%2faccess.db", "/static/%2e%2e/%2e%2e/access.db", "/static/..%5caccess.db", "/static/%2e%2e%2faccess.db",
    "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/....//....//etc/passwd", "/static/..;/access.db", "/static/console.js/../../access.db",
    "/static/console.js%00.db", "/static/", "/static", "//etc/passwd", "/../../etc/passwd", "/%c0%ae%c0%ae/etc/passwd",
])
def test_a_path_leads_to_no_file_but_the_pages_own(shop, path):
    answer = raw(shop.port, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.split()[1] in (b"303", b"400", b"404"), answer[:200]
    assert b"root:" not in answer and b"SQLite format" not in answer


# Guessing


def test_guessing_a_password_ends_soon_and_the_right_one_waits_too(folder):
    with folder.serving() as server:
        server.person()
        server.person("bob@mail.example", role="agent")
        for n in range(8):
            assert sign_in(server, new_session(), password=f"wrong password {n}").status_code == 422
        paused = sign_in(server, new_session())
        assert paused.status_code == 429 and int(paused.headers["Retry-After"]) <= 15 * 60
        assert sign_in(server, new_session(), email="ANN@mail.example").status_code == 429, "the same account, however it is written"
        assert sign_in(server, new_session(), headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 429, "nobody can claim another address"
        assert sign_in(server, new_session(), email="bob@mail.example").status_code == 303, "others get in"


def test_trying_many_accounts_from_one_address_ends_too(folder):
    with folder.serving() as server:
        server.person()
        for n in range(40):
            assert sign_in(server, new_session(), email=f"nobody-{n}@mail.example", password="wrong password").status_code == 422
        assert sign_in(server, new_session()).status_code == 429


def test_guessing_a_one_time_link_or_a_session_finds_nothing(shop):
    for n in range(50):
        assert requests.get(f"{shop.url}/link/{'%032d' % n}", timeout=20).status_code == 410
        guess = {"sightline": "sls_" + "%032d" % n}
        assert requests.get(shop.url + "/customers", cookies=guess, allow_redirects=False, timeout=20).status_code == 303


# Headers

CRLF = ["%0d%0aX-Injected:%20yes", "%0aX-Injected:%20yes", "%0d%0a%0d%0a<script>", "%e5%98%8d%e5%98%8aX-Injected:%20yes", "%00X-Injected"]


@pytest.mark.parametrize("text", CRLF)
def test_line_ends_in_an_address_add_no_header(shop, ann, text):
    cookie = "sightline=" + ann.cookies["sightline"]
    paths = [
        f"/signin?next=/{text}", f"/customers?search={text}", f"/customers?sort={text}", f"/customers.csv?sort={text}&search={text}",
        f"/customers/{text}", f"/customers/{text}/history", f"/{text}", f"/link/{text}", f"/now?channel={text}", f"/settings/log?who={text}",
        f"/api/customers/{text}/export", f"/static/{text}", f"/customers?after={text}&seen={text}&channel={text}",
    ]
    for path in paths:
        for cookies in ("", f"Cookie: {cookie}\r\n"):
            answer = raw(shop.port, f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n{cookies}Connection: close\r\n\r\n".encode())
            head = answer.split(b"\r\n\r\n")[0]
            names = [line.split(b":")[0].strip().lower() for line in head.split(b"\n")[1:]]
            assert b"x-injected" not in names and b"<script>" not in head, (path, head)
            assert not answer.startswith(b"HTTP/1.1 5"), (path, head)


def test_line_ends_in_a_form_add_no_header(shop, ann):
    form = form_of(ann.get(shop.url + "/settings/people"))
    for path, fields in (
        ("/settings/people", {"email": "a@b.example\r\nX-Injected: yes", "role": "agent"}), ("/settings/keys", {"name": "a\r\nX-Injected: yes"}),
        ("/signin", {"next": "/\r\nX-Injected: yes", "email": "x", "password": "y"}),
    ):
        answer = ann.post(shop.url + path, data={"form": form} | fields, headers={"Origin": shop.url}, allow_redirects=False)
        assert "X-Injected" not in answer.headers and answer.status_code < 500


# Sizes


def test_a_form_that_is_too_large_is_refused_and_nothing_is_held_up(shop, ann):
    form = form_of(ann.get(shop.url + "/customers"))
    for browser, path in ((ann, "/settings/people"), (new_session(), "/signin")):
        body = f"form={form}&email=" + "a" * 300_000
        headers = {"Origin": shop.url, "Content-Type": "application/x-www-form-urlencoded"}
        assert browser.post(shop.url + path, data=body, headers=headers, allow_redirects=False).status_code == 413
    many = "&".join("a=" for _ in range(50_000))
    answer = ann.post(shop.url + "/settings/people", data=many, headers={"Origin": shop.url, "Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 403
    assert shop.healthy()


def test_heads_that_are_too_large_are_refused(shop):
    for head in ("X-Large: " + "a" * 20_000, "Cookie: " + "a=b; " * 5_000, "\r\n".join(f"X-{n}: a" for n in range(200))):
        answer = raw(shop.port, f"GET /signin HTTP/1.1\r\nHost: x\r\n{head}\r\nConnection: close\r\n\r\n".encode())
        assert answer.split()[1] in (b"400", b"431"), answer[:200]
    assert shop.healthy()


# Hosts


def test_a_host_that_somebody_made_up_is_nowhere_in_what_others_get(shop):
    for path in ("/", "/signin", "/customers", "/nowhere", "/api/openapi.json", "/link/none"):
        answer = raw(shop.port, f"GET {path} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n".encode())
        assert b"evil.example" not in answer, path


def test_the_links_that_pages_show_are_of_the_address_that_the_administrator_uses(shop, ann):
    page = ann.get(shop.url + "/settings/people")
    data = {"form": form_of(page), "email": "linked@mail.example", "role": "agent"}
    evil = {"Origin": shop.url, "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
    answer = ann.post(shop.url + "/settings/people", data=data, headers=evil)
    assert shop.url + "/link/" in answer.text and "evil.example" not in answer.text
    # Whoever could make a browser name another host would have to make it lie about the origin too.
    lied = {"Host": "evil.example", "Origin": shop.url, "Cookie": "sightline=" + ann.cookies["sightline"]}
    answer = requests.post(shop.url + "/settings/people", data=data | {"email": "other-link@mail.example"}, headers=lied, timeout=20)
    assert answer.status_code == 403 and "/link/" not in answer.text


def test_every_page_says_what_browsers_may_do_with_it(shop, ann):
    for answer in (ann.get(shop.url + "/customers"), requests.get(shop.url + "/signin", timeout=20), ann.get(shop.url + "/nowhere", headers={"Accept": "text/html"})):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["X-Frame-Options"] == "DENY" and answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "same-origin"
        assert "<script>" not in answer.text and " onclick=" not in answer.text and " style=" not in answer.text
