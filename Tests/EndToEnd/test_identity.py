"""Who is who: real records against an independent count, limits, shared devices, blocked values, people who decide."""

import csv
import itertools
import json
import uuid

import networkx
import pytest
import requests
from crowd import identifiers
from program import refused, wait_until

FEBRL = """
identity:
  kinds:
    soc_sec_id:
      from: [externalIds.soc_sec_id]
      limit: none
  match:
    - surname + date_of_birth
    - given_name + date_of_birth + postcode
"""


def apply(folder, path, **documents):
    """Puts definitions in force by the command, as a company does."""
    path.mkdir(parents=True)
    for name, text in documents.items():
        (path / f"{name}.yaml").write_text(text)
    folder.run("blueprint", "check", path)
    return folder.run("blueprint", "apply", path)


# Real records

@pytest.fixture(scope="module")
def persons(real):
    with (real / "febrl-1" / "dataset1.csv").open() as file:
        return [{k.strip(): v.strip() for k, v in row.items()} for row in csv.DictReader(file)]


def person(row):
    """Which of the 500 people a record is of: rec-N-org, rec-N-dup-M."""
    return row["rec_id"].split("-")[1]


def expected(persons):
    """The records of one person, as connected components over the same keys, by networkx."""
    graph, seen = networkx.Graph(), {}
    for row in persons:
        graph.add_node(row["rec_id"])
        keys = [("id", row["soc_sec_id"]), ("surname", row["surname"], row["date_of_birth"]),
                ("given", row["given_name"], row["date_of_birth"], row["postcode"])]
        for key in keys:
            if all(key):
                graph.add_edge(row["rec_id"], seen.setdefault(key, row["rec_id"]))
    return {frozenset(c) for c in networkx.connected_components(graph)}


def pairs(clusters):
    return {frozenset(pair) for cluster in clusters for pair in itertools.combinations(cluster, 2)}


def identify(row):
    return {
        "type": "identify", "messageId": row["rec_id"], "anonymousId": f"browser-{row['rec_id']}",
        "traits": {k: v for k, v in row.items() if v and k not in ("rec_id", "soc_sec_id")},
        "context": {"externalIds": [{"id": row["soc_sec_id"], "type": "soc_sec_id", "collection": "users", "encoding": "none"}]},
    }


@pytest.mark.parametrize("order", ["as it comes", "backwards"])
def test_febrl_persons_become_515_customers_that_are_never_wrong(folder, tmp_path, persons, order):
    with folder.serving() as server:
        apply(folder, tmp_path / "blueprint", identity=FEBRL)
        rows = persons if order == "as it comes" else persons[::-1]
        for n in range(0, len(rows), 90):
            server.send(*map(identify, rows[n : n + 90]))
        found = {}
        for interaction in folder.export():
            found.setdefault(interaction["customer"], set()).add(interaction["messageId"])
        clusters = {frozenset(c) for c in found.values()}
        assert len(clusters) == 515
        assert clusters == expected(persons)

        who = {row["rec_id"]: person(row) for row in persons}
        joined = pairs(clusters)
        right = [pair for pair in joined if len({who[r] for r in pair}) == 1]
        all_pairs = sum(n * (n - 1) // 2 for n in (list(who.values()).count(p) for p in set(who.values())))
        assert len(right) / len(joined) == 1.0
        assert len(right) / all_pairs == 0.97

        # There are 550 identifiers, so 35 times a rule joined two who were apart: each time it is told, and can be undone.
        merges = [m for c in sorted(found) for m in server.customer(c)["merges"]]
        by_rule = [m for m in merges if m["reason"]["type"] == "match"]
        assert len(by_rule) == len({row["soc_sec_id"] for row in persons}) - 515 == 35
        assert {m["reason"]["rule"] for m in by_rule} == {"surname + date_of_birth", "given_name + date_of_birth + postcode"}
        assert all(m["sentence"].startswith("joined because") and m["reason"]["values"] for m in by_rule)
        # What no rule joins and yet is alike waits for a person.
        wait_until(lambda: server.ask("/api/reviews")["items"], 20, "nobody was found alike")


def test_without_match_rules_names_join_nobody(shop):
    for n in range(3):
        shop.send({"type": "identify", "userId": f"same-name-{n}", "traits": {"surname": "Same", "given_name": "Sam", "date_of_birth": "1990-01-01"}})
    assert len({shop.customer(f"user_id:same-name-{n}")["id"] for n in range(3)}) == 3


# Definitions

def test_a_blueprint_with_mistakes_changes_nothing_and_names_each(folder, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "identity.yaml").write_text("identity:\n  kinds:\n    email:\n      limit: many\n      normalize: lowercase\n  match: [surname]\n")
    with folder.serving():
        for words in (["check"], ["apply"]):
            done = folder.run("blueprint", *words, tmp_path / "bad", check=False)
            assert done.returncode != 0
            said = done.stdout + done.stderr
            assert all(t in said for t in ("identity.yaml:4", "identity.yaml:5", "identity.yaml:6", "normalise")), said


@pytest.mark.parametrize("serving", [False, True], ids=["no server", "a server"])
def test_a_blueprint_is_put_in_force_with_and_without_a_server(folder, tmp_path, serving):
    document = "identity:\n  kinds:\n    card:\n      from: [properties.card]\n"
    folder.key()
    if not serving:
        apply(folder, tmp_path / "blueprint", identity=document)
    with folder.serving() as server:
        if serving:
            apply(folder, tmp_path / "blueprint", identity=document)
        server.send({"type": "track", "anonymousId": "till-1", "event": "Bought", "properties": {"card": "C-77"}})
        server.send({"type": "track", "userId": "u-card", "event": "Bought", "properties": {"card": "C-77"}})
        assert server.customer("card:C-77")["id"] == server.customer("user_id:u-card")["id"] == server.customer("anonymous_id:till-1")["id"]
        server.kill()
    with folder.serving() as server:
        server.send({"type": "track", "userId": "u-later", "event": "Bought", "properties": {"card": "C-78"}})
        assert server.customer("card:C-78")["id"] == server.customer("user_id:u-later")["id"]


def test_versions_of_a_blueprint_are_listed_and_gone_back_to(folder, tmp_path):
    for name in ("A", "B"):
        apply(folder, tmp_path / name, workspace=f"workspace:\n  name: Shop {name}\n")
    listed = folder.run("blueprint", "log").stdout.splitlines()
    assert [line.split()[:2] for line in listed[1:]] == [["workspace", "2"], ["workspace", "1"]], listed
    done = folder.run("blueprint", "rollback", "workspace", "1")
    assert "workspace: changed, version 3" in done.stdout
    changes = folder.run("blueprint", "log", "workspace", "--changes", "--limit", "1").stdout
    assert "-   name: Shop B" in changes and "+   name: Shop A" in changes
    assert json.loads(folder.run("blueprint", "log", "--json").stdout)["items"][0]["version"] == 3
    folder.run("blueprint", "export", tmp_path / "out")
    assert "Shop A" in (tmp_path / "out" / "workspace.yaml").read_text()
    missing = folder.run("blueprint", "rollback", "workspace", "9", check=False)
    assert missing.returncode != 0 and "There is no such version of this document" in missing.stderr


def test_what_is_hidden_from_a_role_is_hidden_from_its_tokens_as_soon_as_it_is_defined(folder, tmp_path):
    folder.key()
    with folder.serving() as server:
        server.send({"type": "identify", "userId": "u-1", "traits": {"email": "nora@mail.example", "plan": "gold"}})
        secret = folder.run("token", "create", "reports", "--role", "analyst").stdout.strip()

        def seen():
            answer = requests.get(server.url + "/api/customers/user_id:u-1", headers={"Authorization": f"Bearer {secret}"}, timeout=10).json()
            return {trait["key"]: trait["value"] for trait in answer["traits"]}

        assert seen() == {"email": "nora@mail.example", "plan": "gold"}
        apply(folder, tmp_path / "privacy", privacy="privacy:\n  masks:\n    - {fields: [contact], from: [analyst]}\n")
        assert seen() == {"email": "hidden", "plan": "gold"}
        assert "nora@mail.example" in folder.run("customer", "show", "user_id:u-1").stdout


# Limits, shared devices, blocked values

def test_a_second_user_id_never_joins_the_first(shop):
    shop.send({"type": "identify", "userId": "limit-a", "anonymousId": "limit-browser"})
    shop.send({"type": "identify", "userId": "limit-b", "anonymousId": "limit-browser"})
    a, b = shop.customer("user_id:limit-a"), shop.customer("user_id:limit-b")
    assert a["id"] != b["id"]
    assert [i["value"] for i in a["identifiers"] if i["kind"] == "user_id"] == ["limit-a"]
    # The browser stays whose it was first.
    assert shop.customer("anonymous_id:limit-browser")["id"] == a["id"]
    assert b["interactions"] == 1


def test_when_a_limit_is_passed_the_lowest_ranked_identifier_is_left_out_and_the_rest_joins(shop):
    shop.send({"type": "identify", "userId": "rank-a", "traits": {"email": "rank-a@mail.example"}})
    shop.send({"type": "track", "anonymousId": "rank-browser", "event": "Browsed"})
    # user_id and e-mail belong to two people with a user id each: the e-mail gives way to the user id, the browser still joins.
    shop.send({"type": "identify", "userId": "rank-b"})
    shop.send({"type": "identify", "userId": "rank-b", "anonymousId": "rank-browser", "traits": {"email": "rank-a@mail.example"}})
    assert shop.customer("email:rank-a@mail.example")["id"] == shop.customer("user_id:rank-a")["id"]
    assert shop.customer("user_id:rank-b")["id"] != shop.customer("user_id:rank-a")["id"]


def test_a_device_of_many_people_joins_nobody_from_then_on(shop):
    for n in range(8):
        shop.send({"type": "track", "userId": f"library-{n}", "event": "Read", "context": {"device": {"id": "library-terminal"}}})
    people = {shop.customer(f"user_id:library-{n}")["id"] for n in range(8)}
    assert len(people) == 8
    holder = shop.customer("device_id:library-terminal")
    assert next(i for i in holder["identifiers"] if i["value"] == "library-terminal")["shared"] is True
    # Somebody unknown at the shared terminal becomes none of them.
    shop.send({"type": "track", "anonymousId": "library-visitor", "event": "Read", "context": {"device": {"id": "library-terminal"}}})
    visitor = shop.customer("anonymous_id:library-visitor")
    assert visitor["id"] not in people and visitor["interactions"] == 1


@pytest.mark.parametrize("value", ["0", "000-000", "00000000-0000-0000-0000-000000000000", "-1", "null", "NULL", "anonymous", "-", "undefined"])
def test_values_that_stand_for_nobody_join_nobody(shop, value):
    mark = uuid.uuid4().hex[:8]
    for n in range(2):
        shop.post("/v1/batch?wait=view", {"batch": [{"type": "track", "userId": value, "anonymousId": f"blocked-{mark}-{n}", "event": "Seen"}]})
    one, other = (shop.customer(f"anonymous_id:blocked-{mark}-{n}") for n in range(2))
    assert one is None or other is None or one["id"] != other["id"]
    assert shop.customer(f"user_id:{value}") is None


def test_test_addresses_join_nobody(shop):
    for n in range(2):
        shop.post("/v1/batch?wait=view", {"batch": [{"type": "identify", "anonymousId": f"tester-{n}", "traits": {"email": "test@shop.example"}}]})
    assert shop.customer("email:test@shop.example") is None


def test_who_sends_nothing_but_a_blocked_identifier_hears_of_it(shop):
    answer = shop.post("/v1/track", {"userId": "null", "event": "Seen", "messageId": "blocked-alone"})
    [refusal] = refused(answer)
    assert refusal["messageId"] == "blocked-alone" and "null" in refusal["reason"]


# People who decide

def test_likely_duplicates_wait_for_a_person_who_joins_or_parts_them(shop):
    shop.send(
        {"type": "identify", "userId": "twin-a", "traits": {
            "name": "Johanna Featherstone", "phone": "+442079460101", "address": {"street": "12 Long Lane", "city": "Leeds", "postcode": "LS1 1AA"}}},
        {"type": "identify", "userId": "twin-b", "traits": {
            "name": "Johana Featherstone", "phone": "+442079460101", "address": {"street": "12 Long Lane", "city": "Leeds", "postcode": "LS1 1AA"}}},
        {"type": "identify", "anonymousId": "twin-c", "traits": {"name": "Johanna Fetherstone", "phone": "+442079460101"}},
    )

    def reviews():
        return {frozenset(r["customers"]): r for r in shop.ask("/api/reviews", limit=200)["items"]}

    a, b, c = (shop.customer(r)["id"] for r in ("user_id:twin-a", "user_id:twin-b", "anonymous_id:twin-c"))
    assert len({a, b, c}) == 3
    # Likeness is looked for beside everything else, so it takes a moment.
    wait_until(lambda: {frozenset((a, b)), frozenset((a, c))} <= set(reviews()), 20, "the twins were not found alike")
    found = reviews()
    review = found[frozenset((a, c))]
    assert 0 < review["likeness"] <= 1 and review["reasons"]

    assert shop.call("POST", f"/api/reviews/{review['id']}/decision", {"same": True}).status_code == 204
    assert shop.customer(a)["id"] == shop.customer(c)["id"]
    other = found[frozenset((a, b))]
    assert shop.call("POST", f"/api/reviews/{other['id']}/decision", {"same": False}).status_code == 204
    assert shop.customer(a)["id"] != shop.customer(b)["id"]
    left = {r["id"] for r in reviews().values()}
    assert review["id"] not in left and other["id"] not in left


def test_a_merge_of_a_customer_with_itself_or_nobody_is_refused(shop):
    shop.send({"type": "identify", "userId": "self", "traits": {"email": "self@mail.example"}})
    assert shop.call("POST", "/api/customers/user_id:self/merges", {"with": "email:self@mail.example"}).status_code == 422
    assert shop.call("POST", "/api/customers/user_id:self/merges", {"with": "user_id:nobody"}).status_code == 404
    assert shop.call("POST", "/api/customers/user_id:self/merges", {}).status_code in (400, 422)
    assert shop.call("DELETE", "/api/customers/user_id:self/merges/999999").status_code == 404


def test_chains_of_merges_can_be_undone_in_the_middle(shop):
    names = [f"chain-{n}" for n in range(6)]
    shop.send(*[{"type": "track", "anonymousId": n, "event": f"Of {n}"} for n in names])
    ids = {n: shop.customer(f"anonymous_id:{n}")["id"] for n in names}
    merges = []
    for one, other in zip(names, names[1:]):
        done = shop.call("POST", f"/api/customers/anonymous_id:{one}/merges", {"with": f"anonymous_id:{other}"})
        assert done.status_code == 201, done.text
        merges.append(done.json()["id"])
    assert len({shop.customer(i)["id"] for i in ids.values()}) == 1
    assert shop.customer(ids["chain-3"])["interactions"] == 6
    assert shop.call("DELETE", f"/api/customers/{ids['chain-0']}/merges/{merges[2]}").status_code == 200
    left, right = ({shop.customer(f"anonymous_id:{n}")["id"] for n in part} for part in (names[:3], names[3:]))
    assert len(left) == len(right) == 1 and left != right
    assert shop.customer(ids["chain-0"])["interactions"] == shop.customer(ids["chain-5"])["interactions"] == 3
    assert {i["name"] for i in shop.history(ids["chain-4"])} == {"Of chain-3", "Of chain-4", "Of chain-5"}


# Finding

def test_search_finds_by_every_identifier_by_name_and_by_order_number(shop):
    shop.send(
        {"type": "identify", "userId": "find-77", "anonymousId": "find-browser", "traits": {
            "email": "zelda.quix@mail.example", "name": "Zelda Quixley", "phone": "+442079460177"}},
        {"type": "track", "userId": "find-77", "event": "Order Placed", "properties": {"order_id": "ZQ-2026-0042"}},
    )
    wanted = shop.customer("user_id:find-77")["id"]
    for text in ("find-77", "find-7", "zelda.q", "ZELDA", "zelda qui", "quixl", "ZQ-2026-0042", "zq-2026", "find-brow", "+44207946017"):
        found = shop.ask("/api/customers", search=text)["items"]
        assert wanted in [f["id"] for f in found], text
    assert shop.ask("/api/customers", search="nobody has this")["items"] == []


def test_history_pages_filter_by_name_channel_direction_and_time(shop):
    base = {"userId": "pages"}
    for n in range(60):
        day = f"2026-03-{n // 4 + 1:02d}T{n % 24:02d}:00:00Z"
        item = {"type": "track", "event": f"Kind {n % 3}", "timestamp": day} | base
        if n % 5 == 0:
            item["context"] = {"channel": "letter", "direction": "out"}
        shop.send(item, wait=n == 59)
    whole = shop.history("user_id:pages")
    assert len(whole) == 60 and [i["at"] for i in whole] == sorted((i["at"] for i in whole), reverse=True)
    for limit in (1, 7, 60):
        assert shop.history("user_id:pages", limit=limit) == whole
    assert shop.history("user_id:pages", name="Kind 1", limit=4) == [i for i in whole if i["name"] == "Kind 1"]
    assert shop.history("user_id:pages", name=["Kind 1", "Kind 2"]) == [i for i in whole if i["name"] != "Kind 0"]
    assert shop.history("user_id:pages", channel="letter") == [i for i in whole if i["channel"] == "letter"]
    assert shop.history("user_id:pages", direction="out") == [i for i in whole if i["direction"] == "out"]
    since, until = "2026-03-03T00:00:00.000Z", "2026-03-07T12:00:00.000Z"
    assert shop.history("user_id:pages", since=since, until=until, limit=3) == [i for i in whole if since <= i["at"] < until]


def test_every_id_of_a_joined_person_leads_to_them(shop):
    shop.send({"type": "track", "userId": "ids-u", "event": "One"}, {"type": "track", "anonymousId": "ids-a", "event": "Two"})
    before = [shop.customer(r)["id"] for r in ("user_id:ids-u", "anonymous_id:ids-a")]
    shop.send({"type": "identify", "userId": "ids-u", "anonymousId": "ids-a"})
    both = shop.customer("user_id:ids-u")
    assert sorted(both["ids"]) == sorted(before) and both["ids"][0] == both["id"]
    assert all(shop.customer(i)["id"] == both["id"] for i in before)
    assert {("user_id", "ids-u"), ("anonymous_id", "ids-a")} == {x for i in shop.history(both["id"]) for x in identifiers(i)}
