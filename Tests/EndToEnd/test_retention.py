"""Retention of interactions by name: what is due is said, taken out, and stays out, whatever happens in the middle."""

import re

from program import Server, refused, wait_until

POLICY = "retention:\n  events:\n    - name: Page Viewed\n      keep: 400 days\n"


def apply(folder, tmp_path):
    (tmp_path / "blueprint").mkdir(exist_ok=True)
    (tmp_path / "blueprint" / "retention.yaml").write_text(POLICY)
    folder.run("blueprint", "apply", tmp_path / "blueprint")


def item(n, name, at, **more):
    return {
        "type": "track", "userId": f"u{n % 50}", "anonymousId": f"a{n % 70}", "event": name, "timestamp": at, "messageId": f"{name}-{at}-{n}",
        "properties": {"secret": f"told-{name}-{at[:4]}-{n}"} | more,
    }


def files(folder):
    return b"".join(p.read_bytes() for p in sorted(folder.path.glob("ledger.db*")))


def test_what_is_due_is_said_and_then_taken_out(folder, tmp_path):
    with folder.serving() as server:
        items = [item(n, name, "2019-05-01T10:00:00Z") for n in range(5) for name in ("Page Viewed", "Order Completed")]
        answer = server.post("/v1/import?wait=view", {"batch": items})
        assert not refused(answer), answer.text
        assert server.ask("/api/retention")["due"] == 0
        apply(folder, tmp_path)
        dry = folder.run("retention", "run", "--dry-run")
        assert re.search(r"Page Viewed +400 days +5 +5", dry.stdout) and "5 interactions due. Nothing was changed." in dry.stderr
        assert len(server.history("user_id:u1")) == 2
        people = server.ask("/api/ledger")["customers"]
        done = folder.run("retention", "run")
        assert "5 interactions taken out." in done.stderr
        assert [i["name"] for i in server.history("user_id:u1")] == ["Order Completed"]
        assert {i["name"] for i in folder.export()} == {"Order Completed"}
        assert b"told-Page Viewed" not in files(folder) and b"told-Order Completed" in files(folder)
        assert server.ask("/api/ledger")["customers"] == people and server.customer("anonymous_id:a1")["id"] == server.customer("user_id:u1")["id"]
        assert "Nothing is due." in folder.run("retention", "run").stderr
        assert "5 interactions taken out" in folder.run("retention", "status").stderr
        assert server.ask("/api/audit")["items"][0]["action"] == "retention"
    assert "5 interactions taken out" in folder.run("retention").stderr


def test_a_kill_in_the_middle_leaves_nothing_half_done(folder, tmp_path):
    server = Server(folder)
    for start in range(0, 12_000, 400):
        batch = [item(n, "Page Viewed" if n % 2 else "Order Completed", "2019-05-01T10:00:00Z", fill="x" * 300) for n in range(start, start + 400)]
        assert not refused(server.post("/v1/import", {"batch": batch}))
    wait_until(lambda: server.ask("/api/ledger")["interactions"] == 12_000, 60)
    apply(folder, tmp_path)
    before = {f"u{n}": server.customer(f"user_id:u{n}")["id"] for n in range(50)}
    assert server.call("POST", "/api/retention/runs", {}).json()["due"] == 6_000
    server.kill()
    server = Server(folder, token=server.token)
    assert server.ask("/api/ledger")["interactions"] == 6_000
    wait_until(lambda: server.ask("/api/retention")["runs"][0]["done"], 60)
    assert {i["name"] for i in server.history("user_id:u1")} <= {"Order Completed"}
    server.kill()
    assert b"told-Page Viewed" not in files(folder)
    # The state is worked out again from what is left, and knows the same people.
    for part in [*folder.path.glob("state.db*")]:
        part.unlink()
    server = Server(folder, token=server.token)
    wait_until(lambda: (found := server.ask("/api/ledger"))["concluded"] == found["position"] > 0, 60)
    assert server.ask("/api/ledger")["interactions"] == 6_000
    assert {name: server.customer(f"user_id:{name}")["id"] for name in before} == before
    assert server.stop() == 0
