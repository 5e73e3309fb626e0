"""TLS by certificate files: who is let in, with what, and what happens when the files change or are wrong."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pytest
import requests
from program import free_port, wait_until

def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def make_pair(folder, name, days=30, host="localhost"):
    """A certificate that vouches for itself, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
        "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{host},IP:127.0.0.1", "-days", days,
    )
    return certificate, key


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return {name: make_pair(folder, name) for name in ("first", "second")}


@pytest.fixture
def files(tmp_path, pairs):
    """The files that a server is told of, with the first pair in them."""
    files = tmp_path / "server.pem", tmp_path / "server.key"
    put(pairs["first"], files)
    return files


def put(pair, files):
    for source, file in zip(pair, files):
        new = file.with_suffix(".new")
        shutil.copy(source, new)
        new.rename(file)


@pytest.fixture
def server(folder, files, pairs):
    with folder.serving(tls_certificate=files[0], tls_key=files[1], authority=pairs["first"][0]) as server:
        yield server


def name_shown(server):
    """The name on the certificate that the server shows now."""
    der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", server.port)))
    return "second" if b"second" in der else "first"


def refused(folder, *words, **settings):
    """What a server says that does not start."""
    env = folder.env | {"SIGHTLINE_" + k.upper(): str(v) for k, v in settings.items()}
    done = subprocess.run(
        [folder.binary, "serve", "--data", folder.path, "--port", str(free_port()), *words], capture_output=True, text=True, env=env, timeout=60
    )
    assert done.returncode == 2, done.stderr
    return done.stderr


def test_the_api_and_the_pages_come_by_tls_with_the_certificate_of_the_files(server):
    assert server.url.startswith("https://")
    assert name_shown(server) == "first"
    server.send({"type": "track", "userId": "ann", "event": "Order Placed"})
    assert server.customer("user_id:ann")["interactions"] == 1
    wait_until(lambda: "at https://127.0.0.1:" in server.said())
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(server.url + "/health", timeout=10)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("version, taken", [("TLSv1", False), ("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)])
def test_only_versions_from_1_2_on_are_spoken(server, version, taken):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # A client that is willing to speak the old versions, whatever its own system thinks of them.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
        if taken:
            with context.wrap_socket(plain, server_hostname="localhost") as spoken:
                assert spoken.version() == version.replace("_", ".")
        else:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(plain, server_hostname="localhost")
    assert server.healthy()


def test_every_answer_says_that_tls_is_to_stay(server):
    for path in ("/signin", "/health", "/nowhere", "/api/ledger", "/static/nothing"):
        answer = server.http.get(server.url + path, allow_redirects=False)
        assert answer.headers.get("Strict-Transport-Security") == "max-age=31536000", path


def test_an_answer_that_is_no_workspaces_says_so_too(folder, files):
    with folder.serving(authority=False, tls_certificate=files[0], tls_key=files[1], main_hosts="127.0.0.1") as server:
        for path, headers, status in (("/health", {}, 200), ("/health", {"Host": "elsewhere.example"}, 421)):
            answer = server.http.get(server.url + path, headers=headers)
            assert answer.status_code == status and answer.headers.get("Strict-Transport-Security") == "max-age=31536000", answer.headers


def test_without_tls_nobody_is_told_to_use_it(folder):
    with folder.serving() as server:
        headers = {"X-Forwarded-Proto": "https"}
        assert "Strict-Transport-Security" not in server.http.get(server.url + "/signin", headers=headers).headers
        assert "Secure" not in server.http.get(server.url + "/signin", headers=headers).headers["Set-Cookie"]


def test_cookies_are_secure_and_of_this_host_alone(server):
    server.person()
    page = server.http.get(server.url + "/signin")
    fields = {"form": page.text.split('name="form" value="')[1].split('"')[0], "email": "ann@mail.example", "password": server.PASSWORD}
    answer = server.http.post(server.url + "/signin", data=fields, headers={"Origin": server.url}, allow_redirects=False)
    assert answer.status_code == 303, answer.text
    cookies = [value for name, value in answer.raw.headers.items() if name.lower() == "set-cookie"]
    session = next(c for c in cookies if c.startswith("__Host-sightline="))
    for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in session
    assert "Domain" not in session
    assert server.http.get(server.url + "/customers").status_code == 200


def test_plain_http_at_the_tls_port_is_cut_off_and_the_next_client_is_served(server):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try:
                assert not plain.recv(1000).startswith(b"HTTP/")
            except ConnectionError:
                pass
    assert server.healthy()


def test_a_body_that_is_too_large_is_answered_by_tls_too(server):
    answer = server.post("/v1/batch", b'{"batch":[' + b" " * 600_000 + b"]}")
    assert answer.status_code == 413
    assert answer.json()["type"].endswith("too-large")


def test_what_customers_do_is_seen_live_by_tls_and_a_stop_ends_it(folder, files, pairs):
    with folder.serving(tls_certificate=files[0], tls_key=files[1], authority=pairs["first"][0]) as server:
        server.key
        headers = {"Authorization": "Bearer " + server.token}
        with server.http.get(server.url + "/api/live", headers=headers, stream=True, timeout=20) as stream:
            lines = stream.iter_lines(chunk_size=1)
            server.post("/v1/track", {"userId": "u", "event": "Live By TLS"})
            assert any(b"Live By TLS" in line for line in lines)
            assert server.stop() == 0
            # It comes to its end, rather than breaking off.
            list(lines)


def test_on_sighup_new_files_are_taken_and_open_connections_stay(server, files, pairs):
    held = requests.Session()
    held.trust_env, held.verify = False, str(pairs["first"][0])
    assert held.get(server.url + "/health").status_code == 200
    put(pairs["second"], files)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: name_shown(server) == "second", why="the new certificate was never shown")
    assert held.get(server.url + "/health").status_code == 200
    assert "the certificate was taken anew" in server.said()
    server.http.verify = str(pairs["second"][0])


def test_a_new_file_that_is_broken_keeps_the_old_one_and_is_logged(server, files, pairs):
    files[0].write_text("no certificate")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "the new certificate cannot be used" in server.said())
    assert name_shown(server) == "first"
    # Half of a pair is as useless as none.
    shutil.copy(pairs["second"][0], files[0])
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "is not that of the first certificate" in server.said())
    assert name_shown(server) == "first"
    shutil.copy(pairs["second"][1], files[1])
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: name_shown(server) == "second")
    server.http.verify = str(pairs["second"][0])


def test_without_a_certificate_sighup_changes_nothing(folder):
    with folder.serving() as server:
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        assert server.healthy()


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_an_expired_certificate_is_used_and_warned_of(folder, tmp_path):
    certificate, key = tmp_path / "old.pem", tmp_path / "old.key"
    request = tmp_path / "old.csr"
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=localhost")
    authority = tmp_path / "ca.conf"
    authority.write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={tmp_path}/index\nnew_certs_dir={tmp_path}\nrand_serial=yes\ndefault_md=sha256\n"
        "policy=any\n[any]\ncommonName=supplied\n"
    )
    (tmp_path / "index").touch()
    openssl(
        "ca", "-batch", "-selfsign", "-config", authority, "-keyfile", key, "-in", request, "-out", certificate, "-notext",
        "-startdate", "20200101000000Z", "-enddate", "20200201000000Z",
    )
    with folder.serving(tls_certificate=certificate, tls_key=key, authority=False) as server:
        assert "the certificate has expired" in server.said()
        assert "2020-02-01T00:00:00" in server.said()


def test_a_certificate_that_ends_in_days_is_warned_of(folder, tmp_path):
    certificate, key = make_pair(tmp_path, "soon", days=3)
    with folder.serving(tls_certificate=certificate, tls_key=key, authority=certificate) as server:
        assert "the certificate expires soon" in server.said()


def test_all_mistakes_about_the_files_are_told_with_the_other_mistakes(folder, tmp_path, pairs):
    (certificate, key), (_, other) = pairs["first"], pairs["second"]
    said = refused(folder, "--tls-certificate", certificate, item_limit="many")
    assert "--tls-certificate: tls-certificate: a certificate needs its key" in said and "SIGHTLINE_ITEM_LIMIT" in said
    assert "a key needs its certificate" in refused(folder, tls_key=key)
    missing = tmp_path / "missing.pem"
    assert f"{missing} cannot be read: No such file" in refused(folder, tls_certificate=missing, tls_key=key)
    assert f"{missing} cannot be read: No such file" in refused(folder, tls_certificate=certificate, tls_key=missing)
    assert "Is a directory" in refused(folder, tls_certificate=tmp_path, tls_key=key)
    text = tmp_path / "text.pem"
    text.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    assert f"{text} has no certificate in PEM" in refused(folder, tls_certificate=text, tls_key=key)
    assert f"{text} has no private key in PEM" in refused(folder, tls_certificate=certificate, tls_key=text)
    der = tmp_path / "first.der"
    openssl("x509", "-in", certificate, "-outform", "der", "-out", der)
    assert f"{der} has no certificate in PEM" in refused(folder, tls_certificate=der, tls_key=key)
    assert f"the key in {other} is not that of" in refused(folder, tls_certificate=certificate, tls_key=other)
    locked = tmp_path / "locked.key"
    openssl("pkcs8", "-topk8", "-in", key, "-out", locked, "-passout", "pass:secret")
    assert f"{locked} has a password" in refused(folder, tls_certificate=certificate, tls_key=locked)
    if os.geteuid() != 0:
        hidden = tmp_path / "hidden.key"
        shutil.copy(key, hidden)
        hidden.chmod(0)
        assert f"{hidden} cannot be read: Permission denied" in refused(folder, tls_certificate=certificate, tls_key=hidden)


def test_commands_reach_a_tls_server_by_its_plain_socket(server):
    assert server.folder.token().startswith("slt_")
    assert server.folder.run("ledger", "status").returncode == 0
