"""Backups that are made by themselves: the schedule, the test restore, what is kept, and what an end in the middle leaves."""

import contextlib
import datetime
import json
import os
import re
import shutil
import sqlite3
import subprocess
import time

import pytest
import requests
from browser import visiting
from playwright.sync_api import expect
from program import Folder, Server, wait_until
from test_disk import fill, small_disk
from test_operations import metrics, value

FILES = ["access.db", "ledger.db", "manifest.json", "state.db", "verified.json"]


def seen(user, **more):
    return {"type": "track", "userId": user, "event": "Seen"} | more


def made(shelf):
    """The backups on a shelf, oldest first."""
    return sorted(p for p in shelf.glob("sightline-*") if (p / "manifest.json").exists() and re.search(r"-[a-z0-9]{8}$", p.name))


def verified(backup):
    path = backup / "verified.json"
    return json.loads(path.read_text()) if path.exists() else None


def moved(backup, days, result="sound"):
    """The same backup as if it had been made some days ago."""
    manifest = json.loads((backup / "manifest.json").read_text())
    at = datetime.datetime.fromisoformat(manifest["madeAt"]) - datetime.timedelta(days=days)
    text = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
    copy = backup.parent / re.sub(r"\d{4}-.*Z", text.replace(":", "-"), backup.name)
    shutil.copytree(backup, copy)
    (copy / "manifest.json").write_text(json.dumps(manifest | {"madeAt": text}))
    if result:
        (copy / "verified.json").write_text(json.dumps(verified(backup) | {"result": result, "wrong": [] if result == "sound" else ["It is."]}))
    else:
        (copy / "verified.json").unlink()
    return copy


def flip(path, offset):
    """Changes a byte of a file, as a bad disk does."""
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x55]))


def corrupt(folder):
    """Changes a byte within a body of the ledger."""
    with contextlib.closing(sqlite3.connect(folder.path / "ledger.db")) as ledger:
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [(data,)] = ledger.execute("SELECT data FROM body WHERE id = (SELECT max(id) FROM body WHERE length(data) > 2000)").fetchall()
    whole = (folder.path / "ledger.db").read_bytes()
    flip(folder.path / "ledger.db", whole.index(data[500:540]) + 7)


def test_backups_are_made_and_tested_by_themselves(folder, tmp_path):
    shelf = tmp_path / "backups"
    with folder.serving(backup_folder=shelf, backup_every="1 s") as server:
        server.send(seen("a"), seen("b"), seen("b", event="Left"))
        # A copy of the state may be a moment behind the ledger's.
        wait_until(lambda: any((verified(b) or {}).get("customers") == 2 for b in made(shelf)), 30)
        found = server.ask("/api/backups")
        assert found["folder"] == str(shelf) and found["schedule"]["everyMilliseconds"] == 1000 and found["failure"] is None
        item = next(i for i in found["items"] if i["verified"] and i["verified"]["customers"] == 2)
        assert item["verified"]["result"] == "sound" and item["verified"]["interactions"] == 3 and item["removable"] is True
        assert item["bytes"] == sum(os.stat(f"{item['path']}/{n}").st_size for n in ("ledger.db", "state.db", "access.db"))
        figures = metrics(server)
        assert value(figures, "sightline_backup_failures_total") == 0
        assert abs(value(figures, "sightline_backup_last_success_timestamp_seconds") - time.time()) < 60
        log = server.ask("/api/audit", action="backup")["items"]
        assert log and log[0]["name"] == "Schedule" and log[0]["detail"] == "sound"
    backup = made(shelf)[-1]
    assert sorted(p.name for p in backup.iterdir()) == FILES and backup.stat().st_mode & 0o777 == 0o700
    text = folder.run("backup", "list", env={"SIGHTLINE_BACKUP_FOLDER": str(shelf)}).stdout
    assert item["name"] in text and "sound" in text
    # What was made can be restored.
    other = Folder(tmp_path / "other")
    other.run("restore", item["path"])
    assert len(other.export()) == 3


def test_a_time_that_passed_while_the_server_was_off_is_made_up_for(folder, tmp_path):
    shelf = tmp_path / "backups"
    settings = {"backup_folder": shelf, "backup_every": "1 h"}
    with folder.serving(**settings) as server:
        server.send(seen("a"))
        first = wait_until(lambda: [b for b in made(shelf) if verified(b)], 30)
    with folder.serving(**settings) as server:
        due = datetime.datetime.fromisoformat(server.ask("/api/backups")["schedule"]["next"])
        at = datetime.datetime.fromisoformat(json.loads((first[0] / "manifest.json").read_text())["madeAt"])
        assert due == at + datetime.timedelta(hours=1)
        assert made(shelf) == first
    old = moved(first[0], 2 / 24)
    shutil.rmtree(first[0])
    with folder.serving(**settings):
        wait_until(lambda: len([b for b in made(shelf) if verified(b)]) == 2, 30)
    assert made(shelf)[0] == old


def test_what_is_over_its_time_goes_and_nothing_else(folder, tmp_path):
    shelf = tmp_path / "backups"
    settings = {"backup_folder": shelf, "backup_keep": "3 days", "backup_keep_weeks": 2}
    with folder.serving(**settings) as server:
        server.send(seen("a"))
        [first] = wait_until(lambda: [b for b in made(shelf) if verified(b)], 30)
    at = datetime.datetime.fromisoformat(json.loads((first / "manifest.json").read_text())["madeAt"])
    copies = {days: moved(first, days) for days in range(1, 60)}
    damaged = moved(first, 4.5, "damaged")
    weeks = {}
    for days, copy in ({0: first} | copies).items():
        week = ((at - datetime.timedelta(days=days)).date() - datetime.date(1970, 1, 5)).days // 7
        weeks.setdefault(week, copy)
    this = max(weeks)
    kept = {first, *(c for days, c in copies.items() if days < 3), *(c for week, c in weeks.items() if this - week <= 2)}
    # What is not ours: a hand-made one, a renamed one, another installation's, one with something in it, a link, a file, notes.
    others = [shelf / "by-hand", shelf / "sightline-2020-01-01", moved(first, 70), moved(first, 71)]
    folder.run("backup", others[0])
    shutil.copytree(first, others[1])
    manifest = json.loads((others[2] / "manifest.json").read_text())
    (others[2] / "manifest.json").write_text(json.dumps(manifest | {"installation": "somebody-else"}))
    (others[3] / "why.txt").write_text("kept for the auditor")
    link = moved(first, 72)
    link.rename(tmp_path / "elsewhere")
    link.symlink_to(tmp_path / "elsewhere")
    (shelf / "notes.txt").write_text("mine")
    shutil.rmtree(shelf / first.name)
    kept.discard(first)
    with folder.serving(**settings) as server:
        wait_until(lambda: not damaged.exists(), 30)
        wait_until(lambda: server.ask("/api/backups")["running"] is None, 30)
        removed = server.ask("/api/audit", action="backup-removal")["items"]
        wait_until(lambda: not list(shelf.glob("*.removing")))
        new = {b for b in made(shelf)} - set(copies.values()) - set(others) - {link}
        assert len(new) == 1
        # The new one is this week's now; the newest before it stays only when it is within the three days, or of another week.
        assert {c for c in copies.values() if c.exists()} == kept
        assert {e["subject"] for e in removed} >= {damaged.name}
    assert all(o.exists() for o in others) and (tmp_path / "elsewhere" / "ledger.db").exists() and (shelf / "notes.txt").exists()


def test_the_newest_sound_backup_is_kept_however_old_it_is(folder, tmp_path):
    shelf = tmp_path / "backups"
    with folder.serving(backup_folder=shelf) as server:
        server.send(*[seen(f"u-{n}") for n in range(50)])
        [first] = wait_until(lambda: [b for b in made(shelf) if verified(b)], 30)
    old, older = moved(first, 900), moved(first, 901)
    shutil.rmtree(first)
    # What is copied from now on is damaged.
    corrupt(folder)
    with folder.serving(backup_folder=shelf, backup_keep="1 s", backup_keep_weeks=0) as server:
        wait_until(lambda: [b for b in made(shelf) if (verified(b) or {}).get("result") == "damaged"], 30)
        wait_until(lambda: not older.exists(), 30)
        assert old.exists()
        assert value(metrics(server), "sightline_backup_failures_total") >= 1


def test_a_damaged_ledger_is_found_by_the_test_restore_and_told(folder, tmp_path):
    shelf = tmp_path / "backups"
    with folder.serving() as server:
        server.send(*[seen(f"u-{n}") for n in range(50)])
    corrupt(folder)
    with folder.serving(backup_folder=shelf) as server:
        [backup] = wait_until(lambda: [b for b in made(shelf) if verified(b)], 30)
        assert verified(backup)["result"] == "damaged" and "of the ledger damaged" in verified(backup)["wrong"][0]
        assert "sightline_backup_last_success" not in server.get("/metrics").text
        assert value(metrics(server), "sightline_backup_failures_total") == 1
        assert "of the ledger damaged" in server.ask("/api/backups")["failure"]["reason"]
        errors = [json.loads(line) for line in server.log.read_text().splitlines() if '"level":"error"' in line]
        assert errors and errors[0]["backup"] == backup.name
        assert server.get("/ready").status_code == 200, "a backup that fails is no reason to send nobody here"
        by_hand = folder.run("backup", tmp_path / "by-hand", check=False)
        assert by_hand.returncode == 1 and "not sound" in by_hand.stderr


def test_a_backup_that_went_bad_is_found_by_testing_it_again(folder, tmp_path):
    shelf = tmp_path / "backups"
    with folder.serving(backup_folder=shelf) as server:
        server.send(*[seen(f"u-{n}") for n in range(50)])
        [backup] = wait_until(lambda: [b for b in made(shelf) if verified(b)], 30)
    assert "sound" in folder.run("backup", "test", backup).stderr
    before = {n: (backup / n).read_bytes() for n in ("ledger.db", "state.db", "access.db", "manifest.json")}
    assert sorted(p.name for p in backup.iterdir()) == FILES
    flip(backup / "state.db", 5000)
    done = folder.run("backup", "test", backup, check=False)
    assert done.returncode == 1 and "state.db is not what was written" in done.stderr
    (backup / "state.db").write_bytes(before["state.db"])
    # A server tests at its start what nobody has tested.
    (backup / "verified.json").unlink()
    (backup / "ledger.db").write_bytes(before["ledger.db"][:-65536])
    with folder.serving(backup_folder=shelf):
        wait_until(lambda: (verified(backup) or {}).get("result") == "damaged", 30)
    (backup / "manifest.json").unlink()
    assert folder.run("backup", "test", backup, check=False).returncode == 1


def test_a_backup_that_is_cut_off_leaves_nothing_that_looks_like_one(folder, tmp_path):
    shelf = tmp_path / "backups"
    with folder.serving() as server:
        for _ in range(4):
            server.send(*[seen(f"u-{n}", properties={"text": "x" * 2000}) for n in range(200)])
    states = set()
    for attempt in range(12):
        server = Server(folder, ready=0, backup_folder=shelf)
        # Caught at whatever it is at: copying, named but not tested, tested. Half of the time as soon as there is anything.
        end = time.monotonic() + 30
        while not list(shelf.glob("sightline-*")):
            assert time.monotonic() < end, "no backup ever began"
        time.sleep(attempt // 2 * 0.02)
        server.kill()
        for place in shelf.glob("sightline-*"):
            states.add(place.suffix if place.suffix == ".partial" else "tested" if verified(place) else "whole")
            if place.suffix == ".partial":
                assert folder.run("restore", place, check=False).returncode == 1
            else:
                manifest = json.loads((place / "manifest.json").read_text())
                assert all(os.stat(place / f["name"]).st_size == f["bytes"] for f in manifest["files"])
        for place in shelf.glob("sightline-*"):
            if place.suffix != ".partial":
                shutil.rmtree(place)
    with folder.serving(backup_folder=shelf) as server:
        wait_until(lambda: [b for b in made(shelf) if verified(b)], 30)
        assert not list(shelf.glob("*.partial"))
        [item] = server.ask("/api/backups")["items"]
        assert item["verified"]["result"] == "sound" and not (shelf / item["name"] / "testing").exists()
    assert ".partial" in states, states


def test_a_server_that_is_stopped_in_the_middle_gives_the_backup_up(folder, tmp_path):
    shelf = tmp_path / "backups"
    with folder.serving() as server:
        for _ in range(4):
            server.send(*[seen(f"u-{n}", properties={"text": "x" * 2000}) for n in range(200)])
    for _ in range(3):
        with folder.serving(backup_folder=shelf):
            wait_until(lambda: list(shelf.glob("*.partial")) or made(shelf), 30)
        assert not list(shelf.glob("*.partial"))


def test_one_backup_at_a_time_whoever_asks(folder, tmp_path):
    shelf = tmp_path / "backups"
    with folder.serving(backup_folder=shelf) as server:
        for _ in range(4):
            server.send(*[seen(f"u-{n}", properties={"text": "x" * 2000}) for n in range(200)])
        wait_until(lambda: server.ask("/api/backups")["running"] is None and made(shelf), 30)
        started = [
            subprocess.Popen([folder.binary, "backup", str(tmp_path / f"copy-{n}"), "--data", str(folder.path)], env=folder.env, stderr=subprocess.PIPE)
            for n in range(6)
        ]
        answers = [(p.wait(60), p.stderr.read().decode()) for p in started]
        assert 0 in [code for code, _ in answers]
        assert all("Another backup is being made" in said for code, said in answers if code), answers
        whole = [n for n in range(6) if (tmp_path / f"copy-{n}" / "manifest.json").exists()]
        assert whole == [n for n, (code, _) in enumerate(answers) if code == 0]
        assert not list(tmp_path.glob("copy-*.partial"))
        assert server.call("POST", "/api/backups", {}).status_code == 201
        assert server.call("POST", "/api/backups", {"to": "here"}).status_code == 403
    done = folder.run("backup", check=False)
    assert done.returncode == 1 and "backup-folder" in done.stderr
    assert "No backups are made by themselves" in folder.run("backup", "list").stderr


def test_a_full_disk_leaves_no_half_backup_and_is_told(folder, tmp_path):
    with folder.serving() as server:
        server.send(*[seen(f"u-{n}") for n in range(50)])
    with small_disk(tmp_path / "disk", "8m") as disk:
        filler = fill(disk)
        with folder.serving(backup_folder=disk / "backups", backup_every="2 s") as server:
            wait_until(lambda: server.ask("/api/backups")["failure"], 30)
            assert value(metrics(server), "sightline_backup_failures_total") >= 1
            assert '"level":"error"' in server.log.read_text() and "no backup was made" in server.log.read_text()
            assert not list(disk.glob("backups/*"))
            assert server.get("/ready").status_code == 200
            filler.unlink()
            wait_until(lambda: [b for b in made(disk / "backups") if verified(b)], 30, "it never tried again")
            wait_until(lambda: server.ask("/api/backups")["failure"] is None)


def test_the_settings_of_backups_are_checked_at_the_start(folder, tmp_path):
    (tmp_path / "file").write_text("")
    done = folder.run("serve", check=False, env={"SIGHTLINE_BACKUP_FOLDER": str(tmp_path / "file"), "SIGHTLINE_BACKUP_EVERY": "often"})
    assert done.returncode == 2 and "is a file" in done.stderr and "backup-every cannot be `often`" in done.stderr


def test_backups_are_made_from_their_page(folder, tmp_path):
    shelf = tmp_path / "backups"
    with folder.serving(backup_folder=shelf, backup_every="30 days") as server:
        server.send(seen("a"))
        wait_until(lambda: [b for b in made(shelf) if verified(b)], 30)
        with requests.Session() as browser:
            browser.trust_env = False
            email = server.person()
            headers = {"Origin": server.url}
            form = re.search(r'name="form" value="([^"]+)"', browser.get(server.url + "/signin").text)[1]
            browser.post(server.url + "/signin", data={"form": form, "email": email, "password": server.PASSWORD}, headers=headers)
            page = browser.get(server.url + "/settings/backups").text
            assert "Make one now" in page and str(shelf) in page and "sightline restore" in page, page
            form = re.search(r'name="form" value="([^"]+)"', page)[1]
            answer = browser.post(server.url + "/settings/backups", data={"form": form}, headers=headers)
            assert answer.status_code == 200 and answer.url.endswith("/settings/backups")
            wait_until(lambda: len([b for b in made(shelf) if verified(b)]) == 2, 30)
            page = wait_until(lambda: (lambda t: t if "Look again" not in t else None)(browser.get(server.url + "/settings/backups").text), 30)
            assert page.count("is-good") == 2
        log = server.ask("/api/audit", action="backup")["items"]
        assert [e["name"] for e in log] == ["Ann Example", "Schedule"] and log[0]["detail"] == "begun by hand"


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_the_page_of_backups_in_a_browser(browser, folder, tmp_path, window):
    shelf = tmp_path / "backups"
    with folder.serving(backup_folder=shelf, backup_every="30 days") as server:
        server.send(seen("a"))
        [first] = wait_until(lambda: [b for b in made(shelf) if verified(b)], 30)
        moved(first, 1, "damaged")
        moved(first, 2, None)
        folder.run("backup", shelf / "by-hand")
        with visiting(browser, server, window) as visitor:
            page = visitor.page
            visitor.open("/settings/backups")
            visitor.check("backups")
            assert page.locator("tbody tr").count() == 4
            if os.environ.get("SIGHTLINE_TEST_SHOTS"):
                page.screenshot(path=f"{os.environ['SIGHTLINE_TEST_SHOTS']}/backups-{window}.png", full_page=True)
            page.get_by_role("button", name="Make one now").click()
            # The page looks again by itself until it is done, and offers the next one then.
            expect(page.locator("tbody tr")).to_have_count(5)
            expect(page.get_by_role("button", name="Make one now")).to_be_visible()
            visitor.check("backups after one more")
