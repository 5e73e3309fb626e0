"""The data folders of released versions: today's program opens each and finds everything; one of a newer version it leaves alone."""

import contextlib
import json
import re
import shutil
import sqlite3
import tarfile

import pytest
import requests
from program import ROOT, Folder

RELEASED = sorted((path.parent for path in (ROOT / "Tests" / "Released").glob("*/expected.json")), key=lambda path: [int(n) for n in path.name.split(".")])


def unpacked(version, place):
    """A copy of what a version wrote: its data folder, and its backup's path."""
    with tarfile.open(version / "data.tar.xz") as tar:
        tar.extractall(place, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(place)
    return Folder(place / "data"), place / "backup"


def signs_in(server, email, password):
    with requests.Session() as browser:
        browser.trust_env = False
        form = re.search(r'name="form" value="([^"]+)"', browser.get(server.url + "/signin").text)[1]
        fields = {"form": form, "email": email, "password": password}
        browser.post(server.url + "/signin", data=fields, headers={"Origin": server.url})
        return browser.get(server.url + "/you").status_code == 200 and browser.get(server.url + "/you").url.endswith("/you")


def finds_everything(server, said):
    """All that the version said of its own folder, word for word."""
    folder = server.folder
    for user, wanted in said["customers"].items():
        found = server.customer(f"user_id:{user}")
        # What colleagues wrote counted as an interaction then.
        passed = wanted["interactions"] - sum(name == "Note Written" for _, name, _ in wanted["history"])
        assert [found[name] for name in ("id", "name", "interactions")] == [wanted["id"], wanted["name"], passed]
        assert {t["key"]: t["value"] for t in found["traits"]} == wanted["traits"]
        assert [[m["id"], m["sentence"], m["undoneAt"]] for m in found["merges"]] == wanted["merges"]
        assert [[i["position"], i["name"], i["channel"]] for i in server.history(f"user_id:{user}")] == wanted["history"]
        assert [n["text"] for n in server.ask(f"/api/customers/user_id:{user}/notes")["items"]] == wanted["notes"]
    assert server.customer("user_id:erased") is None and "Erased Entirely" not in folder.run("export").stdout
    health = server.ask("/health")
    assert {name: health[name] for name in said["health"]} == said["health"]
    assert [i["reason"] for i in server.ask("/api/quarantine")["items"]] == said["quarantine"]
    documents = {d["name"]: d["text"] for d in server.ask("/api/blueprint")["documents"]}
    assert said["blueprint"].items() <= documents.items()
    exported = [json.loads(line) for line in folder.run("export").stdout.splitlines()]
    # A later version may say more of an interaction, never less.
    for before, now in zip([json.loads(line) for line in said["export"]], exported, strict=True):
        assert before.items() <= now.items()
    assert [[p["email"], p["name"], p["role"]] for p in server.ask("/api/people")["items"]] == said["people"]


def goes_on(server, said):
    """Whoever could come in comes in, and what is sent arrives."""
    for email, name, _ in said["people"]:
        assert signs_in(server, email, said["password"]) is (name is not None)
    assert not signs_in(server, said["people"][0][0], "another password")
    before = server.customer("user_id:user-1")["interactions"]
    server.send({"type": "track", "userId": "user-1", "event": "Came Back"})
    assert server.customer("user_id:user-1")["interactions"] == before + 1
    assert server.ask("/api/audit/check")["sound"] is True
    assert "all sound" in server.folder.run("ledger", "verify").stdout


@pytest.mark.parametrize("lost", [(), ("state.db", "state.db-wal", "state.db-shm"), ("timeline",)], ids=["whole", "without state.db", "without the timeline"])
@pytest.mark.parametrize("version", RELEASED, ids=lambda v: v.name)
def test_the_folder_of_a_released_version_is_opened(version, lost, tmp_path):
    said = json.loads((version / "expected.json").read_text())
    folder, _ = unpacked(version, tmp_path)
    for name in lost:
        path = folder.path / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    with folder.serving(token=said["token"], key=said["key"]) as server:
        finds_everything(server, said)
        goes_on(server, said)
    # And once more, when it has been through the changes.
    with folder.serving(token=said["token"], key=said["key"]) as server:
        assert server.customer("user_id:user-1")["name"] == said["customers"]["user-1"]["name"]


@pytest.mark.parametrize("version", RELEASED, ids=lambda v: v.name)
def test_the_backup_of_a_released_version_is_tested_and_restored(version, tmp_path):
    said = json.loads((version / "expected.json").read_text())
    folder, backup = unpacked(version, tmp_path)
    assert json.loads((backup / "manifest.json").read_text())["version"] == version.name
    assert "sound" in folder.run("backup", "test", backup).stderr
    other = Folder(tmp_path / "other")
    other.run("restore", backup)
    assert other.run("export").stdout.splitlines() == said["export"][:-1]
    # Over the folder that it was made of: who was erased stays erased, and who came in since does.
    folder.run("restore", backup, "--replace")
    with folder.serving(token=said["token"], key=said["key"]) as server:
        goes_on(server, said)


NEWER = {
    "state.db": ("INSERT INTO grdb_migrations VALUES ('customers 99: of tomorrow')", "“customers 99: of tomorrow”"),
    "access.db": ("INSERT INTO grdb_migrations VALUES ('staff 99: of tomorrow')", "“staff 99: of tomorrow”"),
    "ledger.db": ("UPDATE meta SET value = '2' WHERE key = 'format'", "format 2"),
}


@pytest.mark.parametrize("name", NEWER)
def test_a_folder_of_a_newer_version_is_refused_and_left_untouched(name, tmp_path):
    folder, _ = unpacked(RELEASED[-1], tmp_path)
    change, words = NEWER[name]
    with contextlib.closing(sqlite3.connect(folder.path / name)) as database:
        database.execute(change)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def content():
        return {f.name: f.read_bytes() for f in folder.path.rglob("*") if f.suffix == ".db" or f.parent.name == "timeline"}

    before = content()
    for command in (["serve", "--port", "0"], ["export"], ["ledger", "verify"]):
        done = folder.run(*command, check=False, timeout=30)
        assert done.returncode == 1 and done.stdout == ""
        assert str(folder.path / name) in done.stderr and words in done.stderr, done.stderr
        assert "Nothing was changed" in done.stderr and "restore a backup" in done.stderr
        assert content() == before
    # A backup that has it is refused as well.
    backup = tmp_path / "backup"
    shutil.copy(folder.path / name, backup / name)
    other = Folder(tmp_path / "other")
    assert other.run("restore", backup, check=False).returncode == 1


def test_going_back_is_restoring_a_backup_of_the_older_version(tmp_path):
    folder, backup = unpacked(RELEASED[-1], tmp_path)
    said = json.loads((RELEASED[-1] / "expected.json").read_text())
    with contextlib.closing(sqlite3.connect(folder.path / "state.db")) as database:
        database.execute(NEWER["state.db"][0])
        database.commit()
    folder.run("restore", backup, "--keep-replaced")
    with folder.serving(token=said["token"], key=said["key"]) as server:
        goes_on(server, said)


def test_every_released_version_is_here_once_and_small():
    assert RELEASED
    for version in RELEASED:
        assert json.loads((version / "expected.json").read_text())["version"] == version.name
        assert sum(f.stat().st_size for f in version.iterdir()) < 300_000
