"""kill -9 in the middle of load: what was acknowledged is there once, and everything agrees."""

import collections
import random
import threading
import time

import pytest
import requests
from crowd import Crowd, check_consistent
from program import Server

SEED = 20261121
SENDERS = 3
ROUNDS = 10


class Sender(threading.Thread):
    """Sends batches until its server is gone. What was not acknowledged is kept, and sent again to the next server."""

    def __init__(self, number):
        super().__init__(daemon=True)
        self.crowd = Crowd(SEED + number, people=60, prefix=f"s{number}-")
        self.random = random.Random(SEED * 7 + number)
        self.acknowledged = collections.Counter()
        self.waiting = None
        self.problem = None

    def work(self, server, stop):
        http = requests.Session()
        http.trust_env = False
        while not stop.is_set():
            batch = self.waiting or self.crowd.items(self.random.choice([1, 10, 100, 300]))
            self.waiting = batch
            try:
                answer = server.post("/v1/batch", {"batch": batch}, http=http, timeout=20)
            except requests.RequestException:
                return
            if answer.status_code in (429, 503):
                time.sleep(0.02)
                continue
            if answer.status_code != 200 or answer.json()["refused"]:
                self.problem = answer.text
                return
            self.acknowledged.update(item["messageId"] for item in batch)
            self.waiting = None


@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_or_doubled_by_kills(folder):
    moments = random.Random(SEED)
    senders = [Sender(n) for n in range(SENDERS)]
    key = token = None
    for round in range(ROUNDS):
        server = Server(folder, key=key, token=token)
        key, token = server.key, server.token
        stop = threading.Event()
        threads = [threading.Thread(target=s.work, args=(server, stop), daemon=True) for s in senders]
        for t in threads:
            t.start()
        time.sleep(moments.choice([0.01, 0.1, 0.3, 0.6, 1.0]) * moments.uniform(0.5, 1.5))
        server.kill()
        stop.set()
        for t in threads:
            t.join()
        assert not [s.problem for s in senders if s.problem]
        if round % 3 == 2:
            # Killed while it is still getting up, too.
            again = Server(folder, ready=None, key=key, token=token)
            time.sleep(moments.uniform(0.02, 0.25))
            again.kill()

    with folder.serving(key=key, token=token) as server:
        for s in senders:
            if s.waiting:
                s.work(server, stop := Once())
                assert stop.done and not s.waiting
        server.send({"type": "track", "userId": "last", "event": "Last"})
        interactions = [i for i in folder.export() if i["name"] != "Last"]
        times = collections.Counter(i["messageId"] for i in interactions)
        acknowledged = set().union(*(s.acknowledged for s in senders))
        assert acknowledged - set(times) == set(), "acknowledged and lost"
        assert [m for m, n in times.items() if n > 1] == [], "there twice"
        assert set(times) - acknowledged == set(), "there and never sent"
        assert len(acknowledged) > 2000
        positions = [i["position"] for i in interactions]
        assert positions == sorted(set(positions))
        check_consistent(server, interactions, every=7)
        folder.run("ledger", "verify")
    folder.run("ledger", "verify")
    # A clean start after all of it says the same.
    assert [(i["messageId"], i["customer"]) for i in folder.export() if i["name"] != "Last"] == [(i["messageId"], i["customer"]) for i in interactions]


class Once:
    """Lets a sender send what it still has, and no more."""

    def __init__(self):
        self.done = False

    def is_set(self):
        before, self.done = self.done, True
        return before


def test_what_follows_from_the_ledger_is_worked_out_again_when_it_is_lost(folder):
    crowd = Crowd(SEED, people=40)
    with folder.serving() as server:
        for _ in range(6):
            server.send(*crowd.items(250))
        before = folder.export()
        whole = {c: server.customer(c) for c in sorted({i["customer"] for i in before})}
    kept = {"ledger.db", "access.db"}
    for file in sorted(folder.path.rglob("*"), reverse=True):
        if file.is_file() and not any(file.name.startswith(k) for k in kept | {"state.db"}):
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with folder.serving() as server:
        assert folder.export() == before
        assert {c: server.customer(c) for c in whole} == whole

    for file in sorted(folder.path.rglob("*"), reverse=True):
        if file.is_file() and not any(file.name.startswith(k) for k in kept):
            file.unlink()
    with folder.serving() as server:
        again = {c: server.customer(c) for c in whole}
        assert folder.export() == before
        assert again == whole


def test_damage_in_the_ledger_is_found(folder):
    with folder.serving() as server:
        server.send(*[{"type": "track", "userId": f"u{n}", "event": "Damaged Soon", "properties": {"mark": "sought-after"}} for n in range(200)])
    folder.run("ledger", "verify")
    file = folder.path / "ledger.db"
    content = bytearray(file.read_bytes())
    at = content.find(b"sought-after")
    assert at > 0
    content[at] ^= 1
    file.write_bytes(content)
    done = folder.run("ledger", "verify", check=False)
    assert done.returncode != 0
    assert "body" in (done.stdout + done.stderr).lower()
