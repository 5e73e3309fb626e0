"""Several workspaces in one server: each is reached by its host, and nothing crosses from one to another."""

import json
import re
import socket
import subprocess
import threading
import uuid

import pytest
import requests
from program import Folder, Server, free_port, wait_until
from program import refused as refused_items

A, B = "brand-a.example", "brand-b.example"


@pytest.fixture(autouse=True, scope="module")
def hosts_lead_here():
    """The brands' hosts are this machine's, as a name server would have it."""
    real = socket.getaddrinfo

    def found(host, *rest, **more):
        return real("127.0.0.1" if str(host).lower().rstrip(".").endswith(".example") else host, *rest, **more)

    socket.getaddrinfo = found
    yield
    socket.getaddrinfo = real


class Brand(Server):
    """A workspace of a server that runs: asked by its host, its commands on its own folder."""

    def __init__(self, main, folder, host):
        self.folder, self.process, self.port, self.log, self.host = folder, main.process, main.port, main.log, host
        self.url = f"http://{host}:{main.port}"
        self._token = self._key = None
        self.http = new_session()


def new_session():
    session = requests.Session()
    session.trust_env = False
    return session


def folders(tmp_path):
    return Folder(tmp_path / "main"), Folder(tmp_path / "a"), Folder(tmp_path / "b")


def setting(a, b):
    return f"{A}={a.path},{B}={b.path}"


class Agency:
    """A server with a main folder and two brands."""

    def __init__(self, tmp_path, **settings):
        self.folders = folders(tmp_path)
        main, a, b = self.folders
        self.main = Server(main, workspaces=setting(a, b), **settings)
        self.a, self.b = Brand(self.main, a, A), Brand(self.main, b, B)
        self.all = (self.main, self.a, self.b)


@pytest.fixture(scope="module")
def agency(tmp_path_factory):
    agency = Agency(tmp_path_factory.mktemp("agency"))
    yield agency
    assert agency.main.stop() == 0, agency.main.said()


def refused(folder, code, *words, **settings):
    """What a server says that does not start."""
    env = folder.env | {"SIGHTLINE_" + k.upper(): str(v) for k, v in settings.items()}
    done = subprocess.run(
        [folder.binary, "serve", "--data", folder.path, "--port", str(free_port()), *map(str, words)],
        capture_output=True, text=True, env=env, timeout=60,
    )
    assert done.returncode == code, f"{done.returncode}: {done.stderr}"
    return done.stderr


def signed_in(brand, email="ann@mail.example"):
    """A browser with a session."""
    brand.person(email)
    browser = new_session()
    form = re.search(r'name="form" value="([^"]+)"', browser.get(brand.url + "/signin").text)[1]
    fields = {"form": form, "email": email, "password": brand.PASSWORD}
    answer = browser.post(brand.url + "/signin", data=fields, headers={"Origin": brand.url}, allow_redirects=False)
    assert answer.status_code == 303, answer.text
    return browser


def test_each_folder_is_its_own_and_the_host_says_which_is_meant(agency):
    for brand, event in zip(agency.all, ("Of Main", "Of A", "Of B")):
        brand.send({"type": "identify", "userId": "shared", "traits": {"email": "ann@customer.example", "name": event}})
        brand.send({"type": "track", "userId": "shared", "event": event})
        brand.send({"type": "track", "userId": "only " + event, "event": event})
    for brand, event, strangers in zip(agency.all, ("Of Main", "Of A", "Of B"), (("Of A", "Of B"), ("Of Main", "Of B"), ("Of Main", "Of A"))):
        assert brand.customer("user_id:shared")["name"] == event
        assert {i["name"] for i in brand.history("user_id:shared")} == {event, "Customer Identified"}
        exported = json.dumps(brand.folder.export())
        assert event in exported and not any(other in exported for other in strangers)
        for other in strangers:
            assert brand.customer("user_id:only " + other) is None
            assert brand.ask("/api/customers", search=other)["items"] == []


def test_keys_and_tokens_of_one_are_unknown_to_the_others(agency):
    for own in agency.all:
        for other in agency.all:
            status = other.post("/v1/track", {"userId": "x", "event": "Crossed", "messageId": uuid.uuid4().hex}, key=own.key).status_code
            assert status == (200 if own is other else 401)
            assert other.get("/api/ledger", token=own.token).status_code == (200 if own is other else 401)
            assert other.get("/metrics", token=own.token).status_code == (200 if own is other else 401)


def test_people_and_sessions_of_one_are_strangers_to_the_others(agency):
    agency.a.person("only-a@mail.example")
    assert "only-a@mail.example" not in json.dumps(agency.b.ask("/api/people")) + json.dumps(agency.main.ask("/api/people"))
    browser = signed_in(agency.a, "only-a@mail.example")
    cookies = {c.name: c.value for c in browser.cookies}
    assert all(c.domain == A for c in browser.cookies), "the browser sends them to this host alone"
    assert browser.get(agency.a.url + "/customers").status_code == 200
    for other in (agency.b, agency.main):
        taken = requests.get(other.url + "/customers", cookies=cookies, allow_redirects=False, timeout=20)
        assert taken.status_code == 303 and taken.headers["Location"].startswith("/signin")
        assert requests.get(other.url + "/now/stream", cookies=cookies, timeout=20).status_code == 401
    visitor = new_session()
    agency.b.person()
    form = re.search(r'name="form" value="([^"]+)"', visitor.get(agency.b.url + "/signin").text)[1]
    fields = {"form": form, "email": "only-a@mail.example", "password": Server.PASSWORD}
    assert visitor.post(agency.b.url + "/signin", data=fields, headers={"Origin": agency.b.url}, allow_redirects=False).status_code == 422


def test_a_form_token_of_one_does_nothing_at_another(agency):
    mine, theirs = signed_in(agency.a), signed_in(agency.b)
    form = re.search(r'name="form" value="([^"]+)"', theirs.get(agency.b.url + "/customers").text)[1]
    assert mine.post(agency.a.url + "/signout", data={"form": form}, headers={"Origin": agency.a.url}).status_code == 403
    own = re.search(r'name="form" value="([^"]+)"', mine.get(agency.a.url + "/customers").text)[1]
    assert mine.post(agency.a.url + "/signout", data={"form": own}, headers={"Origin": agency.b.url}).status_code == 403


def test_a_one_time_link_of_one_opens_nothing_at_another(agency):
    whole = agency.a.folder.run("person", "invite", "new@mail.example", "--role", "agent").stdout.strip()
    assert whole.startswith(agency.a.url + "/link/"), "a workspace's link has its host"
    link = whole.removeprefix(agency.a.url)
    assert requests.get(agency.b.url + link, timeout=20).status_code == 410
    assert requests.get(agency.a.url + link, timeout=20).status_code == 200


@pytest.mark.parametrize("way", ["api", "page"])
def test_what_happens_at_one_is_not_seen_live_at_another(agency, way):
    agency.a.key, agency.b.key  # made before, so that nothing waits later
    http = signed_in(agency.b) if way == "page" else new_session()
    path, headers = ("/now/stream", {}) if way == "page" else ("/api/live", {"Authorization": "Bearer " + agency.b.token})
    got, seen = [], threading.Event()
    with http.get(agency.b.url + path, headers=headers, stream=True, timeout=20) as stream:
        assert stream.status_code == 200

        def listen():
            for line in stream.iter_lines(chunk_size=1):
                got.append(line)
                if b"Live At B" in line:
                    return seen.set()

        threading.Thread(target=listen, daemon=True).start()
        agency.a.send({"type": "track", "userId": "live", "event": "Live At A"})
        agency.b.send({"type": "track", "userId": "live", "event": "Live At B"})
        assert seen.wait(20)
    assert not any(b"Live At A" in line for line in got)


def test_the_audit_log_of_one_has_nothing_of_the_others(agency):
    agency.a.folder.key("a key of a")
    agency.b.folder.key("a key of b")
    told = {brand.url: json.dumps(brand.ask("/api/audit", limit=500)) for brand in agency.all}
    assert "a key of a" in told[agency.a.url] and "a key of b" not in told[agency.a.url]
    assert "a key of b" in told[agency.b.url] and "a key of a" not in told[agency.b.url]
    assert "a key of" not in told[agency.main.url]
    for brand in agency.all:
        assert brand.ask("/api/audit/check")["sound"] is True


def test_definitions_hold_for_one_alone(agency, tmp_path):
    blueprint = tmp_path / "blueprint"
    blueprint.mkdir()
    (blueprint / "workspace.yaml").write_text("workspace:\n  name: The A Company\n")
    (blueprint / "channels.yaml").write_text("channels:\n  declared: [kiosk]\n")
    agency.a.folder.run("blueprint", "apply", blueprint)
    assert "The A Company" in requests.get(agency.a.url + "/signin", timeout=20).text
    kiosk = {"type": "track", "userId": "k", "event": "Kiosk Used", "context": {"channel": "kiosk"}}
    agency.a.send(dict(kiosk))
    for other in (agency.b, agency.main):
        assert "The A Company" not in requests.get(other.url + "/signin", timeout=20).text
        assert other.ask("/api/blueprint")["documents"] == []
        other.post("/v1/batch?wait=view", {"batch": [kiosk | {"messageId": uuid.uuid4().hex}]})
        assert other.customer("user_id:k") is None or "kiosk" not in {i["channel"] for i in other.history("user_id:k")}


def test_figures_health_and_readiness_are_of_one_alone(agency):
    def taken(brand):
        return int(float(re.search(r"^sightline_interactions_taken_total (\S+)$", brand.get("/metrics").text, re.M)[1]))

    before = {brand.url: taken(brand) for brand in agency.all}
    agency.b.send({"type": "track", "userId": "f", "event": "Figured"}, {"type": "track", "userId": "f", "event": "Figured"})
    after = {brand.url: taken(brand) - before[brand.url] for brand in agency.all}
    assert after == {agency.main.url: 0, agency.a.url: 0, agency.b.url: 2}
    for brand in agency.all:
        assert requests.get(brand.url + "/ready", timeout=20).status_code == 200
        health = requests.get(brand.url + "/health", timeout=20).json()
        assert health["customers"] == brand.ask("/api/ledger")["customers"]


def test_too_many_wrong_tokens_at_one_leave_the_others_open(tmp_path):
    agency = Agency(tmp_path)
    for brand in agency.all:
        brand.token
    for _ in range(25):
        agency.a.get("/api/ledger", token="wrong")
    assert agency.a.get("/api/ledger").status_code == 429
    assert agency.b.get("/api/ledger").status_code == 200 and agency.main.get("/api/ledger").status_code == 200
    assert agency.main.stop() == 0


def ask_raw(port, head):
    """The status and body of an answer to a head written by hand."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        wire.sendall(head.replace("\n", "\r\n").encode())
        answer = b""
        while more := wire.recv(65536):
            answer += more
    return int(answer.split()[1]), answer.split(b"\r\n\r\n", 1)[1]


@pytest.mark.parametrize("host", [A, A.upper(), A + ".", A + ":8080", A + ".:443"])
def test_a_host_is_the_same_in_every_way_of_writing_it(agency, host):
    status, _ = ask_raw(agency.main.port, f"GET /api/ledger HTTP/1.1\nHost: {host}\nAuthorization: Bearer {agency.a.token}\nConnection: close\n\n")
    assert status == 200


def test_every_other_host_is_the_main_folder(agency):
    for line in ("Host: elsewhere.example\n", "Host: 127.0.0.1\n", f"Host: x.{A}\n", f"Host: {A}.evil.example\n", f"Host: me@{A}\n", "Host:\n"):
        head = f"GET /api/ledger HTTP/1.1\n{line}Authorization: Bearer {agency.main.token}\nConnection: close\n\n"
        assert ask_raw(agency.main.port, head)[0] == 200, line
    # A proxy's word about the host is nobody's: it could be its client's.
    head = f"GET /api/ledger HTTP/1.1\nHost: x\nX-Forwarded-Host: {A}\nForwarded: host={A}\nAuthorization: Bearer {agency.main.token}\nConnection: close\n\n"
    assert ask_raw(agency.main.port, head)[0] == 200


def test_a_request_that_names_two_hosts_is_refused(agency):
    for second in (B, A):
        assert ask_raw(agency.main.port, f"GET /health HTTP/1.1\nHost: {A}\nHost: {second}\nConnection: close\n\n")[0] == 400


def test_with_main_hosts_a_host_that_is_nobodys_is_told_so(tmp_path):
    agency = Agency(tmp_path, main_hosts="127.0.0.1,Agency.example.")
    for host, status in (("127.0.0.1", 200), ("AGENCY.example:99", 200), (A, 200), ("elsewhere.example", 421), ("", 421)):
        found, body = ask_raw(agency.main.port, f"GET /health HTTP/1.1\nHost: {host}\nConnection: close\n\n")
        assert found == status, host
        if status == 421:
            assert json.loads(body)["type"] == "urn:sightline:problem:no-such-host"
    assert agency.main.stop() == 0


def test_the_first_link_of_each_is_printed_with_its_host(tmp_path):
    agency = Agency(tmp_path)
    # It answers a moment before it says so.
    wait_until(lambda: agency.main.said().count("first administrator: ") == 3)
    said = agency.main.said()
    assert f"Sightline serves {agency.a.folder.path} at http://{A}:{agency.main.port}" in said
    links = re.findall(r"first administrator: (\S+)", said)
    assert [link.split("/link/")[0] for link in links] == [brand.url for brand in agency.all]
    for brand, link in zip(agency.all, links):
        assert requests.get(link, timeout=20).status_code == 200
        assert all(requests.get(other.url + "/link/" + link.split("/link/")[1], timeout=20).status_code == 410 for other in agency.all if other is not brand)
    assert agency.main.stop() == 0


def test_each_reads_its_own_settings_and_the_environment_counts_for_all(tmp_path):
    _, a, b = folders(tmp_path)
    a.path.mkdir()
    (a.path / "sightline.yaml").write_text("batch-items: 2\norigins: https://shop-a.example\n")
    agency = Agency(tmp_path, item_limit="2 KB")
    batch = {"batch": [{"type": "track", "userId": "u", "event": "E", "messageId": uuid.uuid4().hex} for _ in range(3)]}
    assert agency.a.post("/v1/batch", batch).status_code in (400, 413)
    assert agency.b.post("/v1/batch", batch).status_code == 200
    origin = {"Origin": "https://shop-b.example"}
    assert "Access-Control-Allow-Origin" not in requests.options(agency.a.url + "/v1/batch", headers=origin, timeout=20).headers
    assert requests.options(agency.b.url + "/v1/batch", headers=origin, timeout=20).headers["Access-Control-Allow-Origin"] == origin["Origin"]
    large = {"userId": "u", "event": "E", "properties": {"text": "x" * 3000}}
    assert all(refused_items(brand.post("/v1/track", large)) for brand in agency.all)
    assert agency.main.stop() == 0


def test_mistakes_of_all_are_told_at_once(tmp_path):
    main, a, b = folders(tmp_path)
    for folder in (main, a):
        folder.path.mkdir()
    (main.path / "sightline.yaml").write_text(f"workspaces:\n  - {A}={a.path}\n  - {B}={b.path}\nitem-limit: many\n")
    (a.path / "sightline.yaml").write_text("port: 99\nworkspaces: none\nitme-limit: 5\nbatch-items: -1\n")
    said = refused(main, 2, threads="-1")
    for part in (
        "main/sightline.yaml, line 4: item-limit cannot be `many`", "SIGHTLINE_THREADS",
        "a/sightline.yaml, line 1: `port` holds for the whole server", "a/sightline.yaml, line 2: `workspaces` holds for the whole server",
        "a/sightline.yaml, line 3: there is no setting `itme-limit`", "a/sightline.yaml, line 4: batch-items cannot be `-1`",
    ):
        assert part in said, f"{part}\n{said}"
    assert len(said.strip().splitlines()) == 6, said
    assert not b.path.exists(), "nothing is made before all settings are right"


def test_a_host_or_a_folder_that_is_named_twice_is_told(tmp_path):
    main, a, b = folders(tmp_path)
    a.path.mkdir()
    link = tmp_path / "link"
    link.symlink_to(a.path)
    assert f"the host {A} is named twice" in refused(main, 2, "--workspaces", f"{A}={a.path},{A.upper()}.={b.path}")
    assert f"the host {A} is named twice" in refused(main, 2, "--workspaces", f"{A}={a.path}", "--main-hosts", f"x.example,{A}")
    assert f"is the folder of {B} and of {A}" in refused(main, 2, "--workspaces", f"{A}={a.path},{B}={a.path}/.")
    assert f"is the folder of {B} and of {A}" in refused(main, 2, "--workspaces", f"{A}={a.path},{B}={link}")
    assert f"is the folder of {A} and of the main one" in refused(main, 2, "--workspaces", f"{A}={main.path}")
    for wrong in ("x", "=/srv/x", f"{A}=", f"http://{A}={a.path}", f"{A}:80={a.path}", f"a..b={a.path}"):
        assert "--workspaces: workspaces cannot be" in refused(main, 2, "--workspaces", wrong), wrong
        said = refused(main, 2, "--workspaces", f"{B}={b.path},{wrong}")
        assert f"--workspaces: workspaces cannot have the entry `{wrong}`" in said, said
    assert "--workspaces: workspaces has an empty entry" in refused(main, 2, "--workspaces", f"{A}={a.path},")
    (tmp_path / "file").touch()
    assert "is a file; name a folder" in refused(main, 2, "--workspaces", f"{A}={tmp_path / 'file'}")


def test_a_folder_of_backups_that_two_would_share_is_told(tmp_path):
    main, a, b = folders(tmp_path)
    shelf = tmp_path / "backups"
    shelf.mkdir()
    said = refused(main, 2, "--workspaces", setting(a, b), "--backup-folder", shelf)
    assert f"the workspace {A}: backup-folder: {shelf} is that of main too" in said and f"the workspace {B}: backup-folder" in said
    # Each in its own file, one of them by another way to the same place.
    for folder, path in ((a, shelf), (b, f"{shelf}/../backups")):
        folder.path.mkdir()
        (folder.path / "sightline.yaml").write_text(f"backup-folder: {path}\n")
    assert f"the workspace {B}: backup-folder" in refused(main, 2, "--workspaces", setting(a, b))
    (tmp_path / "other").mkdir()
    (b.path / "sightline.yaml").write_text(f"backup-folder: {tmp_path / 'other'}\n")
    agency = Agency(tmp_path)
    # Each makes its first by itself.
    for brand in (agency.a, agency.b):
        wait_until(lambda: brand.ask("/api/backups")["items"] and not brand.ask("/api/backups")["running"], 60)
    shown = {brand.host: {item["path"] for item in brand.ask("/api/backups")["items"]} for brand in (agency.a, agency.b)}
    assert shown[A] and shown[B] and all(str(shelf) in path for path in shown[A]) and not any(str(shelf) in path for path in shown[B])
    assert agency.main.stop() == 0


def test_one_that_cannot_be_opened_keeps_all_from_starting_and_is_named(tmp_path):
    main, a, b = folders(tmp_path)
    with b.serving() as other:
        said = refused(main, 1, "--workspaces", setting(a, b))
        assert B in said and str(b.path) in said and "Another process" in said
        assert other.healthy()
    # Damaged, so that it fails when the others are open already.
    ledger = b.path / "ledger.db"
    ledger.write_bytes(b"no database at all" * 1000)
    said = refused(main, 1, "--workspaces", setting(a, b))
    assert f"The workspace {B} ({b.path}) cannot be opened, so none is served." in said
    assert not (main.path / "sightline.sock").exists() and not (a.path / "sightline.sock").exists()
    for folder in (main, a):
        with folder.serving() as alone:
            assert alone.healthy()


def test_a_stop_is_in_peace_for_all(tmp_path):
    agency = Agency(tmp_path)
    sent = {brand.url: brand.send(*[{"type": "track", "userId": "u", "event": "Kept"} for _ in range(200)], wait=False) for brand in agency.all}
    assert agency.main.stop() == 0, agency.main.said()
    for brand in agency.all:
        assert not (brand.folder.path / "sightline.sock").exists()
        assert {i["messageId"] for i in brand.folder.export()} == set(sent[brand.url])


def test_a_backup_of_one_is_restored_while_the_others_keep_what_they_have(tmp_path):
    agency = Agency(tmp_path)
    for brand in agency.all:
        brand.send({"type": "track", "userId": "u", "event": "Before"})
    agency.a.folder.run("backup", tmp_path / "copy")
    for brand in agency.all:
        brand.send({"type": "track", "userId": "u", "event": "After"})
    agency.a.folder.run("restore", tmp_path / "copy", "--replace")
    wait_until(agency.main.healthy, 30)
    assert {i["name"] for i in agency.a.history("user_id:u")} == {"Before"}
    for brand in (agency.main, agency.b):
        assert {i["name"] for i in brand.history("user_id:u")} == {"Before", "After"}
    assert agency.main.stop() == 0, agency.main.said()


def test_an_administrator_of_one_gets_no_backup_of_another(agency, tmp_path):
    agency.b.send({"type": "track", "userId": "only in b", "event": "Of B"})
    agency.b.folder.run("backup", tmp_path / "copy")
    for body in ({"from": str(tmp_path / "copy")}, {"from": str(agency.b.folder.path), "keepReplaced": True}):
        answer = agency.a.call("POST", "/api/restorations", body)
        assert answer.status_code == 403 and answer.json()["type"].endswith("operators-alone")
    assert agency.a.call("POST", "/api/backups", {"to": str(tmp_path / "stolen")}).status_code == 403
    assert not (tmp_path / "stolen").exists() and agency.a.customer("user_id:only in b") is None


def test_logs_say_which_workspace_they_are_about(tmp_path):
    log = tmp_path / "access.log"
    agency = Agency(tmp_path, access_log=log, log_format="json")
    for brand in agency.all:
        brand.send({"type": "track", "userId": "u", "event": "Logged"})
    wait_until(lambda: {json.loads(line).get("workspace") for line in log.read_text().splitlines()} == {"main", A, B})
    agency.b.folder.run("backup", tmp_path / "copy")
    agency.b.folder.run("restore", tmp_path / "copy", "--replace")
    lines = [json.loads(line) for line in agency.main.log.read_text().splitlines() if line.startswith("{")]
    assert [line["workspace"] for line in lines if "a backup is staged" in line["message"]] == [B]
    wait_until(agency.main.healthy, 30)
    assert agency.main.stop() == 0


def test_with_one_workspace_logs_name_none(folder, tmp_path):
    log = tmp_path / "access.log"
    with folder.serving(access_log=log) as server:
        server.healthy()
        assert all("workspace" not in json.loads(line) for line in log.read_text().splitlines())


def test_the_commands_reach_each_folder_while_the_server_runs(agency):
    for brand in agency.all:
        assert brand.folder.run("ledger", "status").returncode == 0
        assert (brand.folder.path / "sightline.sock").exists()
