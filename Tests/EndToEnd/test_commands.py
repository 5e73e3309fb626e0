"""The commands as scripts use them: what they print, with a server and without, backups, the quarantine, settings."""

import json
import re
import socket
import stat
import subprocess
import threading
import time
import uuid

import pytest
import requests
from program import ROOT, Folder, Server, refused, wait_until

COMMANDS = ["serve", "import", "export", "key", "token", "customer", "blueprint", "formula", "ledger", "backup", "restore", "ready", "version"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example(folder, command):
    done = folder.run(command, "--help")
    assert done.stderr == ""
    assert "xample" in done.stdout and f"sightline {command}" in done.stdout


def test_help_names_every_command(folder):
    text = folder.run("--help").stdout
    assert all(re.search(rf"^\s+{c}\b", text, re.M) for c in COMMANDS)


def test_version_is_one_that_the_changelog_knows(folder):
    said = subprocess.run([folder.binary, "version"], capture_output=True, text=True, check=True).stdout
    version = re.fullmatch(r"sightline (\d+\.\d+\.\d+)\n", said)
    assert version and version[1] in (ROOT / "CHANGELOG.md").read_text()


def test_a_command_that_is_not_understood_ends_with_an_error_and_says_why(folder):
    for words in (["dance"], ["serve", "--prot", "80"], ["key", "create"], ["token", "create", "x", "--role", "king"], ["serve", "--port", "many"]):
        done = folder.run(*words, check=False, timeout=20)
        assert done.returncode != 0, words
        assert done.stdout == "" and len(done.stderr) > 10, words


@pytest.mark.parametrize("serving", [False, True], ids=["no server", "a server"])
def test_keys_and_tokens_print_the_secret_alone(folder, serving):
    def check():
        for words in (["key", "create", "shop"], ["token", "create", "me", "--role", "administrator"]):
            done = folder.run(*words)
            assert re.fullmatch(r"\S{20,}\n", done.stdout), done.stdout
            again = folder.run(*words, check=False)
            assert again.returncode != 0 and again.stdout == ""
        assert folder.run("key", "create", "second").stdout not in folder.run("key", "list").stdout
        assert "shop" in folder.run("key", "list").stdout and "administrator" in folder.run("token", "list").stdout
        folder.run("key", "revoke", "shop")
        assert "revoked" in folder.run("key", "list").stdout

    if serving:
        with folder.serving():
            check()
    else:
        check()


def test_a_key_made_before_the_first_start_works(folder):
    key = folder.key()
    with folder.serving(key=key) as server:
        server.send({"type": "track", "userId": "u", "event": "Seen"})


def test_secrets_are_stored_nowhere_in_clear(folder):
    key, token = folder.key(), folder.token()
    with folder.serving(key=key, token=token) as server:
        server.send({"type": "track", "userId": "u", "event": "Seen", "writeKey": key})
        assert server.customer("user_id:u")
        for file in folder.path.rglob("*"):
            if file.is_file():
                content = file.read_bytes()
                assert key.encode() not in content and token.encode() not in content, file


def test_the_data_folder_is_its_owners_alone(folder):
    with folder.serving():
        assert stat.S_IMODE(folder.path.stat().st_mode) & 0o077 == 0
        for file in folder.path.iterdir():
            if stat.S_ISSOCK(file.stat().st_mode):
                assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_server_starts_with_the_words_that_scripts_rely_on(folder):
    with folder.serving() as server:
        assert server.http.get(server.url + "/health").status_code == 200
        log = server.said()
        assert server.url in log or str(server.port) in log


@pytest.mark.parametrize("serving", [False, True], ids=["no server", "a server"])
def test_export_prints_ndjson_alone(folder, serving):
    with folder.serving() as server:
        server.send(*[{"type": "track", "userId": f"u{n}", "event": "Ünder\u2028Way", "properties": {"n": n, "text": "a\nb\r\u2028"}} for n in range(500)])
        if serving:
            done = folder.run("export")
    if not serving:
        done = folder.run("export")
    lines = done.stdout.split("\n")
    assert lines.pop() == ""
    assert [json.loads(line)["properties"]["n"] for line in lines] == list(range(500))
    assert done.stderr == ""


def test_export_goes_on_where_it_ended(folder):
    with folder.serving() as server:
        server.send(*[{"type": "track", "userId": "u", "event": f"E{n}"} for n in range(10)])
        whole = folder.export()
        rest = folder.run("export", "--after", whole[3]["position"]).stdout.splitlines()
        assert [json.loads(line) for line in rest] == whole[4:]


def test_export_of_a_folder_that_is_not_there_says_so(folder):
    done = folder.run("export", check=False)
    assert done.returncode != 0 and str(folder.path) in done.stderr
    assert not folder.path.exists()


@pytest.mark.parametrize("serving", [False, True], ids=["no server", "a server"])
def test_a_customer_is_shown_in_the_terminal(folder, serving):
    with folder.serving() as server:
        server.send({"type": "identify", "userId": "ann-1", "traits": {"email": "ann@example.com", "name": "Ann Example"}})
        server.send({"type": "track", "userId": "ann-1", "event": "Order Placed", "properties": {"order_id": "A-1"}})
        if serving:
            text = folder.run("customer", "show", "email:ann@example.com").stdout
    if not serving:
        text = folder.run("customer", "show", "email:ann@example.com").stdout
    assert all(t in text for t in ("Ann Example", "ann@example.com", "ann-1", "Order Placed"))
    missing = folder.run("customer", "show", "email:nobody@example.com", check=False)
    assert missing.returncode != 0 and missing.stdout == "" and missing.stderr


def test_what_people_sent_cannot_steer_the_terminal(folder):
    with folder.serving() as server:
        server.send({"type": "identify", "userId": "evil", "traits": {"email": "evil@example.com", "name": "\u001b[2J\u001b]0;owned\u0007Eve\r\u009b31m"}})
        text = folder.run("customer", "show", "user_id:evil").stdout
        assert "Eve" in text and not set(text) & set("\u001b\u0007\r\u009b")


# Backups

def test_a_backup_made_under_load_restores_to_what_was(folder, tmp_path):
    stop = threading.Event()
    sent = []

    def load(server):
        http = requests.Session()
        http.trust_env = False
        while not stop.is_set():
            items = [{"type": "identify", "userId": f"b-{n % 40}", "messageId": uuid.uuid4().hex, "traits": {"n": n}} for n in range(100)]
            assert server.post("/v1/batch", {"batch": items}, http=http).status_code == 200
            sent.append([i["messageId"] for i in items])

    with folder.serving() as server:
        server.key
        thread = threading.Thread(target=load, args=(server,), daemon=True)
        thread.start()
        while len(sent) < 20:
            time.sleep(0.01)
        before = {m for batch in list(sent) for m in batch}
        folder.run("backup", tmp_path / "copy")
        stop.set()
        thread.join()
        after = {i["messageId"]: (i["customer"], i["position"]) for i in folder.export()}

    other = Folder(tmp_path / "elsewhere")
    other.run("restore", tmp_path / "copy")
    restored = other.export()
    there = {i["messageId"]: (i["customer"], i["position"]) for i in restored}
    assert before <= set(there) <= set(after)
    assert there == {m: after[m] for m in there}
    other.run("ledger", "verify")
    # Keys and tokens come along, and it goes on from there.
    with other.serving(key=server.key) as again:
        again.send({"type": "track", "userId": "b-1", "event": "Later"})
        assert len(other.export()) == len(restored) + 1


def test_a_backup_without_a_server_and_into_a_folder_that_is_there(folder, tmp_path):
    with folder.serving() as server:
        server.send({"type": "track", "userId": "u", "event": "Seen"})
    folder.run("backup", tmp_path / "copy")
    assert folder.run("backup", tmp_path / "copy", check=False).returncode != 0
    other = Folder(tmp_path / "other")
    other.run("restore", tmp_path / "copy")
    assert other.export() == folder.export()


def test_what_is_no_backup_is_not_restored(folder, tmp_path):
    with folder.serving() as server:
        server.send({"type": "track", "userId": "u", "event": "Seen"})
    before = folder.export()
    (tmp_path / "empty").mkdir()
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / "ledger.db").write_bytes(b"junk" * 5000)
    for bad in ("empty", "junk", "missing"):
        done = folder.run("restore", tmp_path / bad, check=False)
        assert done.returncode != 0 and done.stderr, bad
    assert folder.export() == before


# The quarantine

def test_what_was_refused_is_listed_with_and_without_a_server(folder):
    with folder.serving() as server:
        answer = server.post("/v1/batch?wait=view", {"batch": [
            {"type": "track", "userId": "q", "event": "Fine"}, {"type": "track", "event": "Nobody's", "messageId": "q-1"},
        ]})
        assert answer.json()["accepted"] == 1
        text = folder.run("ledger", "quarantine").stdout
        assert "q-1" in text
        [item] = server.ask("/api/quarantine")["items"]
        assert item["messageId"] == "q-1" and item["reason"]
    text = folder.run("ledger", "quarantine").stdout
    assert "q-1" in text


@pytest.mark.parametrize("serving", [False, True], ids=["no server", "a server"])
def test_what_was_refused_is_taken_in_after_a_fix(folder, tmp_path, serving):
    def item(n, channel):
        return {"type": "track", "userId": "q", "event": "Touched", "messageId": f"{channel}-{n}", "context": {"channel": channel}}

    def fix():
        (tmp_path / "blueprint").mkdir()
        (tmp_path / "blueprint" / "channels.yaml").write_text("channels:\n  declared: [kiosk]\n")
        folder.run("blueprint", "apply", tmp_path / "blueprint")
        folder.run("ledger", "quarantine", "replay", "--all")

    with folder.serving() as server:
        answer = server.post("/v1/batch?wait=view", {"batch": [*[item(n, "kiosk") for n in range(3)], item(0, "hologram"), item(0, "web")]})
        assert answer.json()["accepted"] == 1 and "kiosk" in refused(answer)[0]["reason"]
        if serving:
            fix()
    if not serving:
        fix()
    found = {i["messageId"]: i for i in folder.export()}
    assert set(found) == {"web-0", "kiosk-0", "kiosk-1", "kiosk-2"}
    assert all(found[f"kiosk-{n}"]["channel"] == "kiosk" for n in range(3))
    left = folder.run("ledger", "quarantine").stdout
    assert "hologram-0" in left and "kiosk-0" not in left


def test_what_was_refused_is_counted_given_up_and_taken_back(folder):
    with folder.serving() as server:
        server.post("/v1/batch?wait=view", {"batch": [
            {"type": "track", "event": "Nobody's"}, {"type": "track", "userId": "q", "event": "Fine"},
            {"type": "track", "userId": "q", "event": "Late", "timestamp": "yesterday"},
        ]})
        [source] = [s for s in server.ask("/api/sources")["items"] if s["day"]["accepted"]]
        assert source["hour"] == {"accepted": 1, "repeated": 0, "refused": 2} and source["quarantined"] == 2 and sum(source["hours"]) == 1
        number = str(source["id"])
        assert source["name"] in folder.run("sources").stdout
        assert "no-identifier" in folder.run("ledger", "quarantine", "reasons", "--source", number).stdout
        done = folder.run("ledger", "quarantine", "drop", "--source", number, "--kind", "invalid-time")
        assert "1 item dropped" in done.stderr
        assert "invalid-time" not in folder.run("ledger", "quarantine").stdout
        undo = done.stderr.split("--undo ")[1].split("`")[0]
        assert "1 item back" in folder.run("ledger", "quarantine", "drop", "--undo", undo).stderr
        assert "invalid-time" in folder.run("ledger", "quarantine", "list", "--kind", "invalid-time").stdout
        assert "2" in folder.run("ledger", "quarantine", "replay", "--source", number).stdout
    assert folder.run("ledger", "quarantine", "replay", "--all", "--kind", "x", check=False).returncode != 0


def test_what_was_too_large_is_taken_in_whole_once_the_limit_is_raised(folder):
    # With what its batch shares it has 70 KB, and without its white space it is small enough for the ledger.
    fill, shared = "x" * 30_000, "y" * 25_000
    item = '{"type":"track","userId":"q","event":"Large","properties":{"fill":"%s"}%s}' % (fill, " " * 15_000)
    with folder.serving() as server:
        answer = server.post("/v1/batch", ('{"context":{"shared":"%s"},"batch":[%s]}' % (shared, item)).encode())
        assert refused(answer)[0]["kind"] == "too-large"
    assert folder.export() == []
    (folder.path / "sightline.yaml").write_text("item-limit: 48 KB\n")
    folder.run("ledger", "quarantine", "replay", "--all")
    [item] = folder.export()
    assert item["properties"]["fill"] == fill and item["context"]["shared"] == shared


# Settings

def test_flags_environment_and_file_set_the_same(folder, tmp_path):
    folder.key()
    # An item of 2,000 bytes is too large for a limit of 1,500, wherever that was said.
    item = {"type": "track", "userId": "u", "event": "Seen", "properties": {"fill": "x" * 2000}}

    def refusals(server):
        return len(refused(server.post("/v1/batch", {"batch": [item]})))

    with folder.serving() as server:
        assert refusals(server) == 0
    with folder.serving(item_limit=1500) as server:
        assert refusals(server) == 1
    (folder.path / "sightline.yaml").write_text("item-limit: 1500\n")
    with folder.serving() as server:
        assert refusals(server) == 1
    # The environment counts before the file.
    with folder.serving(item_limit=3000) as server:
        assert refusals(server) == 0


def test_a_setting_that_makes_no_sense_is_named_with_its_place(folder):
    folder.key()
    (folder.path / "sightline.yaml").write_text("item-limit: plenty\nitme-limit: 5\n")
    done = folder.run("serve", "--port", "0", check=False, timeout=20)
    assert done.returncode != 0
    assert "item-limit" in done.stderr and "plenty" in done.stderr and "itme-limit" in done.stderr and "sightline.yaml" in done.stderr


# Data folders that are made, and the invented company

def test_a_folder_that_is_made_is_said_and_a_mistyped_one_is_not_made(tmp_path):
    new = Folder(tmp_path / "new")
    for n, words in enumerate((["key", "create", "shop"], ["token", "create", "me", "--role", "analyst"])):
        folder = Folder(tmp_path / f"new-{n}")
        done = folder.run(*words)
        assert re.fullmatch(r"\S{20,}\n", done.stdout)
        assert str(folder.path) in done.stderr and "new data folder" in done.stderr
        assert folder.run(words[0], "create", "second", *words[3:]).stderr == ""
        lost = Folder(tmp_path / "no such place" / "data")
        done = lost.run(*words, check=False)
        assert done.returncode == 1 and done.stdout == "" and str(lost.path) in done.stderr
        assert not lost.path.parent.exists()
    for words in (["customer", "search", "x"], ["key", "list"], ["ledger", "status"], ["backup", tmp_path / "b"], ["restore", tmp_path / "none"]):
        assert new.run(*words, check=False).returncode == 1, words
        assert not new.path.exists(), words


def test_the_demo_fills_an_empty_folder_and_leaves_others_alone(folder):
    folder.key()  # a key is no data
    folder.run("demo", "--customers", "20", "--seed", "3")
    count = len(folder.export())
    assert count > 100 and "already" in folder.run("demo").stderr
    assert len(folder.export()) == count
    assert re.search(r"^demo .*never", folder.run("key", "list").stdout, re.M) is None, "the imports came by it"
    other = Folder(folder.path.parent / "other")
    with other.serving() as server:
        server.send({"type": "track", "userId": "u", "event": "Seen"})
        done = other.run("demo", "--customers", "20", check=False)
    assert done.returncode == 1 and "left alone" in done.stderr and str(other.path) in done.stderr
    assert len(other.export()) == 1


def test_nobody_enters_an_audience_by_what_the_demo_tells_of_the_past(folder):
    with folder.serving() as server:
        folder.run("demo", "--customers", "1000")

        def audiences():
            return server.ask("/api/audiences")["items"]

        wait_until(lambda: sum(a["size"] or 0 for a in audiences()) > 100, 60, "never at work")
        assert not any(a["enteredToday"] or a["leftToday"] for a in audiences())
        assert not any(stage["enteredToday"] or stage["leftToday"] for stage in server.ask("/api/lifecycle")["stages"])


def test_serve_demo_prints_what_to_try_it_with_and_leaves_other_data_alone(folder):
    folder.run("demo", "--customers", "20")

    def secrets(server):
        return wait_until(lambda: re.search(r"API token\s+(slt_\S+).*Write key\s+(slk_\S+)", server.said(), re.S), why=server.said()).groups()

    with folder.serving(demo=True) as server:
        first = secrets(server)
        assert f"Pages      {server.url}" in server.said()
        assert server.get("/api/customers", token=first[0], params={"search": "a"}).status_code == 200
        assert server.post("/v1/track", {"userId": "me", "event": "Seen"}, key=first[1]).status_code == 200
    with folder.serving(demo=True) as server:
        second = secrets(server)
        assert server.get("/api/customers", token=second[0], params={"search": "a"}).status_code == 200
        assert server.get("/api/customers", token=first[0], params={"search": "a"}).status_code == 401
    other = Folder(folder.path.parent / "other")
    with other.serving() as server:
        server.send({"type": "track", "userId": "u", "event": "Seen"})
    with other.serving(demo=True) as server:
        wait_until(lambda: "left alone" in server.said(), why=server.said())
        assert "slt_" not in server.said()
    assert len(other.export()) == 1


# What a newcomer gets wrong

def test_a_port_that_is_taken_is_said_in_one_sentence_and_makes_no_folder(folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        for made in (False, True):
            if made:
                folder.key()
            done = folder.run("serve", "--port", port, check=False, timeout=30)
            assert done.returncode == 1 and done.stdout == ""
            [line] = done.stderr.splitlines()
            assert f"127.0.0.1:{port}" in line and "--port" in line
            assert folder.path.exists() == made


def test_what_cannot_be_meant_is_refused_before_anything_is_touched(folder, tmp_path):
    for words in (["key", "create", ""], ["token", "create", "x" * 65, "--role", "analyst"], ["restore", tmp_path, "--replace", "--keep-replaced"]):
        assert folder.run(*words, check=False).returncode == 2, words
        assert not folder.path.exists(), words
    folder.key()
    done = folder.run("ledger", "quarantine", "replay", "5", "6", check=False)
    assert done.returncode == 1 and "2 items of those named are not in quarantine" in done.stderr


def test_an_unknown_name_in_the_environment_is_refused_with_the_one_that_was_meant(folder):
    done = folder.run("key", "list", check=False, env={"SIGHTLINE_ITEM_LIMITS": "1 KB"})
    assert done.returncode == 2 and "SIGHTLINE_ITEM_LIMITS" in done.stderr and "SIGHTLINE_ITEM_LIMIT`" in done.stderr


def test_the_access_log_has_a_line_a_request_and_nobody_in_it(folder, tmp_path):
    log = tmp_path / "access.log"
    with folder.serving(access_log=log) as server:
        server.send({"type": "identify", "userId": "ann-1", "traits": {"email": "ann@mail.example"}})
        assert server.customer("email:ann@mail.example")
        assert server.get("/api/customers", params={"search": "ann@mail.example"}).status_code == 200
        lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["route"] for line in lines} >= {"/v1/batch", "/api/customers/{ref}", "/api/customers"}
    assert all({"time", "method", "route", "status", "bytes", "microseconds", "request"} == set(line) for line in lines)
    assert "ann" not in log.read_text() and stat.S_IMODE(log.stat().st_mode) == 0o600
    with folder.serving(access_log="-") as server:
        assert '"route":"/health"' in server.said()
    done = folder.run("serve", "--port", "0", "--access-log", tmp_path / "no" / "such", check=False, timeout=30)
    assert done.returncode == 2 and "access log" in done.stderr


def test_a_blueprint_is_checked_to_its_end_and_check_speaks_of_no_change(folder, tmp_path):
    (tmp_path / "blueprint").mkdir()
    (tmp_path / "blueprint" / "all.yaml").write_text("workspace:\n  country: XX\nchannels:\n  declared: [web]\nidentity:\n  knids: {}\n")
    done = folder.run("blueprint", "check", tmp_path / "blueprint", check=False)
    assert done.returncode == 1
    assert all(part in done.stdout for part in ("one key at the top", "country", "web is a built-in channel", "knids"))
    assert "4 things to mend." in done.stderr and "changed" not in done.stderr
    done = folder.run("blueprint", "apply", tmp_path / "blueprint", check=False)
    assert done.returncode == 1 and "Nothing was changed." in done.stderr and not folder.path.exists()


def test_a_search_says_what_truly_matched(folder):
    with folder.serving() as server:
        server.send({"type": "identify", "userId": "r-1", "traits": {"email": "rosa@mail.example", "name": "Rosa Keller", "company": "Acme Works"}})
        server.send({"type": "identify", "userId": "r-1", "traits": {"name": "Rosa Baum"}})
        server.send({"type": "track", "userId": "r-1", "event": "Order Placed", "properties": {"order_id": "Rx-17"}})

        def found(text):
            [item] = server.ask("/api/customers", search=text)["items"]
            return item["matched"], item["value"]

        assert found("rosa") == ("name", "Rosa Baum")
        assert found("bau ros") == ("name", "Rosa Baum")
        assert found("rosa kel") == ("name", "rosa keller"), "a name that was given up: the words that matched"
        assert found("acme") == ("name", "acme")
        assert found("rosa@") == ("email", "rosa@mail.example")
        assert found("ROSA@mail.example") == ("email", "rosa@mail.example")
        assert found("rx-1") == ("order_id", "Rx-17")
        assert "name Rosa Baum" in folder.run("customer", "search", "rosa").stdout


def test_a_server_and_a_command_that_start_together_both_do_their_work(tmp_path):
    for n in range(4):
        folder = Folder(tmp_path / f"data-{n}")
        server = Server(folder, ready=0)
        key = folder.key("first")
        wait_until(server.healthy, 30, "GET /health never answered 200")
        assert server.post("/v1/track", {"userId": "u", "event": "Seen"}, key=key).status_code == 200
        assert server.stop() == 0
