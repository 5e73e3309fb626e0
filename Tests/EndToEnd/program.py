"""The real program under test: a data folder, its commands and its server, as a user has them."""

import contextlib
import datetime
import gzip
import http.client
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import uuid

import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = pathlib.Path(os.environ.get("SIGHTLINE_TEST_DATA", ROOT / ".." / "shared" / "data")).resolve()


def binary():
    """The program: SIGHTLINE_TEST_BIN, or what was built last."""
    named = os.environ.get("SIGHTLINE_TEST_BIN")
    built = [ROOT / ".build" / kind / "sightline" for kind in ("release", "debug")]
    found = [pathlib.Path(named)] if named else sorted((b for b in built if b.exists()), key=lambda b: -b.stat().st_mtime)
    if not found or not found[0].exists():
        raise RuntimeError("there is no sightline to test: build it, or name it in SIGHTLINE_TEST_BIN")
    return found[0].resolve()


def wait_until(holds, seconds=10, why="it never came to hold"):
    """Waits for a condition, never for a time. Returns what the condition gave."""
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(why)
        time.sleep(0.02)


def ago(**time):
    """A moment of the past as the APIs take it: ago(days=3)."""
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Folder:
    """A data folder and the commands on it."""

    def __init__(self, path, **settings):
        self.path = pathlib.Path(path)
        self.binary = binary()
        # Nothing of the machine's own settings reaches the tests.
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("SIGHTLINE_")} | {
            "SIGHTLINE_" + k.upper(): str(v) for k, v in settings.items()
        }

    def run(self, *words, input=None, check=True, timeout=120, env=None):
        """Runs a command to its end. With `check`, an exit code other than 0 fails with what it said."""
        # Checking a formula needs no folder, and takes none.
        folder = [] if words[:2] == ("formula", "check") else ["--data", str(self.path)]
        done = subprocess.run(
            [self.binary, *map(str, words), *folder],
            input=input, capture_output=True, text=True, timeout=timeout, env=self.env | (env or {}), cwd=ROOT,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"sightline {' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done

    def key(self, name=None):
        return self.run("key", "create", name or "key-" + uuid.uuid4().hex[:12]).stdout.strip()

    def token(self, name=None, role="administrator"):
        return self.run("token", "create", name or "token-" + uuid.uuid4().hex[:12], "--role", role).stdout.strip()

    def export(self):
        """All interactions, as the command prints them."""
        return [json.loads(line) for line in self.run("export", timeout=240).stdout.splitlines()]

    @contextlib.contextmanager
    def serving(self, **settings):
        """A server for as long as the block runs; ended in peace, and that is checked."""
        server = Server(self, **settings)
        try:
            yield server
        except BaseException:
            server.kill()
            raise
        if server.process.poll() is None:
            assert server.stop() == 0, server.said()


class Server:
    """A server of a folder. It answers when this is made."""

    numbers = itertools.count()
    # Those started, so that none outlives a test that failed.
    started = []

    def __init__(self, folder, ready=30, token=None, key=None, demo=False, authority=None, **settings):
        """With `authority`, a certificate's file, the server is asked by TLS; False believes any certificate."""
        self.folder = folder
        self.log = folder.path.parent / f"{folder.path.name}.server-{next(Server.numbers)}.log"
        env = folder.env | {"SIGHTLINE_" + k.upper(): str(v) for k, v in settings.items()}
        self.port = free_port()
        self.url = f"{'http' if authority is None else 'https'}://127.0.0.1:{self.port}"
        with self.log.open("wb") as log:
            words = ["serve", "--data", str(folder.path), "--host", "127.0.0.1", "--port", str(self.port), *(["--demo"] if demo else [])]
            self.process = subprocess.Popen([folder.binary, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=ROOT)
        Server.started.append(self.process)
        self._token, self._key = token, key
        self.http = requests.Session()
        self.http.trust_env = False
        if authority is not None:
            self.http.verify = str(authority) if authority else False
        if ready:
            wait_until(self.healthy, ready, "GET /health never answered 200")

    def said(self):
        return self.log.read_text(errors="replace")[-4000:]

    def healthy(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.said()}")
        try:
            return requests.get(self.url + "/health", timeout=5, verify=self.http.verify).status_code == 200
        except requests.RequestException:
            return False

    @property
    def key(self):
        self._key = self._key or self.folder.key()
        return self._key

    @property
    def token(self):
        self._token = self._token or self.folder.token()
        return self._token

    PASSWORD = "correct horse battery"

    def person(self, email="ann@mail.example", role="administrator", name="Ann Example"):
        """Somebody with an account, who came in by a one-time link; their address, by which they sign in."""
        people = {p["email"]: p for p in self.ask("/api/people")["items"]}
        if email not in people:
            first = not any(p["joinedAt"] for p in people.values())
            if first and email != "ann@mail.example":
                self.person()
                first = False
            link = self.folder.run("person", "first") if first else self.folder.run("person", "invite", email, "--role", role)
            with requests.Session() as visitor:
                visitor.trust_env, visitor.verify = False, self.http.verify
                address = self.url + urllib.parse.urlsplit(link.stdout.strip()).path
                form = re.search(r'name="form" value="([^"]+)"', visitor.get(address).text)[1]
                fields = {"form": form, "email": email, "name": name, "password": self.PASSWORD}
                answer = visitor.post(address, data=fields, headers={"Origin": self.url}, allow_redirects=False)
                assert answer.status_code == 303, answer.text
        return email

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=30):
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=seconds)

    # Sending

    def post(self, path, body, key=None, http=None, headers=None, zipped=False, **more):
        """Posts bytes, text, or JSON of a value. `key=False` sends none."""
        data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | (headers or {})
        if zipped:
            data, headers["Content-Encoding"] = gzip.compress(data), "gzip"
        auth = None if key is False else (key or self.key, "")
        return (http or self.http).post(self.url + path, data=data, headers=headers, auth=auth, timeout=more.pop("timeout", 60), **more)

    def send(self, *items, wait=True, **more):
        """Sends items (each with its type) as one batch that must be taken whole, and waits until the view has them."""
        for item in items:
            item.setdefault("messageId", uuid.uuid4().hex)
        answer = self.post("/v1/batch" + ("?wait=view" if wait else ""), {"batch": list(items)}, **more)
        assert answer.status_code == 200, answer.text[:1000]
        assert not refused(answer), refused(answer)[:3]
        assert not wait or answer.json()["concluded"] is True, answer.text[:1000]
        return [item["messageId"] for item in items]

    # Asking

    def get(self, path, token=None, **more):
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return self.http.get(self.url + path, headers=headers, timeout=60, **more)

    def call(self, method, path, body=None, token=None):
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return self.http.request(method, self.url + path, json=body, headers=headers, timeout=60)

    def by_socket(self, method, path, body=None):
        """Asks as the commands do, by the socket in the data folder: the status, and the JSON of the answer."""
        wire = http.client.HTTPConnection("localhost", timeout=60)
        wire.sock = socket.socket(socket.AF_UNIX)
        wire.sock.settimeout(60)
        # The path may be too long for a socket's address; the folder itself can be named in a few letters.
        place = os.open(self.folder.path, os.O_PATH)
        try:
            wire.sock.connect(f"/proc/self/fd/{place}/sightline.sock")
            wire.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            answer = wire.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            os.close(place)
            wire.close()

    def ask(self, path, **params):
        """What a GET of the API answers; it must be 200."""
        answer = self.get(path, params=params)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def define(self, *documents):
        """Puts documents, each a name and a text, in force beside those that are."""
        every = {d["name"]: d["text"] for d in self.ask("/api/blueprint")["documents"]} | {f"{name}.yaml": text for name, text in documents}
        put = self.call("POST", "/api/blueprint", {"documents": [{"name": name, "text": text} for name, text in every.items()]})
        assert put.status_code == 200, put.text

    def customer(self, reference):
        """The single view, or None when there is no such customer."""
        answer = self.get(f"/api/customers/{requests.utils.quote(str(reference), safe=':@')}")
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        return answer.json()

    def history(self, reference, **filters):
        """All interactions of a customer, newest first, over all pages."""
        items, cursor = [], None
        while True:
            path = f"/api/customers/{requests.utils.quote(str(reference), safe=':@')}/interactions"
            page = self.ask(path, **{"limit": 500} | filters | ({"after": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next"]
            if not cursor:
                return items


def refused(answer):
    """The refused items of an answer of the tracking API."""
    return answer.json()["refused"]


def in_threads(count, work):
    """Runs work(0…count-1) side by side; the first failure is raised."""
    failures = []

    def run(n):
        try:
            work(n)
        except BaseException as e:  # noqa: BLE001, raised below
            failures.append(e)

    threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failures:
        raise failures[0]
