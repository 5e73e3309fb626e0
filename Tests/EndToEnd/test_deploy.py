"""The files of deploy/: an installation from them runs as they say, as far as the machine allows."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import pytest
import requests
from program import ROOT, binary, free_port, wait_until

DEPLOY = ROOT / "deploy"
USER = 54321


def tool(name):
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not there")
    return found


def run(*words, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=60, **more)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An installation of the program under test, as `make install` makes it."""
    prefix = tmp_path_factory.mktemp("installed") / "usr"
    run(ROOT / "scripts" / "install", binary().parent, prefix)
    for folder in (prefix, prefix.parent, prefix.parent.parent, prefix.parent.parent.parent):
        folder.chmod(0o755)
    return prefix


def toolchain():
    """Where the Swift runtime lies that the build used."""
    return pathlib.Path(re.search(r"libswiftCore\.so => (\S+)", run("ldd", binary()))[1]).parent


def unit(prefix):
    """What the installed unit says: each name and its values, in order."""
    said = {}
    for line in (prefix / "lib" / "systemd" / "system" / "sightline.service").read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            said.setdefault(name, []).append(value)
    return said


def test_what_is_installed_needs_nothing_of_the_build(installed):
    program = installed / "bin" / "sightline"
    assert run(program, "version", cwd="/").startswith("sightline ")
    assert (installed / "lib" / "sightline" / "libswiftCore.so").exists()
    # Where there is no toolchain.
    assert run(tool("bwrap"), "--ro-bind", "/", "/", "--tmpfs", toolchain(), program, "version").startswith("sightline ")
    assert (installed / "share" / "doc" / "sightline" / "operating.md").exists()
    assert "make build" in subprocess.run([ROOT / "scripts" / "install", installed / "share", installed], capture_output=True, text=True).stderr
    # Again, over an older one, by somebody without a toolchain on the path.
    run(ROOT / "scripts" / "install", binary().parent, installed, env={"PATH": "/usr/bin:/bin"})
    assert run(program, "version", cwd="/").startswith("sightline ")


def test_a_packager_installs_into_a_folder(tmp_path):
    run(ROOT / "scripts" / "install", binary().parent, "/usr", tmp_path / "package")
    assert "ExecStart=/usr/bin/sightline serve" in (tmp_path / "package/usr/lib/systemd/system/sightline.service").read_text()
    assert os.readlink(tmp_path / "package/usr/bin/sightline") == "../lib/sightline/sightline"


def test_systemd_takes_the_unit_and_finds_it_hardened(installed):
    analyze = tool("systemd-analyze")
    file = installed / "lib" / "systemd" / "system" / "sightline.service"
    said = run(analyze, "verify", file)
    assert "sightline.service" not in said, said
    if "offline" not in run(analyze, "--help"):
        pytest.skip("this systemd-analyze judges no unit that is not loaded")
    said = run(analyze, "security", "--offline=true", "--threshold=15", "--no-pager", file)
    assert re.search(r"Overall exposure level.*: [01]\.\d", said), said


def test_a_reload_takes_the_certificate_anew(installed):
    # That the program does on this signal what the unit says is tested with its certificates.
    assert unit(installed)["ExecReload"] == ["/bin/kill -HUP $MAINPID"]


def test_the_example_of_the_settings_says_nothing_that_is_no_setting(tmp_path, folder):
    said = (DEPLOY / "sightline.yaml").read_text()
    every = re.sub(r"^# ([a-z-]+: )", r"\1", said, flags=re.M)
    assert "\ntls-certificate: " in every and "\ntls-key: " in every
    config = tmp_path / "all.yaml"
    config.write_text(every.replace("/var/backups/sightline", str(tmp_path / "backups")))
    done = folder.run("serve", "--config", config, check=False, timeout=30)
    # Nothing but that the two files are not there.
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 2, done.stderr
    assert all("tls-" in line and "cannot be read" in line for line in done.stderr.strip().splitlines()), done.stderr


def test_the_user_and_the_folders_are_made(installed, tmp_path):
    sysusers, tmpfiles = tool("systemd-sysusers"), tool("systemd-tmpfiles")
    root = tmp_path / "root"
    for name in ("etc", "usr/local/share/doc/sightline", "var"):
        (root / name).mkdir(parents=True)
    shutil.copy(DEPLOY / "sightline.yaml", root / "usr/local/share/doc/sightline")
    for kind in ("sysusers", "tmpfiles"):
        (root / f"etc/{kind}.d").mkdir()
        shutil.copy(DEPLOY / f"sightline.{kind}", root / f"etc/{kind}.d/sightline.conf")
    run(sysusers, f"--root={root}")
    assert "\nsightline:" in "\n" + (root / "etc/passwd").read_text()
    run(tmpfiles, f"--root={root}", "--create")
    assert (root / "etc/sightline/sightline.yaml").read_text() == (DEPLOY / "sightline.yaml").read_text()
    assert (root / "var/backups/sightline").stat().st_mode & 0o777 == 0o700


def confined(installed, state, backups, config, words, **variables):
    """The command as the unit runs it: another user, no rights, a system that is read-only but for its folders."""
    said = unit(installed)
    for name, wanted in (("ProtectSystem", "strict"), ("NoNewPrivileges", "yes"), ("PrivateTmp", "yes"), ("PrivateDevices", "yes"), ("CapabilityBoundingSet", "")):
        assert said[name] == [wanted]
    environment = dict(value.split("=", 1) for value in said["Environment"])
    assert environment == {"SIGHTLINE_DATA": "/var/lib/sightline", "SIGHTLINE_CONFIG": "/etc/sightline/sightline.yaml"}
    assert said["StateDirectory"] == ["sightline"] and said["ReadWritePaths"] == ["-/var/backups/sightline"]
    return subprocess.Popen(
        [
            tool("bwrap"), "--ro-bind", "/", "/", "--dev", "/dev", "--tmpfs", toolchain(), "--tmpfs", "/tmp", "--tmpfs", "/var/lib", "--tmpfs", "/var/backups",
            "--tmpfs", "/etc", "--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache", "--ro-bind", installed, installed, "--ro-bind", config.parent,
            "/etc/sightline", "--bind", state, "/var/lib/sightline", "--bind", backups, "/var/backups/sightline", "--remount-ro", "/etc",
            "--remount-ro", "/var/lib", "--remount-ro", "/var/backups", "--unshare-user", "--unshare-ipc", "--unshare-uts", "--uid", str(USER), "--gid", str(USER),
            "--cap-drop", "ALL", "--die-with-parent", "--clearenv",
            *(w for name, value in (environment | variables).items() for w in ("--setenv", name, value)), *words,
        ],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=lambda: os.umask(0o077),
    )


def test_the_units_command_serves_as_another_user_on_a_read_only_system(installed, tmp_path):
    state, backups, config = tmp_path / "state", tmp_path / "backups", tmp_path / "etc" / "sightline.yaml"
    for folder in (state, backups, config.parent):
        folder.mkdir()
    port = free_port()
    shutil.copy(DEPLOY / "sightline.yaml", config)
    [command] = unit(installed)["ExecStart"]
    words = command.split()
    assert words[0] == str(installed / "bin" / "sightline")
    process = confined(installed, state, backups, config, words, SIGHTLINE_PORT=str(port))
    try:
        def answers():
            assert process.poll() is None, process.stdout.read()
            try:
                return requests.get(f"http://127.0.0.1:{port}/ready", timeout=5).status_code == 200
            except requests.RequestException:
                return False

        wait_until(answers, 30, "it never answered")
        # As deploy/sightline.yaml says, a backup is made, and found sound.
        wait_until(lambda: list(backups.glob("sightline-*/verified.json")), 30)
        assert '"result":"sound"' in next(backups.glob("sightline-*/verified.json")).read_text()
        assert state.joinpath("ledger.db").stat().st_mode & 0o077 == 0
        ready = confined(installed, state, backups, config, [words[0], "ready"])
        # In a namespace of its own the socket is reached all the same, as an administrator's command reaches it.
        assert ready.wait(30) == 0, ready.stdout.read()
        ready.stdout.close()
    finally:
        # bwrap waits for what it started.
        for child in pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGTERM)
        code = process.wait(30)
        said = process.stdout.read()
        process.stdout.close()
    assert code == 0, said
    assert "serves /var/lib/sightline" in said


def syscalls(analyze, name):
    """The system calls of a set of systemd's, sets within it opened too."""
    words = [line.split("#")[0].strip() for line in run(analyze, "--no-pager", "syscall-filter", name).splitlines()[1:]]
    found = set()
    for word in filter(None, words):
        found |= syscalls(analyze, word) if word.startswith("@") else {word}
    return found


def test_the_server_makes_no_system_call_that_the_unit_forbids(installed, tmp_path):
    strace, setpriv, analyze = tool("strace"), tool("setpriv"), tool("systemd-analyze")
    if os.geteuid() != 0:
        pytest.skip("to be another user takes root")
    allowed, forbidden = unit(installed)["SystemCallFilter"]
    assert forbidden.startswith("~")
    allowed = syscalls(analyze, allowed) | syscalls(analyze, "@default")
    allowed -= syscalls(analyze, forbidden[1:])
    place = tmp_path / "place"
    place.mkdir()
    os.chown(place, USER, USER)
    for folder in (tmp_path, tmp_path.parent):
        folder.chmod(0o755)
    port = free_port()
    process = subprocess.Popen(
        [setpriv, f"--reuid={USER}", f"--regid={USER}", "--clear-groups", strace, "-f", "-qq", "-o", place / "calls", installed / "bin" / "sightline",
         "serve"],
        env={"SIGHTLINE_DATA": str(place / "data"), "SIGHTLINE_PORT": str(port), "SIGHTLINE_BACKUP_FOLDER": str(place / "backups")},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_until(lambda: process.poll() is not None or list(place.glob("backups/*/verified.json")), 90, "it never made a backup")
        assert process.poll() is None, process.stdout.read()
        assert requests.get(f"http://127.0.0.1:{port}/signin", timeout=30).status_code == 200
    finally:
        for child in pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGTERM)
        code = process.wait(60)
        process.stdout.close()
    assert code == 0
    calls = (place / "calls").read_text()
    made = set(re.findall(r"^\d+ +(\w+)\(", calls, re.M))
    assert {"accept4", "fsync"} <= made and made <= allowed, made - allowed
    # MemoryDenyWriteExecute: no memory is written and executed.
    assert not re.search(r"PROT_WRITE\|PROT_EXEC|mprotect\([^)]*PROT_EXEC", calls)
    families = set(re.findall(r"socket\((AF_\w+)", calls))
    assert families <= set(unit(installed)["RestrictAddressFamilies"][0].split()), families


def test_the_service_manager_is_told_when_it_is_ready_and_when_it_ends(folder, tmp_path):
    for name in (str(tmp_path / "notify"), f"@sightline-test-{os.getpid()}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(name.replace("@", "\0", 1))
            manager.settimeout(30)
            process = subprocess.Popen(
                [folder.binary, "serve", "--data", str(folder.path), "--port", "0"], env=folder.env | {"NOTIFY_SOCKET": name}, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT)
            try:
                first = manager.recv(1000).decode().splitlines()
                assert first[0] == "READY=1" and first[1].startswith("STATUS=Serves at http://127.0.0.1:")
                process.terminate()
                assert manager.recv(1000) == b"STOPPING=1"
            finally:
                process.kill() if process.wait(30) != 0 else None
                process.stdout.close()
    # Nobody who listens is no reason not to serve.
    process = subprocess.Popen([folder.binary, "serve", "--data", str(folder.path), "--port", "0"], env=folder.env | {"NOTIFY_SOCKET": "/nowhere/at/all"}, stdout=subprocess.PIPE)
    try:
        assert b"Sightline serves" in process.stdout.readline()
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stdout.close()


def test_ready_is_for_health_checks(folder):
    assert folder.run("ready", check=False).returncode == 1
    with folder.serving():
        assert folder.run("ready").stderr == "Ready.\n"
    done = folder.run("ready", check=False)
    assert done.returncode == 1 and "does not answer" in done.stderr
    assert not (folder.path / "sightline.sock").exists()


def test_nginx_takes_its_file(tmp_path):
    nginx = shutil.which("nginx") or tool("/usr/sbin/nginx")
    pair(tmp_path)
    text = (DEPLOY / "nginx.conf").read_text().replace("/etc/ssl/sightline.example", str(tmp_path / "sightline.example"))
    for port, other in (("80", free_port()), ("443", free_port())):
        text = re.sub(rf"listen (\[::\]:)?{port}\b", lambda m: f"listen {m[1] or ''}{other}", text)
    places = "".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(f"error_log stderr; pid {tmp_path}/pid; events {{}} http {{ access_log off; {places}\n{text}\n}}\n")
    run(nginx, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf")


def pair(folder):
    run(tool("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=sightline.example", "-keyout",
        folder / "sightline.example.key", "-out", folder / "sightline.example.pem")


def test_caddy_takes_its_file(tmp_path):
    run(tool("caddy"), "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile", env=os.environ | {"HOME": str(tmp_path)})


# The container: there may be no engine here, so its steps are looked at one by one.

def steps():
    """The instructions of the Dockerfile, with continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text())
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line and not line.startswith("#")]


def test_the_containers_steps_name_what_is_there():
    last = [i for i, (word, _) in enumerate(steps()) if word == "FROM"][-1]
    build, image = steps()[:last], steps()[last:]
    for word, rest in steps():
        assert word in {"FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
        if word == "COPY" and not rest.startswith("--from"):
            assert (ROOT / rest.split()[0]).exists(), rest
    # The build's commands are the ones that `make` has, on the Debian whose packages the image installs.
    assert ("RUN", "scripts/system") in build and any(rest.startswith("make build && make install ") for _, rest in build)
    run("make", "-n", "install", "PREFIX=/usr/local", "DESTDIR=/installed", cwd=ROOT)
    assert build[0][1].startswith("swift:6.2-bookworm") and image[0][1] == "debian:bookworm-slim"
    said = dict(image)
    assert said["USER"] == "sightline" and said["ENTRYPOINT"] == '["sightline"]' and '"sightline", "ready"' in said["HEALTHCHECK"]
    assert [word for word, _ in image].index("COPY") < [word for word, _ in image].index("USER")
    for name in re.findall(r"(SIGHTLINE_\w+)=", said["ENV"]):
        assert f"`{name}`" in (ROOT / "docs" / "configuration.md").read_text()
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    assert {".build*", ".git", "sightline-data"} <= set(ignored)


def test_the_packages_named_are_those_that_the_program_is_linked_to(installed):
    release = pathlib.Path("/etc/os-release").read_text() if pathlib.Path("/etc/os-release").exists() else ""
    if 'VERSION_ID="12"' not in release or "ID=debian" not in release:
        pytest.skip("the packages are those of Debian 12")
    needed = set()
    for file in [installed / "lib/sightline/sightline", *(installed / "lib/sightline").glob("*.so")]:
        for name in re.findall(r"NEEDED.*\[(.+)\]", run("readelf", "-d", file)):
            if not (installed / "lib/sightline" / name).exists():
                needed.add(name)
    packages = set()
    for name in needed:
        path = next(p for p in (f"/lib/x86_64-linux-gnu/{name}", f"/usr/lib/x86_64-linux-gnu/{name}", f"/lib/aarch64-linux-gnu/{name}", f"/lib64/{name}") if os.path.exists(p))
        found = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True)
        if found.returncode != 0:
            found = subprocess.run(["dpkg", "-S", os.path.realpath(path)], capture_output=True, text=True)
        packages.add(found.stdout.split(":")[0])
    # Every Debian has the C library and the compiler's support library.
    packages -= {"libc6", "libgcc-s1"}
    named = {line for line in (DEPLOY / "packages").read_text().splitlines() if not line.startswith("#")}
    assert packages <= named and named - packages <= {"ca-certificates", "tzdata"}, (packages, named)
