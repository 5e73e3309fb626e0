"""A restored backup brings back what was, but nobody who was erased since, and lets nobody in who was kept out since."""

import os
import random
import shutil
import signal
import subprocess
import threading
import time

import pytest
import requests
from program import ROOT, Folder, wait_until

MARK = "vanishing"


def person(user, **traits):
    return {"type": "identify", "userId": user, "anonymousId": f"{user}-browser", "traits": {"email": f"{user}@mail.example"} | traits}


def seen(user, **more):
    return {"type": "track", "userId": user, "event": "Seen"} | more


def holders(folder, mark=MARK):
    """The files of a data folder that hold a text."""
    return sorted(str(f.relative_to(folder.path)) for f in folder.path.rglob("*") if f.is_file() and mark.encode() in f.read_bytes())


def erase(server, reference):
    answer = server.call("DELETE", f"/api/customers/{reference}")
    assert answer.status_code == 204, answer.text


def filled(server):
    """Two people, one of whom is to be erased, with something of theirs refused too."""
    server.send(person(MARK, name=f"Jo {MARK}name"), seen(MARK), person("stays"), seen("stays"))
    server.send({"type": "track", "anonymousId": f"{MARK}-phone", "event": "Seen"})
    server.send({"type": "track", "anonymousId": f"{MARK}-phone", "userId": MARK, "event": "Signed In"})
    server.post("/v1/track", {"type": "track", "userId": MARK, "event": ""})


def is_gone(server, folder):
    assert server.customer(f"user_id:{MARK}") is None
    assert server.customer(f"email:{MARK}@mail.example") is None
    assert server.customer(f"anonymous_id:{MARK}-phone") is None
    assert server.ask("/api/customers", search=MARK)["items"] == []
    assert server.customer("user_id:stays")["interactions"] == 2
    assert MARK not in folder.run("export").stdout


@pytest.mark.parametrize("serving", [False, True], ids=["no server", "a server"])
def test_who_was_erased_and_what_was_revoked_since_the_backup_stays_so(folder, tmp_path, serving):
    with folder.serving() as server:
        filled(server)
        old, lost = folder.token("old"), folder.key("lost")
        folder.run("backup", tmp_path / "copy")
        erase(server, f"user_id:{MARK}")
        server.send(seen("later"))
        folder.run("token", "revoke", "old")
        folder.run("key", "revoke", "lost")
        if serving:
            done = folder.run("restore", tmp_path / "copy", "--replace")
            wait_until(server.healthy)
    if not serving:
        done = folder.run("restore", tmp_path / "copy", "--replace")
    assert "erased" in done.stderr and "as they were before" in done.stderr, done.stderr
    assert holders(folder) == []
    assert not list(folder.path.glob("replaced-*")) and not list(folder.path.glob("restoring*"))
    with folder.serving() as server:
        is_gone(server, folder)
        assert server.customer("user_id:later") is None, "what came after the backup is gone with what it replaced"
        assert server.get("/api/ledger", token=old).status_code == 401
        assert server.post("/v1/track", seen("stays"), key=lost).status_code == 401
    assert holders(folder) == []
    folder.run("ledger", "verify")


def test_what_is_replaced_is_kept_only_when_that_is_asked_for(folder, tmp_path):
    with folder.serving() as server:
        filled(server)
        folder.run("backup", tmp_path / "copy")
        server.send(seen("later"))
    done = folder.run("restore", tmp_path / "copy", check=False)
    assert done.returncode == 1 and "--replace" in done.stderr and "--keep-replaced" in done.stderr
    assert any(i["identifiers"][0]["value"] == "later" for i in folder.export())
    done = folder.run("restore", tmp_path / "copy", "--keep-replaced")
    [kept] = folder.path.glob("replaced-*")
    assert str(kept) in done.stderr and (kept / "ledger.db").exists()
    with folder.serving() as server:
        assert server.customer("user_id:later") is None
        assert kept.name in server.said(), "a start says that a copy is left in which whoever is erased stays"


def test_a_part_of_a_person_is_erased_again_and_the_other_part_is_not(folder, tmp_path):
    with folder.serving() as server:
        filled(server)
        merge = server.call("POST", f"/api/customers/user_id:{MARK}/merges", {"with": "user_id:stays"}).json()
        folder.run("backup", tmp_path / "copy")
        # Since the backup: it was found out that they are two, and one of them was erased.
        assert server.call("DELETE", f"/api/customers/user_id:stays/merges/{merge['id']}").status_code == 200
        erase(server, f"user_id:{MARK}")
    folder.run("restore", tmp_path / "copy", "--replace")
    with folder.serving() as server:
        is_gone(server, folder)
        assert [i["value"] for i in server.customer("user_id:stays")["identifiers"] if i["kind"] == "user_id"] == ["stays"]
    assert holders(folder) == []
    # All of it follows from the ledger.
    for lost in ("state.db", "state.db-wal", "state.db-shm"):
        (folder.path / lost).unlink(missing_ok=True)
    shutil.rmtree(folder.path / "timeline")
    with folder.serving() as server:
        wait_until(lambda: server.customer("user_id:stays"))
        health = server.http.get(server.url + "/health").json()
        assert health["concluded"] == health["position"]
        is_gone(server, folder)
        assert [i["value"] for i in server.customer("user_id:stays")["identifiers"] if i["kind"] == "user_id"] == ["stays"]
    assert holders(folder) == []


def test_a_later_backup_restored_after_an_earlier_one_brings_nobody_back_either(folder, tmp_path):
    with folder.serving() as server:
        server.send(person("stays"), seen("stays"))
        folder.run("backup", tmp_path / "monday")
        filled(server)
        folder.run("backup", tmp_path / "tuesday")
        erase(server, f"user_id:{MARK}")
    # Monday's backup never knew the person; what was erased is remembered all the same.
    folder.run("restore", tmp_path / "monday", "--replace")
    with folder.serving() as server:
        # Somebody else now gets the numbers that the erased had.
        server.send(person("newcomer"), seen("newcomer"), person("other"), seen("other"))
        assert server.customer("user_id:newcomer")["interactions"] == 2
    folder.run("restore", tmp_path / "tuesday", "--replace")
    with folder.serving() as server:
        assert server.customer(f"user_id:{MARK}") is None
        assert server.customer("user_id:stays") is not None
        server.send(person("newcomer"), seen("newcomer"))
        assert server.customer("user_id:newcomer")["interactions"] == 2
    assert holders(folder) == []


def test_another_installations_backup_is_left_as_it_is(folder, tmp_path):
    other = Folder(tmp_path / "other")
    for one in (folder, other):
        with one.serving() as server:
            filled(server)
            one.run("backup", tmp_path / f"copy-{one.path.name}")
            erase(server, f"user_id:{MARK}" if one is folder else "user_id:stays")
    done = folder.run("restore", tmp_path / "copy-other", "--replace")
    assert "erased" not in done.stderr
    with folder.serving() as server:
        assert server.customer(f"user_id:{MARK}") and server.customer("user_id:stays")


@pytest.mark.parametrize("broken", ["ledger.db", "state.db"])
def test_what_cannot_be_carried_over_is_said_and_the_damaged_data_is_kept(folder, tmp_path, broken):
    with folder.serving() as server:
        filled(server)
        folder.run("backup", tmp_path / "copy")
        erase(server, f"user_id:{MARK}")
    (folder.path / broken).write_bytes(os.urandom(200_000))
    for name in (f"{broken}-wal", f"{broken}-shm"):
        (folder.path / name).unlink(missing_ok=True)
    done = folder.run("restore", tmp_path / "copy", "--replace")
    assert str(folder.path / broken) in done.stderr and "again" in done.stderr, done.stderr
    [kept] = folder.path.glob("replaced-*")
    assert str(kept) in done.stderr
    with folder.serving() as server:
        # The state is not needed to know whose erasure was finished, the ledger is.
        assert (server.customer(f"user_id:{MARK}") is None) == (broken == "state.db")


def test_a_restoration_that_is_killed_anywhere_brings_nobody_back(folder, tmp_path):
    # The command is killed after more and more of its work, and the folder is opened again: it holds either the one or the
    # other, and the erased are in neither.
    with folder.serving() as server:
        filled(server)
        for n in range(20):
            server.send(*[seen(f"u-{n}-{i}", properties={"fill": "x" * 500}) for i in range(50)])
        folder.run("backup", tmp_path / "copy")
        erase(server, f"user_id:{MARK}")
        server.send(seen("later"))
    pristine = tmp_path / "pristine"
    shutil.copytree(folder.path, pristine, ignore=lambda _, names: [n for n in names if n.endswith(".sock")])
    began = time.monotonic()
    folder.run("restore", tmp_path / "copy", "--replace")
    whole = time.monotonic() - began
    rng = random.Random(5)
    outcomes = set()
    for n in range(14):
        shutil.rmtree(folder.path)
        shutil.copytree(pristine, folder.path)
        words = [folder.binary, "restore", tmp_path / "copy", "--replace", "--data", folder.path]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=folder.env, cwd=ROOT)
        time.sleep(whole * (n + rng.random()) / 14)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with folder.serving() as server:
            is_gone(server, folder)
            outcomes.add(server.customer("user_id:later") is None)
            wait_until(lambda: holders(folder) == [], why=f"files that still hold the erased: {holders(folder)}")
        assert not list(folder.path.glob("replaced-*"))
    assert outcomes == {True, False}, "the restoration was killed neither early nor late enough"


def test_a_server_that_is_killed_while_it_restores_goes_on_at_its_next_start(folder, tmp_path):
    with folder.serving() as server:
        filled(server)
        folder.run("backup", tmp_path / "copy")
        erase(server, f"user_id:{MARK}")
        status, answer = server.by_socket("POST", "/api/restorations", {"from": str(tmp_path / "copy")})
        assert status == 201, answer
        server.kill()
    with folder.serving() as server:
        is_gone(server, folder)
    assert holders(folder) == []


def test_a_server_comes_back_with_the_backup_though_commands_come_between(folder, tmp_path):
    # Commands start a server of their own when they find nobody: they must not keep the one that is restarting from its folder.
    with folder.serving() as server:
        server.send(seen("u"))
        server.token  # the backup has it
        folder.run("backup", tmp_path / "copy")
        stop = threading.Event()

        def ask():
            while not stop.is_set():
                folder.run("ledger", "status", check=False)

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
        for t in threads:
            t.start()
        try:
            for n in range(3):
                server.send(seen(f"later-{n}"))
                status, answer = server.by_socket("POST", "/api/restorations", {"from": str(tmp_path / "copy")})
                assert status == 201, answer
                folder_is_back(server, f"user_id:later-{n}")
        finally:
            stop.set()
            for t in threads:
                t.join()


def folder_is_back(server, gone):
    def back():
        if server.process.poll() is not None:
            raise AssertionError(server.said())
        try:
            return server.customer(gone) is None
        except requests.RequestException:
            return False

    wait_until(back, 60, "the server never came back")
