"""The server among others: two on one folder, stopping under load, a full queue, slow and broken clients."""

import socket
import threading
import time
import uuid

import pytest
import requests
from program import Server, in_threads


def test_the_second_server_on_a_folder_says_so_and_stops(server):
    began = time.monotonic()
    done = server.folder.run("serve", "--host", "127.0.0.1", "--port", "0", check=False, timeout=20)
    assert done.returncode != 0
    assert time.monotonic() - began < 10
    assert str(server.folder.path) in done.stderr, done.stderr
    assert server.healthy()
    server.send({"type": "track", "userId": "u", "event": "Seen"})


def test_a_port_that_is_taken_is_told(server, tmp_path):
    other = type(server.folder)(tmp_path / "other")
    done = other.run("serve", "--host", "127.0.0.1", "--port", server.port, check=False, timeout=20)
    assert done.returncode != 0
    assert str(server.port) in done.stderr, done.stderr


def test_sigterm_under_load_drains_and_ends_with_0(folder):
    for round in range(3):
        server = Server(folder)
        acknowledged, lock = [], threading.Lock()
        answers = []

        def load(n):
            http = requests.Session()
            http.trust_env = False
            while True:
                items = [{"type": "track", "userId": f"drain-{n}", "event": "Kept", "messageId": uuid.uuid4().hex} for _ in range(50)]
                try:
                    answer = server.post("/v1/batch", {"batch": items}, http=http, timeout=20)
                except requests.RequestException:
                    return
                with lock:
                    answers.append(answer.status_code)
                    if answer.status_code == 200:
                        acknowledged.extend(i["messageId"] for i in items)
                if answer.status_code == 503:
                    return

        server.key
        threads = [threading.Thread(target=load, args=(n,), daemon=True) for n in range(4)]
        for t in threads:
            t.start()
        time.sleep(0.3 + 0.2 * round)
        assert server.stop() == 0, server.said()
        for t in threads:
            t.join()
        assert set(answers) <= {200, 429, 503} and len(acknowledged) > 100
        there = [i["messageId"] for i in folder.export()]
        assert len(there) == len(set(there)) and set(acknowledged) <= set(there)


def test_sigterm_does_not_wait_for_idle_clients_and_not_for_ever_for_slow_ones(folder):
    for half_sent, most in ((False, 5), (True, 30)):
        server = Server(folder)
        clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
        if half_sent:
            clients[0].sendall(b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert server.stop(seconds=most) == 0
        for client in clients:
            client.close()


def test_a_full_queue_answers_429_with_retry_after_and_keeps_what_it_took(folder):
    with folder.serving(queue_bytes=1 << 20) as server:
        server.key
        taken, busy, lock = [], [], threading.Lock()

        def flood(n):
            http = requests.Session()
            http.trust_env = False
            for _ in range(25):
                items = [
                    {"type": "track", "userId": f"flood-{n}", "event": "Kept", "messageId": uuid.uuid4().hex, "properties": {"fill": "x" * 30_000}}
                    for _ in range(15)
                ]
                answer = server.post("/v1/batch", {"batch": items}, http=http)
                assert answer.status_code in (200, 429), answer.text
                with lock:
                    if answer.status_code == 200:
                        taken.extend(i["messageId"] for i in items)
                    else:
                        busy.append(answer)

        in_threads(8, flood)
        assert taken and busy
        assert all(int(a.headers["Retry-After"]) >= 1 for a in busy)
        assert busy[0].headers["Content-Type"].startswith("application/problem+json")
        server.send({"type": "track", "userId": "flood-last", "event": "Last"})
        there = [i["messageId"] for i in folder.export() if i["name"] == "Kept"]
        assert sorted(there) == sorted(taken)


class Disturbers:
    """Connections that do nothing good."""

    def __init__(self, port, key):
        self.port = port
        self.stop = threading.Event()
        self.head = f"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n"

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def half_a_request(self):
        s = self.connect()
        s.sendall(self.head[:40].encode())
        self.stop.wait()
        s.close()

    def half_a_body(self):
        s = self.connect()
        s.sendall((self.head + "\r\n{").encode())
        self.stop.wait()
        s.close()

    def drip(self):
        s = self.connect()
        for byte in (self.head + "\r\n" + " " * 4000).encode():
            try:
                s.sendall(bytes([byte]))
            except OSError:
                break
            if self.stop.wait(0.02):
                break
        s.close()

    def abrupt(self):
        while not self.stop.is_set():
            s = self.connect()
            s.sendall((self.head + '\r\n{"userId":').encode())
            # Lingering for no time makes the close a reset.
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            s.close()
            self.stop.wait(0.01)

    def never_reads(self):
        s = self.connect()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        ask = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 200
        s.settimeout(0.5)
        while not self.stop.is_set():
            try:
                s.sendall(ask)
            except OSError:
                self.stop.wait(0.2)
        s.close()

    def garbage(self):
        while not self.stop.is_set():
            s = self.connect()
            try:
                s.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0\xff" * 500 + b"\r\n\r\n")
                s.settimeout(0.5)
                s.recv(100)
            except OSError:
                pass
            s.close()
            self.stop.wait(0.05)


def test_slow_and_broken_clients_disturb_nobody(server):
    disturbers = Disturbers(server.port, server.key)
    ways = [disturbers.half_a_request, disturbers.half_a_body, disturbers.drip] * 15
    ways += [disturbers.abrupt, disturbers.never_reads, disturbers.never_reads, disturbers.garbage]
    threads = [threading.Thread(target=w, daemon=True) for w in ways]
    for t in threads:
        t.start()
    took = []
    for n in range(100):
        began = time.monotonic()
        server.send({"type": "track", "userId": "steady", "event": "Seen"})
        assert server.customer("user_id:steady")["interactions"] == n + 1
        took.append(time.monotonic() - began)
    disturbers.stop.set()
    for t in threads:
        t.join(timeout=15)
    assert sorted(took)[95] < 1, took
    assert server.healthy()


def test_a_header_of_10_megabytes_is_refused(server):
    s = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    answer = b""
    try:
        s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n")
        for _ in range(160):
            s.sendall(b"X-Long: " + b"x" * 65536 + b"\r\n")
        s.sendall(b"\r\n")
        answer = s.recv(4096)
    except OSError:
        pass
    s.close()
    assert answer == b"" or answer.split(b" ")[1] in (b"400", b"413", b"431"), answer[:100]
    server.send({"type": "track", "userId": "u", "event": "Still Fine"})


@pytest.mark.parametrize("head", [
    "POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /v1/track HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    "BREW /v1/track HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET  HTTP/1.1\r\n\r\n",
    "GET /%00%ff/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /api/customers/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
])
def test_broken_requests_are_answered_or_dropped(server, head):
    with socket.create_connection(("127.0.0.1", server.port), timeout=3) as s:
        s.sendall(head.encode())
        try:
            answer = s.recv(4096)
        except OSError:
            answer = b""
    assert answer == b"" or 400 <= int(answer.split(b" ")[1]) < 500, answer[:200]
    assert server.healthy()


def test_many_connections_are_served_side_by_side(server):
    sockets = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(400)]
    for s in sockets:
        s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert all(s.recv(4096).startswith(b"HTTP/1.1 200") for s in sockets)
    for s in sockets:
        s.close()


def test_a_stop_that_comes_while_the_server_starts_is_not_lost(folder):
    for _ in range(3):
        server = Server(folder, ready=0)
        while not (folder.path / "state.db").exists():
            assert server.process.poll() is None, server.said()
        assert server.stop() == 0, server.said()
        for name in ("state.db", "state.db-wal", "state.db-shm"):
            (folder.path / name).unlink(missing_ok=True)
