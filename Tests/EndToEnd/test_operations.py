"""Running it for real: readiness, metrics, the log, and what is wrong with the settings."""

import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess

import pytest
import requests
from program import ROOT, wait_until
from prometheus_client.parser import text_string_to_metric_families
from test_disk import batch, fill, small_disk
from program import Folder


def metrics(server):
    """All samples: name and labels to value."""
    answer = server.get("/metrics")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"), answer.text
    families = list(text_string_to_metric_families(answer.text))
    assert all(f.documentation and f.type != "unknown" for f in families), families
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}


def value(found, name, **labels):
    return found[name, tuple(sorted(labels.items()))]


def ready(server):
    return requests.get(server.url + "/ready", timeout=20)


def test_metrics_are_what_prometheus_reads_and_count_each_request_once(server):
    server.send({"type": "track", "userId": "m", "event": "Seen"}, {"type": "track", "userId": "n", "event": "Seen"})
    before = metrics(server)
    assert value(before, "sightline_interactions_taken_total") == 2
    assert value(before, "sightline_customers") == 2 and value(before, "sightline_ready") == 1
    for _ in range(3):
        assert server.customer("user_id:m")
    after = metrics(server)
    labels = {"route": "/api/customers/{ref}", "method": "GET"}
    assert value(after, "sightline_http_requests_total", status="2xx", **labels) == 3
    assert value(after, "sightline_http_request_duration_seconds_count", **labels) == 3
    buckets = [v for (name, pairs), v in after.items() if name.endswith("_bucket") and ("route", labels["route"]) in pairs]
    assert buckets == sorted(buckets) and buckets[-1] == 3
    assert value(after, "process_resident_memory_bytes") > 1 << 20 and value(after, "process_open_fds") > 5
    assert value(after, "process_cpu_seconds_total") >= value(before, "process_cpu_seconds_total") > 0


def test_ready_says_no_while_the_views_are_too_far_behind(folder):
    with folder.serving(ready_lag="1 s") as server:
        server.send({"type": "track", "userId": "a", "event": "Seen"})
        assert ready(server).status_code == 200
        state = sqlite3.connect(folder.path / "state.db", isolation_level=None)
        state.execute("BEGIN IMMEDIATE")
        try:
            assert server.post("/v1/track", {"userId": "a", "event": "Seen"}).status_code == 200
            wait_until(lambda: "behind the ledger" in ready(server).text, 20)
            answer = ready(server)
            assert answer.status_code == 503 and answer.headers["Content-Type"] == "application/problem+json"
            assert server.healthy()
        finally:
            state.execute("ROLLBACK")
            state.close()
        wait_until(lambda: ready(server).status_code == 200, 20)


def test_ready_says_no_on_a_full_disk_and_yes_again_though_nobody_sends(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        with Folder(disk / "data").serving() as server:
            server.send({"type": "track", "userId": "a", "event": "Seen"})
            filler = fill(disk)
            wait_until(lambda: server.post("/v1/batch", {"batch": batch()}).status_code == 503)
            answer = ready(server)
            assert answer.status_code == 503 and "ledger cannot be written" in answer.json()["detail"]
            filler.unlink()
            wait_until(lambda: ready(server).status_code == 200, 20)


def test_the_log_is_json_where_nobody_watches_and_text_when_told(tmp_path):
    for form in ("auto", "text"):
        folder = Folder(tmp_path / form)
        (folder.path / "replaced-2026").mkdir(parents=True)
        with folder.serving(log_format=form) as server:
            line = next(line for line in server.log.read_text().splitlines() if "replaced-2026" in line)
            if form == "text":
                assert not line.startswith("{")
            else:
                said = json.loads(line)
                assert said["level"] == "notice" and said["folder"] == "replaced-2026" and said["time"].endswith("Z")


def test_with_a_log_of_json_all_that_is_said_is_json_and_the_first_link_is_not_among_it(folder):
    folder.run("demo", "--customers", "20")
    with folder.serving(log_format="json", demo=True) as server:
        wait_until(lambda: "an invented company" in server.said(), why=server.said())
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
        assert all({"time", "level", "message"} <= line.keys() for line in lines)
        serves = next(line for line in lines if line["message"].startswith("Sightline serves "))
        assert serves["address"] == server.url and serves["folder"] == str(folder.path)
        command = next(line["command"] for line in lines if "command" in line)
        assert command == f"sightline person first --data {folder.path}"
        assert not any(secret in server.log.read_text() for secret in ("sll_", "slt_", "slk_"))
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/link/sll_\S+", folder.run("person", "first").stdout.strip())
        assert not [token for token in server.ask("/api/tokens")["items"] if token["name"].startswith("demo-")], "nothing is made that nobody sees"


def test_everything_wrong_at_the_start_is_said_at_once(folder, tmp_path):
    config = tmp_path / "s.yaml"
    config.write_text("prot: 1\nqueue-bytes: lots\nthreads: 5000\n")
    done = folder.run("serve", "--config", config, "--access-log", tmp_path / "no" / "log", "--resources", tmp_path / "none", check=False,
                      env={"SIGHTLINE_PROT": "1"}, timeout=30)
    assert done.returncode == 2
    for part in ("`prot`", "queue-bytes", "threads", "access log", "none", "SIGHTLINE_PROT"):
        assert part in done.stderr, done.stderr
    assert not folder.path.exists()
    done = folder.run("serve", "--config", tmp_path / "missing.yaml", "--port", "many", check=False, timeout=30)
    assert done.returncode == 2 and "there is no such file" in done.stderr and "--port" in done.stderr


def test_a_settings_file_in_the_data_folder_that_cannot_be_read_is_no_secret(folder):
    folder.path.mkdir(mode=0o700)
    (folder.path / "sightline.yaml").write_bytes(b"port: \xff\n")
    done = folder.run("serve", check=False, timeout=30)
    assert done.returncode == 2 and "UTF-8" in done.stderr
