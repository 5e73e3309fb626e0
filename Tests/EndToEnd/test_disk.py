"""A full disk and one that cannot be written: told with 503, nothing lost, and it goes on by itself."""

import contextlib
import os
import subprocess
import uuid

import pytest
from crowd import identifiers
from program import Folder, wait_until


@contextlib.contextmanager
def small_disk(path, size="48m"):
    path.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("mounting a small tmpfs takes root")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def fill(disk):
    """Takes all space that is left."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            for size in (1 << 20, 4096):
                with contextlib.suppress(OSError):
                    while file.write(b"\0" * size):
                        pass
            return filler
    return filler


def batch(count=100, fill=2000):
    return [
        {"type": "track", "userId": f"disk-{n % 10}", "event": "Kept", "messageId": uuid.uuid4().hex, "properties": {"fill": "x" * fill}} for n in range(count)
    ]


def test_a_full_disk_is_told_with_503_and_loses_nothing_acknowledged(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        folder = Folder(disk / "data")
        with folder.serving() as server:
            server.token  # made while there is room
            acknowledged = []

            def send():
                items = batch()
                answer = server.post("/v1/batch", {"batch": items})
                if answer.status_code == 200:
                    acknowledged.extend(i["messageId"] for i in items)
                return answer

            assert send().status_code == 200
            filler = fill(disk)
            # An answer counts as false when it is a problem, so it comes in a list.
            [full] = wait_until(lambda: [a for a in [send()] if a.status_code != 200], 60, "the disk never got full")
            assert full.status_code == 503, full.text
            assert full.headers["Content-Type"].startswith("application/problem+json")
            for _ in range(20):
                assert send().status_code in (200, 503)
            assert server.process.poll() is None
            # Reading goes on.
            assert server.customer("user_id:disk-1")["interactions"] > 0

            filler.unlink()
            wait_until(lambda: send().status_code == 200, 30, "it never went on after space was freed")
            server.send({"type": "track", "userId": "disk-last", "event": "Last"})
            there = [i["messageId"] for i in folder.export() if i["name"] == "Kept"]
            assert len(there) == len(set(there))
            assert set(acknowledged) <= set(there)
            counts = {n: server.customer(f"user_id:disk-{n}")["interactions"] for n in range(10)}
            assert sum(counts.values()) == len(there)
            folder.run("ledger", "verify")
        assert set(acknowledged) <= {i["messageId"] for i in folder.export()}


def test_a_full_disk_while_a_key_or_token_is_made_is_told_with_503_and_goes_on(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        folder = Folder(disk / "data")
        with folder.serving() as server:
            server.token
            filler = fill(disk)
            paths = {"/api/keys": {}, "/api/tokens": {"role": "analyst"}}
            made = []

            def make(path, more):
                answer = server.call("POST", path, {"name": f"n-{uuid.uuid4().hex}"} | more)
                if answer.status_code == 201:
                    made.append(answer.json()["name"])
                return answer

            for path, more in paths.items():
                # What is free in pages that are there already goes first.
                [full] = wait_until(lambda: [a for a in [make(path, more)] if a.status_code != 201], 60, "the disk never got full")
                assert full.status_code == 503, full.text
                assert full.json()["type"] == "urn:sightline:problem:unwritable" and "Retry-After" in full.headers
            done = folder.run("key", "create", "late", check=False)
            assert done.returncode == 1 and done.stdout == "" and "full" in done.stderr
            filler.unlink()
            for path, more in paths.items():
                wait_until(lambda: make(path, more).status_code == 201, 30, "it never went on after space was freed")
            listed = {item["name"] for path in paths for item in server.ask(path)["items"]}
            assert set(made) <= listed


def test_a_disk_that_is_full_at_the_start_is_told(tmp_path):
    with small_disk(tmp_path / "disk", "2m") as disk:
        fill(disk)
        done = Folder(disk / "data").run("serve", "--port", "0", check=False, timeout=30)
        assert done.returncode != 0
        assert "Fatal" not in done.stderr and done.stderr.strip(), done.stderr


def test_a_ledger_that_cannot_be_written_is_told_with_503_and_goes_on(folder):
    # The attribute makes every write to the ledger's files fail, as a disk does that went read-only under a running server.
    with folder.serving() as server:
        server.send(*batch(10))
        server.token
        files = [f for f in folder.path.iterdir() if f.name.startswith("ledger.db")]
        if os.geteuid() != 0 or subprocess.run(["chattr", "+i", *files], capture_output=True).returncode != 0:
            pytest.skip("making files immutable takes root and a file system that knows how")
        try:
            for _ in range(3):
                answer = server.post("/v1/batch", {"batch": batch(10)})
                assert answer.status_code == 503, answer.text
            assert server.customer("user_id:disk-1")["interactions"] == 1
        finally:
            subprocess.run(["chattr", "-i", *files], check=True)
        items = batch(10)
        wait_until(lambda: server.post("/v1/batch?wait=view", {"batch": items}).status_code == 200, 30, "it never went on")
        assert {i["messageId"] for i in items} <= {i["messageId"] for i in folder.export()}
        folder.run("ledger", "verify")


def test_a_read_only_folder_is_told_at_the_start(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        folder = Folder(disk / "data")
        with folder.serving() as server:
            server.send(*batch(10))
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        done = folder.run("serve", "--port", "0", check=False, timeout=30)
        assert done.returncode != 0
        assert "data" in done.stderr and "Fatal" not in done.stderr, done.stderr
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        assert len([i for i in folder.export() if identifiers(i)]) == 10
