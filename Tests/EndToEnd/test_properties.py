"""What must hold for any interactions: the same in any order and any batches, merged and given back, erased for good."""

import random
import uuid

import pytest
import requests
from crowd import Crowd, components, customers, identifiers
from program import in_threads


def renamed(item, prefix):
    """The same item in a world of its own: every identifier and message id starts with a prefix."""
    made = {**item, "messageId": prefix + item["messageId"]}
    for field in ("userId", "anonymousId", "previousId"):
        if field in made:
            made[field] = prefix + made[field]
    if "traits" in made:
        made["traits"] = {k: prefix + v for k, v in made["traits"].items()}
    if "context" in made:
        made["context"] = {"device": {"id": prefix + made["context"]["device"]["id"]}}
    return made


def world(interactions, prefix):
    """How identifiers of one world fall into customers, without the prefix."""
    mine = [i for i in interactions if i["messageId"].startswith(prefix)]
    return {frozenset((k, v.removeprefix(prefix)) for k, v in group) for group in customers(mine)}, mine


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_any_batches_give_the_same_customers(shop, seed):
    # Each order is a world of its own on one server: names differ by a prefix, everything else is the same.
    r = random.Random(seed)
    items = Crowd(seed, people=25, prefix="w").items(220)
    aliases = [
        {"type": "alias", "previousId": i["anonymousId"], "userId": i["userId"], "messageId": str(uuid.UUID(int=r.getrandbits(128)))}
        for i in items if "userId" in i and "anonymousId" in i
    ]
    items += aliases[:10]
    prefixes = []
    for order in range(6):
        prefix = f"{seed}-{order}-"
        prefixes.append(prefix)
        mine = [renamed(i, prefix) for i in items]
        if order:
            r.shuffle(mine)
        batches = []
        while mine:
            size = r.choice([1, 2, 7, 40, 300])
            batches.append(mine[:size])
            mine = mine[size:]
        if order == 5:
            in_threads(3, lambda n: [shop.send(*b, wait=False, http=requests.Session()) for b in batches[n::3]])
        else:
            for b in batches:
                shop.send(*b, wait=False)
    shop.send({"type": "track", "userId": f"{seed}-last", "event": "Last"})
    interactions = shop.folder.export()
    first, mine = world(interactions, prefixes[0])
    assert len(mine) == len(items)
    expected = {frozenset((k, v.removeprefix(prefixes[0])) for k, v in group) for group in components(mine)}
    assert first == expected
    for prefix in prefixes[1:]:
        again, mine = world(interactions, prefix)
        assert len(mine) == len(items)
        assert again == first, f"seed {seed}, order {prefix}"


def view_without_merges(view):
    return {k: v for k, v in view.items() if k != "merges"}


def test_merge_then_unmerge_gives_back_what_was_and_stays_apart(shop):
    shop.send({"type": "identify", "userId": "m-a", "anonymousId": "m-a-anon", "traits": {"email": "m-a@mail.example", "city": "Rome", "age": 30}})
    shop.send({"type": "track", "userId": "m-a", "event": "Bought"})
    shop.send({"type": "identify", "anonymousId": "m-b-anon", "traits": {"email": "m-b@mail.example", "city": "Oslo"}})
    shop.send({"type": "track", "anonymousId": "m-b-anon", "event": "Browsed"})
    a, b = shop.customer("user_id:m-a"), shop.customer("anonymous_id:m-b-anon")
    history = {ref["id"]: shop.history(ref["id"]) for ref in (a, b)}
    export = [i for i in shop.folder.export() if i["customer"] in (a["id"], b["id"])]

    done = shop.call("POST", f"/api/customers/{a['id']}/merges", {"with": b["id"], "note": "same address, same voice"})
    assert done.status_code == 201, done.text
    merge = done.json()
    both = shop.customer(a["id"])
    assert both["id"] == shop.customer(b["id"])["id"] == shop.customer("email:m-b@mail.example")["id"]
    assert both["interactions"] == a["interactions"] + b["interactions"]
    assert {(i["kind"], i["value"]) for i in both["identifiers"]} == {(i["kind"], i["value"]) for x in (a, b) for i in x["identifiers"]}
    assert {i["messageId"] for i in shop.history(both["id"])} == {i["messageId"] for h in history.values() for i in h}
    [told] = [m for m in both["merges"] if m["id"] == merge["id"]]
    assert told["reason"]["type"] == "person" and told["reason"]["note"] == "same address, same voice" and told["sentence"]
    assert {i["customer"] for i in shop.folder.export() if i["messageId"] in {x["messageId"] for x in export}} == {both["id"]}

    undone = shop.call("DELETE", f"/api/customers/{a['id']}/merges/{merge['id']}")
    assert undone.status_code == 200 and undone.json()["undoneAt"], undone.text
    for before in (a, b):
        assert view_without_merges(shop.customer(before["id"])) == view_without_merges(before)
        assert shop.history(before["id"]) == history[before["id"]]
    assert [i for i in shop.folder.export() if i["customer"] in (a["id"], b["id"])] == export

    # Each goes its own way, and what joined nobody before joins nobody now.
    shop.send({"type": "track", "anonymousId": "m-a-anon", "event": "Returned"})
    shop.send({"type": "track", "anonymousId": "m-b-anon", "event": "Browsed"})
    assert shop.customer(a["id"])["interactions"] == a["interactions"] + 1
    assert shop.customer(b["id"])["interactions"] == b["interactions"] + 1


def test_what_was_unmerged_stays_apart_even_when_the_same_proof_comes_again(shop):
    proof = {"type": "identify", "userId": "apart-u", "anonymousId": "apart-a"}
    shop.send({"type": "track", "userId": "apart-u", "event": "One"})
    shop.send({"type": "track", "anonymousId": "apart-a", "event": "Two"})
    shop.send(dict(proof))
    joined = shop.customer("user_id:apart-u")
    [merge] = joined["merges"]
    assert merge["reason"]["type"] == "identifiers" and "apart" in merge["sentence"]
    assert shop.call("DELETE", f"/api/customers/{joined['id']}/merges/{merge['id']}").status_code == 200
    assert shop.customer("user_id:apart-u")["id"] != shop.customer("anonymous_id:apart-a")["id"]
    shop.send(proof | {"messageId": uuid.uuid4().hex})
    assert shop.customer("user_id:apart-u")["id"] != shop.customer("anonymous_id:apart-a")["id"]


def test_merges_by_hand_survive_a_restart(folder):
    with folder.serving() as server:
        server.send({"type": "track", "userId": "r-a", "event": "One"}, {"type": "track", "anonymousId": "r-b", "event": "Two"})
        a, b = server.customer("user_id:r-a"), server.customer("anonymous_id:r-b")
        assert server.call("POST", f"/api/customers/{a['id']}/merges", {"with": "anonymous_id:r-b"}).status_code == 201
        server.kill()
    with folder.serving() as server:
        both = server.customer(a["id"])
        assert both["id"] == server.customer(b["id"])["id"] and both["interactions"] == 2


def stored_bytes(folder):
    """Every byte that the data folder keeps, by file."""
    return {f.relative_to(folder.path): f.read_bytes() for f in folder.path.rglob("*") if f.is_file()}


def test_what_a_person_said_is_gone_from_every_file_once_they_are_erased(folder):
    marks = {
        "email": "vanishing-mail", "anonymous": "vanishing-browser", "user": "vanishing-user", "name": "Vanishingname",
        "trait": "vanishing-trait", "property": "vanishing-property", "agent": "vanishing-agent", "order": "vanishing-order",
    }
    with folder.serving() as server:
        crowd = Crowd(7, people=20)
        server.send(*crowd.items(300))
        message = uuid.uuid4().hex
        for n in range(40):
            server.send(
                {
                    "type": "identify", "userId": marks["user"], "anonymousId": marks["anonymous"], "messageId": message if n == 0 else f"{message}-{n}",
                    "traits": {"email": f"{marks['email']}@mail.example", "name": f"Jo {marks['name']}", "likes": marks["trait"]},
                    "context": {"userAgent": marks["agent"], "ip": "203.0.113.77"},
                },
                {"type": "track", "userId": marks["user"], "event": "Wished", "properties": {"what": marks["property"], "order_id": marks["order"]}},
                *crowd.items(5),
            )
        gone = server.customer(f"user_id:{marks['user']}")["id"]
        before = [i for i in folder.export() if i["customer"] != gone]
        others = {i["customer"] for i in before}
        views = {c: server.customer(c) for c in others}
        answer = server.call("DELETE", f"/api/customers/{gone}")
        assert answer.status_code == 204, answer.text

        assert server.customer(f"user_id:{marks['user']}") is None
        assert server.customer(f"email:{marks['email']}@mail.example") is None
        assert server.ask("/api/customers", search="vanishing")["items"] == []
        assert server.ask("/api/customers", search=marks["name"])["items"] == []
        after = folder.export()
        assert [i for i in after if i["customer"] in others] == before
        assert {c: server.customer(c) for c in others} == views
        folder.run("ledger", "verify")

        # Sent again by a client that did not hear the answer, it stays gone.
        server.send({"type": "track", "userId": "someone-else", "event": "Other", "messageId": message})
        assert message not in {i["messageId"] for i in folder.export()}

        def found():
            return sorted({(str(name), mark) for name, content in stored_bytes(folder).items() for mark in marks.values() if mark.encode() in content})

        assert found() == []
    assert found() == []
    with folder.serving() as server:
        assert [i for i in folder.export() if i["customer"] in others] == before
        assert server.customer(f"user_id:{marks['user']}") is None
        folder.run("ledger", "verify")


def test_a_person_gets_all_of_their_data_and_nobody_elses(shop):
    shop.send({"type": "identify", "userId": "mine", "traits": {"email": "mine@mail.example"}}, {"type": "track", "userId": "theirs", "event": "Secret"})
    shop.send(*[{"type": "track", "userId": "mine", "event": f"Event {n}"} for n in range(30)])
    mine = shop.ask("/api/customers/user_id:mine/export")
    assert mine["customer"]["id"] == shop.customer("user_id:mine")["id"]
    assert len(mine["interactions"]) == 31
    assert all(("user_id", "theirs") not in identifiers(i) for i in mine["interactions"])
