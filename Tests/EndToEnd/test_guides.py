"""The guides of docs/: every snippet runs as it stands there, and what they name is there."""

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading

import pytest
from browser import chromium
from playwright.sync_api import sync_playwright
from program import ROOT, Folder, binary, wait_until

DOCS = ROOT / "docs"


def blocks(name):
    """The fenced blocks of a guide in order: language, text, and the line they begin at."""
    found, language, start, lines = [], None, 0, []
    for number, line in enumerate((DOCS / name).read_text().splitlines(), 1):
        fence = re.match(r"```(\w*)$", line)
        if fence and language is None:
            language, start, lines = fence[1], number, []
        elif fence:
            found.append((language, "\n".join(lines) + "\n", start))
            language = None
        elif language is not None:
            lines.append(line)
    assert language is None, f"{name}: a block is not closed"
    return found


def run(words, env, input=None, cwd=None):
    """Runs a snippet; what it printed."""
    done = subprocess.run([str(w) for w in words], input=input, capture_output=True, text=True, timeout=300, env=os.environ | env, cwd=cwd)
    assert done.returncode == 0, f"{input or words}\n{done.stdout}{done.stderr}"
    return done.stdout


def commands(place, folder):
    """A folder with `sightline` in it, as the guide's alias has it."""
    place.mkdir()
    program = place / "sightline"
    program.write_text(f'#!/bin/sh\nSIGHTLINE_DATA="{folder.path}" exec "{binary()}" "$@"\n')
    program.chmod(0o755)
    return {"PATH": f"{place}:{os.environ['PATH']}"}


# The API guide

@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    """A server with a customer, and the variables that the snippets take."""
    place = tmp_path_factory.mktemp("guide")
    # The receiver of webhooks that the guide has is on this machine.
    folder = Folder(place / "data", delivery_networks="127.0.0.0/8")
    with folder.serving() as server:
        yield server, {"SIGHTLINE": server.url, "KEY": server.key, "TOKEN": server.token}


def test_the_snippets_of_the_api_guide_run_one_after_the_other(guide, tmp_path):
    server, variables = guide
    said, ran = "", []
    for language, text, line in blocks("api.md"):
        if language == "sh":
            said = run(["bash", "-euo", "pipefail"], variables, text)
        elif language == "python":
            said = run([sys.executable, "-"], variables, text)
        elif language == "js":
            if not shutil.which("node"):
                continue
            said = run(["node", "--input-type=module", "-"], variables, text)
        elif language == "json":
            # Each request has an id of its own.
            assert json.loads(said) | {"instance": ""} == json.loads(text) | {"instance": ""}, f"docs/api.md:{line}"
        elif language == "swift":
            (tmp_path / "main.swift").write_text(text)
            run(["swiftc", "-swift-version", "6", "-warnings-as-errors", "main.swift", "-o", "snippet"], {}, cwd=tmp_path)
            said = run([tmp_path / "snippet"], variables)
            assert json.loads(said)["accepted"] == 1
        else:
            assert language in ("console", "html"), f"docs/api.md:{line}: a block must say what it is"
        ran.append(language)
    assert {"sh", "python", "json", "swift", "html"} <= set(ran)
    found = server.customer("user_id:ann-1")
    assert found["name"] == "Ann Example" and found["interactions"] >= 6


def test_the_snippet_for_web_pages_sends_from_another_origin(guide, tmp_path):
    server, variables = guide
    [page] = [text for language, text, _ in blocks("api.md") if language == "html"]
    page = page.replace("http://127.0.0.1:8080", server.url).replace("YOUR WRITE KEY", variables["KEY"])
    (tmp_path / "index.html").write_text(f"<!DOCTYPE html><title>A shop</title>{page}")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *words):
            super().__init__(*words, directory=str(tmp_path))

        def log_message(self, *words):
            pass

    shop = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as playwright:
            browser = chromium(playwright)
            visitor = browser.new_page()
            visitor.goto(f"http://127.0.0.1:{shop.server_port}/")
            anonymous = wait_until(lambda: visitor.evaluate("localStorage.sightline"))
            names = wait_until(lambda: (lambda n: n if len(n) == 2 else None)(names_of(server, anonymous)), 20, "it never arrived")
            browser.close()
    finally:
        shop.shutdown()
        shop.server_close()
    assert sorted(names) == ["Newsletter Opened", "Page Viewed"]


def names_of(server, anonymous):
    return [i["name"] for i in server.history(f"anonymous_id:{anonymous}")] if server.customer(f"anonymous_id:{anonymous}") else []


# The operating guide

def test_the_commands_of_the_operating_guide_run_one_after_the_other(tmp_path):
    folder = Folder(tmp_path / "data")
    env = commands(tmp_path / "bin", folder)
    ran = 0
    with folder.serving(backup_folder=tmp_path / "backups") as server:
        server.send({"type": "identify", "userId": "jo", "traits": {"email": "jo@mail.example", "name": "Jo Example"}})
        wait_until(lambda: list((tmp_path / "backups").glob("*/verified.json")), 30)
        env["SIGHTLINE_BACKUP_FOLDER"] = str(tmp_path / "backups")
        for language, text, line in blocks("operating.md"):
            assert language in ("sh", "console"), f"docs/operating.md:{line}: a block must say what it is"
            if language == "console":
                continue
            text = text.replace("/var/lib/sightline", str(folder.path)).replace("/var/backups/sightline", str(tmp_path / "backups"))
            if "$TOKEN" in text and "TOKEN=" not in text:
                text = f"TOKEN={env['TOKEN']}\n{text}"
            said = run(["bash", "-euo", "pipefail"], env, text.replace("http://127.0.0.1:8080", server.url) + '\necho "TOKEN=${TOKEN-}"\n', tmp_path)
            env["TOKEN"] = said.rsplit("TOKEN=", 1)[1].strip() or env.get("TOKEN", "")
            ran += 1
            if "person first" in text:
                server.person("ann@example.com")
        assert server.customer("user_id:jo") is None, "the guide erases them"
        assert not list(folder.path.glob("replaced-*"))
    assert ran >= 12
    assert json.loads((tmp_path / "jo.json").read_text())["customer"]["name"] == "Jo Example"


def test_the_operating_guide_names_every_figure_and_none_that_there_is_not(tmp_path):
    text = (DOCS / "operating.md").read_text()
    table = set(re.findall(r"`((?:sightline|process)_[a-z_]+)`", text))
    with Folder(tmp_path / "data").serving(backup_folder=tmp_path / "backups") as server:
        wait_until(lambda: "sightline_backup_last_success" in server.get("/metrics").text, 30)
        there = set(re.findall(r"^# TYPE (\w+)", server.get("/metrics").text, re.M))
    assert table == there


def test_the_guides_name_settings_files_and_each_other_as_they_are():
    settings = set(re.findall(r"^## `([\w-]+)`$", (DOCS / "configuration.md").read_text(), re.M))
    for name in ("operating.md", "api.md"):
        text = (DOCS / name).read_text()
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            assert link.startswith("http") or (DOCS / link).exists(), f"{name}: {link}"
        for file in re.findall(r"`(deploy/[\w.]+)`", text):
            assert (ROOT / file).exists(), f"{name}: {file}"
    known = set(re.findall(r"`((?:backup|log|access|trusted|queue|quarantine|dedupe|ready)-[a-z-]*[a-z])`", (DOCS / "operating.md").read_text() + (DOCS / "api.md").read_text()))
    assert known and known <= settings, known - settings
    example = set(re.findall(r"^#? ?([a-z-]+): ", (ROOT / "deploy" / "sightline.yaml").read_text(), re.M))
    assert example <= settings, example - settings
